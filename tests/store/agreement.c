#include "agreement.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	KEYS = 12,
	OWNERS = 3,
	NAMES = 3,
	STREAMS = 6,
	TIMES = 50,
	TEXT_SIZE = 64 * 1024
};

/* The kinds of operations; those without a name are of sessions. */
enum { KIND_STREAM_INSERT = 16, KIND_STREAM_TOUCH = 18, KIND_EVENT = 19 };
enum { KIND_TRIM = 26 };
enum { KINDS = 28 };

/* One operation, drawn before either store sees it. */
struct draw {
	unsigned kind;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE];
	const char *name;
	uint64_t stream;
	int64_t owner;
	int64_t time_ms;
	uint64_t version;
	uint32_t limit;
};

static uint32_t draw_number(unsigned *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static struct draw draw_next(unsigned *seed)
{
	static const char *const names[NAMES] = { "a", "b", "c" };
	struct draw draw = { 0 };

	draw.kind = draw_number(seed, KINDS);
	draw.key[8] = (uint8_t)draw_number(seed, KEYS);
	draw.key[5] = draw.key[8]; /* its time; the first has none */
	draw.digest[0] = (uint8_t)draw_number(seed, OWNERS);
	draw.name = names[draw_number(seed, NAMES)];
	draw.stream = 1 + draw_number(seed, STREAMS);
	draw.owner = 1 + draw_number(seed, 10) % (OWNERS + 1);
	draw.time_ms = draw_number(seed, TIMES);
	draw.version = draw_number(seed, 6) % 4;
	draw.limit = draw_number(seed, 4);
	return draw;
}

static struct mcps_session_row draw_row(const struct draw *draw)
{
	struct mcps_session_row row = {
		.principal = draw->owner,
		.version = draw->version,
		.created_ms = draw->time_ms / 2,
		.seen_ms = draw->time_ms,
		.flags = draw->limit,
		.data = draw->name,
		.data_length = draw->limit % 2,
	};

	memcpy(row.key, draw->key, sizeof row.key);
	return row;
}

static mcps_status do_session(mcps_store *store, const struct draw *draw,
                              int64_t *number)
{
	const struct mcps_store_ops *ops = store->ops;
	struct mcps_session_row row = draw_row(draw);

	switch (draw->kind) {
	case 0:
	case 1:
		return ops->session_insert(store, &row, number);
	case 2:
		return ops->session_save(store, &row);
	case 3:
		return ops->session_touch(store, draw->key, draw->time_ms);
	case 4:
		return ops->session_guard(store, draw->time_ms);
	case 5:
		return ops->session_end(store, draw->key, draw->time_ms / 4);
	case 6:
		return ops->session_tombstone(store, draw->key, draw->owner,
		                              draw->time_ms / 4);
	case 7:
		return ops->session_save(store, &row);
	default:
		return ops->session_remove(store, draw->key);
	}
}

static mcps_status do_sweep(mcps_store *store, const struct draw *draw,
                            int64_t *number)
{
	const struct mcps_sweep sweep = {
		.now_ms = draw->time_ms,
		.idle_before_ms = draw->time_ms / 4,
		.aged_before_ms = draw->time_ms / 8,
		.tombstone_until_ms = draw->time_ms / 2,
		.events_before_ms = draw->time_ms / 2,
		.streams_before_ms = draw->time_ms / 3,
		.limit = draw->limit + 1000, /* ties have no order */
		.max_tombstones = draw->limit,
	};
	size_t removed = 0;
	mcps_status status = store->ops->sweep(store, &sweep, &removed);

	*number = (int64_t)removed;
	return status;
}

static mcps_status do_state(mcps_store *store, const struct draw *draw)
{
	const struct mcps_state_row row = {
		.scope = 1 + draw->limit % 2,
		.owner = draw->owner,
		.key = draw->name,
		.value = draw->name,
		.length = draw->limit % 2,
		.version = draw->version,
		.expires_ms = draw->limit == 3 ? draw->time_ms : 0,
	};

	if (draw->kind == 8)
		return store->ops->state_delete(store, row.scope, row.owner,
		                                row.key, row.version);
	return store->ops->state_put(store, &row);
}

static mcps_status take_ref(void *arg, const struct mcps_session_row *row)
{
	*(int64_t *)arg = row->ref;
	return MCPS_OK;
}

/* Of the session of the key, which may be missing or ended. */
static mcps_status do_stream_insert(mcps_store *store, const struct draw *draw,
                                    int64_t *number)
{
	struct mcps_stream_row row = {
		.id = draw->stream,
		.opened_ms = draw->time_ms,
		.request = draw->name,
		.request_length = draw->limit % 2,
	};
	mcps_status status;
	uint64_t gone;

	store->ops->session_load(store, draw->key, take_ref, &row.session);
	status = store->ops->stream_insert(store, &row, draw->limit / 2, &gone);
	*number = (int64_t)gone;
	return status;
}

static mcps_status do_event(mcps_store *store, const struct draw *draw,
                            int64_t *number)
{
	const struct mcps_event_row row = {
		.at_ms = draw->time_ms,
		.data = "datum",
		.length = (size_t)draw->version,
	};
	const struct mcps_event_row rows[] = { row, row, row };
	uint64_t seq;
	mcps_status status = store->ops->event_append(
		store, draw->stream, rows, 1 + (size_t)draw->time_ms % 3,
		draw->time_ms % 16 == 0, draw->limit * MCPS_EVENT_LEAST, &seq);

	*number = (int64_t)seq;
	return status;
}

static mcps_status do_stream(mcps_store *store, const struct draw *draw,
                             int64_t *number)
{
	if (draw->kind < KIND_STREAM_TOUCH)
		return do_stream_insert(store, draw, number);
	if (draw->kind < KIND_EVENT)
		return store->ops->stream_touch(store, draw->stream,
		                                draw->time_ms);
	return do_event(store, draw, number);
}

static mcps_status do_trim(mcps_store *store, const struct draw *draw,
                           int64_t *number)
{
	size_t dropped;
	mcps_status status = store->ops->tombstone_trim(store, draw->owner,
	                                                draw->limit, &dropped);

	*number = (int64_t)dropped;
	return status;
}

static mcps_status do_draw(mcps_store *store, const struct draw *draw,
                           int64_t *number)
{
	*number = 0;
	if (draw->kind >= KIND_TRIM)
		return do_trim(store, draw, number);
	if (draw->kind >= KIND_STREAM_INSERT)
		return do_stream(store, draw, number);
	switch (draw->kind) {
	case 8:
	case 9:
	case 10:
		return do_state(store, draw);
	case 11:
		return do_sweep(store, draw, number);
	case 12:
		return store->ops->principal_intern(store, draw->digest,
		                                    number);
	case 13:
		return store->ops->principal_revoke(store, draw->owner,
		                                    draw->time_ms);
	case 14:
		return store->ops->meta_put(store, draw->name, draw->key,
		                            draw->limit);
	default:
		return do_session(store, draw, number);
	}
}

/* ---- all that a store holds, as text ---------------------------------- */

struct text {
	char bytes[TEXT_SIZE];
	size_t length;
};

#define ADD(text, ...)                                    \
	((text)->length +=                                \
	 (size_t)snprintf((text)->bytes + (text)->length, \
	                  TEXT_SIZE - (text)->length, __VA_ARGS__))

static mcps_status add_meta(void *arg, const void *value, size_t length)
{
	ADD((struct text *)arg, "meta %zu %02x\n", length,
	    length > 8 ? ((const uint8_t *)value)[8] : 0);
	return MCPS_OK;
}

static mcps_status add_principal(void *arg,
                                 const struct mcps_principal_row *row)
{
	ADD((struct text *)arg,
	    "principal %" PRId64 " %02x not_before %" PRId64 " live %" PRId64
	    " tombstones from %" PRId64 "\n",
	    row->ref, row->digest[0], row->not_before_ms, row->live_sessions,
	    row->tombstones_from_ms);
	return MCPS_OK;
}

static mcps_status add_session(void *arg, const struct mcps_session_row *row)
{
	ADD((struct text *)arg,
	    "session %02x ref %" PRId64 " of %" PRId64 " phase %d version "
	    "%" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " flags %u %zu\n",
	    row->key[8], row->ref, row->principal, (int)row->phase,
	    row->version, row->created_ms, row->seen_ms, row->until_ms,
	    row->flags, row->data_length);
	return MCPS_OK;
}

static mcps_status add_state(void *arg, const struct mcps_state_row *row)
{
	ADD((struct text *)arg,
	    "state %d %" PRId64 " %s version %" PRIu64 " expires %" PRId64
	    " %zu\n",
	    (int)row->scope, row->owner, row->key, row->version,
	    row->expires_ms, row->length);
	return MCPS_OK;
}

static void add_states(struct text *text, mcps_store *store, int64_t owner)
{
	const char *const names[NAMES] = { "a", "b", "c" };

	for (int scope = 1; scope <= 2; scope++) {
		enum mcps_state_owner of = (enum mcps_state_owner)scope;
		uint64_t bytes = 0;

		for (unsigned n = 0; n < NAMES; n++)
			store->ops->state_get(store, of, owner, names[n],
			                      add_state, text);
		store->ops->state_usage(store, of, owner, &bytes);
		ADD(text, "usage %d %" PRId64 " %" PRIu64 "\n", scope, owner,
		    bytes);
	}
}

static mcps_status add_stream(void *arg, const struct mcps_stream_row *row)
{
	ADD((struct text *)arg,
	    "stream %" PRIu64 " of %" PRId64 " %" PRId64 " %" PRId64
	    " from %" PRIu64 " to %" PRIu64 " ended %d request %.*s\n",
	    row->id, row->session, row->opened_ms, row->seen_ms, row->first,
	    row->last, row->is_ended, (int)row->request_length, row->request);
	return MCPS_OK;
}

static mcps_status add_event(void *arg, const struct mcps_event_row *row)
{
	ADD((struct text *)arg, "event %" PRIu64 " %" PRId64 " %.*s\n",
	    row->seq, row->at_ms, (int)row->length, (const char *)row->data);
	return MCPS_OK;
}

static const char *all_of(mcps_store *store, struct text *text)
{
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE] = { 0 };
	uint8_t key[MCPS_SESSION_KEY_SIZE] = { 0 };

	text->length = 0;
	store->ops->meta_get(store, "a", add_meta, text);
	store->ops->meta_get(store, "b", add_meta, text);
	for (digest[0] = 0; digest[0] < OWNERS; digest[0]++)
		store->ops->principal_get(store, digest, add_principal, text);
	for (key[8] = 0; key[8] < KEYS; key[8]++) {
		key[5] = key[8];
		store->ops->session_load(store, key, add_session, text);
	}
	for (int64_t owner = 1; owner <= OWNERS + 1; owner++)
		add_states(text, store, owner);
	for (uint64_t id = 1; id <= STREAMS; id++) {
		store->ops->stream_get(store, id, add_stream, text);
		ck_assert_int_eq(
			store->ops->event_replay(store, id, 0, add_event, text),
			MCPS_OK);
	}
	return text->bytes;
}

/* ---- both ------------------------------------------------------------- */

/* A job in a savepoint of its own; kept if it worked. */
static void do_job(mcps_store *one, mcps_store *other, unsigned *seed)
{
	struct draw draw = draw_next(seed);
	int64_t first;
	int64_t second;
	mcps_status status;

	ck_assert_int_eq(one->ops->savepoint(one), MCPS_OK);
	ck_assert_int_eq(other->ops->savepoint(other), MCPS_OK);
	status = do_draw(one, &draw, &first);
	ck_assert_int_eq(status, do_draw(other, &draw, &second));
	ck_assert_int_eq(first, second);
	if (status == MCPS_OK && draw_number(seed, 5) != 0) {
		ck_assert_int_eq(one->ops->release(one), MCPS_OK);
		ck_assert_int_eq(other->ops->release(other), MCPS_OK);
	} else {
		ck_assert_int_eq(one->ops->rollback_to(one), MCPS_OK);
		ck_assert_int_eq(other->ops->rollback_to(other), MCPS_OK);
	}
}

static void do_transaction(mcps_store *one, mcps_store *other, unsigned *seed)
{
	ck_assert_int_eq(one->ops->begin(one), MCPS_OK);
	ck_assert_int_eq(other->ops->begin(other), MCPS_OK);
	for (unsigned jobs = draw_number(seed, 8); jobs > 0; jobs--)
		do_job(one, other, seed);
	if (draw_number(seed, 5) != 0) {
		ck_assert_int_eq(one->ops->commit(one), MCPS_OK);
		ck_assert_int_eq(other->ops->commit(other), MCPS_OK);
	} else {
		one->ops->rollback(one);
		other->ops->rollback(other);
	}
}

void agreement_check(mcps_store *one, mcps_store *other, unsigned seed,
                     unsigned steps)
{
	static struct text first;
	static struct text second;

	for (unsigned step = 0; step < steps; step++) {
		do_transaction(one, other, &seed);
		ck_assert_str_eq(all_of(one, &first), all_of(other, &second));
		ck_assert_uint_lt(first.length, TEXT_SIZE - 1);
	}
}
