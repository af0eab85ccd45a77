/* Content-Type and Accept. */
#include "http/media.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define JSON "application/json"

struct media_case {
	const char *text; /* NULL: there is no such header */
	bool fits;
};

/* The value ends where its memory ends. */
static struct http_value value_of(const char *text)
{
	struct http_value value = { NULL, 0 };
	char *copy;

	if (text == NULL)
		return value;
	value.length = strlen(text);
	copy = malloc(value.length + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, value.length + 1);
	value.text = copy;
	return value;
}

static const struct media_case types[] = {
	{ NULL, false },
	{ "", false },
	{ JSON, true },
	{ "Application/JSON", true },
	{ JSON ";charset=utf-8", true },
	{ JSON " ; charset=\"utf-8\"", true },
	{ JSON "\t", true },
	{ "application/jso", false },
	{ "application/jsonl", false },
	{ "application/json+x", false },
	{ "application/ json", false },
	{ "text/json", false },
	{ "text/plain;" JSON, false },
	{ ";" JSON, false },
	{ "*/*", false },
};

START_TEST(json_is_application_json_with_whatever_parameters)
{
	struct http_value value = value_of(types[_i].text);

	ck_assert_int_eq(mcps__is_json(&value), types[_i].fits);
	free((char *)value.text);
}
END_TEST

static const struct media_case accepts[] = {
	{ NULL, true }, /* RFC 9110, 12.5.1: anything */
	{ "", false },
	{ JSON, true },
	{ "APPLICATION/JSON", true },
	{ "*/*", true },
	{ "application/*", true },
	{ "text/*", false },
	{ "text/event-stream", false },
	{ "text/event-stream, " JSON, true },
	{ "text/event-stream," JSON, true },
	{ " , ," JSON " ,", true },
	{ JSON ";q=0.1", true },
	{ JSON ";q=1", true },
	{ JSON "; q=0", false },
	{ JSON ";q=0.0", false },
	{ JSON ";Q=0.000", false },
	{ JSON ";v=1;q=0", false },
	{ JSON ";q=0.001", true },
	{ JSON ";q=0, text/html", false },
	{ "*/*;q=0", false },
	{ JSON ";q=0, */*", false }, /* the most specific one counts */
	{ "*/*, " JSON ";q=0", false },
	{ "application/*;q=0, */*", false },
	{ JSON ", */*;q=0", true },
	{ "*/*;q=0, application/*;q=0.5", true },
	{ JSON ";x=\"a,b\"", true },
	{ "text/plain;x=\"," JSON "\"", false },
	{ "text/plain;x=\"\\\"," JSON "\"", false },
	{ "text/plain;x=\"", false },
	{ "application/json5", false },
	{ "application/*x", false },
	{ "*", false },
	{ ";q=0", false },
};

START_TEST(accept_says_whether_json_may_be_sent)
{
	struct http_value value = value_of(accepts[_i].text);

	ck_assert_msg(mcps__accepts(&value, JSON) == accepts[_i].fits, "%s",
	              accepts[_i].text);
	free((char *)value.text);
}
END_TEST

START_TEST(an_event_stream_is_a_type_like_another)
{
	struct http_value value = value_of(JSON ", text/event-stream");

	ck_assert(mcps__accepts(&value, "text/event-stream"));
	ck_assert(!mcps__accepts(&value, "text/html"));
	free((char *)value.text);
}
END_TEST

TEST_MAIN("media")
{
	test_add_loop(json_is_application_json_with_whatever_parameters,
	              COUNT(types));
	test_add_loop(accept_says_whether_json_may_be_sent, COUNT(accepts));
	test_add(an_event_stream_is_a_type_like_another);
}
