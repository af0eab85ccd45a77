/* Options: which source counts, and how values are written. */
#include "unit/option_case.h"
#include "suite.h"

#include "app/option_value.h"
#include <stdio.h>
#include <string.h>

/* ---- which source counts ---- */

START_TEST(a_flag_counts_more_than_the_environment_and_that_more_than_the_file)
{
	option_write_file(
		"workers = 1\nmax-batch = 1\nmax-entries-per-page = 1\n");
	ck_assert_msg(option_read(LIST("--config", option_path, "--workers=3"),
	                          LIST("MCPS_WORKERS=2", "MCPS_MAX_BATCH=2")),
	              "%s", option_fatal.text);
	ck_assert_uint_eq(option_values.server.workers, 3);
	ck_assert_uint_eq(option_values.server.max_batch, 2);
	ck_assert_uint_eq(option_values.server.max_entries_per_page, 1);
	ck_assert_uint_eq(option_values.server.max_keys, 1024);
}
END_TEST

START_TEST(what_the_author_configured_is_the_default)
{
	mcps_configure(option_server, .workers = 17, .store = "sqlite:/x");
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.workers, 17);
	ck_assert_str_eq(option_values.server.store, "sqlite:/x");
}
END_TEST

START_TEST(a_list_is_one_source_s_repeated_or_with_commas)
{
	option_write_file("allow-host = file.example\n");
	ck_assert(option_read(LIST("--config", option_path),
	                      LIST("MCPS_ALLOW_HOST=a.example, b.example,")));
	ck_assert_uint_eq(option_values.hosts.count, 2);
	ck_assert_str_eq(option_values.hosts.texts[0], "a.example");
	ck_assert_str_eq(option_values.hosts.texts[1], "b.example");
}
END_TEST

START_TEST(lines_of_a_list_in_a_file_add_up)
{
	ck_assert(option_read_file("allow-host = a\nallow-host = b,c\n"));
	ck_assert_uint_eq(option_values.hosts.count, 3);
}
END_TEST

START_TEST(of_one_source_the_last_word_counts)
{
	ck_assert(option_read(LIST("--workers=3", "--workers", "4"), NONE));
	ck_assert_uint_eq(option_values.server.workers, 4);
}
END_TEST

START_TEST(max_gap_is_a_day_unless_a_source_says_otherwise)
{
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.max_gap_s, 86400);
	mcps__app_options_free(&option_values);
	mcps__settings_free(&option_settings);
	ck_assert(option_read_file("max-gap = 2d\n"));
	ck_assert_uint_eq(option_values.server.max_gap_s, 2 * 86400);
	mcps__app_options_free(&option_values);
	mcps__settings_free(&option_settings);
	ck_assert(option_read(NONE, LIST("MCPS_MAX_GAP=1h")));
	ck_assert_uint_eq(option_values.server.max_gap_s, 3600);
	mcps__app_options_free(&option_values);
	mcps__settings_free(&option_settings);
	ck_assert(option_read(LIST("--max-gap=60s"), LIST("MCPS_MAX_GAP=1h")));
	ck_assert_uint_eq(option_values.server.max_gap_s, 60);
}
END_TEST

/* Session time may advance by a minute that is not stored. */
START_TEST(a_server_with_a_max_gap_below_a_minute_does_not_start)
{
	struct mcps_error error;

	mcps_configure(option_server, .max_gap_s = 59);
	ck_assert_int_eq(mcps_server_start(option_server, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(error.text, "option max_gap_s: at least 60, not 59");
}
END_TEST

START_TEST(an_empty_variable_says_nothing)
{
	ck_assert(option_read(NONE, LIST("MCPS_STORE=", "MCPS_WORKERS=")));
	ck_assert_ptr_null(option_values.server.store);
}
END_TEST

START_TEST(the_file_may_be_named_by_the_environment)
{
	char variable[96];

	option_write_file("workers = 5\n");
	snprintf(variable, sizeof variable, "MCPS_CONFIG=%s", option_path);
	ck_assert(option_read(NONE, LIST(variable)));
	ck_assert_uint_eq(option_values.server.workers, 5);
}
END_TEST

START_TEST(tokens_have_a_second_variable_as_secrets_in_files_do)
{
	ck_assert(option_read(NONE, LIST("MCPS_TOKENS_FILE=/run/secrets/t")));
	ck_assert_str_eq(option_values.tokens, "/run/secrets/t");
}
END_TEST

START_TEST(anonymous_callers_are_limited_by_default)
{
	ck_assert(option_read(LIST("--anonymous-session-burst=7"), NONE));
	ck_assert_uint_eq(option_values.server.session_rate_per_address, 20);
	ck_assert_uint_eq(option_values.server.session_burst_per_address, 200);
	ck_assert_uint_eq(option_values.server.anonymous_session_rate, 500);
	ck_assert_uint_eq(option_values.server.anonymous_session_burst, 7);
}
END_TEST

START_TEST(dev_changes_defaults_and_nothing_that_was_said)
{
	mcps_configure(option_server, .store = "sqlite:/x");
	ck_assert(option_read(LIST("--dev", "--log-level=warn"), NONE));
	ck_assert_str_eq(option_values.server.store, "memory:");
	ck_assert(option_values.server.cors);
	ck_assert_uint_eq(option_values.log_level, MCPS_LOG_WARN);
	ck_assert(option_values.server.log_calls);
	ck_assert(option_read(LIST("--dev", "--log-calls=no"), NONE));
	ck_assert(!option_values.server.log_calls);
	ck_assert(option_read(LIST("--log-calls"), NONE));
	ck_assert(option_values.server.log_calls);
}
END_TEST

START_TEST(a_start_waits_for_a_predecessor_that_drains)
{
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.drain_ms, 6000);
	ck_assert_uint_eq(option_values.server.lock_wait_ms, 13000);
	ck_assert(option_read(LIST("--drain=20s"), NONE));
	ck_assert_uint_eq(option_values.server.lock_wait_ms, 27000);
	ck_assert(option_read(LIST("--lock-wait=3s"), NONE));
	ck_assert_uint_eq(option_values.server.lock_wait_ms, 3000);
	ck_assert(option_read(LIST("--lock-wait=0"), NONE));
	ck_assert_uint_eq(option_values.server.lock_wait_ms, 0);
}
END_TEST

START_TEST(an_author_may_say_how_long_a_start_waits)
{
	mcps_configure(option_server, .lock_wait_ms = 500);
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.lock_wait_ms, 500);
}
END_TEST

START_TEST(every_option_has_a_name_of_its_own_and_help)
{
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		ck_assert_ptr_eq(
			mcps__option_find(
				option->name, strlen(option->name),
				mcps__option_group_command(option->group)),
			option);
		ck_assert_ptr_nonnull(option->help);
		ck_assert_uint_ne(
			(unsigned char)option->help[strlen(option->help) - 1],
			'.');
	}
}
END_TEST

/* ---- values ---- */

static const struct {
	const char *argument;
	uint64_t value;
} sizes[] = {
	{ "--max-body=1", 1 },
	{ "--max-body=17B", 17 },
	{ "--max-body=64KiB", 64 << 10 },
	{ "--max-body=64K", 64 << 10 },
	{ "--max-body=3MiB", 3 << 20 },
	{ "--max-body=2GiB", UINT64_C(2) << 30 },
};

START_TEST(sizes_have_units)
{
	ck_assert(option_read(LIST(sizes[_i].argument), NONE));
	ck_assert_uint_eq(option_values.server.max_body, sizes[_i].value);
}
END_TEST

/* 4 GiB and one byte are 1 in 32 bits. */
START_TEST(a_size_is_taken_whole_or_refused)
{
	char reason[OPTION_REASON_SIZE], text[OPTION_TEXT_SIZE];
	int sizes_seen = 0;

	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		if (option->kind != OPTION_SIZE &&
		    option->kind != OPTION_SIZE_32)
			continue;
		sizes_seen++;
		if (mcps__option_set(option, &option_values, "4294967297",
		                     reason)) {
			mcps__option_text(option, &option_values, text);
			ck_assert_str_eq(text, "4294967297");
		} else {
			ck_assert_msg(strstr(reason, "it must be between ") ==
			                      reason,
			              "--%s: %s", option->name, reason);
		}
	}
	ck_assert_int_gt(sizes_seen, 0);
}
END_TEST

static const struct {
	const char *argument;
	uint64_t seconds;
} times[] = {
	{ "--max-session-idle=1s", 1 },
	{ "--max-session-idle=2m", 120 },
	{ "--max-session-idle=3h", 10800 },
	{ "--max-session-idle=7d", 604800 },
	{ "--max-session-idle=49710d", UINT64_C(49710) * 86400 },
};

START_TEST(times_have_units)
{
	ck_assert(option_read(LIST(times[_i].argument), NONE));
	ck_assert_uint_eq(option_values.server.max_session_idle_s,
	                  times[_i].seconds);
}
END_TEST

START_TEST(short_times_have_milliseconds)
{
	ck_assert(option_read(LIST("--drain=1500ms"), NONE));
	ck_assert_uint_eq(option_values.drain_ms, 1500);
	ck_assert(option_read(LIST("--drain=2s"), NONE));
	ck_assert_uint_eq(option_values.drain_ms, 2000);
	ck_assert(option_read(LIST("--drain=0s"), NONE));
	ck_assert_uint_eq(option_values.drain_ms, 0);
}
END_TEST

START_TEST(zero_needs_no_unit)
{
	ck_assert(option_read(LIST("--drain=0"), NONE));
	ck_assert_uint_eq(option_values.drain_ms, 0);
	ck_assert(option_read(LIST("--retry=0"), NONE));
	ck_assert_uint_eq(option_values.server.retry_ms, 0);
}
END_TEST

START_TEST(retry_is_that_of_the_author_unless_it_is_said)
{
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.retry_ms, 5000);
	mcps_configure(option_server, .retry_ms = 7000);
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.retry_ms, 7000);
	mcps_configure(option_server, .retry_ms = MCPS_NO_RETRY);
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.retry_ms, 0);
	ck_assert(option_read(NONE, LIST("MCPS_RETRY=2500ms")));
	ck_assert_uint_eq(option_values.server.retry_ms, 2500);
}
END_TEST

START_TEST(ballast_is_two_mebibytes_unless_a_source_says_otherwise)
{
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.store_ballast, 2u << 20);
	mcps_configure(option_server, .store_ballast = 4096);
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.store_ballast, 4096);
	mcps_configure(option_server, .store_ballast = MCPS_NO_STORE_BALLAST);
	ck_assert(option_read(NONE, NONE));
	ck_assert_uint_eq(option_values.server.store_ballast, 0);
	ck_assert(option_read(NONE, LIST("MCPS_STORE_BALLAST=1MiB")));
	ck_assert_uint_eq(option_values.server.store_ballast, 1u << 20);
}
END_TEST

START_TEST(flags_say_yes_or_no)
{
	ck_assert(option_read(LIST("--cors", "--log-calls=yes"), NONE));
	ck_assert(option_values.server.cors);
	ck_assert(option_values.server.log_calls);
	ck_assert(option_read(LIST("--cors=off", "--log-calls=0"), NONE));
	ck_assert(!option_values.server.cors);
	ck_assert(!option_values.server.log_calls);
	ck_assert(option_read(LIST("--log-calls", "no", "--cors"), NONE));
	ck_assert(option_values.server.cors);
	ck_assert(!option_values.server.log_calls);
	ck_assert(!option_read(LIST("--cors", "perhaps"), NONE));
	ck_assert_ptr_nonnull(strstr(option_fatal.text, "cors"));
	ck_assert_ptr_nonnull(strstr(option_fatal.text, "perhaps"));
}
END_TEST

START_TEST(words_and_modes)
{
	ck_assert(option_read(LIST("--unknown-ids=issued",
	                           "--on-corrupt=quarantine",
	                           "--socket-mode=0660"),
	                      NONE));
	ck_assert_uint_eq(option_values.server.unknown_ids,
	                  MCPS_UNKNOWN_ISSUED);
	ck_assert_int_eq(option_values.server.on_corrupt,
	                 MCPS_ON_CORRUPT_QUARANTINE);
	ck_assert_uint_eq(option_values.daemon.socket_mode, 0660);
}
END_TEST

START_TEST(retry_of_the_author_is_at_most_an_hour)
{
	struct mcps_error error;

	mcps_configure(option_server, .retry_ms = 3600 * 1000 + 1);
	ck_assert_int_eq(mcps_server_start(option_server, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(error.text,
	                 "option retry_ms: at most 3600000, not 3600001");
}
END_TEST

/* ---- the file ---- */

START_TEST(a_file_has_comment_lines_blanks_and_quotes)
{
	ck_assert_msg(option_read_file("# first\n"
	                               "  # second\n"
	                               "  path=/a#b\t\n"
	                               "\t\n"
	                               "store = \"sqlite:/x y # z\"  \r\n"
	                               "cors = yes"),
	              "%s", option_fatal.text);
	ck_assert_str_eq(option_values.server.path, "/a#b");
	ck_assert_str_eq(option_values.server.store, "sqlite:/x y # z");
	ck_assert(option_values.server.cors);
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("options")
{
	test_case("sources");
	test_fixture(option_set_up, option_tear_down);
	test_add(
		a_flag_counts_more_than_the_environment_and_that_more_than_the_file);
	test_add(what_the_author_configured_is_the_default);
	test_add(a_list_is_one_source_s_repeated_or_with_commas);
	test_add(lines_of_a_list_in_a_file_add_up);
	test_add(of_one_source_the_last_word_counts);
	test_add(max_gap_is_a_day_unless_a_source_says_otherwise);
	test_add(a_server_with_a_max_gap_below_a_minute_does_not_start);
	test_add(an_empty_variable_says_nothing);
	test_add(the_file_may_be_named_by_the_environment);
	test_add(tokens_have_a_second_variable_as_secrets_in_files_do);
	test_add(anonymous_callers_are_limited_by_default);
	test_add(dev_changes_defaults_and_nothing_that_was_said);
	test_add(a_start_waits_for_a_predecessor_that_drains);
	test_add(an_author_may_say_how_long_a_start_waits);
	test_add(every_option_has_a_name_of_its_own_and_help);

	test_case("values");
	test_fixture(option_set_up, option_tear_down);
	test_add_loop(sizes_have_units, COUNT(sizes));
	test_add(a_size_is_taken_whole_or_refused);
	test_add_loop(times_have_units, COUNT(times));
	test_add(short_times_have_milliseconds);
	test_add(zero_needs_no_unit);
	test_add(retry_is_that_of_the_author_unless_it_is_said);
	test_add(retry_of_the_author_is_at_most_an_hour);
	test_add(ballast_is_two_mebibytes_unless_a_source_says_otherwise);
	test_add(flags_say_yes_or_no);
	test_add(words_and_modes);
	test_add(a_file_has_comment_lines_blanks_and_quotes);
}
