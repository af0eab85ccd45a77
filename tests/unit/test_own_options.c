/* Options of a program's own: which ones are refused, and that they join the
 * table of mcps's and leave it again. */
#include "app/own_options.h"

#include "app/option_table.h"
#include "suite.h"

#include <string.h>

static const char *text;
static uint32_t number;
static bool flag;

#define GOOD .argument = "X", .help = "help", .value = &text

static const struct {
	struct mcps_program_option options[3];
	const char *sentence;
} wrong[] = {
	{ { { .name = "listen", GOOD } },
	  "option --listen of the program: the name is taken" },
	{ { { .name = "db", GOOD }, { .name = "db", GOOD } },
	  "option --db of the program: the name is taken" },
	{ { { .name = "Db", GOOD } },
	  "option --Db of the program: a name is 2 to 32 of a-z 0-9 -" },
	{ { { .name = "d", GOOD } },
	  "option --d of the program: a name is 2 to 32 of a-z 0-9 -" },
	{ { { .name = "-db", GOOD } },
	  "option ---db of the program: a name is 2 to 32 of a-z 0-9 -" },
	{ { { .name = "db", GOOD, .kind = (enum mcps_option_kind)4 } },
	  "option --db of the program: its kind is not one of enum "
	  "mcps_option_kind" },
	{ { { .name = "db", .argument = "X", .value = &text } },
	  "option --db of the program: it has no help or no value" },
	{ { { .name = "db", .argument = "X", .help = "help" } },
	  "option --db of the program: it has no help or no value" },
	{ { { .name = "db", .help = "help", .value = &text } },
	  "option --db of the program: all options but flags have an "
	  "argument" },
	{ { { .name = "db", GOOD, .kind = MCPS_OPTION_FLAG } },
	  "option --db of the program: all options but flags have an "
	  "argument" },
};

START_TEST(wrong_option_is_named)
{
	struct fatal fatal = { EXIT_FINE, "" };
	size_t before = mcps__option_count;

	ck_assert(!mcps__own_options_add(wrong[_i].options, &fatal));
	ck_assert_str_eq(fatal.text, wrong[_i].sentence);
	ck_assert_uint_eq(mcps__option_count, before);
	mcps__own_options_remove();
}
END_TEST

START_TEST(too_many_options_are_refused)
{
	static char names[OWN_OPTIONS_MOST + 1][16];
	struct mcps_program_option options[OWN_OPTIONS_MOST + 2] = { 0 };
	struct fatal fatal = { EXIT_FINE, "" };

	for (int i = 0; i <= OWN_OPTIONS_MOST; i++) {
		snprintf(names[i], sizeof names[i], "own-%d", i);
		options[i] =
			(struct mcps_program_option){ .name = names[i], GOOD };
	}
	ck_assert(!mcps__own_options_add(options, &fatal));
	ck_assert_str_eq(fatal.text,
	                 "option --own-32 of the program: there are too many");
	options[OWN_OPTIONS_MOST].name = NULL;
	ck_assert(mcps__own_options_add(options, &fatal));
	mcps__own_options_remove();
}
END_TEST

START_TEST(options_join_the_table_and_leave_it)
{
	const struct mcps_program_option options[] = {
		{ .name = "db", GOOD },
		{ .name = "wait",
		  .argument = "TIME",
		  .help = "help",
		  .kind = MCPS_OPTION_MILLISECONDS,
		  .value = &number },
		{ .name = "loud",
		  .help = "help",
		  .kind = MCPS_OPTION_FLAG,
		  .value = &flag },
		{ .name = NULL }
	};
	char words[][12] = { "--db", "x.db", "--wait=2s", "--loud" };
	char *argv[] = { words[0], words[1], words[2], words[3], NULL };
	char *environment[] = { NULL };
	const struct app_sources sources = { .argv = argv,
		                             .environment = environment };
	mcps_server *server = mcps_server_new("test", "1");
	struct settings settings = { 0 };
	struct fatal fatal;
	struct app_options read;
	size_t before = mcps__option_count;

	text = "default.db";
	number = 1;
	flag = false;
	ck_assert(mcps__own_options_add(options, &fatal));
	ck_assert_uint_eq(mcps__option_count, before + 3);
	ck_assert(mcps__app_options_read(&read, &settings, server, &sources,
	                                 &fatal));
	ck_assert_str_eq(text, "default.db"); /* not yet */
	mcps__own_options_store(&read);
	ck_assert_str_eq(text, "x.db");
	ck_assert_uint_eq(number, 2000);
	ck_assert(flag);
	mcps__app_options_free(&read);
	mcps__settings_free(&settings);
	mcps__own_options_remove();
	ck_assert_uint_eq(mcps__option_count, before);
	ck_assert_ptr_null(mcps__option_find("db", 2, NULL));
	mcps_server_free(server);
}
END_TEST

TEST_MAIN("own options")
{
	test_add_loop(wrong_option_is_named, COUNT(wrong));
	test_add(too_many_options_are_refused);
	test_add(options_join_the_table_and_leave_it);
}
