/* libmicrohttpd's allocations: the n-th fails, and what is never freed is
 * noticed. It has no hook for its memory, so this program has functions of its
 * own that look at who calls. A sanitizer has them already: then nothing
 * fails.
 *
 * To be included by one file of a program: it defines malloc. */
#ifndef MCPS_TESTS_HTTPD_HEAP_H
#define MCPS_TESTS_HTTPD_HEAP_H

#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HTTPD_HEAP_IS_OURS 0
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HTTPD_HEAP_IS_OURS 0
#endif
#endif
#ifndef HTTPD_HEAP_IS_OURS
#define HTTPD_HEAP_IS_OURS 1
#endif

enum { HTTPD_HEAP_MOST = 1 << 14 };

static struct {
	atomic_bool is_on;
	bool for_ever;
	unsigned fail_at; /* the first call is 1 */
	atomic_uint calls;
	uintptr_t from, to; /* the code of libmicrohttpd */
	pthread_mutex_t lock;
	unsigned count; /* of what it has and did not free */
	const void *blocks[HTTPD_HEAP_MOST];
} httpd_heap = { .lock = PTHREAD_MUTEX_INITIALIZER };

#if HTTPD_HEAP_IS_OURS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static bool httpd_heap_fails(void)
{
	unsigned call;

	if (!atomic_load(&httpd_heap.is_on))
		return false;
	call = atomic_fetch_add(&httpd_heap.calls, 1) + 1;
	return httpd_heap.for_ever ? call >= httpd_heap.fail_at
	                           : call == httpd_heap.fail_at;
}

static void *httpd_heap_note(void *block)
{
	pthread_mutex_lock(&httpd_heap.lock);
	if (block != NULL && httpd_heap.count < HTTPD_HEAP_MOST)
		httpd_heap.blocks[httpd_heap.count++] = block;
	pthread_mutex_unlock(&httpd_heap.lock);
	return block;
}

static void httpd_heap_forget(const void *block)
{
	pthread_mutex_lock(&httpd_heap.lock);
	for (unsigned i = httpd_heap.count; i-- > 0;)
		if (httpd_heap.blocks[i] == block) {
			httpd_heap.blocks[i] =
				httpd_heap.blocks[--httpd_heap.count];
			break;
		}
	pthread_mutex_unlock(&httpd_heap.lock);
}

#define IS_HTTPD                                                      \
	((uintptr_t)__builtin_return_address(0) >= httpd_heap.from && \
	 (uintptr_t)__builtin_return_address(0) < httpd_heap.to)
#define PUBLIC __attribute__((visibility("default")))

PUBLIC void *malloc(size_t size)
{
	if (!IS_HTTPD)
		return __libc_malloc(size);
	return httpd_heap_fails() ? NULL : httpd_heap_note(__libc_malloc(size));
}

PUBLIC void *calloc(size_t count, size_t size)
{
	if (!IS_HTTPD)
		return __libc_calloc(count, size);
	return httpd_heap_fails() ? NULL
	                          : httpd_heap_note(__libc_calloc(count, size));
}

PUBLIC void *realloc(void *old, size_t size)
{
	void *block;

	if (!IS_HTTPD)
		return __libc_realloc(old, size);
	if (httpd_heap_fails())
		return NULL;
	httpd_heap_forget(old);
	block = __libc_realloc(old, size);
	return httpd_heap_note(block);
}

PUBLIC char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = NULL;

	if (!IS_HTTPD)
		copy = __libc_malloc(size);
	else if (!httpd_heap_fails())
		copy = httpd_heap_note(__libc_malloc(size));
	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

PUBLIC void free(void *old)
{
	if (old != NULL)
		httpd_heap_forget(old);
	__libc_free(old);
}

static int httpd_heap_look(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (strstr(info->dlpi_name, "libmicrohttpd") == NULL)
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + header->p_vaddr;

		if (header->p_type != PT_LOAD || (header->p_flags & PF_X) == 0)
			continue;
		httpd_heap.from = from;
		httpd_heap.to = from + header->p_memsz;
	}
	return 1;
}
#endif

/* First of all in main(). */
static void httpd_heap_install(void)
{
#if HTTPD_HEAP_IS_OURS
	dl_iterate_phdr(httpd_heap_look, NULL);
#endif
}

static void httpd_heap_start(unsigned fail_at, bool for_ever)
{
	atomic_store(&httpd_heap.calls, 0);
	httpd_heap.fail_at = fail_at;
	httpd_heap.for_ever = for_ever;
	atomic_store(&httpd_heap.is_on, true);
}

/* Whether an allocation has failed. */
static bool httpd_heap_stop(void)
{
	atomic_store(&httpd_heap.is_on, false);
	return atomic_load(&httpd_heap.calls) >= httpd_heap.fail_at;
}

/* Blocks that libmicrohttpd has now. */
static unsigned httpd_heap_blocks(void)
{
	unsigned count;

	pthread_mutex_lock(&httpd_heap.lock);
	count = httpd_heap.count;
	pthread_mutex_unlock(&httpd_heap.lock);
	return count;
}

#endif
