/* The harness of tests that share more than one file, and alice's session in
 * it. */
#ifndef MCPS_TESTS_CASE_HARNESS_H
#define MCPS_TESTS_CASE_HARNESS_H

#include "exchange/harness.h"

extern struct harness harness;
extern const char *the_id; /* of alice's session */

#endif
