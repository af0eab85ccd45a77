/* Buffers that grow, and whose first failure sticks. */
#include "base/buffer.h"

#include "base/memory.h"
#include "suite.h"

#include <string.h>

static struct buffer buffer;

static void set_up(void)
{
	buffer = (struct buffer){ 0 };
}

static void tear_down(void)
{
	mcps__memory_set_hook(NULL);
	mcps__buffer_finish(&buffer);
	ck_assert_ptr_null(buffer.data);
}

static void check(const char *text)
{
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(buffer.length, strlen(text));
	if (buffer.length != 0)
		ck_assert_mem_eq(buffer.data, text, buffer.length);
}

START_TEST(an_empty_buffer_needs_no_memory)
{
	mcps__buffer_add(&buffer, NULL, 0);
	mcps__buffer_add_text(&buffer, "");
	check("");
	ck_assert_ptr_null(buffer.data);
	mcps__buffer_finish(&buffer);
	mcps__buffer_reset(&buffer);
}
END_TEST

START_TEST(bytes_texts_numbers_and_formats_are_appended)
{
	mcps__buffer_add(&buffer, "abc", 2);
	mcps__buffer_add_text(&buffer, "-text-");
	mcps__buffer_add_byte(&buffer, '!');
	mcps__buffer_add_int(&buffer, INT64_MIN);
	mcps__buffer_add_literal(&buffer, " lit ");
	mcps__buffer_add_format(&buffer, "%s=%d", "x", 5);
	check("ab-text-!-9223372036854775808 lit x=5");
}
END_TEST

START_TEST(it_grows_as_long_as_there_is_memory)
{
	for (int i = 0; i < 100000; i++)
		mcps__buffer_add_byte(&buffer, (char)('a' + i % 26));
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(buffer.length, 100000);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(buffer.data[i], 'a' + i % 26);
}
END_TEST

START_TEST(a_reset_keeps_the_memory)
{
	char *data;

	mcps__buffer_add_text(&buffer, "something");
	data = buffer.data;
	mcps__buffer_reset(&buffer);
	check("");
	mcps__buffer_add_text(&buffer, "else");
	ck_assert_ptr_eq(buffer.data, data);
	check("else");
}
END_TEST

START_TEST(formats_of_any_length_fit)
{
	char long_text[2000];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	for (int i = 0; i < 3; i++)
		mcps__buffer_add_format(&buffer, "%s", long_text);
	ck_assert_uint_eq(buffer.length, 3 * strlen(long_text));
	ck_assert_mem_eq(buffer.data + 1999, long_text, 1999);
}
END_TEST

static void *no_memory(void *arg, void *old, size_t size)
{
	(void)arg, (void)old, (void)size;
	return NULL;
}

START_TEST(the_first_failure_sticks_and_keeps_what_was_there)
{
	const struct memory_hook hook = { no_memory, NULL };
	char big[1000] = "";

	mcps__buffer_add_text(&buffer, "kept");
	mcps__memory_set_hook(&hook);
	mcps__buffer_add(&buffer, big, sizeof big);
	ck_assert(buffer.failed);
	mcps__memory_set_hook(NULL);
	mcps__buffer_add_text(&buffer, "lost");
	mcps__buffer_add_format(&buffer, "%d", 1);
	ck_assert(!mcps__buffer_reserve(&buffer, 1));
	ck_assert(buffer.failed);
	ck_assert_uint_eq(buffer.length, 4);
	ck_assert_mem_eq(buffer.data, "kept", 4);
	mcps__buffer_reset(&buffer);
	mcps__buffer_add_text(&buffer, "again");
	check("again");
}
END_TEST

START_TEST(a_size_that_cannot_be_is_a_failure_and_no_overflow)
{
	mcps__buffer_add_text(&buffer, "x");
	ck_assert(!mcps__buffer_reserve(&buffer, SIZE_MAX));
	ck_assert(buffer.failed);
	mcps__buffer_reset(&buffer);
	ck_assert(!mcps__buffer_reserve(&buffer, SIZE_MAX / 2 + 2));
	ck_assert(buffer.failed);
}
END_TEST

TEST_MAIN("buffer")
{
	test_fixture(set_up, tear_down);
	test_add(an_empty_buffer_needs_no_memory);
	test_add(bytes_texts_numbers_and_formats_are_appended);
	test_add(it_grows_as_long_as_there_is_memory);
	test_add(a_reset_keeps_the_memory);
	test_add(formats_of_any_length_fit);
	test_add(the_first_failure_sticks_and_keeps_what_was_there);
	test_add(a_size_that_cannot_be_is_a_failure_and_no_overflow);
}
