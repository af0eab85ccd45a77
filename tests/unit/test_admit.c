/* Admission over its whole input space, against the table written down once
 * more, column by column, and by somebody else. */
#include "http/admit.h"
#include "suite.h"

/* ---- the table ----------------------------------------------------------- */

enum column {
	NO_ID, /* none was sent */
	COLD,  /* memory does not know it */
	LIVE,  /* ... and, for initialize, it fits */
	LIVE_MISFIT,
	ENDED,
	UNKNOWN_REFUSED, /* the policy does not allow it */
	UNKNOWN_ALLOWED,
	UNKNOWN_SIGNED, /* DELETE: ours, not too old */
	UNKNOWN_OTHER,  /* DELETE: not so */
	COLUMNS
};

#define NONE ((enum admit_decision)99)

static const enum admit_decision table[4][COLUMNS] = {
	[ADMIT_INITIALIZE] = { DECISION_CREATE, DECISION_LOAD, DECISION_RENEW,
	                       DECISION_CREATE, DECISION_CREATE,
	                       DECISION_CREATE, DECISION_CREATE, NONE, NONE },
	[ADMIT_POST] = { DECISION_NO_ID, DECISION_LOAD, DECISION_SERVE,
	                 DECISION_SERVE, DECISION_GONE, DECISION_GONE,
	                 DECISION_RECREATE, NONE, NONE },
	[ADMIT_GET] = { DECISION_NO_ID, DECISION_LOAD, DECISION_SERVE,
	                DECISION_SERVE, DECISION_GONE, DECISION_GONE,
	                DECISION_RECREATE, NONE, NONE },
	[ADMIT_DELETE] = { DECISION_NO_ID, DECISION_LOAD, DECISION_END,
	                   DECISION_END, DECISION_GONE, NONE, NONE,
	                   DECISION_TOMBSTONE, DECISION_GONE },
};

/* "never", "issued": signed by us, "authenticated": also any well-formed id of
 * an identified caller. An id past its own lifetime has ended. */
static bool is_allowed(const struct admit_view *view)
{
	bool issued = view->is_signed;
	bool known = view->is_well_formed && !view->is_anonymous;

	if (view->is_too_old)
		return false;
	switch (view->policy) {
	case MCPS_UNKNOWN_ISSUED:
		return issued;
	case MCPS_UNKNOWN_AUTHENTICATED:
		return issued || known;
	default:
		return false;
	}
}

static enum column column_of(const struct admit_view *view,
                             enum session_found found)
{
	if (!view->has_id)
		return NO_ID;
	switch (found) {
	case FOUND_NOT_LOADED:
		return COLD;
	case FOUND_LIVE:
		return view->fits ? LIVE : LIVE_MISFIT;
	case FOUND_ENDED:
		return ENDED;
	case FOUND_UNKNOWN:
		break;
	}
	if (view->kind == ADMIT_DELETE)
		return view->is_signed && !view->is_too_old ? UNKNOWN_SIGNED
		                                            : UNKNOWN_OTHER;
	return is_allowed(view) ? UNKNOWN_ALLOWED : UNKNOWN_REFUSED;
}

/* ---- all of it ----------------------------------------------------------- */

static const enum mcps_unknown_ids policies[] = { MCPS_UNKNOWN_NEVER,
	                                          MCPS_UNKNOWN_ISSUED,
	                                          MCPS_UNKNOWN_AUTHENTICATED };

enum { BOOLEANS = 7, INPUTS = 4 * 3 * 4 << BOOLEANS };

static enum session_found view_make(struct admit_view *view, unsigned number)
{
	unsigned rest = number >> BOOLEANS;

	*view = (struct admit_view){
		.has_id = number & 1,
		.is_well_formed = number >> 1 & 1,
		.is_signed = number >> 2 & 1,
		.is_too_old = number >> 3 & 1,
		.is_anonymous = number >> 4 & 1,
		.fits = number >> 5 & 1,
		.resumes = number >> 6 & 1,
		.kind = (enum admit_kind)(rest % 4),
		.policy = policies[rest / 4 % 3],
	};
	view->resumes = view->resumes && view->kind == ADMIT_GET;
	return (enum session_found)(rest / 12);
}

/* A client that resumes gets the streams of an ended session; other requests
 * get 404. */
static enum admit_decision wanted_for(const struct admit_view *view,
                                      enum session_found found)
{
	enum admit_decision decision =
		table[view->kind][column_of(view, found)];

	return view->resumes && decision == DECISION_GONE ? DECISION_REST
	                                                  : decision;
}

START_TEST(every_input_gets_the_decision_of_the_table)
{
	for (unsigned number = 0; number < INPUTS; number++) {
		struct admit_view view;
		enum session_found found = view_make(&view, number);
		enum admit_decision wanted = wanted_for(&view, found);

		ck_assert_int_ne(wanted, NONE);
		ck_assert_msg(mcps__admit(&view, found) == wanted,
		              "input %u: decision %d, not %d", number,
		              mcps__admit(&view, found), wanted);
	}
}
END_TEST

START_TEST(initialize_never_locks_anybody_out)
{
	for (unsigned number = 0; number < INPUTS; number++) {
		struct admit_view view;
		enum session_found found = view_make(&view, number);
		enum admit_decision decision;

		if (view.kind != ADMIT_INITIALIZE)
			continue;
		decision = mcps__admit(&view, found);
		ck_assert(decision == DECISION_CREATE ||
		          decision == DECISION_RENEW ||
		          decision == DECISION_LOAD);
	}
}
END_TEST

START_TEST(what_has_ended_is_served_to_nobody)
{
	for (unsigned number = 0; number < INPUTS; number++) {
		struct admit_view view;
		enum session_found found = view_make(&view, number);
		enum admit_decision decision = mcps__admit(&view, found);

		if (found != FOUND_ENDED || !view.has_id ||
		    view.kind == ADMIT_INITIALIZE)
			continue;
		ck_assert_int_eq(decision,
		                 view.resumes ? DECISION_REST : DECISION_GONE);
	}
}
END_TEST

START_TEST(delete_never_makes_a_session)
{
	for (unsigned number = 0; number < INPUTS; number++) {
		struct admit_view view;
		enum session_found found = view_make(&view, number);

		if (view.kind == ADMIT_DELETE)
			ck_assert_int_ne(mcps__admit(&view, found),
			                 DECISION_RECREATE);
	}
}
END_TEST

/* ---- outcomes ------------------------------------------------------------ */

static const enum admit_decision asking[] = {
	DECISION_LOAD,     DECISION_CREATE, DECISION_RENEW,
	DECISION_RECREATE, DECISION_END,    DECISION_TOMBSTONE
};

START_TEST(what_the_store_cannot_say_has_failed)
{
	ck_assert_int_eq(
		mcps__admit_outcome(asking[_i], FOUND_NOT_LOADED, MCPS_E_STORE),
		ADMIT_OUTCOME_FAILED);
}
END_TEST

START_TEST(what_was_loaded_or_recreated_is_admitted_again)
{
	static const enum session_found found[] = { FOUND_LIVE, FOUND_ENDED,
		                                    FOUND_UNKNOWN };

	ck_assert_int_eq(mcps__admit_outcome(DECISION_LOAD, found[_i], MCPS_OK),
	                 ADMIT_OUTCOME_AGAIN);
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_RECREATE, found[_i], MCPS_OK),
		ADMIT_OUTCOME_AGAIN);
}
END_TEST

START_TEST(what_was_created_or_renewed_is_served)
{
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_CREATE, FOUND_LIVE, MCPS_OK),
		ADMIT_OUTCOME_SERVE);
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_RENEW, FOUND_LIVE, MCPS_OK),
		ADMIT_OUTCOME_SERVE);
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_RENEW, FOUND_ENDED, MCPS_E_GONE),
		ADMIT_OUTCOME_AGAIN);
}
END_TEST

START_TEST(only_the_delete_that_ended_it_gets_204)
{
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_END, FOUND_ENDED, MCPS_OK),
		ADMIT_OUTCOME_ENDED);
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_END, FOUND_ENDED, MCPS_E_GONE),
		ADMIT_OUTCOME_AGAIN);
	ck_assert_int_eq(mcps__admit_outcome(DECISION_END, FOUND_LIVE, MCPS_OK),
	                 ADMIT_OUTCOME_AGAIN);
}
END_TEST

START_TEST(a_tombstone_is_404_unless_a_session_is_live)
{
	ck_assert_int_eq(mcps__admit_outcome(DECISION_TOMBSTONE, FOUND_ENDED,
	                                     MCPS_E_GONE),
	                 ADMIT_OUTCOME_GONE);
	ck_assert_int_eq(
		mcps__admit_outcome(DECISION_TOMBSTONE, FOUND_LIVE, MCPS_OK),
		ADMIT_OUTCOME_AGAIN);
}
END_TEST

TEST_MAIN("admit")
{
	test_add(every_input_gets_the_decision_of_the_table);
	test_add(initialize_never_locks_anybody_out);
	test_add(what_has_ended_is_served_to_nobody);
	test_add(delete_never_makes_a_session);
	test_add_loop(what_the_store_cannot_say_has_failed, 6);
	test_add_loop(what_was_loaded_or_recreated_is_admitted_again, 3);
	test_add(what_was_created_or_renewed_is_served);
	test_add(only_the_delete_that_ended_it_gets_204);
	test_add(a_tombstone_is_404_unless_a_session_is_live);
}
