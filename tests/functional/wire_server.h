/* A server with its daemon for tests on the wire: one at a time. */
#ifndef MCPS_TESTS_WIRE_SERVER_H
#define MCPS_TESTS_WIRE_SERVER_H

#include "functional/wire.h"

#include <mcps/daemon.h>
#include <mcps/server.h>

enum { WIRE_DEADLINE_S = 60 };

/* Whether there is an auth hook: the bearer token is the caller's name, up to
 * a dot; one that begins with "bad" is nobody's, and without one it is 401. */
enum wire_callers { WIRE_ANONYMOUS, WIRE_NAMED };

/* Start it with these options (a store in memory unless they say another) and
 * the tools
 *
 *   touch        counts that it ran
 *   hold         does not end before wire_release() or its cancellation
 *   tell {times, holds}  tells its progress so often: 1, 2, ...; then, if it
 *                is to, as hold
 *   keep         ends after wire_release(), whoever cancels it: "kept N", the
 *                how many-th time in its session
 *   big {size}   a text of that many bytes
 *   whoami       "i am NAME"
 *   turn {who}   notes who it was, on the network thread
 *   stall        as hold, but on the network thread
 *
 * on LOOPS network threads. */
void wire_start_on(unsigned loops, enum wire_callers callers,
                   const struct mcps_server_options *options);
/* With a daemon of these options; its address is any port. */
void wire_start_with(enum wire_callers callers,
                     const struct mcps_server_options *options,
                     const struct mcps_daemon_options *how);
/* On two, with these members of struct mcps_server_options. */
#define wire_start(callers, ...)                                          \
	wire_start_on(2, (callers),                                       \
	              &(const struct mcps_server_options){                \
			      .size = sizeof(struct mcps_server_options), \
			      __VA_ARGS__ })
/* Servers that are started from now on also offer the entries that ADD adds. */
void wire_add(void (*add)(mcps_server *server));
/* Without a daemon: who has one tells wire_once() its port, and has stopped it
 * when wire_stop() is called. */
void wire_start_server(enum wire_callers callers,
                       const struct mcps_server_options *options);
void wire_set_port(int port);
void wire_stop(void);
/* Stop the daemon alone: calls that are held stay so. */
void wire_stop_daemon(void);

int wire_port(void);
mcps_server *wire_server(void);

unsigned wire_touched(void);       /* since the start */
void wire_wait_held(unsigned sum); /* until so many calls of hold began */
/* Add one to the tools, or take it away: clients that listen are told. */
void wire_change_tools(void);
/* The callers that had a turn, in order; returns their number. */
int wire_turns(const int **turns);
void wire_release(void); /* those that wait, and all to come */

/* A session of CALLER ("": anonymous): header lines that name both. */
struct wire_session {
	char lines[512];
};
struct wire_session wire_session_of(const char *caller);
/* The same of a revision other than 2025-11-25. */
struct wire_session wire_session_in(const char *revision, const char *caller);
/* An initialize of CALLER alone. */
struct reply wire_initialize(const char *caller);
/* One request on a connection of its own. */
struct reply wire_once(const char *lines, const char *body);

/* ---- what tests look at besides answers ---- */

int open_descriptors(void);
/* Wait until there are so few; false: there are more after a while. */
bool descriptors_fall_to(int wanted);
/* Leave the process no free descriptor, until they are given back. */
void take_descriptors(void);
void give_descriptors_back(void);
/* VmRSS, without what the allocator keeps of what was freed; and with it. */
size_t resident_kib(void);
size_t resident_and_kept_kib(void);

#endif
