/* Locks on state keys: first come first served, with a deadline. Nothing here
 * sleeps: a thread is in the wait queue once the kernel says that it waits. */
#define _GNU_SOURCE /* gettid */
#include "call/locks.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MANY = 8, LONG_MS = 60000 };

static struct locks locks;

static void set_up(void)
{
	ck_assert_int_eq(mcps__locks_init(&locks), MCPS_OK);
}

static void tear_down(void)
{
	ck_assert_ptr_null(locks.by_name);
	mcps__locks_finish(&locks);
}

static mcps_status take(struct key_lock **out, const char *name,
                        uint32_t wait_ms)
{
	return mcps__lock_take(&locks, out, name, strlen(name), wait_ms);
}

static struct key_lock *must_take(const char *name)
{
	struct key_lock *lock;

	ck_assert_int_eq(take(&lock, name, LONG_MS), MCPS_OK);
	ck_assert_ptr_nonnull(lock);
	return lock;
}

static void release(struct key_lock *lock)
{
	mcps__lock_release(&locks, lock);
}

/* ---- threads ------------------------------------------------------------- */

struct taker {
	pthread_t thread;
	atomic_long id;
	const char *name;
	uint32_t wait_ms;
	mcps_status status;
	int turn; /* the how many-th to get it */
};

static atomic_int turns;

static void *take_main(void *arg)
{
	struct taker *taker = arg;
	struct key_lock *lock;

	atomic_store(&taker->id, syscall(SYS_gettid));
	taker->status = take(&lock, taker->name, taker->wait_ms);
	if (taker->status == MCPS_OK)
		taker->turn = atomic_fetch_add(&turns, 1);
	release(lock);
	return NULL;
}

/* Sleeping, and the mutex is free: it waits for its turn. */
static void wait_until_queued(struct taker *taker)
{
	char path[64];
	char state = 'R';
	long id;

	while ((id = atomic_load(&taker->id)) == 0)
		sched_yield();
	snprintf(path, sizeof path, "/proc/self/task/%ld/stat", id);
	while (state != 'S') {
		FILE *file = fopen(path, "r");

		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(fscanf(file, "%*d %*s %c", &state), 1);
		fclose(file);
		sched_yield();
	}
}

static void start(struct taker *taker, const char *name, uint32_t wait_ms)
{
	*taker = (struct taker){ .name = name, .wait_ms = wait_ms };
	ck_assert_int_eq(pthread_create(&taker->thread, NULL, take_main, taker),
	                 0);
}

static void join(struct taker *taker)
{
	ck_assert_int_eq(pthread_join(taker->thread, NULL), 0);
}

/* ---- tests --------------------------------------------------------------- */

START_TEST(a_free_lock_is_had_at_once_and_again_after_its_release)
{
	release(must_take("a"));
	release(must_take("a"));
	release(NULL);
}
END_TEST

START_TEST(names_are_bytes_of_a_length)
{
	struct key_lock *one, *two, *three;

	ck_assert_int_eq(mcps__lock_take(&locks, &one, "a\0b", 3, 0), MCPS_OK);
	ck_assert_int_eq(mcps__lock_take(&locks, &two, "a\0c", 3, 0), MCPS_OK);
	ck_assert_int_eq(mcps__lock_take(&locks, &three, "a\0b", 2, 0),
	                 MCPS_OK);
	release(one);
	release(two);
	release(three);
}
END_TEST

START_TEST(a_held_lock_is_not_to_be_had_in_time)
{
	struct key_lock *held = must_take("a");
	struct key_lock *lock = held;

	ck_assert_int_eq(take(&lock, "a", 0), MCPS_E_STATE_BUSY);
	ck_assert_ptr_null(lock);
	ck_assert_int_eq(take(&lock, "a", 20), MCPS_E_STATE_BUSY);
	release(held);
	release(must_take("a"));
}
END_TEST

START_TEST(those_that_wait_get_it_in_the_order_of_asking)
{
	struct taker takers[MANY];
	struct key_lock *held = must_take("a");

	atomic_store(&turns, 0);
	for (int i = 0; i < MANY; i++) {
		start(&takers[i], "a", LONG_MS);
		wait_until_queued(&takers[i]);
	}
	release(held);
	for (int i = 0; i < MANY; i++) {
		join(&takers[i]);
		ck_assert_int_eq(takers[i].status, MCPS_OK);
		ck_assert_int_eq(takers[i].turn, i);
	}
}
END_TEST

START_TEST(a_thread_that_gives_up_leaves_the_wait_queue_to_the_others)
{
	struct taker first, hasty, last;
	struct key_lock *held = must_take("a");

	atomic_store(&turns, 0);
	start(&first, "a", LONG_MS);
	wait_until_queued(&first);
	start(&hasty, "a", 10);
	join(&hasty);
	start(&last, "a", LONG_MS);
	wait_until_queued(&last);
	release(held);
	join(&first);
	join(&last);
	ck_assert_int_eq(hasty.status, MCPS_E_STATE_BUSY);
	ck_assert_int_eq(first.turn, 0);
	ck_assert_int_eq(last.turn, 1);
}
END_TEST

/* Each has one and wants the other's. */
static void *cross_main(void *arg)
{
	struct taker *taker = arg;
	struct key_lock *mine = must_take("b");
	struct key_lock *other;

	atomic_store(&taker->id, syscall(SYS_gettid));
	taker->status = take(&other, "a", LONG_MS);
	release(other);
	release(mine);
	return NULL;
}

START_TEST(two_keys_in_opposite_order_end_in_a_conflict_and_no_deadlock)
{
	struct taker other = { .name = "a" };
	struct key_lock *mine = must_take("a");
	struct key_lock *its;

	ck_assert_int_eq(
		pthread_create(&other.thread, NULL, cross_main, &other), 0);
	wait_until_queued(&other);
	ck_assert_int_eq(take(&its, "b", 20), MCPS_E_STATE_BUSY);
	release(mine);
	join(&other);
	ck_assert_int_eq(other.status, MCPS_OK);
}
END_TEST

START_TEST(another_thread_may_release_it)
{
	struct taker taker;
	struct key_lock *held = must_take("a");

	start(&taker, "a", LONG_MS);
	wait_until_queued(&taker);
	release(held);
	join(&taker);
	ck_assert_int_eq(taker.status, MCPS_OK);
}
END_TEST

TEST_MAIN("locks")
{
	test_fixture(set_up, tear_down);
	test_add(a_free_lock_is_had_at_once_and_again_after_its_release);
	test_add(names_are_bytes_of_a_length);
	test_add(a_held_lock_is_not_to_be_had_in_time);
	test_add(those_that_wait_get_it_in_the_order_of_asking);
	test_add(a_thread_that_gives_up_leaves_the_wait_queue_to_the_others);
	test_add(two_keys_in_opposite_order_end_in_a_conflict_and_no_deadlock);
	test_add(another_thread_may_release_it);
}
