/* A whole program around a server (libmcps-app): options, signals, supervisors,
 * probes, log lines on stderr, orderly stop. */
#ifndef MCPS_APP_H
#define MCPS_APP_H

#include <mcps/server.h>

MCPS_BEGIN_DECLS

/**
 * Run @p server as a program until SIGTERM or SIGINT, and free it.
 *
 * Whatever an operator may want to set is an option: as a flag (--store URL),
 * in the environment (MCPS_STORE), or in the file that --config names (store =
 * URL), in this order of precedence; what the author configured is the default.
 * --help lists them all. Commands: healthcheck, client-config.
 *
 * Log lines and the banner go to stderr. Listening sockets are taken from a
 * supervisor (LISTEN_FDS; one named "health" is for probes), which is told by
 * NOTIFY_SOCKET. SIGHUP reads tokens, keys and log options again. On SIGTERM
 * /readyz answers 503 first; then nothing new is accepted, clients leave
 * between two calls, running calls end, and the process exits with 0, at most
 * 1.5 s after the time of --drain. Another signal, a second later or more, ends
 * it at once, with 1.
 *
 * While the store is another process's, it waits for --lock-wait (the time of
 * --drain and 7 s more). Until then only the health address is bound.
 *
 * @param server may be NULL: then there was no memory to make it
 * @param argv   may be NULL: then there are no arguments
 * @return the exit code for main(): 0 ok, 1 runtime, 64 usage, 69 address or
 *         store not available, 75 store locked, 77 not permitted, 78
 *         configuration
 */
MCPS_API int mcps_main(mcps_server *server, int argc, char **argv);

/** The kind of an option of a program, and the type of its value. */
enum mcps_option_kind {
	MCPS_OPTION_TEXT,        /* const char *: as it was given */
	MCPS_OPTION_FLAG,        /* bool: --name, --name=no */
	MCPS_OPTION_NUMBER,      /* uint32_t */
	MCPS_OPTION_MILLISECONDS /* uint32_t: "500ms", "30s", "15m", "12h" */
};

/** An option of a program's own, beside those of mcps: --help lists it first,
 * and it can be set by a flag (--db), in the environment (MCPS_DB) and in the
 * file of --config (db = ...), with the same precedence. --check shows it. */
struct mcps_program_option {
	/** 2 to 32 of a-z 0-9 -, such as "db"; not the name of an option of
	 * mcps. A later version of mcps may take a name: then the program does
	 * not start, and says so. NULL ends a list. */
	const char *name;
	const char *argument; /* for --help: "FILE"; of a flag NULL */
	const char *help;     /* one sentence without a full stop */
	enum mcps_option_kind kind;
	/** A variable of the kind. It holds the default, and gets the value
	 * before the start function is called. A text that it gets is valid
	 * until the stop function has returned. SIGHUP does not change it, but
	 * logs a warning that a change takes effect at the next start. */
	void *value;
};

/** Additions of a program to mcps_main(). Members that are zero do nothing. */
struct mcps_program {
	size_t size; /* sizeof(struct mcps_program) */

	/** At most 32, and one whose name is NULL; NULL: none. */
	const struct mcps_program_option *options;

	/** Called once the options are read and before mcps_server_start(), on
	 * the thread of mcps_program_main(): the place to open what tools need,
	 * and to add tools that depend on options. Neither --check nor a
	 * command calls it. With a status other than MCPS_OK the program ends:
	 * the status decides the exit code, and @p error->text is logged. */
	mcps_status (*start)(void *arg, mcps_server *server,
	                     struct mcps_error *error);

	/** Called after SIGHUP, once tokens, keys and log options were read
	 * again, on a thread of the program's own, never twice at once; a stop
	 * waits until it returns. Calls are served meanwhile. */
	void (*reload)(void *arg, mcps_server *server);

	/** Called if start was, and did not fail: when all is over, after
	 * mcps_server_free(). No handler runs any more. It is left out
	 * where the process ends at once: by a second signal, by a stop that
	 * takes more than 1.5 s longer than --drain, and by a signal while it
	 * waits for the store. */
	void (*stop)(void *arg);

	void *arg; /* of these three */
};

/**
 * mcps_main() with options and functions of the program's own.
 *
 * @param program  read at once, and its options stay valid until this returns;
 *                 NULL: none, as mcps_main()
 * @return as mcps_main(); 1 if @p program is wrong
 */
MCPS_API int mcps_program_main(mcps_server *server,
                               const struct mcps_program *program, int argc,
                               char **argv);

MCPS_END_DECLS

#endif
