/* Server-sent events: what is written, and ids read back. */
#include "rpc/event.h"
#include "suite.h"

#include <string.h>

static struct buffer out;

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

START_TEST(an_event_has_its_id_and_one_line_of_data)
{
	const struct event_id id = { 0xabcdef, 12 };

	mcps__event_write(&out, &id, "{\"a\":1}", 7);
	check("id: 0000000000abcdef-12\ndata: {\"a\":1}\n\n");
}
END_TEST

START_TEST(an_event_without_an_id_is_data_alone)
{
	const struct event_id none = { 0, 7 };

	mcps__event_write(&out, &none, "{}", 2);
	check("data: {}\n\n");
}
END_TEST

START_TEST(an_empty_event_gives_a_client_its_id)
{
	const struct event_id id = { UINT64_MAX, 1 };

	mcps__event_write(&out, &id, NULL, 0);
	check("id: ffffffffffffffff-1\ndata: \n\n");
}
END_TEST

START_TEST(line_ends_between_tokens_cannot_begin_a_field)
{
	const struct event_id id = { 1, 1 };

	mcps__event_write(&out, &id, "{\n\"a\":\r\n1}", 10);
	check("id: 0000000000000001-1\ndata: { \"a\":  1}\n\n");
}
END_TEST

START_TEST(retry_is_an_event_of_its_own)
{
	mcps__event_write_retry(&out, 1500);
	check("retry: 1500\n\n");
}
END_TEST

START_TEST(first_event_says_when_to_come_again)
{
	const struct event_id id = { 0xabc, 2 };

	mcps__event_write_first(&out, &id, 5123, NULL, 0);
	check("id: 0000000000000abc-2\nretry: 5123\ndata: \n\n");
}
END_TEST

static const struct {
	const char *text;
	bool is_good;
	struct event_id id;
} ids[] = {
	{ "0000000000abcdef-12", true, { 0xabcdef, 12 } },
	{ "ffffffffffffffff-0", true, { UINT64_MAX, 0 } },
	{ "0000000000000001-9999999999999999999",
	  true,
	  { 1, UINT64_C(9999999999999999999) } },
	{ "0000000000000000-1", false, { 0, 0 } },
	{ "0000000000abcdef-", false, { 0, 0 } },
	{ "0000000000abcdef", false, { 0, 0 } },
	{ "0000000000abcdef-012", false, { 0, 0 } },
	{ "0000000000abcdef-1 ", false, { 0, 0 } },
	{ "0000000000abcdef--1", false, { 0, 0 } },
	{ "0000000000ABCDEF-1", false, { 0, 0 } },
	{ "0000000000abcdef-10000000000000000000", false, { 0, 0 } },
	{ "000000000abcdef-1", false, { 0, 0 } },
	{ "_GET_stream:1", false, { 0, 0 } },
	{ "", false, { 0, 0 } },
};

START_TEST(only_ids_as_they_are_written_are_read)
{
	struct event_id id;

	ck_assert_msg(
		mcps__event_id_read(&id, ids[_i].text, strlen(ids[_i].text)) ==
			ids[_i].is_good,
		"%s", ids[_i].text);
	if (!ids[_i].is_good)
		return;
	ck_assert_uint_eq(id.stream, ids[_i].id.stream);
	ck_assert_uint_eq(id.seq, ids[_i].id.seq);
}
END_TEST

TEST_MAIN("event")
{
	test_fixture(set_up, tear_down);
	test_add(an_event_has_its_id_and_one_line_of_data);
	test_add(an_event_without_an_id_is_data_alone);
	test_add(an_empty_event_gives_a_client_its_id);
	test_add(line_ends_between_tokens_cannot_begin_a_field);
	test_add(retry_is_an_event_of_its_own);
	test_add(first_event_says_when_to_come_again);
	test_add_loop(only_ids_as_they_are_written_are_read, COUNT(ids));
}
