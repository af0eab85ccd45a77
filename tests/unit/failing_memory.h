/* An allocator for tests that counts, and fails the n-th allocation. */
#ifndef MCPS_TESTS_FAILING_MEMORY_H
#define MCPS_TESTS_FAILING_MEMORY_H

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>

struct failing_memory {
	size_t calls;
	size_t fail_at; /* the first call is 1; 0: none fails */
};

static inline void *failing_realloc(void *arg, void *old, size_t size)
{
	struct failing_memory *memory = arg;

	return ++memory->calls == memory->fail_at ? NULL : realloc(old, size);
}

/* Start counting; FAIL_AT 0 only counts. MEMORY must live until
 * failing_memory_stop(). */
static inline void failing_memory_start(struct failing_memory *memory,
                                        size_t fail_at)
{
	*memory = (struct failing_memory){ .fail_at = fail_at };
	mcps__memory_set_hook(&(struct memory_hook){ failing_realloc, memory });
}

/* Whether an allocation was failed. */
static inline bool failing_memory_stop(const struct failing_memory *memory)
{
	mcps__memory_set_hook(NULL);
	return memory->fail_at != 0 && memory->calls >= memory->fail_at;
}

#endif
