/* A crowd of event streams on raw sockets, read by one thread. It looks at
 * lines and knows no check library, so that the benchmark can use it, too. */
#ifndef MCPS_TESTS_LISTENERS_H
#define MCPS_TESTS_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

/* One stream. Texts are cut to what fits. */
struct listener {
	int fd;     /* -1: none */
	int status; /* of the answer; 0: none yet */
	bool has_head;
	bool is_ended;  /* the last chunk has come */
	bool is_closed; /* ... and the other side has closed; or only that */
	unsigned retry_ms;
	unsigned events;     /* with data */
	unsigned ids;        /* events with an id, with data or without */
	unsigned heartbeats; /* comments */
	char id[40];         /* the last one */
	char data[200];      /* the last one that was not empty */
	size_t length;       /* of the line that has come in part */
	char line[256];
};

struct listeners {
	struct listener *all;
	unsigned count;
	int watch; /* epoll */

	/* Sums over all of them. */
	unsigned answered; /* a head with 200 */
	unsigned refused;  /* ... with anything else */
	unsigned have_id;  /* clients that have an id */
	unsigned ids;
	unsigned events;
	unsigned heartbeats;
	unsigned retries;
	unsigned ended;
	unsigned closed;
	unsigned reset; /* closed by an error */
};

/* False: no memory or no descriptor. All memory is touched at once, so that
 * what grows later is the server's. */
bool listeners_init(struct listeners *crowd, unsigned count);
/* Closes what is open. */
void listeners_finish(struct listeners *crowd);

/* Connect number I to PORT of this machine and send REQUEST. False: errno says
 * why. It forgets what it heard before. */
bool listeners_ask(struct listeners *crowd, unsigned i, int port,
                   const char *request);
/* Close all. */
void listeners_leave(struct listeners *crowd);

/* Read what comes until *SUM, one of the sums above, is at least WANTED, or
 * SECONDS have passed: false. */
bool listeners_wait(struct listeners *crowd, const unsigned *sum,
                    unsigned wanted, double seconds);
/* Read what comes for so long. */
void listeners_spend(struct listeners *crowd, double seconds);

#endif
