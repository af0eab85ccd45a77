/* Calls of public functions with NULL for what they need. One row of a table
 * for each function; tests/meta/null_arguments.sh compares the table with the
 * headers. */
#ifndef MCPS_TESTS_NULL_CASES_H
#define MCPS_TESTS_NULL_CASES_H

#include <check.h>
#include <mcps/mcps.h>
#include <mcps/mhd.h>

struct null_case {
	const char *function;
	void (*run)(void); /* fails, or crashes, if the function is wrong */
};

/* NULL that compilers do not know, because they would warn. */
extern void *volatile null;

/* A server that was started, and one that was not. */
extern mcps_server *running, *fresh;

/* Functions for handlers: CALL is the one that runs. */
extern mcps_call *the_call;

extern const struct null_case null_server_cases[], null_call_cases[],
	null_other_cases[];
extern const int null_server_count, null_call_count, null_other_count;

#define NULL_CASE(function)               \
	{                                 \
#function, try_##function \
	}

/* A status, a pointer, a truth. */
#define INVALID(call) ck_assert_int_eq((int)(call), MCPS_E_INVAL)
#define NOTHING(call) ck_assert_ptr_null((call))
#define FALSE(call)   ck_assert(!(call))

#endif
