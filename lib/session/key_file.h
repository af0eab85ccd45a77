/* Writing the key file: as a whole, durably, and for its owner alone. */
#ifndef MCPS_SESSION_KEY_FILE_H
#define MCPS_SESSION_KEY_FILE_H

#include <mcps/status.h>
#include <stddef.h>

enum { KEY_FILE_MAX = 4096 }; /* bytes */

/* Tell whether a file could be made at PATH, where there is none. Changes
 * nothing. MCPS_E_INVAL: there is no such directory. MCPS_E_PERMISSION,
 * MCPS_E_SYSTEM: it cannot be written. */
MCPS_MUST_USE mcps_status mcps__key_file_check_place(const char *path,
                                                     struct mcps_error *error);

/* Give PATH the LENGTH bytes of TEXT, whatever it was before. */
MCPS_MUST_USE mcps_status mcps__key_file_replace(const char *path,
                                                 const char *text,
                                                 size_t length,
                                                 struct mcps_error *error);

/* The same if there is no PATH. If another process makes one meanwhile, that
 * one stays. */
MCPS_MUST_USE mcps_status mcps__key_file_create(const char *path,
                                                const char *text, size_t length,
                                                struct mcps_error *error);

#endif
