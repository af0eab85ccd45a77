/* Every statement that the SQLite back end keeps prepared. */
#ifndef MCPS_STORE_SQLITE_STATEMENTS_H
#define MCPS_STORE_SQLITE_STATEMENTS_H

#define SESSION_COLUMNS                                                       \
	"key, ref, principal, phase, version, created_ms, seen_ms, "          \
	"until_ms, revision, capabilities, incarnation, flags, lists, data, " \
	"checksum"

#define STREAM_COLUMNS                                           \
	"ref, id, session, opened_ms, seen_ms, last, is_ended, " \
	"request, checksum"

/* Events are found in the index alone and looked up by id: were SQLite to look
 * up what an index names and the table has not, it would call it corruption,
 * and refuse every write until the transaction is rolled back. */
#define EVENTS_OF   "SELECT id FROM event WHERE session = ?1"
#define EVENTS_UPTO EVENTS_OF " AND stream = ?2 AND seq <= ?3"

/* What one counts: see MCPS_EVENT_LEAST. */
#define EVENT_BYTES "max(length(data), 64)"

/* Streams of no call. */
#define NO_CALL_OF                                          \
	"SELECT ref FROM stream INDEXED BY stream_no_call " \
	"WHERE session = ?1 AND request = x''"

/* Sessions that may have streams. */
#define KNOWN                                                       \
	"(SELECT ref FROM session WHERE ref IS NOT NULL UNION ALL " \
	"SELECT session FROM ended)"

/* X(name, SQL). A session changes only "WHERE phase = 1": nothing revives a
 * tombstone. */
/* clang-format off */
#define SQLITE_STATEMENTS(X)                                                  \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(ROLLBACK, "ROLLBACK")                                               \
	X(SAVEPOINT, "SAVEPOINT job")                                         \
	X(RELEASE, "RELEASE job")                                             \
	X(ROLLBACK_TO, "ROLLBACK TO job")                                     \
	                                                                      \
	X(META_GET, "SELECT value FROM meta WHERE name = ?1")                 \
	X(META_PUT, "INSERT INTO meta (name, value) VALUES (?1, ?2) "         \
		"ON CONFLICT (name) DO UPDATE SET value = excluded.value")    \
	X(COUNTER_GET, "SELECT value, checksum FROM counter WHERE name = ?1") \
	X(COUNTER_PUT, "UPDATE counter SET value = ?2, checksum = ?3 "        \
		"WHERE name = ?1")                                            \
	                                                                      \
	X(PRINCIPAL_GET, "SELECT ref, digest, not_before_ms, live_sessions, " \
		"checksum FROM principal WHERE digest = ?1")                  \
	X(PRINCIPAL_BY_REF, "SELECT ref, digest, not_before_ms, "             \
		"live_sessions, checksum FROM principal WHERE ref = ?1")      \
	X(PRINCIPAL_ADD, "INSERT INTO principal (ref, digest, "               \
		"not_before_ms, live_sessions, checksum) "                    \
		"VALUES (?1, ?2, ?3, 0, ?4)")                                 \
	X(PRINCIPAL_REVOKE, "UPDATE principal SET not_before_ms = ?2, "       \
		"checksum = ?3 WHERE ref = ?1")                               \
	X(PRINCIPAL_COUNT, "UPDATE principal SET "                            \
		"live_sessions = max(live_sessions + ?2, 0) WHERE ref = ?1")  \
	X(PRINCIPAL_RECOUNT, "UPDATE principal SET live_sessions = "          \
		"(SELECT count(*) FROM session WHERE phase = 1 "              \
		"AND session.principal = principal.ref)")                     \
	                                                                      \
	X(SESSION_GET, "SELECT " SESSION_COLUMNS " FROM session "             \
		"WHERE key = ?1")                                             \
	X(SESSION_BY_REF, "SELECT " SESSION_COLUMNS " FROM session "          \
		"WHERE ref = ?1")                                             \
	X(SESSION_LIST, "SELECT " SESSION_COLUMNS " FROM session "            \
		"WHERE phase = 1 AND principal = ?1 ORDER BY seen_ms, key")   \
	X(SESSION_ADD, "INSERT INTO session (" SESSION_COLUMNS ") VALUES "    \
		"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "   \
		"?14, ?15)")                                                  \
	X(SESSION_REPLACE, "UPDATE session SET ref = ?2, principal = ?3, "    \
		"phase = ?4, version = ?5, created_ms = ?6, seen_ms = ?7, "   \
		"until_ms = ?8, revision = ?9, capabilities = ?10, "          \
		"incarnation = ?11, flags = ?12, lists = ?13, data = ?14, "   \
		"checksum = ?15 WHERE key = ?1 AND phase = 1")                \
	X(SESSION_TOUCH, "UPDATE session SET seen_ms = ?2, checksum = ?3 "    \
		"WHERE key = ?1 AND phase = 1")                               \
	X(SESSION_KEEP, "UPDATE session SET until_ms = ?2, checksum = ?3 "    \
		"WHERE key = ?1 AND phase = 2")                               \
	X(SESSION_DELETE, "DELETE FROM session WHERE key = ?1")               \
	                                                                      \
	X(TOMBSTONES_GET, "SELECT kept, from_ms, checksum FROM tombstones "   \
		"WHERE principal = ?1")                                       \
	X(TOMBSTONES_COUNT, "UPDATE tombstones "                              \
		"SET kept = max(kept + ?2, 0) WHERE principal = ?1")          \
	X(TOMBSTONES_ADD, "INSERT INTO tombstones (principal, kept, from_ms, " \
		"checksum) SELECT ?1, count(*), 0, ?2 FROM session "          \
		"WHERE phase = 2 AND principal = ?1")                         \
	X(TOMBSTONES_PUT, "UPDATE tombstones SET kept = ?2, from_ms = ?3, "   \
		"checksum = ?4 WHERE principal = ?1")                         \
	X(TOMBSTONES_RECOUNT, "UPDATE tombstones SET kept = "                 \
		"(SELECT count(*) FROM session WHERE phase = 2 "              \
		"AND session.principal = tombstones.principal)")              \
	X(TOMBSTONE_FIRST, "SELECT key FROM session "                         \
		"INDEXED BY session_tombstone "                               \
		"WHERE phase = 2 AND principal = ?1 ORDER BY key LIMIT 1")    \
	                                                                      \
	X(OLDEST_TOMBSTONE, "SELECT key FROM session WHERE phase = 2 "        \
		"AND until_ms <= ?1 ORDER BY until_ms LIMIT 1")               \
	X(OLDEST_CREATED, "SELECT key FROM session WHERE phase = 1 "          \
		"AND created_ms <= ?1 ORDER BY created_ms LIMIT 1")           \
	X(OLDEST_SEEN, "SELECT key FROM session WHERE phase = 1 "             \
		"AND seen_ms <= ?1 ORDER BY seen_ms LIMIT 1")                 \
	                                                                      \
	X(STATE_GET, "SELECT id, value, version, expires_ms, checksum "       \
		"FROM state WHERE scope = ?1 AND owner = ?2 AND key = ?3")    \
	X(STATE_ADD, "INSERT INTO state (scope, owner, key, value, version, " \
		"expires_ms, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")  \
	X(STATE_REPLACE, "UPDATE state SET value = ?2, version = ?3, "        \
		"expires_ms = ?4, checksum = ?5 WHERE id = ?1")               \
	X(STATE_DELETE, "DELETE FROM state WHERE id = ?1")                    \
	X(STATE_CLEAR, "DELETE FROM state WHERE scope = 1 AND owner = ?1")    \
	X(STATE_USAGE, "SELECT sum(length(CAST(key AS BLOB)) + "              \
		"length(value)) FROM state WHERE scope = ?1 AND owner = ?2")  \
	X(STATE_EXPIRE, "DELETE FROM state WHERE id IN (SELECT id FROM state " \
		"WHERE expires_ms > 0 AND expires_ms <= ?1 "                  \
		"ORDER BY expires_ms LIMIT ?2)")                              \
	X(STATE_ORPHANS, "DELETE FROM state WHERE scope = 1 AND owner NOT IN " \
		"(SELECT ref FROM session WHERE ref IS NOT NULL)")            \
	                                                                      \
	X(STREAM_GET, "SELECT " STREAM_COLUMNS " FROM stream WHERE id = ?1")  \
	X(STREAM_BY_REF, "SELECT " STREAM_COLUMNS " FROM stream "             \
		"WHERE ref = ?1")                                             \
	X(STREAM_OLDEST, "SELECT ref FROM stream WHERE seen_ms <= ?1 "        \
		"ORDER BY seen_ms LIMIT 1")                                   \
	X(STREAM_LAST, "SELECT coalesce(max(ref), 0) FROM stream")            \
	X(STREAM_NO_CALL, "SELECT count(*), min(ref) FROM stream "            \
		"INDEXED BY stream_no_call "                                  \
		"WHERE session = ?1 AND request = x''")                       \
	X(STREAM_ADD, "INSERT INTO stream (" STREAM_COLUMNS ") VALUES "       \
		"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                       \
	X(STREAM_CHANGE, "UPDATE stream SET seen_ms = ?2, last = ?3, "        \
		"is_ended = ?4, checksum = ?5 WHERE ref = ?1")                \
	X(STREAM_ADVANCE, "UPDATE stream SET last = ?2, is_ended = ?3, "      \
		"checksum = ?4 WHERE ref = ?1")                               \
	X(STREAM_DELETE, "DELETE FROM stream WHERE ref = ?1")                 \
	X(STREAM_CLEAR, "DELETE FROM stream WHERE ref IN (" NO_CALL_OF ")")   \
	X(STREAM_ORPHANS, "DELETE FROM stream WHERE session NOT IN " KNOWN)   \
	                                                                      \
	X(ENDED_ADD, "INSERT OR REPLACE INTO ended (session, key, checksum) " \
		"SELECT session, ?2, ?3 FROM stream WHERE session = ?1 "      \
		"LIMIT 1")                                                    \
	X(ENDED_GET, "SELECT key, checksum FROM ended WHERE session = ?1")    \
	X(ENDED_FORGET, "DELETE FROM ended WHERE session = ?1 "               \
		"AND NOT EXISTS (SELECT 1 FROM stream WHERE session = ?1)")   \
	X(ENDED_ORPHANS, "DELETE FROM ended WHERE session NOT IN "            \
		"(SELECT session FROM stream)")                               \
	                                                                      \
	X(EVENT_ADD, "INSERT OR REPLACE INTO event (session, stream, seq, "   \
		"at_ms, data, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")     \
	X(EVENT_FIRST, "SELECT min(seq) FROM event WHERE session = ?1 "       \
		"AND stream = ?2 AND seq <= ?3")                              \
	X(EVENT_LIST, "SELECT seq, at_ms, data, checksum FROM event "         \
		"WHERE session = ?1 AND stream = ?2 AND seq > ?3 "            \
		"AND seq <= ?4 ORDER BY seq")                                 \
	X(EVENT_OLDEST, "SELECT id, session, stream, seq, at_ms, data, "      \
		"checksum FROM event WHERE id = (SELECT min(id) FROM event)") \
	X(EVENT_OLDEST_OF, "SELECT id FROM event WHERE session = ?1 "         \
		"AND (stream <> ?2 OR seq <> ?3) "                            \
		"ORDER BY stream, seq LIMIT 1")                               \
	X(EVENT_LENGTH, "SELECT " EVENT_BYTES " FROM event WHERE id = ?1")    \
	X(EVENT_SUM, "SELECT count(*), coalesce(sum(" EVENT_BYTES "), 0) "    \
		"FROM event WHERE id IN (" EVENTS_UPTO ")")                   \
	X(EVENT_CUT, "DELETE FROM event WHERE id IN (" EVENTS_UPTO ")")       \
	X(EVENT_DELETE, "DELETE FROM event WHERE id = ?1")                    \
	X(EVENT_CLEAR, "DELETE FROM event WHERE id IN (" EVENTS_OF            \
		" AND stream IN (" NO_CALL_OF "))")                           \
	X(EVENT_CLEAR_STREAM, "DELETE FROM event WHERE stream = ?1")          \
	X(EVENT_ORPHANS, "DELETE FROM event WHERE session NOT IN " KNOWN)     \
	                                                                      \
	X(USAGE_GET, "SELECT event_bytes, checksum FROM usage "               \
		"WHERE session = ?1")                                         \
	X(USAGE_SUM, "SELECT coalesce(sum(" EVENT_BYTES "), 0) FROM event "   \
		"WHERE id IN (" EVENTS_OF ")")                                \
	X(USAGE_PUT, "INSERT INTO usage (session, event_bytes, checksum) "    \
		"VALUES (?1, ?2, ?3) ON CONFLICT (session) DO UPDATE SET "    \
		"event_bytes = excluded.event_bytes, "                        \
		"checksum = excluded.checksum")                               \
	X(USAGE_CLEAR, "DELETE FROM usage WHERE session = ?1")                \
	X(USAGE_ORPHANS, "DELETE FROM usage WHERE session NOT IN " KNOWN)
/* clang-format on */

enum sqlite_statement {
#define X(name, sql) STATEMENT_##name,
	SQLITE_STATEMENTS(X)
#undef X
		STATEMENT_COUNT
};

#endif
