#include "mhd/connection.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "mhd/disconnect_watcher.h"
#include "mhd/linger.h"
#include "mhd/mhd_context.h"
#include "mhd/pages.h"
#include "mhd/parked_thread.h"
#include "mhd/reply.h"
#include "mhd/request.h"
#include "mhd/socket.h"
#include "session/memory_limit.h"
#include "stream/sse_connection.h"

#include <limits.h>

/* The body of a refused request is read and dropped, so that its connection
 * lives on and the client surely gets the answer: libmicrohttpd takes none
 * inside of a body. Short ones cost nothing. */
enum {
	SKIP_SHORT = 256 * 1024,
	SKIP_LONG = 4 * 1024 * 1024, /* or max_body, if that is more, ... */
	SKIP_MS_MAX = 5000,          /* ... for so long */
	SKIPPING_MAX = 16            /* ... of so many requests at once */
};

/* Bytes of one writing: for less no memory is given back again. */
enum { RELEASE_PAGES_MAX = 4096 };

struct request_context {
	struct mhd_context *mhd;
	struct MHD_Connection *connection;
	struct parked_thread *thread; /* of a context that blocks; else NULL */
	struct exchange *exchange;    /* NULL: only the answer is left of it */
	struct memory_claim claim;    /* of what answers may hold */
	struct sse_connection *sse;   /* the answer is a stream; its, or ours */
	struct deadline *deadline;    /* the connection's; NULL: no memory */
	uint64_t skipped;             /* bytes of a body that nobody wants */
	int64_t skipping_until_ms;    /* steady; 0: it is not one of those that
	                               * mhd->skipping counts */
	uint64_t body_limit;          /* what of a body may still come */
	bool lingers;                 /* answered before its body was read */
	enum exchange_state state;
	bool is_get;
	bool has_released_pages; /* what it does not need while it is silent */
	struct disconnect_watch watch; /* of a stream */
	bool is_working;               /* all of it is here, and not answered */
	bool was_parked;               /* and did not go on since */
};

/* ---- parking ---- */

static void connection_park(void *arg)
{
	struct request_context *context = arg;

	context->was_parked = true;
	mcps__mhd_context_park(context->mhd, context->connection,
	                       context->thread);
}

static void connection_wake(void *arg)
{
	struct request_context *context = arg;

	mcps__mhd_context_wake(context->mhd, context->connection,
	                       context->thread);
}

/* libmicrohttpd calls us for it, which it does not while it is parked. */
static void connection_go_on(struct request_context *context)
{
	if (context->was_parked)
		mcps__mhd_context_went_on(context->mhd);
	context->was_parked = false;
}

static unsigned connection_timeout_s(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_TIMEOUT);

	return info != NULL ? info->connection_timeout : 0;
}

/* The client was not silent while its thread waited. libmicrohttpd begins the
 * time anew when it was none before (0.9.75; 1.0.1 ignores the option here). */
static void connection_restart_timeout(struct MHD_Connection *connection)
{
	unsigned timeout_s = connection_timeout_s(connection);

	if (timeout_s == 0)
		return;
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
	                          0U);
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
	                          timeout_s);
}

/* Parked: wait here for the wake. Returns false where libmicrohttpd waits: it
 * calls us again. */
static bool connection_wait_for_wake(struct request_context *context)
{
	if (context->thread == NULL)
		return false;
	(void)mcps__parked_thread_wait(context->thread, 0);
	connection_restart_timeout(context->connection);
	connection_go_on(context);
	return true;
}

static void connection_enter_phase(struct request_context *context,
                                   enum socket_phase phase)
{
	mcps__socket_enter(context->mhd->sockets, context->deadline, phase);
}

/* ---- streams ---- */

/* What is listened to is silent most of the time. OUT is a good part of the
 * connection's memory; only this thread reads on, be it woken or not. */
static void connection_release_pages(struct request_context *context, char *out,
                                     size_t size, ptrdiff_t length)
{
	if (length >= RELEASE_PAGES_MAX)
		context->has_released_pages = false;
	if (length != 0 || !context->is_get || context->has_released_pages)
		return;
	mcps__pages_release(out, size);
	context->has_released_pages = true;
}

/* libmicrohttpd 1.0.1 counts the time that the thread waits as silence of the
 * client, and would close the connection afterwards: a comment in good time,
 * which is written when the peer is checked, begins that time anew.
 * Returns 0: there is no limit. */
static unsigned
connection_silence_limit_ms(const struct request_context *context)
{
	unsigned timeout_s = connection_timeout_s(context->connection);

	return timeout_s < UINT_MAX / 1000 ? timeout_s * 1000 / 2
	                                   : UINT_MAX / 2;
}

/* The same as connection_wait_for_wake(), for a stream that has nothing to say.
 */
static bool connection_wait_for_event(struct request_context *context)
{
	if (context->thread == NULL)
		return false;
	if (!mcps__parked_thread_wait(context->thread,
	                              connection_silence_limit_ms(context)))
		mcps__sse_connection_check_peer(context->sse);
	return connection_wait_for_wake(context);
}

static ssize_t connection_read_stream(void *arg, uint64_t position, char *out,
                                      size_t size)
{
	struct request_context *context = arg;
	ptrdiff_t length;

	(void)position;
	connection_go_on(context);
	/* Asleep it may be woken, and read again, before this returns. */
	connection_enter_phase(context, SOCKET_WORKING);
	do {
		length = mcps__sse_connection_read(context->sse, out, size);
		connection_release_pages(context, out, size, length);
	} while (length == SSE_ASLEEP && connection_wait_for_event(context));
	if (length == SSE_CUT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (length < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length > 0)
		connection_enter_phase(context, SOCKET_EVENTS);
	return length;
}

static void connection_check_peer(void *arg)
{
	struct request_context *context = arg;

	mcps__sse_connection_check_peer(context->sse);
}

static void connection_watch(struct request_context *context)
{
	if (context->mhd->watcher == NULL)
		return;
	context->watch = (struct disconnect_watch){
		.fd = mcps__socket_descriptor(context->connection),
		.on_disconnect = connection_check_peer,
		.arg = context
	};
	mcps__disconnect_watcher_add(context->mhd->watcher, &context->watch);
}

/* ---- answering ---- */

/* Returns true if the connection closes after its next answer. */
static bool connection_is_last_answer(const struct mhd_context *mhd)
{
	return atomic_load(&mhd->closes) ||
	       atomic_load(&mhd->endpoint->is_stopping);
}

static void connection_set_working(struct request_context *context,
                                   bool is_working)
{
	if (is_working && !context->is_working)
		atomic_fetch_add(&context->mhd->working, 1);
	if (!is_working && context->is_working)
		atomic_fetch_sub(&context->mhd->working, 1);
	context->is_working = is_working;
}

/* A call that was over before its connection was woken is sent as a whole,
 * whose length is known. */
static bool connection_is_over(struct plan *plan)
{
	return plan->sse->is_call &&
	       mcps__sse_connection_read_all(plan->sse, &plan->body);
}

static enum MHD_Result connection_answer(struct request_context *context)
{
	struct reply_manner manner = { .is_get = context->is_get,
		                       .close = connection_is_last_answer(
					       context->mhd),
		                       .read = connection_read_stream,
		                       .read_arg = context };
	struct plan *plan = mcps__exchange_plan(context->exchange);

	connection_set_working(context, false);
	connection_enter_phase(context, SOCKET_ANSWER);
	context->sse = plan->sse;
	if (plan->kind == PLAN_STREAM && !connection_is_over(plan))
		connection_watch(context);
	mcps__exchange_count_answer(context->exchange, &context->claim);
	if (!mcps__reply_send(context->connection, plan, &manner))
		return MHD_NO;
	if (mcps__exchange_let_go(context->exchange))
		context->exchange = NULL;
	return MHD_YES;
}

/* ---- the three kinds of calls ---- */

static struct request_context *
request_context_free(struct request_context *context)
{
	mcps__parked_thread_free(context->thread);
	mcps__free(context);
	return NULL;
}

static struct request_context *
request_context_open(struct mhd_context *mhd, struct MHD_Connection *connection,
                     const struct mcps_request *request)
{
	struct request_context *context = mcps__malloc(sizeof *context);

	if (context == NULL)
		return NULL;
	*context = (struct request_context){
		.mhd = mhd,
		.connection = connection,
		.body_limit = mcps__request_body_limit(request),
		.is_get = request->method == HTTP_GET
	};
	if (mhd->blocks) {
		context->thread = mcps__parked_thread_new();
		if (context->thread == NULL)
			return request_context_free(context);
	}
	context->exchange = mcps__exchange_open(
		mhd->endpoint, request,
		&(struct exchange_glue){ .park = connection_park,
	                                 .wake = connection_wake,
	                                 .arg = context,
	                                 .streams = mhd->streams },
		&context->state);
	if (context->exchange == NULL)
		return request_context_free(context);
	if (mhd->sockets != NULL)
		context->deadline = mcps__socket_deadline(connection);
	connection_enter_phase(context, SOCKET_BODY);
	atomic_fetch_add(&mhd->open, 1);
	return context;
}

/* ---- bodies that nobody wants ---- */

static int64_t connection_steady_ms(const struct request_context *context)
{
	return mcps__steady_ms(context->mhd->endpoint->sessions->options.clock);
}

/* Be one of those that skip long bodies; false: there are too many. */
static bool connection_skip_begin(struct request_context *context)
{
	if (context->skipping_until_ms != 0)
		return true;
	if (atomic_fetch_add(&context->mhd->skipping, 1) >= SKIPPING_MAX) {
		atomic_fetch_sub(&context->mhd->skipping, 1);
		return false;
	}
	context->skipping_until_ms =
		connection_steady_ms(context) + SKIP_MS_MAX;
	connection_enter_phase(context, SOCKET_SKIP);
	return true;
}

static void connection_skip_end(struct request_context *context)
{
	if (context->skipping_until_ms != 0)
		atomic_fetch_sub(&context->mhd->skipping, 1);
	context->skipping_until_ms = 0;
}

static uint64_t connection_skip_limit(const struct request_context *context)
{
	size_t max_body = context->mhd->endpoint->max_body;

	return max_body > SKIP_LONG ? max_body : SKIP_LONG;
}

/* SIZE more bytes came. */
static bool connection_skip_body(struct request_context *context, size_t size)
{
	context->skipped += size;
	if (context->skipped <= SKIP_SHORT)
		return true;
	return context->skipped <= connection_skip_limit(context) &&
	       connection_skip_begin(context) &&
	       connection_steady_ms(context) <= context->skipping_until_ms;
}

/* A client that expects 100-continue holds its body back, so there is nothing
 * to skip. */
static bool connection_may_skip_body(struct request_context *context)
{
	if (context->body_limit == 0)
		return true;
	if (MHD_lookup_connection_value(context->connection, MHD_HEADER_KIND,
	                                "Expect") != NULL)
		return false;
	if (context->body_limit <= SKIP_SHORT)
		return true;
	return context->body_limit <= connection_skip_limit(context) &&
	       connection_skip_begin(context);
}

/* An answer given in the first call closes the connection, whatever it says,
 * and the socket lingers for it. That is for bodies too long to skip, those
 * that a client holds back until it is asked for them, and framing not to be
 * trusted; any other refusal waits for the last call. */
static enum MHD_Result connection_let_in(struct request_context *context)
{
	const struct plan *plan = mcps__exchange_plan(context->exchange);

	if (context->state != EXCHANGE_READY)
		return MHD_YES;
	if (!plan->close && connection_may_skip_body(context))
		return MHD_YES;
	context->lingers = true;
	return connection_answer(context);
}

static enum MHD_Result connection_begin(struct mhd_context *mhd,
                                        struct MHD_Connection *connection,
                                        const struct arrival *arrival,
                                        void **slot)
{
	struct mcps_request request;
	struct request_context *context;

	mcps__request_read(&request, connection, mhd->endpoint->proxies,
	                   arrival->url, arrival->method);
	request.context = arrival->context;
	context = request_context_open(mhd, connection, &request);
	if (context == NULL) {
		mcps__request_finish(&request);
		return MHD_NO; /* no memory: all we can do is hang up */
	}
	*slot = context;
	while (context->state == EXCHANGE_PARKED &&
	       connection_wait_for_wake(context))
		context->state = mcps__exchange_run(context->exchange);
	return connection_let_in(context);
}

/* Parked in the first call: libmicrohttpd makes that call again. */
static enum MHD_Result connection_begin_again(struct request_context *context)
{
	context->state = mcps__exchange_run(context->exchange);
	return connection_let_in(context);
}

/* libmicrohttpd takes no answer between the first and the last call. */
static enum MHD_Result connection_collect(struct request_context *context,
                                          const char *bytes, size_t *size)
{
	size_t length = *size;

	*size = 0;
	if (mcps__exchange_plan(context->exchange)->ready)
		return connection_skip_body(context, length) ? MHD_YES : MHD_NO;
	mcps__exchange_body(context->exchange, bytes, length);
	return MHD_YES;
}

/* The last call, and again after each wake. */
static enum MHD_Result connection_finish(struct request_context *context)
{
	bool is_first = !context->is_working;

	connection_skip_end(context);
	connection_set_working(context, true); /* before the context is asked */
	connection_enter_phase(context, SOCKET_WORKING);
	if (is_first && atomic_load(&context->mhd->refuses))
		mcps__exchange_refuse_late(context->exchange);
	while (!mcps__exchange_plan(context->exchange)->ready &&
	       mcps__exchange_run(context->exchange) == EXCHANGE_PARKED)
		if (!connection_wait_for_wake(context))
			return MHD_YES;
	return connection_answer(context);
}

/* After the request was let in, or refused. In its first call an answer would
 * close the connection; libmicrohttpd calls again, also if no body comes, and
 * if the program had kept the first call to itself. */
static enum MHD_Result connection_read_on(struct request_context *context,
                                          const struct arrival *arrival,
                                          bool is_first)
{
	if (*arrival->size != 0)
		return connection_collect(context, arrival->bytes,
		                          arrival->size);
	if (is_first)
		return MHD_YES;
	return connection_finish(context);
}

enum MHD_Result mcps__connection_serve(struct mhd_context *mhd,
                                       struct MHD_Connection *connection,
                                       const struct arrival *arrival,
                                       void **slot)
{
	struct request_context *context = *slot;
	enum MHD_Result result;

	if (context != NULL) {
		connection_go_on(context);
		if (context->state != EXCHANGE_PARKED)
			return connection_read_on(context, arrival, false);
		result = connection_begin_again(context);
	} else {
		result = connection_begin(mhd, connection, arrival, slot);
		context = *slot;
	}
	if (result == MHD_NO || context->state == EXCHANGE_PARKED ||
	    context->lingers)
		return result;
	return connection_read_on(context, arrival, true);
}

enum MHD_Result mcps__connection_handle(void *arg,
                                        struct MHD_Connection *connection,
                                        const char *url, const char *method,
                                        const char *version, const char *bytes,
                                        size_t *size, void **slot)
{
	(void)version;
	return mcps__connection_serve(
		arg, connection,
		&(const struct arrival){ url, method, bytes, size, NULL },
		slot);
}

/* libmicrohttpd has still to say over it that the connection ends. */
static bool connection_is_encrypted(const struct request_context *context)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		context->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL && info->tls_session != NULL;
}

void mcps__connection_completed(void *arg, struct MHD_Connection *connection,
                                void **slot,
                                enum MHD_RequestTerminationCode why)
{
	struct request_context *context = *slot;
	struct mhd_context *mhd;

	(void)arg;
	(void)connection;
	if (context == NULL)
		return;
	*slot = NULL;
	connection_go_on(context);
	if (why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		mcps__endpoint_report(context->mhd->endpoint,
		                      INCIDENT_SLOW_CLIENT);
	connection_enter_phase(context, SOCKET_IDLE);
	if (context->watch.is_on)
		mcps__disconnect_watcher_remove(context->mhd->watcher,
		                                &context->watch);
	if (context->exchange == NULL)
		mcps__exchange_leave(context->mhd->endpoint,
		                     context->mhd->streams, context->sse);
	mcps__exchange_close(context->exchange);
	mhd = context->mhd;
	mcps__memory_claim_release(mhd->endpoint->sessions->options.answers,
	                           &context->claim);
	connection_set_working(context, false);
	connection_skip_end(context);
	if (context->lingers && !connection_is_encrypted(context))
		mcps__linger_add(mhd->linger,
		                 mcps__socket_descriptor(context->connection));
	(void)request_context_free(context);
	atomic_fetch_sub(&mhd->open, 1);
}

/* The connection may be another one by now, which must not be closed. */
void mcps__connection_missed(void **slot)
{
	struct request_context *context = *slot;

	if (context != NULL)
		context->lingers = false;
	mcps__connection_completed(NULL, NULL, slot,
	                           MHD_REQUEST_TERMINATED_COMPLETED_OK);
}
