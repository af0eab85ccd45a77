/* A directory for one test, gone after it. */
#ifndef MCPS_TESTS_STORE_DIRECTORY_H
#define MCPS_TESTS_STORE_DIRECTORY_H

/* Make it (0700, under TMPDIR or /tmp) and remove it with all that is in it;
 * the test program dies if that fails. */
void directory_make(void);
void directory_remove(void);

/* The path of a file in it; overwritten by the fourth call after this one. */
const char *in_directory(const char *name);

/* The store URL of a file in it. */
const char *url_in_directory(const char *name);

#endif
