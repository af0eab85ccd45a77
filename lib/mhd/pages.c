#define _GNU_SOURCE /* madvise */
#include "mhd/pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Memory that is locked, or not like other memory, just stays. */
void mcps__pages_release(char *bytes, size_t size)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t skipped = (page - (uintptr_t)bytes % page) % page;

	if (size < skipped + page)
		return;
	size -= skipped;
	(void)madvise(bytes + skipped, size - size % page, MADV_DONTNEED);
}
