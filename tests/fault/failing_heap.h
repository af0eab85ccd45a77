/* Allocations that fail, of whoever makes them: the library (by its hook),
 * SQLite (by its configuration), and json-c (by a malloc of this program's own,
 * where no sanitizer has one). One counter for all; one thread.
 *
 * To be included by one file of a program: it defines malloc. */
#ifndef MCPS_TESTS_FAILING_HEAP_H
#define MCPS_TESTS_FAILING_HEAP_H

#include "base/memory.h"

#include <check.h>
#include <link.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define FAILING_HEAP_HAS_MALLOC 0
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAILING_HEAP_HAS_MALLOC 0
#else
#define FAILING_HEAP_HAS_MALLOC 1
#endif
#else
#define FAILING_HEAP_HAS_MALLOC 1
#endif

static struct {
	bool is_on;
	bool for_ever;
	unsigned calls;
	unsigned fail_at; /* the first call is 1; 0: none */
	uintptr_t json_from, json_to;
} failing_heap;

/* Whether this allocation is to fail. */
static bool failing_heap_fails(void)
{
	if (!failing_heap.is_on)
		return false;
	failing_heap.calls++;
	return failing_heap.fail_at != 0 &&
	       (failing_heap.for_ever
	                ? failing_heap.calls >= failing_heap.fail_at
	                : failing_heap.calls == failing_heap.fail_at);
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

/* ---- json-c ---- */

#if FAILING_HEAP_HAS_MALLOC
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool failing_heap_is_json(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	return at >= failing_heap.json_from && at < failing_heap.json_to;
}

#define FAILS_HERE                                            \
	(failing_heap.is_on &&                                \
	 failing_heap_is_json(__builtin_return_address(0)) && \
	 failing_heap_fails())

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return FAILS_HERE ? NULL : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size)
{
	return FAILS_HERE ? NULL : __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size)
{
	return FAILS_HERE ? NULL : __libc_realloc(old, size);
}

static int failing_heap_look(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (strstr(info->dlpi_name, "libjson-c") == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
			continue;
		failing_heap.json_from = from;
		failing_heap.json_to = from + header->p_memsz;
	}
	return 1;
}
#endif

/* ---- orders ---- */

/* First of all in main(). */
static void failing_heap_install(void)
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
#if FAILING_HEAP_HAS_MALLOC
	dl_iterate_phdr(failing_heap_look, NULL);
#endif
}

static void failing_heap_start(unsigned fail_at, bool for_ever)
{
	failing_heap.calls = 0;
	failing_heap.fail_at = fail_at;
	failing_heap.for_ever = for_ever;
	failing_heap.is_on = true;
}

/* Whether an allocation has failed. */
static bool failing_heap_stop(void)
{
	failing_heap.is_on = false;
	return failing_heap.fail_at != 0 &&
	       failing_heap.calls >= failing_heap.fail_at;
}

#endif
