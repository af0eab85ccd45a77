/* How long the damaged row of a session stays: until its id is too old to be
 * believed, for it may have been a tombstone. */
#include "sqlite_cases.h"
#include "suite.h"

#include <string.h>

static size_t sweep_at(int64_t now_ms, int64_t max_age_ms)
{
	const struct mcps_sweep how = { .idle_before_ms = now_ms,
		                        .now_ms = now_ms,
		                        .aged_before_ms = now_ms - max_age_ms,
		                        .tombstone_until_ms = now_ms + 50000,
		                        .limit = 100 };
	size_t removed;

	begin();
	ok(store->ops->sweep(store, &how, &removed));
	commit();
	return removed;
}

/* A row whose key begins with TIME, damaged. */
static const uint8_t *open_damaged_at(uint8_t time, bool has_ended)
{
	static uint8_t its_key[MCPS_SESSION_KEY_SIZE];
	struct mcps_session_row row;
	int64_t ref;

	memcpy(its_key, key(3), sizeof its_key);
	memset(its_key, 0, 6);
	its_key[4] = time; /* in 256 ms */
	open_store();
	row = make_row(3, intern(1), 1000);
	memcpy(row.key, its_key, sizeof row.key);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	if (has_ended)
		ok(store->ops->session_end(store, its_key, 2000));
	commit();
	close_store();
	run_sql("UPDATE session SET checksum = checksum + 1");
	open_store();
	return its_key;
}

static bool has_row(const uint8_t *its_key)
{
	static struct seen seen;

	seen.calls = 0;
	ok(store->ops->session_load(store, its_key, see_session, &seen));
	ck_assert(seen.calls == 0 || seen.session.phase == MCPS_PHASE_ENDED);
	return seen.calls == 1;
}

START_TEST(a_damaged_row_stays_until_its_id_is_too_old)
{
	enum { ISSUED = 10 * 256, AGE = 30000 };
	const uint8_t *its_key = open_damaged_at(10, _i == 1);

	(void)sweep_at(ISSUED + AGE / 2, AGE);
	ck_assert(has_row(its_key));
	(void)sweep_at(ISSUED + AGE, AGE);
	ck_assert(has_row(its_key));
	(void)sweep_at(ISSUED + AGE + 1, AGE);
	ck_assert(!has_row(its_key));
	close_store();
}
END_TEST

START_TEST(a_damaged_row_that_is_met_late_goes_at_once)
{
	const uint8_t *its_key = open_damaged_at(10, _i == 1);

	(void)sweep_at(90000, 30000);
	ck_assert(!has_row(its_key));
	close_store();
}
END_TEST

START_TEST(a_damaged_row_of_no_age_stays_as_long_as_any_tombstone)
{
	const uint8_t *its_key = open_damaged_at(0, _i == 1);

	(void)sweep_at(40000, 30000);
	ck_assert(has_row(its_key));
	(void)sweep_at(89999, 30000);
	ck_assert(has_row(its_key));
	(void)sweep_at(90000, 30000);
	ck_assert(!has_row(its_key));
	close_store();
	ck_assert_int_eq(
		ask_sql("SELECT count(*) FROM tombstones WHERE principal = 0"),
		0);
}
END_TEST

void sqlite_damage_age_case(void)
{
	test_case("damage and age");
	test_fixture(directory_make, directory_remove);
	test_add_loop(a_damaged_row_stays_until_its_id_is_too_old, 2);
	test_add_loop(a_damaged_row_that_is_met_late_goes_at_once, 2);
	test_add_loop(a_damaged_row_of_no_age_stays_as_long_as_any_tombstone,
	              2);
}
