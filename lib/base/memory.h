/* Every allocation of the library goes through here, so that tests can fail
 * the n-th one. */
#ifndef MCPS_BASE_MEMORY_H
#define MCPS_BASE_MEMORY_H

#include <stddef.h>

struct memory_hook {
	void *(*realloc)(void *arg, void *old, size_t size); /* as realloc(3) */
	void *arg;
};

/* Replace the allocator, NULL restores the C library's. Only before the first
 * allocation of a server: memory of one hook is never given to another. */
void mcps__memory_set_hook(const struct memory_hook *hook);

void *mcps__malloc(size_t size);
void *mcps__calloc(size_t count, size_t size);
void *mcps__realloc(void *old, size_t size);
char *mcps__strdup(const char *text);
char *mcps__strndup(const char *text, size_t length);
void mcps__free(void *memory);

/* Give memory that was freed back to the operating system, if the C library can
 * do that. Takes milliseconds if there is much of it, in which other threads
 * may wait to allocate. */
void mcps__memory_give_back(void);

#endif
