/* A DELETE against posts of 8 threads, again and again: MCPS_ROUNDS of them,
 * 1 000 if it is not set. No request that began after the 204 was there gets a
 * 2xx, and no state survives the session. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <mcps/call.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 1000, ENDS = 200, LISTENING = 8 };

static struct {
	const char *id;
	atomic_bool is_ended; /* the 204 is there */
	atomic_uint posted;   /* in this round */
	unsigned before;      /* so many posts go before the DELETE */
	pthread_barrier_t at; /* begin and end of a round */
	unsigned rounds;
} race;

/* Assertions of check are for one thread: the others leave a word. */
static struct {
	atomic_uint count;
	char first[512];
} wrong;

static void complain(const char *what, const struct answer *answer)
{
	if (atomic_fetch_add(&wrong.count, 1) == 0)
		snprintf(wrong.first, sizeof wrong.first, "%s: %d %s", what,
		         answer->status, answer->body);
}

static unsigned rounds_wanted(void)
{
	const char *text = getenv("MCPS_ROUNDS");

	return text != NULL ? (unsigned)atoi(text) : ROUNDS;
}

static void end_session(void)
{
	struct answer answer = case_delete(race.id);

	if (answer.status != 204)
		complain("delete", &answer);
	atomic_store(&race.is_ended, true);
}

/* False: it came after the end. */
static bool post_one(unsigned number)
{
	static const char *const bodies[] = { PING(1), CALL(2, "count", "{}"),
		                              CALL(3, "echo",
		                                   "{\"text\":\"x\"}") };
	bool is_late = atomic_load(&race.is_ended);
	struct answer answer = case_post(race.id, bodies[number % 3]);

	if (answer.status != 404 && (answer.status != 200 || is_late))
		complain(is_late ? "late" : "in time", &answer);
	return !is_late;
}

static void play_round(uintptr_t thread)
{
	bool goes_on = true;

	while (goes_on) {
		unsigned number = atomic_fetch_add(&race.posted, 1);

		if (number == race.before)
			end_session();
		goes_on = post_one(number + (unsigned)thread);
	}
}

static void *play_main(void *arg)
{
	for (unsigned i = 0; i < race.rounds; i++) {
		pthread_barrier_wait(&race.at);
		play_round((uintptr_t)arg);
		pthread_barrier_wait(&race.at);
	}
	return NULL;
}

static void begin_round(unsigned round)
{
	race.id = case_begin_with("2025-11-25");
	race.before = round % 40;
	atomic_store(&race.is_ended, false);
	atomic_store(&race.posted, 0);
}

static void check_round(void)
{
	ck_assert_int_eq(harness_row(&harness, "alice", race.id).phase,
	                 MCPS_PHASE_ENDED);
	ck_assert_ptr_null(harness_state(&harness, "alice", race.id, "n"));
}

START_TEST(no_post_is_served_after_the_204_of_a_delete)
{
	pthread_t threads[THREADS];

	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools,
	                                              .has_writer_thread = true,
	                                              .workers = 3 });
	race.rounds = rounds_wanted();
	pthread_barrier_init(&race.at, NULL, THREADS + 1);
	for (uintptr_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, play_main, (void *)i),
			0);
	for (unsigned round = 0; round < race.rounds; round++) {
		begin_round(round);
		pthread_barrier_wait(&race.at);
		pthread_barrier_wait(&race.at);
		check_round();
		ck_assert_msg(atomic_load(&wrong.count) == 0, "round %u, %s",
		              round, wrong.first);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&race.at);
	harness_finish(&harness);
}
END_TEST

/* ---- a call that waits for its end ---- */

static atomic_bool runs;

static mcps_status run_until_cancelled(mcps_call *call, const void *args)
{
	(void)args;
	atomic_store(&runs, true);
	while (!mcps_cancelled(call))
		;
	return mcps_text(call, "cancelled");
}

static const mcps_tool patient_tools[] = { { .size = sizeof(mcps_tool),
	                                     .name = "patient",
	                                     .run = run_until_cancelled },
	                                   { .name = NULL } };

/* It is told to stop, and that its session has ended, at once. */
static void end_under_a_call(void)
{
	const char *id = case_begin_with("2025-11-25");
	struct flight *listening[LISTENING];
	struct flight *call;
	struct answer answer;

	for (int i = 0; i < LISTENING; i++) {
		listening[i] = SEND(&harness, .method = "GET",
		                    .caller = "alice", .id = id);
		harness_open_stream(listening[i]);
	}
	atomic_store(&runs, false);
	call = case_send(id, CALL(7, "patient", "{}"));
	while (!atomic_load(&runs))
		sched_yield();
	answer = case_delete(id);
	ck_assert_int_eq(answer.status, 204);
	answer = harness_receive(call);
	answer_check_outcome(&answer, OUTCOME(7));
	for (int i = 0; i < LISTENING; i++)
		harness_hang_up(listening[i]);
}

START_TEST(a_call_that_stops_when_its_session_ends_is_not_404)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = patient_tools,
	                                              .has_writer_thread = true,
	                                              .workers = 1 });
	for (int i = 0; i < ENDS; i++)
		end_under_a_call();
	harness_finish(&harness);
}
END_TEST

TEST_MAIN("delete_race")
{
	test_timeout(120 + 0.1 * rounds_wanted());
	test_add(no_post_is_served_after_the_204_of_a_delete);
	test_add(a_call_that_stops_when_its_session_ends_is_not_404);
}
