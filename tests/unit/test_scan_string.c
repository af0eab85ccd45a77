/* Strings: control characters, escapes, surrogates, UTF-8. */
#include "unit/scanned.h"
#include "suite.h"

START_TEST(control_characters_in_strings_are_refused)
{
	struct refusal refusal = { NULL, 9,
		                   "control character in a string at byte 3" };
	char text[] = "[\"a_bcde\"]";

	for (char byte = 0; byte < 0x20; byte++) {
		char key[] = "{\"a_\":1}  ";

		text[3] = byte;
		refusal.text = text;
		check_refused(&refusal);
		key[3] = byte;
		refusal.text = key;
		check_refused(&refusal);
	}
	text[3] = 0x7F; /* DEL is none to JSON */
	ck_assert(is_accepted(text, strlen(text)));
}
END_TEST

START_TEST(nul_in_a_value_is_flagged)
{
	struct scanned it;

	scanned_init_good(&it, "[\"a\\u0000b\",\"a\\u0001b\",\"ab\"]");
	ck_assert_uint_eq(it.scan.tokens[1].flags, SCAN_ESCAPED | SCAN_NUL);
	ck_assert_uint_eq(it.scan.tokens[2].flags, SCAN_ESCAPED);
	ck_assert_uint_eq(it.scan.tokens[3].flags, 0);
	scanned_finish(&it);
}
END_TEST

static const struct refusal surrogates[] = {
	{ TEXT("\"\\ud800\""), "lone surrogate at byte 1" },
	{ TEXT("\"a\\uDFFF\""), "lone surrogate at byte 2" },
	{ TEXT("\"\\udc00\\ud800\""), "lone surrogate at byte 1" },
	{ TEXT("\"\\ud83d\\ud83d\\ude00\""), "lone surrogate at byte 1" },
	{ TEXT("\"\\ud83dx\\ude00\""), "lone surrogate at byte 1" },
	{ TEXT("\"\\ud83d\\n\""), "lone surrogate at byte 1" },
	{ TEXT("\"\\ud83d\\u0041\""), "lone surrogate at byte 1" },
	{ TEXT("\"\\ud83d\\ude0\""), "lone surrogate at byte 1" },
	{ TEXT("{\"\\ud800\":1}"), "lone surrogate at byte 2" },
	{ TEXT("\"\xED\xA0\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xED\xA0\xBD\xED\xB8\x80\""), "invalid UTF-8 at byte 1" },
};

START_TEST(lone_surrogates_are_refused)
{
	check_refused(&surrogates[_i]);
}
END_TEST

static const struct refusal escapes[] = {
	{ TEXT("\""), "string without end at byte 0" },
	{ TEXT("[\"abcdefghijkl"), "string without end at byte 1" },
	{ TEXT("\"\\\""), "string without end at byte 0" },
	{ TEXT("\"\\"), "invalid escape at byte 1" },
	{ TEXT("\"\\x41\""), "invalid escape at byte 1" },
	{ TEXT("\"\\'\""), "invalid escape at byte 1" },
	{ TEXT("\"\\\n\""), "invalid escape at byte 1" },
	{ TEXT("\"\\\xC3\xA9\""), "invalid escape at byte 1" },
	{ TEXT("\"\\U0041\""), "invalid escape at byte 1" },
	{ TEXT("\"\\u004\""), "invalid escape at byte 1" },
	{ TEXT("\"\\u00g0\""), "invalid escape at byte 1" },
	{ TEXT("\"\\u+041\""), "invalid escape at byte 1" },
	{ TEXT("\"\\u00"), "invalid escape at byte 1" },
};

START_TEST(malformed_escapes_are_refused)
{
	check_refused(&escapes[_i]);
}
END_TEST

static bool is_utf8(const char *bytes, size_t length)
{
	char text[8] = "\"";

	memcpy(text + 1, bytes, length);
	text[length + 1] = '"';
	return is_accepted(text, length + 2);
}

/* How many sequences of LENGTH bytes, the first at least FIRST, are good. Of
 * the last of four bytes only the extremes are tried. */
static unsigned count_utf8(unsigned first, size_t length)
{
	unsigned second_last = length > 2 ? 0x100 : 0x81;
	unsigned fourth_step = length > 3 ? 0x3F : 0x100;
	unsigned count = 0;

	for (unsigned a = first; a < 0x100; a++)
		for (unsigned b = 0x80; b < 0x100; b++)
			for (unsigned c = 0x80; c < second_last; c++)
				for (unsigned d = 0x80; d < 0x100;
				     d += fourth_step) {
					char bytes[] = { (char)a, (char)b,
						         (char)c, (char)d };
					count += is_utf8(bytes, length);
				}
	return count;
}

START_TEST(exactly_the_utf8_of_rfc_3629_is_accepted)
{
	for (unsigned byte = 0x80; byte < 0x100; byte++)
		ck_assert(!is_utf8((char[]){ (char)byte }, 1));
	ck_assert_uint_eq(count_utf8(0x80, 2), 0x800 - 0x80);
	ck_assert_uint_eq(count_utf8(0xE0, 3), 0x10000 - 0x800 - 0x800);
	/* Per 64 characters two were tried, 0x80 and 0xBF. */
	ck_assert_uint_eq(count_utf8(0xF0, 4), (0x110000 - 0x10000) / 64 * 2);
}
END_TEST

static const struct refusal bad_utf8[] = {
	{ TEXT("\"\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xC0\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xC1\xBF\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xE0\x80\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xF0\x8F\xBF\xBF\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xF4\x90\x80\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xF8\x88\x80\x80\x80\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xFF\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"abcdefgh\xC3\""), "invalid UTF-8 at byte 9" },
	{ TEXT("\"\xE2\x82"), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xE2\x82\"\""), "invalid UTF-8 at byte 1" },
	{ TEXT("\"\xF0\x9F\x98z\""), "invalid UTF-8 at byte 1" },
};

START_TEST(malformed_utf8_is_refused)
{
	check_refused(&bad_utf8[_i]);
}
END_TEST

/* Strings are read eight bytes at a time: a byte that matters must be seen
 * at each place, whatever is around it. */
START_TEST(what_ends_a_run_is_seen_at_every_offset)
{
	for (size_t offset = 0; offset < 20; offset++) {
		char text[32] = "\"";

		memset(text + 1, offset % 2 ? ' ' : '~', 24);
		text[25] = '"';
		text[1 + offset] = '\x1F';
		ck_assert(!is_accepted(text, 26));
		text[1 + offset] = '\xC3';
		ck_assert(!is_accepted(text, 26));
		text[1 + offset] = '"';
		ck_assert(!is_accepted(text, 26));
		ck_assert(is_accepted(text, offset + 2));
		text[1 + offset] = '\\';
		ck_assert(!is_accepted(text, 26));
		text[2 + offset] = 'n';
		ck_assert(is_accepted(text, 26));
	}
}
END_TEST

TEST_MAIN("scan_string")
{
	test_timeout(120); /* valgrind takes its time */
	test_add(control_characters_in_strings_are_refused);
	test_add(nul_in_a_value_is_flagged);
	test_add(exactly_the_utf8_of_rfc_3629_is_accepted);
	test_add(what_ends_a_run_is_seen_at_every_offset);
	test_add_loop(lone_surrogates_are_refused, COUNT(surrogates));
	test_add_loop(malformed_escapes_are_refused, COUNT(escapes));
	test_add_loop(malformed_utf8_is_refused, COUNT(bad_utf8));
}
