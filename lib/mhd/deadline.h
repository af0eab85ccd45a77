/* How long clients may take over headers, bodies and answers.
 *
 * libmicrohttpd's timeout counts silence alone: a byte now and then keeps a
 * connection for ever. And 0.9.75 overlooks a client that leaves together
 * with its last bytes, as it takes a short read for the end of the news. So
 * the loop has a deadline for each of its connections, and looks a second
 * after a request whether its client is still there. Connections are cut by
 * shutdown(), which libmicrohttpd notices.
 *
 * All of it is the loop thread's. */
#ifndef MCPS_MHD_DEADLINE_H
#define MCPS_MHD_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

struct deadline {
	struct deadline *prev, *next;
	int fd;
	bool looks;     /* the next thing to do is to look, at look_ms */
	bool is_idle;   /* between two requests: may be cut at any time */
	bool may_lapse; /* the end of its time is nothing unusual */
	int64_t look_ms;
	int64_t cut_ms;
};

/* All zero: none. */
struct deadlines {
	struct deadline *first;
	int64_t due_ms; /* of the next round; means nothing while there are
	                 * none */
	unsigned late;  /* cut because their time was over, but for those that
	                 * may lapse; the loop takes them out */
};

/* The connection FD begins, without a deadline yet. */
void mcps__deadlines_add(struct deadlines *all, struct deadline *one, int fd);
void mcps__deadlines_remove(struct deadlines *all, struct deadline *one);

/* The client must have sent, or taken, what comes next within WITHIN_MS. If
 * it LOOKS, a client that has left is cut before that. */
void mcps__deadline_set(struct deadlines *all, struct deadline *one,
                        int64_t now_ms, int64_t within_ms, bool looks);

/* None until the next set. */
void mcps__deadline_lift(struct deadline *one);

/* Cut who is idle, except for who is not any more: bytes have come that were
 * not read yet. */
void mcps__deadlines_cut_idle(const struct deadlines *all);

/* Milliseconds until the next round; -1: none is to come. */
int mcps__deadlines_timeout(const struct deadlines *all, int64_t now_ms);

/* A round, if it is due: cut who is late or has left. */
void mcps__deadlines_round(struct deadlines *all, int64_t now_ms);

#endif
