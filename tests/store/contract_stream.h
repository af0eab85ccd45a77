/* Contract: streams of two ids in one session, for the tests of how streams
 * are kept and for those of how their session ends. */
#ifndef MCPS_TESTS_STORE_CONTRACT_STREAM_H
#define MCPS_TESTS_STORE_CONTRACT_STREAM_H

#include "contract.h"

enum { ID = 4711, OTHER = 4712 };

/* The only session, whose id is 1, after stream_setup(): a fixture that opens
 * the store, too. */
extern int64_t session;
void stream_setup(void);

/* In a transaction of its own. */
mcps_status touch(uint64_t id, int64_t seen_ms);

bool is_there(uint64_t id);

#endif
