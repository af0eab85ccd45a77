/* Real threads, for the thread sanitizer: network threads that do as they
 * like with few sessions, workers, and the store's own thread. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 150, CALLS = 8, NAMES = 4096, RECENT = 4 };

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools,
	                                              .has_writer_thread = true,
	                                              .workers = 3,
	                                              .hot = 2 });
}

static void run_threads(void *(*main)(void *arg))
{
	pthread_t threads[THREADS];
	uintptr_t i;

	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, main, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

/* ---- counting ------------------------------------------------------------ */

static const char *sessions[2];
static const char *count_body;
static atomic_int seen[THREADS * CALLS + 1]; /* times a number was told */

static void *count_main(void *arg)
{
	uintptr_t thread = (uintptr_t)arg;

	for (int i = 0; i < CALLS; i++) {
		struct answer answer =
			case_post(sessions[thread % 2], count_body);
		int number = atoi(answer_text(&harness, &answer));

		ck_assert_int_ge(number, 1);
		ck_assert_int_le(number, THREADS * CALLS);
		atomic_fetch_add(&seen[number], 1);
	}
	return NULL;
}

static void count_together(const char *body)
{
	count_body = body;
	run_threads(count_main);
	for (int number = 1; number <= THREADS * CALLS; number++)
		ck_assert_int_eq(atomic_load(&seen[number]), 1);
}

START_TEST(sixty_four_calls_of_one_session_get_sixty_four_numbers)
{
	sessions[0] = case_begin();
	sessions[1] = sessions[0];
	count_together(CALL(1, "count", "{}"));
	ck_assert_str_eq(harness_state(&harness, "alice", sessions[0], "n"),
	                 "64");
}
END_TEST

START_TEST(sixty_four_calls_of_one_caller_get_sixty_four_numbers)
{
	sessions[0] = case_begin();
	sessions[1] = case_begin_with("2025-11-25");
	count_together(CALL(1, "count", "{\"scope\":\"principal\"}"));
}
END_TEST

/* ---- as they like -------------------------------------------------------- */

/* Every id that was ever used, and when its DELETE had returned. */
static struct name {
	char id[80];
	atomic_uint ended; /* 0: not yet */
} names[NAMES];
static atomic_uint name_count;
static atomic_uint now; /* goes on with each beginning and each end */

static void add_name(const char *id)
{
	unsigned index = atomic_load(&name_count);
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	index = atomic_load(&name_count);
	ck_assert_uint_lt(index, NAMES);
	snprintf(names[index].id, sizeof names[index].id, "%s", id);
	atomic_store(&name_count, index + 1);
	pthread_mutex_unlock(&lock);
}

/* One of those used lately; most are alive. */
static struct name *pick_name(unsigned *seed)
{
	unsigned count = atomic_load(&name_count);
	unsigned back = (unsigned)rand_r(seed) % RECENT;

	return &names[count > back ? count - 1 - back : 0];
}

static void check_answer(struct name *name, unsigned begun,
                         const struct answer *answer)
{
	unsigned ended = atomic_load(&name->ended);
	int status = answer->status;

	ck_assert_msg(status == 200 || status == 202 || status == 204 ||
	                      status == 404,
	              "%d %s", status, answer->body);
	if (status == 404)
		ck_assert_ptr_nonnull(strstr(answer->body, "-32001"));
	else
		ck_assert_msg(ended == 0 || ended > begun,
		              "served at %u, though it ended at %u", begun,
		              ended);
}

static void end_name(struct name *name)
{
	unsigned begun = atomic_fetch_add(&now, 1) + 1;
	struct answer answer = case_delete(name->id);

	check_answer(name, begun, &answer);
	if (answer.status == 204)
		atomic_store(&name->ended, atomic_fetch_add(&now, 1) + 1);
}

static void post_name(struct name *name, const char *body)
{
	unsigned begun = atomic_fetch_add(&now, 1) + 1;
	struct answer answer = case_post(name->id, body);

	check_answer(name, begun, &answer);
}

/* A new session, or the same one again; never an ended one. */
static void initialize(struct name *name)
{
	unsigned begun = atomic_fetch_add(&now, 1) + 1;
	const char *id = name != NULL ? name->id : NULL;
	struct answer answer = case_post(id, INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
	if (name != NULL && strcmp(answer.session_id, id) == 0)
		check_answer(name, begun, &answer);
	else
		add_name(answer.session_id);
}

static void recreate(unsigned *seed)
{
	char id[32];

	snprintf(id, sizeof id, "foreign-%u", (unsigned)rand_r(seed));
	add_name(id);
}

static void step(unsigned *seed)
{
	static const char *const bodies[] = {
		PING(1),
		CALL(2, "count", "{}"),
		CALL(2, "count", "{}"),
		CALL(2, "count", "{\"scope\":\"principal\"}"),
		CALL(3, "whoami", "{}"),
		REQUEST(4, "tools/list"),
		NOTICE("notifications/initialized"),
		NOTICE_WITH("notifications/cancelled", "{\"requestId\":2}"),
		NOTICE_WITH("notifications/cancelled", "{\"requestId\":3}"),
		CALL(3, "echo", "{\"text\":\"x\"}"),
	};
	enum { BODIES = sizeof bodies / sizeof *bodies };
	struct name *name = pick_name(seed);
	unsigned what = (unsigned)rand_r(seed) % 24;

	if (what < 2)
		end_name(name);
	else if (what == 2)
		initialize(NULL);
	else if (what == 3)
		initialize(name);
	else if (what == 4)
		recreate(seed);
	else
		post_name(name, bodies[(unsigned)rand_r(seed) % BODIES]);
}

static void *play_main(void *arg)
{
	unsigned seed = 12345 + 77 * (unsigned)(uintptr_t)arg;

	for (int round = 0; round < ROUNDS; round++) {
		step(&seed);
		if (round % 16 == 0)
			harness_pass(&harness, 20000);
	}
	return NULL;
}

/* It was worth the while. */
static void check_variety(void)
{
	const struct sessions_counts *counts = &harness.sessions.counts;

	ck_assert_uint_gt(atomic_load(&counts->created), 0);
	ck_assert_uint_gt(atomic_load(&counts->restored), 0);
	ck_assert_uint_gt(atomic_load(&counts->recreated), 0);
	ck_assert_uint_gt(atomic_load(&counts->ended), 0);
	ck_assert_uint_gt(atomic_load(&harness.endpoint.refused), 0);
}

START_TEST(nobody_is_served_after_the_204_of_a_delete)
{
	initialize(NULL);
	run_threads(play_main);
	check_variety();
}
END_TEST

static void *play_and_sweep_main(void *arg)
{
	if (arg != NULL)
		return play_main(arg);
	for (int i = 0; i < ROUNDS; i++)
		harness_sweep(&harness);
	return NULL;
}

START_TEST(a_sweeper_and_short_idle_times_change_nothing_of_it)
{
	harness.sessions.options.idle_ms = 100000;
	initialize(NULL);
	run_threads(play_and_sweep_main);
	check_variety();
}
END_TEST

TEST_MAIN("concurrent")
{
	test_timeout(120);
	test_fixture(set_up, case_tear_down);
	test_add(sixty_four_calls_of_one_session_get_sixty_four_numbers);
	test_add(sixty_four_calls_of_one_caller_get_sixty_four_numbers);
	test_add(nobody_is_served_after_the_204_of_a_delete);
	test_add(a_sweeper_and_short_idle_times_change_nothing_of_it);
}
