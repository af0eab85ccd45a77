/* A well-behaved client beside an attack, and how much it is delayed. */
#ifndef MCPS_TESTS_BYSTANDER_H
#define MCPS_TESTS_BYSTANDER_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* Run before other programs, if that is allowed; before the server starts. */
void bystander_take_real_time(void);
/* The header lines of its requests; kept. */
void bystander_begin(const char *session_lines);

typedef void bystander_step_fn(void *arg);
typedef int64_t bystander_round_fn(void *arg);

/* The 99th percentile of a ping's time, with a STEP of the attack, which may
 * be NULL, before each. */
int64_t bystander_round_us(bystander_step_fn *step, void *arg);
/* The same when nobody attacks. */
int64_t bystander_usual_us(void);
/* Check that rounds of an attack stay below twice the usual. */
void bystander_check(int64_t usual_us, bystander_round_fn *round, void *arg);

#endif
