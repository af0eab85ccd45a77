/* The outcome of a call: the table of its steps. */
#include "call/outcome.h"
#include "session/session.h"
#include "suite.h"

#include <stdlib.h>

enum { B = CALL_BEGUN, C = CALL_CANCELLED, E = CALL_ENDED, S = CALL_STOPPED };

static const struct {
	unsigned steps;
	enum call_outcome outcome;
} rows[] = {
	{ B, OUTCOME_ANSWER },          { B | C, OUTCOME_SILENCE },
	{ B | E, OUTCOME_UNKNOWN },     { B | S, OUTCOME_UNKNOWN },
	{ B | E | S, OUTCOME_UNKNOWN }, { B | C | E, OUTCOME_SILENCE },
	{ B | C | S, OUTCOME_SILENCE }, { B | C | E | S, OUTCOME_SILENCE },
	{ C, OUTCOME_SILENCE },         { E, OUTCOME_GONE },
	{ S, OUTCOME_STOPPING },        { E | S, OUTCOME_GONE },
	{ C | E, OUTCOME_SILENCE },     { C | S, OUTCOME_SILENCE },
	{ C | E | S, OUTCOME_SILENCE },
};

START_TEST(a_call_that_has_begun_is_never_refused)
{
	unsigned steps = rows[_i].steps;

	ck_assert_int_eq(mcps__call_outcome(steps), rows[_i].outcome);
	ck_assert_int_eq(mcps__call_outcome(steps | CALL_HANDED),
	                 rows[_i].outcome);
}
END_TEST

START_TEST(first_event_decides_whether_a_handler_begins)
{
	static const unsigned stops[] = { C, E, S };
	struct session_call before = { .steps = stops[_i] };
	struct session_call after = { .steps = CALL_HANDED };

	ck_assert(!mcps__session_call_begin(&before));
	ck_assert_uint_eq(mcps__session_call_return(&before), stops[_i]);
	ck_assert(mcps__session_call_begin(&after));
	atomic_fetch_or(&after.steps, stops[_i]);
	ck_assert_uint_eq(mcps__session_call_return(&after),
	                  CALL_HANDED | CALL_BEGUN | stops[_i]);
}
END_TEST

START_TEST(later_events_do_not_change_the_outcome_of_a_call_that_returned)
{
	struct session_call call = { .steps = CALL_HANDED };
	unsigned steps;

	ck_assert(mcps__session_call_begin(&call));
	steps = mcps__session_call_return(&call);
	atomic_fetch_or(&call.steps, CALL_STOPS);
	ck_assert_int_eq(mcps__call_outcome(steps), OUTCOME_ANSWER);
}
END_TEST

TEST_MAIN("outcome")
{
	test_add_loop(a_call_that_has_begun_is_never_refused, COUNT(rows));
	test_add_loop(first_event_decides_whether_a_handler_begins, 3);
	test_add(
		later_events_do_not_change_the_outcome_of_a_call_that_returned);
}
