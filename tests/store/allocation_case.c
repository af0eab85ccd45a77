#include "allocation_case.h"

#include "base/memory.h"
#include "contract.h"
#include "directory.h"
#include "store/writer.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 400 /* enough for a hash table to grow */ };

static unsigned allocations_left;
static bool ran_out;

static void *limited_realloc(void *arg, void *old, size_t size)
{
	(void)arg;
	if (allocations_left == 0) {
		ran_out = true;
		return NULL;
	}
	allocations_left--;
	return realloc(old, size);
}

static const struct memory_hook limited = { limited_realloc, NULL };

/* Each operation works or has no memory. */
static bool worked(mcps_status status)
{
	if (status == MCPS_OK)
		return true;
	ck_assert_int_eq(status, MCPS_E_NOMEM);
	return false;
}

/* Two events, of which one makes room. */
static bool write_stream(unsigned n, int64_t session)
{
	const struct mcps_stream_row stream = { .id = 1 + n,
		                                .session = session,
		                                .opened_ms = 1000 };
	const struct mcps_event_row row = { .at_ms = 1000 + n,
		                            .data = "event",
		                            .length = 5 };
	uint64_t gone;
	uint64_t seq;

	return worked(store->ops->stream_insert(store, &stream, 1, &gone)) &&
	       worked(store->ops->event_append(store, stream.id, &row, 1, false,
	                                       5, &seq)) &&
	       worked(store->ops->event_append(store, stream.id, &row, 1, false,
	                                       5, &seq));
}

static bool write_row(unsigned n, int64_t owner)
{
	struct mcps_session_row row = make_row(n, owner, 1000 + n);
	struct mcps_state_row state = { .scope = MCPS_STATE_OF_SESSION,
		                        .key = "k",
		                        .value = "v",
		                        .length = 1 };

	return worked(store->ops->session_insert(store, &row, &state.owner)) &&
	       worked(store->ops->state_put(store, &state)) &&
	       write_stream(n, state.owner);
}

static bool change_rows(void)
{
	const struct mcps_sweep how = { .idle_before_ms = 1020,
		                        .events_before_ms = 1060,
		                        .streams_before_ms = 1040,
		                        .limit = 90 };
	size_t removed;

	return worked(store->ops->stream_touch(store, 1 + 399, 9999)) &&
	       worked(store->ops->session_touch(store, key(1), 9999)) &&
	       worked(store->ops->session_end(store, key(2), 9999)) &&
	       worked(store->ops->session_remove(store, key(3))) &&
	       worked(store->ops->meta_put(store, "name", "value", 5)) &&
	       worked(store->ops->sweep(store, &how, &removed));
}

/* One transaction on top of an interned principal. */
static bool write_all(void)
{
	int64_t owner;

	if (!worked(store->ops->principal_intern(store, digest(1), &owner)))
		return false;
	for (unsigned n = 0; n < ROWS; n++)
		if (!write_row(n, owner))
			return false;
	return worked(store->ops->principal_revoke(store, owner, 77)) &&
	       change_rows();
}

/* The whole of it with N allocations; true when they were enough. */
static bool memory_run(unsigned n)
{
	bool whole;

	allocations_left = n;
	ran_out = false;
	if (!worked(mcps_store_open(&store, "memory:", NULL, NULL)))
		return false;
	begin();
	whole = write_all();
	if (whole)
		commit();
	else
		store->ops->rollback(store);
	ck_assert(whole || look_up(1)->calls == 0);
	ck_assert(whole || is_absent(1));
	ck_assert(whole || get_stream(1 + 1)->calls == 0);
	ck_assert(!whole || get_stream(1 + 399)->stream.first == 2);
	ck_assert(!whole || is_ended(2));
	mcps_store_close(store);
	return whole;
}

START_TEST(without_memory_the_memory_store_changes_nothing)
{
	unsigned n = 0;

	mcps__memory_set_hook(&limited);
	while (!memory_run(n))
		n += n < 40 ? 1 : 7;
	ck_assert_uint_gt(n, ROWS);
	ck_assert(!ran_out);
	mcps__memory_set_hook(NULL);
}
END_TEST

/* SQLite's own allocations are not ours to fail. */
static bool open_run(const char *url, unsigned n)
{
	const struct writer_options options = { .inline_jobs = true };
	struct writer *writer;
	struct mcps_error error;
	mcps_status status;

	allocations_left = n;
	ran_out = false;
	status = mcps_store_open(&store, url, NULL, &error);
	if (status == MCPS_OK) /* takes the store over, also on failure */
		status = mcps__writer_start(&writer, store, &options, &error);
	if (status != MCPS_OK) {
		ck_assert(ran_out);
		ck_assert_int_eq(error.status, status);
		return false;
	}
	mcps__writer_stop(writer);
	return true;
}

START_TEST(without_memory_nothing_is_opened)
{
	unsigned n = 0;

	directory_make();
	mcps__memory_set_hook(&limited);
	while (!open_run(url_in_directory("test.db"), n))
		n++;
	ck_assert_uint_gt(n, 3);
	mcps__memory_set_hook(NULL);
	directory_remove();
}
END_TEST

void allocation_case(void)
{
	test_case("allocation");
	test_timeout(600);
	test_add(without_memory_the_memory_store_changes_nothing);
	test_add(without_memory_nothing_is_opened);
}
