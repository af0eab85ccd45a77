/* JSON-RPC messages as MCP allows them. */
#include "rpc/message.h"

#include "unit/scanned.h"
#include "suite.h"

static struct scanned it;
static struct message message;
static struct mcps_error error;

static mcps_status read_text(const char *text)
{
	memset(&error, 0, sizeof error);
	scanned_init_good(&it, text);
	return mcps__message_read(&message, &it.scan, 0, &error);
}

static void tear_down(void)
{
	scanned_finish(&it);
}

static const struct {
	const char *text;
	enum message_kind kind;
	const char *id; /* NULL: none */
	const char *method;
} good[] = {
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", MESSAGE_REQUEST,
	  "1", "ping" },
	{ "{\"method\":\"ping\",\"id\":\"a\\u0062\",\"jsonrpc\":\"2.0\"}",
	  MESSAGE_REQUEST, "\"a\\u0062\"", "ping" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":-0,\"method\":\"\"}", MESSAGE_REQUEST,
	  "-0", "" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":99999999999999999999,\"method\":\"m\"}",
	  MESSAGE_REQUEST, "99999999999999999999", "m" },
	{ "{\"jsonrpc\":\"2.\\u0030\",\"id\":1,\"method\":\"m\","
	  "\"params\":{}}",
	  MESSAGE_REQUEST, "1", "m" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"result\":1}",
	  MESSAGE_REQUEST, "1", "m" },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"n\"}", MESSAGE_NOTIFICATION, NULL,
	  "n" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}", MESSAGE_RESPONSE,
	  "1", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", MESSAGE_RESPONSE, "1",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"error\":{}}", MESSAGE_RESPONSE, NULL, NULL },
};

START_TEST(a_message_is_read_for_what_it_is)
{
	size_t length;
	const char *id;

	ck_assert_msg(read_text(good[_i].text) == MCPS_OK, "%s", error.text);
	ck_assert_int_eq(message.kind, good[_i].kind);
	id = mcps__message_id(&message, &length);
	if (good[_i].id != NULL) {
		ck_assert_uint_eq(length, strlen(good[_i].id));
		ck_assert_mem_eq(id, good[_i].id, length);
	} else {
		ck_assert_ptr_null(id);
		ck_assert_uint_eq(length, 0);
	}
	if (good[_i].method != NULL)
		ck_assert(mcps__scan_equals(&it.scan, message.method,
		                            good[_i].method));
}
END_TEST

static const struct {
	const char *text, *why, *id;
} bad[] = {
	{ "[]", "a message is an object", NULL },
	{ "1", "a message is an object", NULL },
	{ "{}", "jsonrpc must be \"2.0\"", NULL },
	{ "{\"jsonrpc\":2,\"id\":1,\"method\":\"m\"}",
	  "jsonrpc must be \"2.0\"", "1" },
	{ "{\"jsonrpc\":\"2.00\",\"id\":1,\"method\":\"m\"}",
	  "jsonrpc must be \"2.0\"", "1" },
	{ "{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"m\"}",
	  "jsonrpc must be \"2.0\"", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"m\"}",
	  "id must be a string or an integer", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"m\"}",
	  "id must be a string or an integer", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"m\"}",
	  "id must be a string or an integer", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}",
	  "method must be a string", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[]}",
	  "params must be an object", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":false}",
	  "params must be an object", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1}", "neither method, result nor error",
	  "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1,\"error\":{}}",
	  "both result and error", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"result\":1}", "a result without id", NULL },
};

START_TEST(what_is_no_message_is_refused_with_the_reason)
{
	size_t length;
	const char *id;

	ck_assert_int_eq(read_text(bad[_i].text), MCPS_E_REQUEST);
	ck_assert_str_eq(error.text, bad[_i].why);
	id = mcps__message_id(&message, &length);
	ck_assert_int_eq(id != NULL, bad[_i].id != NULL);
}
END_TEST

START_TEST(a_reason_need_not_be_wanted)
{
	scanned_init_good(&it, "{}");
	ck_assert_int_eq(mcps__message_read(&message, &it.scan, 0, NULL),
	                 MCPS_E_REQUEST);
}
END_TEST

START_TEST(a_message_of_a_batch_is_read_at_its_place)
{
	scanned_init_good(&it,
	                  "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	                  "\"a\"},{\"jsonrpc\":\"2.0\",\"method\":\"b\"}]");
	ck_assert_int_eq(mcps__message_read(&message, &it.scan, 1, NULL),
	                 MCPS_OK);
	ck_assert(mcps__scan_equals(&it.scan, message.method, "a"));
	ck_assert_int_eq(mcps__message_read(&message, &it.scan,
	                                    it.scan.tokens[1].next, NULL),
	                 MCPS_OK);
	ck_assert(mcps__scan_equals(&it.scan, message.method, "b"));
	ck_assert_int_eq(message.kind, MESSAGE_NOTIFICATION);
}
END_TEST

TEST_MAIN("message")
{
	test_fixture(NULL, tear_down);
	test_add_loop(a_message_is_read_for_what_it_is, COUNT(good));
	test_add_loop(what_is_no_message_is_refused_with_the_reason,
	              COUNT(bad));
	test_add(a_reason_need_not_be_wanted);
	test_add(a_message_of_a_batch_is_read_at_its_place);
}
