/* Contract: tombstones beyond a bound go, those of the oldest ids first, and
 * what went is known. */
#include "contract.h"
#include "suite.h"

#include <string.h>

/* A key whose id was issued at TIME_MS. */
static const uint8_t *key_at(int64_t time_ms)
{
	static uint8_t bytes[MCPS_SESSION_KEY_SIZE];

	memset(bytes, 0x5a, sizeof bytes);
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(time_ms >> (40 - 8 * i));
	return bytes;
}

static void insert_at(int64_t time_ms, int64_t principal)
{
	struct mcps_session_row row = make_row(1, principal, 1000);
	int64_t ref;

	memcpy(row.key, key_at(time_ms), sizeof row.key);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
}

static void end_at(int64_t time_ms, int64_t principal)
{
	insert_at(time_ms, principal);
	begin();
	ok(store->ops->session_end(store, key_at(time_ms), 90000));
	commit();
}

static void tombstone_at(int64_t time_ms, int64_t principal)
{
	begin();
	ok(store->ops->session_tombstone(store, key_at(time_ms), principal,
	                                 90000));
	commit();
}

static size_t trim(int64_t principal, uint32_t most)
{
	size_t dropped = 4711;

	begin();
	ok(store->ops->tombstone_trim(store, principal, most, &dropped));
	commit();
	return dropped;
}

static enum mcps_phase phase_at(int64_t time_ms)
{
	static struct seen seen;

	memset(&seen, 0, sizeof seen);
	ok(store->ops->session_load(store, key_at(time_ms), see_session,
	                            &seen));
	return seen.calls != 0 ? seen.session.phase : 0;
}

static int64_t from_ms(unsigned n)
{
	return look_up(n)->principal.tombstones_from_ms;
}

START_TEST(within_the_bound_nothing_is_dropped)
{
	int64_t owner = intern(1);

	end_at(100, owner);
	end_at(200, owner);
	ck_assert_uint_eq(trim(owner, 2), 0);
	ck_assert_uint_eq(trim(owner, UINT32_MAX), 0);
	ck_assert_int_eq(phase_at(100), MCPS_PHASE_ENDED);
	ck_assert_int_eq(from_ms(1), 0);
	ck_assert_uint_eq(trim(intern(2), 0), 0);
}
END_TEST

START_TEST(beyond_the_bound_the_oldest_ids_go_first)
{
	int64_t owner = intern(1);

	end_at(300, owner);
	tombstone_at(100, owner);
	end_at(400, owner);
	end_at(200, owner);
	ck_assert_uint_eq(trim(owner, 2), 2);
	ck_assert_int_eq(phase_at(100), 0);
	ck_assert_int_eq(phase_at(200), 0);
	ck_assert_int_eq(phase_at(300), MCPS_PHASE_ENDED);
	ck_assert_int_eq(phase_at(400), MCPS_PHASE_ENDED);
	ck_assert_int_eq(from_ms(1), 201);
	ck_assert_uint_eq(trim(owner, 2), 0);
}
END_TEST

START_TEST(time_of_the_last_dropped_tombstone_never_falls)
{
	int64_t owner = intern(1);

	end_at(INT64_C(1700000000000), owner);
	ck_assert_uint_eq(trim(owner, 0), 1);
	ck_assert_int_eq(from_ms(1), INT64_C(1700000000001));
	end_at(100, owner);
	ck_assert_uint_eq(trim(owner, 0), 1);
	ck_assert_int_eq(from_ms(1), INT64_C(1700000000001));
	begin();
	ok(store->ops->principal_revoke(store, owner, 5));
	commit();
	ck_assert_int_eq(intern(1), owner);
	ck_assert_int_eq(from_ms(1), INT64_C(1700000000001));
}
END_TEST

START_TEST(ids_without_a_time_of_issue_are_the_oldest)
{
	int64_t owner = intern(1);

	end_at(1, owner);
	end_at(0, owner);
	ck_assert_uint_eq(trim(owner, 1), 1);
	ck_assert_int_eq(phase_at(0), 0);
	ck_assert_int_eq(phase_at(1), MCPS_PHASE_ENDED);
	ck_assert_int_eq(from_ms(1), 1);
}
END_TEST

START_TEST(one_call_drops_only_a_few)
{
	const unsigned many = 3 * MCPS_TOMBSTONES_DROPPED + 1;
	int64_t owner = intern(1);

	for (unsigned i = 0; i < many; i++)
		end_at(100 + i, owner);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_uint_eq(trim(owner, 0), MCPS_TOMBSTONES_DROPPED);
		ck_assert_int_eq(from_ms(1), 100 + i * MCPS_TOMBSTONES_DROPPED);
	}
	ck_assert_uint_eq(trim(owner, 0), 1);
	ck_assert_uint_eq(trim(owner, 0), 0);
}
END_TEST

START_TEST(other_callers_and_live_sessions_do_not_count)
{
	int64_t owner = intern(1), other = intern(2);

	end_at(100, other);
	insert_at(200, owner);
	end_at(300, owner);
	ck_assert_uint_eq(trim(owner, 1), 0);
	end_at(400, owner);
	ck_assert_uint_eq(trim(owner, 1), 1);
	ck_assert_int_eq(phase_at(100), MCPS_PHASE_ENDED);
	ck_assert_int_eq(phase_at(200), MCPS_PHASE_LIVE);
	ck_assert_int_eq(phase_at(300), 0);
	ck_assert_int_eq(from_ms(2), 0);
}
END_TEST

START_TEST(second_tombstone_of_a_session_does_not_count)
{
	int64_t owner = intern(1);

	tombstone_at(100, owner);
	tombstone_at(100, owner);
	begin();
	ok(store->ops->session_tombstone(store, key_at(100), owner, 95000));
	commit();
	tombstone_at(200, owner);
	ck_assert_uint_eq(trim(owner, 2), 0);
}
END_TEST

START_TEST(swept_tombstones_do_not_count)
{
	int64_t owner = intern(1);

	end_at(100, owner);
	end_at(200, owner);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 90000 }), 2);
	ck_assert_int_eq(from_ms(1), 0); /* it was their time */
	end_at(50, owner);
	ck_assert_uint_eq(trim(owner, 1), 0);
	ck_assert_int_eq(phase_at(50), MCPS_PHASE_ENDED);
}
END_TEST

START_TEST(a_sweep_that_ends_sessions_keeps_to_the_bound)
{
	const struct mcps_sweep how = { .aged_before_ms = 5000,
		                        .tombstone_until_ms = 90000,
		                        .max_tombstones = 2 };
	int64_t owner = intern(1), other = intern(2);

	for (int64_t i = 1; i <= 5; i++)
		insert_at(100 * i, owner);
	insert_at(50, other);
	ck_assert_uint_eq(sweep(how), 6);
	ck_assert_int_eq(phase_at(50), MCPS_PHASE_ENDED);
	ck_assert_int_eq(phase_at(300), 0);
	ck_assert_int_eq(phase_at(400), MCPS_PHASE_ENDED);
	ck_assert_int_eq(phase_at(500), MCPS_PHASE_ENDED);
	ck_assert_int_eq(from_ms(1), 301);
	ck_assert_int_eq(from_ms(2), 0);
}
END_TEST

START_TEST(a_trim_can_be_undone)
{
	int64_t owner = intern(1);
	size_t dropped;

	end_at(100, owner);
	end_at(200, owner);
	begin();
	ok(store->ops->tombstone_trim(store, owner, 1, &dropped));
	ck_assert_uint_eq(dropped, 1);
	store->ops->rollback(store);
	ck_assert_int_eq(phase_at(100), MCPS_PHASE_ENDED);
	ck_assert_int_eq(from_ms(1), 0);

	begin();
	ok(store->ops->savepoint(store));
	ok(store->ops->session_tombstone(store, key_at(300), owner, 90000));
	ok(store->ops->tombstone_trim(store, owner, 1, &dropped));
	ck_assert_uint_eq(dropped, 2);
	ok(store->ops->rollback_to(store));
	commit();
	ck_assert_int_eq(phase_at(100), MCPS_PHASE_ENDED);
	ck_assert_int_eq(phase_at(300), 0);
	ck_assert_int_eq(from_ms(1), 0);
	ck_assert_uint_eq(trim(owner, 1), 1);
	ck_assert_int_eq(from_ms(1), 101);
}
END_TEST

void contract_trim_case(void)
{
	test_case("trim");
	test_fixture(contract_open, contract_close);
	test_add(within_the_bound_nothing_is_dropped);
	test_add(beyond_the_bound_the_oldest_ids_go_first);
	test_add(time_of_the_last_dropped_tombstone_never_falls);
	test_add(ids_without_a_time_of_issue_are_the_oldest);
	test_add(one_call_drops_only_a_few);
	test_add(other_callers_and_live_sessions_do_not_count);
	test_add(second_tombstone_of_a_session_does_not_count);
	test_add(swept_tombstones_do_not_count);
	test_add(a_sweep_that_ends_sessions_keeps_to_the_bound);
	test_add(a_trim_can_be_undone);
}
