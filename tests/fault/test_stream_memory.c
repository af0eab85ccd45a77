/* The n-th allocation fails while streams are opened, written, resumed and
 * closed, for n = 1, 2, ... until all goes well: no crash, no leak, and no
 * client that waits for ever. A client has seen the first of the stored events;
 * when it resumes it gets the rest, without a gap and each once. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "exchange/stream_case.h"
#include "fault/failing_heap.h"
#include "fault/ledger.h"
#include "http/drain.h"
#include "mcp/deliver.h"
#include "mcp/notify.h"
#include "store/directory.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 5000, HEARD_MAX = 32, A_WHILE = 24 };

#define TOOLS_CHANGED "notifications/tools/list_changed"

/* ---- what a client has heard of a stream ---- */

struct client {
	const char *id; /* its session */
	struct flight *flight;
	struct answer answer;
	bool is_stream;
	int count;
	struct event heard[HEARD_MAX];
};

static void hear(struct client *client, const char *text)
{
	parse_events(text);
	for (int i = 0; i < event_count; i++) {
		ck_assert_int_lt(client->count, HEARD_MAX);
		client->heard[client->count++] = events[i];
	}
}

static int count_heard(const struct client *client, const char *text)
{
	int count = 0;

	for (int i = 0; i < client->count; i++)
		count += strstr(client->heard[i].data, text) != NULL;
	return count;
}

/* NULL: there was none to resume after. */
static const char *last_heard(const struct client *client)
{
	for (int i = client->count; i-- > 0;)
		if (client->heard[i].id[0] != '\0')
			return client->heard[i].id;
	return NULL;
}

/* The numbers of one stream's events follow each other. A connection that
 * resumes with nothing new begins with the id that the client came with. */
static void check_order(const struct client *client)
{
	const char *before = NULL;

	for (int i = 0; i < client->count; i++) {
		const char *id = client->heard[i].id;

		if (id[0] == '\0')
			continue;
		if (before != NULL && strcmp(id, before) == 0 &&
		    client->heard[i].data[0] == '\0')
			continue;
		if (before != NULL && strncmp(id, before, 17) == 0)
			ck_assert_int_eq(atoi(id + 17), atoi(before + 17) + 1);
		before = id;
	}
}

/* Begin a GET, after an event unless AFTER is NULL. */
static void listen_after(struct client *client, const char *after)
{
	char line[80] = "";

	if (after != NULL)
		snprintf(line, sizeof line, "Last-Event-ID: %s\n", after);
	client->is_stream = false;
	client->answer = (struct answer){ .body = "" };
	client->flight = SEND(&harness, .caller = "alice", .id = client->id,
	                      .method = "GET", .headers = line);
	if (client->flight == NULL)
		return;
	client->is_stream = harness_try_stream(client->flight);
	if (client->is_stream) {
		hear(client, harness_events(client->flight));
		return;
	}
	client->answer = harness_receive(client->flight);
	client->flight = NULL;
}

static void hang_up(struct client *client)
{
	if (client->flight == NULL)
		return;
	hear(client, harness_events(client->flight));
	harness_hang_up(client->flight);
	client->flight = NULL;
}

/* After a store that failed, the first may still be told to return. */
static void recover(void)
{
	int status = 503;

	for (int i = 0; i < 2 && status == 503; i++)
		status =
			case_post(the_id, REQUEST_WITH(9, "logging/setLevel",
		                                       "{\"level\":\"error\"}"))
				.status;
	ck_assert_int_eq(status, 200);
}

/* When there is memory; to stay. */
static void come_back(struct client *client)
{
	hang_up(client);
	recover();
	listen_after(client, last_heard(client));
	ck_assert(client->is_stream);
}

/* An answer that is no stream is missing, or gives the reason. */
static void check_refusal(const struct answer *answer)
{
	if (answer->status == 0)
		return;
	ck_assert_msg(answer->status == 503, "%d %s", answer->status,
	              answer->body);
	ck_assert_uint_ne(answer->retry_after_s, 0);
}

static void change_tools(void)
{
	mcps__notify_list(&harness.mcp, ENTRY_TOOL);
}

/* ---- a call that streams ---- */

static struct client alice, other;

static void call(const char *body)
{
	struct flight *flight = send_call(body);

	alice.answer = (struct answer){ .body = "" };
	if (flight == NULL)
		return;
	(void)harness_work(&harness); /* there is none if it was refused */
	alice.answer = harness_receive(flight);
}

static void call_and_tell(void)
{
	meanwhile = tells_thrice;
	call(TALK(1));
}

static void call_and_count(void)
{
	meanwhile = tells;
	call(CALL_COUNT(1));
}

/* Exactly one response, now or on coming back. A client that was given no id to
 * come back with has it now. */
static void check_call(void)
{
	if (alice.answer.status != 200) {
		check_refusal(&alice.answer);
		return;
	}
	if (alice.answer.kind != PLAN_STREAM) {
		ck_assert_ptr_nonnull(strstr(alice.answer.body, "\"id\":1,"));
		return;
	}
	hear(&alice, alice.answer.body);
	if (count_heard(&alice, "\"id\":1,") == 0) {
		ck_assert_ptr_nonnull(last_heard(&alice));
		come_back(&alice);
	}
	hang_up(&alice);
	check_order(&alice);
	ck_assert_int_eq(count_heard(&alice, "\"id\":1,"), 1);
	for (int i = 0; i < alice.count; i++)
		for (int k = 0; k < i; k++)
			ck_assert(alice.heard[i].data[0] == '\0' ||
			          strcmp(alice.heard[i].data,
			                 alice.heard[k].data) != 0);
}

static void says_nothing(mcps_call *c)
{
	(void)c;
}

/* As a timer does after a while. */
static void call_that_takes_long(void)
{
	struct flight *flight = send_call(TALK(1));

	meanwhile = says_nothing;
	alice.answer = (struct answer){ .body = "" };
	if (flight == NULL)
		return;
	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	(void)harness_work(&harness);
	alice.answer = harness_receive(flight);
}

/* The answer is an event stream, but whole. */
static void call_for_events(void)
{
	struct flight *flight =
		SEND(&harness, .caller = "alice", .id = the_id, .is_bare = true,
	             .headers = "Content-Type: application/json\n"
	                        "Accept: text/event-stream\n",
	             .body = TALK(1));

	meanwhile = says_nothing;
	alice.answer = (struct answer){ .body = "" };
	if (flight == NULL)
		return;
	(void)harness_work(&harness);
	alice.answer = harness_receive(flight);
}

static void tells_and_disconnects(mcps_call *c)
{
	tells(c);
	mcps_disconnect(c, 1000);
	mcps_progress(c, 2, 0, NULL);
}

static void call_and_disconnect(void)
{
	meanwhile = tells_and_disconnects;
	call(TALK(1));
}

/* A client that does not poll, and is given an id with the first message. */
static void be_older(void)
{
	alice.id = the_id = harness_begin(&harness, "alice", "2025-06-18");
}

/* Without streams in the store events have no ids. */
static struct mcps_store_ops few_ops;

static void store_no_streams(void)
{
	mcps_store *store = harness.options.store != NULL ? harness.memory
	                                                  : &harness.store.base;

	few_ops = *store->ops;
	few_ops.event_replay = NULL;
	store->ops = &few_ops;
}

static void check_count(void)
{
	const char *state;

	check_call();
	recover();
	state = harness_state(&harness, "alice", the_id, "n");
	if (count_heard(&alice, "\"result\"") != 0 ||
	    (alice.answer.kind == PLAN_JSON &&
	     strstr(alice.answer.body, "\"text\":\"1\"") != NULL))
		ck_assert_str_eq(state, "1");
}

/* ---- a stream of no call ---- */

static void listen_and_change(void)
{
	listen_after(&alice, NULL);
	change_tools();
	if (alice.flight != NULL)
		hear(&alice, harness_events(alice.flight));
}

/* A change that could not be stored was not told; the next change is. */
static void check_told(struct client *client)
{
	if (!client->is_stream)
		check_refusal(&client->answer);
	if (count_heard(client, TOOLS_CHANGED) == 0) {
		come_back(client);
		change_tools();
	}
	hang_up(client);
	check_order(client);
	ck_assert_int_ge(count_heard(client, TOOLS_CHANGED), 1);
}

static void check_alice_told(void)
{
	check_told(&alice);
}

/* ---- a broadcast ---- */

static void two_listen(void)
{
	other.id = case_begin_with("2025-11-25");
	listen_after(&alice, NULL);
	listen_after(&other, NULL);
}

static void check_both_told(void)
{
	hear(&alice, harness_events(alice.flight));
	hear(&other, harness_events(other.flight));
	check_told(&alice);
	check_told(&other);
}

/* ---- a resume ---- */

static void call_and_forget(void)
{
	call_and_tell();
	ck_assert_int_eq(parse_events(alice.answer.body), 5);
	alice.heard[alice.count++] = events[0]; /* the empty one alone */
}

static void resume(void)
{
	listen_after(&alice, last_heard(&alice));
}

static int count_messages(const struct client *client)
{
	int count = 0;

	for (int i = 0; i < client->count; i++)
		count += client->heard[i].data[0] != '\0';
	return count;
}

/* A stream that stays open has nothing more to say. */
static void check_resumed(void)
{
	if (!alice.is_stream)
		check_refusal(&alice.answer);
	if (alice.flight != NULL && !harness_stream_is_over(alice.flight))
		hear(&alice, harness_events(alice.flight));
	if (alice.flight != NULL)
		ck_assert(harness_stream_is_over(alice.flight));
	if (count_heard(&alice, "\"id\":1,") == 0)
		come_back(&alice);
	hang_up(&alice);
	check_order(&alice);
	ck_assert_int_eq(count_messages(&alice), 4);
	ck_assert_str_eq(alice.heard[alice.count - 1].data, SAID(1));
}

/* ---- a drain ---- */

static void one_listens(void)
{
	listen_after(&alice, NULL);
}

static void tells_and_drains(mcps_call *c)
{
	tells(c);
	(void)mcps__drain(&harness.endpoint, 0);
}

static void drain_amid_a_call(void)
{
	meanwhile = tells_and_drains;
	other = (struct client){ .id = the_id };
	call(TALK(1));
	other.answer = alice.answer;
	if (alice.flight != NULL)
		hear(&alice, harness_events(alice.flight));
	(void)mcps__drain(&harness.endpoint, 0);
	if (alice.flight != NULL)
		hear(&alice, harness_events(alice.flight));
}

/* The next process says what became of the call. */
static void check_drained(void)
{
	ck_assert(harness_stream_is_over(alice.flight));
	hang_up(&alice);
	ck_assert(other.answer.kind == PLAN_STREAM ||
	          other.answer.status == 0 || other.answer.status == 503 ||
	          strstr(other.answer.body, "\"id\":1,") != NULL);
	if (other.answer.kind == PLAN_STREAM)
		hear(&other, other.answer.body);
	harness_restart(&harness, KEEP_ALL);
	mcps__deliver_connect(&harness.mcp);
	if (other.answer.kind != PLAN_STREAM)
		return;
	if (count_heard(&other, "\"id\":1,") == 0) {
		ck_assert_ptr_nonnull(last_heard(&other));
		come_back(&other);
	}
	hang_up(&other);
	check_order(&other);
	ck_assert_int_eq(count_heard(&other, "\"id\":1,"), 1);
}

/* ---- all of them ---- */

static const struct scenario {
	const char *name;
	void (*prepare)(void); /* may be NULL */
	void (*act)(void);     /* without memory */
	void (*check)(void);
} scenarios[] = {
	{ "call", NULL, call_and_tell, check_call },
	{ "state", NULL, call_and_count, check_count },
	{ "listen", NULL, listen_and_change, check_alice_told },
	{ "broadcast", two_listen, change_tools, check_both_told },
	{ "resume", call_and_forget, resume, check_resumed },
	{ "drain", one_listens, drain_amid_a_call, check_drained },
	{ "long", NULL, call_that_takes_long, check_call },
	{ "events", NULL, call_for_events, check_call },
	{ "disconnect", NULL, call_and_disconnect, check_call },
	{ "older", be_older, call_and_tell, check_call },
	{ "older disconnect", be_older, call_and_disconnect, check_call },
	{ "no streams", store_no_streams, call_and_tell, check_call },
	{ "no streams, state", store_no_streams, call_and_count, check_count },
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* Two stores, and so many allocations fail in a row. */
static const unsigned rows[] = { 1, UINT_MAX, A_WHILE };
enum { ROWS = sizeof rows / sizeof *rows, VARIANTS = 2 * ROWS };

static void start(bool on_disk)
{
	static const struct mcps_store_options store_options = {
		.size = sizeof store_options,
	};

	directory_make();
	start_streams(&(const struct harness_options){
		.store = on_disk ? url_in_directory("test.db") : NULL,
		.store_options = &store_options });
	mcps__deliver_connect(&harness.mcp);
	harness.may_lack_memory = true;
	alice = (struct client){ .id = the_id };
	other = (struct client){ .id = NULL };
}

static bool run_with(const struct scenario *scenario, unsigned n, bool on_disk,
                     unsigned in_a_row)
{
	bool has_failed;

	start(on_disk);
	if (scenario->prepare != NULL)
		scenario->prepare();
	failing_heap_start_for(n, in_a_row);
	scenario->act();
	has_failed = failing_heap_stop();
	meanwhile = NULL;
	scenario->check();
	recover();
	case_tear_down();
	directory_remove();
	return has_failed;
}

START_TEST(streams_without_memory_lose_nothing_that_was_heard)
{
	const struct scenario *scenario = &scenarios[_i / VARIANTS];
	unsigned in_a_row = rows[_i % VARIANTS / 2];
	bool on_disk = _i % 2 != 0;
	unsigned n = 1;

	while (run_with(scenario, n, on_disk, in_a_row))
		n = fault_next(n, on_disk);
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_lt(n, MOST);
}
END_TEST

TEST_MAIN("memory of streams")
{
	failing_heap_install();
	directory_in_memory();
	test_case("memory");
	test_timeout(600);
	test_add_loop(streams_without_memory_lose_nothing_that_was_heard,
	              SCENARIOS * VARIANTS);
}
