/* The schema of a store file, version by version. The answer of sqlite_probe.c,
 * which reads the file alone, is checked again with what SQLite reads, because
 * the log may say something else. */
#include "base/error.h"
#include "store/sqlite_store.h"

#include <sqlite3.h>
#include <string.h>

/* A tombstone has no ref. Live rows are found by owner and by the two times
 * that end them, tombstones by the time when they may go. Keys begin with a
 * time, so that rows added together lie together. */
static const struct sqlite_object version_1[] = {
	{ "meta", "CREATE TABLE meta (\n"
	          "  name TEXT NOT NULL PRIMARY KEY,\n"
	          "  value BLOB NOT NULL\n"
	          ") STRICT, WITHOUT ROWID" },
	{ "counter", "CREATE TABLE counter (\n"
	             "  name TEXT NOT NULL PRIMARY KEY,\n"
	             "  value INTEGER NOT NULL,\n"
	             "  checksum INTEGER NOT NULL\n"
	             ") STRICT, WITHOUT ROWID" },
	{ "principal", "CREATE TABLE principal (\n"
	               "  ref INTEGER PRIMARY KEY,\n"
	               "  digest BLOB NOT NULL,\n"
	               "  not_before_ms INTEGER NOT NULL,\n"
	               "  live_sessions INTEGER NOT NULL,\n"
	               "  checksum INTEGER NOT NULL\n"
	               ") STRICT" },
	{ "principal_digest",
	  "CREATE UNIQUE INDEX principal_digest ON principal (digest)" },
	{ "session", "CREATE TABLE session (\n"
	             "  key BLOB NOT NULL PRIMARY KEY,\n"
	             "  ref INTEGER,\n"
	             "  principal INTEGER NOT NULL,\n"
	             "  phase INTEGER NOT NULL CHECK (phase IN (1, 2)),\n"
	             "  version INTEGER NOT NULL,\n"
	             "  created_ms INTEGER NOT NULL,\n"
	             "  seen_ms INTEGER NOT NULL,\n"
	             "  until_ms INTEGER NOT NULL,\n"
	             "  revision INTEGER NOT NULL,\n"
	             "  capabilities INTEGER NOT NULL,\n"
	             "  incarnation INTEGER NOT NULL,\n"
	             "  flags INTEGER NOT NULL,\n"
	             "  lists BLOB NOT NULL,\n"
	             "  data BLOB NOT NULL,\n"
	             "  checksum INTEGER NOT NULL,\n"
	             "  CHECK ((ref IS NULL) = (phase = 2))\n"
	             ") STRICT, WITHOUT ROWID" },
	{ "session_ref", "CREATE UNIQUE INDEX session_ref ON session (ref) "
	                 "WHERE ref IS NOT NULL" },
	{ "session_owner", "CREATE INDEX session_owner ON session "
	                   "(principal, seen_ms) WHERE phase = 1" },
	{ "session_seen", "CREATE INDEX session_seen ON session (seen_ms) "
	                  "WHERE phase = 1" },
	{ "session_created", "CREATE INDEX session_created ON session "
	                     "(created_ms) WHERE phase = 1" },
	{ "session_until", "CREATE INDEX session_until ON session (until_ms) "
	                   "WHERE phase = 2" },
	{ "state", "CREATE TABLE state (\n"
	           "  id INTEGER PRIMARY KEY,\n"
	           "  scope INTEGER NOT NULL,\n"
	           "  owner INTEGER NOT NULL,\n"
	           "  key TEXT NOT NULL,\n"
	           "  value BLOB NOT NULL,\n"
	           "  version INTEGER NOT NULL,\n"
	           "  expires_ms INTEGER NOT NULL,\n"
	           "  checksum INTEGER NOT NULL\n"
	           ") STRICT" },
	{ "state_key", "CREATE UNIQUE INDEX state_key ON state "
	               "(scope, owner, key)" },
	{ "state_expires", "CREATE INDEX state_expires ON state (expires_ms) "
	                   "WHERE expires_ms > 0" },
};

/* Events are only ever added at the end of their table. Their index finds what
 * one stream holds, what one session holds, and the oldest of both; it can say
 * by itself which those are. */
static const struct sqlite_object version_2[] = {
	{ "stream", "CREATE TABLE stream (\n"
	            "  ref INTEGER PRIMARY KEY,\n"
	            "  id INTEGER NOT NULL,\n"
	            "  session INTEGER NOT NULL,\n"
	            "  opened_ms INTEGER NOT NULL,\n"
	            "  seen_ms INTEGER NOT NULL,\n"
	            "  last INTEGER NOT NULL,\n"
	            "  is_ended INTEGER NOT NULL,\n"
	            "  request BLOB NOT NULL,\n"
	            "  checksum INTEGER NOT NULL\n"
	            ") STRICT" },
	{ "stream_id", "CREATE UNIQUE INDEX stream_id ON stream (id)" },
	{ "stream_session", "CREATE INDEX stream_session ON stream (session)" },
	{ "stream_seen", "CREATE INDEX stream_seen ON stream (seen_ms)" },
	{ "event", "CREATE TABLE event (\n"
	           "  id INTEGER PRIMARY KEY,\n"
	           "  session INTEGER NOT NULL,\n"
	           "  stream INTEGER NOT NULL,\n"
	           "  seq INTEGER NOT NULL,\n"
	           "  at_ms INTEGER NOT NULL,\n"
	           "  data BLOB NOT NULL,\n"
	           "  checksum INTEGER NOT NULL\n"
	           ") STRICT" },
	{ "event_seq", "CREATE UNIQUE INDEX event_seq ON event "
	               "(session, stream, seq)" },
	{ "usage", "CREATE TABLE usage (\n"
	           "  session INTEGER PRIMARY KEY,\n"
	           "  event_bytes INTEGER NOT NULL,\n"
	           "  checksum INTEGER NOT NULL\n"
	           ") STRICT" },
};

/* Streams of no call are counted. Small events count more than before, so that
 * what is noted of sums is forgotten, and each made anew when it is needed. */
static const struct sqlite_object version_3[] = {
	{ "stream_no_call", "CREATE INDEX stream_no_call ON stream (session) "
	                    "WHERE request = x''" },
};

/* Streams of calls outlive their session, whose key says whose they are. */
static const struct sqlite_object version_4[] = {
	{ "ended", "CREATE TABLE ended (\n"
	           "  session INTEGER PRIMARY KEY,\n"
	           "  key BLOB NOT NULL,\n"
	           "  checksum INTEGER NOT NULL\n"
	           ") STRICT" },
};

/* How many tombstones each caller has, and which may have been dropped. A
 * caller without a record has dropped none; its tombstones are counted when
 * the record is made. The index finds a caller's oldest tombstone: the key,
 * which begins with a time, is the last column of each entry. With the phase,
 * which is always the same, it answers without the table. */
static const struct sqlite_object version_5[] = {
	{ "tombstones", "CREATE TABLE tombstones (\n"
	                "  principal INTEGER PRIMARY KEY,\n"
	                "  kept INTEGER NOT NULL,\n"
	                "  from_ms INTEGER NOT NULL,\n"
	                "  checksum INTEGER NOT NULL\n"
	                ") STRICT" },
	{ "session_tombstone", "CREATE INDEX session_tombstone ON session "
	                       "(principal, phase) WHERE phase = 2" },
};

static const struct sqlite_version versions[] = {
	{ version_1, sizeof version_1 / sizeof *version_1, NULL },
	{ version_2, sizeof version_2 / sizeof *version_2, NULL },
	{ version_3, sizeof version_3 / sizeof *version_3,
	  "DELETE FROM usage" },
	{ version_4, sizeof version_4 / sizeof *version_4, NULL },
	{ version_5, sizeof version_5 / sizeof *version_5, NULL },
};

const struct sqlite_schema mcps__sqlite_schema = {
	versions,
	sizeof versions / sizeof *versions,
};

/* ---- whose file is it? ---- */

struct file_facts {
	int64_t application;
	int64_t version;
	int64_t objects;
};

enum file_kind {
	FILE_EMPTY,
	FILE_OURS,
	FILE_NEWER,
	FILE_DAMAGED,
	FILE_FOREIGN,
};

static enum file_kind schema_file_kind(const struct file_facts *facts,
                                       int newest)
{
	bool is_ours = facts->application == SQLITE_APPLICATION_ID;

	if ((is_ours || facts->application == 0) && facts->version == 0 &&
	    facts->objects == 0)
		return FILE_EMPTY;
	if (!is_ours)
		return FILE_FOREIGN;
	if (facts->version < 1)
		return FILE_DAMAGED;
	return facts->version <= newest ? FILE_OURS : FILE_NEWER;
}

static int schema_facts_read(struct sqlite_store *store,
                             struct file_facts *facts)
{
	int code = mcps__sqlite_ask_int(store, "PRAGMA application_id",
	                                &facts->application);

	if (code == SQLITE_OK)
		code = mcps__sqlite_ask_int(store, "PRAGMA user_version",
		                            &facts->version);
	if (code == SQLITE_OK)
		code = mcps__sqlite_ask_int(
			store, "SELECT count(*) FROM sqlite_schema",
			&facts->objects);
	return code;
}

/* ---- letter by letter ---- */

static const char *schema_expected_sql(const struct sqlite_schema *schema,
                                       int version, const char *name)
{
	for (int v = 0; v < version; v++) {
		const struct sqlite_version *added = &schema->versions[v];

		for (size_t i = 0; i < added->count; i++)
			if (strcmp(added->objects[i].name, name) == 0)
				return added->objects[i].sql;
	}
	return NULL;
}

static size_t schema_expected_count(const struct sqlite_schema *schema,
                                    int version)
{
	size_t count = 0;

	for (int v = 0; v < version; v++)
		count += schema->versions[v].count;
	return count;
}

/* Names are unique, so that as many right ones as expected are all of them. */
static bool schema_objects_match(struct sqlite_store *store, sqlite3_stmt *stmt,
                                 int version)
{
	size_t count = 0;

	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const char *sql = (const char *)sqlite3_column_text(stmt, 1);
		const char *expected =
			name != NULL ? schema_expected_sql(store->schema,
		                                           version, name)
				     : NULL;

		if (sql == NULL || expected == NULL ||
		    strcmp(sql, expected) != 0)
			return false;
		count++;
	}
	return count == schema_expected_count(store->schema, version);
}

/* A trigger, a view or a changed table would run with our rights. */
mcps_status mcps__sqlite_schema_check(struct sqlite_store *store, int version,
                                      struct mcps_error *error)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db,
	                              "SELECT name, sql FROM sqlite_schema", -1,
	                              &stmt, NULL);
	bool match =
		code == SQLITE_OK && schema_objects_match(store, stmt, version);

	if (code == SQLITE_OK)
		code = sqlite3_finalize(stmt);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "read its schema");
	if (!match)
		return mcps__sqlite_damaged(store, error,
		                            "its schema was changed");
	return MCPS_OK;
}

mcps_status mcps__sqlite_schema_identify(struct sqlite_store *store,
                                         int *version, struct mcps_error *error)
{
	struct file_facts facts;
	int code = schema_facts_read(store, &facts);

	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code, "read it");
	switch (schema_file_kind(&facts, store->schema->count)) {
	case FILE_NEWER:
		return mcps__sqlite_refuse_newer(store, facts.version, error);
	case FILE_FOREIGN:
		return mcps__sqlite_refuse_foreign(
			store, (uint32_t)facts.application, error);
	case FILE_DAMAGED:
		return mcps__sqlite_damaged(store, error,
		                            "its schema has no version");
	case FILE_EMPTY:
	case FILE_OURS:
		break;
	}
	*version = (int)facts.version;
	return mcps__sqlite_schema_check(store, *version, error);
}
