/* echo, which answers on the network thread; sleep and slow_count, which keep
 * a worker busy until they are over or nobody waits any more. */
#include "tools.h"

#include <inttypes.h>
#include <mcps/call.h>
#include <time.h>

enum { SLICE_MS = 20, LONGEST_MS = 60000 };

struct echo {
	const char *text;
};

static const mcps_field echo_fields[] = {
	MCPS_FIELD(struct echo, text, "What to say"), MCPS_FIELDS_END
};

struct doze {
	int64_t ms;
};

static const mcps_field doze_fields[] = {
	MCPS_FIELD(struct doze, ms, "How long, in milliseconds", .minimum = 0,
	           .maximum = LONGEST_MS),
	MCPS_FIELDS_END
};

static mcps_status echo(mcps_call *call, const void *args)
{
	const struct echo *in = args;

	return mcps_text(call, "%s", in->text);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_slice(int64_t left_ms)
{
	int64_t ms = left_ms < SLICE_MS ? left_ms : SLICE_MS;
	struct timespec slice = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&slice, NULL);
}

/* False: nobody waits for the call any more. */
static bool wait_ms(mcps_call *call, int64_t ms)
{
	int64_t end = now_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - now_ms()) {
		if (mcps_cancelled(call))
			return false;
		wait_slice(left);
	}
	return true;
}

static mcps_status doze(mcps_call *call, const void *args)
{
	const struct doze *in = args;
	int64_t start = now_ms();

	if (!wait_ms(call, in->ms))
		return MCPS_E_CANCELLED;
	return mcps_text(call, "Slept %" PRId64 " ms.", now_ms() - start);
}

/* ---- slow_count ---- */

struct slow {
	int64_t to;
	int64_t ms;
};

static const mcps_field slow_fields[] = {
	MCPS_FIELD(struct slow, to, "How far to count", .optional = true,
	           .default_json = "10", .minimum = 1, .maximum = 1000),
	MCPS_FIELD(struct slow, ms, "Milliseconds from one to the next",
	           .optional = true, .default_json = "500", .minimum = 0,
	           .maximum = LONGEST_MS),
	MCPS_FIELDS_END
};

static mcps_status slow_count(mcps_call *call, const void *args)
{
	const struct slow *in = args;

	for (int64_t n = 1; n <= in->to; n++) {
		if (!wait_ms(call, in->ms))
			return MCPS_E_CANCELLED;
		mcps_progress(call, (double)n, (double)in->to,
		              "counted to %" PRId64, n);
	}
	return mcps_text(call, "Counted to %" PRId64 ".", in->to);
}

void add_simple_tools(mcps_server *server)
{
	mcps_add_tool(server, struct echo, .name = "echo", .title = "Echo",
	              .description = "Return the text as it is.",
	              .fields = echo_fields, .run = echo, .quick = true,
	              .hints = MCPS_READ_ONLY);
	mcps_add_tool(server, struct doze, .name = "sleep", .title = "Sleep",
	              .description =
	                      "Wait up to a minute, then tell how long it was. "
	                      "Stops early when the call is cancelled.",
	              .fields = doze_fields, .run = doze,
	              .hints = MCPS_READ_ONLY | MCPS_IDEMPOTENT);
	mcps_add_tool(server, struct slow, .name = "slow_count",
	              .title = "Slow count",
	              .description =
	                      "Count slowly and report progress. A client that "
	                      "loses its connection meanwhile can resume.",
	              .fields = slow_fields, .run = slow_count,
	              .hints = MCPS_READ_ONLY | MCPS_IDEMPOTENT);
}
