/* A text file that the operator named: a key file, a token file. It is read
 * whole, or refused with a reason. Reading it changes nothing. */
#ifndef MCPS_BASE_INPUT_FILE_H
#define MCPS_BASE_INPUT_FILE_H

#include "base/file_share.h"
#include "base/log.h"

#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>

struct input_rules {
	const char *what;   /* "token file": begins each message */
	size_t most;        /* bytes; a longer file is refused */
	bool follows_links; /* false: a symbolic link is refused */
	bool is_private;    /* refuse a file that others can use */
};

struct input_file {
	char *text;            /* NUL-terminated, with no other NUL byte */
	size_t length;         /* bytes of the text */
	unsigned mode;         /* permission bits */
	unsigned group;        /* the group that owns it */
	enum file_share share; /* other users that can use it: see below */
	bool is_missing;       /* there is no such file */
};

/**
 * Read the file PATH. Only a regular file is opened: a pipe or a device could
 * block the caller, or be changed by being opened.
 *
 * A private file is refused if its share is FILE_SHARE_OTHERS. If root owns the
 * file and this process is not root, reading by the group does not count:
 * secrets of containers and services are handed over like that.
 *
 * @return MCPS_OK: release FILE with mcps__input_file_free(). MCPS_E_INVAL: no
 *         such file, not a regular file, too long, or it contains a NUL byte,
 *         whose line ERROR names. MCPS_E_PERMISSION, MCPS_E_SYSTEM,
 *         MCPS_E_NOMEM
 */
MCPS_MUST_USE mcps_status mcps__input_file_read(struct input_file *file,
                                                const char *path,
                                                const struct input_rules *rules,
                                                struct mcps_error *error);

/* Log one warning of MODULE if other users can use the file that was read from
 * PATH. WHAT begins it, as in the rules. */
void mcps__input_file_warn(const struct input_file *file, const char *path,
                           const char *what, const char *module,
                           const struct log_sink *log);

/* Overwrite the text and release it. A file that was not read is ignored. */
void mcps__input_file_free(struct input_file *file);

#endif
