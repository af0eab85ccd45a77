/* A program with a libmicrohttpd daemon and pages of its own, in which the
 * server of wire_server.h is mounted:
 *
 *   /hello   "hello"
 *   /echo    the body
 *   others   404, "no such page"
 *
 * It keeps something in each of its requests, as such programs do, and counts
 * what it has not been told the end of. One at a time. */
#ifndef MCPS_TESTS_HOST_PROGRAM_H
#define MCPS_TESTS_HOST_PROGRAM_H

#include "functional/wire_server.h"

#include <microhttpd.h>

struct host_mode {
	const char *name;
	unsigned flags;     /* of libmicrohttpd */
	unsigned pool;      /* threads; 0: no pool */
	unsigned timeout_s; /* of connections; 0: none */
	size_t memory;      /* of a connection; 0: the default */
	bool has_loop;      /* the program drives the daemon itself */
};

/* Every mode in which a server can be mounted. */
extern const struct host_mode host_modes[];
extern const int host_mode_count;

/* A check of the program before it asks mcps about a request. */
struct host_guard {
	/* MHD_OPTION_URI_LOG_CALLBACK: returns what stands in *SLOT then. */
	void *(*begin)(void);
	/* In each call of the access handler. True: the request goes no
	 * further in this call, and *RESULT is returned. */
	bool (*before)(struct MHD_Connection *connection, void **slot,
	               int *result);
	/* The request is over, and *SLOT is not NULL. */
	void (*end)(void **slot);
};

struct host_options {
	const struct host_mode *mode;
	bool knows_targets; /* has a URI log callback that asks us first */
	bool fills_slots;   /* ... that gives every request a pointer */
	const struct host_guard *guard; /* NULL, as its members: none */
	bool stays_apart;               /* not attached: see host_attach() */
	bool is_wrong;                  /* has these flags and no others */
	bool uses_select;               /* whatever the version makes of it */
	bool forgets_ends;              /* does not call mcps_mhd_completed() */
	unsigned max_connections; /* most at once; 0: libmicrohttpd's default */
	unsigned timeout_s;       /* of connections; 0: the mode's */
};

/* Start the daemon, and attach it to wire_server(). */
void host_start(const struct host_options *options);
mcps_status host_attach(struct mcps_error *error);
struct MHD_Daemon *host_daemon(void);

/* Drain as a program does; whether all calls had ended by themselves. Then
 * stop the daemon. */
bool host_drain(unsigned milliseconds);
void host_stop(void);

/* Its requests that have begun and not ended. */
unsigned host_open_pages(void);
/* How often libmicrohttpd's URI log callback gave a request a pointer that
 * came back at its end. */
unsigned host_kept_slots(void);

#endif
