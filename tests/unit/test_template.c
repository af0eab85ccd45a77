/* URIs and templates of them. */
#include "catalog/uri.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- URIs ---- */

static const struct {
	const char *text;
	bool is_valid;
} uris[] = {
	{ "a:b", true },
	{ "file:///home/me/a%20file.txt", true },
	{ "x+y-z.1:?q=1#f", true },
	{ "http://[::1]:80/", true },
	{ "", false },
	{ "a:", false },
	{ ":b", false },
	{ "1a:b", false },
	{ "a/b", false },
	{ "no colon", false },
	{ "a:b c", false },
	{ "a:b\n", false },
	{ "a:\x7f", false },
	{ "a:\xc3\xbc", false },
	{ "a:%4", false },
	{ "a:%", false },
	{ "a:%4g", false },
	{ "a:<b>", false },
	{ "a:{b}", false },
	{ "a:\\b", false },
};

START_TEST(a_uri_is_what_rfc_3986_says)
{
	ck_assert_msg(
		mcps__uri_is_valid(uris[_i].text, strlen(uris[_i].text)) ==
			uris[_i].is_valid,
		"%s", uris[_i].text);
}
END_TEST

START_TEST(a_uri_of_more_than_64_KiB_is_none)
{
	char *text = malloc(URI_MAX + 1);

	memset(text, 'a', URI_MAX + 1);
	text[1] = ':';
	ck_assert(mcps__uri_is_valid(text, URI_MAX));
	ck_assert(!mcps__uri_is_valid(text, URI_MAX + 1));
	free(text);
}
END_TEST

static const struct {
	const char *coded, *text; /* NULL: refused */
} decoded[] = {
	{ "abc", "abc" },         { "a%20b", "a b" }, { "%C3%BC", "\xc3\xbc" },
	{ "%c3%bc", "\xc3\xbc" }, { "a%2Fb", "a/b" }, { "%2e%2E", ".." },
	{ "a%00b", NULL },        { "%C3", NULL },    { "%FF", NULL },
	{ "%ED%A0%80", NULL },    { "%4", NULL },     { "%zz", NULL },
};

START_TEST(a_value_is_decoded_or_refused)
{
	const char *coded = decoded[_i].coded;
	char out[32];
	bool fits = mcps__uri_decode(out, coded,
	                             (struct uri_span){ 0, strlen(coded) });

	ck_assert_msg(fits == (decoded[_i].text != NULL), "%s", coded);
	if (fits)
		ck_assert_str_eq(out, decoded[_i].text);
}
END_TEST

/* ---- compiling ---- */

static struct uri_template *compile(const char *text)
{
	struct uri_template *compiled;
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(mcps__template_compile(&compiled, text, &error) ==
	                      MCPS_OK,
	              "%s: %s", text, error.text);
	return compiled;
}

static const struct {
	const char *text, *why;
} faults[] = {
	{ "a:b", "no variable" },
	{ "{x}", "before a variable" },
	{ "a:{x}{y}", "before a variable" },
	{ "a:{x}{+y}", "before a variable" },
	{ "a:{x}/{x}", "twice" },
	{ "a:{+x}/{+y}", "twice" },
	{ "a:{}", "begins no variable" },
	{ "a:{+}", "begins no variable" },
	{ "a:{x", "begins no variable" },
	{ "a:x}", "ends no variable" },
	{ "a:{?x}", "only {name} and {+name}" },
	{ "a:{x*}", "only {name} and {+name}" },
	{ "a:{x:3}", "only {name} and {+name}" },
	{ "a:{x,y}", "only {name} and {+name}" },
	{ "a:{/x}", "only {name} and {+name}" },
	{ "a b:{x}", "RFC 3986" },
	{ "/{x}", "RFC 3986" },
	{ "a:%{x}", "RFC 3986" },
	{ "a:{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/"
	  "{q}",
	  "more than 16" },
};

START_TEST(what_cannot_be_matched_is_refused_with_the_reason)
{
	struct uri_template *compiled;
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(mcps__template_compile(&compiled, faults[_i].text,
	                                     &error) == MCPS_E_INVAL,
	              "%s", faults[_i].text);
	ck_assert_ptr_null(compiled);
	ck_assert_msg(strstr(error.text, faults[_i].why) != NULL, "%s: %s",
	              faults[_i].text, error.text);
}
END_TEST

/* A template whose URI, with one byte for each variable, has so many bytes:
 * "a:", the longest possible literal, "{x}/{y}" and a tail. */
static mcps_status compile_long(size_t length, size_t tail)
{
	struct uri_template *compiled;
	struct mcps_error error = { MCPS_OK, "" };
	char text[1200];
	mcps_status status;

	snprintf(text, sizeof text, "a:%0*d{x}/{y}%0*d",
	         (int)(length - tail - strlen("a:x/y")), 0, (int)tail, 0);
	status = mcps__template_compile(&compiled, text, &error);
	if (status == MCPS_OK)
		mcps__template_free(compiled);
	else
		ck_assert_msg(strstr(error.text, "512 bytes") != NULL, "%s",
		              error.text);
	return status;
}

START_TEST(a_template_of_more_than_512_bytes_is_refused_wherever_they_stand)
{
	for (size_t tail = 1; tail < 500; tail++) {
		ck_assert_int_eq(compile_long(512, tail), MCPS_OK);
		ck_assert_int_eq(compile_long(513, tail), MCPS_E_INVAL);
		ck_assert_int_eq(compile_long(512 + tail, tail), MCPS_E_INVAL);
	}
}
END_TEST

START_TEST(variables_have_their_names_in_order)
{
	struct uri_template *compiled = compile("a:{one}/{+t.w_o2}");

	ck_assert_uint_eq(mcps__template_count(compiled), 2);
	ck_assert_str_eq(mcps__template_name(compiled, 0), "one");
	ck_assert_str_eq(mcps__template_name(compiled, 1), "t.w_o2");
	mcps__template_free(compiled);
}
END_TEST

/* ---- matching ---- */

static const struct {
	const char *template, *uri;
	const char *values; /* with blanks between them; NULL: none fits */
} matches[] = {
	{ "a:{x}", "a:1", "1" },
	{ "a:{x}", "a:", NULL },
	{ "a:{x}", "b:1", NULL },
	{ "a:{x}", "a", NULL },
	{ "a:{x}", "", NULL },
	{ "a:{x}", "a:a:b", "a:b" },
	{ "a:{x}", "a:1/2", NULL },
	{ "a:{x}", "a:1?2", NULL },
	{ "a:{x}", "a:1#2", NULL },
	{ "a:{x}", "a:%2F", "%2F" },
	{ "a:{+x}", "a:1/2?3#4", "1/2?3#4" },
	{ "a:{+x}", "a:", NULL },
	{ "t://t/{id}/data", "t://t/123/data", "123" },
	{ "t://t/{id}/data", "t://t//data", NULL },
	{ "t://t/{id}/data", "t://t/1/2/data", NULL },
	{ "t://t/{id}/data", "t://t/1/data/", NULL },
	{ "t://t/{id}/data", "t://t/data", NULL },
	{ "a:{x}/{y}", "a:1/2", "1 2" },
	{ "a:{x}/{y}", "a:1/2/3", NULL },
	{ "a:{x}.{y}", "a:1.2.3", "1.2 3" },
	{ "a:{x}-{y}", "a:--", NULL },
	{ "a:{x}-{y}", "a:---", "- -" },
	{ "a:{x}-v/{y}", "a:1-v-v/2", "1-v 2" },
	{ "a:{x}aa{y}", "a:1aaa2", "1a 2" },
	{ "a:{x}aa{y}!", "a:1aa!", NULL },
	{ "a:{+p}/x/{y}", "a:a/x/b/x/c", "a/x/b c" },
	{ "a:{x}/{+p}", "a:1/2/3", "1 2/3" },
	{ "a:{x}/{+p}", "a:1/", NULL },
	{ "a:{x}/{+p}.{y}", "a:1/2/3.4.5", "1 2/3.4 5" },
	{ "a:{x}/{+p}/{y}/{z}", "a:1/2/3/4/5", "1 2/3 4 5" },
	{ "a:{x}/{+p}/{y}/{z}", "a:1/2/3", NULL },
	{ "a:{x}-{y}/{+p}", "a:1-2-3/4", "1 2-3 4" },
	{ "a:{x}b", "a:b", NULL },
	{ "a:{x}b", "a:bb", "b" },
	{ "a:b{x}b", "a:b", NULL },
	{ "a:b{+x}b", "a:bb", NULL },
	{ "a:b{+x}b", "a:bbb", "b" },
};

START_TEST(a_uri_fits_or_does_not)
{
	struct uri_template *compiled = compile(matches[_i].template);
	const char *uri = matches[_i].uri;
	struct uri_span spans[URI_VARIABLES_MAX];
	char values[64] = "";
	bool fits = mcps__template_match(compiled, uri, strlen(uri), spans);

	for (size_t i = 0; fits && i < mcps__template_count(compiled); i++)
		snprintf(values + strlen(values),
		         sizeof values - strlen(values), "%s%.*s",
		         i == 0 ? "" : " ",
		         (int)(spans[i].end - spans[i].begin),
		         uri + spans[i].begin);
	ck_assert_msg(fits == (matches[_i].values != NULL), "%s against %s: %s",
	              uri, matches[_i].template, values);
	if (fits)
		ck_assert_str_eq(values, matches[_i].values);
	mcps__template_free(compiled);
}
END_TEST

/* ---- against every way of reading ---- */

/* A naive matcher that tries everything. */
static bool fits_somehow(const char *template, const char *uri)
{
	const char *name;
	bool is_reserved;

	if (*template == '\0')
		return *uri == '\0';
	if (*template != '{')
		return *template == *uri && fits_somehow(template + 1, uri + 1);
	name = strchr(template, '}') + 1;
	is_reserved = template[1] == '+';
	for (size_t taken = 1; uri[taken - 1] != '\0'; taken++) {
		if (!is_reserved && strchr("/?#", uri[taken - 1]) != NULL)
			return false;
		if (fits_somehow(name, uri + taken))
			return true;
	}
	return false;
}

static const char *const shapes[] = {
	"a:{x}a{y}",       "a:{x}ab{y}",      "a:{x}/{y}",
	"a:{x}/a{y}",      "a:{x}a/{y}",      "a:{+x}a{y}",
	"a:{x}a{+y}",      "a:{x}/{+y}/{z}",  "a:{x}a{+y}a{z}",
	"a:{x}ab{y}ba{z}", "a:{+x}a{y}/{z}b", "a:{x}aa{y}aa{z}",
};

/* All texts of up to 9 characters out of three. */
START_TEST(whatever_can_be_read_somehow_is_read)
{
	struct uri_template *compiled = compile(shapes[_i]);
	char uri[16];

	for (size_t length = 1; length <= 9; length++) {
		unsigned many = 1;

		for (size_t i = 0; i < length; i++)
			many *= 3;
		for (unsigned number = 0; number < many; number++) {
			struct uri_span spans[URI_VARIABLES_MAX];
			unsigned rest = number;

			memcpy(uri, "a:", 2);
			for (size_t i = 0; i < length; i++, rest /= 3)
				uri[2 + i] = "ab/"[rest % 3];
			uri[2 + length] = '\0';
			ck_assert_msg(mcps__template_match(compiled, uri,
			                                   2 + length, spans) ==
			                      fits_somehow(shapes[_i], uri),
			              "%s against %s", uri, shapes[_i]);
		}
	}
	mcps__template_free(compiled);
}
END_TEST

/* Comparisons of one kind of literal, counted by the length that a matcher of
 * quadratic time could not finish: 1 MB that nearly fits at each place. */
START_TEST(a_megabyte_that_nearly_fits_is_refused_in_linear_time)
{
	static const char *const hard[] = { "a:{x}aaaab{y}aaaab{z}",
		                            "a:{+x}aaaab{y}aaaab",
		                            "a:{x}aaaab{+y}aaaab",
		                            "a:{x}aaaab{y}aaaab{+z}aaaab" };
	struct uri_template *compiled = compile(hard[_i]);
	struct uri_span spans[URI_VARIABLES_MAX];
	size_t length = 1 << 20;
	char *uri = malloc(length);

	memset(uri, 'a', length);
	uri[1] = ':';
	ck_assert(!mcps__template_match(compiled, uri, length, spans));
	free(uri);
	mcps__template_free(compiled);
}
END_TEST

TEST_MAIN("template")
{
	test_timeout(120);
	test_add_loop(a_uri_is_what_rfc_3986_says, COUNT(uris));
	test_add(a_uri_of_more_than_64_KiB_is_none);
	test_add_loop(a_value_is_decoded_or_refused, COUNT(decoded));
	test_add_loop(what_cannot_be_matched_is_refused_with_the_reason,
	              COUNT(faults));
	test_add(
		a_template_of_more_than_512_bytes_is_refused_wherever_they_stand);
	test_add(variables_have_their_names_in_order);
	test_add_loop(a_uri_fits_or_does_not, COUNT(matches));
	test_add_loop(whatever_can_be_read_somehow_is_read, COUNT(shapes));
	test_add_loop(a_megabyte_that_nearly_fits_is_refused_in_linear_time, 4);
}
