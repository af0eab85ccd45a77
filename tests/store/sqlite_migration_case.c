/* Bringing an older store up to date: from version 1 to what the library has,
 * and from there to one that it does not have yet. */
#define _DEFAULT_SOURCE
#include "sqlite_cases.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NOW = SCHEMA_NOW, NEXT };
#define BACKUP_NOW "test.db.backup-v" TEXT_OF(SCHEMA_NOW)

static const struct sqlite_object next_objects[] = {
	{ "call", "CREATE TABLE call (\n"
	          "  id INTEGER PRIMARY KEY,\n"
	          "  tool INTEGER NOT NULL\n"
	          ") STRICT" },
	{ "call_tool", "CREATE INDEX call_tool ON call (tool)" },
};
static const struct sqlite_object broken_objects[] = {
	{ "call", "CREATE TABLE call (id INTEGER PRIMARY KEY) STRICT" },
	{ "broken", "CREATE TABLE broken (" },
};

/* The versions as they are, and one more. */
static struct sqlite_version versions[NEXT];
static struct sqlite_schema schema = { versions, NEXT };

static mcps_status open_next(const struct sqlite_object *objects, size_t count,
                             struct mcps_error *error)
{
	const struct store_settings settings = {
		.log = { logging_options.log, NULL, MCPS_LOG_DEBUG },
	};

	ck_assert_int_eq(mcps__sqlite_schema.count, NOW);
	memcpy(versions, mcps__sqlite_schema.versions, NOW * sizeof *versions);
	versions[NOW] = (struct sqlite_version){ objects, count, NULL };
	return mcps__sqlite_store_open_schema(&store, in_directory("test.db"),
	                                      &settings, &schema, error);
}

static void make_now(void)
{
	open_store();
	insert(1, intern(1), 1000);
	insert(2, intern(1), 1000);
	end(2, 9000);
	close_store();
}

START_TEST(an_older_store_is_brought_up_to_date)
{
	make_now();
	ok(open_next(next_objects, 2, NULL));
	ck_assert(is_live(1));
	ck_assert(is_ended(2));
	insert(3, intern(1), 1000);
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NEXT);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM call"), 0);
	ok(open_next(next_objects, 2, NULL));
	ck_assert(is_live(3));
	close_store();
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "newer version"));
}
END_TEST

START_TEST(a_new_store_is_made_of_all_versions_without_a_backup)
{
	ok(open_next(next_objects, 2, NULL));
	insert(1, intern(1), 1000);
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NEXT);
	ck_assert(!file_exists(in_directory(BACKUP_NOW)));
}
END_TEST

START_TEST(a_new_store_that_was_not_completed_is_made_as_if_there_were_none)
{
	gives(open_next(broken_objects, 2, NULL), MCPS_E_STORE);
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), 0);
	open_store();
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	ck_assert(!file_exists(in_directory("test.db.backup-v1")));
	ck_assert(!file_exists(in_directory(BACKUP_NOW)));
}
END_TEST

START_TEST(a_backup_is_made_before_the_upgrade)
{
	struct stat about;

	make_now();
	log_forget();
	ok(open_next(next_objects, 2, NULL));
	begin();
	ok(store->ops->session_remove(store, key(1)));
	commit();
	close_store();
	ck_assert(log_has("backed up"));
	ck_assert_int_eq(stat(in_directory(BACKUP_NOW), &about), 0);
	ck_assert_uint_eq(about.st_mode & 07777, 0600);
	ck_assert(!file_exists(in_directory("test.db.backup-part")));

	ck_assert_int_eq(
		rename(in_directory(BACKUP_NOW), in_directory("test.db")), 0);
	open_store();
	ck_assert(is_live(1));
	ck_assert(is_ended(2));
	close_store();
}
END_TEST

START_TEST(without_a_backup_there_is_no_upgrade)
{
	struct mcps_error error;

	make_now();
	ck_assert_int_eq(mkdir(in_directory("test.db.backup-part"), 0700), 0);
	write_file(in_directory("test.db.backup-part/x"), "", 0);
	gives(open_next(next_objects, 2, &error), MCPS_E_STORE);
	ck_assert_ptr_nonnull(strstr(error.text, "backup"));
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

START_TEST(an_upgrade_that_fails_changes_nothing)
{
	struct mcps_error error;

	make_now();
	gives(open_next(broken_objects, 2, &error), MCPS_E_STORE);
	ck_assert_ptr_nonnull(strstr(error.text, "make its tables"));
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	open_store();
	ck_assert(is_live(1));
	close_store();
	ok(open_next(next_objects, 2, NULL)); /* over the old backup */
	close_store();
}
END_TEST

START_TEST(an_older_store_with_a_changed_schema_is_not_upgraded)
{
	struct mcps_error error;

	make_now();
	run_sql("CREATE TABLE call (id)");
	gives(open_next(next_objects, 2, &error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "schema was changed"));
}
END_TEST

/* ---- from version 1 --------------------------------------------------- */

/* As it was while tombstones were not counted. */
static void make_version_4(void)
{
	make_now();
	run_sql("DROP TABLE tombstones");
	run_sql("DROP INDEX session_tombstone");
	run_sql("PRAGMA user_version = 4");
}

/* As it was while streams ended with their session. */
static void make_version_3(void)
{
	make_version_4();
	run_sql("DROP TABLE ended");
	run_sql("PRAGMA user_version = 3");
}

/* As it was before there were streams. */
static void make_version_1(void)
{
	make_version_3();
	run_sql("DROP TABLE usage");
	run_sql("DROP TABLE event");
	run_sql("DROP TABLE stream");
	run_sql("PRAGMA user_version = 1");
}

START_TEST(a_store_without_streams_gets_them)
{
	make_version_1();
	open_store();
	ck_assert(is_live(1));
	ck_assert(is_ended(2));
	ok(open_stream(7, load(1)->session.ref, 2000));
	ck_assert_uint_eq(event(7, "a", 2000), 1);
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	open_store();
	ck_assert_str_eq(replay(7, 0), "1:a ");
	close_store();
}
END_TEST

START_TEST(a_store_without_streams_is_backed_up_first)
{
	make_version_1();
	open_store();
	end(1, 9000);
	close_store();
	ck_assert_int_eq(rename(in_directory("test.db.backup-v1"),
	                        in_directory("test.db")),
	                 0);
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), 1);
	open_store(); /* and this one is brought up to date as well */
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* As it was while streams of no call were not counted. */
START_TEST(a_store_that_counted_otherwise_counts_anew)
{
	make_now();
	open_store();
	ok(open_stream(7, load(1)->session.ref, 2000));
	ck_assert_uint_eq(event(7, "a", 2000), 1);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM usage"), 1);
	run_sql("DROP TABLE ended");
	run_sql("DROP INDEX stream_no_call");
	run_sql("DROP TABLE tombstones");
	run_sql("DROP INDEX session_tombstone");
	run_sql("PRAGMA user_version = 2");
	open_store();
	ck_assert_str_eq(replay(7, 0), "1:a ");
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM usage"), 0);
	ck_assert(file_exists(in_directory("test.db.backup-v2")));
	open_store();
	ck_assert_uint_eq(event(7, "b", 2000), 2);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT event_bytes FROM usage"),
	                 2 * MCPS_EVENT_LEAST);
}
END_TEST

/* As it was while all streams went with their session. */
START_TEST(streams_of_an_older_store_outlive_their_session_from_now_on)
{
	make_now();
	open_store();
	ok(open_stream(7, load(1)->session.ref, 2000));
	ck_assert_uint_eq(event(7, "a", 2000), 1);
	close_store();
	run_sql("DROP TABLE tombstones");
	run_sql("DROP INDEX session_tombstone");
	run_sql("DROP TABLE ended");
	run_sql("PRAGMA user_version = 3");
	open_store();
	end(1, 9000);
	ck_assert(get_stream(7)->has_ended_key);
	ck_assert_str_eq(replay(7, 0), "1:a ");
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	ck_assert(file_exists(in_directory("test.db.backup-v3")));
}
END_TEST

/* Each with a time of issue of its own. */
static void end_many(unsigned count, int64_t owner)
{
	for (unsigned n = 10; n < 10 + count; n++) {
		struct mcps_session_row row = make_row(n, owner, 1000);
		int64_t ref;

		memset(row.key, 0, 6);
		row.key[5] = (uint8_t)n;
		begin();
		ok(store->ops->session_insert(store, &row, &ref));
		ok(store->ops->session_end(store, row.key, 9000));
		commit();
	}
}

START_TEST(tombstones_of_an_older_store_count)
{
	size_t dropped;
	int64_t owner;

	make_now();
	open_store();
	owner = intern(1);
	end_many(5, owner);
	close_store();
	run_sql("DROP TABLE tombstones");
	run_sql("DROP INDEX session_tombstone");
	run_sql("PRAGMA user_version = 4");
	open_store();
	ck_assert_int_eq(look_up(1)->principal.tombstones_from_ms, 0);
	begin();
	ok(store->ops->tombstone_trim(store, owner, 2, &dropped));
	ck_assert_uint_eq(dropped, 0); /* they are counted when one is added */
	ok(store->ops->session_end(store, key(1), 9000));
	ok(store->ops->tombstone_trim(store, owner, 3, &dropped));
	ck_assert_uint_eq(dropped, 4); /* of 7 */
	commit();
	ck_assert_int_eq(look_up(1)->principal.tombstones_from_ms, 14);
	close_store();
	ck_assert(file_exists(in_directory("test.db.backup-v4")));
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), NOW);
	ck_assert_int_eq(ask_sql("SELECT kept FROM tombstones"), 3);
	open_store();
	ck_assert_int_eq(look_up(1)->principal.tombstones_from_ms, 14);
	close_store();
}
END_TEST

START_TEST(half_of_version_2_is_not_version_1)
{
	make_version_1();
	run_sql("CREATE TABLE stream (ref INTEGER PRIMARY KEY)");
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "schema was changed"));
}
END_TEST

void sqlite_migration_case(void)
{
	test_case("migration");
	test_fixture(directory_make, directory_remove);
	test_add(an_older_store_is_brought_up_to_date);
	test_add(a_new_store_is_made_of_all_versions_without_a_backup);
	test_add(
		a_new_store_that_was_not_completed_is_made_as_if_there_were_none);
	test_add(a_backup_is_made_before_the_upgrade);
	test_add(without_a_backup_there_is_no_upgrade);
	test_add(an_upgrade_that_fails_changes_nothing);
	test_add(an_older_store_with_a_changed_schema_is_not_upgraded);
	test_add(a_store_without_streams_gets_them);
	test_add(a_store_without_streams_is_backed_up_first);
	test_add(a_store_that_counted_otherwise_counts_anew);
	test_add(streams_of_an_older_store_outlive_their_session_from_now_on);
	test_add(tombstones_of_an_older_store_count);
	test_add(half_of_version_2_is_not_version_1);
}
