/* What a damaged store may say, for fuzz_row: the rows that were stored, as
 * they were stored. A row may be missing; one that is wrong is a finding. */
#ifndef MCPS_TESTS_ROW_MODEL_H
#define MCPS_TESTS_ROW_MODEL_H

#include <mcps/sys/store.h>

enum {
	MODEL_PRINCIPALS = 5, /* the last one is new to the store */
	MODEL_SESSIONS = 12,  /* the last two are */
	MODEL_STATES = 10     /* the last two are */
};

/* Ref 0, phase 0, version 0: not stored, or removed since. */
struct row_model {
	struct mcps_principal_row principals[MODEL_PRINCIPALS];
	struct mcps_session_row sessions[MODEL_SESSIONS];
	struct mcps_state_row states[MODEL_STATES];
	/* Rows that were lost and then made anew: by a damaged index one may
	 * be found again. */
	struct mcps_principal_row lost_principals[MODEL_PRINCIPALS];
	struct mcps_session_row lost_sessions[MODEL_SESSIONS];
	int64_t last_ref; /* of sessions */
	int64_t last_principal;
	bool is_trimmed; /* principal 3 may have lost its tombstones */
};

/* Fill an empty store and say what is in it. */
void row_model_make(struct row_model *model, mcps_store *store);

/* Ask for everything; abort if anything is wrong. */
void row_model_check(const struct row_model *model, mcps_store *store);

/* Do the writes whose bits are set in WHICH, each in a transaction. False: a
 * COMMIT failed, nobody knows what is stored. */
bool row_model_write(struct row_model *model, mcps_store *store,
                     unsigned which);

#endif
