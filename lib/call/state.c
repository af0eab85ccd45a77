#include "call/state.h"

#include "base/container.h"
#include "base/memory.h"
#include "call/misuse.h"
#include "rpc/write.h"
#include "session/subscribed.h"

#include <json-c/json.h>
#include <mcps/state.h>
#include <string.h>

enum {
	LOCK_WAIT_MS = 5000,
	KEY_MAX = 255,
	VALUE_MAX = 64 * 1024,
	OWNER_MAX = 1024 * 1024
};

/* One key that a call touched: locked from then on. */
struct state_entry {
	struct state_entry *next;
	struct key_lock *lock;
	enum mcps_state_owner scope;
	int64_t owner;
	uint64_t version; /* as stored; 0: it was not there */
	bool is_changed;
	struct buffer value; /* JSON text; empty: there is none */
	char key[];
};

/* ---- committing ---- */

static mcps_status state_entry_commit(const struct state_entry *entry,
                                      mcps_store *store)
{
	struct mcps_state_row row = {
		.scope = entry->scope,
		.owner = entry->owner,
		.key = entry->key,
		.value = entry->value.data,
		.length = entry->value.length,
		.version = entry->version,
	};

	if (!entry->is_changed)
		return MCPS_OK;
	if (entry->value.length != 0)
		return store->ops->state_put(store, &row);
	if (entry->version == 0)
		return MCPS_OK;
	return store->ops->state_delete(store, row.scope, row.owner, row.key,
	                                row.version);
}

/* An owner may hold too much in between, but not in the end. */
static mcps_status state_entry_check(const struct state_entry *entry,
                                     mcps_store *store)
{
	uint64_t bytes = 0;
	mcps_status status;

	if (!entry->is_changed || entry->value.length == 0)
		return MCPS_OK;
	status = store->ops->state_usage(store, entry->scope, entry->owner,
	                                 &bytes);
	if (status != MCPS_OK)
		return status;
	return bytes > OWNER_MAX ? MCPS_E_STATE_TOO_LARGE : MCPS_OK;
}

mcps_status mcps__state_commit(const struct state_batch *batch,
                               mcps_store *store, int64_t session_ref)
{
	mcps_status status = store->ops->session_guard(store, session_ref);
	struct state_entry *entry;

	for (entry = batch->entries; entry != NULL && status == MCPS_OK;
	     entry = entry->next)
		status = state_entry_commit(entry, store);
	for (entry = batch->entries; entry != NULL && status == MCPS_OK;
	     entry = entry->next)
		status = state_entry_check(entry, store);
	return status;
}

void mcps__state_finish(struct state_batch *batch, struct locks *locks)
{
	struct state_entry *next;

	for (struct state_entry *entry = batch->entries; entry != NULL;
	     entry = next) {
		next = entry->next;
		mcps__lock_release(locks, entry->lock);
		mcps__buffer_finish(&entry->value);
		mcps__free(entry);
	}
	*batch = (struct state_batch){ 0 };
}

/* ---- the first access to a key ---- */

struct read_job {
	struct writer_job job;
	struct state_entry *entry;
};

static mcps_status state_take_row(void *arg, const struct mcps_state_row *row)
{
	struct state_entry *entry = arg;

	entry->version = row->version;
	mcps__buffer_add(&entry->value, row->value, row->length);
	return entry->value.failed ? MCPS_E_NOMEM : MCPS_OK;
}

static mcps_status state_read_run(struct writer_job *job, mcps_store *store)
{
	struct state_entry *entry =
		container_of(job, struct read_job, job)->entry;

	mcps__buffer_reset(&entry->value);
	entry->version = 0;
	return store->ops->state_get(store, entry->scope, entry->owner,
	                             entry->key, state_take_row, entry);
}

static mcps_status state_entry_lock(mcps_call *call, struct state_entry *entry)
{
	struct {
		int64_t scope, owner;
		char key[KEY_MAX + 1];
	} name = { entry->scope, entry->owner, "" };
	size_t length = strlen(entry->key);

	memcpy(name.key, entry->key, length);
	return mcps__lock_take(&call->mcp->locks, &entry->lock, &name,
	                       offsetof(__typeof__(name), key) + length,
	                       LOCK_WAIT_MS);
}

static mcps_status state_entry_open(mcps_call *call, struct state_entry *entry)
{
	struct read_job read = { .job.run = state_read_run, .entry = entry };
	mcps_status status = state_entry_lock(call, entry);

	if (status != MCPS_OK)
		return status;
	return mcps__writer_run_read(call->mcp->sessions->options.writer,
	                             &read.job);
}

static mcps_status state_entry_new(mcps_call *call, struct state_entry **out,
                                   enum mcps_state_owner scope, int64_t owner,
                                   const char *key)
{
	struct state_entry *entry =
		mcps__calloc(1, sizeof *entry + strlen(key) + 1);
	mcps_status status;

	if (entry == NULL)
		return MCPS_E_NOMEM;
	entry->scope = scope;
	entry->owner = owner;
	memcpy(entry->key, key, strlen(key));
	status = state_entry_open(call, entry);
	if (status != MCPS_OK) {
		mcps__lock_release(&call->mcp->locks, entry->lock);
		mcps__buffer_finish(&entry->value);
		mcps__free(entry);
		return status;
	}
	entry->next = call->state.entries;
	call->state.entries = entry;
	*out = entry;
	return MCPS_OK;
}

static mcps_status state_check_use(const mcps_call *call,
                                   enum mcps_state_scope scope, const char *key,
                                   const char *function)
{
	if (call == NULL || key == NULL)
		return mcps__misuse_null(call, function, "key");
	if (mcps__misuse_on_network_thread(call, function) || key[0] == '\0' ||
	    key[0] == STATE_KEY_INTERNAL || strlen(key) > KEY_MAX)
		return MCPS_E_INVAL;
	if (scope == MCPS_STATE_SCOPE_PRINCIPAL && call->principal->anonymous)
		return MCPS_E_FORBIDDEN;
	return MCPS_OK;
}

static mcps_status state_entry_get(mcps_call *call, struct state_entry **out,
                                   enum mcps_state_scope scope, const char *key,
                                   const char *function)
{
	bool is_session = scope == MCPS_STATE_SCOPE_SESSION;
	enum mcps_state_owner kind =
		is_session ? MCPS_STATE_OF_SESSION : MCPS_STATE_OF_PRINCIPAL;
	mcps_status status = state_check_use(call, scope, key, function);

	if (status != MCPS_OK)
		return status;
	for (struct state_entry *entry = call->state.entries; entry != NULL;
	     entry = entry->next)
		if (entry->scope == kind && strcmp(entry->key, key) == 0) {
			*out = entry;
			return MCPS_OK;
		}
	return state_entry_new(call, out, kind,
	                       is_session ? call->session->ref
	                                  : call->session->principal_ref,
	                       key);
}

static void state_entry_change(mcps_call *call, struct state_entry *entry)
{
	entry->is_changed = true;
	call->state.has_changes = true;
}

/* ---- the public functions ---- */

static struct json_object *state_entry_parse(const struct state_entry *entry)
{
	struct json_tokener *tokener = json_tokener_new_ex(66);
	struct json_object *value = NULL;

	if (tokener == NULL)
		return NULL;
	value = json_tokener_parse_ex(tokener, entry->value.data,
	                              (int)entry->value.length);
	if (value == NULL &&
	    json_tokener_get_error(tokener) == json_tokener_continue)
		value = json_tokener_parse_ex(tokener, "", 1); /* a number */
	json_tokener_free(tokener);
	return value;
}

mcps_status mcps_state_get_in(mcps_call *call, enum mcps_state_scope scope,
                              const char *key, struct json_object **out)
{
	struct state_entry *entry;
	mcps_status status;

	if (out == NULL)
		return mcps__misuse_null(call, "mcps_state_get", "out");
	*out = NULL;
	status = state_entry_get(call, &entry, scope, key, "mcps_state_get");
	if (status != MCPS_OK)
		return status;
	if (entry->value.length == 0)
		return MCPS_E_NO_STATE;
	*out = state_entry_parse(entry);
	if (*out == NULL && strncmp(entry->value.data, "null", 4) != 0)
		return MCPS_E_NOMEM;
	return MCPS_OK;
}

mcps_status mcps_state_put_in(mcps_call *call, enum mcps_state_scope scope,
                              const char *key, struct json_object *taken)
{
	struct state_entry *entry;
	struct buffer value = { 0 };
	mcps_status status =
		state_entry_get(call, &entry, scope, key, "mcps_state_put");

	if (status == MCPS_OK)
		mcps__write_tree(&value, taken);
	json_object_put(taken);
	if (status == MCPS_OK && value.failed)
		status = MCPS_E_NOMEM;
	if (status == MCPS_OK && value.length > VALUE_MAX) {
		mcps__sessions_report(call->mcp->sessions, INCIDENT_STATE_SIZE);
		status = MCPS_E_STATE_TOO_LARGE;
	}
	if (status != MCPS_OK) {
		mcps__buffer_finish(&value);
		return status;
	}
	mcps__buffer_finish(&entry->value);
	entry->value = value;
	state_entry_change(call, entry);
	return MCPS_OK;
}

static mcps_status state_entry_integer(const struct state_entry *entry,
                                       int64_t *out)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct scan scan = { 0 };
	mcps_status status;

	*out = 0;
	if (entry->value.length == 0)
		return MCPS_OK;
	status = mcps__scan_run(&scan, entry->value.data, entry->value.length,
	                        &limits, NULL);
	if (status == MCPS_OK && !mcps__scan_int64(&scan, 0, out))
		status = MCPS_E_STATE_TYPE;
	mcps__scan_finish(&scan);
	return status;
}

mcps_status mcps_state_add_in(mcps_call *call, enum mcps_state_scope scope,
                              const char *key, int64_t by, int64_t *now)
{
	struct state_entry *entry;
	int64_t sum;
	mcps_status status =
		state_entry_get(call, &entry, scope, key, "mcps_state_add");

	if (status == MCPS_OK)
		status = state_entry_integer(entry, &sum);
	if (status != MCPS_OK)
		return status;
	if (__builtin_add_overflow(sum, by, &sum))
		return MCPS_E_STATE_TYPE;
	mcps__buffer_reset(&entry->value);
	mcps__buffer_add_int(&entry->value, sum);
	if (entry->value.failed)
		return MCPS_E_NOMEM;
	state_entry_change(call, entry);
	if (now != NULL)
		*now = sum;
	return MCPS_OK;
}

mcps_status mcps_state_delete_in(mcps_call *call, enum mcps_state_scope scope,
                                 const char *key)
{
	struct state_entry *entry;
	mcps_status status =
		state_entry_get(call, &entry, scope, key, "mcps_state_delete");

	if (status != MCPS_OK)
		return status;
	if (entry->value.length == 0)
		return MCPS_E_NO_STATE;
	mcps__buffer_reset(&entry->value);
	state_entry_change(call, entry);
	return MCPS_OK;
}

mcps_status mcps_state_get(mcps_call *call, const char *key,
                           struct json_object **out)
{
	return mcps_state_get_in(call, MCPS_STATE_SCOPE_SESSION, key, out);
}

mcps_status mcps_state_put(mcps_call *call, const char *key,
                           struct json_object *taken)
{
	return mcps_state_put_in(call, MCPS_STATE_SCOPE_SESSION, key, taken);
}

mcps_status mcps_state_add(mcps_call *call, const char *key, int64_t by,
                           int64_t *now)
{
	return mcps_state_add_in(call, MCPS_STATE_SCOPE_SESSION, key, by, now);
}

mcps_status mcps_state_delete(mcps_call *call, const char *key)
{
	return mcps_state_delete_in(call, MCPS_STATE_SCOPE_SESSION, key);
}
