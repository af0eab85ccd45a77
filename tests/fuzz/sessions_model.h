/* What clients may rely on, for fuzz_sessions: of each caller and session id
 * what was acknowledged, and what follows from it for the next request. It
 * knows when it does not know: then any answer will do. */
#ifndef MCPS_TESTS_SESSIONS_MODEL_H
#define MCPS_TESTS_SESSIONS_MODEL_H

#include "fuzz/sessions_server.h"

enum {
	SLOTS = 8,         /* ids in use; the first two are nobody's */
	INCARNATIONS = 512 /* most that one run can see */
};

struct model_slot {
	char id[ID_TEXT_MAX];
	unsigned turn;  /* times it got another id */
	bool is_minted; /* by the server ... */
	int minted_for;
	int64_t issued_ms;
	unsigned key; /* ... with the n-th key */
};

/* A caller's session of an id. Times are session time. */
struct model_record {
	bool is_live;     /* was served, and has not ended since */
	bool is_ended;    /* and stays so ... */
	int64_t until_ms; /* ... at least until then */
	bool is_doubtful; /* what was done to it failed, or came to nothing */

	bool has_incarnation;
	bool may_be_new; /* it may have got another one unnoticed */
	uint64_t incarnation;
	int64_t value;   /* of its counter, as acknowledged */
	int64_t unknown; /* additions that failed, or did not */

	int64_t seen_stored_ms; /* the store has seen it then, or later */
	int64_t seen_ms;
	int64_t created_ms;      /* at the earliest */
	int64_t created_late_ms; /* at the latest */
};

struct model {
	struct server *server;
	struct model_slot slots[SLOTS];
	struct model_record records[CALLERS][SLOTS];
	unsigned key;                   /* times it was replaced */
	unsigned ends[CALLERS];         /* sessions that ended, or may have */
	int64_t touches_doubtful_until; /* a touch may have failed */
	struct {
		uint64_t number;
		int caller, slot;
		unsigned turn;
	} incarnations[INCARNATIONS];
	size_t incarnation_count;
};

enum expectation {
	EXPECT_ANYTHING,
	EXPECT_SAME, /* served, by the incarnation that is known */
	EXPECT_NEW,  /* served, by another one */
	EXPECT_GONE,
};

void model_init(struct model *model, struct server *server);

/* What a request that is sent now will meet. */
enum expectation model_expect(const struct model *model, int caller, int slot);

/* Whether the incarnation that is known must not be served any more. */
bool model_is_over(const struct model *model, int caller, int slot);

/* A request for it arrives. */
void model_seen(struct model *model, int caller, int slot);

/* It was served; STORES: the store worked meanwhile. */
void model_served(struct model *model, int caller, int slot, bool stores);

/* It was asked for while something else happened to it: nobody knows. */
void model_lost_track(struct model *model, int caller, int slot);

/* ... by this incarnation, whose counter was ADDED to (0 or 1) and is VALUE:
 * aborts if that cannot be. */
void model_counted(struct model *model, int caller, int slot,
                   uint64_t incarnation, int64_t value, int added);

/* A new session: SLOT gets its ID. */
void model_created(struct model *model, int caller, int slot, const char *id);

/* DELETE was answered: ended, or 404. */
void model_ended(struct model *model, int caller, int slot);
void model_not_found(struct model *model, int caller, int slot);

void model_revoked(struct model *model, int caller, bool worked);

/* The store was swept: what is aged has ended. */
void model_swept(struct model *model);

/* The store failed: touches may be lost. */
void model_store_failed(struct model *model);

/* The store, the key of ids were lost. */
void model_lost_store(struct model *model);
void model_lost_key(struct model *model);

#endif
