/* What a stored row means: who owns it, whether it has ended, is too old, was
 * revoked or is only idle. */
#include "session/row_state.h"
#include "suite.h"

enum { NOW = 1000000, IDLE = 1000, AGE = 5000, OWNER = 7 };

static struct mcps_session_row row;
static struct row_context context;

static void set_up(void)
{
	row = (struct mcps_session_row){ .principal = OWNER,
		                         .phase = MCPS_PHASE_LIVE,
		                         .created_ms = NOW - 2000,
		                         .seen_ms = NOW - 10 };
	context = (struct row_context){ .now_ms = NOW,
		                        .idle_before_ms = NOW - IDLE,
		                        .max_age_ms = AGE,
		                        .principal_ref = OWNER };
}

static void check(enum session_found wanted)
{
	ck_assert_int_eq(mcps__row_state(&row, &context), wanted);
}

START_TEST(a_live_row_of_the_caller_is_live)
{
	check(FOUND_LIVE);
}
END_TEST

START_TEST(no_row_is_unknown)
{
	ck_assert_int_eq(mcps__row_state(NULL, &context), FOUND_UNKNOWN);
}
END_TEST

START_TEST(somebody_elses_row_is_unknown_whatever_it_is)
{
	context.principal_ref = OWNER + 1;
	check(FOUND_UNKNOWN);
	row.phase = MCPS_PHASE_ENDED;
	check(FOUND_UNKNOWN);
	context.principal_ref = 0; /* the store knows no such caller */
	check(FOUND_UNKNOWN);
}
END_TEST

START_TEST(a_tombstone_has_ended_whatever_else_it_says)
{
	row.phase = MCPS_PHASE_ENDED;
	check(FOUND_ENDED);
	row.seen_ms = 0;
	check(FOUND_ENDED);
	row.created_ms = NOW;
	check(FOUND_ENDED);
}
END_TEST

START_TEST(a_damaged_row_has_ended)
{
	row = (struct mcps_session_row){ .phase = MCPS_PHASE_ENDED };
	check(FOUND_ENDED);
	context.principal_ref = 0;
	check(FOUND_ENDED);
}
END_TEST

START_TEST(idle_begins_after_the_idle_time)
{
	row.seen_ms = NOW - IDLE;
	check(FOUND_LIVE);
	row.seen_ms = NOW - IDLE - 1;
	check(FOUND_UNKNOWN);
}
END_TEST

START_TEST(old_age_ends_after_the_absolute_lifetime_idle_or_not)
{
	row.created_ms = NOW - AGE;
	check(FOUND_LIVE);
	row.created_ms = NOW - AGE - 1;
	check(FOUND_ENDED);
	row.seen_ms = NOW - IDLE - 1;
	check(FOUND_ENDED);
}
END_TEST

START_TEST(what_was_created_before_a_revocation_has_ended)
{
	context.not_before_ms = row.created_ms;
	check(FOUND_LIVE);
	context.not_before_ms = row.created_ms + 1;
	check(FOUND_ENDED);
	row.seen_ms = NOW - IDLE - 1;
	check(FOUND_ENDED);
}
END_TEST

START_TEST(a_row_from_the_future_is_live)
{
	row.created_ms = NOW + 100;
	row.seen_ms = NOW + 100;
	check(FOUND_LIVE);
}
END_TEST

TEST_MAIN("row_state")
{
	test_fixture(set_up, NULL);
	test_add(a_live_row_of_the_caller_is_live);
	test_add(no_row_is_unknown);
	test_add(somebody_elses_row_is_unknown_whatever_it_is);
	test_add(a_tombstone_has_ended_whatever_else_it_says);
	test_add(a_damaged_row_has_ended);
	test_add(idle_begins_after_the_idle_time);
	test_add(old_age_ends_after_the_absolute_lifetime_idle_or_not);
	test_add(what_was_created_before_a_revocation_has_ended);
	test_add(a_row_from_the_future_is_live);
}
