/* The inside of the SQLite back end, shared by the files that are named after
 * its tables. It includes no <sqlite3.h>: only the sqlite*.c files do. */
#ifndef MCPS_STORE_SQLITE_STORE_H
#define MCPS_STORE_SQLITE_STORE_H

#include "store/backends.h"
#include "store/sqlite_statements.h"

#include <stdatomic.h>
#include <sys/types.h>

struct sqlite3;
struct sqlite3_stmt;

enum {
	SQLITE_CHECKSUM_KEY_SIZE = 16,
	SQLITE_CHECKSUM_SIZE = 8,
	SQLITE_REPORTED_MAX = 64, /* damaged rows that are remembered */
	SQLITE_APPLICATION_ID = 0x4d435053, /* "MCPS" */
};

enum sqlite_transaction {
	SQLITE_TRANSACTION_NONE,
	SQLITE_TRANSACTION_OPEN,
	SQLITE_TRANSACTION_SAVED, /* open, with a savepoint */
};

/* A number that grows and is never given twice. What a transaction takes is
 * not given back by a rollback; COMMIT writes it down. */
struct sqlite_counter {
	const char *name;
	int64_t last;
	int64_t stored;
};

struct sqlite_schema;

struct sqlite_store {
	mcps_store base;
	const struct sqlite_schema *schema;
	struct store_settings settings;
	char *path;      /* absolute, without symbolic links */
	char *log_path;  /* PATH-wal */
	char *lock_path; /* PATH.lock */
	int lock; /* that file, locked as long as the store is open; or -1 */

	struct sqlite3 *db; /* NULL while it cannot be opened again */
	struct sqlite3_stmt *statements[STATEMENT_COUNT];
	enum sqlite_transaction transaction;
	int wal_pages;
	int logged_code; /* the failure that was logged last; 0 after success */

	atomic_uint_fast64_t rebuilds; /* of indexes; any thread reads it */
	bool is_whole;                 /* checked, and no damage met since */
	bool is_damaged;               /* why it could not be opened */
	bool disk_full;                /* and the ballast given up */
	bool wal_suspect;   /* input or output failed: what the log holds may
	                     * never reach the disk */
	uint64_t log_inode; /* of PATH-wal; 0: not known */

	bool has_warned_of_group; /* once is enough */

	bool identified; /* the two below are known */
	uint8_t uuid[STORE_UUID_SIZE];
	uint8_t checksum_key[SQLITE_CHECKSUM_KEY_SIZE];
	struct sqlite_counter principals;
	struct sqlite_counter sessions;
	int64_t last_stream; /* the ref given last; 0: not known */

	bool trim_repaired; /* indexes were rebuilt for tombstone_trim, once */
	bool recount_due; /* damaged sessions were dropped: put counts right */
	uint64_t reported[SQLITE_REPORTED_MAX]; /* damaged rows, logged once */
	unsigned reported_count;
};

static inline struct sqlite_store *sqlite_store(mcps_store *base)
{
	return (struct sqlite_store *)base; /* its first member */
}

/* ---- sqlite_directory.c, sqlite_prepare.c, sqlite_file.c, sqlite_lock.c */

struct stat;

/* Make PATH absolute; refuse directories that cannot hold a store. A start and
 * a look before it decide here, with the same words. */
mcps_status mcps__sqlite_file_resolve(struct sqlite_store *store,
                                      const char *path,
                                      struct mcps_error *error);

/* Make sure that nobody else can use the file; make it if CREATE and missing.
 * Only after a probe. */
mcps_status mcps__sqlite_file_prepare(struct sqlite_store *store, bool create,
                                      struct mcps_error *error);

enum sqlite_lock_kind {
	SQLITE_LOCK_MISSING,
	SQLITE_LOCK_SIGNED,  /* it says that it is a lock of ours */
	SQLITE_LOCK_PLAIN,   /* it may be one of ours: of an earlier version, or
	                      * not written yet */
	SQLITE_LOCK_FOREIGN, /* it is something else, or cannot be read */
};

/* Tell what PATH.lock is. Changes nothing. */
enum sqlite_lock_kind mcps__sqlite_lock_kind(const struct sqlite_store *store);

/* Returns true if another process holds the store. *HOLDER: its number, 0 if
 * that is not known. Changes nothing. */
bool mcps__sqlite_lock_is_held(const struct sqlite_store *store, long *holder);

/* Take PATH.lock for as long as the store is open, and wait for it as long as
 * the settings say. The first one takes a lock that is there and is ours, and
 * changes nothing; without one store->lock stays -1. The second one makes the
 * file, and is for a path that was probed.
 *
 * @return MCPS_OK; MCPS_E_LOCKED; MCPS_E_PERMISSION, MCPS_E_STORE */
mcps_status mcps__sqlite_lock_existing(struct sqlite_store *store,
                                       struct mcps_error *error);
mcps_status mcps__sqlite_lock_make(struct sqlite_store *store,
                                   struct mcps_error *error);

/* Note in the lock that is held whose it is. */
void mcps__sqlite_lock_sign(const struct sqlite_store *store);

/* ---- sqlite_probe.c: whose file it is, by looking ---- */

enum sqlite_place {
	SQLITE_PLACE_FREE,    /* nothing is there, a store can be made */
	SQLITE_PLACE_OURS,    /* a store of ours, or the beginning of one */
	SQLITE_PLACE_DAMAGED, /* a store of ours that lost its first page */
};

/* The damage of SQLITE_PLACE_DAMAGED, in words. */
#define SQLITE_FIRST_PAGE_LOST "its first page is lost"

/* Find out what stands at PATH. Nothing is changed, made or locked. Not while
 * a connection is open: closing the file drops the locks that SQLite holds on
 * it in this process.
 *
 * @return MCPS_OK; MCPS_E_CORRUPT: a file of somebody else, or of a newer
 *         version; MCPS_E_STORE: no regular file; MCPS_E_PERMISSION;
 *         MCPS_E_NOMEM */
mcps_status mcps__sqlite_probe(const struct sqlite_store *store,
                               enum sqlite_place *place,
                               struct mcps_error *error);

/* Write ERROR for a database with another application id, a newer schema. */
mcps_status mcps__sqlite_refuse_foreign(const struct sqlite_store *store,
                                        uint32_t id, struct mcps_error *error);
mcps_status mcps__sqlite_refuse_newer(const struct sqlite_store *store,
                                      int64_t version,
                                      struct mcps_error *error);

/* PATH with a suffix, to be freed. */
char *mcps__sqlite_file_beside(const struct sqlite_store *store,
                               const char *suffix);

/* Let no other user use an open file, but for the group of this process. False,
 * with errno: that is not possible. */
bool mcps__sqlite_file_tighten(int fd, const struct stat *about);

/* Log, once for each store, that the BITS of the mode let the group of this
 * process use PATH, if they do. */
void mcps__sqlite_warn_of_group(struct sqlite_store *store, const char *path,
                                const struct stat *about, mode_t bits);

/* Open a regular file and tighten its mode; -1 with errno. */
int mcps__sqlite_file_open(const char *path, int flags, struct stat *about);
mcps_status mcps__sqlite_file_failed(struct mcps_error *error,
                                     const char *path);

/* Make an empty file; false if there is one. */
bool mcps__sqlite_file_make(const char *name);

/* Write the file NAME and its directory entry through to the disk. */
bool mcps__sqlite_file_sync(const char *name);

/* Whether PATH and PATH-wal still lead to the files that are open: what is
 * written to others is lost. */
bool mcps__sqlite_file_is_there(struct sqlite_store *store);
bool mcps__sqlite_log_is_there(struct sqlite_store *store);

mcps_status mcps__sqlite_no_memory(struct mcps_error *error);
mcps_status mcps__sqlite_system_failed(struct mcps_error *error,
                                       const char *path, const char *doing);

/* ---- sqlite_ballast.c, sqlite_quarantine.c ---- */

/* Whether CODE says that there is no space left. */
bool mcps__sqlite_is_full(const struct sqlite_store *store, int code);

void mcps__sqlite_ballast_open(struct sqlite_store *store);
void mcps__sqlite_ballast_give_up(struct sqlite_store *store);
void mcps__sqlite_ballast_restore(struct sqlite_store *store);

/* Rename the closed files of a damaged store. WHY is for the log. */
mcps_status mcps__sqlite_quarantine(struct sqlite_store *store, const char *why,
                                    struct mcps_error *error);

/* ---- sqlite_seal.c ---- */

/* Whether the closed store needs no check. Changes nothing. */
bool mcps__sqlite_seal_holds(const struct sqlite_store *store);

/* Seal a store that is whole, each time after its file was written to. */
void mcps__sqlite_seal_set(struct sqlite_store *store);

/* Damage was met, or what is on the disk is suspect: the next one who opens
 * it looks at everything. */
void mcps__sqlite_seal_break(struct sqlite_store *store);

/* ---- sqlite_schema.c: whose file it is; sqlite_migration.c ---- */

struct sqlite_object {
	const char *name;
	const char *sql;
};

/* What one version adds, and what it changes of what is there (NULL: nothing).
 * The objects of all versions so far are the schema, letter by letter. */
struct sqlite_version {
	const struct sqlite_object *objects;
	size_t count;
	const char *change;
};

struct sqlite_schema {
	const struct sqlite_version *versions; /* the first is version 1 */
	int count;
};

extern const struct sqlite_schema mcps__sqlite_schema;

/* Find out whose file it is, and of which version (0: empty). Changes
 * nothing. */
mcps_status mcps__sqlite_schema_identify(struct sqlite_store *store,
                                         int *version,
                                         struct mcps_error *error);

/* Check that the file holds exactly what belongs to VERSION. */
mcps_status mcps__sqlite_schema_check(struct sqlite_store *store, int version,
                                      struct mcps_error *error);

/* Bring a file of VERSION up to date. */
mcps_status mcps__sqlite_schema_migrate(struct sqlite_store *store, int version,
                                        struct mcps_error *error);

/* ---- sqlite_exec.c: SQL while a store is opened ---- */

/* Write ERROR for a store that is damaged: what was found. */
mcps_status mcps__sqlite_damaged(struct sqlite_store *store,
                                 struct mcps_error *error, const char *what);

/* Run SQL that answers nothing; an SQLite code. */
int mcps__sqlite_exec(struct sqlite_store *store, const char *sql);

/* Write ERROR for the SQLite code of something done while opening. */
mcps_status mcps__sqlite_open_failed(struct sqlite_store *store,
                                     struct mcps_error *error, int code,
                                     const char *doing);

/* The answer of a pragma or of a SELECT count, as a number or a text. */
int mcps__sqlite_ask_int(struct sqlite_store *store, const char *sql,
                         int64_t *answer);
int mcps__sqlite_ask_text(struct sqlite_store *store, const char *sql,
                          char *answer, size_t size);

/* ---- sqlite_connection.c ---- */

/* Open the file, identify it, set it up, prepare the statements. */
mcps_status mcps__sqlite_connect(struct sqlite_store *store,
                                 struct mcps_error *error);
void mcps__sqlite_disconnect(struct sqlite_store *store);

/* Tell a connection how to behave. Touches no file. */
mcps_status mcps__sqlite_configure(struct sqlite_store *store,
                                   struct mcps_error *error);

/* Disconnect, and leave the files as they are. */
void mcps__sqlite_abandon(struct sqlite_store *store);

/* ---- sqlite_query.c: one use of a prepared statement ---- */

struct query {
	struct sqlite_store *store;
	struct sqlite3_stmt *stmt;
	int bound; /* parameters so far */
	int code;  /* the first failure sticks */
};

void mcps__query_start(struct query *query, struct sqlite_store *store,
                       enum sqlite_statement statement);

/* Start a statement that writes: fails outside of a transaction, because
 * there each statement would be one of its own. */
mcps_status mcps__query_start_write(struct query *query,
                                    struct sqlite_store *store,
                                    enum sqlite_statement statement);
void mcps__query_int(struct query *query, int64_t value);
void mcps__query_blob(struct query *query, const void *bytes, size_t length);
void mcps__query_text(struct query *query, const char *text);
bool mcps__query_row(struct query *query);
mcps_status mcps__query_end(struct query *query);

/* Step a statement that answers nothing and end it. */
mcps_status mcps__query_run(struct query *query, int *changes);

/* Run a statement that writes, whose one parameter is a number. */
mcps_status mcps__query_run_of(struct sqlite_store *store,
                               enum sqlite_statement statement, int64_t value);

/* A blob column of exactly SIZE bytes. */
bool mcps__query_bytes(struct query *query, int column, void *bytes,
                       size_t size);
int64_t mcps__query_int_at(struct query *query, int column);
const void *mcps__query_blob_at(struct query *query, int column,
                                size_t *length);

/* Whether SQLite has a transaction open. */
bool mcps__sqlite_in_transaction(const struct sqlite_store *store);

/* The status of an SQLite code; failures are logged, once in a row. */
mcps_status mcps__sqlite_failed(struct sqlite_store *store, int code);

/* Rebuild the indexes from the tables: an index that disagrees is damage that
 * costs nothing but time. */
mcps_status mcps__sqlite_reindex(struct sqlite_store *store);

/* ---- sqlite_checksum.c ---- */

/* A keyed checksum over the columns of a row. Contents of any length enter it
 * by their own checksum, so that nothing needs to be copied. */
struct checksum {
	const struct sqlite_store *store;
	size_t length;
	uint8_t bytes[192];
};

/* SQLITE_CHECKSUM_SIZE bytes of a number. */
void mcps__checksum_encode(uint8_t *bytes, uint64_t value);
uint64_t mcps__checksum_of(const struct sqlite_store *store, const void *bytes,
                           size_t length);
void mcps__checksum_start(struct checksum *sum,
                          const struct sqlite_store *store, char table);
void mcps__checksum_int(struct checksum *sum, int64_t value);
void mcps__checksum_bytes(struct checksum *sum, const void *bytes,
                          size_t length);
int64_t mcps__checksum_end(const struct checksum *sum);

/* Say once that a row is damaged. ID names it in the log. */
void mcps__sqlite_report_damage(struct sqlite_store *store, const char *table,
                                uint64_t id);

/* ---- sqlite_transaction.c ---- */

mcps_status mcps__sqlite_begin(mcps_store *store);
mcps_status mcps__sqlite_commit(mcps_store *store);
void mcps__sqlite_rollback(mcps_store *store);
mcps_status mcps__sqlite_savepoint(mcps_store *store);
mcps_status mcps__sqlite_release(mcps_store *store);
mcps_status mcps__sqlite_rollback_to(mcps_store *store);
void mcps__sqlite_idle(mcps_store *store);

/* Copy the log into the file and empty it. */
mcps_status mcps__sqlite_checkpoint_all(struct sqlite_store *store);

/* ---- sqlite_meta.c ---- */

mcps_status mcps__sqlite_meta_get(mcps_store *, const char *name, mcps_meta_fn,
                                  void *arg);
mcps_status mcps__sqlite_meta_put(mcps_store *, const char *name,
                                  const void *value, size_t length);

/* Check that no value is damaged. */
mcps_status mcps__sqlite_meta_check(struct sqlite_store *store,
                                    struct mcps_error *error);

/* Give a new store its uuid, its checksum key and its counters; inside the
 * transaction that makes it. */
mcps_status mcps__sqlite_identity_make(struct sqlite_store *store,
                                       struct mcps_error *error);

/* Read who the store is, and where its counters stand. */
mcps_status mcps__sqlite_identity_read(struct sqlite_store *store,
                                       struct mcps_error *error);
int64_t mcps__sqlite_count(struct sqlite_counter *counter);
mcps_status mcps__sqlite_counters_store(struct sqlite_store *store);

/* ---- sqlite_principal.c ---- */

mcps_status mcps__sqlite_principal_get(mcps_store *, const uint8_t *digest,
                                       mcps_principal_fn, void *arg);
mcps_status mcps__sqlite_principal_intern(mcps_store *, const uint8_t *digest,
                                          int64_t *ref);
mcps_status mcps__sqlite_principal_revoke(mcps_store *, int64_t ref,
                                          int64_t not_before_ms);

/* Change how many live sessions it has.
 * @return also MCPS_E_INVAL: there is no such principal, and CHANGE takes
 *         nothing away from it */
mcps_status mcps__sqlite_principal_count(struct sqlite_store *, int64_t ref,
                                         int change);

/* ---- sqlite_session.c, sqlite_session_row.c ---- */

enum stored_state {
	STORED_ABSENT,
	STORED_LIVE,
	STORED_ENDED,
	STORED_DAMAGED, /* there, but nothing in it can be believed */
};

struct stored_session {
	enum stored_state found;
	struct mcps_session_row row; /* without data */
	uint64_t data_checksum;
};

/* Read the row a query stands on; false, and reported, if it is damaged. */
bool mcps__sqlite_session_read(struct query *query,
                               struct mcps_session_row *row,
                               uint64_t *data_checksum);

/* Whether it is the row of KEY; reported if it is another one. */
bool mcps__sqlite_session_is_of(struct query *query,
                                const struct mcps_session_row *row,
                                const uint8_t *key);
mcps_status mcps__sqlite_session_find(struct sqlite_store *, const uint8_t *key,
                                      struct stored_session *copy);
mcps_status mcps__sqlite_session_write(struct sqlite_store *,
                                       enum sqlite_statement statement,
                                       const struct mcps_session_row *row);

/* The checksum of a row whose data has DATA_CHECKSUM. */
int64_t mcps__sqlite_session_checksum(const struct sqlite_store *,
                                      const struct mcps_session_row *row,
                                      uint64_t data_checksum);

mcps_status mcps__sqlite_session_load(mcps_store *, const uint8_t *key,
                                      mcps_session_fn, void *arg);
mcps_status mcps__sqlite_session_insert(mcps_store *,
                                        const struct mcps_session_row *row,
                                        int64_t *ref);
mcps_status mcps__sqlite_session_save(mcps_store *,
                                      const struct mcps_session_row *row);
mcps_status mcps__sqlite_session_touch(mcps_store *, const uint8_t *key,
                                       int64_t seen_ms);
mcps_status mcps__sqlite_session_guard(mcps_store *, int64_t ref);
mcps_status mcps__sqlite_session_end(mcps_store *, const uint8_t *key,
                                     int64_t until_ms);
mcps_status mcps__sqlite_session_tombstone(mcps_store *, const uint8_t *key,
                                           int64_t principal, int64_t until_ms);
mcps_status mcps__sqlite_session_remove(mcps_store *, const uint8_t *key);
mcps_status mcps__sqlite_session_list(mcps_store *, int64_t principal,
                                      mcps_session_fn, void *arg);

/* Delete the row of a key, whatever it is, and count nothing. */
mcps_status mcps__sqlite_session_purge(struct sqlite_store *,
                                       const uint8_t *key);

/* The same for a damaged row, about which no count is to be believed. */
mcps_status mcps__sqlite_session_discard(struct sqlite_store *,
                                         const uint8_t *key);

/* Put a tombstone of no principal in the place of a damaged row: whoever asks
 * for its key is told that the session has ended. UNTIL_MS 0: the next sweep
 * says until when. */
mcps_status mcps__sqlite_session_end_damaged(struct sqlite_store *,
                                             const uint8_t *key,
                                             int64_t until_ms);

/* ---- sqlite_tombstone.c: how many each caller has, and which may be gone */

/* A tombstone of PRINCIPAL was written (CHANGE 1) or deleted (-1). */
mcps_status mcps__sqlite_tombstone_count(struct sqlite_store *,
                                         int64_t principal, int change);

/* Fill in what ROW says of tombstones. */
mcps_status mcps__sqlite_tombstone_read(struct sqlite_store *,
                                        struct mcps_principal_row *row);
mcps_status mcps__sqlite_tombstone_trim(mcps_store *, int64_t principal,
                                        uint32_t most, size_t *dropped);

/* ---- sqlite_state.c ---- */

mcps_status mcps__sqlite_state_get(mcps_store *, enum mcps_state_owner,
                                   int64_t owner, const char *key,
                                   mcps_state_fn, void *arg);
mcps_status mcps__sqlite_state_put(mcps_store *,
                                   const struct mcps_state_row *row);
mcps_status mcps__sqlite_state_delete(mcps_store *, enum mcps_state_owner,
                                      int64_t owner, const char *key,
                                      uint64_t version);
mcps_status mcps__sqlite_state_usage(mcps_store *, enum mcps_state_owner,
                                     int64_t owner, uint64_t *bytes);
mcps_status mcps__sqlite_state_clear(struct sqlite_store *, int64_t session);

/* ---- sqlite_sweep.c ---- */

mcps_status mcps__sqlite_sweep(mcps_store *, const struct mcps_sweep *sweep,
                               size_t *removed);

/* ---- sqlite.c ---- */

/* mcps__sqlite_store_open with another schema: tests of migrations. */
mcps_status
mcps__sqlite_store_open_schema(mcps_store **out, const char *path,
                               const struct store_settings *settings,
                               const struct sqlite_schema *schema,
                               struct mcps_error *error);

#endif
