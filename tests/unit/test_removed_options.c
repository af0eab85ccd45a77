/* Options that were renamed: old names are refused, and say the new one. */
#include "unit/option_case.h"

#include "app/removed.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { REMOVED_MOST = 100 };

static size_t removed_count(void)
{
	size_t count = 0;

	while (count < REMOVED_MOST && mcps__removed_name(count) != NULL)
		count++;
	return count;
}

static const char *successor_of(const char *name)
{
	return mcps__removed_successor(name, strlen(name));
}

/* The next reading begins with nothing. */
static void check_refused(bool is_read, const char *wanted)
{
	ck_assert_msg(!is_read, "%s", wanted);
	ck_assert_str_eq(option_fatal.text, wanted);
	ck_assert_int_eq(option_fatal.code, EXIT_CONFIGURATION);
	mcps__app_options_free(&option_values);
	mcps__settings_free(&option_settings);
	option_settings = (struct settings){ 0 };
}

START_TEST(removed_name_is_no_option_and_its_successor_is_one)
{
	for (size_t i = 0; i < removed_count(); i++) {
		const char *name = mcps__removed_name(i);
		const char *successor = successor_of(name);

		ck_assert_ptr_null(mcps__option_find(name, strlen(name), NULL));
		ck_assert_msg(mcps__option_find(successor, strlen(successor),
		                                NULL) != NULL,
		              "%s", successor);
		ck_assert_ptr_null(successor_of(successor));
	}
	ck_assert_uint_gt(removed_count(), 0);
	ck_assert_uint_lt(removed_count(), REMOVED_MOST);
}
END_TEST

START_TEST(removed_flag_is_refused_and_names_its_successor)
{
	for (size_t i = 0; i < removed_count(); i++) {
		const char *name = mcps__removed_name(i);
		char flag[80], wanted[160];

		snprintf(flag, sizeof flag, "--%s=7", name);
		snprintf(wanted, sizeof wanted, "--%s was renamed: use --%s",
		         name, successor_of(name));
		check_refused(option_read(LIST(flag), NONE), wanted);
		snprintf(flag, sizeof flag, "--%s", name);
		check_refused(option_read(LIST(flag, "7"), NONE), wanted);
	}
}
END_TEST

START_TEST(removed_variable_is_refused_and_names_its_successor)
{
	for (size_t i = 0; i < removed_count(); i++) {
		const char *name = mcps__removed_name(i);
		char variable[VARIABLE_SIZE], successor[VARIABLE_SIZE];
		char entry[80], wanted[160];

		mcps__option_name_variable(name, variable);
		mcps__option_name_variable(successor_of(name), successor);
		snprintf(entry, sizeof entry, "%s=7", variable);
		snprintf(wanted, sizeof wanted,
		         "environment: %s was renamed: use %s", variable,
		         successor);
		check_refused(option_read(NONE, LIST(entry)), wanted);
	}
}
END_TEST

/* A compose file passes on variables that are not set. */
START_TEST(removed_variable_that_is_empty_says_nothing)
{
	ck_assert_msg(option_read(NONE, LIST("MCPS_SESSION_QUOTA=")), "%s",
	              option_fatal.text);
}
END_TEST

START_TEST(removed_name_in_a_file_is_refused_and_names_its_successor)
{
	for (size_t i = 0; i < removed_count(); i++) {
		const char *name = mcps__removed_name(i);
		char line[80], wanted[256];

		snprintf(line, sizeof line, "workers = 3\n%s = 7\n", name);
		snprintf(wanted, sizeof wanted,
		         "%s:2: \"%s\" was renamed: use \"%s\"", option_path,
		         name, successor_of(name));
		check_refused(option_read_file(line), wanted);
	}
}
END_TEST

TEST_MAIN("removed_options")
{
	test_fixture(option_set_up, option_tear_down);
	test_add(removed_name_is_no_option_and_its_successor_is_one);
	test_add(removed_flag_is_refused_and_names_its_successor);
	test_add(removed_variable_is_refused_and_names_its_successor);
	test_add(removed_variable_that_is_empty_says_nothing);
	test_add(removed_name_in_a_file_is_refused_and_names_its_successor);
}
