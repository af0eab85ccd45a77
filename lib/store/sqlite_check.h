/* Damage that SQLite can see by itself: finding it, mending indexes, and trying
 * both without changing anything. */
#ifndef MCPS_STORE_SQLITE_CHECK_H
#define MCPS_STORE_SQLITE_CHECK_H

#include "store/sqlite_store.h"

/* Look for damage. WHAT: the first that is found, "" if there is none. Changes
 * nothing.
 * @return SQLITE_OK; another SQLite code: not all of it could be read */
int mcps__sqlite_find_damage(struct sqlite_store *store, char *what,
                             size_t size);

/* Rebuild all indexes from their tables, and no table; an SQLite code. */
int mcps__sqlite_rebuild_indexes(struct sqlite_store *store);

/* Rebuild all indexes of a store in which damage was found, in one transaction,
 * which is kept only if no damage is found after it. *IS_MENDED: it is kept.
 * False: more than indexes is damaged, and nothing has changed.
 * @return SQLITE_OK; another SQLite code: that could not be found out */
int mcps__sqlite_mend(struct sqlite_store *store, bool *is_mended);

/* Check an open store, and mend its indexes.
 * @return MCPS_OK; MCPS_E_CORRUPT: more than indexes is damaged; MCPS_E_STORE,
 *         MCPS_E_NOMEM: it could not be checked or mended */
mcps_status mcps__sqlite_check(struct sqlite_store *store,
                               struct mcps_error *error);

/* ---- sqlite_dry_run.c: the check of a start, before it ---- */

/* Check the closed store at PATH as a start would do, without changing it: the
 * indexes of a copy are mended. WHAT: the damage that a start will mend, "" if
 * it will find none.
 * @return as mcps__sqlite_check */
mcps_status mcps__sqlite_dry_run(struct sqlite_store *store, char *what,
                                 size_t size, struct mcps_error *error);

/* Log and count that indexes were rebuilt. REASON: what was found. */
void mcps__sqlite_note_rebuilt(struct sqlite_store *store, const char *reason);

#endif
