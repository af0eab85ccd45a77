/* Small named values, who the store is, and the counters behind the refs. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define META_CHECKSUM_KEY "store.checksum_key"

static mcps_status meta_identity_damaged(struct sqlite_store *store,
                                         struct mcps_error *error)
{
	return mcps__sqlite_damaged(store, error,
	                            "the store's own records are damaged");
}

/* A value carries its checksum behind it, but for the store's own ones, from
 * which the key of checksums is read. */
static void meta_value_check(const struct sqlite_store *store, const char *name,
                             size_t name_length, const void *value,
                             size_t length, uint8_t *check)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'M');
	mcps__checksum_int(
		&sum, (int64_t)mcps__checksum_of(store, name, name_length));
	mcps__checksum_int(&sum,
	                   (int64_t)mcps__checksum_of(store, value, length));
	mcps__checksum_encode(check, (uint64_t)mcps__checksum_end(&sum));
}

/* Take the checksum off; false: it is wrong. */
static bool meta_value_is_whole(const struct sqlite_store *store,
                                const char *name, size_t name_length,
                                const uint8_t *value, size_t *length)
{
	const size_t prefix = sizeof STORE_META_RESERVED - 1;
	uint8_t check[SQLITE_CHECKSUM_SIZE];

	if (name_length >= prefix &&
	    memcmp(name, STORE_META_RESERVED, prefix) == 0)
		return true;
	if (*length < sizeof check)
		return false;
	*length -= sizeof check;
	meta_value_check(store, name, name_length, value, *length, check);
	return memcmp(value + *length, check, sizeof check) == 0;
}

mcps_status mcps__sqlite_meta_get(mcps_store *base, const char *name,
                                  mcps_meta_fn fn, void *arg)
{
	struct sqlite_store *store = sqlite_store(base);
	mcps_status answer = MCPS_OK;
	mcps_status status;
	struct query query;

	mcps__query_start(&query, store, STATEMENT_META_GET);
	mcps__query_text(&query, name);
	if (mcps__query_row(&query)) {
		size_t length;
		const void *value = mcps__query_blob_at(&query, 0, &length);

		answer = meta_value_is_whole(store, name, strlen(name), value,
		                             &length)
		                 ? fn(arg, value, length)
		                 : MCPS_E_CORRUPT;
	}
	status = mcps__query_end(&query);
	return status == MCPS_OK ? answer : status;
}

/* Only what was read and is wrong is damage; what could not be read, for want
 * of memory or of a disk that works, is not. */
static mcps_status meta_identity_refused(struct sqlite_store *store,
                                         mcps_status status,
                                         struct mcps_error *error)
{
	if (status == MCPS_E_CORRUPT)
		return meta_identity_damaged(store, error);
	return mcps__fail(error, status,
	                  "sqlite: %.100s: cannot read the store's own "
	                  "records: %s",
	                  store->path, mcps_status_text(status));
}

/* Read as a blob, a text has no NUL. */
static mcps_status meta_values_check(struct query *query)
{
	bool is_whole = true;
	mcps_status status;

	while (is_whole && mcps__query_row(query)) {
		size_t length;
		size_t name_length;
		const void *value = mcps__query_blob_at(query, 0, &length);
		const char *name = mcps__query_blob_at(query, 1, &name_length);

		is_whole = meta_value_is_whole(query->store, name, name_length,
		                               value, &length);
	}
	status = mcps__query_end(query);
	return status == MCPS_OK && !is_whole ? MCPS_E_CORRUPT : status;
}

mcps_status mcps__sqlite_meta_check(struct sqlite_store *store,
                                    struct mcps_error *error)
{
	struct query query = { .store = store };
	mcps_status status;

	query.code =
		sqlite3_prepare_v2(store->db, "SELECT value, name FROM meta",
	                           -1, &query.stmt, NULL);
	status = meta_values_check(&query);
	sqlite3_finalize(query.stmt);
	return status == MCPS_OK ? MCPS_OK
	                         : meta_identity_refused(store, status, error);
}

mcps_status mcps__sqlite_meta_put(mcps_store *base, const char *name,
                                  const void *value, size_t length)
{
	struct sqlite_store *store = sqlite_store(base);
	uint8_t *whole;
	struct query query;
	mcps_status status;

	if (mcps__store_owns_meta(name))
		return MCPS_E_INVAL;
	status = mcps__query_start_write(&query, store, STATEMENT_META_PUT);
	if (status != MCPS_OK)
		return status;
	whole = mcps__malloc(length + SQLITE_CHECKSUM_SIZE);
	if (whole == NULL)
		return MCPS_E_NOMEM;
	if (length != 0)
		memcpy(whole, value, length);
	meta_value_check(store, name, strlen(name), value, length,
	                 whole + length);
	mcps__query_text(&query, name);
	mcps__query_blob(&query, whole, length + SQLITE_CHECKSUM_SIZE);
	status = mcps__query_run(&query, NULL);
	mcps__free(whole);
	return status;
}

/* ---- identity ---- */

/* The key is kept with a checksum of the uuid under it: were it damaged, every
 * row would look damaged. */
struct key_record {
	uint8_t key[SQLITE_CHECKSUM_KEY_SIZE];
	uint8_t check[SQLITE_CHECKSUM_SIZE];
};

static void meta_key_record_make(struct key_record *record,
                                 const struct sqlite_store *store)
{
	memcpy(record->key, store->checksum_key, sizeof record->key);
	mcps__checksum_encode(
		record->check,
		mcps__checksum_of(store, store->uuid, sizeof store->uuid));
}

/* Statements are not prepared yet while a store is being made. */
static int meta_insert(struct sqlite_store *store, const char *name,
                       const void *value, int length)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db,
	                              "INSERT INTO meta (name, value) "
	                              "VALUES (?1, ?2)",
	                              -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_blob(stmt, 2, value, length, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* One that fell back would give refs a second time. */
static int64_t meta_counter_checksum(const struct sqlite_store *store,
                                     const char *name, int64_t value)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'C');
	mcps__checksum_bytes(&sum, name, strlen(name));
	mcps__checksum_int(&sum, value);
	return mcps__checksum_end(&sum);
}

static int meta_counter_insert(struct sqlite_store *store, const char *name)
{
	char sql[128];

	snprintf(sql, sizeof sql,
	         "INSERT INTO counter (name, value, checksum) "
	         "VALUES ('%s', 0, %" PRId64 ")",
	         name, meta_counter_checksum(store, name, 0));
	return mcps__sqlite_exec(store, sql);
}

mcps_status mcps__sqlite_identity_make(struct sqlite_store *store,
                                       struct mcps_error *error)
{
	struct key_record record;
	int code;

	if (mcps__store_random(&store->settings, store->uuid,
	                       sizeof store->uuid) != MCPS_OK ||
	    mcps__store_random(&store->settings, store->checksum_key,
	                       sizeof store->checksum_key) != MCPS_OK)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "sqlite: no random bytes for a new store");
	meta_key_record_make(&record, store);
	code = meta_insert(store, STORE_META_UUID, store->uuid,
	                   sizeof store->uuid);
	if (code == SQLITE_OK)
		code = meta_insert(store, META_CHECKSUM_KEY, &record,
		                   sizeof record);
	if (code == SQLITE_OK)
		code = meta_counter_insert(store, store->principals.name);
	if (code == SQLITE_OK)
		code = meta_counter_insert(store, store->sessions.name);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "write its identity");
	return MCPS_OK;
}

struct bytes_wanted {
	void *bytes;
	size_t size;
	bool found;
};

static mcps_status meta_bytes_take(void *arg, const void *value, size_t length)
{
	struct bytes_wanted *wanted = arg;

	if (length == wanted->size) {
		memcpy(wanted->bytes, value, length);
		wanted->found = true;
	}
	return MCPS_OK;
}

static mcps_status meta_bytes(struct sqlite_store *store, const char *name,
                              void *bytes, size_t size)
{
	struct bytes_wanted wanted = { bytes, size, false };
	mcps_status status = mcps__sqlite_meta_get(&store->base, name,
	                                           meta_bytes_take, &wanted);

	return status == MCPS_OK && !wanted.found ? MCPS_E_CORRUPT : status;
}

static mcps_status meta_counter_read(struct sqlite_store *store,
                                     struct sqlite_counter *counter)
{
	struct query query;
	mcps_status status;
	bool found;

	mcps__query_start(&query, store, STATEMENT_COUNTER_GET);
	mcps__query_text(&query, counter->name);
	found = mcps__query_row(&query);
	if (found) {
		counter->stored = mcps__query_int_at(&query, 0);
		found = mcps__query_int_at(&query, 1) ==
		        meta_counter_checksum(store, counter->name,
		                              counter->stored);
	}
	status = mcps__query_end(&query);
	if (status != MCPS_OK)
		return status;
	if (counter->last < counter->stored)
		counter->last = counter->stored;
	return found ? MCPS_OK : MCPS_E_CORRUPT;
}

static mcps_status meta_key_read(struct sqlite_store *store)
{
	struct key_record record;
	struct key_record expected;
	mcps_status status =
		meta_bytes(store, META_CHECKSUM_KEY, &record, sizeof record);

	if (status != MCPS_OK)
		return status;
	memcpy(store->checksum_key, record.key, sizeof record.key);
	meta_key_record_make(&expected, store);
	return memcmp(&record, &expected, sizeof record) == 0 ? MCPS_OK
	                                                      : MCPS_E_CORRUPT;
}

mcps_status mcps__sqlite_identity_read(struct sqlite_store *store,
                                       struct mcps_error *error)
{
	uint8_t uuid[STORE_UUID_SIZE];
	mcps_status status =
		meta_bytes(store, STORE_META_UUID, uuid, sizeof uuid);

	if (status != MCPS_OK)
		return meta_identity_refused(store, status, error);
	if (store->identified && memcmp(uuid, store->uuid, sizeof uuid) != 0)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s: another store has taken "
		                  "the place of the one that was open",
		                  store->path);
	memcpy(store->uuid, uuid, sizeof uuid);
	status = meta_key_read(store);
	if (status == MCPS_OK)
		status = meta_counter_read(store, &store->principals);
	if (status == MCPS_OK)
		status = meta_counter_read(store, &store->sessions);
	if (status != MCPS_OK)
		return meta_identity_refused(store, status, error);
	store->identified = true;
	return MCPS_OK;
}

/* ---- counters ---- */

int64_t mcps__sqlite_count(struct sqlite_counter *counter)
{
	return ++counter->last;
}

static mcps_status meta_counter_store(struct sqlite_store *store,
                                      struct sqlite_counter *counter)
{
	struct query query;
	mcps_status status;

	if (counter->last == counter->stored)
		return MCPS_OK;
	mcps__query_start(&query, store, STATEMENT_COUNTER_PUT);
	mcps__query_text(&query, counter->name);
	mcps__query_int(&query, counter->last);
	mcps__query_int(&query, meta_counter_checksum(store, counter->name,
	                                              counter->last));
	status = mcps__query_run(&query, NULL);
	if (status == MCPS_OK)
		counter->stored = counter->last;
	return status;
}

mcps_status mcps__sqlite_counters_store(struct sqlite_store *store)
{
	mcps_status status = meta_counter_store(store, &store->principals);

	return status == MCPS_OK ? meta_counter_store(store, &store->sessions)
	                         : status;
}
