#include <mcps/app.h>
#include <mcps/sys/sized.h>

#include "app/client_config.h"
#include "app/healthcheck.h"
#include "app/own_options.h"
#include "app/program.h"

#include <string.h>

extern char **environ;

/* ---- commands ---- */

static enum exit_code main_print_manual(struct program *program)
{
	mcps__app_options_manual(stdout, program->server);
	return EXIT_FINE;
}

static enum exit_code main_check_health(struct program *program)
{
	return mcps__healthcheck(&program->options);
}

static enum exit_code main_print_client_config(struct program *program)
{
	return mcps__client_config(
		&program->options, mcps_server_name(program->server),
		program->options.tokens != NULL ||
			mcps_server_knows_callers(program->server));
}

static enum exit_code main_serve(struct program *program)
{
	struct fatal fatal;

	if (!mcps__listen_fds_read(&program->listen_fds, &fatal)) {
		mcps__app_give_up(&program->log, fatal.text);
		return fatal.code;
	}
	mcps__program_configure(program);
	return program->options.check ? mcps__program_check(program)
	                              : mcps__program_run(program);
}

static const struct command {
	const char *name; /* NULL: none was named */
	enum exit_code (*run)(struct program *program);
} commands[] = {
	{ NULL, main_serve },
	{ "serve", main_serve },
	{ "healthcheck", main_check_health },
	{ "client-config", main_print_client_config },
	{ "options-manual", main_print_manual }, /* for script/manual */
};

static const struct command *main_find_command(const char *name)
{
	for (size_t i = 1; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* ---- about ---- */

static enum exit_code main_print_help(const mcps_server *server)
{
	const char *name = mcps_server_name(server);

	printf("Usage: %s [OPTION]...                          serve\n"
	       "       %s healthcheck [OPTION]...              ask whether "
	       "it serves\n"
	       "       %s client-config --for=CLIENT [OPTION]...\n"
	       "                                          what to paste into "
	       "a client's settings\n\n"
	       "%s %s, an MCP server over HTTP whose sessions survive "
	       "restarts.\n\n"
	       "Each option can also be set in the environment, under the "
	       "name in brackets, or\n"
	       "in the file of --config. Flags count more than the "
	       "environment, that more than\n"
	       "the file. In brackets, before that: what counts otherwise. "
	       "Sizes have units\n"
	       "(64KiB, 4MiB), and so have times (500ms, 30s, 15m, 12h, 7d). "
	       "Secrets are only\n"
	       "read from files.\n",
	       name, name, name, name, mcps_server_version(server));
	mcps__app_options_explain(stdout, server);
	printf("\nSIGTERM and SIGINT stop it: running calls end first. "
	       "Another signal ends it at\nonce, unless it comes within a "
	       "second of the first.\n"
	       "SIGHUP reads tokens, keys and log options again.\n\n"
	       "Exit codes: 0 fine, 1 failed while running, 64 wrong usage, "
	       "69 address or store\n"
	       "not available, 75 store in use by another process, 77 not "
	       "permitted, 78 wrong\n"
	       "configuration.\n");
	return EXIT_FINE;
}

static enum exit_code main_print_version(const mcps_server *server)
{
	printf("%s %s\n", mcps_server_name(server),
	       mcps_server_version(server));
	return EXIT_FINE;
}

/* ---- all of it ---- */

static enum exit_code main_run(struct program *program,
                               const struct command *command)
{
	struct fatal fatal;

	if (command == NULL) {
		mcps__fatal(&fatal, EXIT_USAGE,
		            "no command %s; there are healthcheck and "
		            "client-config, and --help",
		            program->sources.command);
		mcps__app_give_up(&program->log, fatal.text);
		return EXIT_USAGE;
	}
	if (!mcps__app_options_read(&program->options, &program->settings,
	                            program->server, &program->sources,
	                            &fatal)) {
		mcps__app_give_up(&program->log, fatal.text);
		return fatal.code;
	}
	mcps__own_options_store(&program->options);
	if (program->options.help)
		return main_print_help(program->server);
	if (program->options.version)
		return main_print_version(program->server);
	return command->run(program);
}

/* Read what the program says of itself. */
static bool main_read_own(struct program *program,
                          const struct mcps_program *own)
{
	struct fatal fatal;
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status = MCPS_OK;

	if (own != NULL)
		status = mcps_sized_copy(&program->own, sizeof program->own,
		                         own, "program",
		                         "sizeof(struct mcps_program)", &error);
	if (status != MCPS_OK)
		mcps__fatal(&fatal, EXIT_RUNTIME, "%s", error.text);
	else if (mcps__own_options_add(program->own.options, &fatal))
		return true;
	mcps__app_give_up(&program->log, fatal.text);
	return false;
}

int mcps_main(mcps_server *server, int argc, char **argv)
{
	return mcps_program_main(server, NULL, argc, argv);
}

int mcps_program_main(mcps_server *server, const struct mcps_program *own,
                      int argc, char **argv)
{
	static char *no_arguments[] = { NULL };
	struct program program = { .server = server };
	const struct command *command = &commands[0];
	char **first = argv != NULL ? argv + (argc > 0) : no_arguments;
	enum exit_code code;

	if (server == NULL) {
		fputs("cannot make a server: out of memory\n", stderr);
		return EXIT_RUNTIME;
	}
	if (*first != NULL && **first != '-') {
		program.sources.command = *first;
		command = main_find_command(*first++);
	}
	program.sources.argv = first;
	program.sources.environment = environ;
	mcps__app_log_init(&program.log, mcps_server_name(server));
	mcps__notify_init(&program.notify);
	code = main_read_own(&program, own) ? main_run(&program, command)
	                                    : EXIT_RUNTIME;
	mcps_server_free(server); /* waits for handlers: "now" stays possible */
	if (program.has_started && program.own.stop != NULL)
		program.own.stop(program.own.arg);
	mcps__signals_close(&program.signals);
	mcps__app_options_free(&program.options);
	mcps__settings_free(&program.settings);
	mcps__own_options_remove();
	return (int)code;
}
