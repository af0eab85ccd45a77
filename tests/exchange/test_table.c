/* The table of docs/ARCHITECTURE.md, 5.2, cell by cell: what is asked (row),
 * what the session id names (column), the policy for unknown ids, and whether
 * the caller is identified. Each cell says what is answered and what the store
 * then holds. */
#include "exchange/harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define REVISION "2025-06-18"

/* What a cell comes to.
 *
 *   N  a new session with a new id        n  400, session id required
 *   R  the same session, renewed in place g  404, the store is as before
 *   s  served                             b  404, but a tombstone is stored
 *   r  recreated under the id, served     e  204, ended
 *
 * Six letters: policies never, issued, authenticated; each for an anonymous
 * caller, then an identified one. */
enum row_kind { ROW_INITIALIZE, ROW_POST, ROW_GET, ROW_DELETE, ROW_COUNT };

struct cell {
	struct harness harness;
	const char *caller; /* NULL: anonymous */
	const char *id;     /* what is sent */
	struct mcps_session_row before;
	int64_t live_before; /* rows of the caller */
};

/* ---- columns ------------------------------------------------------------- */

static const char *begin(struct cell *cell)
{
	struct harness *harness = &cell->harness;
	const char *id = harness_begin(harness, cell->caller, REVISION);
	struct answer answer;

	EXCHANGE(harness, .caller = cell->caller, .id = id,
	         .body = NOTICE("notifications/initialized"));
	answer = EXCHANGE(harness, .caller = cell->caller, .id = id,
	                  .body = CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(harness, &answer), "1");
	return id;
}

static const char *no_id(struct cell *cell)
{
	(void)cell;
	return NULL;
}

static const char *live(struct cell *cell)
{
	return begin(cell);
}

static const char *live_in_the_store(struct cell *cell)
{
	const char *id = begin(cell);

	harness_restart(&cell->harness, KEEP_ALL);
	return id;
}

static const char *live_though_the_key_is_lost(struct cell *cell)
{
	const char *id = begin(cell);

	harness_restart(&cell->harness, KEEP_STORE);
	return id;
}

static const char *live_with_another_revision(struct cell *cell)
{
	return harness_begin(&cell->harness, cell->caller, "2025-03-26");
}

static const char *ended(struct cell *cell)
{
	const char *id = begin(cell);
	struct answer answer = EXCHANGE(&cell->harness, .method = "DELETE",
	                                .caller = cell->caller, .id = id);

	ck_assert_int_eq(answer.status, 204);
	return id;
}

static const char *ended_before_a_restart(struct cell *cell)
{
	const char *id = ended(cell);

	harness_restart(&cell->harness, KEEP_ALL);
	return id;
}

static const char *too_old(struct cell *cell)
{
	const char *id = begin(cell);

	harness_pass(&cell->harness, (HARNESS_AGE_DAYS + 1) * DAY_MS);
	return id;
}

static const char *too_old_and_swept(struct cell *cell)
{
	const char *id = too_old(cell);

	ck_assert_uint_eq(harness_sweep(&cell->harness), 1);
	return id;
}

static const char *too_old_and_lost(struct cell *cell)
{
	const char *id = too_old(cell);

	harness_restart(&cell->harness, KEEP_KEY);
	return id;
}

static const char *revoked(struct cell *cell)
{
	const char *id = begin(cell);

	harness_revoke(&cell->harness, cell->caller);
	harness_pass(&cell->harness, 1000);
	harness_restart(&cell->harness, KEEP_ALL);
	return id;
}

static const char *revoked_and_swept(struct cell *cell)
{
	const char *id = begin(cell);

	harness_pass(&cell->harness, (HARNESS_IDLE_DAYS + 1) * DAY_MS);
	ck_assert_uint_eq(harness_sweep(&cell->harness), 1);
	harness_revoke(&cell->harness, cell->caller);
	harness_pass(&cell->harness, 1000);
	return id;
}

static const char *never_seen(struct cell *cell)
{
	(void)cell;
	return "0f8fad5b-d9cb-469f-a165-70867728950e";
}

static const char *too_long(struct cell *cell)
{
	static char id[ID_MAX_LENGTH + 2];

	(void)cell;
	memset(id, 'x', sizeof id - 1);
	return id;
}

static const char *with_a_blank(struct cell *cell)
{
	(void)cell;
	return "a session";
}

static const char *beyond_ascii(struct cell *cell)
{
	(void)cell;
	return "s\xc3\xa9ssion";
}

static const char *another_callers(struct cell *cell)
{
	struct harness *harness = &cell->harness;
	bool is_anonymous = harness->options.is_anonymous;
	const char *id;

	harness->options.is_anonymous = false;
	harness_restart(harness, KEEP_ALL);
	id = harness_begin(harness, "bob", REVISION);
	harness->options.is_anonymous = is_anonymous;
	harness_restart(harness, KEEP_ALL);
	return id;
}

static const char *another_endpoints(struct cell *cell)
{
	struct harness *harness = &cell->harness;
	const char *id;

	harness->options.resource = "/other";
	harness_restart(harness, KEEP_ALL);
	id = begin(cell);
	harness->options.resource = NULL;
	harness_restart(harness, KEEP_ALL);
	return id;
}

static const char *idle(struct cell *cell)
{
	const char *id = begin(cell);

	harness_pass(&cell->harness, (HARNESS_IDLE_DAYS + 1) * DAY_MS);
	return id;
}

static const char *idle_and_swept(struct cell *cell)
{
	const char *id = idle(cell);

	ck_assert_uint_eq(harness_sweep(&cell->harness), 1);
	return id;
}

static const char *lost_with_the_store(struct cell *cell)
{
	const char *id = begin(cell);

	harness_restart(&cell->harness, KEEP_KEY);
	return id;
}

static const char *lost_with_store_and_key(struct cell *cell)
{
	const char *id = begin(cell);

	harness_restart(&cell->harness, KEEP_NOTHING);
	return id;
}

#define ALL(c) #c #c #c #c #c #c

static const struct column {
	const char *name;
	const char *(*make)(struct cell *cell);
	const char *cells[ROW_COUNT];
} columns[] = {
#define COLUMN(make, initialize, post, get, delete)   \
	{                                             \
#make, make,                          \
		{                                     \
			initialize, post, get, delete \
		}                                     \
	}
	COLUMN(no_id, ALL(N), ALL(n), ALL(n), ALL(n)),

	COLUMN(live, ALL(R), ALL(s), ALL(s), ALL(e)),
	COLUMN(live_in_the_store, ALL(R), ALL(s), ALL(s), ALL(e)),
	COLUMN(live_though_the_key_is_lost, ALL(R), ALL(s), ALL(s), ALL(e)),
	COLUMN(live_with_another_revision, ALL(N), ALL(s), ALL(s), ALL(e)),

	COLUMN(ended, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(ended_before_a_restart, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(too_old, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(too_old_and_swept, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(too_old_and_lost, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(revoked, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(revoked_and_swept, ALL(N), ALL(g), ALL(g), ALL(b)),

	COLUMN(never_seen, ALL(N), "gggggr", "gggggr", ALL(g)),
	COLUMN(too_long, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(with_a_blank, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(beyond_ascii, ALL(N), ALL(g), ALL(g), ALL(g)),
	COLUMN(another_callers, ALL(N), "gggggr", "gggggr", ALL(g)),
	COLUMN(another_endpoints, ALL(N), "gggggr", "gggggr", ALL(g)),
	COLUMN(idle, ALL(N), "ggrrrr", "ggrrrr", ALL(b)),
	COLUMN(idle_and_swept, ALL(N), "ggrrrr", "ggrrrr", ALL(b)),
	COLUMN(lost_with_the_store, ALL(N), "ggrrrr", "ggrrrr", ALL(b)),
	COLUMN(lost_with_store_and_key, ALL(N), "gggggr", "gggggr", ALL(g)),
};

enum { COLUMNS = sizeof columns / sizeof *columns, CALLERS = 6 };

/* ---- rows ---------------------------------------------------------------- */

static struct answer ask(struct cell *cell, enum row_kind row)
{
	static const char *const methods[ROW_COUNT] = { "POST", "POST", "GET",
		                                        "DELETE" };
	static const char *const bodies[ROW_COUNT] = { INITIALIZE(7, REVISION),
		                                       PING(7), NULL, NULL };

	return EXCHANGE(&cell->harness, .method = methods[row],
	                .caller = cell->caller, .id = cell->id,
	                .body = bodies[row]);
}

static struct mcps_session_row stored(struct cell *cell)
{
	return harness_row(&cell->harness, cell->caller,
	                   cell->id != NULL ? cell->id : "");
}

static void check_served(const struct answer *answer, enum row_kind row)
{
	if (row == ROW_GET) {
		ck_assert_int_eq(answer->status, 200);
		ck_assert_int_eq(answer->kind, PLAN_STREAM);
	} else {
		answer_check_json(answer, 200, PONG(7));
	}
	ck_assert_str_eq(answer->session_id, "");
}

static void check_new(struct cell *cell, const struct answer *answer)
{
	struct mcps_session_row old = stored(cell);
	struct mcps_session_row row =
		harness_row(&cell->harness, cell->caller, answer->session_id);

	ck_assert_int_eq(answer->status, 200);
	ck_assert_uint_eq(strlen(answer->session_id), ID_TEXT_LENGTH);
	if (cell->id != NULL)
		ck_assert_str_ne(answer->session_id, cell->id);
	ck_assert_int_eq(row.phase, MCPS_PHASE_LIVE);
	ck_assert_uint_eq(row.revision, 20250618);
	ck_assert_uint_eq(row.flags, 0);
	ck_assert_int_eq(old.phase, cell->before.phase);
	ck_assert_uint_eq(old.version, cell->before.version);
}

static void check_renewed(struct cell *cell, const struct answer *answer)
{
	struct mcps_session_row row = stored(cell);
	const char *state =
		harness_state(&cell->harness, cell->caller, cell->id, "n");

	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(answer->session_id, cell->id);
	ck_assert_int_eq(row.phase, MCPS_PHASE_LIVE);
	ck_assert_int_eq(row.ref, cell->before.ref);
	ck_assert_uint_eq(row.incarnation, cell->before.incarnation);
	ck_assert_uint_eq(cell->before.flags, SESSION_INITIALIZED);
	ck_assert_uint_eq(row.flags, 0);
	ck_assert_str_eq(state, "1");
}

static void check_recreated(struct cell *cell)
{
	struct mcps_session_row row = stored(cell);

	ck_assert_int_eq(row.phase, MCPS_PHASE_LIVE);
	ck_assert_int_ne(row.ref, cell->before.ref);
	ck_assert_uint_ne(row.incarnation, cell->before.incarnation);
	ck_assert_uint_eq(row.flags, SESSION_RECREATED | SESSION_INITIALIZED);
	ck_assert_ptr_null(
		harness_state(&cell->harness, cell->caller, cell->id, "n"));
}

static void check_no_id(const struct answer *answer, enum row_kind row)
{
	answer_check_json(
		answer, 400,
		row == ROW_POST
			? "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":"
			  "-32600,\"message\":\"Session id required\"}}"
			: "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,"
			  "\"message\":\"Session id required\"}}");
	ck_assert_str_eq(answer->session_id, "");
}

static void check_ended(struct cell *cell, const struct answer *answer)
{
	struct mcps_session_row row = stored(cell);

	ck_assert_int_eq(answer->status, 204);
	ck_assert_int_eq(answer->kind, PLAN_EMPTY);
	ck_assert_uint_eq(answer->length, 0);
	ck_assert_str_eq(answer->session_id, "");
	ck_assert_int_eq(row.phase, MCPS_PHASE_ENDED);
	ck_assert_int_eq(harness_live(&cell->harness, cell->caller), 0);
}

static void check_gone(struct cell *cell, const struct answer *answer,
                       enum row_kind row, char outcome)
{
	struct mcps_session_row after = stored(cell);

	answer_check_gone(answer, row == ROW_POST ? GONE(7) : GONE_WITHOUT_ID);
	if (outcome == 'b') {
		ck_assert_int_eq(after.phase, MCPS_PHASE_ENDED);
		ck_assert_int_gt(after.until_ms,
		                 atomic_load(&cell->harness.time.wall_ms));
		return;
	}
	ck_assert_int_eq(after.phase, cell->before.phase);
	ck_assert_int_eq(harness_live(&cell->harness, cell->caller),
	                 cell->live_before);
}

static void check_cell(struct cell *cell, enum row_kind row, char outcome)
{
	struct answer answer;

	cell->before = stored(cell);
	cell->live_before = harness_live(&cell->harness, cell->caller);
	answer = ask(cell, row);
	switch (outcome) {
	case 'N':
		check_new(cell, &answer);
		break;
	case 'R':
		check_renewed(cell, &answer);
		break;
	case 'n':
		check_no_id(&answer, row);
		break;
	case 's':
		check_served(&answer, row);
		ck_assert_int_eq(stored(cell).ref, cell->before.ref);
		break;
	case 'r':
		check_served(&answer, row);
		check_recreated(cell);
		break;
	case 'e':
		check_ended(cell, &answer);
		break;
	default:
		check_gone(cell, &answer, row, outcome);
		break;
	}
}

START_TEST(every_cell_is_as_the_table_says)
{
	static const enum mcps_unknown_ids policies[] = {
		MCPS_UNKNOWN_NEVER, MCPS_UNKNOWN_ISSUED,
		MCPS_UNKNOWN_AUTHENTICATED
	};
	const struct column *column = &columns[_i / CALLERS / ROW_COUNT];
	enum row_kind row = (enum row_kind)(_i / CALLERS % ROW_COUNT);
	int who = _i % CALLERS;
	bool is_anonymous = who % 2 == 0;
	struct cell cell = { .caller = is_anonymous ? NULL : "alice" };

	harness_init(&cell.harness, &(const struct harness_options){
					    .policy = policies[who / 2],
					    .is_anonymous = is_anonymous,
					    .tools = test_tools });
	cell.id = column->make(&cell);
	check_cell(&cell, row, column->cells[row][who]);
	harness_finish(&cell.harness);
}
END_TEST

TEST_MAIN("the session table")
{
	/* A case for each column, so that its name is seen when it fails. */
	for (int i = 0; i < COLUMNS; i++) {
		test_case(columns[i].name);
		test_add_range(every_cell_is_as_the_table_says,
		               i * ROW_COUNT * CALLERS,
		               (i + 1) * ROW_COUNT * CALLERS);
	}
}
