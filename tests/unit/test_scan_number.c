/* Numbers: their grammar and their values. */
#include "unit/scanned.h"

#include "base/memory.h"
#include "suite.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

static const struct refusal numbers[] = {
	{ TEXT("-"), "expected a digit at byte 1" },
	{ TEXT("[-a]"), "expected a digit at byte 2" },
	{ TEXT("--1"), "expected a digit at byte 1" },
	{ TEXT("+1"), "expected a value at byte 0" },
	{ TEXT("01"), "leading zero at byte 0" },
	{ TEXT("[-00]"), "leading zero at byte 2" },
	{ TEXT(".5"), "expected a value at byte 0" },
	{ TEXT("1."), "expected a digit at byte 2" },
	{ TEXT("[1.]"), "expected a digit at byte 3" },
	{ TEXT("1.e1"), "expected a digit at byte 2" },
	{ TEXT("1e"), "expected a digit at byte 2" },
	{ TEXT("1e+"), "expected a digit at byte 3" },
	{ TEXT("1e+-1"), "expected a digit at byte 3" },
	{ TEXT("1e1.5"), "more after the document at byte 3" },
	{ TEXT("0x10"), "more after the document at byte 1" },
	{ TEXT("1_000"), "more after the document at byte 1" },
	{ TEXT("1,5"), "more after the document at byte 1" },
	{ TEXT("1f"), "more after the document at byte 1" },
	{ TEXT("\xD9\xA1"), "expected a value at byte 0" }, /* Arabic one */
};

START_TEST(malformed_numbers_are_refused)
{
	check_refused(&numbers[_i]);
}
END_TEST

START_TEST(integers_beyond_64_bits_keep_their_text)
{
	const char *digits = "1234567890123456789012";
	struct scanned it;
	size_t length;
	const char *raw;
	int64_t value;

	scanned_init_good(&it, digits);
	ck_assert_uint_eq(it.scan.tokens[0].kind, SCAN_INTEGER);
	raw = mcps__scan_raw(&it.scan, 0, &length);
	ck_assert_uint_eq(length, strlen(digits));
	ck_assert_mem_eq(raw, digits, length);
	ck_assert(!mcps__scan_int64(&it.scan, 0, &value));
	scanned_finish(&it);
}
END_TEST

struct integer {
	const char *text;
	bool is_exact;
	int64_t value;
};

static const struct integer integers[] = {
	{ "0", true, 0 },
	{ "-0", true, 0 },
	{ "42", true, 42 },
	{ "-42", true, -42 },
	{ "9223372036854775807", true, INT64_MAX },
	{ "9223372036854775808", false, 0 },
	{ "-9223372036854775808", true, INT64_MIN },
	{ "-9223372036854775809", false, 0 },
	{ "18446744073709551616", false, 0 },
	{ "99999999999999999999", false, 0 },
	{ "1.0", true, 1 },
	{ "-7.000", true, -7 },
	{ "0.0", true, 0 },
	{ "-0.0e-5", true, 0 },
	{ "1.5", false, 0 },
	{ "1.05e1", false, 0 },
	{ "1e2", true, 100 },
	{ "1E+2", true, 100 },
	{ "1.5e1", true, 15 },
	{ "0.25e2", true, 25 },
	{ "0.0001e4", true, 1 },
	{ "100e-2", true, 1 },
	{ "100e-3", false, 0 },
	{ "1e-1", false, 0 },
	{ "1e18", true, 1000000000000000000 },
	{ "1e19", false, 0 },
	{ "1e999999999999999999999", false, 0 },
	{ "1e-999999999999999999999", false, 0 },
	{ "0e999999999999999999999", true, 0 },
	{ "0.000e-99999999999999999", true, 0 },
	{ "12345678901234567890e-1", true, 1234567890123456789 },
	{ "9223372036854775807.0", true, INT64_MAX },
	{ "0.9223372036854775807e19", true, INT64_MAX },
	{ "-922337203685477580.8e1", true, INT64_MIN },
	{ "1000000000000000000000000000000e-30", true, 1 },
	{ "0.000000000000000000000000000001e30", true, 1 },
	{ "\"1\"", false, 0 },
	{ "true", false, 0 },
	{ "[1]", false, 0 },
};

START_TEST(integers_are_read_exactly_or_not_at_all)
{
	const struct integer *row = &integers[_i];
	struct scanned it;
	int64_t value = 0;

	scanned_init_good(&it, row->text);
	ck_assert_msg(mcps__scan_int64(&it.scan, 0, &value) == row->is_exact,
	              "%s", row->text);
	ck_assert_msg(value == row->value, "%s", row->text);
	scanned_finish(&it);
}
END_TEST

struct real {
	const char *text;
	bool fits;
	double value;
};

static const struct real reals[] = {
	{ "0", true, 0.0 },
	{ "1.5", true, 1.5 },
	{ "-0.1", true, -0.1 },
	{ "1e2", true, 100.0 },
	{ "9007199254740993", true, 9007199254740992.0 },
	{ "1.7976931348623157e308", true, 1.7976931348623157e308 },
	{ "1.8e308", false, 0.0 },
	{ "-1e999999", false, 0.0 },
	{ "5e-324", true, 5e-324 },
	{ "1e-999999", true, 0.0 },
	{ "0.1000000000000000055511151231257827021181583404541015625", true,
	  0.1 },
	{ "100000000000000000000000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000000000000000000e-"
	  "128",
	  true, 1.0 },
	{ "\"1\"", false, 0.0 },
	{ "null", false, 0.0 },
};

START_TEST(doubles_are_the_nearest_ones)
{
	const struct real *row = &reals[_i];
	struct scanned it;
	double value = 0.0;

	scanned_init_good(&it, row->text);
	ck_assert_msg(mcps__scan_double(&it.scan, 0, &value) == row->fits, "%s",
	              row->text);
	ck_assert_msg(!(value < row->value) && !(value > row->value), "%s: %g",
	              row->text, value);
	scanned_finish(&it);
}
END_TEST

/* Where such a locale is installed; elsewhere this proves nothing. */
START_TEST(a_decimal_comma_of_the_host_changes_nothing)
{
	struct scanned it;
	double value = 0.0;

	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	scanned_init_good(&it, "[1.5]");
	ck_assert(mcps__scan_double(&it.scan, 1, &value));
	ck_assert(fabs(value - 1.5) < 1e-9);
	scanned_finish(&it);
}
END_TEST

START_TEST(no_token_is_no_number)
{
	struct scan empty = { 0 };
	int64_t integer;
	double real;

	ck_assert(!mcps__scan_int64(&empty, 0, &integer));
	ck_assert(!mcps__scan_double(&empty, 0, &real));
}
END_TEST

/* More digits than fit on the stack are copied. */
START_TEST(a_long_double_without_memory_is_not_read)
{
	int none = 0;
	const struct memory_hook hook = { fail_after, &none };
	struct scanned it;
	char text[101];
	double value;

	memset(text, '1', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	scanned_init_good(&it, text);
	mcps__memory_set_hook(&hook);
	ck_assert(!mcps__scan_double(&it.scan, 0, &value));
	mcps__memory_set_hook(NULL);
	ck_assert(mcps__scan_double(&it.scan, 0, &value));
	scanned_finish(&it);
}
END_TEST

TEST_MAIN("scan_number")
{
	test_add(integers_beyond_64_bits_keep_their_text);
	test_add(a_decimal_comma_of_the_host_changes_nothing);
	test_add(no_token_is_no_number);
	test_add(a_long_double_without_memory_is_not_read);
	test_add_loop(malformed_numbers_are_refused, COUNT(numbers));
	test_add_loop(integers_are_read_exactly_or_not_at_all, COUNT(integers));
	test_add_loop(doubles_are_the_nearest_ones, COUNT(reals));
}
