/* Whether an Accept header allows application/json, once more and to the
 * letter of RFC 9110, 12.5.1: what fuzz_header compares with. */
#ifndef MCPS_TESTS_ACCEPT_ORACLE_H
#define MCPS_TESTS_ACCEPT_ORACLE_H

#include <stddef.h>

enum acceptance {
	ACCEPT_NO,
	ACCEPT_YES,
	ACCEPT_MALFORMED, /* whatever the library makes of it */
};

enum acceptance accept_oracle(const char *text, size_t length);

#endif
