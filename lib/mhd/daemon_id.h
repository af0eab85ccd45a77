/* Which libmicrohttpd daemon a connection belongs to.
 *
 * In a pool of threads MHD_CONNECTION_INFO_DAEMON is the daemon that the
 * program started with libmicrohttpd from 1.0 on, and one of its workers
 * before (0.9.77 and earlier), whose address nobody was told. A worker has the
 * flags, the listening socket and the port of its daemon, and keeps them when
 * that is quiesced. A worker without a listening socket cannot be told from
 * another daemon of the same flags without one; since the flags are the same,
 * it can at least be suspended.
 */
#ifndef MCPS_MHD_DAEMON_ID_H
#define MCPS_MHD_DAEMON_ID_H

#include <stdbool.h>

struct MHD_Connection;
struct MHD_Daemon;

struct daemon_id {
	const struct MHD_Daemon *daemon; /* only compared */
	unsigned flags;
	int listener; /* -1: none */
	unsigned port;
};

void mcps__daemon_id_read(struct daemon_id *out, struct MHD_Daemon *daemon);
void mcps__daemon_id_of(struct daemon_id *out,
                        struct MHD_Connection *connection);

/* Whether SEEN, of a connection, is ATTACHED or one of its workers. */
bool mcps__daemon_id_is(const struct daemon_id *attached,
                        const struct daemon_id *seen);

#endif
