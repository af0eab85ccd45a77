/* JSON-RPC replies, byte for byte. */
#include "rpc/reply.h"
#include "suite.h"

#include <string.h>

static struct buffer out;
static const struct reply_id none = { NULL, 0 };
static const struct reply_id seven = { "7", 1 };

static void set_up(void)
{
	out = (struct buffer){ 0 };
}

static void tear_down(void)
{
	mcps__buffer_finish(&out);
}

static void check(const char *text)
{
	ck_assert(!out.failed);
	ck_assert_uint_eq(out.length, strlen(text));
	ck_assert_mem_eq(out.data, text, out.length);
}

START_TEST(a_result_stands_between_begin_and_end)
{
	mcps__reply_begin(&out, seven);
	mcps__buffer_add_literal(&out, "{}");
	mcps__reply_end(&out);
	check("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}");
}
END_TEST

START_TEST(an_id_is_written_as_it_was_read)
{
	const struct reply_id id = { "\"a\\u0062\\/\"", 11 };

	mcps__reply_error(&out, id, -32603, "Oops", NULL, NULL);
	check("{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\\/\",\"error\":{\"code\":"
	      "-32603,\"message\":\"Oops\"}}");
}
END_TEST

START_TEST(an_error_without_id_has_no_member_for_it)
{
	mcps__reply_error(&out, none, -32700, "Parse error", NULL, NULL);
	check("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":"
	      "\"Parse error\"}}");
}
END_TEST

START_TEST(detail_and_data_follow_the_message)
{
	mcps__reply_error(&out, seven, -32602, "Invalid params", "x \"y\"\n",
	                  "{\"a\":[1]}");
	check("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602,"
	      "\"message\":\"Invalid params: x \\\"y\\\"\\n\",\"data\":{\"a\":"
	      "[1]}}}");
}
END_TEST

START_TEST(a_reply_is_added_to_what_is_there)
{
	mcps__buffer_add_byte(&out, '[');
	mcps__reply_error(&out, none, 1, "m", NULL, NULL);
	check("[{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"m\"}"
	      "}");
}
END_TEST

/* What a client sent may come back as a detail, and may be of any length. */
START_TEST(a_long_detail_is_cut_and_still_json)
{
	char detail[2001];

	for (int i = 0; i < 1000; i++)
		memcpy(detail + 2 * i, "\xc3\xa9", 3);
	mcps__reply_error(&out, none, 1, "m", detail, NULL);
	ck_assert(!out.failed);
	ck_assert_uint_lt(out.length, 800);
	ck_assert_mem_eq(out.data + out.length - 3, "\"}}", 3);
	for (size_t i = 0; i + 2 < out.length; i++) /* no U+FFFD */
		ck_assert_int_ne(memcmp(out.data + i, "\xef\xbf\xbd", 3), 0);
}
END_TEST

TEST_MAIN("reply")
{
	test_fixture(set_up, tear_down);
	test_add(a_result_stands_between_begin_and_end);
	test_add(an_id_is_written_as_it_was_read);
	test_add(an_error_without_id_has_no_member_for_it);
	test_add(detail_and_data_follow_the_message);
	test_add(a_reply_is_added_to_what_is_there);
	test_add(a_long_detail_is_cut_and_still_json);
}
