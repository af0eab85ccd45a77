/* The file of the key that signs session ids: made at the first start, 0600,
 * never a constant. It also remembers which store it was used with, so that
 * a lost store is noticed. */
#ifndef MCPS_SESSION_KEYS_H
#define MCPS_SESSION_KEYS_H

#include "base/log.h"
#include "base/random.h"
#include "session/id.h"

enum { STORE_NAME_SIZE = 16 };

struct key_file {
	struct id_keys keys;
	uint8_t store[STORE_NAME_SIZE]; /* zero: none yet */
};

/* A key that dies with the process. */
MCPS_MUST_USE mcps_status mcps__keys_make(struct key_file *file,
                                          const struct random_source *random,
                                          struct mcps_error *error);

/* Read PATH. *IS_MISSING: there is no such file, which is MCPS_E_INVAL. Changes
 * nothing. LOG gets a warning if the group of the file can use it, too, and
 * this process is in that group. */
MCPS_MUST_USE mcps_status mcps__keys_read(struct key_file *file,
                                          const char *path, bool *is_missing,
                                          const struct log_sink *log,
                                          struct mcps_error *error);

/* Read PATH, making it if it is missing. Refused: anything but a regular file
 * that its owner alone can use, or its group if this process is in it (of the
 * administrator's, any group may read it: so come the secrets of containers
 * and services); and unknown contents. MCPS_E_PERMISSION, MCPS_E_SYSTEM,
 * MCPS_E_INVAL. */
MCPS_MUST_USE mcps_status mcps__keys_open(struct key_file *file,
                                          const char *path,
                                          const struct random_source *random,
                                          const struct log_sink *log,
                                          struct mcps_error *error);

/* Write the name of the store into PATH, durably, and keep all other lines of
 * it. */
MCPS_MUST_USE mcps_status mcps__keys_note_store(const char *path,
                                                const uint8_t *store,
                                                struct mcps_error *error);

#endif
