/* The SQLite back end: sessions that outlive the process, in one file. Each
 * table has a file of its own; here is what ties them together. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_check.h"
#include "store/sqlite_stream.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

/* NULL-tolerant in its parts: also the exit of an opening that failed. */
static void sqlite_store_free(struct sqlite_store *store)
{
	mcps__sqlite_disconnect(store);
	if (store->lock >= 0)
		close(store->lock); /* the last thing: now others may come */
	mcps__free(store->lock_path);
	mcps__free(store->log_path);
	mcps__free(store->path);
	sodium_memzero(store->checksum_key, sizeof store->checksum_key);
	mcps__free(store);
}

static void sqlite_close(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);

	mcps__sqlite_rollback(base);
	if (store->db != NULL && mcps__sqlite_file_is_there(store)) {
		mcps__sqlite_checkpoint_all(store);
		mcps__sqlite_disconnect(store); /* may write to it, too */
		mcps__sqlite_seal_set(store);
	}
	sqlite_store_free(store);
}

/* After a failed fsync the kernel may hold log pages that are not on the disk
 * and never will be: they are copied into the file and synced there, before
 * anything is appended behind them. Where there was only no space left, what
 * the log holds is sound, and copying it may be what space is lacking for. */
static mcps_status sqlite_log_empty(struct sqlite_store *store,
                                    struct mcps_error *error)
{
	mcps_status status = mcps__sqlite_checkpoint_all(store);

	if (status == MCPS_OK || (store->disk_full && !store->wal_suspect))
		return MCPS_OK;
	return mcps__fail(error, status, "sqlite: %.100s: cannot empty its log",
	                  store->path);
}

/* Nothing touches the file at the path before it is known as ours. */
static mcps_status sqlite_probe_and_prepare(struct sqlite_store *store,
                                            bool create,
                                            struct mcps_error *error)
{
	enum sqlite_place place;
	mcps_status status = mcps__sqlite_probe(store, &place, error);

	if (status != MCPS_OK)
		return status;
	if (place == SQLITE_PLACE_DAMAGED)
		return mcps__sqlite_damaged(store, error,
		                            SQLITE_FIRST_PAGE_LOST);
	return mcps__sqlite_file_prepare(store, create, error);
}

static mcps_status sqlite_connect_again(struct sqlite_store *store,
                                        struct mcps_error *error)
{
	mcps_status status = sqlite_probe_and_prepare(store, false, error);

	if (status == MCPS_OK)
		status = mcps__sqlite_connect(store, error);
	if (status == MCPS_OK)
		status = sqlite_log_empty(store, error);
	if (status == MCPS_OK)
		status = mcps__sqlite_check(store, error);
	if (status == MCPS_OK)
		mcps__sqlite_seal_set(store);
	return status;
}

/* A connection that opened but failed after that stays: reading still works. */
static mcps_status sqlite_reopen(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_error error;
	mcps_status status;

	mcps__sqlite_disconnect(store);
	status = sqlite_connect_again(store, &error);
	if (status != MCPS_OK)
		mcps__log(&store->settings.log, MCPS_LOG_ERROR, "store", "%s",
		          error.text);
	return status;
}

static uint64_t sqlite_rebuilds(mcps_store *base)
{
	return atomic_load(&sqlite_store(base)->rebuilds);
}

static const struct mcps_store_ops sqlite_ops = {
	.size = sizeof sqlite_ops,
	.name = "sqlite",
	.exclusive = true,
	.begin = mcps__sqlite_begin,
	.commit = mcps__sqlite_commit,
	.rollback = mcps__sqlite_rollback,
	.savepoint = mcps__sqlite_savepoint,
	.release = mcps__sqlite_release,
	.rollback_to = mcps__sqlite_rollback_to,
	.meta_get = mcps__sqlite_meta_get,
	.meta_put = mcps__sqlite_meta_put,
	.principal_get = mcps__sqlite_principal_get,
	.principal_intern = mcps__sqlite_principal_intern,
	.principal_revoke = mcps__sqlite_principal_revoke,
	.session_load = mcps__sqlite_session_load,
	.session_insert = mcps__sqlite_session_insert,
	.session_save = mcps__sqlite_session_save,
	.session_touch = mcps__sqlite_session_touch,
	.session_guard = mcps__sqlite_session_guard,
	.session_end = mcps__sqlite_session_end,
	.session_tombstone = mcps__sqlite_session_tombstone,
	.session_remove = mcps__sqlite_session_remove,
	.session_list = mcps__sqlite_session_list,
	.sweep = mcps__sqlite_sweep,
	.state_get = mcps__sqlite_state_get,
	.state_put = mcps__sqlite_state_put,
	.state_delete = mcps__sqlite_state_delete,
	.state_usage = mcps__sqlite_state_usage,
	.close = sqlite_close,
	.reopen = sqlite_reopen,
	.idle = mcps__sqlite_idle,
	.stream_insert = mcps__sqlite_stream_insert,
	.stream_get = mcps__sqlite_stream_get,
	.stream_touch = mcps__sqlite_stream_touch,
	.event_append = mcps__sqlite_event_append,
	.event_replay = mcps__sqlite_event_replay,
	.tombstone_trim = mcps__sqlite_tombstone_trim,
	.rebuilds = sqlite_rebuilds,
};

/* What is damaged stays as it was found. */
static mcps_status sqlite_open_checked(struct sqlite_store *store,
                                       struct mcps_error *error)
{
	mcps_status status;

	store->is_damaged = false;
	status = sqlite_probe_and_prepare(store, true, error);
	if (status == MCPS_OK) {
		store->is_whole = mcps__sqlite_seal_holds(store);
		status = mcps__sqlite_connect(store, error);
	}
	if (status == MCPS_OK && !store->is_whole)
		status = mcps__sqlite_check(store, error);
	if (status == MCPS_OK)
		status = mcps__sqlite_meta_check(store, error);
	if (status == MCPS_OK)
		mcps__sqlite_seal_set(store);
	else
		mcps__sqlite_abandon(store);
	return status;
}

/* A new store takes the place of one that is set aside. */
static mcps_status sqlite_open_or_replace(struct sqlite_store *store,
                                          struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = sqlite_open_checked(store, &why);

	if (!store->is_damaged ||
	    store->settings.on_corrupt != MCPS_ON_CORRUPT_QUARANTINE) {
		if (error != NULL && status != MCPS_OK)
			*error = why;
		return status;
	}
	status = mcps__sqlite_quarantine(store, why.text, error);
	store->identified = false;
	store->principals.last = store->principals.stored = 0;
	store->sessions.last = store->sessions.stored = 0;
	return status == MCPS_OK ? sqlite_open_checked(store, error) : status;
}

/* A lock of ours is waited for before the file is looked at, because the one
 * who holds it may be making the store. A lock is made only for a file that
 * was looked at; what the file became until the lock was had, is looked at
 * again when the store is opened. */
static mcps_status sqlite_lock_files(struct sqlite_store *store,
                                     struct mcps_error *error)
{
	mcps_status status = mcps__sqlite_lock_existing(store, error);
	enum sqlite_place place;

	if (status != MCPS_OK)
		return status;
	status = mcps__sqlite_probe(store, &place, error);
	if (status == MCPS_OK && store->lock < 0)
		status = mcps__sqlite_lock_make(store, error);
	if (status == MCPS_OK)
		mcps__sqlite_lock_sign(store);
	return status;
}

static mcps_status sqlite_open_files(struct sqlite_store *store,
                                     const char *path, struct mcps_error *error)
{
	mcps_status status = mcps__sqlite_file_resolve(store, path, error);

	if (status == MCPS_OK)
		status = sqlite_lock_files(store, error);
	if (status == MCPS_OK)
		status = sqlite_open_or_replace(store, error);
	if (status == MCPS_OK)
		mcps__sqlite_ballast_open(store);
	return status;
}

mcps_status
mcps__sqlite_store_open_schema(mcps_store **out, const char *path,
                               const struct store_settings *settings,
                               const struct sqlite_schema *schema,
                               struct mcps_error *error)
{
	struct sqlite_store *store = mcps__calloc(1, sizeof *store);
	mcps_status status;

	*out = NULL;
	if (store == NULL)
		return mcps__fail(error, MCPS_E_NOMEM,
		                  "sqlite: no memory for the store");
	store->base.ops = &sqlite_ops;
	store->schema = schema;
	store->settings = *settings;
	store->lock = -1;
	store->principals.name = "principal";
	store->sessions.name = "session";

	status = sqlite_open_files(store, path, error);
	if (status != MCPS_OK) {
		sqlite_store_free(store);
		return status;
	}
	*out = &store->base;
	return MCPS_OK;
}

mcps_status mcps__sqlite_store_open(mcps_store **out, const char *path,
                                    const struct store_settings *settings,
                                    struct mcps_error *error)
{
	return mcps__sqlite_store_open_schema(out, path, settings,
	                                      &mcps__sqlite_schema, error);
}
