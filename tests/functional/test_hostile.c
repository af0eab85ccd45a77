/* Clients that are slow, rude or greedy: the server lives, lets go of them in
 * time, and a well-behaved client hardly notices. Deadlines are reached by
 * letting the clock jump. */
#include "functional/bystander.h"
#include "functional/clock_shift.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static struct wire_session session;

static void start(void)
{
	bystander_take_real_time(); /* the server's threads inherit it */
	wire_start_on(1, WIRE_ANONYMOUS,
	              &(const struct mcps_server_options){
			      .size = sizeof(struct mcps_server_options),
			      /* Time is made to pass, and answers are to
	                       * stay what they are. */
			      .stream_after_ms = 3600 * 1000 });
	session = wire_session_of("");
	bystander_begin(session.lines);
}

/* Sanitizers keep what is freed, and so does the C library, for a while. */
static void check_growth(size_t before_kib, size_t most_kib)
{
	size_t now_kib;

	malloc_trim(0);
	now_kib = resident_kib();

	if (!IS_SANITIZED)
		ck_assert_msg(now_kib <= before_kib + most_kib,
		              "%zu KiB, then %zu KiB", before_kib, now_kib);
}

static void check_alive(void)
{
	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 200);
}

/* ---- many at once ---- */

enum { CROWD = 500 };

struct crowd {
	struct wire *wires;
	int count;
	int next;
	const char *drip; /* what they send, a byte at a time; NULL: nothing */
	size_t *sent;
	int before; /* descriptors */
};

static void crowd_open(struct crowd *crowd, int count, const char *drip)
{
	*crowd = (struct crowd){ .count = count,
		                 .drip = drip,
		                 .before = open_descriptors() };
	crowd->wires = calloc((size_t)count, sizeof *crowd->wires);
	crowd->sent = calloc((size_t)count, sizeof *crowd->sent);
	ck_assert(crowd->wires != NULL && crowd->sent != NULL);
	for (int i = 0; i < count; i++)
		crowd->wires[i] = wire_open(wire_port());
}

static void crowd_free(struct crowd *crowd)
{
	free(crowd->wires);
	free(crowd->sent);
}

/* One byte more of one of them; not the last, so nobody ever ends. */
static void crowd_drip(void *arg)
{
	struct crowd *crowd = arg;
	int i = crowd->next++ % crowd->count;

	if (crowd->drip == NULL || crowd->drip[crowd->sent[i] + 1] == '\0')
		return;
	(void)wire_try_send(&crowd->wires[i], &crowd->drip[crowd->sent[i]], 1);
	crowd->sent[i]++;
}

static int64_t drip_round(void *arg)
{
	return bystander_round_us(crowd_drip, arg);
}

/* The server ends all of them, without an answer. */
static void crowd_check_over(struct crowd *crowd)
{
	ck_assert(descriptors_fall_to(crowd->before + crowd->count));
	for (int i = 0; i < crowd->count; i++) {
		ck_assert(wire_is_over(&crowd->wires[i]));
		wire_close(&crowd->wires[i]);
	}
	ck_assert(descriptors_fall_to(crowd->before));
}

/* They attack for a while; then SECONDS pass, and they are cut off. */
static void attack(int count, const char *drip, int seconds)
{
	size_t memory = resident_kib();
	int64_t usual = bystander_usual_us();
	struct crowd crowd;

	crowd_open(&crowd, count, drip);
	bystander_check(usual, drip_round, &crowd);
	/* 16 KiB for each, and room for what the allocator likes. */
	check_growth(memory, (size_t)count * 32 + 16 * 1024);
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(recv(crowd.wires[i].fd, crowd.wires[i].bytes,
		                      1, MSG_DONTWAIT),
		                 -1);
	clock_shift(seconds + 1);
	check_alive();
	crowd_check_over(&crowd);
	check_alive();
	crowd_free(&crowd);
}

START_TEST(who_connects_and_says_nothing_is_cut_after_10_s)
{
	attack(CROWD, NULL, 10);
}
END_TEST

START_TEST(a_head_that_drips_is_cut_after_10_s)
{
	attack(100, WIRE_HEAD "X-Any: abcdefghijklmnopqrstuvwxyz", 10);
}
END_TEST

START_TEST(a_second_head_that_drips_is_cut_too)
{
	struct wire wire = wire_open(wire_port());

	ck_assert_int_eq(wire_ask(&wire, session.lines, WIRE_PING).status, 200);
	wire_text(&wire, WIRE_POST);
	check_alive();
	clock_shift(75 + 10 + 1);
	check_alive();
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
}
END_TEST

START_TEST(a_body_that_drips_is_cut_after_120_s)
{
	static const char body[] = WIRE_INITIALIZE;
	int64_t usual = bystander_usual_us();
	struct crowd crowd;

	crowd_open(&crowd, 50, body);
	for (int i = 0; i < crowd.count; i++)
		wire_text(&crowd.wires[i], WIRE_HEAD WIRE_LENGTH "\r\n");
	bystander_check(usual, drip_round, &crowd);
	clock_shift(60);
	bystander_round_us(crowd_drip, &crowd);
	ck_assert_int_eq(
		recv(crowd.wires[0].fd, crowd.wires[0].bytes, 1, MSG_DONTWAIT),
		-1);
	clock_shift(61);
	check_alive();
	crowd_check_over(&crowd);
	crowd_free(&crowd);
}
END_TEST

/* ---- clients that do not read ---- */

static int64_t quiet_round(void *arg)
{
	(void)arg;
	return bystander_round_us(NULL, NULL);
}

enum { DEAF = 16, BIG_KIB = 1024, ASKED = 30 };

/* Each asks for much more than there is memory for, if all of it was made. */
static void crowd_ask_and_not_read(struct crowd *crowd)
{
	for (int i = 0; i < DEAF; i++) {
		crowd->wires[i] = wire_open_small(wire_port(), 4096);
		for (int k = 0; k < ASKED; k++)
			wire_post(&crowd->wires[i], session.lines,
			          WIRE_CALL(3, "big", "{\"size\":1048576}"));
	}
}

/* A call may still be at work when the clock jumps; its answer has a deadline
 * after that. */
static void pass_until_descriptors_fall_to(int wanted, long seconds)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (open_descriptors() > wanted) {
		ck_assert_int_lt(time(NULL), end);
		clock_shift(seconds);
		check_alive();
	}
}

START_TEST(who_never_reads_holds_one_answer_and_is_cut_after_300_s)
{
	size_t memory = resident_kib();
	int64_t usual = bystander_usual_us();
	struct crowd crowd;

	crowd_open(&crowd, 0, NULL);
	free(crowd.wires);
	crowd.wires = calloc(DEAF, sizeof *crowd.wires);
	crowd.count = DEAF;
	crowd_ask_and_not_read(&crowd);
	bystander_check(usual, quiet_round, NULL);
	/* One answer each, however many were asked for, and workers' copies;
	 * and what the allocator keeps of those. */
	check_growth(memory, (DEAF + 8) * 2 * BIG_KIB + 8 * 1024);
	pass_until_descriptors_fall_to(crowd.before + DEAF, 301);
	for (int i = 0; i < DEAF; i++)
		wire_close(&crowd.wires[i]);
	check_alive();
	check_growth(memory, 16 * 1024);
	crowd_free(&crowd);
}
END_TEST

/* ---- clients that leave ---- */

static struct reply ask_and_close_side(const char *body)
{
	int before = open_descriptors();
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_post(&wire, session.lines, body);
	shutdown(wire.fd, SHUT_WR);
	reply = wire_read(&wire);
	ck_assert(wire_is_over(&wire));
	ck_assert(descriptors_fall_to(before + 1)); /* ours */
	wire_close(&wire);
	return reply;
}

START_TEST(who_closes_his_side_still_gets_an_answer_given_at_once)
{
	ck_assert_int_eq(ask_and_close_side(WIRE_PING).status, 200);
}
END_TEST

/* libmicrohttpd 0.9.75 reads again before it takes up a connection that was
 * suspended; if it finds the end then, that is the connection's. */
START_TEST(who_closes_his_side_may_lose_an_answer_given_later)
{
	struct reply reply = ask_and_close_side(WIRE_CALL(3, "touch", "{}"));

	ck_assert(reply.status == 200 || reply.status == 0);
	check_alive();
	ck_assert_uint_eq(wire_touched(), 1); /* it ran all the same */
}
END_TEST

START_TEST(who_closes_his_side_inside_a_request_is_let_go)
{
	static const char request[] = WIRE_HEAD WIRE_LENGTH WIRE_BODY;
	struct crowd crowd;

	crowd_open(&crowd, (int)(sizeof request - 1), NULL);
	for (int i = 0; i < crowd.count; i++) {
		wire_send(&crowd.wires[i], request, (size_t)i);
		shutdown(crowd.wires[i].fd, SHUT_WR);
	}
	check_alive();
	clock_shift(2); /* it looks after a second whether one is there */
	check_alive();
	crowd_check_over(&crowd);
	crowd_free(&crowd);
}
END_TEST

/* Incident 18: reset at every byte of a call to a worker, in chunks, so that
 * it also meets chunk sizes, a parked request, and its answer. */
START_TEST(incident_18_a_reset_at_any_byte_hurts_nobody)
{
	char request[2048];
	int before = open_descriptors();
	int length = snprintf(request, sizeof request,
	                      WIRE_HEAD "%sTransfer-Encoding: chunked\r\n\r\n"
	                                "47\r\n%s\r\n0\r\n\r\n",
	                      session.lines, WIRE_CALL(3, "touch", "{} "));

	for (int i = 0; i <= length; i++) {
		struct wire wire = wire_open(wire_port());

		wire_send(&wire, request, (size_t)i);
		wire_reset(&wire);
		if (i % 50 == 0)
			check_alive();
	}
	ck_assert(descriptors_fall_to(before));
	check_alive();
}
END_TEST

START_TEST(who_resets_inside_an_answer_is_let_go)
{
	int before = open_descriptors();
	size_t memory = resident_kib();

	for (int i = 0; i < 50; i++) {
		struct wire wire = wire_open_small(wire_port(), 4096);

		wire_post(&wire, session.lines,
		          WIRE_CALL(3, "big", "{\"size\":1048576}"));
		ck_assert_int_gt(recv(wire.fd, wire.bytes, (size_t)(i + 1), 0),
		                 0);
		wire_reset(&wire);
	}
	ck_assert(descriptors_fall_to(before));
	check_alive();
	check_growth(memory, 16 * 1024);
}
END_TEST

/* ---- floods ---- */

enum { FLOODS = 4, FLOOD = 3000, TURNS = 100 };

struct flood {
	struct wire wires[FLOODS];
	char *bytes; /* of all requests of one */
	size_t length;
	size_t sent[FLOODS];
};

static void flood_init(struct flood *flood)
{
	char body[128];

	memset(flood, 0, sizeof *flood);
	flood->bytes = malloc((size_t)FLOOD * 512);
	ck_assert_ptr_nonnull(flood->bytes);
	for (int i = 0; i < FLOOD; i++) {
		int length = snprintf(body, sizeof body,
		                      "{\"jsonrpc\":\"2.0\",\"id\":%d,"
		                      "\"method\":\"ping\"}",
		                      i);

		flood->length += (size_t)snprintf(
			flood->bytes + flood->length, 512,
			WIRE_HEAD "%sContent-Length: %d\r\n\r\n%s",
			session.lines, length, body);
	}
}

static void flood_open(struct flood *flood)
{
	for (int i = 0; i < FLOODS; i++) {
		flood->wires[i] = wire_open(wire_port());
		flood->sent[i] = 0;
	}
}

/* As much as the sockets take; nothing is read. */
static void flood_pour(void *arg)
{
	struct flood *flood = arg;

	for (int i = 0; i < FLOODS; i++) {
		ssize_t sent =
			send(flood->wires[i].fd, flood->bytes + flood->sent[i],
		             flood->length - flood->sent[i],
		             MSG_DONTWAIT | MSG_NOSIGNAL);

		flood->sent[i] += sent > 0 ? (size_t)sent : 0;
	}
}

static void check_flood_answers(struct flood *flood, int which)
{
	struct wire *wire = &flood->wires[which];
	char wanted[32];

	for (int i = 0; i < FLOOD; i++) {
		struct reply reply = wire_read(wire);

		snprintf(wanted, sizeof wanted, "\"id\":%d,", i);
		ck_assert_int_eq(reply.status, 200);
		ck_assert_ptr_nonnull(strstr(reply.body, wanted));
		if (flood->sent[which] < flood->length)
			flood_pour(flood);
	}
	ck_assert_uint_eq(flood->sent[which], flood->length);
}

/* A flood of its own for each round: one that was answered is none. */
static int64_t flood_round(void *arg)
{
	struct flood *flood = arg;
	int64_t us;

	flood_open(flood);
	us = bystander_round_us(flood_pour, flood);
	for (int i = 0; i < FLOODS; i++)
		wire_reset(&flood->wires[i]);
	return us;
}

START_TEST(a_flood_of_pipelined_requests_hardly_slows_others)
{
	size_t memory = resident_kib();
	int64_t usual = bystander_usual_us();
	struct flood flood;

	flood_init(&flood);
	bystander_check(usual, flood_round, &flood);
	check_growth(memory, 16 * 1024);
	free(flood.bytes);
	check_alive();
}
END_TEST

START_TEST(a_flood_of_pipelined_requests_is_answered_in_order)
{
	struct flood flood;

	flood_init(&flood);
	flood_open(&flood);
	flood_pour(&flood);
	for (int i = 0; i < FLOODS; i++) {
		check_flood_answers(&flood, i);
		wire_close(&flood.wires[i]);
	}
	free(flood.bytes);
	check_alive();
}
END_TEST

/* While the loop is held up, four clients ask for hundreds of turns each, and
 * then a fifth for one. */
START_TEST(who_asks_for_more_has_no_more_than_its_turn)
{
	struct wire stalled = wire_open(wire_port());
	struct wire modest = wire_open(wire_port());
	struct wire greedy[FLOODS];
	const int *turns;
	int at = 0;

	ck_assert_int_eq(wire_ask(&modest, session.lines, WIRE_PING).status,
	                 200);
	for (int i = 0; i < FLOODS; i++) {
		greedy[i] = wire_open(wire_port());
		ck_assert_int_eq(
			wire_ask(&greedy[i], session.lines, WIRE_PING).status,
			200);
	}
	wire_post(&stalled, session.lines, WIRE_CALL(1, "stall", "{}"));
	wire_wait_held(1);
	for (int i = 0; i < FLOODS; i++)
		for (int k = 0; k < TURNS; k++)
			wire_post(&greedy[i], session.lines,
			          WIRE_CALL(1, "turn", "{\"who\":1}"));
	wire_post(&modest, session.lines, WIRE_CALL(1, "turn", "{\"who\":2}"));
	wire_release();
	ck_assert_int_eq(wire_read(&modest).status, 200);
	ck_assert_int_gt(wire_turns(&turns), 0);
	while (turns[at] != 2)
		at++;
	/* One when its bytes are read, one when its answer is written. */
	ck_assert_int_le(at, 2 * FLOODS);
	for (int i = 0; i < FLOODS; i++)
		wire_close(&greedy[i]);
	wire_close(&modest);
	wire_close(&stalled);
}
END_TEST

START_TEST(connecting_and_leaving_all_the_time_leaves_nothing)
{
	int before = open_descriptors();
	size_t memory = resident_kib();

	for (int i = 0; i < 3000; i++) {
		struct wire wire = wire_open(wire_port());

		if (i % 2 == 0)
			wire_reset(&wire);
		else
			wire_close(&wire);
	}
	check_alive();
	ck_assert(descriptors_fall_to(before));
	check_growth(memory, 8 * 1024);
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("hostile clients")
{
	test_case("hostile");
	test_fixture(start, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(who_connects_and_says_nothing_is_cut_after_10_s);
	test_add(a_head_that_drips_is_cut_after_10_s);
	test_add(a_second_head_that_drips_is_cut_too);
	test_add(a_body_that_drips_is_cut_after_120_s);
	test_add(who_never_reads_holds_one_answer_and_is_cut_after_300_s);
	test_add(who_closes_his_side_still_gets_an_answer_given_at_once);
	test_add(who_closes_his_side_may_lose_an_answer_given_later);
	test_add(who_closes_his_side_inside_a_request_is_let_go);
	test_add(incident_18_a_reset_at_any_byte_hurts_nobody);
	test_add(who_resets_inside_an_answer_is_let_go);
	test_add(a_flood_of_pipelined_requests_hardly_slows_others);
	test_add(a_flood_of_pipelined_requests_is_answered_in_order);
	test_add(who_asks_for_more_has_no_more_than_its_turn);
	test_add(connecting_and_leaving_all_the_time_leaves_nothing);
}
