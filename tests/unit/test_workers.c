/* The threads that run tools. */
#include "base/container.h"
#include "server/workers.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, QUEUE = 4, ROUNDS = 2000 };

struct job {
	struct work work;
	unsigned number;
	const uint8_t *owner;
};

static struct workers *workers;
static struct executor executor;
static struct job jobs[64];
static pthread_barrier_t meeting;
static sem_t started, go_on, ended;
static atomic_uint ran;
static unsigned order[64];
static const uint8_t ann[WORK_OWNER_SIZE] = "ann";
static const uint8_t bob[WORK_OWNER_SIZE] = "bob";

/* ---- time and log ---- */

static atomic_int_fast64_t now_ms;
static unsigned lines;
static char last_line[512];
static struct incidents incidents;

static int64_t read_clock(void *arg)
{
	(void)arg;
	return atomic_load(&now_ms);
}

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	(void)arg, (void)level, (void)module;
	lines++;
	strncpy(last_line, text, sizeof last_line - 1);
}

static const struct clock_source test_clock = { .wall_ms = read_clock,
	                                        .steady_ms = read_clock };
static const struct log_sink log_sink = { write_line, NULL, MCPS_LOG_DEBUG };

/* ---- starting ---- */

static void start(uint32_t threads, uint32_t most_of_one, uint32_t queue)
{
	const struct workers_options options = {
		.threads = threads,
		.queue = queue,
		.most_of_one = most_of_one,
		.clock = &test_clock,
		.incidents = &incidents,
	};
	struct mcps_error error;

	ck_assert_int_eq(mcps__workers_start(&workers, &options, &error),
	                 MCPS_OK);
	executor = mcps__workers_executor(workers);
}

static void stop(void)
{
	mcps__workers_stop(workers);
	mcps__workers_free(workers);
}

static void restart(uint32_t threads, uint32_t most_of_one, uint32_t queue)
{
	stop();
	start(threads, most_of_one, queue);
}

static void set_up(void)
{
	lines = 0;
	atomic_store(&now_ms, 1000000);
	mcps__incidents_init(&incidents, &log_sink, &test_clock);
	start(THREADS, 0, QUEUE);
	sem_init(&started, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&ended, 0, 0);
	atomic_store(&ran, 0);
}

static void tear_down(void)
{
	stop();
	sem_destroy(&started);
	sem_destroy(&go_on);
	sem_destroy(&ended);
}

static mcps_status submit_of(const uint8_t *owner, unsigned number,
                             void (*run)(struct work *work), bool must)
{
	jobs[number].number = number;
	jobs[number].owner = owner;
	jobs[number].work.run = run;
	return executor.submit(executor.arg, &jobs[number].work, owner, must);
}

/* Work without an owner. */
static bool submit(unsigned number, void (*run)(struct work *work), bool must)
{
	return submit_of(NULL, number, run, must) == MCPS_OK;
}

static void meet(struct work *work)
{
	(void)work;
	pthread_barrier_wait(&meeting);
	sem_post(&ended);
}

static void wait_here(struct work *work)
{
	(void)work;
	sem_post(&started);
	sem_wait(&go_on);
	sem_post(&ended);
}

static void count(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	order[atomic_fetch_add(&ran, 1)] = job->number;
	sem_post(&ended);
}

static void wait_for(sem_t *event, unsigned times)
{
	while (times-- > 0)
		sem_wait(event);
}

/* If somebody sleeps on while there is work, they never meet. */
START_TEST(as_many_run_at_once_as_there_are_threads)
{
	pthread_barrier_init(&meeting, NULL, THREADS);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < THREADS; i++)
			ck_assert(submit(i, meet, true));
		wait_for(&ended, THREADS);
	}
	pthread_barrier_destroy(&meeting);
}
END_TEST

START_TEST(what_waits_is_run_though_all_but_one_thread_are_busy)
{
	for (unsigned i = 1; i < THREADS; i++)
		ck_assert(submit(i, wait_here, true));
	wait_for(&started, THREADS - 1);
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert(submit(0, count, false));
		wait_for(&ended, 1);
		atomic_store(&ran, 0);
	}
	for (unsigned i = 1; i < THREADS; i++)
		sem_post(&go_on);
	wait_for(&ended, THREADS - 1);
}
END_TEST

static void fill(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert(submit(i, wait_here, true));
	wait_for(&started, THREADS);
}

START_TEST(a_full_queue_refuses_all_but_what_must_run)
{
	fill();
	ck_assert_int_eq(submit_of(ann, 10, count, false), MCPS_OK);
	ck_assert_int_eq(submit_of(ann, 11, count, false), MCPS_OK);
	ck_assert_int_eq(submit_of(ann, 12, count, false), MCPS_E_LIMIT);
	ck_assert_int_eq(submit_of(bob, 13, count, false), MCPS_OK);
	ck_assert(submit(14, count, false));
	ck_assert_int_eq(submit_of(bob, 15, count, false), MCPS_E_BUSY);
	ck_assert_int_eq(submit_of(bob, 16, count, true), MCPS_OK);
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
	wait_for(&ended, THREADS + 5);
	ck_assert_uint_eq(atomic_load(&ran), 5);
}
END_TEST

START_TEST(they_begin_in_the_order_of_coming)
{
	fill();
	for (unsigned i = 10; i < 40; i++)
		ck_assert(submit(i, count, true));
	sem_post(&go_on); /* one thread alone runs them */
	wait_for(&ended, 31);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_uint_eq(order[i], 10 + i);
	for (unsigned i = 1; i < THREADS; i++)
		sem_post(&go_on);
}
END_TEST

START_TEST(a_stop_runs_what_is_queued_and_then_only_what_must_run)
{
	fill();
	ck_assert(submit(10, count, false));
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
	mcps__workers_stop(workers);
	ck_assert_uint_eq(atomic_load(&ran), 1);
	ck_assert_int_eq(submit_of(ann, 11, count, false), MCPS_E_STOPPING);
	ck_assert_uint_eq(atomic_load(&ran), 1);
	ck_assert(submit(12, count, true)); /* here */
	ck_assert_uint_eq(atomic_load(&ran), 2);
}
END_TEST

/* ---- owners ---- */

enum { MANY = 40 };

/* Ann has MANY pieces of work that do not end; MOST of them run. */
static void ann_comes(unsigned most)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(submit_of(ann, i, wait_here, false), MCPS_OK);
	wait_for(&started, most);
}

static void ann_leaves(void)
{
	for (unsigned i = 0; i < MANY; i++)
		sem_post(&go_on);
}

static void check_bob_is_served(uint32_t threads, uint32_t most_of_one,
                                unsigned most)
{
	restart(threads, most_of_one, 1024);
	ann_comes(most);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(submit_of(bob, 50, count, false), MCPS_OK);
		wait_for(&ended, 1);
		ck_assert_int_ne(sem_trywait(&started), 0);
	}
	ann_leaves();
	wait_for(&ended, MANY);
	wait_for(&started, MANY - most);
	atomic_store(&ran, 0);
}

START_TEST(an_owner_with_much_long_work_leaves_a_worker_to_others)
{
	check_bob_is_served(2, 0, 1);
	check_bob_is_served(4, 0, 3);
	check_bob_is_served(16, 0, 15);
	check_bob_is_served(16, 2, 2);
}
END_TEST

START_TEST(one_worker_serves_an_owner_and_then_the_other)
{
	restart(1, 0, 1024);
	ann_comes(1);
	ck_assert_int_eq(submit_of(bob, 50, count, false), MCPS_OK);
	sem_post(&go_on);
	wait_for(&started, 1); /* the second of ann, already waiting */
	sem_post(&go_on);
	wait_for(&ended, 3);
	ck_assert_uint_eq(atomic_load(&ran), 1);
	ann_leaves();
}
END_TEST

START_TEST(an_owner_may_have_all_workers_if_that_is_wanted)
{
	restart(4, 4, 1024);
	ann_comes(4);
	ann_leaves();
}
END_TEST

/* If nobody looks for work of an owner that leaves its bound, this waits for
 * ever: all others sleep. */
START_TEST(work_of_an_owner_at_its_bound_runs_when_its_other_work_ends)
{
	restart(4, 3, 1024);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < 3; i++)
			ck_assert_int_eq(submit_of(ann, i, wait_here, false),
			                 MCPS_OK);
		for (unsigned i = 3; i < 8; i++)
			ck_assert_int_eq(submit_of(ann, i, count, false),
			                 MCPS_OK);
		wait_for(&started, 3);
		sem_post(&go_on);
		wait_for(&ended, 6);
		sem_post(&go_on);
		sem_post(&go_on);
		wait_for(&ended, 2);
		atomic_store(&ran, 0);
	}
}
END_TEST

START_TEST(a_stop_runs_the_work_of_an_owner_at_its_bound)
{
	restart(4, 2, 1024);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(submit_of(ann, i, wait_here, false), MCPS_OK);
	for (unsigned i = 2; i < 20; i++)
		ck_assert_int_eq(submit_of(ann, i, count, false), MCPS_OK);
	for (unsigned i = 0; i < 2; i++)
		sem_post(&go_on);
	mcps__workers_stop(workers);
	ck_assert_uint_eq(atomic_load(&ran), 18);
}
END_TEST

/* ---- waiting long ---- */

START_TEST(work_that_waits_for_a_second_is_reported_once)
{
	fill();
	ck_assert_int_eq(submit_of(ann, 10, count, false), MCPS_OK);
	ck_assert_int_eq(submit_of(bob, 11, count, false), MCPS_OK);
	atomic_fetch_add(&now_ms, 1000);
	mcps__workers_check(workers);
	ck_assert_uint_eq(lines, 0);
	atomic_fetch_add(&now_ms, 1);
	mcps__workers_check(workers);
	ck_assert_uint_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last_line, "longer than a second"));
	ck_assert_ptr_nonnull(strstr(last_line, "--workers"));
	ck_assert_ptr_nonnull(strstr(last_line, "times=2 total=2"));
	atomic_fetch_add(&now_ms, 120000);
	mcps__workers_check(workers);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 1);
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
}
END_TEST

START_TEST(work_that_waits_long_is_logged_at_most_once_a_minute)
{
	fill();
	for (unsigned i = 10; i < 13; i++) {
		ck_assert(submit(i, count, true));
		atomic_fetch_add(&now_ms, 1001);
		mcps__workers_check(workers);
	}
	ck_assert_uint_eq(lines, 1);
	atomic_fetch_add(&now_ms, 60000);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 2);
	ck_assert_ptr_nonnull(strstr(last_line, "times=2 total=3"));
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
}
END_TEST

START_TEST(work_that_runs_long_is_not_reported)
{
	fill();
	atomic_fetch_add(&now_ms, 60000);
	mcps__workers_check(workers);
	ck_assert_uint_eq(lines, 0);
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
}
END_TEST

/* ---- all at once ---- */

enum { OWNERS = 5, SUBMITTERS = 4, PIECES = 5000, MOST = 2 };

struct piece {
	struct work work;
	unsigned owner, number;
};

static uint8_t keys[OWNERS][WORK_OWNER_SIZE];
static atomic_uint busy[OWNERS];
static atomic_uint too_many, done_pieces, refused;
static struct piece pieces[SUBMITTERS][PIECES];

/* Now and then one takes longer, so that its owner reaches the bound. */
static void run_piece(struct work *work)
{
	struct piece *piece = container_of(work, struct piece, work);

	if (atomic_fetch_add(&busy[piece->owner], 1) >= MOST)
		atomic_fetch_add(&too_many, 1);
	for (unsigned i = 0; piece->number % 64 == 0 && i < 20; i++)
		sched_yield();
	atomic_fetch_sub(&busy[piece->owner], 1);
	atomic_fetch_add(&done_pieces, 1);
	sem_post(&ended);
}

static void *submit_pieces(void *arg)
{
	struct piece *mine = arg;
	uint32_t seed = 1 + (uint32_t)(mine - pieces[0]);
	mcps_status status;

	for (unsigned i = 0; i < PIECES; i++) {
		seed = seed * 1664525 + 1013904223;
		mine[i] = (struct piece){ .work.run = run_piece,
			                  .owner = (seed >> 16) % OWNERS,
			                  .number = i };
		status = executor.submit(executor.arg, &mine[i].work,
		                         keys[mine[i].owner], false);
		if (status != MCPS_OK)
			atomic_fetch_add(&refused, 1);
	}
	return NULL;
}

START_TEST(nothing_is_lost_and_no_bound_is_passed_while_all_come_at_once)
{
	pthread_t threads[SUBMITTERS];

	restart(THREADS, MOST, 256);
	for (unsigned i = 0; i < OWNERS; i++)
		keys[i][0] = (uint8_t)(i + 1);
	for (int i = 0; i < SUBMITTERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		                                submit_pieces, pieces[i]),
		                 0);
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(threads[i], NULL);
	/* Nobody submits any more: a wakeup that was lost stays lost. */
	wait_for(&ended, SUBMITTERS * PIECES - atomic_load(&refused));
	ck_assert_uint_eq(atomic_load(&too_many), 0);
	ck_assert_uint_eq(atomic_load(&done_pieces) + atomic_load(&refused),
	                  SUBMITTERS * PIECES);
	ck_assert_uint_gt(atomic_load(&done_pieces), 0);
}
END_TEST

TEST_MAIN("workers")
{
	test_fixture(set_up, tear_down);
	test_timeout(120);
	test_add(as_many_run_at_once_as_there_are_threads);
	test_add(what_waits_is_run_though_all_but_one_thread_are_busy);
	test_add(a_full_queue_refuses_all_but_what_must_run);
	test_add(they_begin_in_the_order_of_coming);
	test_add(a_stop_runs_what_is_queued_and_then_only_what_must_run);
	test_add(an_owner_with_much_long_work_leaves_a_worker_to_others);
	test_add(one_worker_serves_an_owner_and_then_the_other);
	test_add(an_owner_may_have_all_workers_if_that_is_wanted);
	test_add(work_of_an_owner_at_its_bound_runs_when_its_other_work_ends);
	test_add(a_stop_runs_the_work_of_an_owner_at_its_bound);
	test_add(work_that_waits_for_a_second_is_reported_once);
	test_add(work_that_waits_long_is_logged_at_most_once_a_minute);
	test_add(work_that_runs_long_is_not_reported);
	test_add(nothing_is_lost_and_no_bound_is_passed_while_all_come_at_once);
}
