/* Where sessions live. A server opens its store by URL; a host with a back
 * end of its own hands it over instead (<mcps/sys/store.h>). */
#ifndef MCPS_STORE_H
#define MCPS_STORE_H

#include <mcps/log.h>
#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MCPS_BEGIN_DECLS

typedef struct mcps_store mcps_store; /* one thread at a time */

/** The treatment of a store that turns out to be damaged when it is opened.
 * Only a file that was a store is ever renamed: it has the application id of
 * mcps, or, if its first page is lost, a lock file beside it that an earlier
 * start signed. One that a newer version or another program made is refused in
 * any case, and so is any other file: nothing at the path or beside it changes.
 */
enum mcps_on_corrupt {
	MCPS_ON_CORRUPT_REFUSE,    /* MCPS_E_CORRUPT; nothing is changed */
	MCPS_ON_CORRUPT_QUARANTINE /* it is renamed to PATH.corrupt-TIME, and a
	                            * new one is made */
};

/** How to open a store. Zero is the default everywhere. */
struct mcps_store_options {
	size_t size; /* sizeof(struct mcps_store_options) */

	/** How long to wait for another process to let go of the store, in
	 * milliseconds; 0: do not wait. */
	uint32_t lock_wait_ms;

	mcps_log_fn log; /* may be NULL */
	void *log_arg;

	enum mcps_on_corrupt on_corrupt;

	/** Bytes held in PATH.ballast, to be given up when the disk is full:
	 * then sessions can still be ended. 0: none. */
	uint64_t ballast;

	/** Open a database file that is mounted alone. It is refused otherwise
	 * (MCPS_E_INVAL), because its log, which holds the newest commits,
	 * stands beside it in another file system: in a container it is lost
	 * with the container. */
	bool allow_mounted_file;
};

/**
 * Open the store that @p url names.
 *
 *   memory:        nothing survives the process
 *   sqlite:PATH    one file, made if it is missing (0600); the directory must
 *                  exist, be on a local file system, and be writable by this
 *                  process and by no other user. Members of a group that
 *                  this process is in may write, too: then there is a warning.
 *                  An empty file is refused, unless the making of a store was
 *                  interrupted there.
 *
 * @param[out] out   the store; release it with mcps_store_close()
 * @param options    NULL: all defaults
 * @param[out] error why it failed; may be NULL
 * @return MCPS_OK; MCPS_E_INVAL (no such scheme, no path, a file that is
 *         mounted alone); MCPS_E_LOCKED (held by another process);
 *         MCPS_E_CORRUPT (no mcps store, made by a newer version, or damaged:
 *         the text says which); MCPS_E_PERMISSION (its directory or a file may
 *         not be written); MCPS_E_STORE (cannot be opened); MCPS_E_NOMEM
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_store_open(
	mcps_store **out, const char *url,
	const struct mcps_store_options *options, struct mcps_error *error);

/**
 * Look whether mcps_store_open() would succeed with MCPS_ON_CORRUPT_REFUSE,
 * without making or changing anything; a server that runs on the store does not
 * notice. A store that nobody uses is checked as mcps_store_open() would check
 * it, which takes as long (about two seconds for a million sessions); if
 * indexes are damaged, a copy in memory, or in a temporary file if it is large,
 * tells whether mcps_store_open() will be able to rebuild them.
 *
 * @param options      as for mcps_store_open(); only the log function, which
 *                     receives warnings, and allow_mounted_file count. NULL:
 *                     all defaults
 * @param[out] finding one line about what was found, cut to @p size; may be
 *                     NULL
 * @return MCPS_OK; what mcps_store_open() would return, MCPS_E_LOCKED if it is
 *         in use now
 */
MCPS_API MCPS_MUST_USE mcps_status
mcps_store_look(const char *url, const struct mcps_store_options *options,
                char *finding, size_t size, struct mcps_error *error);

/** Close @p store. NULL is ignored. */
MCPS_API void mcps_store_close(mcps_store *store);

MCPS_END_DECLS

#endif
