/* Results of tools: content blocks, and how each revision sees them. */
#include "call/result.h"

#include "failing_memory.h"
#include "suite.h"

#include <json-c/json.h>
#include <string.h>

static struct result result;

static void result_setup(void)
{
	memset(&result, 0, sizeof result);
}

static void result_teardown(void)
{
	mcps__result_finish(&result);
}

__attribute__((format(printf, 1, 2))) static mcps_status
text(const char *format, ...)
{
	va_list args;
	mcps_status status;

	va_start(args, format);
	status = mcps__result_text(&result, format, args);
	va_end(args);
	return status;
}

static mcps_status structured(const char *json)
{
	return mcps__result_structured(&result, json_tokener_parse(json));
}

/* The result is EXPECTED to a client of revision NUMBER. */
static void expect(uint32_t number, const char *expected)
{
	struct buffer out = { 0 };

	mcps__result_write(&result, mcps__revision_by_number(number), &out);
	ck_assert(!out.failed);
	mcps__buffer_add_byte(&out, '\0');
	ck_assert_str_eq(out.data, expected);
	mcps__buffer_finish(&out);
}

static void expect_always(const char *expected)
{
	for (size_t i = 0; i < mcps__revision_count; i++)
		expect(mcps__revisions[i].number, expected);
}

START_TEST(an_empty_result_has_no_blocks)
{
	expect_always("{\"content\":[]}");
}
END_TEST

START_TEST(a_text_is_formatted_and_escaped)
{
	ck_assert_int_eq(text("%d \"apples\"\n", 3), MCPS_OK);
	expect_always("{\"content\":[{\"type\":\"text\","
	              "\"text\":\"3 \\\"apples\\\"\\n\"}]}");
}
END_TEST

START_TEST(an_empty_text_is_a_block)
{
	ck_assert_int_eq(text("%s", ""), MCPS_OK);
	ck_assert(result.has_text);
	expect_always("{\"content\":[{\"type\":\"text\",\"text\":\"\"}]}");
}
END_TEST

START_TEST(what_is_not_UTF_8_is_sent_as_U_FFFD)
{
	ck_assert_int_eq(text("caf\xe9"), MCPS_OK);
	expect_always("{\"content\":[{\"type\":\"text\","
	              "\"text\":\"caf\xef\xbf\xbd\"}]}");
}
END_TEST

START_TEST(blocks_stand_in_the_order_they_were_added)
{
	ck_assert_int_eq(text("one"), MCPS_OK);
	ck_assert_int_eq(
		mcps__result_media(&result, "image", "\x89PNG", 4, "image/png"),
		MCPS_OK);
	ck_assert_int_eq(
		mcps__result_media(&result, "audio", NULL, 0, "audio/wav"),
		MCPS_OK);
	ck_assert_int_eq(text("two"), MCPS_OK);
	expect_always("{\"content\":[{\"type\":\"text\",\"text\":\"one\"},"
	              "{\"type\":\"image\",\"data\":\"iVBORw==\","
	              "\"mimeType\":\"image/png\"},"
	              "{\"type\":\"audio\",\"data\":\"\","
	              "\"mimeType\":\"audio/wav\"},"
	              "{\"type\":\"text\",\"text\":\"two\"}]}");
}
END_TEST

START_TEST(a_resource_is_embedded_as_text_or_as_bytes)
{
	ck_assert_int_eq(mcps__result_resource(&result, "file:///a%22b",
	                                       "text/plain", "hi\t", NULL, 0),
	                 MCPS_OK);
	ck_assert_int_eq(
		mcps__result_resource(&result, "x:/1", NULL, NULL, "\0\1\2", 3),
		MCPS_OK);
	ck_assert_int_eq(
		mcps__result_resource(&result, "x:/2", NULL, NULL, NULL, 0),
		MCPS_OK);
	ck_assert(!result.has_text);
	expect_always("{\"content\":[{\"type\":\"resource\",\"resource\":"
	              "{\"uri\":\"file:///a%22b\",\"mimeType\":\"text/plain\","
	              "\"text\":\"hi\\t\"}},"
	              "{\"type\":\"resource\",\"resource\":"
	              "{\"uri\":\"x:/1\",\"blob\":\"AAEC\"}},"
	              "{\"type\":\"resource\",\"resource\":"
	              "{\"uri\":\"x:/2\",\"blob\":\"\"}}]}");
}
END_TEST

static const char *const no_uris[] = { "",        "a",     "/a",
	                               "1:/a",    "x:",    "x:/a b",
	                               "x:/a\"b", "x:/%4", "x:/\xc3\xa9" };

START_TEST(text_that_is_no_uri_is_neither_embedded_nor_linked)
{
	const char *uri = no_uris[_i];

	ck_assert_int_eq(
		mcps__result_resource(&result, uri, NULL, "t", NULL, 0),
		MCPS_E_INVAL);
	ck_assert_int_eq(mcps__result_link(&result,
	                                   &(const mcps_resource){
						   .uri = uri, .name = "n" }),
	                 MCPS_E_INVAL);
	expect_always("{\"content\":[]}");
}
END_TEST

START_TEST(a_block_without_its_parts_is_refused_and_leaves_nothing)
{
	ck_assert_int_eq(mcps__result_media(&result, "image", "x", 1, NULL),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(
		mcps__result_media(&result, "image", NULL, 1, "image/png"),
		MCPS_E_INVAL);
	ck_assert_int_eq(
		mcps__result_resource(&result, NULL, NULL, "x", NULL, 0),
		MCPS_E_INVAL);
	ck_assert_int_eq(
		mcps__result_resource(&result, "x:/", NULL, NULL, NULL, 1),
		MCPS_E_INVAL);
	expect_always("{\"content\":[]}");
}
END_TEST

START_TEST(an_error_says_so)
{
	ck_assert_int_eq(text("no"), MCPS_OK);
	result.is_error = true;
	expect_always("{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],"
	              "\"isError\":true}");
}
END_TEST

#define AS_TEXT "{\"type\":\"text\",\"text\":\"{\\\"n\\\":[1,\\\"x\\\"]}\"}"

START_TEST(a_structured_result_without_text_is_also_sent_as_text)
{
	ck_assert_int_eq(structured("{ \"n\": [1, \"x\"] }"), MCPS_OK);
	expect(20250326, "{\"content\":[" AS_TEXT "]}");
	expect(20250618, "{\"content\":[" AS_TEXT "],"
	                 "\"structuredContent\":{\"n\":[1,\"x\"]}}");
	expect(20251125, "{\"content\":[" AS_TEXT "],"
	                 "\"structuredContent\":{\"n\":[1,\"x\"]}}");
}
END_TEST

START_TEST(the_text_of_a_structured_result_follows_other_blocks)
{
	ck_assert_int_eq(structured("{\"n\":[1,\"x\"]}"), MCPS_OK);
	ck_assert_int_eq(
		mcps__result_resource(&result, "x:/", NULL, "a", NULL, 0),
		MCPS_OK);
	expect(20250326, "{\"content\":[{\"type\":\"resource\",\"resource\":"
	                 "{\"uri\":\"x:/\",\"text\":\"a\"}}," AS_TEXT "]}");
}
END_TEST

START_TEST(a_text_of_the_handler_replaces_that_of_a_structured_result)
{
	ck_assert_int_eq(structured("{}"), MCPS_OK);
	ck_assert_int_eq(text("nothing"), MCPS_OK);
	result.is_error = true;
	expect(20250326, "{\"content\":[{\"type\":\"text\","
	                 "\"text\":\"nothing\"}],\"isError\":true}");
	expect(20251125, "{\"content\":[{\"type\":\"text\","
	                 "\"text\":\"nothing\"}],"
	                 "\"structuredContent\":{},\"isError\":true}");
}
END_TEST

static const char *const no_objects[] = { "[1]", "\"x\"", "1", "true", "null" };

START_TEST(only_an_object_is_a_structured_result)
{
	ck_assert_int_eq(structured(no_objects[_i]), MCPS_E_INVAL);
	expect_always("{\"content\":[]}");
}
END_TEST

START_TEST(a_structured_result_is_set_once)
{
	ck_assert_int_eq(structured("{\"a\":1}"), MCPS_OK);
	ck_assert_int_eq(structured("{\"a\":2}"), MCPS_E_INVAL);
	ck_assert_int_eq(text("-"), MCPS_OK);
	expect(20250618, "{\"content\":[{\"type\":\"text\",\"text\":\"-\"}],"
	                 "\"structuredContent\":{\"a\":1}}");
}
END_TEST

START_TEST(the_reference_moves_in_and_others_stay)
{
	struct json_object *object = json_tokener_parse("{\"a\":1}");
	struct json_object *list = json_tokener_parse("[]");

	ck_assert_int_eq(
		mcps__result_structured(&result, json_object_get(object)),
		MCPS_OK);
	ck_assert_int_eq(
		mcps__result_structured(&result, json_object_get(object)),
		MCPS_E_INVAL);
	ck_assert_int_eq(
		mcps__result_structured(&result, json_object_get(list)),
		MCPS_E_INVAL);
	/* 1: the last reference, there was no leak. */
	ck_assert_int_eq(json_object_put(object), 1);
	ck_assert_int_eq(json_object_put(list), 1);
}
END_TEST

START_TEST(a_reset_result_is_empty_again)
{
	ck_assert_int_eq(text("one"), MCPS_OK);
	ck_assert_int_eq(structured("{\"a\":1}"), MCPS_OK);
	result.is_error = true;
	mcps__result_reset(&result);
	expect_always("{\"content\":[]}");
	ck_assert_int_eq(structured("{\"n\":[1,\"x\"]}"), MCPS_OK);
	expect(20250326, "{\"content\":[" AS_TEXT "]}");
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

/* Larger than any first buffer, so that blocks fail in their middle, too. */
static char large[3000];

/* Everything, each step whatever the one before said: the first failure. */
static mcps_status build_all(struct json_object *object)
{
	mcps_status status[] = {
		text("%s", large),
		mcps__result_media(&result, "image", large, sizeof large,
		                   "image/png"),
		mcps__result_resource(&result, "x:/", "a/b", large, NULL, 0),
		mcps__result_structured(&result, json_object_get(object)),
		text("end"),
	};

	for (size_t i = 0; i < sizeof status / sizeof status[0]; i++) {
		if (status[i] != MCPS_OK)
			return status[i];
	}
	return MCPS_OK;
}

START_TEST(a_failed_allocation_is_reported_and_never_sends_half_a_result)
{
	struct json_object *object = json_object_new_object();
	struct failing_memory memory;
	struct buffer out = { 0 };
	mcps_status status;
	size_t n = 0;

	memset(large, 'x', sizeof large - 1);
	json_object_object_add(object, "a", json_object_new_string(large));
	for (;;) {
		failing_memory_start(&memory, ++n);
		status = build_all(object);
		if (!failing_memory_stop(&memory))
			break;
		ck_assert_int_eq(status, MCPS_E_NOMEM);
		mcps__result_write(&result, mcps__revision_newest(), &out);
		ck_assert(out.failed);
		mcps__buffer_finish(&out);
		mcps__result_finish(&result);
	}
	ck_assert_int_eq(status, MCPS_OK);
	ck_assert_uint_gt(n, 5);
	mcps__result_write(&result, mcps__revision_newest(), &out);
	ck_assert(!out.failed);
	mcps__buffer_finish(&out);
	json_object_put(object);
}
END_TEST

START_TEST(a_result_that_cannot_be_written_sticks_in_its_buffer)
{
	struct failing_memory memory;
	struct buffer out = { 0 };

	ck_assert_int_eq(text("one"), MCPS_OK);
	failing_memory_start(&memory, 1);
	mcps__result_write(&result, mcps__revision_newest(), &out);
	failing_memory_stop(&memory);
	ck_assert(out.failed);
	mcps__buffer_finish(&out);
	expect_always("{\"content\":[{\"type\":\"text\",\"text\":\"one\"}]}");
}
END_TEST

START_TEST(reset_ends_a_failure)
{
	struct failing_memory memory;

	failing_memory_start(&memory, 1);
	ck_assert_int_eq(text("one"), MCPS_E_NOMEM);
	failing_memory_stop(&memory);
	ck_assert_int_eq(text("two"), MCPS_E_NOMEM);
	mcps__result_reset(&result);
	ck_assert_int_eq(text("three"), MCPS_OK);
	expect_always("{\"content\":[{\"type\":\"text\","
	              "\"text\":\"three\"}]}");
}
END_TEST

TEST_MAIN("result")
{
	test_case("blocks");
	test_fixture(result_setup, result_teardown);
	test_add(an_empty_result_has_no_blocks);
	test_add(a_text_is_formatted_and_escaped);
	test_add(an_empty_text_is_a_block);
	test_add(what_is_not_UTF_8_is_sent_as_U_FFFD);
	test_add(blocks_stand_in_the_order_they_were_added);
	test_add(a_resource_is_embedded_as_text_or_as_bytes);
	test_add_loop(text_that_is_no_uri_is_neither_embedded_nor_linked,
	              COUNT(no_uris));
	test_add(a_block_without_its_parts_is_refused_and_leaves_nothing);
	test_add(an_error_says_so);
	test_add(a_reset_result_is_empty_again);

	test_case("structured");
	test_fixture(result_setup, result_teardown);
	test_add(a_structured_result_without_text_is_also_sent_as_text);
	test_add(the_text_of_a_structured_result_follows_other_blocks);
	test_add(a_text_of_the_handler_replaces_that_of_a_structured_result);
	test_add_loop(only_an_object_is_a_structured_result, COUNT(no_objects));
	test_add(a_structured_result_is_set_once);
	test_add(the_reference_moves_in_and_others_stay);

	test_case("memory");
	test_fixture(result_setup, result_teardown);
	test_add(a_failed_allocation_is_reported_and_never_sends_half_a_result);
	test_add(a_result_that_cannot_be_written_sticks_in_its_buffer);
	test_add(reset_ends_a_failure);
}
