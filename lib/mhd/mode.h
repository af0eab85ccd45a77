/* Which of libmicrohttpd's modes a program's daemon runs in, and whether we
 * can live in it. */
#ifndef MCPS_MHD_MODE_H
#define MCPS_MHD_MODE_H

#include <mcps/status.h>
#include <stdbool.h>

struct MHD_Daemon;

struct mode {
	bool has_thread;    /* of its own; else the program calls MHD_run() */
	bool blocks;        /* each connection has a thread, which may wait */
	bool may_oversleep; /* unless its connections time out */
};

/* MCPS_E_INVAL: ERROR says what to change. HAS_WAKE: the program can be told
 * to call MHD_run(). */
MCPS_MUST_USE mcps_status mcps__mode_read(struct mode *out,
                                          struct MHD_Daemon *daemon,
                                          bool has_wake,
                                          struct mcps_error *error);

#endif
