/* Damage that SQLite does not see: nothing of a row whose checksum is wrong is
 * handed out, and everything goes on without it. The session of a damaged row
 * counts as ended, for it may have been a tombstone. */
#include "sqlite_cases.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each column of a live session, and of a tombstone. */
static const char *const session_columns[] = {
	"ref = ref + 100",
	"principal = principal + 1",
	"version = version + 1",
	"created_ms = created_ms - 1",
	"seen_ms = seen_ms + 1",
	"until_ms = 1",
	"revision = 20250618",
	"revision = revision + 4294967296 * 3",
	"capabilities = capabilities & 1",
	"incarnation = incarnation + 1",
	"flags = flags | 1",
	"lists = x'0102030405060709'",
	"lists = x'01'",
	"data = CAST('some Data' AS BLOB)",
	"data = x''",
	"checksum = checksum + 1",
	"ref = NULL, phase = 2",
};
static const char *const tombstone_columns[] = {
	"principal = principal + 1",
	"until_ms = until_ms + 1",
	"ref = 50, phase = 1",
	"data = x'00'",
	"checksum = 0",
};

/* A store with a live session 1, a tombstone 2, then damaged. */
static void open_damaged(const char *table, const char *change, unsigned n)
{
	char sql[200];
	int64_t owner;

	open_store();
	owner = intern(1);
	put_state(SESSION, insert(1, owner, 1000), "k", "value", 0);
	insert(2, owner, 1000);
	end(2, 9000);
	close_store();
	snprintf(sql, sizeof sql,
	         "UPDATE %s SET %s WHERE substr(key, 9, 1) = x'%02x'", table,
	         change, n);
	run_sql(sql);
	log_forget();
	open_store();
}

/* Nothing is handed out of its row but that it is there. */
static bool is_damaged(unsigned n)
{
	const struct seen *seen = load(n);
	const struct mcps_session_row *row = &seen->session;
	struct mcps_session_row bare = { .phase = MCPS_PHASE_ENDED };

	return seen->calls == 1 && row->phase == bare.phase &&
	       memcmp(row->key, key(n), sizeof row->key) == 0 &&
	       row->principal == 0 && row->ref == 0 && row->until_ms == 0 &&
	       row->seen_ms == 0 && row->created_ms == 0 &&
	       row->incarnation == 0 && row->flags == 0 && row->data == NULL;
}

START_TEST(a_damaged_session_is_ended)
{
	int64_t owner;

	open_damaged("session", session_columns[_i], 1);
	owner = look_up(1)->principal.ref;
	ck_assert(is_damaged(1));
	ck_assert_uint_eq(list(owner)->calls, 0);
	ck_assert_uint_eq(list(owner + 1)->calls, 0);
	gives(store->ops->session_guard(store, 1), MCPS_E_GONE);
	gives(store->ops->session_guard(store, 101), MCPS_E_GONE);
	begin();
	gives(store->ops->session_touch(store, key(1), 99999), MCPS_E_GONE);
	gives(store->ops->session_end(store, key(1), 99999), MCPS_E_GONE);
	gives(store->ops->session_remove(store, key(1)), MCPS_E_GONE);
	commit();
	ck_assert(is_ended(2));
	ck_assert(is_damaged(1));
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1); /* once per row */
	ck_assert_uint_eq(log_count(MCPS_LOG_ERROR), 0);
	ck_assert(log_has("row damaged"));
	close_store();
}
END_TEST

START_TEST(a_damaged_session_makes_way_for_a_tombstone_alone)
{
	struct mcps_session_row row;
	int64_t owner, ref;

	open_damaged("session", session_columns[_i], 1);
	owner = look_up(1)->principal.ref;
	row = make_row(1, owner, 5000);
	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_EXISTS);
	ok(store->ops->session_tombstone(store, key(1), owner, 20000));
	commit();
	ck_assert(is_ended(1));
	ck_assert_int_eq(load(1)->session.until_ms, 20000);
	ck_assert_int_eq(load(1)->session.principal, owner);
	ck_assert_int_eq(live_sessions(1), 0);
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 0);
	ck_assert_uint_eq(list(owner)->calls, 0);
	close_store();
}
END_TEST

START_TEST(a_sweep_leaves_a_tombstone_of_a_damaged_session)
{
	const struct mcps_sweep how = { .idle_before_ms = 90000,
		                        .now_ms = 90000,
		                        .limit = 100 };
	size_t removed;

	open_damaged("session", session_columns[_i], 1);
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	commit();
	ck_assert_uint_eq(removed, 2);
	ck_assert_int_eq(live_sessions(1), 0);
	ck_assert(is_ended(1));
	ck_assert_int_eq(load(1)->session.principal, 0);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), 1);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM state"), 0);
	log_forget();
	open_store();
	ck_assert(is_ended(1));
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 0);
	close_store();
}
END_TEST

START_TEST(a_damaged_tombstone_stays_ended)
{
	struct mcps_session_row row;
	int64_t ref;

	open_damaged("session", tombstone_columns[_i], 2);
	ck_assert(is_damaged(2));
	row = make_row(2, look_up(1)->principal.ref, 5000);
	begin();
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_EXISTS);
	commit();
	ck_assert(is_live(1));
	begin();
	ok(store->ops->session_tombstone(store, key(2),
	                                 look_up(1)->principal.ref, 20000));
	commit();
	ck_assert(is_ended(2));
	ck_assert_int_eq(load(2)->session.until_ms, 20000);
	ck_assert_int_eq(live_sessions(1), 1);
	close_store();
}
END_TEST

static const char *const state_columns[] = {
	"value = CAST('Value' AS BLOB)",
	"version = 2",
	"expires_ms = 1",
	"checksum = 1",
};

START_TEST(a_damaged_state_is_never_handed_out)
{
	const struct mcps_state_row later = { .scope = MCPS_STATE_OF_SESSION,
		                              .owner = 1,
		                              .key = "k",
		                              .value = "v",
		                              .length = 1,
		                              .version = 1 };
	char sql[100];

	open_damaged("session", "key = key", 1);
	close_store();
	snprintf(sql, sizeof sql, "UPDATE state SET %s", state_columns[_i]);
	run_sql(sql);
	open_store();
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->calls, 0);
	begin();
	gives(store->ops->state_put(store, &later), MCPS_E_CONFLICT);
	commit();
	put_state(SESSION, 1, "k", "new", 0);
	ck_assert_mem_eq(get_state(SESSION, 1, "k")->bytes, "new", 3);
	ck_assert_uint_eq(get_state(SESSION, 1, "k")->state.version, 1);
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1);
	close_store();
}
END_TEST

/* Otherwise what was revoked would come back. */
START_TEST(a_damaged_principal_is_an_error)
{
	static const char *const changes[] = { "not_before_ms = 1",
		                               "checksum = 1" };
	static struct seen seen;
	int64_t ref;
	char sql[100];

	open_store();
	intern(1);
	close_store();
	snprintf(sql, sizeof sql, "UPDATE principal SET %s", changes[_i]);
	run_sql(sql);
	open_store();
	gives(store->ops->principal_get(store, digest(1), see_principal, &seen),
	      MCPS_E_CORRUPT);
	begin();
	gives(store->ops->principal_intern(store, digest(1), &ref),
	      MCPS_E_CORRUPT);
	gives(store->ops->principal_revoke(store, 1, 9), MCPS_E_CORRUPT);
	commit();
	ck_assert_uint_eq(seen.calls, 0);
	ck_assert_int_ne(intern(2), 0);
	close_store();
}
END_TEST

/* ---- tombstones that were dropped ------------------------------------- */

/* Six sessions that ended, four of which are forgotten. */
static int64_t make_dropped(void)
{
	size_t dropped;
	int64_t owner;

	open_store();
	owner = intern(1);
	for (unsigned n = 1; n <= 6; n++) {
		insert(n, owner, 1000);
		end(n, 9000);
	}
	begin();
	ok(store->ops->tombstone_trim(store, owner, 2, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 4);
	close_store();
	return owner;
}

/* Or what was ended would come back. */
START_TEST(damaged_record_may_miss_any_tombstone)
{
	static const char *const changes[] = { "from_ms = 0", "from_ms = 1",
		                               "checksum = checksum + 1" };
	int64_t owner = make_dropped();
	size_t dropped;
	char sql[100];

	snprintf(sql, sizeof sql, "UPDATE tombstones SET %s", changes[_i]);
	run_sql(sql);
	log_forget();
	open_store();
	ck_assert_int_eq(look_up(1)->principal.tombstones_from_ms, INT64_MAX);
	ck_assert(log_has("row damaged"));
	insert(9, owner, 1000);
	ck_assert(is_live(9));
	end(9, 9000);
	begin();
	ok(store->ops->tombstone_trim(store, owner, 2, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 1);
	close_store();
	open_store();
	ck_assert_int_eq(look_up(1)->principal.tombstones_from_ms, INT64_MAX);
	close_store();
}
END_TEST

START_TEST(tombstones_that_were_counted_wrong_are_counted_again)
{
	int64_t owner = make_dropped();
	size_t dropped;

	run_sql("UPDATE tombstones SET kept = 50");
	open_store();
	begin();
	ok(store->ops->tombstone_trim(store, owner, 3, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 2); /* there are no more */
	close_store();
	ck_assert_int_eq(ask_sql("SELECT kept FROM tombstones"), 0);
}
END_TEST

START_TEST(a_damaged_tombstone_does_not_stop_others_from_being_dropped)
{
	int64_t owner = make_dropped();
	size_t dropped;

	run_sql("UPDATE session SET until_ms = 1 "
	        "WHERE key = (SELECT min(key) FROM session)");
	open_store();
	begin();
	ok(store->ops->tombstone_trim(store, owner, 0, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 1);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT kept FROM tombstones"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), 1);
	ck_assert_int_eq(ask_sql("SELECT principal FROM session"), 0);
}
END_TEST

/* ---- bytes of the file ------------------------------------------------ */

/* Change one byte: the OFFSET-th after PATTERN, where PATTERN stands for the
 * first time behind FROM; the place, 0 if there is none. */
static size_t flip(size_t from, const void *pattern, size_t length,
                   size_t offset)
{
	size_t size;
	uint8_t *bytes = read_file(in_directory("test.db"), &size);
	size_t found = 0;

	for (size_t at = from; at + length + offset < size && found == 0; at++)
		if (memcmp(bytes + at, pattern, length) == 0)
			found = at;
	if (found != 0) {
		bytes[found + offset] ^= 0x01;
		write_file(in_directory("test.db"), bytes, size);
	}
	free(bytes);
	return found;
}

START_TEST(a_flipped_bit_of_the_file_is_never_handed_out)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	ck_assert_uint_ne(flip(1, "some data", 9, 3), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM pragma_quick_check "
	                         "WHERE quick_check = 'ok'"),
	                 1); /* SQLite sees nothing */
	open_store();
	ck_assert(is_damaged(1));
	close_store();
}
END_TEST

/* Times of six bytes that stand nowhere else. */
#define CREATED 0x112233445566
#define SEEN    0x314253647586

static const uint8_t created_seen[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66,
	                                0x31, 0x42, 0x53, 0x64, 0x75, 0x86 };

static void make_disagreement(void)
{
	struct mcps_session_row row;
	int64_t ref;

	open_store();
	row = make_row(1, intern(1), SEEN);
	row.created_ms = CREATED;
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	insert(2, row.principal, SEEN + 5);
	close_store();
}

/* The row says another time than its indexes: SQLite would not even delete it,
 * "database disk image is malformed". */
START_TEST(a_row_that_disagrees_with_its_indexes_makes_way)
{
	make_disagreement();
	ck_assert_uint_ne(flip(1, created_seen, sizeof created_seen, 6), 0);
	log_forget();
	open_store();
	ck_assert(is_damaged(1));
	begin();
	ok(store->ops->session_tombstone(store, key(1),
	                                 look_up(1)->principal.ref, 20000));
	commit();
	ck_assert(is_ended(1));
	ck_assert_int_eq(live_sessions(1), 1);
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM pragma_integrity_check "
	                         "WHERE integrity_check = 'ok'"),
	                 1);
}
END_TEST

/* The index over last seen makes a session look older than it is. */
START_TEST(an_index_that_lies_ends_no_session)
{
	const struct mcps_sweep how = { .idle_before_ms = SEEN, .limit = 100 };
	size_t place = 0;
	size_t removed;

	make_disagreement();
	/* In the index over (seen_ms) the key follows at once, behind no
	 * principal: its record has the header 3, 5 (six bytes), 56. */
	place = flip(1, "\x03\x05\x38\x31\x42\x53\x64\x75\x86", 9, 3);
	ck_assert_uint_ne(place, 0);
	log_forget();
	open_store();
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	commit();
	ck_assert(is_live(1));
	ck_assert(is_live(2));
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

/* The index over tombstones names session 4, which lives. */
START_TEST(an_index_that_lies_drops_no_live_session)
{
	/* The index entry of tombstone 5: a header of 4, the number 1, one
	 * byte, 56; the phase, and the key. */
	static const char entry[] = "\x04\x09\x01\x38\x02\xa5\xa5\xa5\xa5\xa5"
				    "\xa5\xa5\xa5\x05";
	int64_t owner = make_dropped();
	size_t dropped, place = 1;

	open_store();
	insert(4, owner, 1000);
	close_store();
	ck_assert_int_eq(owner, 1);
	while (place != 0) /* also where it was deleted */
		place = flip(place, entry, sizeof entry - 1, 13);
	log_forget();
	open_store();
	begin();
	ok(store->ops->tombstone_trim(store, owner, 1, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 0);
	ck_assert(is_live(4));
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	begin();
	ok(store->ops->tombstone_trim(store, owner, 1, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 1);
	ck_assert(is_live(4));
	ck_assert(is_ended(6));
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), 2);
}
END_TEST

/* ---- whole pages ------------------------------------------------------ */

/* In a process of its own: closing the file would drop our locks on it. */
static void damage_last_page(void)
{
	uint8_t noise[4096];
	pid_t child = fork();
	FILE *file;

	ck_assert_int_ge(child, 0);
	if (child != 0) {
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		return;
	}
	memset(noise, 0xff, sizeof noise);
	file = fopen(in_directory("test.db"), "r+b");
	if (file != NULL && fseek(file, -4096, SEEK_END) == 0)
		fwrite(noise, 1, sizeof noise, file);
	if (file != NULL)
		fclose(file);
	_exit(0);
}

START_TEST(a_damaged_page_is_found_when_the_store_is_opened)
{
	open_store();
	for (unsigned n = 0; n < 200; n++)
		insert(n, intern(1), 1000);
	close_store();
	damage_last_page();
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_damaged_page_is_found_when_the_store_is_opened_again)
{
	open_store();
	for (unsigned n = 0; n < 200; n++)
		insert(n, intern(1), 1000);
	ok(store->ops->reopen(store)); /* empties the log into the file */
	damage_last_page();
	gives(store->ops->reopen(store), MCPS_E_CORRUPT);
	close_store();
}
END_TEST

/* Whatever is cut off, the store is refused or serves; it never crashes. */
START_TEST(a_truncated_file_does_no_harm)
{
	size_t length;
	uint8_t *bytes;

	open_store();
	for (unsigned n = 0; n < 50; n++)
		insert(n, intern(1), 1000);
	close_store();
	bytes = read_file(in_directory("test.db"), &length);
	for (size_t kept = 1; kept < length; kept += 1365) {
		write_file(in_directory("test.db"), bytes, kept);
		if (mcps_store_open(&store, url_in_directory("test.db"), NULL,
		                    NULL) != MCPS_OK)
			continue;
		for (unsigned n = 0; n < 50; n++) {
			static struct seen seen;

			seen.calls = 0;
			if (store->ops->session_load(store, key(n), see_session,
			                             &seen) == MCPS_OK &&
			    seen.calls == 1 &&
			    seen.session.phase == MCPS_PHASE_LIVE)
				ck_assert_mem_eq(seen.bytes, "some data", 9);
		}
		close_store();
	}
	free(bytes);
}
END_TEST

void sqlite_damage_case(void)
{
	test_case("damage");
	test_fixture(directory_make, directory_remove);
	test_add_loop(a_damaged_session_is_ended, COUNT(session_columns));
	test_add_loop(a_damaged_session_makes_way_for_a_tombstone_alone,
	              COUNT(session_columns));
	test_add_loop(a_sweep_leaves_a_tombstone_of_a_damaged_session,
	              COUNT(session_columns));
	test_add_loop(a_damaged_tombstone_stays_ended,
	              COUNT(tombstone_columns));
	test_add_loop(a_damaged_state_is_never_handed_out,
	              COUNT(state_columns));
	test_add_loop(a_damaged_principal_is_an_error, 2);
	test_add_loop(damaged_record_may_miss_any_tombstone, 3);
	test_add(tombstones_that_were_counted_wrong_are_counted_again);
	test_add(a_damaged_tombstone_does_not_stop_others_from_being_dropped);
	test_add(an_index_that_lies_drops_no_live_session);
	test_add(a_flipped_bit_of_the_file_is_never_handed_out);
	test_add(a_row_that_disagrees_with_its_indexes_makes_way);
	test_add(an_index_that_lies_ends_no_session);
	test_add(a_damaged_page_is_found_when_the_store_is_opened);
	test_add(a_damaged_page_is_found_when_the_store_is_opened_again);
	test_add(a_truncated_file_does_no_harm);
}
