/* The harness of one test, and alice, who is the client in most of them. */
#ifndef MCPS_TESTS_CASE_HARNESS_H
#define MCPS_TESTS_CASE_HARNESS_H

#include "exchange/harness.h"

extern struct harness harness;
extern const char *the_id; /* of alice's session */

/* Fixtures: a harness with the tools of exchange/tools.h, and its end. */
void case_set_up(void);
void case_tear_down(void);

/* Begin a session of alice's, with 2025-06-18 or VERSION. */
const char *case_begin(void);
const char *case_begin_with(const char *version);

/* Requests of alice's within the session ID, to their answer. */
struct answer case_post(const char *id, const char *body);
struct answer case_delete(const char *id);

int case_ping(const char *id); /* its status */
/* Have METHOD done about a resource; read it. */
struct answer case_about(const char *id, const char *method, const char *uri);
struct answer case_read(const char *id, const char *uri);

/* The same, but only sent. */
struct flight *case_send(const char *id, const char *body);
struct flight *case_send_delete(const char *id);

/* answer_at() and answer_check_error() */
const char *case_at(const struct answer *answer, const char *path);
void case_check_error(const struct answer *answer, const char *code,
                      const char *message);

/* Run all work that waits; sweep until nothing is left to be removed. */
void case_work(void);
void case_sweep(void);

/* The wall clock jumps, and a moment later somebody notices. */
void case_jump(int64_t ms);

unsigned case_store_count(enum store_op op);

#endif
