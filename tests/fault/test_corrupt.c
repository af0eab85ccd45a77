/* Damage of every kind: the server refuses to start, or serves; it never
 * crashes, gives a session to somebody else, or says what is not so. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "fault/files.h"
#include "fault/ledger.h"
#include "fault/vfs_shim.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/server.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum {
	PAGE = 4096,
	FRAME = PAGE + 24,
	WAL_HEADER = 32,
	SESSIONS = 12, /* alice's and bob's in turn; every fourth has ended */
	FLIPS = 300,
	FLIPS_PER_TEST = 50,
};

static const char *const callers[] = { "alice", "bob" };

static struct {
	char id[132];
	bool has_ended;
} sessions[SESSIONS];
static bool may_lose_end;  /* of the log: then all that came after is lost */
static unsigned came_back; /* the session whose end is lost, else SESSIONS */
static struct file_copy whole;     /* the store, closed */
static struct file_copy unclosed;  /* ... as it is without its log */
static struct file_copy whole_log; /* that log */

static struct mcps_store_options store_options = {
	.size = sizeof store_options,
};

/* ---- a store with contents ---- */

static const char *caller_of(unsigned i)
{
	return callers[i % 2];
}

static struct answer post(const char *caller, const char *id, const char *body)
{
	return EXCHANGE(&harness, .caller = caller, .id = id,
	                .version = "2025-06-18", .body = body);
}

static void fill(void)
{
	for (unsigned i = 0; i < SESSIONS; i++) {
		const char *caller = caller_of(i);
		const char *id = harness_begin(&harness, caller, "2025-06-18");
		char body[200];

		strcpy(sessions[i].id, id);
		snprintf(body, sizeof body,
		         CALL(1, "put",
		              "{\"key\":\"whose\",\"value\":\"%s %u\"}"),
		         caller, i);
		ck_assert_int_eq(post(caller, id, body).status, 200);
		sessions[i].has_ended = i % 4 == 3;
		if (sessions[i].has_ended)
			ck_assert_int_eq(EXCHANGE(&harness, .method = "DELETE",
			                          .caller = caller, .id = id)
			                         .status,
			                 204);
	}
}

static void prepare(void)
{
	harness_prepare(&harness, &(const struct harness_options){
					  .policy = MCPS_UNKNOWN_NEVER,
					  .tools = test_tools,
					  .store = url_in_directory("test.db"),
					  .store_options = &store_options,
				  });
}

static void set_up(void)
{
	directory_make();
	store_options.on_corrupt = MCPS_ON_CORRUPT_REFUSE;
	prepare();
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	fill();
	unclosed = file_read("test.db");
	whole_log = file_read("test.db-wal");
	harness_stop(&harness);
	whole = file_read("test.db");
	ck_assert_uint_eq(whole.size % PAGE, 0);
	ck_assert_uint_eq((whole_log.size - WAL_HEADER) % FRAME, 0);
}

static void tear_down(void)
{
	file_free(&whole);
	file_free(&unclosed);
	file_free(&whole_log);
	harness_finish(&harness);
	directory_remove();
}

/* ---- what a damaged store may do ---- */

/* A session that is served has its own state. */
static void check_session(unsigned i)
{
	struct answer answer = post(caller_of(i), sessions[i].id,
	                            CALL(1, "get", "{\"key\":\"whose\"}"));
	char expected[32];

	ck_assert_int_ne(post(caller_of(i + 1), sessions[i].id, PING(1)).status,
	                 200);
	if (answer.status == 404 || answer.status == 503)
		return;
	ck_assert_int_eq(answer.status, 200);
	ck_assert_msg(came_back == SESSIONS, "a gap in what is remembered");
	if (sessions[i].has_ended) {
		ck_assert_msg(may_lose_end, "a session came back");
		came_back = i;
	}
	if (strstr(answer.body, "\"error\"") != NULL ||
	    strstr(answer.body, "\"isError\":true") != NULL)
		return; /* its state is gone, or cannot be read */
	snprintf(expected, sizeof expected, "\"%s %u\"", caller_of(i), i);
	ck_assert_str_eq(answer_text(&harness, &answer), expected);
}

static void check_all(void)
{
	came_back = SESSIONS;
	for (unsigned i = 0; i < SESSIONS; i++)
		check_session(i);
	(void)post("alice", NULL, INITIALIZE(1, "2025-06-18"));
	(void)harness_sweep(&harness);
}

/* Start on what is there; true: it serves. A refusal changes nothing. */
static bool survives(void)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct file_copy before = file_read("test.db");
	struct file_copy after;
	mcps_status status = harness_start(&harness, &error);

	if (status == MCPS_OK) {
		check_all();
		harness_stop(&harness);
	} else {
		ck_assert_str_ne(error.text, "");
		ck_assert(status == MCPS_E_CORRUPT || status == MCPS_E_STORE);
		after = file_read("test.db");
		ck_assert_uint_eq(before.size, after.size);
		if (before.size != 0)
			ck_assert_mem_eq(before.bytes, after.bytes,
			                 before.size);
		file_free(&after);
	}
	file_free(&before);
	files_remove("test.db");
	return status == MCPS_OK;
}

static bool survives_file(const void *bytes, size_t size)
{
	file_write("test.db", bytes, size);
	return survives();
}

/* ---- the file ---- */

START_TEST(a_whole_store_serves_everybody)
{
	ck_assert(survives_file(whole.bytes, whole.size));
	file_restore("test.db", &unclosed);
	file_restore("test.db-wal", &whole_log);
	ck_assert(survives());
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused_or_serves_what_is_true)
{
	for (size_t size = 0; size < whole.size; size += PAGE / 2)
		(void)survives_file(whole.bytes, size);
	for (size_t size = PAGE; size < whole.size; size += PAGE) {
		(void)survives_file(whole.bytes, size - 1);
		(void)survives_file(whole.bytes, size + 1);
	}
}
END_TEST

START_TEST(a_file_cut_to_fewer_pages_is_refused)
{
	for (size_t size = PAGE; size < whole.size; size += PAGE)
		ck_assert(!survives_file(whole.bytes, size));
}
END_TEST

START_TEST(a_zeroed_page_is_refused_or_serves_what_is_true)
{
	for (size_t at = 0; at < whole.size; at += PAGE) {
		struct file_copy damaged = whole;

		damaged.bytes = malloc(whole.size);
		ck_assert_ptr_nonnull(damaged.bytes);
		memcpy(damaged.bytes, whole.bytes, whole.size);
		memset(damaged.bytes + at, 0, PAGE);
		(void)survives_file(damaged.bytes, damaged.size);
		file_free(&damaged);
	}
}
END_TEST

START_TEST(a_header_with_a_wrong_byte_is_refused_or_serves_what_is_true)
{
	for (size_t at = 0; at < 108; at++) {
		whole.bytes[at] ^= 0x55;
		(void)survives_file(whole.bytes, whole.size);
		whole.bytes[at] ^= 0x55;
	}
}
END_TEST

START_TEST(a_flipped_bit_anywhere_never_shows)
{
	uint64_t seed = fault_number("MCPS_FAULT_SEED", 1) + (uint64_t)_i;

	for (int n = 0; n < FLIPS_PER_TEST; n++) {
		size_t at = vfs_shim_random(&seed) % whole.size;
		uint8_t bit = (uint8_t)(1u << vfs_shim_random(&seed) % 8);

		whole.bytes[at] ^= bit;
		(void)survives_file(whole.bytes, whole.size);
		whole.bytes[at] ^= bit;
	}
}
END_TEST

/* ---- the log ---- */

static bool survives_log(const void *bytes, size_t size)
{
	may_lose_end = true;
	file_restore("test.db", &unclosed);
	file_write("test.db-wal", bytes, size);
	return survives();
}

START_TEST(a_log_cut_at_a_frame_loses_its_end_only)
{
	for (size_t size = WAL_HEADER; size < whole_log.size; size += FRAME)
		for (size_t off = 0; off < 3; off++)
			(void)survives_log(whole_log.bytes, size + off - 1);
}
END_TEST

START_TEST(a_log_with_a_flipped_bit_loses_its_end_only)
{
	uint64_t seed = fault_number("MCPS_FAULT_SEED", 1);

	for (int n = 0; n < FLIPS_PER_TEST; n++) {
		size_t at = vfs_shim_random(&seed) % whole_log.size;

		whole_log.bytes[at] ^= 0x10;
		(void)survives_log(whole_log.bytes, whole_log.size);
		whole_log.bytes[at] ^= 0x10;
	}
}
END_TEST

START_TEST(a_log_of_nothing_is_ignored)
{
	uint8_t noise[3 * FRAME];
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)vfs_shim_random(&seed);
	file_restore("test.db", &whole);
	file_write("test.db-wal", noise, sizeof noise);
	ck_assert(survives());
}
END_TEST

/* Its frames are valid, and pages of other contents. */
START_TEST(a_log_of_another_store_never_shows)
{
	struct file_copy log;

	harness_finish(&harness);
	files_remove("test.db");
	prepare();
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	(void)harness_begin(&harness, "bob", "2025-06-18");
	log = file_read("test.db-wal");
	harness_stop(&harness);
	files_remove("test.db");
	file_restore("test.db", &whole);
	file_restore("test.db-wal", &log);
	(void)survives();
	file_free(&log);
}
END_TEST

START_TEST(a_log_without_its_file_is_refused_and_kept)
{
	struct mcps_error error;
	struct file_copy log;

	file_write("test.db", "", 0);
	file_restore("test.db-wal", &whole_log);
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "has a log"));
	log = file_read("test.db-wal");
	ck_assert_uint_eq(log.size, whole_log.size);
	file_free(&log);
}
END_TEST

/* ---- what becomes of it ---- */

static void damage(void)
{
	memset(whole.bytes + PAGE, 0x5a, PAGE);
	file_write("test.db", whole.bytes, whole.size);
}

START_TEST(a_damaged_store_is_refused_by_default)
{
	struct mcps_error error;

	damage();
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "--on-corrupt=quarantine"));
	ck_assert_ptr_nonnull(strstr(error.text, in_directory("test.db")));
	ck_assert_uint_eq(files_count("test.db.corrupt-"), 0);
}
END_TEST

START_TEST(a_damaged_store_is_set_aside_and_a_new_one_begins)
{
	struct file_copy kept;

	store_options.on_corrupt = MCPS_ON_CORRUPT_QUARANTINE;
	for (unsigned times = 1; times <= 3; times++) {
		damage();
		file_write("test.db-wal", "its log", 7);
		ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
		ck_assert_uint_eq(files_count("test.db.corrupt-"), times);
		(void)case_begin();
		ck_assert_int_eq(post("alice", sessions[0].id, PING(1)).status,
		                 404);
		harness_stop(&harness);
	}
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
	kept = file_read("test.db");
	ck_assert_uint_ne(kept.size, 0);
	file_free(&kept);
}
END_TEST

static void change_header(const char *sql)
{
	sqlite3 *db;

	file_restore("test.db", &whole);
	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(what_is_not_ours_is_never_set_aside)
{
	static const char *const changes[] = { "PRAGMA user_version = 999",
		                               "PRAGMA application_id = 7" };
	struct mcps_error error;
	struct file_copy before;
	struct file_copy after;

	store_options.on_corrupt = MCPS_ON_CORRUPT_QUARANTINE;
	change_header(changes[_i]);
	before = file_read("test.db");
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "nothing was changed"));
	after = file_read("test.db");
	ck_assert_uint_eq(before.size, after.size);
	ck_assert_mem_eq(before.bytes, after.bytes, before.size);
	ck_assert_uint_eq(files_count("test.db.corrupt-"), 0);
	file_free(&before);
	file_free(&after);
}
END_TEST

/* A row key that is wrong would make every session unknown, also the ended
 * ones; a clock that is wrong would end them all. */
START_TEST(a_damaged_value_of_the_session_layer_is_refused)
{
	static const char *const changes[] = {
		"UPDATE meta SET value = zeroblob(length(value)) "
		"WHERE name = 'row-key'",
		"UPDATE meta SET value = x'00ffffffffffff7f' "
		"WHERE name = 'clock'",
		"UPDATE meta SET value = zeroblob(length(value)) "
		"WHERE name = 'clock-readings'",
	};

	change_header(changes[_i]);
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_E_CORRUPT);
	store_options.on_corrupt = MCPS_ON_CORRUPT_QUARANTINE;
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	ck_assert_uint_eq(files_count("test.db.corrupt-"), 1);
}
END_TEST

TEST_MAIN("corrupt stores")
{
	int flips = (int)fault_number("MCPS_FAULT_FLIPS", FLIPS);

	directory_in_memory();
	test_timeout(600);
	test_fixture(set_up, tear_down);
	test_add(a_whole_store_serves_everybody);
	test_add(a_file_cut_anywhere_is_refused_or_serves_what_is_true);
	test_add(a_file_cut_to_fewer_pages_is_refused);
	test_add(a_zeroed_page_is_refused_or_serves_what_is_true);
	test_add(a_header_with_a_wrong_byte_is_refused_or_serves_what_is_true);
	test_add_loop(a_flipped_bit_anywhere_never_shows,
	              flips / FLIPS_PER_TEST);
	test_add(a_log_cut_at_a_frame_loses_its_end_only);
	test_add(a_log_with_a_flipped_bit_loses_its_end_only);
	test_add(a_log_of_nothing_is_ignored);
	test_add(a_log_of_another_store_never_shows);
	test_add(a_log_without_its_file_is_refused_and_kept);
	test_add(a_damaged_store_is_refused_by_default);
	test_add(a_damaged_store_is_set_aside_and_a_new_one_begins);
	test_add_loop(what_is_not_ours_is_never_set_aside, 2);
	test_add_loop(a_damaged_value_of_the_session_layer_is_refused, 3);
}
