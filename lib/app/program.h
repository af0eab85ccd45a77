/* The program while it runs, and its parts. */
#ifndef MCPS_APP_PROGRAM_H
#define MCPS_APP_PROGRAM_H

#include "app/health_address.h"
#include "app/log.h"
#include "app/notify.h"
#include "app/options.h"
#include "app/listen_fds.h"
#include "app/signals.h"

#include <mcps/app.h>

/* starting ──► opening ──► starting ──► serving ──► stopping: ready only while
 * serving */
enum program_state {
	PROGRAM_STARTING, /* the program's own start; then the daemon */
	PROGRAM_OPENING,  /* the store, for which it may have to wait */
	PROGRAM_SERVING,
	PROGRAM_STOPPING,
};

struct program {
	mcps_server *server;
	struct app_sources sources;
	struct settings settings;
	struct app_options options;
	struct app_log log;
	struct notify notify;
	struct listen_fds listen_fds;
	struct signals signals;
	struct health_address health;
	_Atomic enum program_state state;
	struct mcps_program own; /* what the program adds; zero: nothing */
	bool has_started;        /* its start function did not fail */
};

/* Serve until asked to stop. */
enum exit_code mcps__program_run(struct program *program);

/* --check: what would be done, and whether it could, on stdout. */
enum exit_code mcps__program_check(struct program *program);

/* The server is told what the options say. */
void mcps__program_configure(struct program *program);

/* SIGHUP: tokens, keys and the options that can change while it runs. */
void mcps__program_reload(struct program *program);

#endif
