/* Contract: the record of session time, which every back end keeps as named
 * values. */
#include "base/little_endian.h"
#include "contract.h"
#include "session/clock_record.h"
#include "suite.h"

#include <string.h>

static struct clock_record sample(int64_t session_ms)
{
	struct clock_record record = { .session_ms = session_ms,
		                       .at = { .wall_ms = 1700000000123,
		                               .boot_ms = 77,
		                               .has_boot_id = true } };

	memset(record.at.boot_id, 0x5b, sizeof record.at.boot_id);
	return record;
}

static void save(int64_t session_ms)
{
	const struct clock_record record = sample(session_ms);

	begin();
	ok(mcps__clock_save(store, &record));
	commit();
}

static struct clock_record load_clock(void)
{
	struct clock_record record;
	bool found;

	ok(mcps__clock_load(store, &record, &found));
	ck_assert(found);
	return record;
}

static void check(int64_t session_ms)
{
	const struct clock_record wanted = sample(session_ms);
	const struct clock_record found = load_clock();

	ck_assert_int_eq(found.session_ms, session_ms);
	ck_assert_int_eq(found.at.wall_ms, wanted.at.wall_ms);
	ck_assert_int_eq(found.at.boot_ms, wanted.at.boot_ms);
	ck_assert(found.at.has_boot_id);
	ck_assert_mem_eq(found.at.boot_id, wanted.at.boot_id, BOOT_ID_SIZE);
}

/* As versions before the record stored it. */
static void save_old(int64_t session_ms)
{
	uint8_t bytes[LITTLE_ENDIAN_64];

	mcps__put_le64(bytes, (uint64_t)session_ms);
	begin();
	ok(store->ops->meta_put(store, "clock", bytes, sizeof bytes));
	commit();
}

START_TEST(a_new_store_has_no_clock)
{
	struct clock_record record;
	bool found = true;

	ok(mcps__clock_load(store, &record, &found));
	ck_assert(!found);
}
END_TEST

START_TEST(a_clock_comes_back_as_it_was_stored)
{
	save(1700000000000);
	check(1700000000000);
	save(1700000060000);
	check(1700000060000);
}
END_TEST

START_TEST(a_clock_without_a_boot_id_comes_back_without_one)
{
	struct clock_record record = sample(1000);

	record.at.has_boot_id = false;
	begin();
	ok(mcps__clock_save(store, &record));
	commit();
	ck_assert(!load_clock().at.has_boot_id);
	ck_assert_int_eq(load_clock().at.wall_ms, record.at.wall_ms);
}
END_TEST

START_TEST(a_clock_is_undone_with_its_transaction)
{
	const struct clock_record record = sample(2000);

	save(1000);
	begin();
	ok(mcps__clock_save(store, &record));
	store->ops->rollback(store);
	check(1000);
	begin();
	ok(store->ops->savepoint(store));
	ok(mcps__clock_save(store, &record));
	ok(store->ops->rollback_to(store));
	commit();
	check(1000);
}
END_TEST

/* Session time followed the wall clock then. */
START_TEST(a_clock_of_an_older_version_is_its_own_wall_time)
{
	struct clock_record record;

	save_old(1690000000000);
	record = load_clock();
	ck_assert_int_eq(record.session_ms, 1690000000000);
	ck_assert_int_eq(record.at.wall_ms, 1690000000000);
	ck_assert(!record.at.has_boot_id);
}
END_TEST

/* Version 0.1 was installed again, and then this one. */
START_TEST(readings_that_belong_to_another_session_time_do_not_count)
{
	struct clock_record record;

	save(1700000000000);
	save_old(1700000500000);
	record = load_clock();
	ck_assert_int_eq(record.session_ms, 1700000500000);
	ck_assert_int_eq(record.at.wall_ms, 1700000500000);
	ck_assert(!record.at.has_boot_id);
}
END_TEST

START_TEST(readings_of_another_form_do_not_count)
{
	save(1700000000000);
	begin();
	ok(store->ops->meta_put(store, "clock-readings", "short", 5));
	commit();
	ck_assert_int_eq(load_clock().at.wall_ms, 1700000000000);
	begin();
	ok(store->ops->meta_put(store, "clock-readings", digest(1), 32));
	ok(store->ops->meta_put(store, "clock-readings", key(1), 0));
	commit();
	ck_assert_int_eq(load_clock().session_ms, 1700000000000);
}
END_TEST

/* Nobody could say what is over. */
START_TEST(a_session_time_of_another_form_is_damage)
{
	static const int64_t too_large = INT64_MAX;
	struct clock_record record;
	bool found;

	begin();
	ok(store->ops->meta_put(store, "clock", "short", 5));
	commit();
	gives(mcps__clock_load(store, &record, &found), MCPS_E_CORRUPT);
	save_old(too_large);
	gives(mcps__clock_load(store, &record, &found), MCPS_E_CORRUPT);
	begin();
	ok(store->ops->meta_put(store, "clock", digest(1), 32));
	commit();
	gives(mcps__clock_load(store, &record, &found), MCPS_E_CORRUPT);
}
END_TEST

void contract_clock_case(void)
{
	test_case("clock");
	test_fixture(contract_open, contract_close);
	test_add(a_new_store_has_no_clock);
	test_add(a_clock_comes_back_as_it_was_stored);
	test_add(a_clock_without_a_boot_id_comes_back_without_one);
	test_add(a_clock_is_undone_with_its_transaction);
	test_add(a_clock_of_an_older_version_is_its_own_wall_time);
	test_add(readings_that_belong_to_another_session_time_do_not_count);
	test_add(readings_of_another_form_do_not_count);
	test_add(a_session_time_of_another_form_is_damage);
}
