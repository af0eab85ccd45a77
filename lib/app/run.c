/* From the start to the stop. */
#include "app/banner.h"
#include "app/program.h"

#include <stdlib.h>
#include <string.h>

static enum exit_code run_fail(struct program *program, mcps_status status,
                               enum doing doing, const struct mcps_error *error)
{
	struct fatal fatal;
	const char *hint;
	enum exit_code code = mcps__exit_code(status, doing, &hint);

	mcps__fatal(&fatal, code, "%s%s", error->text, hint);
	mcps__app_give_up(&program->log, fatal.text);
	mcps__notify(&program->notify, "STATUS=%s", fatal.text);
	return code;
}

/* How long a stop may take after the time for calls (--drain) is over: the last
 * answers are sent and the store is closed. docs/OPERATING.md names the sum. */
enum { STOP_REST_MS = 1500 };

/* ---- what others see ---- */

static void run_welcome(struct program *program, const char *address)
{
	mcps_server *server = program->server;
	const struct banner banner = {
		.name = mcps_server_name(server),
		.version = mcps_server_version(server),
		.path = mcps_server_path(server),
		.store = mcps_server_store_url(server),
		.address = address,
		.health = program->health.health != NULL ? program->health.text
		                                         : NULL,
		.is_passed = program->listen_fds.endpoint != 0,
		.knows_callers = mcps_server_knows_callers(server),
		.by_token = program->options.tokens != NULL,
		.is_dev = program->options.dev,
	};

	if (program->options.log_format == LOG_FORMAT_JSON ||
	    program->log.to_journal)
		mcps__app_say(&program->log, MCPS_LOG_INFO,
		              "%s %s is ready listens=%s path=%s health=%s "
		              "sessions=%s callers=%s%s",
		              banner.name, banner.version, address, banner.path,
		              banner.health != NULL ? banner.health : "none",
		              banner.store,
		              banner.knows_callers ? "identified" : "anonymous",
		              banner.is_dev ? " mode=development, not for "
		                              "production"
		                            : "");
	else if (program->options.log_level <= MCPS_LOG_INFO)
		mcps__app_banner(stderr, &banner);
}

static const char *run_why_not_ready(void *arg)
{
	struct program *program = arg;

	switch (atomic_load(&program->state)) {
	case PROGRAM_OPENING:
		return "waiting for the store";
	case PROGRAM_STARTING:
		return "starting";
	case PROGRAM_STOPPING:
		return "stopping";
	case PROGRAM_SERVING:
		break;
	}
	return mcps_server_not_ready_reason(program->server);
}

static mcps_status run_open_health(struct program *program,
                                   struct mcps_error *error)
{
	struct health_address *health = &program->health;

	health->where = (struct mcps_daemon_options){
		.size = sizeof health->where,
		.listen = program->options.health,
		.listen_fd = program->listen_fds.health,
		.socket_mode = program->options.daemon.socket_mode,
	};
	health->log = &program->log;
	health->ask = run_why_not_ready;
	health->arg = program;
	return mcps__health_address_open(health, error);
}

/* ---- signals ---- */

static void run_on_reload(void *arg)
{
	mcps__program_reload(arg);
}

static void run_on_late(void *arg)
{
	struct program *program = arg;

	mcps__app_say(&program->log, MCPS_LOG_WARN,
	              "the stop takes more than 1.5 s longer than --drain: "
	              "ending now");
}

/* ---- the life ---- */

/* Probes of readiness are told first, then the supervisor, then clients. */
static void run_stop(struct program *program, mcps_daemon *daemon)
{
	atomic_store(&program->state, PROGRAM_STOPPING);
	mcps__notify(&program->notify, "STOPPING=1\nSTATUS=stopping");
	mcps__app_say(&program->log, MCPS_LOG_INFO,
	              "stopping; another signal, a second from now or later, "
	              "ends it at once");
	if (!mcps_daemon_stop(daemon, program->options.drain_ms))
		mcps__app_say(&program->log, MCPS_LOG_WARN,
		              "some calls did not end within --drain");
	/* Before the store is closed: the next process, which waits for that,
	 * wants the same address. */
	mcps__health_address_close(&program->health);
}

static enum exit_code run_serve(struct program *program)
{
	const struct signal_actions actions = { run_on_reload, run_on_late,
		                                program,
		                                program->options.drain_ms +
		                                        STOP_REST_MS };
	struct mcps_error error;
	mcps_daemon *daemon;
	mcps_status status =
		mcps__health_address_await(&program->health, &error);

	if (status != MCPS_OK)
		return run_fail(program, status, DOING_HEALTH, &error);
	mcps__signals_serve(&program->signals, &actions);
	status = mcps_daemon_start(&daemon, program->server,
	                           &program->options.daemon, &error);
	if (status != MCPS_OK)
		return run_fail(program, status, DOING_LISTEN, &error);
	atomic_store(&program->state, PROGRAM_SERVING);
	run_welcome(program, mcps_daemon_address(daemon));
	mcps__notify(&program->notify, "READY=1\nSTATUS=serving %s",
	             mcps_daemon_address(daemon));
	mcps__signals_wait(&program->signals);
	run_stop(program, daemon);
	return EXIT_FINE;
}

/* A name that nobody reads is a setting that somebody believes in. */
static void run_warn_of_unknown_variables(struct program *program)
{
	char **environment = program->sources.environment;
	char remark[256];
	size_t next = 0;

	while (mcps__environment_unknown(environment, &next, remark,
	                                 sizeof remark))
		mcps__app_say(&program->log, MCPS_LOG_WARN, "environment: %s",
		              remark);
}

/* The program's own start function, which may have said nothing. */
static mcps_status run_start_own(struct program *program,
                                 struct mcps_error *error)
{
	const struct mcps_program *own = &program->own;
	mcps_status status;

	*error = (struct mcps_error){ MCPS_OK, "" };
	if (own->start == NULL) {
		program->has_started = true;
		return MCPS_OK;
	}
	mcps__notify(&program->notify, "STATUS=starting");
	status = own->start(own->arg, program->server, error);
	program->has_started = status == MCPS_OK;
	if (status != MCPS_OK && error->text[0] == '\0')
		snprintf(error->text, sizeof error->text,
		         "the start function of the program failed: %s",
		         mcps_status_text(status));
	return status;
}

static enum exit_code run_open_and_serve(struct program *program)
{
	struct mcps_error error;
	mcps_status status;

	atomic_store(&program->state, PROGRAM_STARTING);
	status = run_open_health(program, &error);
	if (status != MCPS_OK)
		return run_fail(program, status, DOING_HEALTH, &error);
	status = run_start_own(program, &error);
	if (status != MCPS_OK)
		return run_fail(program, status, DOING_START, &error);
	atomic_store(&program->state, PROGRAM_OPENING);
	mcps__notify(&program->notify, "STATUS=opening the store");
	status = mcps_server_start(program->server, &error);
	if (status != MCPS_OK)
		return run_fail(program, status, DOING_START, &error);
	atomic_store(&program->state, PROGRAM_STARTING);
	return run_serve(program);
}

enum exit_code mcps__program_run(struct program *program)
{
	enum exit_code code;

	if (!mcps__signals_open(&program->signals)) {
		mcps__app_give_up(&program->log, "cannot start a thread");
		return EXIT_RUNTIME;
	}
	run_warn_of_unknown_variables(program);
	code = run_open_and_serve(program);
	mcps__health_address_close(&program->health); /* after a failure */
	return code;
}
