/* Sessions for a program with JSON-RPC code of its own: how mcps_admit()
 * answers a request whose session ends while it is served. */
#include "functional/admit_case.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static bool says_begun; /* requests that are served */

/* The session of a request that was admitted ends; the program asks again
 * before it sends the answer. */
static void end_while_served(struct request *request, char *id)
{
	request->session_id = id;
	admit_serve(request);
	if (says_begun)
		ck_assert_int_eq(mcps_admission_begin(request->admission),
		                 MCPS_OK);
	ck_assert_int_eq(mcps_admission_resume(request->admission), MCPS_OK);
	ck_assert_int_eq(mcps_admission_get_result(request->admission),
	                 MCPS_ADMISSION_SERVE);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	ck_assert_int_eq(mcps_admission_resume(request->admission), MCPS_OK);
}

static void check_says(const struct request *request, int status,
                       const char *body)
{
	size_t length;
	const char *text = mcps_admission_body(request->admission, &length);

	ck_assert_int_eq(mcps_admission_get_result(request->admission),
	                 MCPS_ADMISSION_ANSWER);
	ck_assert_int_eq(mcps_admission_status(request->admission), status);
	ck_assert_uint_eq(length, strlen(body));
	ck_assert_mem_eq(text, body, length);
}

#define UNKNOWN_OUTCOME(id)                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32603,"   \
	"\"message\":\"The outcome of this call is unknown. Check before " \
	"repeating it.\",\"data\":{\"reason\":\"outcome_unknown\"}}}"

/* Whether it said that it began, or not. */
START_TEST(outcome_of_a_call_that_runs_when_its_session_ends_is_unknown)
{
	char *id = admit_open_session(NULL, NULL);
	struct request ping = { .body = PING };

	says_begun = _i == 1;
	end_while_served(&ping, id);
	check_says(&ping, 200, UNKNOWN_OUTCOME("\"p\""));
	admit_finish(&ping);
	free(id);
}
END_TEST

START_TEST(outcome_of_each_call_of_a_batch_is_unknown)
{
	struct request batch = {
		.body = "[" PING ",{\"jsonrpc\":\"2.0\",\"method\":\"x\"},"
			"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"y\"}]"
	};
	char *id = admit_open_with(
		(struct request){ .body = INITIALIZE_AS("2025-03-26") });

	end_while_served(&batch, id);
	check_says(&batch, 200,
	           "[" UNKNOWN_OUTCOME("\"p\"") "," UNKNOWN_OUTCOME("7") "]");
	admit_finish(&batch);
	free(id);
}
END_TEST

START_TEST(a_notification_is_served_whatever_its_session_does)
{
	char *id = admit_open_session(NULL, NULL);
	struct request note = {
		.body = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}"
	};

	end_while_served(&note, id);
	ck_assert_int_eq(mcps_admission_get_result(note.admission),
	                 MCPS_ADMISSION_SERVE);
	admit_finish(&note);
	free(id);
}
END_TEST

START_TEST(a_stream_of_a_session_that_has_ended_is_404)
{
	char *id = admit_open_session(NULL, NULL);
	struct request get = { .method = "GET" };

	end_while_served(&get, id);
	ck_assert_int_eq(mcps_admission_status(get.admission), 404);
	admit_finish(&get);
	free(id);
}
END_TEST

START_TEST(call_that_has_not_begun_when_its_session_ends_is_404)
{
	char *id = admit_open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	admit_serve(&ping);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	ck_assert_int_eq(mcps_admission_begin(ping.admission), MCPS_E_GONE);
	ck_assert_int_eq(mcps_admission_begin(ping.admission), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_admission_resume(ping.admission), MCPS_OK);
	ck_assert_int_eq(mcps_admission_status(ping.admission), 404);
	admit_finish(&ping);
	free(id);
}
END_TEST

TEST_MAIN("admit ends")
{
	test_fixture(admit_set_up, admit_tear_down);
	test_timeout(120);
	test_add_loop(
		outcome_of_a_call_that_runs_when_its_session_ends_is_unknown,
		2);
	test_add(outcome_of_each_call_of_a_batch_is_unknown);
	test_add(a_notification_is_served_whatever_its_session_does);
	test_add(a_stream_of_a_session_that_has_ended_is_404);
	test_add(call_that_has_not_begun_when_its_session_ends_is_404);
}
