/* --check. A server that runs on the same store and address may do so: that is
 * no failure, it is why one asks. */
#include "app/option_table.h"
#include "app/program.h"

#include <string.h>

static void check_say(const char *finding, const char *what, const char *text)
{
	printf("  %-4s  %-8s  %s\n", finding, what, text);
}

static void check_on_finding(void *arg, mcps_status status, const char *what,
                             const char *text)
{
	(void)arg;
	check_say(status == MCPS_OK         ? "ok"
	          : status == MCPS_E_LOCKED ? "wait"
	                                    : "FAIL",
	          what, text);
}

/* IN_USE is fine if it may be the server that runs. */
static enum exit_code check_address(const char *what,
                                    const struct mcps_daemon_options *where,
                                    bool is_running)
{
	struct mcps_error error;
	mcps_status status = mcps_daemon_check(where, &error);
	const char *hint;
	enum exit_code code = mcps__exit_code(status, DOING_LISTEN, &hint);
	bool is_fine =
		status == MCPS_OK || (status == MCPS_E_SYSTEM && is_running);

	if (status == MCPS_OK)
		check_say("ok", what,
		          where->listen != NULL ? where->listen
		                                : "127.0.0.1:8931");
	else
		check_say(is_fine ? "wait" : "FAIL", what, error.text);
	return is_fine ? EXIT_FINE : code;
}

static enum exit_code check_addresses(const struct program *program,
                                      bool is_running)
{
	const struct mcps_daemon_options health = {
		.size = sizeof health,
		.listen = program->options.health,
	};
	enum exit_code code = EXIT_FINE;

	if (program->listen_fds.endpoint != 0)
		check_say("ok", "listen", "a socket passed by a supervisor");
	else
		code = check_address("listen", &program->options.daemon,
		                     is_running);
	if (code == EXIT_FINE && health.listen != NULL &&
	    program->listen_fds.health == 0)
		code = check_address("health", &health, is_running);
	return code;
}

enum exit_code mcps__program_check(struct program *program)
{
	enum exit_code code, other;
	mcps_status status;
	const char *hint;

	printf("%s %s; options that are not defaults:\n",
	       mcps_server_name(program->server),
	       mcps_server_version(program->server));
	mcps__app_options_show(stdout, &program->options, &program->settings);
	printf("would find:\n");
	status = mcps_server_check(program->server, check_on_finding, NULL);
	code = status == MCPS_OK || status == MCPS_E_LOCKED
	               ? EXIT_FINE
	               : mcps__exit_code(status, DOING_START, &hint);
	other = check_addresses(program, status == MCPS_E_LOCKED);
	if (code == EXIT_FINE)
		code = other;
	if (code != EXIT_FINE)
		printf("It would not start: exit code %d.\n", code);
	else if (status == MCPS_E_LOCKED)
		printf("A server runs on the store. Another one would wait "
		       "for it to stop, for %u s; addresses that are in use "
		       "must be free then.\n",
		       (program->options.server.lock_wait_ms + 999) / 1000);
	else
		printf("It would start.\n");
	return code;
}
