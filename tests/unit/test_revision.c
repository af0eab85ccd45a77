/* The table of protocol revisions. */
#include "catalog/revision.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct revision *find(const char *text)
{
	return mcps__revision_find(text, strlen(text));
}

START_TEST(the_four_legacy_revisions_are_served_oldest_first)
{
	ck_assert_uint_eq(mcps__revision_count, 4);
	ck_assert_str_eq(mcps__revisions[0].text, "2024-11-05");
	ck_assert_str_eq(mcps__revisions[1].text, "2025-03-26");
	ck_assert_str_eq(mcps__revisions[2].text, "2025-06-18");
	ck_assert_str_eq(mcps__revisions[3].text, "2025-11-25");
}
END_TEST

START_TEST(a_revision_is_found_by_its_text_and_by_its_number)
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		const struct revision *revision = &mcps__revisions[i];

		ck_assert_ptr_eq(find(revision->text), revision);
		ck_assert_ptr_eq(mcps__revision_by_number(revision->number),
		                 revision);
	}
}
END_TEST

START_TEST(the_number_is_the_text_without_hyphens)
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		unsigned year, month, day;
		const char *text = mcps__revisions[i].text;

		year = (unsigned)strtoul(text, NULL, 10);
		month = (unsigned)strtoul(text + 5, NULL, 10);
		day = (unsigned)strtoul(text + 8, NULL, 10);
		ck_assert_uint_eq(mcps__revisions[i].number,
		                  year * 10000 + month * 100 + day);
	}
}
END_TEST

static const char *const unknown[] = {
	"",          "2024-10-07",  "2025-03-2",    "2025-03-260", "2025-03-27",
	"2025-3-26", " 2025-03-26", "2025-11-25\n", "2026-07-28",  "draft",
};

START_TEST(what_is_not_served_is_not_found)
{
	ck_assert_ptr_null(find(unknown[_i]));
}
END_TEST

START_TEST(a_text_is_compared_by_its_length)
{
	ck_assert_ptr_null(mcps__revision_find("2025-11-25", 9));
	ck_assert_ptr_nonnull(mcps__revision_find("2025-11-25; q=1", 10));
	ck_assert_ptr_null(mcps__revision_find(NULL, 0));
	ck_assert_ptr_null(mcps__revision_by_number(0));
	ck_assert_ptr_null(mcps__revision_by_number(20250327));
}
END_TEST

START_TEST(the_newest_is_2025_11_25_and_silence_means_2025_03_26)
{
	ck_assert_str_eq(mcps__revision_newest()->text, "2025-11-25");
	ck_assert_str_eq(mcps__revision_assumed()->text, "2025-03-26");
}
END_TEST

START_TEST(each_column_changes_where_the_changelog_says)
{
	const struct revision *first = find("2024-11-05");
	const struct revision *march = find("2025-03-26");
	const struct revision *june = find("2025-06-18");
	const struct revision *november = find("2025-11-25");

	ck_assert(march->has_batch);
	ck_assert(!june->has_batch && !november->has_batch);

	ck_assert(!first->has_batch && !first->has_title);
	ck_assert(!first->has_tool_annotations && !first->has_audio);
	ck_assert(!first->has_progress_message && !first->has_completions);
	ck_assert(march->has_tool_annotations && march->has_audio);
	ck_assert(march->has_progress_message && march->has_completions);

	ck_assert(!march->has_title && !march->has_structured);
	ck_assert(june->has_title && june->has_structured);
	ck_assert(november->has_title && november->has_structured);

	ck_assert(!march->has_server_site && !june->has_server_site);
	ck_assert(november->has_server_site);
	ck_assert(!march->bad_arguments_are_results);
	ck_assert(!june->bad_arguments_are_results);
	ck_assert(november->bad_arguments_are_results);
}
END_TEST

TEST_MAIN("revision")
{
	test_add(the_four_legacy_revisions_are_served_oldest_first);
	test_add(a_revision_is_found_by_its_text_and_by_its_number);
	test_add(the_number_is_the_text_without_hyphens);
	test_add_loop(what_is_not_served_is_not_found, COUNT(unknown));
	test_add(a_text_is_compared_by_its_length);
	test_add(the_newest_is_2025_11_25_and_silence_means_2025_03_26);
	test_add(each_column_changes_where_the_changelog_says);
}
