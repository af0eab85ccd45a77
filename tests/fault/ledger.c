#include "ledger.h"

#include "exchange/tools.h"
#include "fault/files.h"
#include "store/directory.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLER   "alice"
#define REVISION "2025-06-18"

/* Failures are never taken for damage: no store is set aside. */
const struct mcps_store_options ledger_store_options = {
	.size = sizeof ledger_store_options,
	.on_corrupt = MCPS_ON_CORRUPT_QUARANTINE,
};

unsigned fault_number(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

unsigned fault_step(void)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	const unsigned otherwise = 4;
#else
	const unsigned otherwise = 1;
#endif

	return fault_number("MCPS_FAULT_STEP", otherwise);
}

unsigned fault_next(unsigned n, bool on_disk)
{
	if (!on_disk || fault_number("MCPS_FAULT_ALL", 0) != 0)
		return n + 1;
	return n + 1 + n * fault_step() / 16;
}

/* ---- starting and stopping ---- */

mcps_status ledger_open(struct ledger *self)
{
	struct harness *harness = &self->harness;
	struct mcps_error error = { MCPS_OK, "" };

	memset(self, 0, sizeof *self);
	harness_prepare(harness, &(const struct harness_options){
					 .tools = test_tools,
					 .store = url_in_directory("test.db"),
					 .store_options = &ledger_store_options,
					 .max_tombstones = LEDGER_TOMBSTONES,
				 });
	return harness_start(harness, &error);
}

void ledger_close(struct ledger *self)
{
	harness_finish(&self->harness);
}

mcps_status ledger_restart(struct ledger *self)
{
	struct mcps_error error = { MCPS_OK, "" };

	if (!self->harness.is_stopped)
		harness_stop(&self->harness);
	return harness_start(&self->harness, &error);
}

/* ---- requests ---- */

static struct answer post(struct ledger *self, const char *id, const char *body)
{
	return EXCHANGE(&self->harness, .caller = CALLER, .id = id,
	                .version = REVISION, .body = body);
}

/* 503 is the only failure that a store may cause, and says when to return. */
static bool has_failed(struct ledger *self, const struct answer *answer)
{
	if (answer->status != 503)
		return false;
	ck_assert_uint_ne(answer->retry_after_s, 0);
	ck_assert_ptr_nonnull(strstr(answer->body, "\"error\""));
	ck_assert_str_eq(answer->session_id, "");
	self->failures++;
	return true;
}

/* A call whose handler has begun fails with 200. Its answer tells the
 * truth about its state. */
static bool has_failed_inside(struct ledger *self, const struct answer *answer,
                              struct known_session *entry)
{
	if (answer->status != 200 || strstr(answer->body, "\"error\"") == NULL)
		return false;
	if (strstr(answer->body, "\"state\":\"unknown\"") != NULL)
		entry->most++;
	else
		ck_assert_msg(
			strstr(answer->body, "\"state\":\"dropped\"") != NULL ||
				strstr(answer->body, "store failed") != NULL,
			"%s", answer->body);
	self->failures++;
	return true;
}

static struct known_session *entry_add(struct ledger *self, const char *id)
{
	struct known_session *entry = &self->sessions[self->count++];

	ck_assert_uint_le(self->count, LEDGER_SESSIONS);
	memset(entry, 0, sizeof *entry);
	ck_assert_uint_lt(strlen(id), sizeof entry->id);
	strcpy(entry->id, id);
	return entry;
}

void ledger_begin(struct ledger *self)
{
	struct answer answer = post(self, NULL, INITIALIZE(1, REVISION));

	if (has_failed(self, &answer))
		return; /* nobody knows its id */
	ck_assert_int_eq(answer.status, 200);
	entry_add(self, answer.session_id)->known = KNOWN_LIVE;
}

/* Then an unknown id that was not minted here is not recreated any more. */
static bool may_have_forgotten(const struct ledger *self)
{
	return self->ends > LEDGER_TOMBSTONES;
}

void ledger_begin_foreign(struct ledger *self, const char *id)
{
	struct known_session *entry = entry_add(self, id);
	struct answer answer = post(self, id, PING(1));

	entry->is_foreign = true;
	if (has_failed(self, &answer))
		return;
	if (answer.status == 404 && may_have_forgotten(self)) {
		entry->known = KNOWN_ENDED;
		return;
	}
	ck_assert_int_eq(answer.status, 200);
	entry->known = KNOWN_LIVE;
}

/* The answer of a live session, or that it has ended; whoever may be either is
 * one of them from now on. */
static bool is_live(const struct ledger *self, struct known_session *entry,
                    const struct answer *answer)
{
	if (answer->status == 404) {
		ck_assert_msg(entry->known == KNOWN_ENDED ||
		                      entry->known == KNOWN_MAYBE_ENDED ||
		                      (entry->known == KNOWN_MAYBE &&
		                       may_have_forgotten(self)),
		              "a session was lost: %s", answer->body);
		entry->known = KNOWN_ENDED;
		return false;
	}
	ck_assert_int_eq(answer->status, 200);
	ck_assert_msg(entry->known != KNOWN_ENDED, "a session came back");
	entry->known = KNOWN_LIVE;
	return true;
}

void ledger_count(struct ledger *self, unsigned number)
{
	struct known_session *entry = &self->sessions[number];
	struct answer answer;
	long sum;

	if (number >= self->count)
		return;
	answer = post(self, entry->id, CALL(1, "count", "{}"));
	if (has_failed(self, &answer) ||
	    has_failed_inside(self, &answer, entry))
		return;
	if (!is_live(self, entry, &answer))
		return;
	sum = strtol(answer_text(&self->harness, &answer), NULL, 10);
	ck_assert_int_gt(sum, entry->least);
	ck_assert_int_le(sum, entry->most + 1);
	entry->least = entry->most = sum;
}

void ledger_end(struct ledger *self, unsigned number)
{
	struct known_session *entry = &self->sessions[number];
	struct answer answer;

	if (number >= self->count)
		return;
	if (entry->known != KNOWN_ENDED)
		self->ends++;
	answer = EXCHANGE(&self->harness, .method = "DELETE", .caller = CALLER,
	                  .id = entry->id);
	if (has_failed(self, &answer)) {
		if (entry->known == KNOWN_LIVE)
			entry->known = KNOWN_MAYBE_ENDED;
		return;
	}
	if (answer.status == 404) {
		ck_assert_int_ne(entry->known, KNOWN_LIVE);
		return; /* a foreign id that is unknown gets no tombstone */
	}
	ck_assert_int_eq(answer.status, 204);
	ck_assert_int_ne(entry->known, KNOWN_ENDED);
	entry->known = KNOWN_ENDED;
}

/* ---- the truth ---- */

/* "alice created 2025-06-18 0123456789abcdef test" */
static void check_identity(struct known_session *entry, const char *text)
{
	char subject[32];
	char origin[32];
	char revision[32];
	char incarnation[17];

	ck_assert_int_eq(sscanf(text, "%31s %31s %31s %16s", subject, origin,
	                        revision, incarnation),
	                 4);
	ck_assert_str_eq(subject, CALLER);
	ck_assert_str_eq(revision, REVISION);
	if (!entry->is_foreign)
		ck_assert_str_ne(origin, "recreated");
	if (entry->incarnation[0] != '\0')
		ck_assert_str_eq(incarnation, entry->incarnation);
	strcpy(entry->incarnation, incarnation);
}

void ledger_check(struct ledger *self)
{
	for (unsigned i = 0; i < self->count; i++) {
		struct known_session *entry = &self->sessions[i];
		struct answer answer =
			post(self, entry->id, CALL(1, "whoami", "{}"));

		ck_assert_int_ne(answer.status, 503);
		if (!is_live(self, entry, &answer))
			continue;
		check_identity(entry, answer_text(&self->harness, &answer));
		ledger_count(self, i);
		ck_assert_int_eq(entry->least, entry->most);
	}
}

void ledger_check_file(void)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;

	/* Past any file system of a test. */
	ck_assert_int_eq(sqlite3_open_v2(in_directory("test.db"), &db,
	                                 SQLITE_OPEN_READWRITE, "unix"),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1,
	                                    &stmt, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(stmt, 0), "ok");
	sqlite3_finalize(stmt);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	ck_assert_uint_eq(files_count("test.db.corrupt-"), 0);
}
