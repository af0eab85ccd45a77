/* The queue that serves owners in turn, without threads. */
#include "base/container.h"
#include "server/fair_queue.h"
#include "unit/failing_memory.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { PLACES = 16, MOST = 3, JOBS = 4096 };

struct job {
	struct work work;
	char owner;
	unsigned number; /* of its owner */
};

static struct fair_queue queue;
static struct job jobs[JOBS];
static unsigned job_count;
static char order[JOBS + 1];
static struct work_owner *running[JOBS];
static unsigned running_count;

static void start(uint32_t places, uint32_t most)
{
	ck_assert_int_eq(mcps__fair_queue_init(&queue, places, most), MCPS_OK);
	job_count = 0;
	running_count = 0;
	memset(order, 0, sizeof order);
}

static void set_up(void)
{
	start(PLACES, MOST);
}

static void restart(uint32_t places, uint32_t most)
{
	mcps__fair_queue_finish(&queue);
	start(places, most);
}

static bool take(void);
static void end_all(void);

static void tear_down(void)
{
	do {
		end_all();
	} while (take());
	ck_assert_uint_eq(queue.queued, 0);
	ck_assert_uint_eq(queue.waiting, 0);
	mcps__fair_queue_finish(&queue);
}

static const uint8_t *key_of(unsigned owner)
{
	static uint8_t key[WORK_OWNER_SIZE];

	memset(key, 0, sizeof key);
	memcpy(key, &owner, sizeof owner);
	return key;
}

static mcps_status submit(struct job *job, const uint8_t *key)
{
	return mcps__fair_queue_add(&queue, &job->work, key);
}

/* Work of OWNER, a letter; '-' is nobody. */
static mcps_status add(char owner, bool must)
{
	struct job *job = &jobs[job_count++];

	ck_assert_uint_lt(job_count, JOBS);
	*job = (struct job){ .owner = owner, .work.must = must };
	return submit(job, owner == '-' ? NULL : key_of((unsigned char)owner));
}

/* A piece of work of each letter, which all find a place. */
static void add_each(const char *owners)
{
	for (; *owners != '\0'; owners++)
		ck_assert_int_eq(add(*owners, false), MCPS_OK);
}

/* The next work runs from now on; false: none may. */
static bool take(void)
{
	struct work *work = mcps__fair_queue_take(&queue);

	if (work == NULL)
		return false;
	order[strlen(order)] = container_of(work, struct job, work)->owner;
	running[running_count++] = work->owner;
	return true;
}

/* Everything that may run begins; their owners, in order. */
static const char *take_all(void)
{
	memset(order, 0, sizeof order);
	while (take())
		;
	return order;
}

static void end_first(void)
{
	mcps__fair_queue_ended(&queue, running[0]);
	memmove(running, running + 1, --running_count * sizeof *running);
}

static void end_all(void)
{
	while (running_count > 0)
		end_first();
}

/* One thread runs it all, one after the other. */
static const char *run_all(void)
{
	memset(order, 0, sizeof order);
	while (take())
		end_all();
	return order;
}

/* ---- turns ---- */

START_TEST(work_of_one_owner_keeps_its_order)
{
	add_each("aaaa");
	for (unsigned i = 0; i < 4; i++) {
		struct work *work = mcps__fair_queue_take(&queue);

		ck_assert_ptr_eq(work, &jobs[i].work);
		mcps__fair_queue_ended(&queue, work->owner);
	}
	ck_assert_ptr_null(mcps__fair_queue_take(&queue));
}
END_TEST

START_TEST(owners_are_served_in_turn)
{
	add_each("aaaaabbc");
	ck_assert_str_eq(run_all(), "abcabaaa");
}
END_TEST

START_TEST(an_owner_that_comes_late_is_next_in_one_round)
{
	add_each("aaaabbb");
	ck_assert(take());
	ck_assert(take());
	add_each("c");
	ck_assert_str_eq(run_all(), "abcaba");
}
END_TEST

START_TEST(work_without_an_owner_takes_turns_too)
{
	add_each("aaa--");
	ck_assert_str_eq(run_all(), "a-a-a");
}
END_TEST

/* ---- the bound ---- */

START_TEST(an_owner_at_its_bound_waits_while_others_run)
{
	add_each("aaaaaab");
	ck_assert_str_eq(take_all(), "abaa");
	ck_assert(!mcps__fair_queue_is_ready(&queue));
	add_each("ab");
	ck_assert_str_eq(take_all(), "b");
}
END_TEST

START_TEST(an_owner_at_its_bound_is_served_when_its_work_ends)
{
	add_each("aaaaa");
	ck_assert_str_eq(take_all(), "aaa");
	end_first();
	ck_assert(mcps__fair_queue_is_ready(&queue));
	ck_assert_str_eq(take_all(), "a");
	end_first();
	end_first();
	ck_assert_str_eq(take_all(), "a");
}
END_TEST

START_TEST(an_owner_that_leaves_its_bound_waits_for_its_turn)
{
	add_each("aaaa");
	ck_assert_str_eq(take_all(), "aaa");
	add_each("bc");
	end_first();
	ck_assert_str_eq(take_all(), "bca");
}
END_TEST

START_TEST(work_without_an_owner_has_no_bound)
{
	add_each("-----");
	ck_assert_str_eq(take_all(), "-----");
}
END_TEST

START_TEST(without_bounds_an_owner_runs_all_its_work)
{
	add_each("aaaaaa");
	ck_assert_str_eq(take_all(), "aaa");
	mcps__fair_queue_lift_bounds(&queue);
	ck_assert_str_eq(take_all(), "aaa");
}
END_TEST

/* ---- places ---- */

START_TEST(one_owner_takes_half_of_the_places)
{
	for (int i = 0; i < PLACES / 2; i++)
		ck_assert_int_eq(add('a', false), MCPS_OK);
	ck_assert_int_eq(add('a', false), MCPS_E_LIMIT);
	ck_assert_int_eq(add('b', false), MCPS_OK);
}
END_TEST

START_TEST(an_owner_with_nothing_waiting_finds_a_place_whoever_waits)
{
	char last = 'a' + PLACES - 1;

	for (char owner = 'a'; owner <= last; owner++) {
		ck_assert_int_eq(add(owner, false), MCPS_OK);
		while (add(owner, false) == MCPS_OK)
			;
		if (queue.waiting == PLACES)
			break;
	}
	/* Half, a quarter, an eighth, ... of the places, down to one. */
	ck_assert_uint_eq(queue.waiting, PLACES);
	ck_assert_int_eq(add('A', false), MCPS_E_BUSY);
}
END_TEST

START_TEST(an_owner_gives_way_when_others_come)
{
	while (add('a', false) == MCPS_OK)
		;
	add_each("bb");
	ck_assert_str_eq(take_all(), "ababa");
	/* 5 of a wait, 11 places are free. */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(add('a', false), MCPS_OK);
	ck_assert_int_eq(add('a', false), MCPS_E_LIMIT);
}
END_TEST

START_TEST(work_that_must_run_is_taken_by_a_full_queue_and_fills_no_place)
{
	restart(2, MOST);
	add_each("ab");
	ck_assert_int_eq(add('c', false), MCPS_E_BUSY);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(add('c', true), MCPS_OK);
	ck_assert_str_eq(run_all(), "abcccccccccc");
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(add('c', true), MCPS_OK);
	add_each("ab");
}
END_TEST

/* ---- memory ---- */

static unsigned owners(void)
{
	return HASH_COUNT(queue.by_key) - 1; /* nobody */
}

START_TEST(an_owner_without_work_takes_no_memory)
{
	for (int round = 0; round < 100; round++) {
		add_each("abc");
		ck_assert_uint_eq(owners(), 3);
		take_all();
		ck_assert_uint_eq(owners(), 3);
		end_all();
		ck_assert_uint_eq(owners(), 0);
	}
}
END_TEST

START_TEST(an_owner_that_is_refused_takes_no_memory)
{
	restart(1, MOST);
	add_each("a");
	ck_assert_int_eq(add('b', false), MCPS_E_BUSY);
	ck_assert_uint_eq(owners(), 1);
}
END_TEST

START_TEST(without_memory_a_call_is_refused_and_what_must_run_runs)
{
	struct failing_memory memory;

	add_each("a");
	failing_memory_start(&memory, 1);
	ck_assert_int_eq(add('b', false), MCPS_E_NOMEM);
	ck_assert(failing_memory_stop(&memory));
	failing_memory_start(&memory, 1);
	ck_assert_int_eq(add('c', true), MCPS_OK);
	ck_assert(failing_memory_stop(&memory));
	ck_assert_str_eq(run_all(), "ac");
	add_each("b");
	ck_assert_str_eq(run_all(), "b");
}
END_TEST

START_TEST(without_memory_there_is_no_queue)
{
	struct fair_queue none;
	struct failing_memory memory;
	size_t fail_at = 1;
	mcps_status status;

	do {
		failing_memory_start(&memory, fail_at++);
		status = mcps__fair_queue_init(&none, PLACES, MOST);
	} while (failing_memory_stop(&memory) && status == MCPS_E_NOMEM);
	ck_assert_int_eq(status, MCPS_OK);
	ck_assert_uint_gt(fail_at, 2);
	mcps__fair_queue_finish(&none);
}
END_TEST

/* ---- many owners ---- */

START_TEST(a_thousand_owners_are_told_apart)
{
	enum { OWNERS = 1000 };

	restart(4 * OWNERS, 1);
	for (unsigned i = 0; i < 2 * OWNERS; i++) {
		jobs[i] = (struct job){ .number = i };
		ck_assert_int_eq(submit(&jobs[i], key_of(i % OWNERS)), MCPS_OK);
	}
	for (unsigned i = 0; i < OWNERS; i++)
		running[i] = mcps__fair_queue_take(&queue)->owner;
	ck_assert(!mcps__fair_queue_is_ready(&queue));
	for (unsigned i = 0; i < OWNERS; i++) {
		mcps__fair_queue_ended(&queue, running[i]);
		running[i] = mcps__fair_queue_take(&queue)->owner;
		ck_assert(!mcps__fair_queue_is_ready(&queue));
	}
	running_count = OWNERS;
}
END_TEST

/* ---- waiting long ---- */

START_TEST(late_work_is_counted_once)
{
	for (unsigned i = 0; i < 4; i++) {
		jobs[i].work.queued_ms = 100 * i;
		jobs[i].work.is_late = false;
		ck_assert_int_eq(submit(&jobs[i], key_of(i % 2)), MCPS_OK);
	}
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 0), 0);
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 101), 2);
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 101), 0);
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 1000), 2);
	run_all();
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 1000), 0);
}
END_TEST

START_TEST(work_that_its_owner_s_bound_holds_up_is_late_too)
{
	add_each("aaaa");
	take_all();
	ck_assert_uint_eq(mcps__fair_queue_count_late(&queue, 1), 1);
}
END_TEST

TEST_MAIN("fair queue")
{
	test_fixture(set_up, tear_down);
	test_add(work_of_one_owner_keeps_its_order);
	test_add(owners_are_served_in_turn);
	test_add(an_owner_that_comes_late_is_next_in_one_round);
	test_add(work_without_an_owner_takes_turns_too);
	test_add(an_owner_at_its_bound_waits_while_others_run);
	test_add(an_owner_at_its_bound_is_served_when_its_work_ends);
	test_add(an_owner_that_leaves_its_bound_waits_for_its_turn);
	test_add(work_without_an_owner_has_no_bound);
	test_add(without_bounds_an_owner_runs_all_its_work);
	test_add(one_owner_takes_half_of_the_places);
	test_add(an_owner_with_nothing_waiting_finds_a_place_whoever_waits);
	test_add(an_owner_gives_way_when_others_come);
	test_add(
		work_that_must_run_is_taken_by_a_full_queue_and_fills_no_place);
	test_add(an_owner_without_work_takes_no_memory);
	test_add(an_owner_that_is_refused_takes_no_memory);
	test_add(without_memory_a_call_is_refused_and_what_must_run_runs);
	test_add(without_memory_there_is_no_queue);
	test_add(a_thousand_owners_are_told_apart);
	test_add(late_work_is_counted_once);
	test_add(work_that_its_owner_s_bound_holds_up_is_late_too);
}
