/* The listening socket of the daemon: bound here for an address text, or passed
 * by somebody who bound it before. */
#ifndef MCPS_MHD_LISTEN_H
#define MCPS_MHD_LISTEN_H

#include <mcps/daemon.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

enum {
	/* "unix:" and a path, or "[V6%scope]:PORT"; with NUL. */
	LISTEN_ADDRESS_SIZE = 5 + sizeof((struct sockaddr_un *)0)->sun_path + 1
};

struct listener {
	int fd;         /* non-blocking, closed on exec; -1: none */
	bool is_shared; /* was passed: others have it, too */
	char address[LISTEN_ADDRESS_SIZE]; /* where it really listens */
	/* Of the file of a Unix socket that was made here; 0: none. */
	uint64_t device, inode;
};

/**
 * Listen where OPTIONS say: listen_fd, else listen.
 *
 * @return MCPS_OK; MCPS_E_INVAL (no address, no listening socket);
 *         MCPS_E_PERMISSION; MCPS_E_SYSTEM
 */
MCPS_MUST_USE mcps_status
mcps__listen(struct listener *out, const struct mcps_daemon_options *options,
             struct mcps_error *error);

/* As mcps__listen() with options->listen, but only bind for a moment. */
MCPS_MUST_USE mcps_status mcps__listen_check(
	const struct mcps_daemon_options *options, struct mcps_error *error);

/* Remove the file of a Unix socket, if it is still the one made here: who
 * comes now is told that there is nobody. */
void mcps__listener_hide(struct listener *listener);

/* After hide. Fine without a socket. */
void mcps__listener_close(struct listener *listener);

/* ---- listen_unix.c ---- */

/* The path of "unix:PATH"; NULL: it is none. */
const char *mcps__listen_unix_path(const char *text);

/* Bind and listen at PATH. -1 with errno. */
int mcps__listen_unix(struct listener *out, const char *path, unsigned mode,
                      int backlog);

/* Whether that could be done. False with errno. */
bool mcps__listen_unix_check(const char *path);

#endif
