/* Sessions as their clients see them: some bytes are a server's set-up and a
 * series of requests, clock steps, failures and restarts; each answer is
 * compared with what the model knows. Two bytes an operation. */
#define _GNU_SOURCE /* memmem */
#include "fuzz/target.h"

#include "fuzz/sessions_model.h"
#include "fuzz/step_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLIGHTS = 12,
	FIRST_MINTED = 2, /* slots before it are never minted */
	OPERATIONS = 200,
};

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    INT64_C(86400000)

enum what {
	INITIALIZE,
	INITIALIZE_ANEW, /* with the id of a session */
	ADD,
	LOOK,
	PING,
	INITIALIZED,
	STREAM, /* GET, whose client leaves at once */
	DELETE,
	WHATS
};

/* The requests, and the status of each when it works. */
static const struct {
	const char *method;
	const char *body;
	int status;
} forms[WHATS] = {
#define CALL(name)                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" name "\"}}"
#define BEGIN(version)                                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","       \
	"\"params\":{\"protocolVersion\":\"" version "\",\"capabilities" \
	"\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}"
	[INITIALIZE] = { "POST", BEGIN("2025-11-25"), 200 },
	[INITIALIZE_ANEW] = { "POST", BEGIN("2025-11-25"), 200 },
	[ADD] = { "POST", CALL("add"), 200 },
	[LOOK] = { "POST", CALL("look"), 200 },
	[PING] = { "POST", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
	           200 },
	[INITIALIZED] = { "POST",
	                  "{\"jsonrpc\":\"2.0\",\"method\":"
	                  "\"notifications/initialized\"}",
	                  202 },
	[STREAM] = { "GET", NULL, 200 },
	[DELETE] = { "DELETE", NULL, 204 },
#undef CALL
#undef BEGIN
};

/* A request in the air, and what was known when it was sent. */
struct sent {
	struct flight *flight; /* NULL: a free place */
	enum what what;
	int caller, slot;
	unsigned turn;     /* of the slot */
	unsigned failures; /* of the store until then */
	bool is_disturbed; /* something happened meanwhile */
	bool had_incarnation;
	bool may_be_new;
	bool is_over;
	uint64_t incarnation;
	enum expectation expectation;
};

struct run {
	struct server server;
	struct model model;
	struct sent air[FLIGHTS];
	size_t most_in_air;
};

/* ---- answers ---- */

static void disturb(struct run *run, int caller, int slot)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		struct sent *sent = &run->air[i];

		if (sent->flight != NULL &&
		    (caller < 0 || sent->caller == caller) &&
		    (slot < 0 || sent->slot == slot))
			sent->is_disturbed = true;
	}
}

/* Notes the other requests under way for the same session. */
static void see_air(const struct run *run, struct sent *sent)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		const struct sent *other = &run->air[i];

		if (other == sent || other->flight == NULL ||
		    other->caller != sent->caller || other->slot != sent->slot)
			continue;
		/* It may wait behind one that is no longer true. */
		if (other->what == DELETE || other->is_disturbed)
			sent->is_disturbed = true;
		if (sent->expectation == EXPECT_NEW) /* may be made already */
			sent->expectation = EXPECT_ANYTHING;
	}
}

/* "VALUE INCARNATION" in the answer of a tool. */
static void check_count(struct run *run, const struct sent *sent,
                        const struct plan *plan)
{
	char body[512];
	const char *text;
	long long value;
	unsigned long long incarnation;

	require(plan->body.length < sizeof body);
	memcpy(body, plan->body.data, plan->body.length);
	body[plan->body.length] = '\0';
	text = strstr(body, "\"text\":\"");
	require(text != NULL);
	require(sscanf(text + 8, "%lld %llx", &value, &incarnation) == 2);
	if (!sent->is_disturbed && sent->had_incarnation) {
		bool is_same = incarnation == sent->incarnation;

		require(!is_same || !sent->is_over);
		require(!is_same || sent->expectation != EXPECT_NEW);
		require(is_same || sent->expectation != EXPECT_SAME ||
		        sent->may_be_new);
	}
	model_counted(&run->model, sent->caller, sent->slot, incarnation, value,
	              sent->what == ADD);
}

static void check_served(struct run *run, const struct sent *sent,
                         const struct plan *plan, bool is_stored)
{
	struct model *model = &run->model;

	require(sent->is_disturbed || sent->expectation != EXPECT_GONE);
	if (sent->is_disturbed &&
	    model->records[sent->caller][sent->slot].is_ended)
		return; /* it was faster than the end */
	if (sent->is_disturbed)
		model_lost_track(model, sent->caller, sent->slot);
	else
		model_served(model, sent->caller, sent->slot, is_stored);
	/* A session that is swept while a call is under way loses its state
	 * under it: only a call that changes something notices. */
	if (sent->what == ADD || (sent->what == LOOK && !sent->is_disturbed))
		check_count(run, sent, plan);
}

static void check_gone(struct run *run, const struct sent *sent)
{
	if (sent->is_disturbed) {
		model_lost_track(&run->model, sent->caller, sent->slot);
		return;
	}
	require(sent->expectation != EXPECT_SAME);
	require(sent->expectation != EXPECT_NEW || sent->what == DELETE);
	if (sent->what == DELETE)
		model_not_found(&run->model, sent->caller, sent->slot);
}

/* Nobody is locked out by initialize: it gets a session, its own or another. */
static void check_initialized(struct run *run, const struct sent *sent,
                              const struct plan *plan, bool is_stored)
{
	struct model *model = &run->model;
	int slot = sent->slot < FIRST_MINTED ? sent->slot + FIRST_MINTED
	                                     : sent->slot;

	if (sent->what == INITIALIZE_ANEW &&
	    strcmp(plan->session_id, sent->flight->id) == 0) {
		if (model->slots[sent->slot].turn != sent->turn)
			return;
		check_served(run, sent, plan, is_stored);
		model_seen(model, sent->caller, sent->slot);
		return;
	}
	model_created(model, sent->caller, slot, plan->session_id);
	if (sent->is_disturbed) /* revoked already, or old */
		model_lost_track(model, sent->caller, slot);
}

/* The store failed: what was to be done is done, or not. No call is: it was not
 * carried out. */
static void check_failed(struct run *run, const struct sent *sent)
{
	require(run->server.faults.happened != sent->failures);
	if (sent->what != INITIALIZE)
		model_lost_track(&run->model, sent->caller, sent->slot);
}

static bool says(const struct plan *plan, const char *text)
{
	return plan->body.data != NULL &&
	       memmem(plan->body.data, plan->body.length, text, strlen(text)) !=
	               NULL;
}

/* The handler of a call had begun when its session ended, or the store failed:
 * never a status that says that it had not. */
static void check_outcome(struct run *run, const struct sent *sent,
                          const struct plan *plan)
{
	bool may_be_kept = says(plan, "\"state\":\"unknown\"");

	require(sent->what == ADD || sent->what == LOOK);
	require(!may_be_kept || run->server.faults.happened != sent->failures);
	require(sent->is_disturbed || sent->expectation == EXPECT_ANYTHING ||
	        run->server.faults.happened != sent->failures);
	if (may_be_kept && sent->what == ADD)
		run->model.records[sent->caller][sent->slot].unknown++;
	model_lost_track(&run->model, sent->caller, sent->slot);
}

static void check_answer(struct run *run, const struct sent *sent,
                         const struct plan *plan)
{
	bool is_stored = run->server.faults.happened == sent->failures &&
	                 writer_is_idle(run->server.writer);
	bool is_initialize =
		sent->what == INITIALIZE || sent->what == INITIALIZE_ANEW;

	require(plan->status == forms[sent->what].status ||
	        plan->status == 503 || (plan->status == 404 && !is_initialize));
	if (is_initialize && plan->status == 200) {
		check_initialized(run, sent, plan, is_stored);
		return;
	}
	require(plan->session_id[0] == '\0');
	if (run->model.slots[sent->slot].turn != sent->turn)
		return; /* it is about an id that is forgotten */
	if (plan->status == 503)
		check_failed(run, sent);
	else if (plan->status == 404)
		check_gone(run, sent);
	else if (says(plan, "outcome_unknown"))
		check_outcome(run, sent, plan);
	else if (sent->what == DELETE)
		model_ended(&run->model, sent->caller, sent->slot);
	else
		check_served(run, sent, plan, is_stored);
	model_seen(&run->model, sent->caller, sent->slot);
}

/* ---- requests ---- */

/* Go on with what can go on. */
static void go_on(struct run *run)
{
	for (size_t i = 0; i < FLIGHTS; i++) {
		struct sent *sent = &run->air[i];
		const struct plan *plan;

		if (sent->flight == NULL)
			continue;
		plan = flight_run(sent->flight);
		if (plan == NULL)
			continue;
		check_answer(run, sent, plan);
		flight_free(sent->flight);
		sent->flight = NULL;
	}
}

static size_t count_in_air(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < FLIGHTS; i++)
		count += run->air[i].flight != NULL;
	return count;
}

static struct sent *free_place(struct run *run)
{
	for (size_t i = 0; i < FLIGHTS; i++)
		if (run->air[i].flight == NULL)
			return &run->air[i];
	return NULL;
}

static void send(struct run *run, enum what what, int caller, int slot)
{
	const struct model_record *record = &run->model.records[caller][slot];
	const char *id = what != INITIALIZE ? run->model.slots[slot].id : "";
	struct sent *sent = free_place(run);

	if (sent == NULL)
		return;
	*sent = (struct sent){
		.what = what,
		.caller = caller,
		.slot = slot,
		.turn = run->model.slots[slot].turn,
		.failures = run->server.faults.happened,
		.had_incarnation = record->has_incarnation,
		.may_be_new = record->may_be_new,
		.incarnation = record->incarnation,
		.is_over = model_is_over(&run->model, caller, slot),
		.expectation = model_expect(&run->model, caller, slot),
	};
	see_air(run, sent);
	if (what == DELETE)
		disturb(run, caller, slot);
	if (what != INITIALIZE)
		model_seen(&run->model, caller, slot);
	sent->flight = flight_new(&run->server, caller, forms[what].method, id,
	                          forms[what].body);
	if (run->most_in_air < count_in_air(run))
		run->most_in_air = count_in_air(run);
}

static void finish_store(struct run *run)
{
	do {
		go_on(run);
	} while (writer_step(run->server.writer, 1));
}

/* A worker waits for a state key until its holder has committed; there is only
 * one of us. */
static bool do_work(struct run *run)
{
	if (run->server.mcp.locks.by_name != NULL)
		finish_store(run);
	return server_work(&run->server);
}

/* Until nothing is left to do: nothing may be left over. */
static void finish_all(struct run *run)
{
	do {
		finish_store(run);
	} while (do_work(run));
	require(count_in_air(run) == 0);
}

static void work(struct run *run, unsigned how)
{
	if ((how & 3) == 3)
		finish_all(run);
	else if ((how & 4) != 0)
		writer_step(run->server.writer, 1 + (how >> 3 & 3));
	else
		do_work(run);
}

/* ---- the world ---- */

/* The store is not behind by more than moments. */
static void pass(struct run *run, int64_t ms)
{
	finish_store(run);
	disturb(run, -1, -1);
	run->server.wall_ms += ms;
	run->server.steady_ms += ms;
}

static void sweep(struct run *run)
{
	disturb(run, -1, -1);
	model_swept(&run->model);
	mcps__sessions_sweep(&run->server.sessions);
}

static void step_clock(struct run *run, unsigned how)
{
	static const int64_t steps[] = { 1000,           MINUTE_MS,
		                         DAY_MS / 24,    DAY_MS,
		                         3 * DAY_MS,     7 * DAY_MS - 1,
		                         7 * DAY_MS + 1, 31 * DAY_MS };

	pass(run, steps[how % 8]);
	if (how / 8 % 2 != 0)
		sweep(run); /* as the timer does */
}

/* Somebody sets the clock. */
static void jump(struct run *run, unsigned how)
{
	static const int64_t jumps[] = { MINUTE_MS, -MINUTE_MS, DAY_MS,
		                         10 * DAY_MS };

	finish_store(run);
	disturb(run, -1, -1);
	run->server.wall_ms += jumps[how % 4];
}

static void fail(struct run *run, unsigned how)
{
	struct server_faults *faults = &run->server.faults;

	faults->commits = how & 3;
	faults->reads = how >> 2 & 3;
	faults->commits_all_the_same = (how >> 4 & 1) != 0;
}

static void revoke(struct run *run, int caller)
{
	disturb(run, caller, -1);
	model_revoked(&run->model, caller,
	              server_revoke(&run->server, caller) == MCPS_OK);
}

/* Session time never goes back, and a restart takes no time; by the wall clock,
 * which somebody may have set, it may seem to. */
static void check_clock(struct run *run, int64_t before, bool has_rebooted)
{
	int64_t passed = server_now(&run->server) - before;

	require(passed >= 0);
	require(has_rebooted || passed == 0);
	require(!run->server.options.has_gap || passed <= DAY_MS);
}

/* HOW says what a restart keeps: 0 to 3 store and key, 4 the store, 5 the key;
 * without bit 3, the boot, too. */
static void restart(struct run *run, unsigned how)
{
	bool keeps_store = how % 8 != 5;
	bool keeps_key = how % 8 != 4;
	bool reboots = (how >> 3 & 1) != 0;
	int64_t before;

	finish_all(run);
	fail(run, 0);
	sweep(run);
	before = server_now(&run->server);
	if (reboots)
		server_reboot(&run->server);
	server_restart(&run->server, keeps_store, keeps_key);
	if (keeps_store)
		check_clock(run, before, reboots);
	if (!keeps_store)
		model_lost_store(&run->model);
	if (!keeps_key)
		model_lost_key(&run->model);
}

/* Checks the invariants of memory after each operation. */
static void check_memory(struct run *run)
{
	struct sessions *sessions = &run->server.sessions;
	/* Sessions in use stay, and leave when others come. */
	size_t allowed = run->server.options.hot + 2 * run->most_in_air;
	struct session *session, *next;

	require(mcps__sessions_hot(sessions) <= allowed);
	if (count_in_air(run) != 0 || run->server.queue.waiting != 0 ||
	    !writer_is_idle(run->server.writer))
		return;
	HASH_ITER (hh, sessions->by_key, session, next) {
		require(session->phase == SESSION_LIVE);
		require(atomic_load(&session->refs) == 1);
		require(session->wait_queue == NULL && session->calls == NULL);
	}
}

static void operate(struct run *run, uint8_t what, uint8_t how)
{
	int caller = (how & 3) % CALLERS;
	int slot = how >> 2 & 7;
	unsigned failures = run->server.faults.happened;

	switch (what & 15) {
	case 8:
	case 9:
		step_clock(run, how);
		break;
	case 10:
		jump(run, how);
		break;
	case 11:
		fail(run, how);
		break;
	case 12:
		restart(run, how);
		break;
	case 13:
		work(run, how);
		break;
	case 14:
		if (how == 0xff)
			revoke(run, ANONYMOUS);
		else if (how >= 0xf0)
			revoke(run, caller);
		else
			sweep(run);
		break;
	case 15:
		send(run, ADD, caller, slot);
		break;
	default:
		send(run, (enum what)(what & 15), caller, slot);
	}
	go_on(run);
	if (run->server.faults.happened != failures)
		model_store_failed(&run->model);
	check_memory(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	struct server_options options;

	if (size < 1)
		return 0;
	options = (struct server_options){
		.policy = (enum mcps_unknown_ids)(MCPS_UNKNOWN_NEVER +
		                                  data[0] % 3),
		.hot = 1 + (data[0] >> 2 & 3),
		.is_manual = (data[0] & 0x90) != 0,
		.has_hook = (data[0] >> 5 & 1) != 0,
		.max_tombstones = (data[0] >> 6 & 1) != 0 ? 2 : 0,
		.has_gap = (data[0] >> 6 & 1) != 0,
		.is_stepped = (data[0] >> 7 & 1) != 0,
	};
	run = (struct run){ .most_in_air = 1 };
	server_open(&run.server, &options);
	model_init(&run.model, &run.server);
	for (size_t i = 1; i + 1 < size && i < 2 * OPERATIONS; i += 2)
		operate(&run, data[i], data[i + 1]);
	finish_all(&run);
	check_memory(&run);
	server_close(&run.server);
	return 0;
}
