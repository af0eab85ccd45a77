/* Contract: what is over is removed, oldest first. */
#include "contract.h"
#include "suite.h"

START_TEST(an_empty_store_has_nothing_to_sweep)
{
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = INT64_MAX }), 0);
}
END_TEST

START_TEST(a_sweep_that_names_no_times_removes_nothing)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);

	insert(2, owner, 1000);
	end(2, 9000);
	put_state(SESSION, ref, "k", "v", 0);
	put_state(SESSION, ref, "e", "v", 5000);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ 0 }), 0);
	ck_assert(is_live(1));
	ck_assert(is_ended(2));
}
END_TEST

START_TEST(a_tombstone_goes_when_its_time_has_come)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	end(1, 9000);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 8999 }), 0);
	ck_assert(is_ended(1));
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 9000 }), 1);
	ck_assert(is_absent(1));
	insert(1, owner, 10000);
	ck_assert(is_live(1));
}
END_TEST

START_TEST(an_idle_session_vanishes_without_a_tombstone)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);

	insert(2, owner, 1001);
	put_state(SESSION, ref, "k", "v", 0);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .idle_before_ms = 1001 }),
	                  1);
	ck_assert(is_absent(1));
	ck_assert(is_live(2));
	ck_assert_uint_eq(get_state(SESSION, ref, "k")->calls, 0);
	gives(store->ops->session_guard(store, ref), MCPS_E_GONE);
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

START_TEST(an_aged_session_becomes_a_tombstone)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1001); /* created one earlier */

	insert(2, owner, 1002);
	put_state(SESSION, ref, "k", "v", 0);
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .aged_before_ms = 1001,
	                                   .tombstone_until_ms = 9000 }),
		1);
	ck_assert(is_ended(1));
	ck_assert_int_eq(load(1)->session.until_ms, 9000);
	ck_assert(is_live(2));
	ck_assert_uint_eq(get_state(SESSION, ref, "k")->calls, 0);
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

START_TEST(a_session_both_aged_and_idle_becomes_a_tombstone)
{
	insert(1, intern(1), 1000);
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .idle_before_ms = 5000,
	                                   .aged_before_ms = 5000,
	                                   .tombstone_until_ms = 9000 }),
		1);
	ck_assert(is_ended(1));
}
END_TEST

START_TEST(state_goes_when_its_time_has_come)
{
	put_state(SESSION, 1, "k", "v", 5000);
	put_state(PRINCIPAL, 1, "k", "v", 6000);
	put_state(PRINCIPAL, 1, "kept", "v", 0);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 4999 }), 0);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 5000 }), 1);
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 0);
	ck_assert_uint_eq(get_state(PRINCIPAL, 1, "k")->calls, 1);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 9000 }), 1);
	ck_assert_uint_eq(get_state(PRINCIPAL, 1, "kept")->calls, 1);
}
END_TEST

START_TEST(a_sweep_removes_at_most_its_limit_oldest_first)
{
	int64_t owner = intern(1);

	for (unsigned n = 0; n < 10; n++)
		insert(n, owner, 1000 + (n * 7) % 10);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .idle_before_ms = 5000,
	                                             .limit = 4 }),
	                  4);
	ck_assert_int_eq(live_sessions(1), 6);
	ck_assert_int_eq(load(list(owner)->order[0])->session.seen_ms, 1004);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .idle_before_ms = 5000,
	                                             .limit = 100 }),
	                  6);
}
END_TEST

START_TEST(the_limit_counts_all_kinds_together)
{
	int64_t owner = intern(1);

	for (unsigned n = 0; n < 3; n++) {
		insert(n, owner, 1000);
		end(n, 2000);
		insert(10 + n, owner, 1000);
	}
	put_state(PRINCIPAL, owner, "a", "v", 2000);
	put_state(PRINCIPAL, owner, "b", "v", 2000);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 3000,
	                                             .idle_before_ms = 3000,
	                                             .limit = 5 }),
	                  5);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = 3000,
	                                             .idle_before_ms = 3000,
	                                             .limit = 5 }),
	                  3);
}
END_TEST

START_TEST(a_touch_saves_a_session_from_the_sweep)
{
	insert(1, intern(1), 1000);
	begin();
	ok(store->ops->session_touch(store, key(1), 6000));
	commit();
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .idle_before_ms = 5000 }),
	                  0);
	ck_assert(is_live(1));
}
END_TEST

START_TEST(a_sweep_can_be_undone)
{
	struct mcps_sweep how = { .now_ms = 9000,
		                  .idle_before_ms = 9000,
		                  .limit = 100 };
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);
	size_t removed;

	insert(2, owner, 1000);
	end(2, 2000);
	put_state(SESSION, ref, "k", "v", 2000);
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	ck_assert_uint_eq(removed, 2); /* the state went with its session */
	store->ops->rollback(store);
	ck_assert(is_live(1));
	ck_assert(is_ended(2));
	ck_assert_uint_eq(get_state(SESSION, ref, "k")->calls, 1);
	ck_assert_uint_eq(sweep(how), 2);
}
END_TEST

void contract_sweep_case(void)
{
	test_case("sweep");
	test_fixture(contract_open, contract_close);
	test_add(an_empty_store_has_nothing_to_sweep);
	test_add(a_sweep_that_names_no_times_removes_nothing);
	test_add(a_tombstone_goes_when_its_time_has_come);
	test_add(an_idle_session_vanishes_without_a_tombstone);
	test_add(an_aged_session_becomes_a_tombstone);
	test_add(a_session_both_aged_and_idle_becomes_a_tombstone);
	test_add(state_goes_when_its_time_has_come);
	test_add(a_sweep_removes_at_most_its_limit_oldest_first);
	test_add(the_limit_counts_all_kinds_together);
	test_add(a_touch_saves_a_session_from_the_sweep);
	test_add(a_sweep_can_be_undone);
}
