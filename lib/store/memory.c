/* The reference back end: everything in memory, nothing survives the process.
 * It shows what a back end has to do, and tests run on it. */
#include "base/error.h"
#include "base/memory.h"
#include "store/memory_store.h"

static void memory_close(mcps_store *base)
{
	struct memory_store *store = memory_store(base);

	mcps__memory_rollback(base);
	mcps__memory_table_finish(&store->metas);
	mcps__memory_table_finish(&store->principals);
	mcps__memory_table_finish(&store->sessions);
	mcps__memory_table_finish(&store->states);
	mcps__memory_table_finish(&store->streams);
	mcps__memory_table_finish(&store->events);
	mcps__free(store->changes);
	mcps__free(store);
}

static const struct mcps_store_ops memory_ops = {
	.size = sizeof memory_ops,
	.name = "memory",
	.exclusive = true,
	.begin = mcps__memory_begin,
	.commit = mcps__memory_commit,
	.rollback = mcps__memory_rollback,
	.savepoint = mcps__memory_savepoint,
	.release = mcps__memory_release,
	.rollback_to = mcps__memory_rollback_to,
	.meta_get = mcps__memory_meta_get,
	.meta_put = mcps__memory_meta_put,
	.principal_get = mcps__memory_principal_get,
	.principal_intern = mcps__memory_principal_intern,
	.principal_revoke = mcps__memory_principal_revoke,
	.session_load = mcps__memory_session_load,
	.session_insert = mcps__memory_session_insert,
	.session_save = mcps__memory_session_save,
	.session_touch = mcps__memory_session_touch,
	.session_guard = mcps__memory_session_guard,
	.session_end = mcps__memory_session_end,
	.session_tombstone = mcps__memory_session_tombstone,
	.session_remove = mcps__memory_session_remove,
	.session_list = mcps__memory_session_list,
	.sweep = mcps__memory_sweep,
	.state_get = mcps__memory_state_get,
	.state_put = mcps__memory_state_put,
	.state_delete = mcps__memory_state_delete,
	.state_usage = mcps__memory_state_usage,
	.close = memory_close,
	.stream_insert = mcps__memory_stream_insert,
	.stream_get = mcps__memory_stream_get,
	.stream_touch = mcps__memory_stream_touch,
	.event_append = mcps__memory_event_append,
	.event_replay = mcps__memory_event_replay,
	.tombstone_trim = mcps__memory_tombstone_trim,
};

/* A new store has a name of its own, as durable ones do. */
static mcps_status memory_uuid_make(struct memory_store *store,
                                    const struct store_settings *settings)
{
	unsigned char uuid[STORE_UUID_SIZE];
	mcps_status status = mcps__store_random(settings, uuid, sizeof uuid);

	if (status == MCPS_OK)
		status = mcps__memory_begin(&store->base);
	if (status == MCPS_OK)
		status = mcps__memory_meta_set(store, STORE_META_UUID, uuid,
		                               sizeof uuid);
	return status == MCPS_OK ? mcps__memory_commit(&store->base) : status;
}

mcps_status mcps__memory_store_open(mcps_store **out,
                                    const struct store_settings *settings,
                                    struct mcps_error *error)
{
	struct memory_store *store = mcps__calloc(1, sizeof *store);
	mcps_status status;

	*out = NULL;
	if (store == NULL)
		return mcps__fail(error, MCPS_E_NOMEM,
		                  "memory: no memory for the store");
	store->base.ops = &memory_ops;
	store->principals.enter = mcps__memory_principal_enter;
	store->principals.leave = mcps__memory_principal_leave;
	store->sessions.enter = mcps__memory_session_enter;
	store->sessions.leave = mcps__memory_session_leave;
	store->states.enter = mcps__memory_state_enter;
	store->states.leave = mcps__memory_state_leave;
	store->streams.enter = mcps__memory_stream_enter;
	store->streams.leave = mcps__memory_stream_leave;
	store->events.enter = mcps__memory_event_enter;
	store->events.leave = mcps__memory_event_leave;

	status = memory_uuid_make(store, settings);
	if (status != MCPS_OK) {
		memory_close(&store->base);
		return mcps__fail(error, status, "memory: %s",
		                  mcps_status_text(status));
	}
	*out = &store->base;
	return MCPS_OK;
}
