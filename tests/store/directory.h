/* A directory for one test, gone after it. */
#ifndef MCPS_TESTS_STORE_DIRECTORY_H
#define MCPS_TESTS_STORE_DIRECTORY_H

/* Make it (0700, under TMPDIR or /tmp) and remove it with all that is in it;
 * the test program dies if that fails. */
void directory_make(void);
void directory_remove(void);

/* For tests that do not care about disks: from now on make it in memory, where
 * the system has such a place and TMPDIR says nothing else. */
void directory_in_memory(void);

/* The path of a file in it; overwritten by the fourth call after this one. */
const char *in_directory(const char *name);

/* The store URL of a file in it. */
const char *url_in_directory(const char *name);

#endif
