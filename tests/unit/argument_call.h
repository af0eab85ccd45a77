/* One tools/call as the reader of arguments sees it: a compiled table, a
 * scanned text, and what was read from it. */
#ifndef MCPS_TESTS_ARGUMENT_CALL_H
#define MCPS_TESTS_ARGUMENT_CALL_H

#include "catalog/fields.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* The arguments are the only element of an array, as they are a
 * member of something in a request. */
struct call {
	struct field_set *set;
	char text[2048];
	struct scan scan;
	struct arguments arguments;
	struct mcps_error error;
};

static struct call call;

static inline void call_open(const mcps_field *fields, size_t args_size,
                             const char *json)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;

	memset(&call, 0, sizeof call);
	ck_assert_msg(mcps__fields_compile(&call.set, fields, args_size,
	                                   &call.error) == MCPS_OK,
	              "%s", call.error.text);
	snprintf(call.text, sizeof call.text, "[%s]", json);
	ck_assert_msg(mcps__scan_run(&call.scan, call.text, strlen(call.text),
	                             &limits, &call.error) == MCPS_OK,
	              "%s: %s", json, call.error.text);
}

static inline mcps_status call_read(void)
{
	uint32_t object = call.scan.tokens[0].count == 0 ? SCAN_NONE : 1;

	return mcps__arguments_read(&call.arguments, call.set, &call.scan,
	                            object, &call.error);
}

static inline void call_close(void)
{
	mcps__arguments_finish(&call.arguments);
	ck_assert_ptr_null(call.arguments.args);
	mcps__scan_finish(&call.scan);
	mcps__fields_free(call.set);
}

#endif
