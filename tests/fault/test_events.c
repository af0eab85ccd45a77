/* Streams and their events when the disk fails or the power goes: what was
 * committed is there, in order and byte for byte; what was not is there as a
 * whole or not at all; of a session that ended nothing comes back, and what is
 * kept of it, the streams of its calls, is not lost. */
#include "fault/ledger.h"
#include "fault/vfs_shim.h"
#include "store/directory.h"
#include "suite.h"

#include <inttypes.h>
#include <mcps/sys/store.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum {
	SESSIONS = 3,
	STREAMS = 6,
	STEPS = 50,
	FEW_STEPS = 30, /* when each of them is tried with each failure */
	CUTS = 200,     /* changes until the power fails, at most */
	SHORT = 200,
	SEEDS_PER_TEST = 20,
	MOST = 2000,
	STRIDE = 7,
};

/* The state that is certain, and the state that is possible: a transaction that
 * failed may have been committed. */
struct known_stream {
	uint64_t last;       /* events that were acknowledged */
	uint64_t maybe_last; /* ... or so many */
	bool is_open;
	bool maybe_open;
};

struct known_owner {
	int64_t ref;
	bool is_live; /* else it ended, or perhaps */
	bool has_ended;
};

static mcps_store *store;
static struct known_stream streams[STREAMS];
static struct known_owner owners[SESSIONS];
static uint64_t seed;
static unsigned appended; /* committed events, of all lives */
static unsigned ended;    /* sessions that had streams, of all lives */

static unsigned dice(unsigned sides)
{
	return vfs_shim_random(&seed) % sides;
}

static unsigned owner_of(unsigned stream)
{
	return stream % SESSIONS;
}

/* Each session has one of a call, and one of none. */
static bool is_call(unsigned stream)
{
	return stream < SESSIONS;
}

static uint64_t id_of(unsigned stream)
{
	return 0xfeedfacecafe0000u + stream;
}

static const uint8_t *key_of(unsigned owner)
{
	static uint8_t key[MCPS_SESSION_KEY_SIZE];

	key[0] = (uint8_t)owner;
	return key;
}

/* The data of an event follow from its place; some are longer than a page. */
static size_t data_make(char *data, size_t size, unsigned stream, uint64_t seq)
{
	size_t length = (size_t)(seq * 37 + stream) % 700;

	if (seq % 16 == 5)
		length = size;
	for (size_t i = 0; i < length; i++)
		data[i] = (char)('a' + (i + stream + seq) % 26);
	return length;
}

/* ---- what is done ----------------------------------------------------- */

static bool open_store(void)
{
	return mcps_store_open(&store, url_in_directory("test.db"),
	                       &ledger_store_options, NULL) == MCPS_OK;
}

/* A transaction that failed leaves the store to be opened again. */
static bool finish(mcps_status status)
{
	if (status == MCPS_OK)
		status = store->ops->commit(store);
	else
		store->ops->rollback(store);
	if (status != MCPS_OK)
		(void)store->ops->reopen(store);
	return status == MCPS_OK;
}

static bool begin_session(unsigned owner)
{
	struct mcps_session_row row = { .created_ms = 1000, .seen_ms = 1000 };
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE] = { 7 };
	mcps_status status = store->ops->begin(store);

	memcpy(row.key, key_of(owner), sizeof row.key);
	if (status == MCPS_OK)
		status = store->ops->principal_intern(store, digest,
		                                      &row.principal);
	if (status == MCPS_OK)
		status = store->ops->session_insert(store, &row,
		                                    &owners[owner].ref);
	return owners[owner].is_live = finish(status);
}

static void open_stream(unsigned stream)
{
	struct known_stream *known = &streams[stream];
	const struct mcps_stream_row row = {
		.id = id_of(stream),
		.session = owners[owner_of(stream)].ref,
		.opened_ms = 1000,
		.request = "1",
		.request_length = is_call(stream),
	};
	uint64_t gone;
	mcps_status status = store->ops->begin(store);

	if (status == MCPS_OK)
		status = store->ops->stream_insert(store, &row, 0, &gone);
	known->maybe_open = true;
	known->is_open = finish(status);
}

static mcps_status append(unsigned stream, uint64_t expected)
{
	static char data[9000];
	const struct mcps_event_row row = {
		.at_ms = 1000 + (int64_t)expected,
		.data = data,
		.length = data_make(data, sizeof data, stream, expected),
	};
	uint64_t seq = 0;
	mcps_status status = store->ops->event_append(store, id_of(stream),
	                                              &row, 1, false, 0, &seq);

	if (status == MCPS_OK)
		ck_assert_uint_eq(seq, expected);
	return status;
}

/* Several events in one transaction. */
static void append_some(unsigned stream)
{
	struct known_stream *known = &streams[stream];
	unsigned count = 1 + dice(4);
	uint64_t last = known->last;
	mcps_status status = store->ops->begin(store);

	for (unsigned i = 0; i < count && status == MCPS_OK; i++)
		status = append(stream, ++last);
	known->maybe_last = last;
	if (!finish(status))
		return;
	known->last = last;
	appended += count;
}

static void end_session(unsigned owner)
{
	mcps_status status = store->ops->begin(store);

	if (status == MCPS_OK)
		status = store->ops->session_end(store, key_of(owner), 99999);
	owners[owner].is_live = false;
	owners[owner].has_ended = finish(status);
	if (owners[owner].has_ended &&
	    (streams[owner].is_open || streams[owner + SESSIONS].is_open))
		ended++;
}

/* Only what is certain goes on: after a failure nobody knows what comes next.
 */
static bool goes_on(unsigned stream)
{
	const struct known_stream *known = &streams[stream];

	return (owners[owner_of(stream)].is_live ||
	        (owners[owner_of(stream)].has_ended && is_call(stream) &&
	         known->is_open)) &&
	       known->is_open == known->maybe_open &&
	       known->last == known->maybe_last;
}

static void step(void)
{
	unsigned stream = dice(STREAMS);

	if (dice(8) == 0) {
		if (owners[owner_of(stream)].is_live)
			end_session(owner_of(stream));
	} else if (goes_on(stream)) {
		if (streams[stream].is_open)
			append_some(stream);
		else
			open_stream(stream);
	}
	if (dice(8) == 0)
		store->ops->idle(store);
}

/* test_power_loss.c tests the making of a store. */
static void set_up(bool on_power)
{
	memset(streams, 0, sizeof streams);
	memset(owners, 0, sizeof owners);
	directory_make();
	vfs_shim_install();
	if (on_power)
		vfs_shim_power_on();
	ck_assert(open_store());
	for (unsigned owner = 0; owner < SESSIONS; owner++)
		ck_assert(begin_session(owner));
}

static void live(unsigned steps)
{
	for (unsigned i = 0; i < steps && !vfs_shim_is_cut(); i++)
		step();
}

/* ---- the truth -------------------------------------------------------- */

struct check {
	unsigned stream;
	uint64_t count;
	uint64_t last;
	bool found;
};

static mcps_status check_event(void *arg, const struct mcps_event_row *row)
{
	static char data[9000];
	struct check *check = arg;
	size_t length = data_make(data, sizeof data, check->stream, row->seq);

	ck_assert_uint_eq(row->seq, ++check->count);
	ck_assert_int_eq(row->at_ms, 1000 + (int64_t)row->seq);
	ck_assert_uint_eq(row->length, length);
	if (length != 0)
		ck_assert_mem_eq(row->data, data, length);
	return MCPS_OK;
}

/* It says whether its session lives. */
static void check_owner(const struct known_owner *owner,
                        const struct mcps_stream_row *row, const uint8_t *key)
{
	ck_assert_int_eq(row->session, owner->ref);
	if (owner->is_live)
		ck_assert_ptr_null(row->ended_key);
	if (!owner->has_ended)
		return;
	ck_assert_ptr_nonnull(row->ended_key);
	ck_assert_mem_eq(row->ended_key, key, MCPS_SESSION_KEY_SIZE);
}

static mcps_status check_row(void *arg, const struct mcps_stream_row *row)
{
	struct check *check = arg;

	check->found = true;
	check->last = row->last;
	ck_assert_uint_eq(row->first, 1);
	check_owner(&owners[owner_of(check->stream)], row,
	            key_of(owner_of(check->stream)));
	return MCPS_OK;
}

static void check_stream(unsigned stream)
{
	const struct known_owner *owner = &owners[owner_of(stream)];
	struct known_stream *known = &streams[stream];
	struct check check = { .stream = stream };

	ck_assert_int_eq(
		store->ops->stream_get(store, id_of(stream), check_row, &check),
		MCPS_OK);
	ck_assert_int_eq(store->ops->event_replay(store, id_of(stream), 0,
	                                          check_event, &check),
	                 MCPS_OK);
	if (owner->has_ended && !is_call(stream))
		ck_assert_msg(!check.found, "a stream came back");
	if (known->is_open &&
	    (owner->is_live || (owner->has_ended && is_call(stream))))
		ck_assert_msg(check.found, "a stream was lost");
	if (!check.found) {
		ck_assert_uint_eq(check.count, 0);
		return;
	}
	ck_assert(known->maybe_open);
	ck_assert_uint_eq(check.count, check.last);
	ck_assert_msg(check.last == known->last ||
	                      check.last == known->maybe_last,
	              "%" PRIu64 " events, not %" PRIu64 " or %" PRIu64,
	              check.last, known->last, known->maybe_last);
}

static mcps_status check_live(void *arg, const struct mcps_session_row *row)
{
	*(bool *)arg = row->phase == MCPS_PHASE_LIVE;
	return MCPS_OK;
}

/* A session that may have ended is either live or ended. */
static void check_all(void)
{
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct known_owner *owner = &owners[i];
		bool live = false;

		ck_assert_int_eq(store->ops->session_load(store, key_of(i),
		                                          check_live, &live),
		                 MCPS_OK);
		ck_assert(live || !owner->is_live);
		ck_assert(!live || !owner->has_ended);
		owner->is_live = live;
		owner->has_ended = !live;
	}
	for (unsigned stream = 0; stream < STREAMS; stream++)
		check_stream(stream);
}

/* And it goes on where it was. */
static void check_goes_on(void)
{
	for (unsigned stream = 0; stream < STREAMS; stream++) {
		struct known_stream *known = &streams[stream];
		struct check check = { .stream = stream };

		store->ops->stream_get(store, id_of(stream), check_row, &check);
		if (!check.found)
			continue;
		known->last = check.last;
		append_some(stream);
		ck_assert_uint_eq(known->last, known->maybe_last);
	}
	check_all();
}

static void recover(void)
{
	ck_assert(open_store());
	check_all();
	check_goes_on();
	mcps_store_close(store);
	ledger_check_file();
}

/* ---- the power fails -------------------------------------------------- */

static void lose_power(uint64_t which)
{
	seed = which;
	set_up(true);
	vfs_shim_cut_at(1 + dice(CUTS));
	live(STEPS);
	mcps_store_close(store);
	vfs_shim_survive(which);
	recover();
	vfs_shim_remove();
	directory_remove();
}

START_TEST(no_committed_event_is_lost_with_the_power)
{
	uint64_t first = fault_number("MCPS_FAULT_SEED", 1);

	for (unsigned i = 0; i < SEEDS_PER_TEST; i++)
		lose_power(first + (unsigned)_i * SEEDS_PER_TEST + i);
	ck_assert_uint_gt(appended, 20);
	ck_assert_uint_gt(ended, 0);
}
END_TEST

/* ---- the disk fails --------------------------------------------------- */

static const struct fault {
	enum vfs_op op;
	int code;
	bool for_ever;
} faults[] = {
	{ VFS_WRITE, SQLITE_IOERR_WRITE, false },
	{ VFS_WRITE, SQLITE_IOERR_WRITE, true },
	{ VFS_WRITE, SQLITE_FULL, false },
	{ VFS_WRITE, SQLITE_FULL, true },
	{ VFS_SYNC, SQLITE_IOERR_FSYNC, false },
	{ VFS_SYNC, SQLITE_IOERR_FSYNC, true },
	{ VFS_READ, SQLITE_IOERR_READ, false },
	{ VFS_READ, SQLITE_IOERR_READ, true },
};
enum { FAULT_COUNT = sizeof faults / sizeof *faults };

/* Whether the K-th call was reached. */
static bool live_with(const struct fault *fault, unsigned k)
{
	bool has_failed;

	seed = 4711;
	set_up(false);
	vfs_shim_fail(fault->op, k, fault->code, fault->for_ever);
	live(FEW_STEPS);
	has_failed = vfs_shim_heal();
	mcps_store_close(store);
	recover();
	vfs_shim_remove();
	directory_remove();
	return has_failed;
}

START_TEST(no_committed_event_is_lost_when_the_disk_fails)
{
	const struct fault *fault = &faults[_i / STRIDE];
	unsigned k = 1 + (unsigned)_i % STRIDE;

	while (live_with(fault, k))
		k += STRIDE * fault_step();
	ck_assert_uint_lt(k, MOST);
	ck_assert_uint_gt(appended, 5); /* in the life that passed */
	ck_assert_uint_gt(ended, 0);
}
END_TEST

TEST_MAIN("events")
{
	unsigned rounds = fault_number("MCPS_FAULT_ROUNDS", SHORT);

	directory_in_memory();
	test_timeout(600);
	test_add_loop(no_committed_event_is_lost_with_the_power,
	              (int)(rounds / SEEDS_PER_TEST));
	test_add_loop(no_committed_event_is_lost_when_the_disk_fails,
	              FAULT_COUNT * STRIDE);
}
