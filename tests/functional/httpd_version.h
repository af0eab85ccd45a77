/* Expectations of libmicrohttpd, by its version. */
#ifndef MCPS_TESTS_HTTPD_VERSION_H
#define MCPS_TESTS_HTTPD_VERSION_H

#include <microhttpd.h>
#include <stdio.h>

/* The versions whose answers the tests know; a later one answers as the last
 * one before it did. */
enum httpd_version {
	HTTPD_0_9,   /* 0.9.75, Debian 12 */
	HTTPD_1_0,   /* 1.0.1, Debian 13 */
	HTTPD_1_0_4, /* 1.0.10, Debian sid; refuses what is ambiguous itself */
	HTTPD_VERSIONS
};

/* A version as a number: each part has a byte. */
#define HTTPD_NUMBER(major, minor, patch) \
	((unsigned)(major) << 16 | (unsigned)(minor) << 8 | (unsigned)(patch))

/* The version of the library that the program runs with, as such a number. */
static inline unsigned httpd_number(void)
{
	unsigned major = 0, minor = 0, patch = 0;

	(void)sscanf(MHD_get_version(), "%u.%u.%u", &major, &minor, &patch);
	return HTTPD_NUMBER(major, minor, patch);
}

/* The row of expectations for that version. */
static inline enum httpd_version httpd_version(void)
{
	unsigned number = httpd_number();

	if (number < HTTPD_NUMBER(1, 0, 0))
		return HTTPD_0_9;
	return number < HTTPD_NUMBER(1, 0, 4) ? HTTPD_1_0 : HTTPD_1_0_4;
}

#endif
