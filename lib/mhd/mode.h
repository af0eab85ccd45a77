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
	bool may_forget;    /* resumed requests: see mcps__mode_forgets() */
};

/* MCPS_E_INVAL: ERROR says what to change. HAS_WAKE: the program can be told
 * to call MHD_run(). */
MCPS_MUST_USE mcps_status mcps__mode_read(struct mode *out,
                                          struct MHD_Daemon *daemon,
                                          bool has_wake,
                                          struct mcps_error *error);

/* Whether a daemon with FLAGS of libmicrohttpd VERSION may never look at a
 * resumed request again. With select(), 1.0.0 to 1.0.2 pass over the
 * connections that follow one which is suspended in the same round; a request
 * that was resumed in that round then waits for the next event of any client.
 */
bool mcps__mode_forgets(const char *version, unsigned flags);

#endif
