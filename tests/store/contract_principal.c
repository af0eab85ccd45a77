/* Contract: named values and principals. */
#include "contract.h"
#include "suite.h"

#include <string.h>

static const struct seen *get_meta(const char *name)
{
	static struct seen seen;

	memset(&seen, 0, sizeof seen);
	ok(store->ops->meta_get(store, name, see_meta, &seen));
	return &seen;
}

static void put_meta(const char *name, const void *value, size_t length)
{
	begin();
	ok(store->ops->meta_put(store, name, value, length));
	commit();
}

START_TEST(a_name_without_a_value_calls_nobody)
{
	ck_assert_uint_eq(get_meta("nothing")->calls, 0);
}
END_TEST

START_TEST(a_named_value_comes_back_byte_for_byte)
{
	put_meta("row_key", "a\0b", 3);
	ck_assert_uint_eq(get_meta("row_key")->calls, 1);
	ck_assert_uint_eq(get_meta("row_key")->length, 3);
	ck_assert_mem_eq(get_meta("row_key")->bytes, "a\0b", 3);
}
END_TEST

START_TEST(a_named_value_may_be_empty)
{
	put_meta("empty", NULL, 0);
	ck_assert_uint_eq(get_meta("empty")->calls, 1);
	ck_assert_uint_eq(get_meta("empty")->length, 0);
}
END_TEST

START_TEST(a_named_value_is_replaced)
{
	put_meta("clock", "old", 3);
	put_meta("clock", "newer", 5);
	ck_assert_uint_eq(get_meta("clock")->length, 5);
	ck_assert_mem_eq(get_meta("clock")->bytes, "newer", 5);
}
END_TEST

START_TEST(a_store_has_a_uuid_that_nobody_can_write)
{
	const uint8_t nothing[16] = { 0 };

	ck_assert_uint_eq(get_meta("store.uuid")->length, 16);
	ck_assert_mem_ne(get_meta("store.uuid")->bytes, nothing, 16);
	begin();
	gives(store->ops->meta_put(store, "store.uuid", nothing, 16),
	      MCPS_E_INVAL);
	commit();
	ck_assert_mem_ne(get_meta("store.uuid")->bytes, nothing, 16);
}
END_TEST

START_TEST(what_a_callback_answers_is_returned)
{
	static struct seen seen;

	insert(1, intern(1), 1000);
	seen = (struct seen){ .stop_after = 1 };
	gives(store->ops->meta_get(store, "store.uuid", see_meta, &seen),
	      STATUS_STOP);
	seen = (struct seen){ .stop_after = 1 };
	gives(store->ops->principal_get(store, digest(1), see_principal, &seen),
	      STATUS_STOP);
	seen = (struct seen){ .stop_after = 1 };
	gives(store->ops->session_load(store, key(1), see_session, &seen),
	      STATUS_STOP);
}
END_TEST

START_TEST(an_unknown_principal_calls_nobody)
{
	ck_assert_uint_eq(look_up(1)->calls, 0);
}
END_TEST

START_TEST(a_principal_is_interned_once)
{
	int64_t ref = intern(1);

	ck_assert_int_gt(ref, 0);
	ck_assert_int_eq(intern(1), ref);
	ck_assert_int_ne(intern(2), ref);
	ck_assert_int_eq(look_up(1)->principal.ref, ref);
	ck_assert_mem_eq(look_up(1)->principal.digest, digest(1),
	                 MCPS_PRINCIPAL_DIGEST_SIZE);
	ck_assert_int_eq(look_up(1)->principal.not_before_ms, 0);
	ck_assert_int_eq(look_up(1)->principal.live_sessions, 0);
}
END_TEST

START_TEST(the_ref_of_an_undone_principal_is_not_given_again)
{
	int64_t undone;

	begin();
	ok(store->ops->principal_intern(store, digest(1), &undone));
	store->ops->rollback(store);
	ck_assert_int_ne(intern(2), undone);
	ck_assert_int_ne(intern(1), undone);
}
END_TEST

static int64_t revoke(int64_t ref, int64_t not_before_ms)
{
	begin();
	ok(store->ops->principal_revoke(store, ref, not_before_ms));
	commit();
	return look_up(1)->principal.not_before_ms;
}

START_TEST(revoking_moves_forward_and_never_back)
{
	int64_t ref = intern(1);

	ck_assert_int_eq(revoke(ref, 5000), 5000);
	ck_assert_int_eq(revoke(ref, 4000), 5000);
	ck_assert_int_eq(revoke(ref, 6000), 6000);
	ck_assert_int_eq(intern(1), ref);
	ck_assert_int_eq(look_up(1)->principal.not_before_ms, 6000);
}
END_TEST

START_TEST(revoking_nobody_is_refused)
{
	begin();
	gives(store->ops->principal_revoke(store, 4711, 5000), MCPS_E_INVAL);
	commit();
}
END_TEST

START_TEST(live_sessions_are_counted)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	insert(2, owner, 1000);
	insert(3, intern(2), 1000);
	ck_assert_int_eq(live_sessions(1), 2);
	ck_assert_int_eq(live_sessions(2), 1);
	end(1, 9000);
	ck_assert_int_eq(live_sessions(1), 1);
	begin();
	ok(store->ops->session_remove(store, key(2)));
	ok(store->ops->session_tombstone(store, key(4), owner, 9000));
	commit();
	ck_assert_int_eq(live_sessions(1), 0);
	ck_assert_int_eq(live_sessions(2), 1);
}
END_TEST

START_TEST(revoking_does_not_disturb_the_count)
{
	int64_t owner = intern(1);

	insert(1, owner, 1000);
	begin();
	ok(store->ops->principal_revoke(store, owner, 5000));
	ok(store->ops->session_end(store, key(1), 9000));
	store->ops->rollback(store);
	ck_assert_int_eq(live_sessions(1), 1);
	revoke(owner, 5000);
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

START_TEST(counting_is_undone_with_the_rest)
{
	int64_t owner = intern(1);
	struct mcps_session_row row = make_row(2, owner, 1000);
	int64_t ref;

	insert(1, owner, 1000);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	ck_assert_int_eq(live_sessions(1), 2);
	ok(store->ops->savepoint(store));
	ok(store->ops->session_end(store, key(1), 9000));
	ck_assert_int_eq(live_sessions(1), 1);
	ok(store->ops->rollback_to(store));
	ck_assert_int_eq(live_sessions(1), 2);
	store->ops->rollback(store);
	ck_assert_int_eq(live_sessions(1), 1);
}
END_TEST

void contract_principal_case(void)
{
	test_case("principal");
	test_fixture(contract_open, contract_close);
	test_add(a_name_without_a_value_calls_nobody);
	test_add(a_named_value_comes_back_byte_for_byte);
	test_add(a_named_value_may_be_empty);
	test_add(a_named_value_is_replaced);
	test_add(a_store_has_a_uuid_that_nobody_can_write);
	test_add(what_a_callback_answers_is_returned);
	test_add(an_unknown_principal_calls_nobody);
	test_add(a_principal_is_interned_once);
	test_add(the_ref_of_an_undone_principal_is_not_given_again);
	test_add(revoking_moves_forward_and_never_back);
	test_add(revoking_nobody_is_refused);
	test_add(live_sessions_are_counted);
	test_add(revoking_does_not_disturb_the_count);
	test_add(counting_is_undone_with_the_rest);
}
