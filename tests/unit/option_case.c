#define _DEFAULT_SOURCE /* mkdtemp */
#include "unit/option_case.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char option_directory[] = "/tmp/mcps-options-XXXXXX";
char option_path[64];
mcps_server *option_server;
struct app_options option_values;
struct settings option_settings;
struct fatal option_fatal;

void option_set_up(void)
{
	strcpy(option_directory, "/tmp/mcps-options-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(option_directory));
	snprintf(option_path, sizeof option_path, "%s/conf", option_directory);
	option_server = mcps_server_new("test", "1");
	option_settings = (struct settings){ 0 };
}

void option_tear_down(void)
{
	mcps__app_options_free(&option_values);
	mcps__settings_free(&option_settings);
	mcps_server_free(option_server);
	(void)unlink(option_path);
	ck_assert_int_eq(rmdir(option_directory), 0);
}

void option_write_file(const char *text)
{
	FILE *file = fopen(option_path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

bool option_read(const char *const *arguments, const char *const *variables)
{
	char *argv[4] = { NULL }, *environment[4] = { NULL };
	const struct app_sources sources = { .argv = argv,
		                             .environment = environment };
	bool fine;

	for (size_t i = 0; i < 3 && arguments[i] != NULL; i++)
		argv[i] = strdup(arguments[i]);
	for (size_t i = 0; i < 3 && variables[i] != NULL; i++)
		environment[i] = strdup(variables[i]);
	fine = mcps__app_options_read(&option_values, &option_settings,
	                              option_server, &sources, &option_fatal);
	for (size_t i = 0; i < 3; i++) {
		free(argv[i]);
		free(environment[i]);
	}
	return fine;
}

bool option_read_file(const char *text)
{
	option_write_file(text);
	return option_read(LIST("--config", option_path), NONE);
}
