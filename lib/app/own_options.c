#include "app/own_options.h"

#include "app/option_table.h"

#include <stdlib.h>
#include <string.h>

/* A process runs one program. */
static struct {
	const struct mcps_program_option *options;
	size_t count;
	struct option *table; /* ours and the program's */
	const struct option *built_in;
	size_t built_in_count;
} own;

static const struct {
	enum option_kind kind;
	size_t offset; /* in struct own_value */
} kinds[] = {
	[MCPS_OPTION_TEXT] = { OPTION_TEXT, offsetof(struct own_value, text) },
	[MCPS_OPTION_FLAG] = { OPTION_FLAG, offsetof(struct own_value, flag) },
	[MCPS_OPTION_NUMBER] = { OPTION_NUMBER,
	                         offsetof(struct own_value, number) },
	[MCPS_OPTION_MILLISECONDS] = { OPTION_MILLISECONDS,
	                               offsetof(struct own_value, number) },
};

/* ---- the table ---- */

static bool own_options_is_name(const char *name)
{
	size_t length = strlen(name);

	return length >= 2 && length <= OPTION_NAME_MOST &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
	               length &&
	       name[0] != '-' && name[length - 1] != '-';
}

static bool own_options_is_taken(const struct mcps_program_option *option)
{
	for (size_t i = 0; i < mcps__option_count; i++)
		if (strcmp(mcps__option_table[i].name, option->name) == 0)
			return true;
	for (const struct mcps_program_option *other = own.options;
	     other != option; other++)
		if (strcmp(other->name, option->name) == 0)
			return true;
	return false;
}

static const char *
own_options_fault_of(const struct mcps_program_option *option)
{
	if (!own_options_is_name(option->name))
		return "a name is 2 to 32 of a-z 0-9 -";
	if (own_options_is_taken(option))
		return "the name is taken";
	if ((unsigned)option->kind >= sizeof kinds / sizeof *kinds)
		return "its kind is not one of enum mcps_option_kind";
	if (option->help == NULL || option->value == NULL)
		return "it has no help or no value";
	if ((option->kind == MCPS_OPTION_FLAG) != (option->argument == NULL))
		return "all options but flags have an argument";
	return NULL;
}

static bool own_options_check_all(struct fatal *fatal)
{
	for (own.count = 0; own.options[own.count].name != NULL; own.count++) {
		const char *fault =
			own.count == OWN_OPTIONS_MOST
				? "there are too many"
				: own_options_fault_of(&own.options[own.count]);

		if (fault != NULL)
			return mcps__fatal(fatal, EXIT_RUNTIME,
			                   "option --%s of the program: %s",
			                   own.options[own.count].name, fault);
	}
	return true;
}

static struct option own_options_make(size_t index)
{
	const struct mcps_program_option *option = &own.options[index];

	return (struct option){
		.name = option->name,
		.argument = option->argument,
		.kind = kinds[option->kind].kind,
		.group = GROUP_OWN,
		.offset = offsetof(struct app_options, own) +
		          index * sizeof(struct own_value) +
		          kinds[option->kind].offset,
		.help = option->help,
	};
}

bool mcps__own_options_add(const struct mcps_program_option *options,
                           struct fatal *fatal)
{
	size_t count = mcps__option_count;

	if (options == NULL)
		return true;
	own.options = options;
	if (!own_options_check_all(fatal)) {
		own.options = NULL;
		own.count = 0;
		return false;
	}
	own.table = calloc(count + own.count, sizeof *own.table);
	if (own.table == NULL)
		return mcps__fatal(fatal, EXIT_RUNTIME, "out of memory");
	memcpy(own.table, mcps__option_table, count * sizeof *own.table);
	for (size_t i = 0; i < own.count; i++)
		own.table[count + i] = own_options_make(i);
	own.built_in = mcps__option_table;
	own.built_in_count = count;
	mcps__option_table = own.table;
	mcps__option_count = count + own.count;
	return true;
}

void mcps__own_options_remove(void)
{
	if (own.table != NULL) {
		mcps__option_table = own.built_in;
		mcps__option_count = own.built_in_count;
		free(own.table);
	}
	memset(&own, 0, sizeof own);
}

/* ---- the values ---- */

void mcps__own_options_begin(struct app_options *options)
{
	for (size_t i = 0; i < own.count; i++) {
		const void *value = own.options[i].value;

		if (own.options[i].kind == MCPS_OPTION_TEXT)
			options->own[i].text = *(const char *const *)value;
		else if (own.options[i].kind == MCPS_OPTION_FLAG)
			options->own[i].flag = *(const bool *)value;
		else
			options->own[i].number = *(const uint32_t *)value;
	}
}

void mcps__own_options_store(const struct app_options *options)
{
	for (size_t i = 0; i < own.count; i++) {
		void *value = own.options[i].value;

		if (own.options[i].kind == MCPS_OPTION_TEXT)
			*(const char **)value = options->own[i].text;
		else if (own.options[i].kind == MCPS_OPTION_FLAG)
			*(bool *)value = options->own[i].flag;
		else
			*(uint32_t *)value = options->own[i].number;
	}
}
