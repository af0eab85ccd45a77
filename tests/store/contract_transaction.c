/* Contract: transactions, savepoints, completeness. */
#include "contract.h"
#include "suite.h"

#include <string.h>

START_TEST(the_back_end_is_complete)
{
	struct mcps_error error;

	ok(mcps_store_check(store, &error));
}
END_TEST

/* One write of each kind on session N of principal N. */
static void write_everything(unsigned n)
{
	struct mcps_session_row row = make_row(n, 0, 1000);
	struct mcps_state_row state = { .scope = MCPS_STATE_OF_SESSION,
		                        .key = "k",
		                        .value = "v",
		                        .length = 1 };

	ok(store->ops->meta_put(store, "name", &n, sizeof n));
	ok(store->ops->principal_intern(store, digest(n), &row.principal));
	ok(store->ops->principal_revoke(store, row.principal, 77));
	ok(store->ops->session_insert(store, &row, &state.owner));
	ok(store->ops->state_put(store, &state));
}

static bool is_everything_there(unsigned n)
{
	return is_live(n) && look_up(n)->calls == 1 &&
	       look_up(n)->principal.not_before_ms == 77 &&
	       live_sessions(n) == 1;
}

static bool is_nothing_there(unsigned n)
{
	return is_absent(n) && look_up(n)->calls == 0;
}

static unsigned meta_number(void)
{
	static struct seen seen;
	unsigned n = 0;

	seen.length = 0;
	ok(store->ops->meta_get(store, "name", see_meta, &seen));
	if (seen.length == sizeof n)
		memcpy(&n, seen.bytes, sizeof n);
	return n;
}

START_TEST(a_commit_keeps_every_kind_of_write)
{
	begin();
	write_everything(1);
	commit();
	ck_assert(is_everything_there(1));
	ck_assert_uint_eq(meta_number(), 1);
}
END_TEST

START_TEST(a_rollback_undoes_every_kind_of_write)
{
	begin();
	write_everything(1);
	commit();
	begin();
	write_everything(2);
	ok(store->ops->session_end(store, key(1), 9));
	store->ops->rollback(store);
	ck_assert(is_everything_there(1));
	ck_assert(is_nothing_there(2));
	ck_assert_uint_eq(meta_number(), 1);
	ck_assert_uint_eq(
		get_state(MCPS_STATE_OF_SESSION, load(1)->session.ref, "k")
			->calls,
		1);
}
END_TEST

START_TEST(a_transaction_sees_its_own_writes)
{
	begin();
	write_everything(1);
	ck_assert(is_everything_there(1));
	commit();
}
END_TEST

START_TEST(rolling_back_to_the_savepoint_undoes_one_job_alone)
{
	begin();
	ok(store->ops->savepoint(store));
	write_everything(1);
	ok(store->ops->release(store));
	ok(store->ops->savepoint(store));
	write_everything(2);
	ok(store->ops->session_end(store, key(1), 9));
	ok(store->ops->rollback_to(store));
	ok(store->ops->savepoint(store));
	write_everything(3);
	ok(store->ops->release(store));
	commit();
	ck_assert(is_everything_there(1));
	ck_assert(is_nothing_there(2));
	ck_assert(is_everything_there(3));
	ck_assert_uint_eq(meta_number(), 3);
}
END_TEST

START_TEST(a_rollback_undoes_released_savepoints_too)
{
	begin();
	ok(store->ops->savepoint(store));
	write_everything(1);
	ok(store->ops->release(store));
	store->ops->rollback(store);
	ck_assert(is_nothing_there(1));
}
END_TEST

START_TEST(a_rollback_leaves_an_open_savepoint)
{
	begin();
	ok(store->ops->savepoint(store));
	write_everything(1);
	store->ops->rollback(store);
	ck_assert(is_nothing_there(1));
	begin();
	ok(store->ops->savepoint(store));
	write_everything(1);
	ok(store->ops->release(store));
	commit();
	ck_assert(is_everything_there(1));
}
END_TEST

START_TEST(many_changes_of_one_row_are_undone_in_turn)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(1, owner, 5000);
	int64_t ref = insert(1, owner, 1000);

	begin();
	ok(store->ops->session_touch(store, key(1), 2000));
	ok(store->ops->session_remove(store, key(1)));
	ok(store->ops->session_insert(store, &row, &row.ref));
	ok(store->ops->savepoint(store));
	ok(store->ops->session_end(store, key(1), 9));
	ok(store->ops->rollback_to(store));
	ck_assert_int_eq(load(1)->session.seen_ms, 5000);
	store->ops->rollback(store);
	ck_assert_int_eq(load(1)->session.seen_ms, 1000);
	ck_assert_int_eq(load(1)->session.ref, ref);
	ck_assert_int_eq(live_sessions(1), 1);
	ok(store->ops->session_guard(store, ref));
}
END_TEST

START_TEST(a_rollback_without_a_transaction_does_nothing)
{
	intern(1);
	store->ops->rollback(store);
	ck_assert_uint_eq(look_up(1)->calls, 1);
}
END_TEST

START_TEST(a_write_outside_of_a_transaction_is_refused)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(2, owner, 1000);
	struct mcps_state_row state = { .scope = MCPS_STATE_OF_SESSION,
		                        .owner = insert(1, owner, 1000),
		                        .key = "k",
		                        .value = "v",
		                        .length = 1 };
	int64_t ref;

	gives(store->ops->meta_put(store, "name", "", 0), MCPS_E_INVAL);
	gives(store->ops->principal_intern(store, digest(2), &ref),
	      MCPS_E_INVAL);
	gives(store->ops->principal_revoke(store, owner, 9), MCPS_E_INVAL);
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_INVAL);
	gives(store->ops->session_touch(store, key(1), 2000), MCPS_E_INVAL);
	gives(store->ops->session_end(store, key(1), 9), MCPS_E_INVAL);
	gives(store->ops->session_tombstone(store, key(2), owner, 9),
	      MCPS_E_INVAL);
	gives(store->ops->session_remove(store, key(1)), MCPS_E_INVAL);
	gives(store->ops->state_put(store, &state), MCPS_E_INVAL);
	ck_assert_int_eq(load(1)->session.seen_ms, 1000);
	ck_assert(is_absent(2));
}
END_TEST

START_TEST(transactions_and_savepoints_do_not_nest)
{
	gives(store->ops->commit(store), MCPS_E_INVAL);
	gives(store->ops->savepoint(store), MCPS_E_INVAL);
	begin();
	gives(store->ops->begin(store), MCPS_E_INVAL);
	gives(store->ops->release(store), MCPS_E_INVAL);
	gives(store->ops->rollback_to(store), MCPS_E_INVAL);
	ok(store->ops->savepoint(store));
	gives(store->ops->savepoint(store), MCPS_E_INVAL);
	ok(store->ops->release(store));
	commit();
}
END_TEST

START_TEST(a_store_may_be_closed_in_mid_transaction)
{
	begin();
	ok(store->ops->savepoint(store));
	write_everything(1);
	/* The tear-down closes it; a leak checker has the last word. */
	ck_assert(is_everything_there(1));
}
END_TEST

void contract_transaction_case(void)
{
	test_case("transaction");
	test_fixture(contract_open, contract_close);
	test_add(the_back_end_is_complete);
	test_add(a_commit_keeps_every_kind_of_write);
	test_add(a_rollback_undoes_every_kind_of_write);
	test_add(a_transaction_sees_its_own_writes);
	test_add(rolling_back_to_the_savepoint_undoes_one_job_alone);
	test_add(a_rollback_undoes_released_savepoints_too);
	test_add(a_rollback_leaves_an_open_savepoint);
	test_add(many_changes_of_one_row_are_undone_in_turn);
	test_add(a_rollback_without_a_transaction_does_nothing);
	test_add(a_write_outside_of_a_transaction_is_refused);
	test_add(transactions_and_savepoints_do_not_nest);
	test_add(a_store_may_be_closed_in_mid_transaction);
}
