/* 2024-11-05, as clients speak it that offer it over Streamable HTTP: what it
 * lacks is left out, or said in another way. */
#include "exchange/stream_case.h"
#include "suite.h"

#include <mcps/call.h>
#include <mcps/prompt.h>
#include <string.h>

#define OLDEST "2024-11-05"

static mcps_status play(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_audio(call, "a", 1, "audio/wav");
}

static mcps_status report(mcps_call *call, const void *args)
{
	(void)args;
	mcps_progress(call, 1, 2, "half of %s", "it");
	return mcps_text(call, "done");
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool),
	  .name = "play",
	  .hints = MCPS_READ_ONLY,
	  .quick = true,
	  .run = play },
	{ .size = sizeof(mcps_tool), .name = "report", .run = report },
	{ 0 },
};

static mcps_status recite(mcps_call *call)
{
	return mcps_audio(call, "a", 1, "audio/ogg");
}

static mcps_status complete(mcps_call *call, const char *name,
                            const char *value)
{
	(void)name, (void)value;
	return mcps_suggest(call, "suggested");
}

static const mcps_argument arguments[] = { { .name = "verse" },
	                                   MCPS_ARGUMENTS_END };

static const mcps_prompt prompts[] = {
	{ .size = sizeof(mcps_prompt),
	  .name = "poem",
	  .arguments = arguments,
	  .run = recite,
	  .complete = complete,
	  .quick = true },
	{ 0 },
};

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = tools,
	                                              .prompts = prompts,
	                                              .is_manual = true });
	the_id = case_begin_with(OLDEST);
}

static struct answer post(const char *body)
{
	return case_post(the_id, body);
}

START_TEST(completions_are_served_without_being_declared)
{
	struct answer answer = case_post(NULL, INITIALIZE(1, OLDEST));

	ck_assert_str_eq(case_at(&answer, "result.protocolVersion"), OLDEST);
	ck_assert_ptr_null(case_at(&answer, "result.capabilities.completions"));
	ck_assert_ptr_nonnull(case_at(&answer, "result.capabilities.prompts"));
	answer = post(REQUEST_WITH(
		2, "completion/complete",
		"{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"poem\"},"
		"\"argument\":{\"name\":\"verse\",\"value\":\"s\"}}"));
	ck_assert_str_eq(case_at(&answer, "result.completion.values.0"),
	                 "suggested");
}
END_TEST

START_TEST(tools_are_listed_without_annotations)
{
	struct answer answer = post(REQUEST(1, "tools/list"));

	ck_assert_str_eq(case_at(&answer, "result.tools.0.name"), "play");
	ck_assert_ptr_null(case_at(&answer, "result.tools.0.annotations"));
}
END_TEST

START_TEST(audio_is_a_text_that_names_its_type)
{
	struct answer answer = post(CALL(1, "play", "{}"));

	answer_check_json(&answer, 200,
	                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"
	                  "\"content\":[{\"type\":\"text\",\"text\":\"[audio "
	                  "content: audio/wav]\"}]}}");
	answer = post(REQUEST_WITH(2, "prompts/get", "{\"name\":\"poem\"}"));
	ck_assert_str_eq(case_at(&answer, "result.messages.0.content"),
	                 "{\"type\":\"text\",\"text\":\"[audio content: "
	                 "audio/ogg]\"}");
}
END_TEST

START_TEST(progress_has_no_message)
{
	struct flight *flight = send_call(REQUEST_WITH(
		1, "tools/call",
		"{\"name\":\"report\",\"_meta\":{\"progressToken\":\"t\"}}"));

	ck_assert_int_eq(parse_events(finish_call(flight).body), 2);
	check_event(0, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
	               "progress\",\"params\":{\"progressToken\":\"t\","
	               "\"progress\":1,\"total\":2}}");
}
END_TEST

START_TEST(array_of_messages_is_400)
{
	struct answer answer = post("[" PING(1) "]");

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32600");
}
END_TEST

START_TEST(session_keeps_its_revision_over_a_restart)
{
	static const enum harness_keep keeps[] = { KEEP_ALL, KEEP_KEY };
	struct answer answer;

	harness_restart(&harness, keeps[_i]);
	answer = post(REQUEST(1, "tools/list"));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_null(case_at(&answer, "result.tools.0.annotations"));
}
END_TEST

TEST_MAIN("oldest revision")
{
	test_case("2024-11-05");
	test_fixture(set_up, case_tear_down);
	test_add(completions_are_served_without_being_declared);
	test_add(tools_are_listed_without_annotations);
	test_add(audio_is_a_text_that_names_its_type);
	test_add(progress_has_no_message);
	test_add(array_of_messages_is_400);
	test_add_loop(session_keeps_its_revision_over_a_restart, 2);
}
