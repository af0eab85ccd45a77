#define _GNU_SOURCE /* open_memstream */
/* A store that an earlier build made, golden.db: it can be read, and the same
 * is written today. A file may move to a machine of another byte order or
 * version, so nobody changes what is stored without changing this file.
 *
 * After a change that is meant, with its migration, keep the old file under
 * another name, and make the new one with
 *   MCPS_GOLDEN_MAKE=tests/store/golden.db build/tests/store/test_sqlite */
#include "session/clock_record.h"
#include "session/id.h"
#include "session/principal.h"
#include "sqlite_cases.h"
#include "suite.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RESOURCE "https://mcp.example/mcp"
#define ISSUER   "https://issuer.example"
#define STREAM   UINT64_C(0x0102030405060708)

enum { ALICE, ANONYMOUS, CALLERS };
enum { LIVE, OTHER, ENDED, DROPPED, FOREIGN, IDS };

static const char *const ids[IDS] = {
	"m1.AQABMjcBi8_laAAREREREREREREREREREREREREREREREQ.live",
	"an-id-of-anonymous",
	"an-id-that-ended",
	"an-id-that-was-dropped",
	"an-id-that-another-caller-uses",
};

/* ---- with the same random bytes, always ---- */

static mcps_status fill(void *arg, void *bytes, size_t length)
{
	uint8_t *next = arg;

	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = (*next)++;
	return MCPS_OK;
}

static void digest_of(uint8_t *out, int caller)
{
	struct principal *principal =
		caller == ALICE ? mcps__principal_new(ISSUER, "alice")
				: mcps__principal_anonymous();

	ck_assert_ptr_nonnull(principal);
	if (caller == ALICE)
		mcps__principal_bind_client(principal, "a client");
	memcpy(out, principal->digest, MCPS_PRINCIPAL_DIGEST_SIZE);
	mcps__principal_unref(principal);
}

static void key_of(uint8_t *out, int caller, int id)
{
	uint8_t principal[MCPS_PRINCIPAL_DIGEST_SIZE];
	uint8_t row_key[ID_KEY_SIZE];
	const struct id_owner owner = { principal, RESOURCE };

	memset(row_key, 0x5a, sizeof row_key);
	digest_of(principal, caller);
	mcps__id_row_key(out, row_key, &owner, ids[id], strlen(ids[id]));
}

static const struct clock_record record = {
	.session_ms = INT64_C(1700000000123),
	.at = { .wall_ms = INT64_C(1700000000456),
	        .boot_ms = INT64_C(987654321),
	        .has_boot_id = true,
	        .boot_id = { 1, 2, 3, 4 } },
};

/* ---- writing ---- */

static int64_t make_session(int64_t principal, int caller, int id)
{
	struct mcps_session_row row = {
		.principal = principal,
		.phase = MCPS_PHASE_LIVE,
		.version = 1,
		.created_ms = INT64_C(1699999000000),
		.seen_ms = INT64_C(1699999900000) + id,
		.revision = 20250618,
		.capabilities = 0x81,
		.incarnation = UINT64_C(0xfedcba9876543210),
		.flags = 5,
		.lists = { 1, 2, 3, 4, 5, 6, 7, 8 },
		.data = "some data",
		.data_length = 9,
	};
	int64_t ref;

	key_of(row.key, caller, id);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	commit();
	return ref;
}

static void end_session(int id)
{
	uint8_t key_bytes[MCPS_SESSION_KEY_SIZE];

	key_of(key_bytes, ALICE, id);
	begin();
	ok(store->ops->session_end(store, key_bytes,
	                           INT64_C(1710000000000) + id));
	commit();
}

static void make_golden(const char *path)
{
	uint8_t next = 1;
	const struct random_source random = { fill, &next };
	const struct store_settings settings = { .random = &random };
	uint8_t caller[MCPS_PRINCIPAL_DIGEST_SIZE];
	struct mcps_error error = { .text = "" };
	int64_t alice, anonymous, session;
	size_t dropped;

	ck_assert_msg(mcps__sqlite_store_open(&store, path, &settings,
	                                      &error) == MCPS_OK,
	              "%s", error.text);
	begin();
	digest_of(caller, ALICE);
	ok(store->ops->principal_intern(store, caller, &alice));
	digest_of(caller, ANONYMOUS);
	ok(store->ops->principal_intern(store, caller, &anonymous));
	ok(store->ops->principal_revoke(store, alice, 1600000000000));
	ok(mcps__clock_save(store, &record));
	ok(store->ops->meta_put(store, "a name", "a value", 7));
	commit();
	session = make_session(alice, ALICE, LIVE);
	make_session(anonymous, ANONYMOUS, OTHER);
	make_session(alice, ALICE, DROPPED);
	end_session(DROPPED);
	begin();
	ok(store->ops->tombstone_trim(store, alice, 0, &dropped));
	commit();
	ck_assert_uint_eq(dropped, 1);
	make_session(alice, ALICE, ENDED);
	end_session(ENDED);
	put_state(SESSION, session, "k", "{\"n\":\"\xc3\xa4\"}", 0);
	put_state(PRINCIPAL, alice, "k", "7", INT64_C(1800000000000));
	ok(open_stream(STREAM, session, INT64_C(1699999950000)));
	event(STREAM, "an event", INT64_C(1699999950001));
	event(STREAM, "another", INT64_C(1699999950002));
	close_store();
}

/* ---- every row of a file, as text ---- */

static const char *const dumps[] = {
	"SELECT quote(name), quote(value) FROM meta ORDER BY name",
	"SELECT name, value, checksum FROM counter ORDER BY name",
	"SELECT ref, quote(digest), not_before_ms, live_sessions, checksum "
	"FROM principal ORDER BY ref",
	"SELECT quote(key), quote(ref), principal, phase, version, created_ms, "
	"seen_ms, until_ms, revision, capabilities, incarnation, flags, "
	"quote(lists), quote(data), checksum FROM session ORDER BY key",
	"SELECT principal, kept, from_ms, checksum FROM tombstones",
	"SELECT id, scope, owner, key, quote(value), version, expires_ms, "
	"checksum FROM state ORDER BY id",
	"SELECT ref, id, session, opened_ms, seen_ms, last, is_ended, "
	"quote(request), checksum FROM stream ORDER BY ref",
	"SELECT id, session, stream, seq, at_ms, quote(data), checksum "
	"FROM event ORDER BY id",
	"SELECT session, event_bytes, checksum FROM usage ORDER BY session",
	"SELECT session, quote(key), checksum FROM ended ORDER BY session",
	"SELECT user_version FROM pragma_user_version",
	"SELECT application_id FROM pragma_application_id",
};

static void dump_one(FILE *out, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			fprintf(out, "%s|",
			        (const char *)sqlite3_column_text(stmt, i));
		fprintf(out, "\n");
	}
	ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
}

static char *dump(const char *path)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	sqlite3 *db;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++)
		dump_one(out, db, dumps[i]);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	fclose(out);
	return text;
}

/* ---- tests ---- */

/* A copy of golden.db in the directory of the test. */
static void copy_golden(void)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	uint8_t *bytes;
	size_t length;

	snprintf(path, sizeof path, "%s/tests/store/golden.db",
	         top != NULL ? top : ".");
	bytes = read_file(path, &length);
	write_file(in_directory("test.db"), bytes, length);
	ck_assert_int_eq(chmod(in_directory("test.db"), 0600), 0);
	free(bytes);
}

static const struct seen *load_key(int caller, int id)
{
	static struct seen seen;
	uint8_t key_bytes[MCPS_SESSION_KEY_SIZE];

	memset(&seen, 0, sizeof seen);
	key_of(key_bytes, caller, id);
	ok(store->ops->session_load(store, key_bytes, see_session, &seen));
	return &seen;
}

START_TEST(golden_store_is_read)
{
	static struct seen seen;
	uint8_t caller[MCPS_PRINCIPAL_DIGEST_SIZE];
	struct clock_record clock;
	int64_t alice, session;
	bool found;

	copy_golden();
	open_store();
	digest_of(caller, ALICE);
	memset(&seen, 0, sizeof seen);
	ok(store->ops->principal_get(store, caller, see_principal, &seen));
	ck_assert_uint_eq(seen.calls, 1);
	ck_assert_int_eq(seen.principal.not_before_ms, 1600000000000);
	ck_assert_int_eq(seen.principal.live_sessions, 1);
	ck_assert_int_gt(seen.principal.tombstones_from_ms, 0);
	alice = seen.principal.ref;
	session = load_key(ALICE, LIVE)->session.ref;
	ck_assert_int_eq(load_key(ALICE, LIVE)->session.phase, MCPS_PHASE_LIVE);
	ck_assert_mem_eq(load_key(ALICE, LIVE)->bytes, "some data", 9);
	ck_assert_int_eq(load_key(ANONYMOUS, OTHER)->session.phase,
	                 MCPS_PHASE_LIVE);
	ck_assert_int_eq(load_key(ALICE, ENDED)->session.phase,
	                 MCPS_PHASE_ENDED);
	ck_assert_int_eq(load_key(ALICE, ENDED)->session.principal, alice);
	ck_assert_uint_eq(load_key(ALICE, DROPPED)->calls, 0);
	ck_assert_uint_eq(load_key(ANONYMOUS, LIVE)->calls, 0);
	ck_assert_mem_eq(get_state(SESSION, session, "k")->bytes,
	                 "{\"n\":\"\xc3\xa4\"}", 10);
	ck_assert_mem_eq(get_state(PRINCIPAL, alice, "k")->bytes, "7", 1);
	ck_assert_str_eq(replay(STREAM, 0), "1:an event 2:another ");
	ok(mcps__clock_load(store, &clock, &found));
	ck_assert(found);
	ck_assert_int_eq(clock.session_ms, record.session_ms);
	ck_assert_int_eq(clock.at.wall_ms, record.at.wall_ms);
	ck_assert_int_eq(clock.at.boot_ms, record.at.boot_ms);
	ck_assert_mem_eq(clock.at.boot_id, record.at.boot_id, BOOT_ID_SIZE);
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 0);
	close_store();
}
END_TEST

START_TEST(golden_store_is_what_is_written_today)
{
	const char *path = getenv("MCPS_GOLDEN_MAKE");
	char *golden, *today;

	if (path != NULL)
		make_golden(path);
	copy_golden();
	golden = dump(in_directory("test.db"));
	make_golden(in_directory("today.db"));
	today = dump(in_directory("today.db"));
	ck_assert_str_eq(today, golden);
	free(golden);
	free(today);
}
END_TEST

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	log_forget();
	directory_make();
}

void sqlite_golden_case(void)
{
	test_case("golden");
	test_fixture(set_up, directory_remove);
	test_add(golden_store_is_read);
	test_add(golden_store_is_what_is_written_today);
}
