/* The n-th allocation fails, for every n. */
#ifndef MCPS_TESTS_STORE_ALLOCATION_CASE_H
#define MCPS_TESTS_STORE_ALLOCATION_CASE_H

#include <check.h>

void allocation_case(void);

#endif
