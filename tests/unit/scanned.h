/* A scan of a text that ends where its memory ends, so that a sanitizer sees
 * whoever reads one byte too far. */
#ifndef MCPS_TEST_SCANNED_H
#define MCPS_TEST_SCANNED_H

#include "base/memory.h"
#include "rpc/scan.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

/* A literal, which may hold NUL, and its length. */
#define TEXT(literal) "" literal, sizeof(literal) - 1

struct scanned {
	struct scan scan;
	struct mcps_error error;
	mcps_status status;
	char *text;
};

static inline void scanned_init(struct scanned *self, const char *text,
                                size_t length, struct scan_limits limits)
{
	memset(self, 0, sizeof *self);
	self->text = malloc(length > 0 ? length : 1);
	ck_assert_ptr_nonnull(self->text);
	memcpy(self->text, text, length);
	self->status = mcps__scan_run(&self->scan, self->text, length, &limits,
	                              &self->error);
}

static inline void scanned_init_default(struct scanned *self, const char *text,
                                        size_t length)
{
	struct scan_limits limits = SCAN_LIMITS_DEFAULT;

	scanned_init(self, text, length, limits);
}

/* A scan that has to be accepted. */
static inline void scanned_init_good(struct scanned *self, const char *text)
{
	scanned_init_default(self, text, strlen(text));
	ck_assert_msg(self->status == MCPS_OK, "%s: %s", text,
	              self->error.text);
}

static inline void scanned_finish(struct scanned *self)
{
	mcps__scan_finish(&self->scan);
	free(self->text);
}

/* A memory_hook that gives out the *ARG next allocations, and then none. */
static inline void *fail_after(void *arg, void *old, size_t size)
{
	int *left = arg;

	return (*left)-- > 0 ? realloc(old, size) : NULL;
}

/* A text, and how the scanner has to put what is wrong with it. */
struct refusal {
	const char *text;
	size_t length;
	const char *why;
};

static inline void check_refused(const struct refusal *refusal)
{
	struct scanned it;

	scanned_init_default(&it, refusal->text, refusal->length);
	ck_assert_msg(it.status == MCPS_E_PARSE, "accepted: %s", refusal->text);
	ck_assert_int_eq(it.error.status, MCPS_E_PARSE);
	ck_assert_str_eq(it.error.text, refusal->why);
	ck_assert_uint_eq(it.scan.count, 0);
	scanned_finish(&it);
}

static inline bool is_accepted(const char *text, size_t length)
{
	struct scanned it;
	bool accepted;

	scanned_init_default(&it, text, length);
	accepted = it.status == MCPS_OK;
	scanned_finish(&it);
	return accepted;
}

#endif
