/* Allocations that fail, of whoever makes them: the library (by its hook),
 * SQLite (by its configuration), and a shared library that has no hook, json-c
 * or libmicrohttpd (by a malloc of this program's own that looks at who calls;
 * a sanitizer has one already, and then its allocations never fail). One
 * counter for all.
 *
 * To be included by one file of a program: it defines malloc. */
#ifndef MCPS_TESTS_FAILING_HEAP_H
#define MCPS_TESTS_FAILING_HEAP_H

#include "base/memory.h"

#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define FAILING_HEAP_HAS_MALLOC 0
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAILING_HEAP_HAS_MALLOC 0
#endif
#endif
#ifndef FAILING_HEAP_HAS_MALLOC
#define FAILING_HEAP_HAS_MALLOC 1
#endif

enum { FAILING_HEAP_BLOCKS = 1 << 14 };

static struct {
	atomic_bool is_on;
	unsigned fail_at; /* the first call is 1; 0: none */
	unsigned most;    /* so many fail, one after the other */
	atomic_uint calls;
	const char *library;
	uintptr_t from, to; /* its code */
	pthread_mutex_t lock;
	bool notes;     /* what the library has and did not free: */
	unsigned count; /* of these */
	const void *blocks[FAILING_HEAP_BLOCKS];
} failing_heap = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Whether this allocation is to fail. */
static bool failing_heap_fails(void)
{
	unsigned call;

	if (!atomic_load(&failing_heap.is_on))
		return false;
	call = atomic_fetch_add(&failing_heap.calls, 1) + 1;
	return failing_heap.fail_at != 0 && call >= failing_heap.fail_at &&
	       call - failing_heap.fail_at < failing_heap.most;
}

/* ---- the library ---- */

static void *failing_heap_realloc(void *arg, void *old, size_t size)
{
	(void)arg;
	return failing_heap_fails() ? NULL : realloc(old, size);
}

/* ---- SQLite ---- */

static void *failing_heap_sqlite_malloc(int size)
{
	return failing_heap_fails() ? NULL : malloc((size_t)size);
}

static void *failing_heap_sqlite_realloc(void *old, int size)
{
	return failing_heap_fails() ? NULL : realloc(old, (size_t)size);
}

static int failing_heap_sqlite_size(void *memory)
{
	return memory != NULL ? (int)malloc_usable_size(memory) : 0;
}

static int failing_heap_sqlite_round(int size)
{
	return (size + 7) & ~7;
}

static int failing_heap_sqlite_init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void failing_heap_sqlite_shutdown(void *arg)
{
	(void)arg;
}

/* ---- a shared library ---- */

#if FAILING_HEAP_HAS_MALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static void *failing_heap_note(void *block)
{
	if (!failing_heap.notes || block == NULL)
		return block;
	pthread_mutex_lock(&failing_heap.lock);
	if (failing_heap.count < FAILING_HEAP_BLOCKS)
		failing_heap.blocks[failing_heap.count++] = block;
	pthread_mutex_unlock(&failing_heap.lock);
	return block;
}

static void failing_heap_forget(const void *block)
{
	if (!failing_heap.notes || block == NULL)
		return;
	pthread_mutex_lock(&failing_heap.lock);
	for (unsigned i = failing_heap.count; i-- > 0;)
		if (failing_heap.blocks[i] == block) {
			failing_heap.blocks[i] =
				failing_heap.blocks[--failing_heap.count];
			break;
		}
	pthread_mutex_unlock(&failing_heap.lock);
}

/* The caller of the function that this stands in. */
#define FAILING_HEAP_IS_ITS                                             \
	((uintptr_t)__builtin_return_address(0) >= failing_heap.from && \
	 (uintptr_t)__builtin_return_address(0) < failing_heap.to)
#define FAILING_HEAP_PUBLIC __attribute__((visibility("default")))

FAILING_HEAP_PUBLIC void *malloc(size_t size)
{
	if (!FAILING_HEAP_IS_ITS)
		return __libc_malloc(size);
	return failing_heap_fails() ? NULL
	                            : failing_heap_note(__libc_malloc(size));
}

FAILING_HEAP_PUBLIC void *calloc(size_t count, size_t size)
{
	if (!FAILING_HEAP_IS_ITS)
		return __libc_calloc(count, size);
	return failing_heap_fails()
	               ? NULL
	               : failing_heap_note(__libc_calloc(count, size));
}

FAILING_HEAP_PUBLIC void *realloc(void *old, size_t size)
{
	if (!FAILING_HEAP_IS_ITS)
		return __libc_realloc(old, size);
	if (failing_heap_fails())
		return NULL;
	failing_heap_forget(old);
	return failing_heap_note(__libc_realloc(old, size));
}

FAILING_HEAP_PUBLIC char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = NULL;

	if (!FAILING_HEAP_IS_ITS)
		copy = __libc_malloc(size);
	else if (!failing_heap_fails())
		copy = failing_heap_note(__libc_malloc(size));
	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

FAILING_HEAP_PUBLIC void free(void *old)
{
	failing_heap_forget(old);
	__libc_free(old);
}

static int failing_heap_look(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (strstr(info->dlpi_name, failing_heap.library) == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
			continue;
		failing_heap.from = from;
		failing_heap.to = from + header->p_memsz;
	}
	return 1;
}
#endif

static void failing_heap_find(const char *library, bool notes)
{
	failing_heap.library = library;
	failing_heap.notes = notes;
#if FAILING_HEAP_HAS_MALLOC
	dl_iterate_phdr(failing_heap_look, NULL);
#endif
}

/* ---- orders ---- */

/* First of all in main(): one of these two, by what the program wants to fail,
 * ours with what it is made of, or libmicrohttpd. */
static inline void failing_heap_install(void)
{
	static const sqlite3_mem_methods methods = {
		failing_heap_sqlite_malloc,   free,
		failing_heap_sqlite_realloc,  failing_heap_sqlite_size,
		failing_heap_sqlite_round,    failing_heap_sqlite_init,
		failing_heap_sqlite_shutdown, NULL
	};

	sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	mcps__memory_set_hook(
		&(struct memory_hook){ failing_heap_realloc, NULL });
	failing_heap_find("libjson-c", false);
}

static inline void failing_heap_install_httpd(void)
{
	failing_heap_find("libmicrohttpd", true);
}

static void failing_heap_start_for(unsigned fail_at, unsigned most)
{
	atomic_store(&failing_heap.calls, 0);
	failing_heap.fail_at = fail_at;
	failing_heap.most = most;
	atomic_store(&failing_heap.is_on, true);
}

static inline void failing_heap_start(unsigned fail_at, bool for_ever)
{
	failing_heap_start_for(fail_at, for_ever ? UINT_MAX : 1);
}

/* Whether an allocation has failed. */
static bool failing_heap_stop(void)
{
	atomic_store(&failing_heap.is_on, false);
	return failing_heap.fail_at != 0 &&
	       atomic_load(&failing_heap.calls) >= failing_heap.fail_at;
}

/* Blocks that libmicrohttpd has now. */
static inline unsigned failing_heap_blocks(void)
{
	unsigned count;

	pthread_mutex_lock(&failing_heap.lock);
	count = failing_heap.count;
	pthread_mutex_unlock(&failing_heap.lock);
	return count;
}

#endif
