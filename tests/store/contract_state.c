/* Contract: what tools keep. */
#include "contract.h"
#include "suite.h"

#include <string.h>

static mcps_status put(int64_t owner, const char *name, const char *value,
                       uint64_t version)
{
	const struct mcps_state_row row = {
		.scope = MCPS_STATE_OF_SESSION,
		.owner = owner,
		.key = name,
		.value = value,
		.length = strlen(value),
		.version = version,
	};
	mcps_status status;

	begin();
	status = store->ops->state_put(store, &row);
	commit();
	return status;
}

static mcps_status drop(int64_t owner, const char *name, uint64_t version)
{
	mcps_status status;

	begin();
	status = store->ops->state_delete(store, MCPS_STATE_OF_SESSION, owner,
	                                  name, version);
	commit();
	return status;
}

static uint64_t usage(enum mcps_state_owner scope, int64_t owner)
{
	uint64_t bytes = 1;

	ok(store->ops->state_usage(store, scope, owner, &bytes));
	return bytes;
}

START_TEST(an_unknown_state_calls_nobody)
{
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 0);
}
END_TEST

START_TEST(a_value_comes_back_byte_for_byte)
{
	const struct mcps_state_row row = {
		.scope = MCPS_STATE_OF_PRINCIPAL,
		.owner = 7,
		.key = "naïve key",
		.value = "a\0b\xff",
		.length = 4,
		.expires_ms = 12345,
	};
	const struct seen *seen;

	begin();
	ok(store->ops->state_put(store, &row));
	commit();
	seen = get_state(PRINCIPAL, 7, "naïve key");
	ck_assert_uint_eq(seen->calls, 1);
	ck_assert_int_eq(seen->state.scope, MCPS_STATE_OF_PRINCIPAL);
	ck_assert_int_eq(seen->state.owner, 7);
	ck_assert_str_eq(seen->name, "naïve key");
	ck_assert_uint_eq(seen->length, 4);
	ck_assert_mem_eq(seen->bytes, "a\0b\xff", 4);
	ck_assert_uint_eq(seen->state.version, 1);
	ck_assert_int_eq(seen->state.expires_ms, 12345);
}
END_TEST

START_TEST(an_expired_value_is_still_handed_out)
{
	put_state(SESSION, 1, "k", "v", 1); /* 1970: the caller decides */
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 1);
}
END_TEST

START_TEST(a_value_may_be_empty)
{
	ok(put(1, "k", "", 0));
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 1);
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->length, 0);
}
END_TEST

START_TEST(a_value_may_have_64_kib)
{
	static char value[64 * 1024 + 1];

	for (size_t i = 0; i < sizeof value - 1; i++)
		value[i] = (char)('a' + i % 26);
	ok(put(1, "k", value, 0));
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->length, 64 * 1024);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, value, 64 * 1024);
	ck_assert_uint_eq(usage(SESSION, 1), 64 * 1024 + 1);
}
END_TEST

START_TEST(a_put_adds_only_what_is_not_there)
{
	ok(put(1, "k", "first", 0));
	gives(put(1, "k", "second", 0), MCPS_E_CONFLICT);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, "first", 5);
}
END_TEST

START_TEST(a_put_replaces_only_the_version_it_knows)
{
	gives(put(1, "k", "x", 1), MCPS_E_CONFLICT);
	ok(put(1, "k", "one", 0));
	ok(put(1, "k", "two", 1));
	gives(put(1, "k", "other two", 1), MCPS_E_CONFLICT);
	gives(put(1, "k", "four", 3), MCPS_E_CONFLICT);
	ok(put(1, "k", "three", 2));
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->state.version, 3);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, "three", 5);
}
END_TEST

START_TEST(a_put_replaces_the_expiry_too)
{
	struct mcps_state_row row = { .scope = MCPS_STATE_OF_SESSION,
		                      .owner = 1,
		                      .key = "k",
		                      .value = "v",
		                      .length = 1,
		                      .version = 1 };

	put_state(SESSION, 1, "k", "v", 5000);
	begin();
	ok(store->ops->state_put(store, &row));
	commit();
	ck_assert_int_eq(get_state(SESSION, 1, "k")->state.expires_ms, 0);
}
END_TEST

START_TEST(a_delete_expects_a_version)
{
	ok(put(1, "k", "v", 0));
	gives(drop(1, "k", 0), MCPS_E_CONFLICT);
	gives(drop(1, "k", 2), MCPS_E_CONFLICT);
	ok(drop(1, "k", 1));
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 0);
	gives(drop(1, "k", 1), MCPS_E_CONFLICT);
	ok(drop(1, "k", 0)); /* expected not to be there, and is not */
}
END_TEST

START_TEST(a_deleted_key_starts_again_at_version_1)
{
	ok(put(1, "k", "v", 0));
	ok(put(1, "k", "v", 1));
	ok(drop(1, "k", 2));
	ok(put(1, "k", "v", 0));
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->state.version, 1);
}
END_TEST

START_TEST(owners_scopes_and_keys_are_apart)
{
	put_state(SESSION, 1, "k", "session 1", 0);
	put_state(SESSION, 2, "k", "session 2", 0);
	put_state(PRINCIPAL, 1, "k", "principal", 0);
	put_state(SESSION, 1, "K", "capital", 0);
	put_state(SESSION, 1, "k ", "blank", 0);
	put_state(SESSION, -1, "k", "negative", 0);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, "session 1", 9);
	ck_assert_mem_eq(get_state(SESSION, 2, "k")->bytes, "session 2", 9);
	ck_assert_mem_eq(get_state(PRINCIPAL, 1, "k")->bytes, "principal", 9);
	ck_assert_mem_eq(get_state(SESSION, 1, "K")->bytes, "capital", 7);
	ck_assert_mem_eq(get_state(SESSION, 1, "k ")->bytes, "blank", 5);
	ck_assert_mem_eq(get_state(SESSION, -1, "k")->bytes, "negative", 8);
}
END_TEST

START_TEST(a_key_has_1_to_255_bytes)
{
	char name[257];

	memset(name, 'k', sizeof name);
	name[256] = '\0';
	gives(put(1, name, "v", 0), MCPS_E_INVAL);
	gives(put(1, "", "v", 0), MCPS_E_INVAL);
	ck_assert_uint_eq(get_state(SESSION, 1, name)->calls, 0);
	ck_assert_uint_eq(get_state(SESSION, 1, "")->calls, 0);
	name[255] = '\0';
	ok(put(1, name, "v", 0));
	ck_assert_str_eq(get_state(SESSION, 1, name)->name, name);
}
END_TEST

START_TEST(usage_sums_up_keys_and_values_of_one_owner)
{
	ck_assert_uint_eq(usage(SESSION, 1), 0);
	put_state(SESSION, 1, "ab", "12345", 0);
	put_state(SESSION, 1, "é", "1", 0); /* bytes, not characters */
	put_state(SESSION, 2, "k", "other owner", 0);
	put_state(PRINCIPAL, 1, "k", "other scope", 0);
	ck_assert_uint_eq(usage(SESSION, 1), 2 + 5 + 2 + 1);
	ok(put(1, "ab", "1", 1));
	ck_assert_uint_eq(usage(SESSION, 1), 2 + 1 + 2 + 1);
	ok(drop(1, "ab", 2));
	ck_assert_uint_eq(usage(SESSION, 1), 2 + 1);
}
END_TEST

START_TEST(changes_of_state_are_undone)
{
	struct mcps_state_row row = { .scope = MCPS_STATE_OF_SESSION,
		                      .owner = 1,
		                      .key = "k",
		                      .value = "new",
		                      .length = 3,
		                      .version = 1 };

	put_state(SESSION, 1, "k", "old", 0);
	begin();
	ok(store->ops->savepoint(store));
	ok(store->ops->state_put(store, &row));
	ok(store->ops->rollback_to(store));
	ok(store->ops->state_put(store, &row));
	ok(store->ops->state_delete(store, MCPS_STATE_OF_SESSION, 1, "k", 2));
	store->ops->rollback(store);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, "old", 3);
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->state.version, 1);
}
END_TEST

void contract_state_case(void)
{
	test_case("state");
	test_fixture(contract_open, contract_close);
	test_add(an_unknown_state_calls_nobody);
	test_add(a_value_comes_back_byte_for_byte);
	test_add(an_expired_value_is_still_handed_out);
	test_add(a_value_may_be_empty);
	test_add(a_value_may_have_64_kib);
	test_add(a_put_adds_only_what_is_not_there);
	test_add(a_put_replaces_only_the_version_it_knows);
	test_add(a_put_replaces_the_expiry_too);
	test_add(a_delete_expects_a_version);
	test_add(a_deleted_key_starts_again_at_version_1);
	test_add(owners_scopes_and_keys_are_apart);
	test_add(a_key_has_1_to_255_bytes);
	test_add(usage_sums_up_keys_and_values_of_one_owner);
	test_add(changes_of_state_are_undone);
}
