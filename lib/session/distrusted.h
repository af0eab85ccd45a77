/* Copies of sessions that left the table because the store failed, so nobody
 * knows what the row says, while calls, streams or requests still use them:
 * their sessions are in use, and must not make room for others.
 *
 * All of it under the lock of the table. */
#ifndef MCPS_SESSION_DISTRUSTED_H
#define MCPS_SESSION_DISTRUSTED_H

#include "session/sessions.h"

/* SESSION is about to leave the table. Without memory it is not noted: its
 * session may then make room as if it were at rest. */
void mcps__distrusted_add(struct sessions *sessions, struct session *session);

/* Whether somebody still uses a copy of KEY. */
bool mcps__distrusted_use(struct sessions *sessions, const uint8_t *key);

/* Free the copies that nobody uses any more; all of them. */
void mcps__distrusted_clear(struct sessions *sessions);
void mcps__distrusted_finish(struct sessions *sessions);

#endif
