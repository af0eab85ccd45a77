#include "fuzz/row_model.h"

#include "fuzz/target.h"
#include "store/backends.h"

#include <stdlib.h>
#include <string.h>

enum {
	NOW_MS = 100000,
	BYTES = 12000,
	NEW_PRINCIPAL = MODEL_PRINCIPALS - 1,
	TRIMMED = 3, /* this principal loses its tombstones */
	NEW_SESSION = MODEL_SESSIONS - 2,
	NEW_STATE = MODEL_STATES - 2
};

static void must(mcps_status status)
{
	require(status == MCPS_OK);
}

/* ---- what is stored ---- */

static unsigned char bytes[BYTES];

/* Enough for trees of two levels, some with pages of their own. */
static const size_t data_lengths[] = { 0, 900, 300, 5000 };
static const size_t value_lengths[] = { 1, 3000, 0, 9000 };

static void digest_of(uint8_t *digest, int n)
{
	memset(digest, 0x50 + n, MCPS_PRINCIPAL_DIGEST_SIZE);
}

static struct mcps_session_row session_of(const struct row_model *model, int n)
{
	struct mcps_session_row row = {
		.principal = model->principals[n % NEW_PRINCIPAL].ref,
		.created_ms = 1000 + n,
		.seen_ms = n == 5 ? 2000 : 90000 + n,
		.revision = 20250618,
		.capabilities = 0x81,
		.incarnation = 0x123456789abcdef0u + (unsigned)n,
		.flags = 1,
		.lists = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.data = bytes,
		.data_length = data_lengths[n % 4],
	};

	memset(row.key, n, sizeof row.key);
	memcpy(row.key, "\0\0\0\0\7", 5);
	return row;
}

/* State of three sessions and of three principals, with the same names. */
static struct mcps_state_row state_of(const struct row_model *model, int n)
{
	static const char *const keys[] = { "n", "a longer key" };
	bool is_session = n % 2 == 0;

	return (struct mcps_state_row){
		.scope = is_session ? MCPS_STATE_OF_SESSION
		                    : MCPS_STATE_OF_PRINCIPAL,
		.owner = is_session ? model->sessions[n % 3].ref
		                    : model->principals[n % 3].ref,
		.key = keys[n / 6],
		.value = bytes + n,
		.length = value_lengths[n % 4],
		.expires_ms = n % 4 == 3 ? NOW_MS + n : 0,
	};
}

static void make_principals(struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_PRINCIPALS; n++) {
		struct mcps_principal_row *row = &model->principals[n];

		digest_of(row->digest, n);
		if (n == NEW_PRINCIPAL)
			break;
		must(store->ops->principal_intern(store, row->digest,
		                                  &row->ref));
		model->last_principal = row->ref;
	}
	model->principals[2].not_before_ms = 500;
	must(store->ops->principal_revoke(store, model->principals[2].ref,
	                                  500));
}

/* Live ones, and in the end three tombstones. */
static void make_sessions(struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_SESSIONS; n++) {
		struct mcps_session_row *row = &model->sessions[n];

		*row = session_of(model, n);
		if (n >= NEW_SESSION)
			continue;
		must(store->ops->session_insert(store, row, &row->ref));
		model->last_ref = row->ref;
		row->phase = MCPS_PHASE_LIVE;
		row->version = 1;
	}
}

static void make_tombstone(struct mcps_session_row *row, int64_t principal,
                           int64_t until_ms)
{
	struct mcps_session_row tombstone = {
		.principal = principal,
		.phase = MCPS_PHASE_ENDED,
		.until_ms = until_ms,
	};

	memcpy(tombstone.key, row->key, sizeof row->key);
	*row = tombstone;
}

static void end_sessions(struct row_model *model, mcps_store *store)
{
	for (int n = 7; n < NEW_SESSION; n++) {
		struct mcps_session_row *row = &model->sessions[n];

		must(store->ops->session_end(store, row->key, NOW_MS + n));
		make_tombstone(row, row->principal, NOW_MS + n);
	}
}

/* One caller had a tombstone that is forgotten. */
static void forget_tombstone(struct row_model *model, mcps_store *store)
{
	const uint8_t key[MCPS_SESSION_KEY_SIZE] = { 0, 0, 0, 0, 0, 9 };
	struct mcps_principal_row *row = &model->principals[2];
	size_t dropped;

	must(store->ops->session_tombstone(store, key, row->ref, NOW_MS));
	must(store->ops->tombstone_trim(store, row->ref, 0, &dropped));
	require(dropped == 1);
	row->tombstones_from_ms = 10;
}

static void make_states(struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_STATES; n++) {
		struct mcps_state_row *row = &model->states[n];

		*row = state_of(model, n);
		if (n >= NEW_STATE)
			continue;
		must(store->ops->state_put(store, row));
		row->version = 1;
	}
}

void row_model_make(struct row_model *model, mcps_store *store)
{
	*model = (struct row_model){ 0 };
	for (int i = 0; i < BYTES; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 256);
	must(store->ops->begin(store));
	must(store->ops->meta_put(store, "row-key", bytes, 32));
	make_principals(model, store);
	make_sessions(model, store);
	end_sessions(model, store);
	forget_tombstone(model, store);
	make_states(model, store);
	must(store->ops->commit(store));
}

/* ---- reading ---- */

static void require_failure(mcps_status status)
{
	require(status == MCPS_OK || status == MCPS_E_STORE ||
	        status == MCPS_E_CORRUPT || status == MCPS_E_NOMEM);
}

static mcps_status see_meta(void *arg, const void *value, size_t length)
{
	(void)arg;
	require(length == 32 && memcmp(value, bytes, 32) == 0);
	return MCPS_OK;
}

/* A row that is read, and the row that is expected. */
struct look {
	const struct row_model *model;
	int n;
};

/* The record of dropped tombstones is known, or counts as all of them; a record
 * that is lost counts as none, as a lost tombstone does. */
static bool is_forgotten(const struct row_model *model, int n, int64_t from_ms)
{
	const struct mcps_session_row *sessions = model->sessions;

	if (from_ms == model->principals[n].tombstones_from_ms ||
	    from_ms == 0 || from_ms == INT64_MAX)
		return true;
	return n == TRIMMED && model->is_trimmed &&
	       (from_ms == mcps__store_key_time(sessions[3].key) + 1 ||
	        from_ms == mcps__store_key_time(sessions[7].key) + 1);
}

/* live_sessions is no identity: it may be wrong. */
static bool is_principal(const struct mcps_principal_row *row,
                         const struct mcps_principal_row *expected)
{
	return row->ref == expected->ref && row->ref != 0 &&
	       row->not_before_ms == expected->not_before_ms &&
	       memcmp(row->digest, expected->digest, sizeof row->digest) == 0;
}

static mcps_status see_principal(void *arg,
                                 const struct mcps_principal_row *row)
{
	const struct look *look = arg;
	const struct row_model *model = look->model;

	require(is_principal(row, &model->principals[look->n]) ||
	        is_principal(row, &model->lost_principals[look->n]));
	require(is_forgotten(model, look->n, row->tombstones_from_ms));
	return MCPS_OK;
}

static bool is_session(const struct mcps_session_row *row,
                       const struct mcps_session_row *expected)
{
	return memcmp(row->key, expected->key, sizeof row->key) == 0 &&
	       row->phase == expected->phase && row->phase != 0 &&
	       row->ref == expected->ref &&
	       row->principal == expected->principal &&
	       row->version == expected->version &&
	       row->created_ms == expected->created_ms &&
	       row->seen_ms == expected->seen_ms &&
	       row->until_ms == expected->until_ms &&
	       row->revision == expected->revision &&
	       row->capabilities == expected->capabilities &&
	       row->incarnation == expected->incarnation &&
	       row->flags == expected->flags &&
	       memcmp(row->lists, expected->lists, sizeof row->lists) == 0 &&
	       row->data_length == expected->data_length &&
	       (row->data_length == 0 ||
	        memcmp(row->data, expected->data, row->data_length) == 0);
}

static bool is_either(const struct row_model *model, int n,
                      const struct mcps_session_row *row)
{
	return is_session(row, &model->sessions[n]) ||
	       is_session(row, &model->lost_sessions[n]);
}

/* Nothing of it is handed out but that it is there. */
static bool is_damaged(const struct mcps_session_row *row, const uint8_t *key)
{
	return memcmp(row->key, key, sizeof row->key) == 0 &&
	       row->phase == MCPS_PHASE_ENDED && row->principal == 0 &&
	       row->ref == 0 && row->seen_ms == 0 && row->created_ms == 0 &&
	       row->incarnation == 0 && row->data_length == 0;
}

static mcps_status see_session(void *arg, const struct mcps_session_row *row)
{
	const struct look *look = arg;

	require(is_either(look->model, look->n, row) ||
	        is_damaged(row, look->model->sessions[look->n].key));
	return MCPS_OK;
}

struct listing {
	const struct row_model *model;
	int64_t principal;
};

static mcps_status see_listed(void *arg, const struct mcps_session_row *row)
{
	const struct listing *listing = arg;

	require(row->phase == MCPS_PHASE_LIVE);
	require(row->principal == listing->principal);
	for (int n = 0; n < MODEL_SESSIONS; n++)
		if (is_either(listing->model, n, row))
			return MCPS_OK;
	abort();
}

static mcps_status see_state(void *arg, const struct mcps_state_row *row)
{
	const struct mcps_state_row *expected = arg;

	require(expected->version != 0);
	require(row->scope == expected->scope && row->owner == expected->owner);
	require(strcmp(row->key, expected->key) == 0);
	require(row->version == expected->version);
	require(row->expires_ms == expected->expires_ms);
	require(row->length == expected->length);
	require(row->length == 0 ||
	        memcmp(row->value, expected->value, row->length) == 0);
	return MCPS_OK;
}

static bool is_live_ref(const struct row_model *model, int64_t ref)
{
	for (int n = 0; n < MODEL_SESSIONS; n++)
		if (ref > 0 && (model->sessions[n].ref == ref ||
		                model->lost_sessions[n].ref == ref))
			return true;
	return false;
}

static void check_guards(const struct row_model *model, mcps_store *store)
{
	for (int64_t ref = -1; ref <= model->last_ref + 2; ref++) {
		mcps_status status = store->ops->session_guard(store, ref);

		if (status == MCPS_OK)
			require(is_live_ref(model, ref));
		else if (status != MCPS_E_GONE)
			require_failure(status);
	}
}

static void check_principals(const struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_PRINCIPALS; n++) {
		const struct mcps_principal_row *row = &model->principals[n];
		struct listing listing = { model, row->ref };
		struct look look = { model, n };

		require_failure(store->ops->principal_get(
			store, row->digest, see_principal, &look));
		require_failure(store->ops->session_list(store, row->ref,
		                                         see_listed, &listing));
	}
}

static void check_sessions(const struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_SESSIONS; n++) {
		struct look look = { model, n };

		require_failure(store->ops->session_load(
			store, model->sessions[n].key, see_session, &look));
	}
}

static void check_states(const struct row_model *model, mcps_store *store)
{
	for (int n = 0; n < MODEL_STATES; n++) {
		struct mcps_state_row row = model->states[n];
		uint64_t used;

		require_failure(store->ops->state_get(
			store, row.scope, row.owner, row.key, see_state, &row));
		require_failure(store->ops->state_usage(store, row.scope,
		                                        row.owner, &used));
	}
}

void row_model_check(const struct row_model *model, mcps_store *store)
{
	require_failure(store->ops->meta_get(store, "row-key", see_meta, NULL));
	check_principals(model, store);
	check_sessions(model, store);
	check_guards(model, store);
	check_states(model, store);
}

/* ---- writing: each changes the model as if it worked ---- */

static mcps_status write_intern(struct row_model *model, mcps_store *store,
                                int n)
{
	struct mcps_principal_row *row = &model->principals[n];
	int64_t ref;
	mcps_status status =
		store->ops->principal_intern(store, row->digest, &ref);

	if (status != MCPS_OK || ref == row->ref)
		return status;
	require(ref > model->last_principal);
	model->last_principal = ref;
	model->lost_principals[n] = *row;
	row->ref = ref;
	row->not_before_ms = 0;
	return MCPS_OK;
}

static mcps_status write_revoke(struct row_model *model, mcps_store *store,
                                int n)
{
	struct mcps_principal_row *row = &model->principals[n];

	row->not_before_ms = 700;
	return store->ops->principal_revoke(store, row->ref, 700);
}

static mcps_status write_insert(struct row_model *model, mcps_store *store,
                                int n)
{
	struct mcps_session_row row = session_of(model, n);
	mcps_status status = store->ops->session_insert(store, &row, &row.ref);

	if (status != MCPS_OK)
		return status;
	require(row.ref > model->last_ref);
	model->last_ref = row.ref;
	row.phase = MCPS_PHASE_LIVE;
	row.version = 1;
	model->lost_sessions[n] = model->sessions[n];
	model->sessions[n] = row;
	return MCPS_OK;
}

static mcps_status write_save(struct row_model *model, mcps_store *store, int n)
{
	struct mcps_session_row *row = &model->sessions[n];
	mcps_status status;

	row->flags = 3;
	row->data_length = 40;
	row->data = bytes + 7;
	status = store->ops->session_save(store, row);
	row->version++;
	return status;
}

static mcps_status write_touch(struct row_model *model, mcps_store *store,
                               int n)
{
	struct mcps_session_row *row = &model->sessions[n];

	row->seen_ms += 5000;
	return store->ops->session_touch(store, row->key, row->seen_ms);
}

static mcps_status write_end(struct row_model *model, mcps_store *store, int n)
{
	struct mcps_session_row *row = &model->sessions[n];
	mcps_status status =
		store->ops->session_end(store, row->key, NOW_MS * 2);

	make_tombstone(row, row->principal, NOW_MS * 2);
	return status;
}

static mcps_status write_tombstone(struct row_model *model, mcps_store *store,
                                   int n)
{
	struct mcps_session_row *row = &model->sessions[n];
	int64_t principal = model->principals[1].ref;
	mcps_status status = store->ops->session_tombstone(
		store, row->key, principal, NOW_MS * 3);

	make_tombstone(row, principal, NOW_MS * 3);
	return status;
}

static mcps_status write_remove(struct row_model *model, mcps_store *store,
                                int n)
{
	struct mcps_session_row *row = &model->sessions[n];
	mcps_status status = store->ops->session_remove(store, row->key);

	row->phase = 0;
	row->ref = 0;
	return status;
}

/* Its tombstones go, of sessions 3 and 7 at most, or some are missing. */
static mcps_status write_trim(struct row_model *model, mcps_store *store, int n)
{
	size_t dropped;

	model->is_trimmed = true;
	return store->ops->tombstone_trim(store, model->principals[n].ref, 0,
	                                  &dropped);
}

static mcps_status write_put(struct row_model *model, mcps_store *store, int n)
{
	struct mcps_state_row *row = &model->states[n];
	mcps_status status;

	row->value = bytes + 100;
	row->length = 77;
	status = store->ops->state_put(store, row);
	row->version++;
	return status;
}

/* A value that got lost is added again. */
static mcps_status write_add(struct row_model *model, mcps_store *store, int n)
{
	model->states[n].version = 0;
	return write_put(model, store, n);
}

static mcps_status write_delete(struct row_model *model, mcps_store *store,
                                int n)
{
	struct mcps_state_row *row = &model->states[n];
	uint64_t version = row->version;

	row->version = 0;
	return store->ops->state_delete(store, row->scope, row->owner, row->key,
	                                version);
}

/* Whatever it removes may be missing anyway. */
static mcps_status write_sweep(struct row_model *model, mcps_store *store,
                               int n)
{
	const struct mcps_sweep sweep = { .now_ms = NOW_MS + 8,
		                          .idle_before_ms = 50000,
		                          .limit = 100 };
	size_t removed;

	(void)model, (void)n;
	return store->ops->sweep(store, &sweep, &removed);
}

static const struct {
	mcps_status (*run)(struct row_model *model, mcps_store *store, int n);
	int n;
} writes[] = {
	{ write_intern, NEW_PRINCIPAL },
	{ write_intern, 0 },
	{ write_intern, 2 },
	{ write_revoke, 1 },
	{ write_insert, NEW_SESSION },
	{ write_insert, 0 },
	{ write_insert, 8 },
	{ write_save, 1 },
	{ write_touch, 2 },
	{ write_end, 3 },
	{ write_tombstone, NEW_SESSION + 1 },
	{ write_remove, 4 },
	{ write_put, 0 },
	{ write_add, NEW_STATE },
	{ write_delete, 1 },
	{ write_sweep, 0 },
	{ write_trim, TRIMMED },
};

/* One job as a batch runs it; false: its outcome is unknown. */
static bool write_one(struct row_model *model, mcps_store *store, size_t i)
{
	struct row_model wanted = *model;
	mcps_status status;

	if (store->ops->begin(store) != MCPS_OK)
		return true;
	status = store->ops->savepoint(store);
	if (status == MCPS_OK) {
		status = writes[i].run(&wanted, store, writes[i].n);
		if (status == MCPS_OK)
			status = store->ops->release(store);
		else if (store->ops->rollback_to(store) == MCPS_OK)
			return store->ops->commit(store) == MCPS_OK;
	}
	if (status != MCPS_OK) {
		store->ops->rollback(store);
		return true;
	}
	if (store->ops->commit(store) != MCPS_OK)
		return false;
	*model = wanted;
	return true;
}

bool row_model_write(struct row_model *model, mcps_store *store, unsigned which)
{
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
		if ((which >> i & 1) != 0 && !write_one(model, store, i))
			return false;
	return true;
}
