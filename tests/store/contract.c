/* The runner of the contract suite, and what its tests share. */
#include "contract.h"

#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

mcps_store *store;
static const struct contract_backend *current;

void contract_open(void)
{
	store = current->open();
}

void contract_close(void)
{
	mcps_store_close(store);
	if (current->clean != NULL)
		current->clean();
}

static void add_cases(void)
{
	contract_transaction_case();
	contract_principal_case();
	contract_clock_case();
	contract_session_case();
	contract_tombstone_case();
	contract_trim_case();
	contract_state_case();
	contract_sweep_case();
	contract_stream_case();
	contract_stream_end_case();
	contract_event_case();
}

int contract_run(const struct contract_backend *backend)
{
	current = backend;
	return test_main(backend->name, add_cases);
}

/* ---- writing ---------------------------------------------------------- */

void begin(void)
{
	ok(store->ops->begin(store));
}

void commit(void)
{
	ok(store->ops->commit(store));
}

/* Little endian on every machine: some tests name rows in SQL. */
static void put_number(uint8_t *bytes, unsigned n)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(n >> 8 * i);
}

const uint8_t *key(unsigned n)
{
	static uint8_t bytes[MCPS_SESSION_KEY_SIZE];

	memset(bytes, 0xa5, sizeof bytes);
	put_number(bytes + 8, n);
	return bytes;
}

static unsigned key_number(const uint8_t *bytes)
{
	unsigned n = 0;

	for (int i = 4; i-- > 0;)
		n = n << 8 | bytes[8 + i];
	return n;
}

const uint8_t *digest(unsigned n)
{
	static uint8_t bytes[MCPS_PRINCIPAL_DIGEST_SIZE];

	memset(bytes, 0x3c, sizeof bytes);
	put_number(bytes, n);
	return bytes;
}

int64_t intern(unsigned n)
{
	int64_t ref = -1;

	begin();
	ok(store->ops->principal_intern(store, digest(n), &ref));
	commit();
	return ref;
}

struct mcps_session_row make_row(unsigned n, int64_t principal, int64_t seen_ms)
{
	struct mcps_session_row row = {
		.principal = principal,
		.phase = MCPS_PHASE_LIVE,
		.created_ms = seen_ms - 1,
		.seen_ms = seen_ms,
		.revision = 20251125,
		.capabilities = 0xfffffff1,
		.incarnation = 0xfedcba9876543210u,
		.flags = 0x80000002,
		.lists = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.data = "some data",
		.data_length = 9,
	};

	memcpy(row.key, key(n), sizeof row.key);
	return row;
}

int64_t insert(unsigned n, int64_t principal, int64_t seen_ms)
{
	struct mcps_session_row row = make_row(n, principal, seen_ms);
	int64_t ref = -1;

	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	return ref;
}

void end(unsigned n, int64_t until_ms)
{
	begin();
	ok(store->ops->session_end(store, key(n), until_ms));
	commit();
}

size_t sweep(struct mcps_sweep how)
{
	size_t removed = 4711;

	if (how.limit == 0)
		how.limit = 100;
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	commit();
	return removed;
}

void put_state(enum mcps_state_owner scope, int64_t owner, const char *name,
               const char *value, int64_t expires_ms)
{
	const struct mcps_state_row row = {
		.scope = scope,
		.owner = owner,
		.key = name,
		.value = value,
		.length = strlen(value),
		.expires_ms = expires_ms,
	};

	begin();
	ok(store->ops->state_put(store, &row));
	commit();
}

mcps_status open_stream(uint64_t id, int64_t session, int64_t opened_ms)
{
	const struct mcps_stream_row row = {
		.id = id,
		.session = session,
		.opened_ms = opened_ms,
		.seen_ms = -1,
		.first = 9,
		.last = 9,
		.is_ended = true,
		.request = "\"a\"",
		.request_length = 3,
	};
	uint64_t gone = 4711;
	mcps_status status;

	begin();
	status = store->ops->stream_insert(store, &row, 1, &gone);
	commit();
	ck_assert_uint_eq(gone, 0); /* it answers a request */
	return status;
}

uint64_t listen_to(uint64_t id, int64_t session, uint32_t most)
{
	const struct mcps_stream_row row = { .id = id, .session = session };
	uint64_t gone = 4711;

	begin();
	ok(store->ops->stream_insert(store, &row, most, &gone));
	commit();
	return gone;
}

mcps_status append(uint64_t stream, const char *data, int64_t at_ms, bool ends,
                   uint64_t session_bytes)
{
	const struct mcps_event_row row = {
		.seq = 4711,
		.at_ms = at_ms,
		.data = data,
		.length = strlen(data),
	};
	uint64_t seq;
	mcps_status status;

	begin();
	status = store->ops->event_append(store, stream, &row, 1, ends,
	                                  session_bytes, &seq);
	commit();
	ck_assert((seq != 0) == (status == MCPS_OK));
	return status;
}

uint64_t event(uint64_t stream, const char *data, int64_t at_ms)
{
	ok(append(stream, data, at_ms, false, 0));
	return get_stream(stream)->stream.last;
}

/* ---- reading ---------------------------------------------------------- */

static void see_bytes(struct seen *seen, const void *bytes, size_t length)
{
	ck_assert_uint_le(length, sizeof seen->bytes);
	if (length != 0)
		memcpy(seen->bytes, bytes, length);
	seen->length = length;
}

static mcps_status seen_answer(struct seen *seen)
{
	return ++seen->calls == seen->stop_after ? STATUS_STOP : MCPS_OK;
}

mcps_status see_meta(void *arg, const void *value, size_t length)
{
	see_bytes(arg, value, length);
	return seen_answer(arg);
}

mcps_status see_principal(void *arg, const struct mcps_principal_row *row)
{
	struct seen *seen = arg;

	seen->principal = *row;
	return seen_answer(seen);
}

mcps_status see_session(void *arg, const struct mcps_session_row *row)
{
	struct seen *seen = arg;

	seen->session = *row;
	see_bytes(seen, row->data, row->data_length);
	seen->order[seen->calls] = key_number(row->key);
	return seen_answer(seen);
}

mcps_status see_state(void *arg, const struct mcps_state_row *row)
{
	struct seen *seen = arg;

	seen->state = *row;
	ck_assert_uint_lt(strlen(row->key), sizeof seen->name);
	memcpy(seen->name, row->key, strlen(row->key) + 1);
	see_bytes(seen, row->value, row->length);
	return seen_answer(seen);
}

mcps_status see_stream(void *arg, const struct mcps_stream_row *row)
{
	struct seen *seen = arg;

	seen->stream = *row;
	ck_assert_uint_lt(row->request_length, sizeof seen->name);
	if (row->request_length != 0)
		memcpy(seen->name, row->request, row->request_length);
	seen->name[row->request_length] = '\0';
	seen->has_ended_key = row->ended_key != NULL;
	if (seen->has_ended_key)
		memcpy(seen->ended_key, row->ended_key, sizeof seen->ended_key);
	return seen_answer(seen);
}

mcps_status see_event(void *arg, const struct mcps_event_row *row)
{
	struct seen *seen = arg;
	size_t length = strlen(seen->events);

	seen->event = *row;
	see_bytes(seen, row->data, row->length);
	snprintf(seen->events + length, sizeof seen->events - length,
	         "%" PRIu64 ":%.*s ", row->seq, (int)row->length,
	         row->length != 0 ? (const char *)row->data : "");
	return seen_answer(seen);
}

static struct seen *seen_fresh(void)
{
	static struct seen seen;

	memset(&seen, 0, sizeof seen);
	return &seen;
}

const struct seen *load(unsigned n)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->session_load(store, key(n), see_session, seen));
	return seen;
}

const struct seen *look_up(unsigned n)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->principal_get(store, digest(n), see_principal, seen));
	return seen;
}

const struct seen *get_state(enum mcps_state_owner scope, int64_t owner,
                             const char *name)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->state_get(store, scope, owner, name, see_state, seen));
	return seen;
}

const struct seen *list(int64_t principal)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->session_list(store, principal, see_session, seen));
	return seen;
}

const struct seen *get_stream(uint64_t id)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->stream_get(store, id, see_stream, seen));
	return seen;
}

const char *replay(uint64_t stream, uint64_t after)
{
	struct seen *seen = seen_fresh();

	ok(store->ops->event_replay(store, stream, after, see_event, seen));
	return seen->events;
}

int64_t live_sessions(unsigned n)
{
	return look_up(n)->principal.live_sessions;
}

bool is_live(unsigned n)
{
	const struct seen *seen = load(n);

	return seen->calls == 1 && seen->session.phase == MCPS_PHASE_LIVE;
}

bool is_ended(unsigned n)
{
	const struct seen *seen = load(n);

	return seen->calls == 1 && seen->session.phase == MCPS_PHASE_ENDED;
}

bool is_absent(unsigned n)
{
	return load(n)->calls == 0;
}
