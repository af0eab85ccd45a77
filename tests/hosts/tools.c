/* The tools for programs in C: "count" keeps a number in the session and tells
 * clients that subscribed to MOUNTED_COUNTER; "hold" runs until its caller lets
 * it go, so that a test can have calls that run. tools.cc has the same in C++.
 */
#include "mounted.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint counts;

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

static mcps_status count(mcps_call *call, const void *args)
{
	int64_t now;

	(void)args;
	if (mcps_state_add(call, "count", 1, &now) != MCPS_OK)
		return mcps_fail(call, "cannot count right now");
	atomic_fetch_add(&counts, 1);
	mcps_resource_updated(mounted, MOUNTED_COUNTER);
	return mcps_text(call, "%" PRId64, now);
}

static mcps_status read_counter(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "%u", atomic_load(&counts));
}

struct hold {
	const char *path;
};

static const mcps_field hold_fields[] = {
	MCPS_FIELD(struct hold, path,
	           "A named pipe: the call runs until it is closed"),
	MCPS_FIELDS_END
};

static mcps_status hold(mcps_call *call, const void *args)
{
	const struct hold *wanted = args;

	if (mounted_wait_for_pipe(call, wanted->path) != 0)
		return mcps_fail(call, "%s: %s", wanted->path, strerror(errno));
	return mcps_text(call, "let go");
}

bool mounted_start(const char *name)
{
	struct mcps_error error;

	mounted = mcps_server_new(name, "1.0.0");
	mcps_server_set_log(mounted, mounted_log, NULL, MCPS_LOG_INFO);
	mcps_server_set_store(mounted, getenv("MOUNTED_STORE"));
	mcps_add_tool(mounted, char, .name = "count", .fields = no_fields,
	              .description = "Count in this session", .run = count);
	mcps_add_tool(mounted, struct hold, .name = "hold",
	              .fields = hold_fields, .run = hold,
	              .description = "Run until a pipe is closed");
	mcps_add_resource(mounted, .uri = MOUNTED_COUNTER, .name = "counter",
	                  .mime_type = "text/plain", .read = read_counter);
	if (mcps_server_start(mounted, &error) == MCPS_OK)
		return true;
	fprintf(stderr, "mounted: cannot start: %s\n", error.text);
	return false;
}

void mounted_free(void)
{
	mcps_server_free(mounted);
}
