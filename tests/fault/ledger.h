/* A server with a store on disk, and a book of what its client was told. What
 * was acknowledged must hold whatever happens; what was not may have happened
 * or not, but not both. */
#ifndef MCPS_TESTS_LEDGER_H
#define MCPS_TESTS_LEDGER_H

#include "exchange/harness.h"

/* Tombstones are few: most of what ended is forgotten, and stays ended. */
enum { LEDGER_SESSIONS = 64, LEDGER_TOMBSTONES = 1 };

enum known {
	KNOWN_MAYBE, /* was perhaps recreated under an id of ours */
	KNOWN_LIVE,
	KNOWN_MAYBE_ENDED,
	KNOWN_ENDED,
};

struct known_session {
	char id[132];
	enum known known;
	char incarnation[17]; /* "": not asked yet */
	long least, most;     /* what its counter says */
	bool is_foreign;      /* its id was not minted here */
};

struct ledger {
	struct harness harness;
	struct known_session sessions[LEDGER_SESSIONS];
	unsigned count;
	unsigned failures; /* answers 503 */
	unsigned ends;     /* DELETEs that were sent to what was there */
};

extern const struct mcps_store_options ledger_store_options;

/* Start on the store "test.db" of the test's directory; a failure is for the
 * caller to look at. */
mcps_status ledger_open(struct ledger *self);
void ledger_close(struct ledger *self);

/* Each sends one request, checks that the answer is one that it may get, and
 * writes it down. */
void ledger_begin(struct ledger *self);
void ledger_begin_foreign(struct ledger *self, const char *id);
void ledger_count(struct ledger *self, unsigned number);
void ledger_end(struct ledger *self, unsigned number);

/* Stop and start; MCPS_OK, or why it did not start. */
mcps_status ledger_restart(struct ledger *self);

/* Everything works again: what was told is true. */
void ledger_check(struct ledger *self);

/* The store of the stopped server is whole. */
void ledger_check_file(void);

/* The number in the environment, or OTHERWISE. */
unsigned fault_number(const char *name, unsigned otherwise);

/* How far a sweep goes from one k to the next: MCPS_FAULT_STEP, else 1, but
 * more where a sanitizer makes everything slow. */
unsigned fault_step(void);

/* The allocation to fail after the N-th. With a store on disk, where each run
 * takes long, the short form leaves out more and more; with MCPS_FAULT_ALL, and
 * without a disk, nothing. */
unsigned fault_next(unsigned n, bool on_disk);

#endif
