/* A store that a test looks through: it passes everything on to another one,
 * counts what it is asked, and holds back or fails what the test says. */
#ifndef MCPS_TESTS_STORE_DOUBLE_H
#define MCPS_TESTS_STORE_DOUBLE_H

#include <mcps/sys/store.h>
#include <pthread.h>

#define STORE_OPS(X)         \
	X(begin)             \
	X(commit)            \
	X(rollback)          \
	X(savepoint)         \
	X(release)           \
	X(rollback_to)       \
	X(meta_get)          \
	X(meta_put)          \
	X(principal_get)     \
	X(principal_intern)  \
	X(principal_revoke)  \
	X(session_load)      \
	X(session_insert)    \
	X(session_save)      \
	X(session_touch)     \
	X(session_guard)     \
	X(session_end)       \
	X(session_tombstone) \
	X(session_remove)    \
	X(session_list)      \
	X(sweep)             \
	X(state_get)         \
	X(state_put)         \
	X(state_delete)      \
	X(state_usage)       \
	X(stream_insert)     \
	X(stream_get)        \
	X(stream_touch)      \
	X(event_append)      \
	X(event_replay)      \
	X(tombstone_trim)

enum store_op {
#define X(name) OP_##name,
	STORE_OPS(X)
#undef X
		OP_COUNT
};

struct store_op_state {
	unsigned count;     /* times it was asked */
	bool is_held;       /* whoever asks waits ... */
	unsigned waiting;   /* ... and so many do */
	unsigned failing;   /* so many times more it fails */
	mcps_status status; /* ... with this */
};

/* All fields but base and inner: under the lock. */
struct store_double {
	mcps_store base;
	mcps_store *inner; /* borrowed: it outlives the writer */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct store_op_state ops[OP_COUNT];
	bool commits_all_the_same; /* a failing commit is done nevertheless */
};

void store_double_init(struct store_double *self, mcps_store *inner);
void store_double_finish(struct store_double *self);

/* The next TIMES it is asked, OP fails with STATUS. */
void store_double_fail(struct store_double *self, enum store_op op,
                       mcps_status status, unsigned times);

/* Hold OP back; wait until somebody stands there; let all go on. For stores
 * with a thread of their own. */
void store_double_hold(struct store_double *self, enum store_op op);
void store_double_await(struct store_double *self, enum store_op op);
void store_double_release(struct store_double *self, enum store_op op);

unsigned store_double_count(struct store_double *self, enum store_op op);
/* All that was asked, of whatever kind. */
unsigned store_double_total(struct store_double *self);

#endif
