/* Contract: live sessions. */
#include "contract.h"
#include "suite.h"

#include <string.h>

static mcps_status save(const struct mcps_session_row *row)
{
	mcps_status status;

	begin();
	status = store->ops->session_save(store, row);
	commit();
	return status;
}

static mcps_status touch(unsigned n, int64_t seen_ms)
{
	mcps_status status;

	begin();
	status = store->ops->session_touch(store, key(n), seen_ms);
	commit();
	return status;
}

static mcps_status remove_session(unsigned n)
{
	mcps_status status;

	begin();
	status = store->ops->session_remove(store, key(n));
	commit();
	return status;
}

static void assert_same(const struct mcps_session_row *row,
                        const struct mcps_session_row *expected)
{
	ck_assert_mem_eq(row->key, expected->key, sizeof row->key);
	ck_assert_int_eq(row->principal, expected->principal);
	ck_assert_int_eq(row->phase, expected->phase);
	ck_assert_uint_eq(row->version, expected->version);
	ck_assert_int_eq(row->created_ms, expected->created_ms);
	ck_assert_int_eq(row->seen_ms, expected->seen_ms);
	ck_assert_int_eq(row->until_ms, expected->until_ms);
	ck_assert_uint_eq(row->revision, expected->revision);
	ck_assert_uint_eq(row->capabilities, expected->capabilities);
	ck_assert_uint_eq(row->incarnation, expected->incarnation);
	ck_assert_uint_eq(row->flags, expected->flags);
	ck_assert_mem_eq(row->lists, expected->lists, sizeof row->lists);
	ck_assert_uint_eq(row->data_length, expected->data_length);
}

START_TEST(an_unknown_key_calls_nobody)
{
	insert(1, intern(1), 1000);
	ck_assert(is_absent(2));
}
END_TEST

START_TEST(an_inserted_row_comes_back_whole)
{
	struct mcps_session_row row = make_row(1, intern(1), 1000);
	int64_t ref = insert(1, row.principal, 1000);
	const struct seen *seen = load(1);

	row.version = 1;
	ck_assert_uint_eq(seen->calls, 1);
	ck_assert_int_gt(ref, 0);
	ck_assert_int_eq(seen->session.ref, ref);
	assert_same(&seen->session, &row);
	ck_assert_mem_eq(seen->bytes, "some data", 9);
}
END_TEST

START_TEST(insert_ignores_ref_version_phase_and_until)
{
	struct mcps_session_row row = make_row(1, intern(1), 1000);
	int64_t ref;

	row.ref = 99;
	row.version = 99;
	row.phase = MCPS_PHASE_ENDED;
	row.until_ms = 99;
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	ck_assert_int_eq(load(1)->session.ref, ref);
	ck_assert_uint_eq(load(1)->session.version, 1);
	ck_assert_int_eq(load(1)->session.phase, MCPS_PHASE_LIVE);
	ck_assert_int_eq(load(1)->session.until_ms, 0);
}
END_TEST

START_TEST(a_session_may_have_no_data)
{
	struct mcps_session_row row = make_row(1, intern(1), 1000);
	int64_t ref;

	row.data = NULL;
	row.data_length = 0;
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	ck_assert_ptr_null(load(1)->session.data);
	ck_assert_uint_eq(load(1)->session.data_length, 0);
}
END_TEST

START_TEST(data_may_be_larger_than_a_page)
{
	struct mcps_session_row row = make_row(1, intern(1), 1000);
	static uint8_t data[20000];
	int64_t ref;

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	row.data = data;
	row.data_length = sizeof data;
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	ck_assert_uint_eq(load(1)->length, sizeof data);
	ck_assert_mem_eq(load(1)->bytes, data, sizeof data);
	ok(touch(1, 5000));
	ck_assert_mem_eq(load(1)->bytes, data, sizeof data);
}
END_TEST

START_TEST(a_key_that_is_taken_is_a_conflict)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 2000);
	int64_t ref = -1;

	insert(1, owner, 1000);
	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_EXISTS);
	commit();
	ck_assert_int_eq(ref, 0);
	ck_assert_int_eq(load(1)->session.seen_ms, 1000);
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

START_TEST(a_session_of_nobody_is_refused)
{
	struct mcps_session_row row = make_row(1, 4711, 1000);
	int64_t ref = -1;

	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_INVAL);
	commit();
	ck_assert_int_eq(ref, 0);
	ck_assert(is_absent(1));
}
END_TEST

START_TEST(refs_are_never_used_again)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(2, owner, 1000);
	int64_t first = insert(1, owner, 1000);
	int64_t undone;
	int64_t last;

	ok(remove_session(1));
	begin();
	ok(store->ops->session_insert(store, &row, &undone));
	store->ops->rollback(store);
	last = insert(3, owner, 1000);
	ck_assert_int_gt(undone, first);
	ck_assert_int_gt(last, undone);
}
END_TEST

/* ---- save ------------------------------------------------------------- */

START_TEST(save_replaces_the_row_and_counts_its_version)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);
	struct mcps_session_row row = make_row(1, owner, 3000);
	const struct seen *seen;

	row.version = 1;
	row.created_ms = 2500;
	row.revision = 20250618;
	row.capabilities = 5;
	row.incarnation = 6;
	row.flags = 7;
	row.lists[0] = 0xff;
	row.data = "others";
	row.data_length = 6;
	ok(save(&row));
	seen = load(1);
	row.version = 2;
	assert_same(&seen->session, &row);
	ck_assert_int_eq(seen->session.ref, ref);
	ck_assert_mem_eq(seen->bytes, "others", 6);
	ok(store->ops->session_guard(store, ref));
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

START_TEST(save_under_another_version_is_a_conflict)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 3000);

	insert(1, owner, 1000);
	row.version = 1;
	ok(save(&row));
	row.flags = 1;
	gives(save(&row), MCPS_E_CONFLICT); /* a second writer */
	row.version = 3;
	gives(save(&row), MCPS_E_CONFLICT);
	ck_assert_uint_ne(load(1)->session.flags, 1);
	ck_assert_uint_eq(load(1)->session.version, 2);
}
END_TEST

START_TEST(save_of_what_is_not_live_is_gone)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 3000);

	row.version = 1;
	gives(save(&row), MCPS_E_GONE);
	insert(1, owner, 1000);
	end(1, 9000);
	gives(save(&row), MCPS_E_GONE);
	row.version = 0;
	gives(save(&row), MCPS_E_GONE);
	ck_assert(is_ended(1));
}
END_TEST

START_TEST(save_never_moves_last_seen_back)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 1000);

	insert(1, owner, 1000);
	ok(touch(1, 4000));
	row.version = 1;
	ok(save(&row));
	ck_assert_int_eq(load(1)->session.seen_ms, 4000);
}
END_TEST

START_TEST(save_cannot_give_a_session_to_somebody_else)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, intern(2), 1000);

	insert(1, owner, 1000);
	row.version = 1;
	gives(save(&row), MCPS_E_INVAL);
	ck_assert_int_eq(load(1)->session.principal, owner);
}
END_TEST

/* ---- touch, guard, remove --------------------------------------------- */

START_TEST(a_touch_moves_forward_and_never_back)
{
	insert(1, intern(1), 1000);
	ok(touch(1, 2000));
	ck_assert_int_eq(load(1)->session.seen_ms, 2000);
	ok(touch(1, 1500));
	ck_assert_int_eq(load(1)->session.seen_ms, 2000);
	ck_assert_uint_eq(load(1)->session.version, 1);
	ck_assert_mem_eq(load(1)->bytes, "some data", 9);
}
END_TEST

START_TEST(a_touch_of_what_is_not_there_is_gone)
{
	gives(touch(1, 2000), MCPS_E_GONE);
	ck_assert(is_absent(1));
}
END_TEST

START_TEST(a_touch_never_revives_an_ended_session)
{
	insert(1, intern(1), 1000);
	end(1, 9000);
	gives(touch(1, 2000), MCPS_E_GONE);
	ck_assert(is_ended(1));
}
END_TEST

START_TEST(the_guard_knows_what_is_live)
{
	int64_t owner = intern(1);
	int64_t ended = insert(1, owner, 1000);
	int64_t removed = insert(2, owner, 1000);
	int64_t live = insert(3, owner, 1000);

	end(1, 9000);
	ok(remove_session(2));
	gives(store->ops->session_guard(store, ended), MCPS_E_GONE);
	gives(store->ops->session_guard(store, removed), MCPS_E_GONE);
	gives(store->ops->session_guard(store, live + 1), MCPS_E_GONE);
	gives(store->ops->session_guard(store, 0), MCPS_E_GONE);
	ok(store->ops->session_guard(store, live));
}
END_TEST

START_TEST(the_guard_fails_in_the_transaction_that_ended_it)
{
	int64_t ref = insert(1, intern(1), 1000);

	begin();
	ok(store->ops->session_guard(store, ref));
	ok(store->ops->session_end(store, key(1), 9000));
	gives(store->ops->session_guard(store, ref), MCPS_E_GONE);
	store->ops->rollback(store);
	ok(store->ops->session_guard(store, ref));
}
END_TEST

START_TEST(a_removed_session_leaves_nothing_behind)
{
	int64_t owner = intern(1);
	int64_t ref = insert(1, owner, 1000);

	put_state(MCPS_STATE_OF_SESSION, ref, "k", "v", 0);
	put_state(MCPS_STATE_OF_PRINCIPAL, ref, "k", "v", 0);
	ok(remove_session(1));
	ck_assert(is_absent(1));
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_SESSION, ref, "k")->calls, 0);
	ck_assert_uint_eq(get_state(MCPS_STATE_OF_PRINCIPAL, ref, "k")->calls,
	                  1);
	ck_assert_int_ne(insert(1, owner, 2000), ref);
	ck_assert(is_live(1));
}
END_TEST

START_TEST(what_is_not_live_cannot_be_removed)
{
	gives(remove_session(1), MCPS_E_GONE);
	insert(1, intern(1), 1000);
	end(1, 9000);
	gives(remove_session(1), MCPS_E_GONE);
	ck_assert(is_ended(1));
}
END_TEST

/* ---- list ------------------------------------------------------------- */

START_TEST(a_list_is_ordered_by_last_seen)
{
	int64_t owner = intern(1);

	insert(1, owner, 3000);
	insert(2, owner, 1000);
	insert(3, owner, 2000);
	ck_assert_uint_eq(list(owner)->calls, 3);
	ck_assert_uint_eq(list(owner)->order[0], 2);
	ck_assert_uint_eq(list(owner)->order[1], 3);
	ck_assert_uint_eq(list(owner)->order[2], 1);
	ok(touch(2, 4000));
	ck_assert_uint_eq(list(owner)->order[0], 3);
	ck_assert_uint_eq(list(owner)->order[2], 2);
}
END_TEST

START_TEST(sessions_seen_at_the_same_time_are_all_listed)
{
	int64_t owner = intern(1);

	for (unsigned n = 0; n < 40; n++)
		insert(n, owner, 1000);
	ck_assert_uint_eq(list(owner)->calls, 40);
}
END_TEST

START_TEST(a_list_has_the_live_sessions_of_one_owner)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	insert(2, intern(2), 1000);
	insert(3, owner, 1000);
	end(3, 9000);
	ck_assert_uint_eq(list(owner)->calls, 1);
	ck_assert_uint_eq(list(owner)->order[0], 1);
	ck_assert_mem_eq(list(owner)->bytes, "some data", 9);
	ck_assert_uint_eq(list(4711)->calls, 0);
}
END_TEST

START_TEST(a_list_ends_when_the_callback_says_so)
{
	static struct seen seen = { .stop_after = 2 };
	int64_t owner = intern(1);

	for (unsigned n = 0; n < 4; n++)
		insert(n, owner, 1000 + n);
	gives(store->ops->session_list(store, owner, see_session, &seen),
	      STATUS_STOP);
	ck_assert_uint_eq(seen.calls, 2);
	ok(touch(0, 9000)); /* nothing is left open */
}
END_TEST

void contract_session_case(void)
{
	test_case("session");
	test_fixture(contract_open, contract_close);
	test_add(an_unknown_key_calls_nobody);
	test_add(an_inserted_row_comes_back_whole);
	test_add(insert_ignores_ref_version_phase_and_until);
	test_add(a_session_may_have_no_data);
	test_add(data_may_be_larger_than_a_page);
	test_add(a_key_that_is_taken_is_a_conflict);
	test_add(a_session_of_nobody_is_refused);
	test_add(refs_are_never_used_again);
	test_add(save_replaces_the_row_and_counts_its_version);
	test_add(save_under_another_version_is_a_conflict);
	test_add(save_of_what_is_not_live_is_gone);
	test_add(save_never_moves_last_seen_back);
	test_add(save_cannot_give_a_session_to_somebody_else);
	test_add(a_touch_moves_forward_and_never_back);
	test_add(a_touch_of_what_is_not_there_is_gone);
	test_add(a_touch_never_revives_an_ended_session);
	test_add(the_guard_knows_what_is_live);
	test_add(the_guard_fails_in_the_transaction_that_ended_it);
	test_add(a_removed_session_leaves_nothing_behind);
	test_add(what_is_not_live_cannot_be_removed);
	test_add(a_list_is_ordered_by_last_seen);
	test_add(sessions_seen_at_the_same_time_are_all_listed);
	test_add(a_list_has_the_live_sessions_of_one_owner);
	test_add(a_list_ends_when_the_callback_says_so);
}
