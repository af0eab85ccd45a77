/* How many ended sessions are remembered: what was ended stays ended, also
 * beyond that, and the store stays small. */
#include "exchange/harness.h"
#include "exchange/tools.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/store.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 3, MANY = 12, SECOND_MS = 1000 };

static struct harness harness;

static const char *const callers[] = { "ann", NULL };

/* Callers are ann and others, or, if CALLER is NULL, anonymous. */
static void start(const char *caller, uint32_t most)
{
	harness_init(&harness, &(const struct harness_options){
				       .tools = test_tools,
				       .is_anonymous = caller == NULL,
				       .max_tombstones = most });
}

static const char *begin(const char *caller)
{
	harness_pass(&harness, SECOND_MS); /* a time of issue of its own */
	return harness_begin(&harness, caller, "2025-11-25");
}

static int ask(const char *method, const char *caller, const char *id)
{
	return EXCHANGE(&harness, .method = method, .caller = caller, .id = id,
	                .body = strcmp(method, "POST") == 0 ? PING(1) : NULL)
	        .status;
}

static const char *end_one(const char *caller)
{
	const char *id = begin(caller);

	ck_assert_int_eq(ask("DELETE", caller, id), 204);
	return id;
}

static bool is_remembered(const char *caller, const char *id)
{
	return harness_row(&harness, caller, id).phase == MCPS_PHASE_ENDED;
}

static void check_gone(const char *caller, const char *id)
{
	static const char *const methods[] = { "POST", "GET", "DELETE" };

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(methods[i], caller, id), 404);
	ck_assert_int_ne(harness_row(&harness, caller, id).phase,
	                 MCPS_PHASE_LIVE);
}

/* ---- what was ended stays ended ---- */

START_TEST(sessions_ended_beyond_the_bound_stay_ended)
{
	const char *caller = callers[_i];
	const char *ids[MANY];

	start(caller, MOST);
	for (int i = 0; i < MANY; i++)
		ids[i] = end_one(caller);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(is_remembered(caller, ids[i]),
		                 i >= MANY - MOST);
	for (int i = 0; i < MANY; i++)
		check_gone(caller, ids[i]);
	harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < MANY; i++)
		check_gone(caller, ids[i]);
	harness_finish(&harness);
}
END_TEST

START_TEST(unknown_ids_as_old_as_a_forgotten_one_are_not_recreated)
{
	const char *caller = callers[_i];
	const char *older, *newer;

	start(caller, MOST);
	older = begin(caller);
	for (int i = 0; i < MOST; i++)
		end_one(caller);
	newer = begin(caller);
	harness_forget_row(&harness, caller, older);
	harness_forget_row(&harness, caller, newer);
	harness_restart(&harness, KEEP_ALL);
	/* Within the bound it does not matter how old it is. */
	ck_assert_int_eq(ask("POST", caller, older), 200);
	harness_forget_row(&harness, caller, older);
	end_one(caller);
	harness_restart(&harness, KEEP_ALL);
	check_gone(caller, older);
	ck_assert_int_eq(ask("POST", caller, newer), 200);
	harness_finish(&harness);
}
END_TEST

START_TEST(live_sessions_are_served_however_old_they_are)
{
	const char *caller = callers[_i];
	const char *id;

	start(caller, MOST);
	id = begin(caller);
	for (int i = 0; i < MANY; i++)
		end_one(caller);
	ck_assert_int_eq(ask("POST", caller, id), 200);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(ask("POST", caller, id), 200);
	ck_assert_int_eq(ask("DELETE", caller, id), 204);
	check_gone(caller, id);
	harness_finish(&harness);
}
END_TEST

START_TEST(a_delete_of_an_unknown_id_that_is_not_recreated_stores_nothing)
{
	const char *caller = callers[_i];
	const char *id;
	unsigned before;

	start(caller, MOST);
	id = begin(caller);
	harness_forget_row(&harness, caller, id);
	for (int i = 0; i <= MOST; i++)
		end_one(caller);
	harness_restart(&harness, KEEP_ALL);
	before = store_double_count(&harness.store, OP_session_tombstone);
	ck_assert_int_eq(ask("DELETE", caller, id), 404);
	ck_assert_uint_eq(
		store_double_count(&harness.store, OP_session_tombstone),
		before);
	ck_assert_int_eq(harness_row(&harness, caller, id).phase, 0);
	harness_finish(&harness);
}
END_TEST

START_TEST(tombstones_of_unknown_ids_count)
{
	const char *caller = callers[_i];
	const char *ids[MANY];

	start(caller, MOST);
	for (int i = 0; i < MANY; i++) {
		ids[i] = begin(caller);
		harness_forget_row(&harness, caller, ids[i]);
	}
	harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(ask("DELETE", caller, ids[i]), 404);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(is_remembered(caller, ids[i]),
		                 i >= MANY - MOST);
		check_gone(caller, ids[i]);
	}
	harness_finish(&harness);
}
END_TEST

START_TEST(callers_forget_nothing_for_each_other)
{
	const char *anns, *bobs;

	start("ann", MOST);
	anns = begin("ann");
	bobs = begin("bob");
	for (int i = 0; i < MANY; i++)
		end_one("ann");
	harness_forget_row(&harness, "ann", anns);
	harness_forget_row(&harness, "bob", bobs);
	harness_restart(&harness, KEEP_ALL);
	check_gone("ann", anns);
	ck_assert_int_eq(ask("POST", "bob", bobs), 200);
	harness_finish(&harness);
}
END_TEST

/* ---- ids that this deployment did not sign ---- */

START_TEST(unsigned_ids_count_as_the_oldest)
{
	const char *id;

	start("ann", MOST);
	ck_assert_int_eq(ask("POST", "ann", "foreign-a"), 200);
	ck_assert_int_eq(ask("DELETE", "ann", "foreign-a"), 204);
	id = begin("ann");
	for (int i = 1; i < MOST; i++)
		end_one("ann");
	ck_assert_int_eq(ask("POST", "ann", "foreign-b"), 200);
	ck_assert_int_eq(ask("POST", "ann", "foreign-c"), 200);
	end_one("ann");
	/* It was the first to go, and with it all that are like it. */
	ck_assert(!is_remembered("ann", "foreign-a"));
	check_gone("ann", "foreign-a");
	check_gone("ann", "foreign-d");
	ck_assert_int_eq(ask("POST", "bob", "foreign-d"), 200);
	/* Not those that live, and not those that are signed. */
	ck_assert_int_eq(ask("POST", "ann", "foreign-b"), 200);
	harness_forget_row(&harness, "ann", id);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(ask("POST", "ann", "foreign-c"), 200);
	ck_assert_int_eq(ask("POST", "ann", id), 200);
	/* A session that ends now stays ended, too. */
	ck_assert_int_eq(ask("DELETE", "ann", "foreign-b"), 204);
	check_gone("ann", "foreign-b");
	harness_finish(&harness);
}
END_TEST

/* ---- other ends ---- */

START_TEST(revoking_keeps_to_the_bound)
{
	struct principal *ann =
		mcps__principal_new("https://issuer.test", "ann");
	const char *ids[MANY];
	int remembered = 0;

	start("ann", MOST);
	for (int i = 0; i < MANY; i++)
		ids[i] = begin("ann");
	ck_assert_int_eq(mcps__sessions_revoke(&harness.sessions, ann),
	                 MCPS_OK);
	mcps__principal_unref(ann);
	for (int i = 0; i < MANY; i++) {
		remembered += is_remembered("ann", ids[i]);
		check_gone("ann", ids[i]);
	}
	ck_assert_int_eq(remembered, MOST);
	harness_finish(&harness);
}
END_TEST

START_TEST(sessions_that_end_of_old_age_keep_to_the_bound)
{
	const char *caller = callers[_i];
	const char *ids[MANY];
	int remembered = 0;

	start(caller, MOST);
	for (int i = 0; i < MANY; i++)
		ids[i] = begin(caller);
	harness_pass(&harness, (HARNESS_AGE_DAYS + 1) * DAY_MS);
	harness_sweep(&harness);
	for (int i = 0; i < MANY; i++) {
		remembered += is_remembered(caller, ids[i]);
		check_gone(caller, ids[i]);
	}
	ck_assert_int_eq(remembered, MOST);
	harness_finish(&harness);
}
END_TEST

/* ---- failures ---- */

START_TEST(a_delete_is_answered_when_it_is_durable_beyond_the_bound_too)
{
	const char *first, *id;

	start("ann", MOST);
	first = end_one("ann");
	for (int i = 1; i < MOST; i++)
		end_one("ann");
	id = begin("ann");
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(ask("DELETE", "ann", id), 503);
	ck_assert_int_eq(ask("POST", "ann", id), 200);
	ck_assert(is_remembered("ann", first)); /* nothing was dropped */
	store_double_fail(&harness.store, OP_tombstone_trim, MCPS_E_STORE, 1);
	ck_assert_int_eq(ask("DELETE", "ann", id), 503);
	ck_assert_int_eq(ask("POST", "ann", id), 200);
	ck_assert_int_eq(ask("DELETE", "ann", id), 204);
	check_gone("ann", id);
	check_gone("ann", first);
	harness_finish(&harness);
}
END_TEST

/* It does not know of what was forgotten, either. */
START_TEST(an_older_back_end_remembers_all)
{
	static struct mcps_store_ops older;
	const char *ids[MANY];
	const char *unknown;

	start("ann", MOST);
	older = *harness.store.base.ops;
	older.size = offsetof(struct mcps_store_ops, tombstone_trim);
	harness.store.base.ops = &older;
	unknown = begin("ann");
	for (int i = 0; i < MANY; i++)
		ids[i] = end_one("ann");
	for (int i = 0; i < MANY; i++)
		ck_assert(is_remembered("ann", ids[i]));
	harness_forget_row(&harness, "ann", unknown);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(ask("POST", "ann", unknown), 200);
	harness_finish(&harness);
}
END_TEST

/* ---- the log ---- */

static char line[256];
static unsigned line_count;

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	(void)arg, (void)level, (void)module;
	snprintf(line, sizeof line, "%s", text);
	line_count++;
}

START_TEST(forgetting_is_logged_once_a_minute_with_a_count)
{
	static const struct log_sink sink = { write_line, NULL,
		                              MCPS_LOG_DEBUG };
	struct incidents incidents;

	start("ann", MOST);
	mcps__incidents_init(&incidents, &sink, &harness.clock);
	harness.sessions.options.incidents = &incidents;
	for (int i = 0; i < MANY; i++)
		end_one("ann");
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(line, "tombstone_limit: "));
	ck_assert_uint_eq(mcps__incident_count(&incidents, INCIDENT_TOMBSTONES),
	                  MANY - MOST);
	harness_finish(&harness);
}
END_TEST

/* ---- the disk ---- */

static int64_t ask_sql(const char *sql)
{
	sqlite3_stmt *stmt;
	int64_t answer;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return answer;
}

/* Begin and end so many, and stop: the bytes of the database. */
static int64_t flood(int count)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct stat about;

	ck_assert_int_eq(harness_start(&harness, &error), MCPS_OK);
	for (int i = 0; i < count; i++)
		end_one(NULL);
	harness_stop(&harness);
	ck_assert_int_eq(stat(in_directory("test.db"), &about), 0);
	return about.st_size;
}

static void sweep_all(void)
{
	struct mcps_error error = { MCPS_OK, "" };

	harness_pass(&harness, (HARNESS_AGE_DAYS + 1) * DAY_MS);
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_OK);
	while (harness_sweep(&harness) > 0)
		;
	harness_stop(&harness);
}

START_TEST(a_flood_of_initialize_and_delete_leaves_the_disk_bounded)
{
	enum { KEPT = 100 };
	int64_t full, later;

	directory_in_memory();
	directory_make();
	harness_prepare(&harness, &(const struct harness_options){
					  .tools = test_tools,
					  .is_anonymous = true,
					  .store = url_in_directory("test.db"),
					  .max_tombstones = KEPT });
	full = flood(2 * KEPT);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), KEPT);
	later = flood(10 * KEPT);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), KEPT);
	ck_assert_int_eq(ask_sql("SELECT kept FROM tombstones"), KEPT);
	ck_assert_msg(later <= full + full / 4, "%ld bytes, then %ld",
	              (long)full, (long)later);
	/* Their pages serve again when their time is over. */
	sweep_all();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), 0);
	ck_assert_int_eq(ask_sql("SELECT kept FROM tombstones"), 0);
	ck_assert_int_ge(ask_sql("PRAGMA freelist_count"), 2);
	ck_assert_int_le(flood(2 * KEPT), later);
	harness_finish(&harness);
	directory_remove();
}
END_TEST

/* ---- damage ---- */

static void damage_rows(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
	                              "UPDATE session SET checksum = "
	                              "checksum + 1",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void start_on_disk(const char *caller)
{
	directory_in_memory();
	directory_make();
	harness_init(&harness, &(const struct harness_options){
				       .tools = test_tools,
				       .is_anonymous = caller == NULL,
				       .store = url_in_directory("test.db") });
}

static void restart_on_disk(bool with_damage)
{
	struct mcps_error error = { MCPS_OK, "" };

	harness_stop(&harness);
	if (with_damage)
		damage_rows();
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_OK);
}

/* A damaged tombstone is not told from a damaged live row. */
START_TEST(a_session_whose_row_is_damaged_has_ended_for_good)
{
	const char *caller = callers[_i % 2];
	bool was_deleted = _i / 2 == 1;
	const char *id, *other;

	start_on_disk(caller);
	id = begin(caller);
	if (was_deleted)
		ck_assert_int_eq(ask("DELETE", caller, id), 204);
	restart_on_disk(true);
	check_gone(caller, id);
	ck_assert_uint_eq(harness_incidents(&harness, INCIDENT_SESSION_DAMAGED),
	                  3);
	other = begin(caller);
	ck_assert_int_eq(ask("POST", caller, other), 200);
	restart_on_disk(false);
	check_gone(caller, id);
	ck_assert_int_eq(ask("POST", caller, other), 200);
	/* Idle rows are swept meanwhile; damaged ones are not. */
	for (int day = 0; day < HARNESS_AGE_DAYS; day++) {
		harness_pass(&harness, DAY_MS);
		while (harness_sweep(&harness) > 0)
			;
		check_gone(caller, id);
	}
	harness_pass(&harness, DAY_MS);
	while (harness_sweep(&harness) > 0)
		;
	check_gone(caller, id); /* too old by itself */
	harness_stop(&harness);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session "
	                         "WHERE principal = 0"),
	                 0);
	harness_finish(&harness);
	directory_remove();
}
END_TEST

/* Its id has no age: other servers made it. */
START_TEST(a_foreign_id_whose_row_is_damaged_has_ended)
{
	static const char id[] = "foreign-1";

	start_on_disk("ann");
	ck_assert_int_eq(ask("POST", "ann", id), 200);
	if (_i == 1)
		ck_assert_int_eq(ask("DELETE", "ann", id), 204);
	restart_on_disk(true);
	check_gone("ann", id);
	harness_pass(&harness, (HARNESS_AGE_DAYS + 1) * DAY_MS);
	while (harness_sweep(&harness) > 0)
		;
	check_gone("ann", id);
	restart_on_disk(false);
	check_gone("ann", id);
	ck_assert_int_eq(ask("POST", "bob", id), 200);
	harness_finish(&harness);
	directory_remove();
}
END_TEST

TEST_MAIN("tombstones")
{
	test_timeout(120);
	test_add_loop(sessions_ended_beyond_the_bound_stay_ended, 2);
	test_add_loop(unknown_ids_as_old_as_a_forgotten_one_are_not_recreated,
	              2);
	test_add_loop(live_sessions_are_served_however_old_they_are, 2);
	test_add_loop(
		a_delete_of_an_unknown_id_that_is_not_recreated_stores_nothing,
		2);
	test_add_loop(tombstones_of_unknown_ids_count, 2);
	test_add(callers_forget_nothing_for_each_other);
	test_add(unsigned_ids_count_as_the_oldest);
	test_add(revoking_keeps_to_the_bound);
	test_add_loop(sessions_that_end_of_old_age_keep_to_the_bound, 2);
	test_add(a_delete_is_answered_when_it_is_durable_beyond_the_bound_too);
	test_add(an_older_back_end_remembers_all);
	test_add(forgetting_is_logged_once_a_minute_with_a_count);
	test_add(a_flood_of_initialize_and_delete_leaves_the_disk_bounded);
	test_add_loop(a_session_whose_row_is_damaged_has_ended_for_good, 4);
	test_add_loop(a_foreign_id_whose_row_is_damaged_has_ended, 2);
}
