/* When resources were updated: what is kept of it, and what becomes of the
 * rest. */
#include "failing_memory.h"
#include "stream/updates.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct updates updates;

static void set_up(void)
{
	updates = (struct updates){ 0 };
}

static void tear_down(void)
{
	mcps__updates_finish(&updates);
	ck_assert_uint_eq(updates.bytes, 0);
}

static const char *uri(int number)
{
	static char text[32];

	snprintf(text, sizeof text, "test://%d", number);
	return text;
}

/* At millisecond 1, 2, ... */
static void note_many(int count)
{
	for (int i = 1; i <= count; i++)
		mcps__updates_note(&updates, uri(i), i);
}

START_TEST(what_was_updated_then_or_later_is_known)
{
	mcps__updates_note(&updates, "test://a", 1000);
	ck_assert(mcps__updates_since(&updates, "test://a", 999));
	ck_assert(mcps__updates_since(&updates, "test://a", 1000));
	ck_assert(!mcps__updates_since(&updates, "test://a", 1001));
	ck_assert(!mcps__updates_since(&updates, "test://b", 1));
	mcps__updates_note(&updates, "test://a", 2000);
	ck_assert(mcps__updates_since(&updates, "test://a", 2000));
}
END_TEST

START_TEST(uris_differ_by_every_byte)
{
	mcps__updates_note(&updates, "a:", 1000);
	mcps__updates_note(&updates, "test://a/same", 1000);
	ck_assert(mcps__updates_since(&updates, "a:", 1000));
	ck_assert(!mcps__updates_since(&updates, "b:", 1));
	ck_assert(!mcps__updates_since(&updates, "test://b/same", 1));
	ck_assert(!mcps__updates_since(&updates, "test://a/same/", 1));
}
END_TEST

START_TEST(of_too_many_the_oldest_may_have_been_any)
{
	note_many(UPDATES_MOST);
	ck_assert(!mcps__updates_since(&updates, "test://never", 1));
	mcps__updates_note(&updates, uri(1), UPDATES_MOST + 1); /* not 2 */
	mcps__updates_note(&updates, "test://more", UPDATES_MOST + 2);
	ck_assert(mcps__updates_since(&updates, uri(2), 2));
	ck_assert(mcps__updates_since(&updates, "test://never", 2));
	ck_assert(!mcps__updates_since(&updates, "test://never", 3));
	ck_assert(!mcps__updates_since(&updates, uri(3), 4)); /* is kept */
	ck_assert(mcps__updates_since(&updates, uri(1), UPDATES_MOST + 1));
}
END_TEST

START_TEST(what_is_kept_is_bounded)
{
	enum { LENGTH = 60000 };
	static char text[LENGTH + 1];

	memset(text, 'a', LENGTH);
	for (int i = 1; i <= 3 * UPDATES_BYTES / LENGTH; i++) {
		snprintf(text, sizeof text, "test://%06d", i);
		text[strlen(text)] = 'a';
		mcps__updates_note(&updates, text, i);
		ck_assert_uint_le(updates.bytes, UPDATES_BYTES);
		ck_assert(mcps__updates_since(&updates, text, i));
	}
	ck_assert_uint_gt(updates.bytes, UPDATES_BYTES - 2 * LENGTH);
	ck_assert(mcps__updates_since(&updates, "test://never", 1));
}
END_TEST

START_TEST(what_there_is_no_memory_for_may_have_been_any)
{
	struct failing_memory memory;
	size_t n = 0;
	bool failed;

	do {
		mcps__updates_finish(&updates);
		updates = (struct updates){ 0 };
		failing_memory_start(&memory, ++n);
		note_many(40); /* the table grows meanwhile */
		failed = failing_memory_stop(&memory);
		for (int i = 1; i <= 40; i++)
			ck_assert(mcps__updates_since(&updates, uri(i), i));
		ck_assert(!mcps__updates_since(&updates, uri(41), 41));
	} while (failed);
	ck_assert_uint_gt(n, 40);
}
END_TEST

START_TEST(what_is_dropped_later_does_not_hide_what_was_never_kept)
{
	struct failing_memory memory;

	note_many(UPDATES_MOST);
	failing_memory_start(&memory, 1);
	mcps__updates_note(&updates, "test://lost", UPDATES_MOST + 1);
	ck_assert(failing_memory_stop(&memory));
	mcps__updates_note(&updates, "test://more", UPDATES_MOST + 2);
	ck_assert(mcps__updates_since(&updates, uri(1), 1)); /* dropped */
	ck_assert(
		mcps__updates_since(&updates, "test://lost", UPDATES_MOST + 1));
}
END_TEST

TEST_MAIN("updates")
{
	test_fixture(set_up, tear_down);
	test_add(what_was_updated_then_or_later_is_known);
	test_add(uris_differ_by_every_byte);
	test_add(of_too_many_the_oldest_may_have_been_any);
	test_add(what_is_kept_is_bounded);
	test_add(what_there_is_no_memory_for_may_have_been_any);
	test_add(what_is_dropped_later_does_not_hide_what_was_never_kept);
}
