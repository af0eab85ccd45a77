/* Two stores that are told the same must be the same. */
#ifndef MCPS_TESTS_STORE_AGREEMENT_H
#define MCPS_TESTS_STORE_AGREEMENT_H

#include <mcps/sys/store.h>

/* Run STEPS pseudo-random operations on both, compare each answer, and all
 * that both hold after each transaction. Fails the running test. */
void agreement_check(mcps_store *one, mcps_store *other, unsigned seed,
                     unsigned steps);

#endif
