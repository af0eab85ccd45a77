/* Contract: ended sessions. Nothing revives a tombstone. */
#include "contract.h"
#include "suite.h"

#include <string.h>

static mcps_status tombstone(unsigned n, int64_t principal, int64_t until_ms)
{
	mcps_status status;

	begin();
	status = store->ops->session_tombstone(store, key(n), principal,
	                                       until_ms);
	commit();
	return status;
}

static mcps_status try_end(unsigned n, int64_t until_ms)
{
	mcps_status status;

	begin();
	status = store->ops->session_end(store, key(n), until_ms);
	commit();
	return status;
}

START_TEST(a_tombstone_keeps_key_principal_phase_and_until_only)
{
	const uint8_t no_lists[MCPS_LISTS_DIGEST_SIZE] = { 0 };
	int64_t owner = intern(1);
	struct mcps_session_row row;

	insert(1, owner, 1000);
	end(1, 9000);
	ck_assert(is_ended(1));
	row = load(1)->session;
	ck_assert_mem_eq(row.key, key(1), sizeof row.key);
	ck_assert_int_eq(row.principal, owner);
	ck_assert_int_eq(row.until_ms, 9000);
	ck_assert_int_eq(row.ref, 0);
	ck_assert_uint_eq(row.version, 0);
	ck_assert_int_eq(row.created_ms, 0);
	ck_assert_int_eq(row.seen_ms, 0);
	ck_assert_uint_eq(row.revision, 0);
	ck_assert_uint_eq(row.capabilities, 0);
	ck_assert_uint_eq(row.incarnation, 0);
	ck_assert_uint_eq(row.flags, 0);
	ck_assert_mem_eq(row.lists, no_lists, sizeof no_lists);
	ck_assert_ptr_null(row.data);
	ck_assert_uint_eq(row.data_length, 0);
}
END_TEST

START_TEST(the_state_of_an_ended_session_goes_with_it)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);
	int64_t other = insert(2, owner, 1000);

	put_state(MCPS_STATE_OF_SESSION, ref, "a", "v", 0);
	put_state(MCPS_STATE_OF_SESSION, ref, "b", "v", 0);
	put_state(MCPS_STATE_OF_SESSION, other, "a", "v", 0);
	put_state(MCPS_STATE_OF_PRINCIPAL, owner, "a", "v", 0);
	end(1, 9000);
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_SESSION, ref, "a")->calls, 0);
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_SESSION, ref, "b")->calls, 0);
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_SESSION, other, "a")->calls,
	                  1);
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_PRINCIPAL, owner, "a")->calls,
	                  1);
}
END_TEST

START_TEST(a_session_ends_once)
{
	insert(1, intern(1), 1000);
	ok(try_end(1, 9000));
	gives(try_end(1, 99000), MCPS_E_GONE);
	ck_assert_int_eq(load(1)->session.until_ms, 9000);
	ck_assert_int_eq(live_sessions(1), 0);
}
END_TEST

START_TEST(what_is_not_there_cannot_end)
{
	gives(try_end(1, 9000), MCPS_E_GONE);
	ck_assert(is_absent(1));
}
END_TEST

START_TEST(an_ended_key_cannot_be_inserted_again)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 2000);
	int64_t ref;

	insert(1, owner, 1000);
	end(1, 9000);
	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_EXISTS);
	commit();
	ck_assert(is_ended(1));
	ck_assert_int_eq(live_sessions(1), 0);
}
END_TEST

START_TEST(many_sessions_may_be_ended)
{
	int64_t owner = intern(1);

	for (unsigned n = 0; n < 10; n++)
		insert(n, owner, 1000);
	for (unsigned n = 0; n < 10; n++)
		end(n, 9000);
	for (unsigned n = 0; n < 10; n++)
		ck_assert(is_ended(n));
}
END_TEST

START_TEST(an_unknown_key_can_get_a_tombstone)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 2000);
	int64_t ref;

	ok(tombstone(1, owner, 9000));
	ck_assert(is_ended(1));
	ck_assert_int_eq(load(1)->session.principal, owner);
	ck_assert_int_eq(load(1)->session.until_ms, 9000);
	ck_assert_int_eq(live_sessions(1), 0);
	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_EXISTS);
	commit();
}
END_TEST

START_TEST(a_second_tombstone_keeps_the_later_time)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	end(1, 9000);
	ok(tombstone(1, owner, 8000));
	ck_assert_int_eq(load(1)->session.until_ms, 9000);
	ok(tombstone(1, owner, 12000));
	ck_assert_int_eq(load(1)->session.until_ms, 12000);
	ok(tombstone(1, intern(2), 13000));
	ck_assert_int_eq(load(1)->session.principal, owner);
}
END_TEST

START_TEST(a_live_session_cannot_get_a_tombstone)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	gives(tombstone(1, owner, 9000), MCPS_E_EXISTS);
	ck_assert(is_live(1));
}
END_TEST

START_TEST(a_tombstone_of_nobody_is_refused)
{
	gives(tombstone(1, 4711, 9000), MCPS_E_INVAL);
	ck_assert(is_absent(1));
}
END_TEST

void contract_tombstone_case(void)
{
	test_case("tombstone");
	test_fixture(contract_open, contract_close);
	test_add(a_tombstone_keeps_key_principal_phase_and_until_only);
	test_add(the_state_of_an_ended_session_goes_with_it);
	test_add(a_session_ends_once);
	test_add(what_is_not_there_cannot_end);
	test_add(an_ended_key_cannot_be_inserted_again);
	test_add(many_sessions_may_be_ended);
	test_add(an_unknown_key_can_get_a_tombstone);
	test_add(a_second_tombstone_keeps_the_later_time);
	test_add(a_live_session_cannot_get_a_tombstone);
	test_add(a_tombstone_of_nobody_is_refused);
}
