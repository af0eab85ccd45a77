/* Whole files, to be damaged. */
#ifndef MCPS_TESTS_FILES_H
#define MCPS_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_copy {
	uint8_t *bytes; /* NULL: there is none */
	size_t size;
};

/* Names are within the test's directory. */
struct file_copy file_read(const char *name);
void file_write(const char *name, const void *bytes, size_t size);
/* What there was, or nothing. */
void file_restore(const char *name, const struct file_copy *copy);
void file_free(struct file_copy *copy);
bool file_is_there(const char *name);

/* How many files begin so, but are no log; and remove all that do. */
unsigned files_count(const char *prefix);
void files_remove(const char *prefix);

#endif
