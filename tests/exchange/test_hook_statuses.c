/* Every status that the auth hook can return has one answer: it refuses the
 * caller, or the hook is at fault. None is taken for one of a session. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <limits.h>

/* All there are, and some that there are not. */
static const mcps_status statuses[] = {
#define X(name, value, http, rpc, text) MCPS_##name,
	MCPS_STATUS_MAP(X)
#undef X
		(mcps_status) 2,
	(mcps_status)INT_MAX,
	(mcps_status)-1000,
	(mcps_status)INT_MIN,
};

static mcps_status to_return;
static bool is_late, names_somebody;

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	(void)arg, (void)request;
	if (names_somebody)
		ck_assert_int_eq(mcps_grant_subject(grant, NULL, "alice"),
		                 MCPS_OK);
	if (!is_late)
		return to_return;
	mcps_grant_finish(grant, to_return);
	return MCPS_LATER;
}

/* All others are a fault of the hook: 500. */
static int hook_http(mcps_status status)
{
	switch ((int)status) {
	case MCPS_OK:
		return names_somebody ? 200 : 500;
	case MCPS_E_AUTH:
		return 401;
	case MCPS_E_FORBIDDEN:
	case MCPS_E_SCOPE:
		return 403;
	case MCPS_E_LIMIT:
		return 429;
	case MCPS_E_NOMEM:
	case MCPS_E_BUSY:
	case MCPS_E_STORE:
	case MCPS_E_LOCKED:
	case MCPS_E_CORRUPT:
	case MCPS_E_SYSTEM:
	case MCPS_E_PERMISSION:
	case MCPS_E_STOPPING:
		return 503;
	default:
		return 500;
	}
}

static void check_hook(void)
{
	int wanted = hook_http(to_return);
	uint64_t count =
		mcps__incident_count(&harness.incidents, INCIDENT_AUTH_STATUS);
	struct answer answer = EXCHANGE(&harness, .caller = "x",
	                                .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_msg(answer.status == wanted, "status %d: %d, not %d",
	              (int)to_return, answer.status, wanted);
	ck_assert_uint_eq(
		mcps__incident_count(&harness.incidents, INCIDENT_AUTH_STATUS) -
			count,
		wanted == 500);
	ck_assert_uint_eq(answer.retry_after_s != 0,
	                  wanted == 429 || wanted == 503);
	ck_assert_int_eq(answer.challenge != NULL, wanted == 401);
	if (wanted == 500)
		answer_check_json(
			&answer, 500,
			"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":"
			"-32603,\"message\":\"Internal error: invalid "
			"argument\"}}");
}

START_TEST(each_status_of_the_auth_hook_has_one_answer)
{
	to_return = statuses[_i];
	for (int how = 0; how < 4; how++) {
		is_late = (how & 1) != 0;
		names_somebody = (how & 2) != 0;
		if (is_late || to_return != MCPS_LATER)
			check_hook();
	}
}
END_TEST

static void set_up(void)
{
	harness_init(&harness, &(const struct harness_options){ .hot = 0 });
	harness.endpoint.identify = identify;
}

TEST_MAIN("hook statuses")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(each_status_of_the_auth_hook_has_one_answer,
	              COUNT(statuses));
}
