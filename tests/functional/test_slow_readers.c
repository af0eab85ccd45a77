/* Clients that are slow to read event streams, stop reading them, or leave
 * them: what is kept for them is bounded, who speaks to them is never held
 * up, others hardly notice, and who comes back misses nothing. */
#include "functional/bystander.h"
#include "functional/clock_shift.h"
#include "functional/flood.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	READERS = 16,
	SMALL = 4096,     /* receive buffer of who does not read */
	EVENT_KIB = 1024, /* kept of a session */
	FLOOD = IS_SANITIZED ? 1500 : 3000, /* messages: beyond any queue */
	SLACK_KIB = 20 * 1024,              /* the allocator keeps it */
	TAKEN_WITHIN_S = 60,                /* some of what there is */
};

static struct wire_session bystander;

static void start_keeping(size_t event_bytes)
{
	bystander_take_real_time(); /* the server's threads inherit it */
	flood_add();
	wire_start_on(1, WIRE_NAMED,
	              &(const struct mcps_server_options){
			      .size = sizeof(struct mcps_server_options),
			      /* Time is made to pass. */
			      .stream_after_ms = 3600 * 1000,
			      .max_event_bytes_per_session = event_bytes,
			      .workers = READERS });
	bystander = wire_session_of("bystander");
	bystander_begin(bystander.lines);
}

static void start(void)
{
	start_keeping((size_t)EVENT_KIB * 1024);
}

/* More than queue and kernel take. */
static void start_keeping_much(void)
{
	start_keeping((size_t)8 * 1024 * 1024);
}

static void stop(void)
{
	flood_release();
	wire_stop();
}

/* ---- what it costs ---- */

static void check_alive(void)
{
	ck_assert_int_eq(wire_once(bystander.lines, WIRE_PING).status, 200);
}

/* Sanitizers keep what is freed. */
static void check_memory(size_t before_kib, size_t most_kib)
{
	size_t now_kib = resident_kib();

	if (!IS_SANITIZED)
		ck_assert_msg(now_kib <= before_kib + most_kib,
		              "%zu KiB, then %zu KiB", before_kib, now_kib);
}

/* Somebody speaks to those who do not read, before each of our pings. */
static void speak(void *arg)
{
	void (*const *say)(void) = arg;

	(*say)();
}

static int64_t speaking_round(void *arg)
{
	return bystander_round_us(speak, arg);
}

/* Who connects just while the clock jumps may seem to have come before. */
static void check_alive_after_jump(void)
{
	int status = 0;

	for (int i = 0; i < 10 && status == 0; i++)
		status = wire_once(bystander.lines, WIRE_PING).status;
	ck_assert_int_eq(status, 200);
}

static void pass_until_descriptors_fall_to(int wanted, long seconds)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (open_descriptors() > wanted) {
		ck_assert_int_lt(time(NULL), end);
		clock_shift(seconds);
		check_alive_after_jump();
	}
}

/* ---- those who do not read ---- */

/* In one session, or each in its own. */
static struct reader *readers_open(bool in_one)
{
	struct reader *readers = calloc(READERS, sizeof *readers);

	ck_assert_ptr_nonnull(readers);
	for (int i = 0; i < READERS; i++) {
		readers[i].session = in_one && i > 0
		                             ? readers[0].session
		                             : wire_session_of("reader");
		readers[i].wire = wire_open_small(wire_port(), SMALL);
	}
	return readers;
}

static void readers_close(struct reader *readers)
{
	for (int i = 0; i < READERS; i++)
		if (readers[i].wire.fd >= 0)
			wire_close(&readers[i].wire);
	free(readers);
}

static void give_word(void)
{
	flood_give_words(1);
}

/* A queue holds a MiB, and one event beyond. All are of one session, so that
 * what is stored is bounded for all of them together. */
START_TEST(a_call_whose_reader_never_reads_ends_and_holds_a_bounded_queue)
{
	int64_t usual = bystander_usual_us();
	void (*say)(void) = give_word;
	int before = open_descriptors();
	struct reader *readers = readers_open(true);
	size_t memory = resident_kib();

	for (int i = 0; i < READERS; i++) {
		reader_call(&readers[i], FLOOD, FLOOD_SIZE, false);
		if (i % 2 != 0) /* falls silent in the middle */
			reader_read(&readers[i], 2000);
	}
	flood_wait_ended(READERS);
	/* As much may be on its way to the store as in the queues. */
	check_memory(memory, READERS * 2400 + EVENT_KIB + SLACK_KIB);
	flood_wait_stored();
	check_memory(memory, READERS * 1200 + EVENT_KIB + SLACK_KIB);
	/* Their queues are full; to one more something is said all the time. */
	wire_close(&readers[0].wire);
	readers[0].wire = wire_open_small(wire_port(), SMALL);
	reader_call(&readers[0], INT32_MAX, FLOOD_SIZE, true);
	bystander_check(usual, speaking_round, &say);
	check_memory(memory, READERS * 1200 + EVENT_KIB + SLACK_KIB);
	/* It may have queued too little yet to be cut. */
	wire_reset(&readers[0].wire);
	pass_until_descriptors_fall_to(before + READERS - 1,
	                               TAKEN_WITHIN_S + 1);
	check_memory(memory, EVENT_KIB + SLACK_KIB);
	readers_close(readers);
	ck_assert(descriptors_fall_to(before));
	check_alive();
}
END_TEST

static void tell_topic(void)
{
	static int told;

	flood_tell_topics(++told, 1);
}

START_TEST(a_listener_who_never_reads_holds_a_bounded_queue)
{
	const size_t most = READERS * (1200 + 2 * EVENT_KIB) + SLACK_KIB;
	int64_t usual = bystander_usual_us();
	void (*say)(void) = tell_topic;
	int before = open_descriptors();
	struct reader *readers = readers_open(false);
	size_t memory = resident_kib();

	for (int i = 0; i < READERS; i++) {
		reader_subscribe(&readers[i]);
		reader_get(&readers[i]);
		reader_read(&readers[i], i % 2 != 0 ? 2000 : 1);
	}
	flood_tell_topics(1, FLOOD);
	flood_wait_stored();
	check_memory(memory, most);
	bystander_check(usual, speaking_round, &say);
	check_memory(memory, most);
	pass_until_descriptors_fall_to(before + READERS, TAKEN_WITHIN_S + 1);
	check_memory(memory, READERS * EVENT_KIB + SLACK_KIB);
	readers_close(readers);
	ck_assert(descriptors_fall_to(before));
	check_alive();
}
END_TEST

/* ---- those who are slow ---- */

enum { LONG = 7000, KIB = 1000, TOPICS = 1600 };

static struct reader reader_open(const char *caller)
{
	return (struct reader){ .session = wire_session_of(caller),
		                .wire = wire_open_small(wire_port(), SMALL) };
}

START_TEST(a_slow_reader_of_a_call_comes_back_and_has_all_of_it_once)
{
	struct reader reader = reader_open("reader");

	reader_call(&reader, LONG, KIB, false);
	reader_read_drops(&reader, 500);
	flood_wait_ended(1);
	reader_read_drops(&reader, 500);
	reader_read_call(&reader);
	ck_assert_int_eq(reader.number, LONG);
	ck_assert_int_gt(reader.comes, 0);
	wire_close(&reader.wire);
}
END_TEST

/* Behind in what is stored, it is handed that at its own pace. */
START_TEST(a_slow_reader_that_comes_back_in_the_middle_misses_nothing)
{
	struct reader reader = reader_open("reader");

	reader_call(&reader, LONG, KIB, true);
	flood_give_words(LONG / 2);
	reader_read_drops(&reader, 2000);
	reader_come_back(&reader);
	reader_read_drops(&reader, 2000);
	flood_give_words(LONG / 2);
	flood_wait_ended(1);
	reader_read_call(&reader);
	ck_assert_int_eq(reader.number, LONG);
	wire_close(&reader.wire);
}
END_TEST

START_TEST(a_slow_listener_comes_back_and_has_all_of_it_once)
{
	struct reader reader = reader_open("reader");

	reader_subscribe(&reader);
	reader_get(&reader);
	reader_read_head(&reader);
	for (int told = 0; told < TOPICS; told += FLOOD_TOPICS) {
		flood_tell_topics(told + 1, FLOOD_TOPICS);
		reader_read_drops(&reader, 50);
	}
	reader_come_back(&reader);
	flood_tell_topics(TOPICS + 1, 1);
	reader_read_up_to(&reader, TOPICS + 1);
	wire_close(&reader.wire);
}
END_TEST

/* ---- those who leave ---- */

enum { SHORT = 20, WORD = 60 };

/* How many bytes all of it is. */
static size_t whole_length(void)
{
	struct reader reader = reader_open("reader");
	size_t length = 0;

	reader_call(&reader, SHORT, WORD, false);
	do
		length++;
	while (reader_read(&reader, 1));
	ck_assert(reader.is_answered);
	wire_close(&reader.wire);
	return length;
}

/* Or up to its end: in fewer chunks it is shorter. */
static void read_bytes(struct reader *reader, size_t length)
{
	while (length > 0 && reader_read(reader, 1))
		length--;
}

START_TEST(a_stream_that_is_reset_anywhere_is_resumed)
{
	const size_t step = IS_SANITIZED ? 101 : 13;
	const size_t length = whole_length();
	size_t memory = resident_kib();
	int before = open_descriptors();

	for (size_t at = 1; at < length; at += step) {
		struct reader reader = reader_open("reader");

		reader_call(&reader, SHORT, WORD, false);
		read_bytes(&reader, at);
		wire_reset(&reader.wire);
		reader.wire = wire_open(wire_port());
		if (reader.answer.id[0] != '\0') {
			reader_get(&reader);
			reader_read_call(&reader);
			ck_assert_int_eq(reader.number, SHORT);
		}
		wire_reset(&reader.wire);
	}
	check_alive();
	ck_assert(descriptors_fall_to(before));
	check_memory(memory, 8 * 1024);
}
END_TEST

START_TEST(who_closes_its_side_of_a_stream_still_gets_all_of_it)
{
	int before = open_descriptors();
	struct reader reader = reader_open("reader");

	reader_call(&reader, SHORT, WORD, true);
	flood_give_words(1);
	reader_read_up_to(&reader, 1);
	shutdown(reader.wire.fd, SHUT_WR);
	for (int i = 2; i <= SHORT; i++) {
		check_alive(); /* the server has had time to notice */
		flood_give_words(1);
		reader_read_up_to(&reader, i);
	}
	reader_read_call(&reader);
	ck_assert_int_eq(reader.comes, 0);
	ck_assert(wire_is_over(&reader.wire));
	ck_assert(descriptors_fall_to(before + 1));
	wire_close(&reader.wire);
}
END_TEST

START_TEST(a_listener_who_closes_its_side_is_told_until_it_leaves)
{
	int before = open_descriptors();
	struct reader reader = reader_open("reader");

	reader_subscribe(&reader);
	reader_get(&reader);
	reader_read_head(&reader);
	shutdown(reader.wire.fd, SHUT_WR);
	for (int i = 1; i <= 3; i++) {
		check_alive();
		flood_tell_topics(i, 1);
		reader_read_up_to(&reader, i);
	}
	ck_assert_int_eq(reader.comes, 0);
	wire_close(&reader.wire);
	flood_tell_topics(4, 1); /* which is answered by a reset */
	ck_assert(descriptors_fall_to(before));
	check_alive();
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("slow readers")
{
	test_case("deaf");
	test_fixture(start, stop);
	test_timeout(2 * WIRE_DEADLINE_S);
	test_add(
		a_call_whose_reader_never_reads_ends_and_holds_a_bounded_queue);
	test_add(a_listener_who_never_reads_holds_a_bounded_queue);

	test_case("slow");
	test_fixture(start_keeping_much, stop);
	test_timeout(2 * WIRE_DEADLINE_S);
	test_add(a_slow_reader_of_a_call_comes_back_and_has_all_of_it_once);
	test_add(a_slow_reader_that_comes_back_in_the_middle_misses_nothing);
	test_add(a_slow_listener_comes_back_and_has_all_of_it_once);

	test_case("leaving");
	test_fixture(start, stop);
	test_timeout(2 * WIRE_DEADLINE_S);
	test_add(a_stream_that_is_reset_anywhere_is_resumed);
	test_add(who_closes_its_side_of_a_stream_still_gets_all_of_it);
	test_add(a_listener_who_closes_its_side_is_told_until_it_leaves);
}
