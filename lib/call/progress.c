/* notifications/progress of a call (2025-11-25, Progress). */
#include "call/call.h"

#include "base/clock.h"
#include "call/misuse.h"
#include "rpc/write.h"
#include "stream/stream.h"

#include <math.h>

/* Twenty a second, and as many at once. */
enum { PROGRESS_COSTS_MS = 50, PROGRESS_CREDIT_MS = 20 * PROGRESS_COSTS_MS };

void mcps__call_emit(struct mcps_call *call, struct buffer *message,
                     unsigned how)
{
	struct stream *stream = NULL;

	if (call->on_worker &&
	    (atomic_load(&call->running.steps) & CALL_STOPS) == 0)
		stream = call->emits(call);
	if (stream != NULL)
		(void)mcps__stream_append(stream, message, how);
	mcps__buffer_finish(message);
}

void mcps__call_notify(struct mcps_call *call, const char *method,
                       const char *params)
{
	struct buffer message = { 0 };

	mcps__message_write(&message, method, params);
	mcps__call_emit(call, &message, 0);
}

void mcps_disconnect(mcps_call *call, uint32_t retry_ms)
{
	struct stream *stream = NULL;

	if (call == NULL || mcps__misuse_on_network_thread(call, __func__))
		return;
	if (call->revision->has_retry)
		stream = call->emits(call);
	if (stream != NULL)
		mcps__stream_disconnect(stream, retry_ms);
}

/* The token of the request, SCAN_NONE: its client does not want to know. */
static uint32_t progress_find_token(const struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t meta;

	if (call->message.params == SCAN_NONE)
		return SCAN_NONE;
	meta = mcps__scan_optional(scan, call->message.params, "_meta");
	if (meta == SCAN_NONE)
		return SCAN_NONE;
	return mcps__scan_optional(scan, meta, "progressToken");
}

/* Whether it may be told now. It must rise; the end is always told. */
static bool progress_pass(struct mcps_call *call, double done, double total)
{
	struct call_progress *progress = &call->progress;
	int64_t now = mcps__steady_ms(call->mcp->sessions->options.clock);
	int64_t credit = progress->credit_ms + (now - progress->since_ms);

	if (progress->was_told && done <= progress->done)
		return false;
	if (!progress->was_told || credit > PROGRESS_CREDIT_MS)
		credit = PROGRESS_CREDIT_MS;
	if (credit < PROGRESS_COSTS_MS && !(total > 0 && done >= total))
		return false;
	progress->was_told = true;
	progress->done = done;
	progress->since_ms = now;
	progress->credit_ms = credit < PROGRESS_COSTS_MS
	                              ? 0
	                              : (unsigned)credit - PROGRESS_COSTS_MS;
	return true;
}

static MCPS_PRINTF(2, 0) void add_message(struct buffer *out,
                                          const char *format, va_list args)
{
	struct buffer text = { 0 };

	mcps__buffer_add_vformat(&text, format, args);
	mcps__buffer_add_literal(out, ",\"message\":");
	mcps__write_string(out, text.data, text.length);
	out->failed = out->failed || text.failed;
	mcps__buffer_finish(&text);
}

void mcps_progress(mcps_call *call, double done, double total,
                   const char *format, ...)
{
	struct buffer out = { 0 };
	const char *raw;
	uint32_t token;
	size_t length;
	va_list args;

	if (call == NULL || mcps__misuse_on_network_thread(call, __func__))
		return;
	token = progress_find_token(call);
	if (token == SCAN_NONE || !isfinite(done) ||
	    !progress_pass(call, done, total))
		return;
	raw = mcps__scan_raw(call->message.scan, token, &length);
	mcps__buffer_add_literal(
		&out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
		      "progress\",\"params\":{\"progressToken\":");
	mcps__buffer_add(&out, raw, length);
	mcps__buffer_add_literal(&out, ",\"progress\":");
	mcps__write_double(&out, done);
	if (isfinite(total) && total > 0) {
		mcps__buffer_add_literal(&out, ",\"total\":");
		mcps__write_double(&out, total);
	}
	if (format != NULL && call->revision->has_progress_message) {
		va_start(args, format);
		add_message(&out, format, args);
		va_end(args);
	}
	mcps__buffer_add_literal(&out, "}}");
	mcps__call_emit(call, &out, 0);
}
