#include "mhd/deadline.h"

#include <limits.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { ROUND_MS = 1000 };

static const int64_t never = INT64_MAX;

static int64_t deadline_next_ms(const struct deadline *one)
{
	return one->looks ? one->look_ms : one->cut_ms;
}

void mcps__deadlines_add(struct deadlines *all, struct deadline *one, int fd)
{
	if (all->first == NULL)
		all->due_ms = never;
	else
		all->first->prev = one;
	*one = (struct deadline){ .next = all->first, .fd = fd };
	all->first = one;
	mcps__deadline_lift(one);
}

void mcps__deadlines_remove(struct deadlines *all, struct deadline *one)
{
	if (one->next != NULL)
		one->next->prev = one->prev;
	if (one->prev != NULL)
		one->prev->next = one->next;
	else
		all->first = one->next;
}

void mcps__deadline_set(struct deadlines *all, struct deadline *one,
                        int64_t now_ms, int64_t within_ms, bool looks)
{
	one->looks = looks;
	one->look_ms = now_ms + ROUND_MS;
	one->cut_ms = now_ms + within_ms;
	if (all->due_ms > deadline_next_ms(one))
		all->due_ms = deadline_next_ms(one);
}

void mcps__deadline_lift(struct deadline *one)
{
	one->looks = false;
	one->cut_ms = never;
}

int mcps__deadlines_timeout(const struct deadlines *all, int64_t now_ms)
{
	int64_t left = all->due_ms - now_ms;

	if (all->first == NULL || all->due_ms == never)
		return -1;
	if (left < 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* Nothing to read but the end: the client closed its side. */
static bool deadline_has_left(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void deadline_attend(struct deadlines *all, struct deadline *one,
                            int64_t now_ms)
{
	bool leaves = false;

	if (one->looks && one->look_ms <= now_ms) {
		one->looks = false;
		leaves = deadline_has_left(one->fd);
	}
	if (!leaves && one->cut_ms > now_ms)
		return;
	all->late += !leaves && !one->may_lapse;
	shutdown(one->fd, SHUT_RDWR);
	mcps__deadline_lift(one); /* once is enough */
}

void mcps__deadlines_round(struct deadlines *all, int64_t now_ms)
{
	int64_t due = never;

	if (all->first == NULL || all->due_ms > now_ms)
		return;
	for (struct deadline *one = all->first; one != NULL; one = one->next) {
		deadline_attend(all, one, now_ms);
		if (deadline_next_ms(one) < due)
			due = deadline_next_ms(one);
	}
	/* With many connections something is always due. */
	if (due < now_ms + ROUND_MS)
		due = now_ms + ROUND_MS;
	all->due_ms = due;
}

void mcps__deadlines_cut_idle(const struct deadlines *all)
{
	int unread = 0;

	for (const struct deadline *one = all->first; one != NULL;
	     one = one->next)
		if (one->is_idle && ioctl(one->fd, FIONREAD, &unread) == 0 &&
		    unread == 0)
			(void)shutdown(one->fd, SHUT_RDWR);
}
