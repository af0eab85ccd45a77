#include "exchange/store_double.h"

#include "base/container.h"

#include <check.h>
#include <string.h>

static struct store_double *double_of(mcps_store *store)
{
	return container_of(store, struct store_double, base);
}

static mcps_store *inner_of(mcps_store *store)
{
	return double_of(store)->inner;
}

/* Count, wait at the gate, and say what is to be pretended. */
static mcps_status enter(mcps_store *store, enum store_op op)
{
	struct store_double *self = double_of(store);
	struct store_op_state *state = &self->ops[op];
	mcps_status status = MCPS_OK;

	pthread_mutex_lock(&self->lock);
	state->count++;
	state->waiting++;
	pthread_cond_broadcast(&self->changed);
	while (state->is_held)
		pthread_cond_wait(&self->changed, &self->lock);
	state->waiting--;
	if (state->failing > 0) {
		state->failing--;
		status = state->status;
	}
	pthread_mutex_unlock(&self->lock);
	return status;
}

/* A function that enters and passes on: its name, its parameters after the
 * store with a leading comma, and the same as arguments. */
#define PASS(name, parameters, arguments)                                    \
	static mcps_status double_##name(mcps_store *store parameters)       \
	{                                                                    \
		mcps_status status = enter(store, OP_##name);                \
		mcps_store *inner = inner_of(store);                         \
                                                                             \
		return status == MCPS_OK ? inner->ops->name(inner arguments) \
		                         : status;                           \
	}
#define WITH(...) , __VA_ARGS__

/* clang-format off */
PASS(begin, , )
PASS(savepoint, , )
PASS(release, , )
PASS(rollback_to, , )
PASS(meta_get, WITH(const char *name, mcps_meta_fn fn, void *arg),
     WITH(name, fn, arg))
PASS(meta_put, WITH(const char *name, const void *value, size_t length),
     WITH(name, value, length))
PASS(principal_get, WITH(const uint8_t *digest, mcps_principal_fn fn, void *arg),
     WITH(digest, fn, arg))
PASS(principal_intern, WITH(const uint8_t *digest, int64_t *ref),
     WITH(digest, ref))
PASS(principal_revoke, WITH(int64_t ref, int64_t not_before_ms),
     WITH(ref, not_before_ms))
PASS(session_load, WITH(const uint8_t *key, mcps_session_fn fn, void *arg),
     WITH(key, fn, arg))
PASS(session_insert, WITH(const struct mcps_session_row *row, int64_t *ref),
     WITH(row, ref))
PASS(session_save, WITH(const struct mcps_session_row *row), WITH(row))
PASS(session_touch, WITH(const uint8_t *key, int64_t seen_ms),
     WITH(key, seen_ms))
PASS(session_guard, WITH(int64_t ref), WITH(ref))
PASS(session_end, WITH(const uint8_t *key, int64_t until_ms),
     WITH(key, until_ms))
PASS(session_tombstone, WITH(const uint8_t *key, int64_t principal, int64_t until_ms),
     WITH(key, principal, until_ms))
PASS(session_remove, WITH(const uint8_t *key), WITH(key))
PASS(session_list, WITH(int64_t principal, mcps_session_fn fn, void *arg),
     WITH(principal, fn, arg))
PASS(sweep, WITH(const struct mcps_sweep *what, size_t *removed),
     WITH(what, removed))
PASS(state_get, WITH(enum mcps_state_owner scope, int64_t owner,
                     const char *key, mcps_state_fn fn, void *arg),
     WITH(scope, owner, key, fn, arg))
PASS(state_put, WITH(const struct mcps_state_row *row), WITH(row))
PASS(state_delete, WITH(enum mcps_state_owner scope, int64_t owner,
                        const char *key, uint64_t version),
     WITH(scope, owner, key, version))
PASS(state_usage, WITH(enum mcps_state_owner scope, int64_t owner,
                       uint64_t *bytes),
     WITH(scope, owner, bytes))
PASS(stream_insert, WITH(const struct mcps_stream_row *row, uint32_t most,
                         uint64_t *gone),
     WITH(row, most, gone))
PASS(stream_get, WITH(uint64_t id, mcps_stream_fn fn, void *arg),
     WITH(id, fn, arg))
PASS(stream_touch, WITH(uint64_t id, int64_t seen_ms), WITH(id, seen_ms))
PASS(event_append, WITH(uint64_t id, const struct mcps_event_row *rows,
                        size_t count, bool ends, uint64_t session_bytes,
                        uint64_t *seq),
     WITH(id, rows, count, ends, session_bytes, seq))
PASS(event_replay, WITH(uint64_t id, uint64_t after, mcps_event_fn fn,
                        void *arg),
     WITH(id, after, fn, arg))
PASS(tombstone_trim, WITH(int64_t principal, uint32_t most, size_t *dropped),
     WITH(principal, most, dropped))
/* clang-format on */

/* After a commit that failed the store is as after a rollback; whether it was
 * done, nobody knows. */
static mcps_status double_commit(mcps_store *store)
{
	struct store_double *self = double_of(store);
	mcps_status status = enter(store, OP_commit);

	if (status == MCPS_OK)
		return self->inner->ops->commit(self->inner);
	if (self->commits_all_the_same)
		ck_assert_int_eq(self->inner->ops->commit(self->inner),
		                 MCPS_OK);
	else
		self->inner->ops->rollback(self->inner);
	return status;
}

static void double_rollback(mcps_store *store)
{
	(void)enter(store, OP_rollback);
	inner_of(store)->ops->rollback(inner_of(store));
}

static void double_close(mcps_store *store)
{
	(void)store; /* what it looks through lives on */
}

static const struct mcps_store_ops double_ops = {
	.size = sizeof double_ops,
	.name = "double",
	.exclusive = true,
#define X(op) .op = double_##op,
	STORE_OPS(X)
#undef X
		.close = double_close,
};

void store_double_init(struct store_double *self, mcps_store *inner)
{
	memset(self, 0, sizeof *self);
	self->base.ops = &double_ops;
	self->inner = inner;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
}

void store_double_finish(struct store_double *self)
{
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
}

void store_double_fail(struct store_double *self, enum store_op op,
                       mcps_status status, unsigned times)
{
	pthread_mutex_lock(&self->lock);
	self->ops[op].status = status;
	self->ops[op].failing = times;
	pthread_mutex_unlock(&self->lock);
}

static void hold(struct store_double *self, enum store_op op, bool is_held)
{
	pthread_mutex_lock(&self->lock);
	self->ops[op].is_held = is_held;
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->lock);
}

void store_double_hold(struct store_double *self, enum store_op op)
{
	hold(self, op, true);
}

void store_double_release(struct store_double *self, enum store_op op)
{
	hold(self, op, false);
}

void store_double_await(struct store_double *self, enum store_op op)
{
	pthread_mutex_lock(&self->lock);
	while (self->ops[op].waiting == 0)
		pthread_cond_wait(&self->changed, &self->lock);
	pthread_mutex_unlock(&self->lock);
}

unsigned store_double_count(struct store_double *self, enum store_op op)
{
	unsigned count;

	pthread_mutex_lock(&self->lock);
	count = self->ops[op].count;
	pthread_mutex_unlock(&self->lock);
	return count;
}

unsigned store_double_total(struct store_double *self)
{
	unsigned total = 0;

	pthread_mutex_lock(&self->lock);
	for (int op = 0; op < OP_COUNT; op++)
		total += self->ops[op].count;
	pthread_mutex_unlock(&self->lock);
	return total;
}
