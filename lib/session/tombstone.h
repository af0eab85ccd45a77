/* Tombstones are bounded: beyond sessions_options.max_tombstones of one caller
 * the oldest are dropped, and no id that is as old is recreated for it. Ids
 * without a time of issue, which this deployment did not sign, count as the
 * oldest of all. */
#ifndef MCPS_SESSION_TOMBSTONE_H
#define MCPS_SESSION_TOMBSTONE_H

#include "session/sessions.h"

/* Inside a transaction that added a tombstone of PRINCIPAL (its ref): drop
 * what is too many. *DROPPED grows by how many went. */
MCPS_MUST_USE mcps_status mcps__tombstone_trim(struct sessions *sessions,
                                               mcps_store *store,
                                               int64_t principal,
                                               size_t *dropped);

/* Whether a tombstone of KEY may have been dropped: a caller whose
 * tombstones_from_ms is FROM_MS gets no session under its id any more. */
bool mcps__tombstone_may_be_gone(const uint8_t key[MCPS_SESSION_KEY_SIZE],
                                 int64_t from_ms);

/* After the commit: DROPPED went. */
void mcps__tombstone_report(struct sessions *sessions, size_t dropped);

#endif
