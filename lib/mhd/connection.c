#include "mhd/connection.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "mhd/mhd_context.h"
#include "mhd/linger.h"
#include "mhd/pages.h"
#include "mhd/parked_thread.h"
#include "mhd/reply.h"
#include "mhd/request.h"
#include "mhd/socket.h"
#include "mhd/disconnect_watcher.h"
#include "session/memory_limit.h"
#include "session/outlet.h"

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
enum { SLIM_MAX = 4096 };

struct inflight {
	struct mhd_context *mhd;
	struct MHD_Connection *connection;
	struct parked_thread *thread; /* of a context that blocks; else NULL */
	struct exchange *exchange;    /* NULL: only the answer is left of it */
	struct memory_claim claim;    /* of what answers may hold */
	struct outlet *outlet;        /* the answer is a stream; its, or ours */
	struct deadline *deadline;    /* the connection's; NULL: no memory */
	uint64_t skipped;             /* bytes of a body that nobody wants */
	int64_t skipping_until_ms;    /* steady; 0: it is not one of those that
	                               * mhd->skipping counts */
	uint64_t body_limit;          /* what of a body may still come */
	bool lingers;                 /* answered before its body was read */
	enum exchange_state state;
	bool is_get;
	bool is_slim; /* what its silence does not need was given back */
	struct disconnect_watch watch; /* of a stream */
	bool is_working;               /* all of it is here, and not answered */
	bool was_parked;               /* and did not go on since */
};

/* ---- parking ---- */

static void park(void *arg)
{
	struct inflight *inflight = arg;

	inflight->was_parked = true;
	mcps__mhd_context_park(inflight->mhd, inflight->connection,
	                       inflight->thread);
}

static void wake(void *arg)
{
	struct inflight *inflight = arg;

	mcps__mhd_context_wake(inflight->mhd, inflight->connection,
	                       inflight->thread);
}

/* libmicrohttpd calls us for it, which it does not while it is parked. */
static void go_on(struct inflight *inflight)
{
	if (inflight->was_parked)
		mcps__mhd_context_went_on(inflight->mhd);
	inflight->was_parked = false;
}

static unsigned connection_timeout_s(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_TIMEOUT);

	return info != NULL ? info->connection_timeout : 0;
}

/* The client was not silent while its thread waited. libmicrohttpd begins the
 * time anew when it was none before (0.9.75; 1.0.1 ignores the option here). */
static void restart_timeout(struct MHD_Connection *connection)
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
static bool wait_for_wake(struct inflight *inflight)
{
	if (inflight->thread == NULL)
		return false;
	(void)mcps__parked_thread_wait(inflight->thread, 0);
	restart_timeout(inflight->connection);
	go_on(inflight);
	return true;
}

static void enter(struct inflight *inflight, enum socket_phase phase)
{
	mcps__socket_enter(inflight->mhd->sockets, inflight->deadline, phase);
}

/* ---- streams ---- */

/* What is listened to is silent most of the time. OUT is a good part of the
 * connection's memory; only this thread reads on, be it woken or not. */
static void slim(struct inflight *inflight, char *out, size_t size,
                 ptrdiff_t length)
{
	if (length >= SLIM_MAX)
		inflight->is_slim = false;
	if (length != 0 || !inflight->is_get || inflight->is_slim)
		return;
	mcps__pages_forget(out, size);
	inflight->is_slim = true;
}

/* libmicrohttpd 1.0.1 counts the time that the thread waits as silence of the
 * client, and would close the connection afterwards: a comment in good time,
 * which the outlet writes when it is probed, begins that time anew. Returns 0:
 * there is no limit. */
static unsigned silence_limit_ms(const struct inflight *inflight)
{
	unsigned timeout_s = connection_timeout_s(inflight->connection);

	return timeout_s < UINT_MAX / 1000 ? timeout_s * 1000 / 2
	                                   : UINT_MAX / 2;
}

/* The same as wait_for_wake(), for a stream that has nothing to say. */
static bool wait_for_event(struct inflight *inflight)
{
	if (inflight->thread == NULL)
		return false;
	if (!mcps__parked_thread_wait(inflight->thread,
	                              silence_limit_ms(inflight)))
		mcps__outlet_probe(inflight->outlet);
	return wait_for_wake(inflight);
}

static ssize_t read_stream(void *arg, uint64_t position, char *out, size_t size)
{
	struct inflight *inflight = arg;
	ptrdiff_t length;

	(void)position;
	go_on(inflight);
	/* Asleep it may be woken, and read again, before this returns. */
	enter(inflight, SOCKET_WORKING);
	do {
		length = mcps__outlet_read(inflight->outlet, out, size);
		slim(inflight, out, size, length);
	} while (length == OUTLET_ASLEEP && wait_for_event(inflight));
	if (length == OUTLET_CUT)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (length < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length > 0)
		enter(inflight, SOCKET_EVENTS);
	return length;
}

static void probe(void *arg)
{
	struct inflight *inflight = arg;

	mcps__outlet_probe(inflight->outlet);
}

static void watch(struct inflight *inflight)
{
	if (inflight->mhd->watcher == NULL)
		return;
	inflight->watch = (struct disconnect_watch){
		.fd = mcps__socket_descriptor(inflight->connection),
		.on_disconnect = probe,
		.arg = inflight
	};
	mcps__disconnect_watcher_add(inflight->mhd->watcher, &inflight->watch);
}

/* ---- answering ---- */

/* Of what stops, nothing more is to be had here. */
static bool is_last_answer(const struct mhd_context *mhd)
{
	return atomic_load(&mhd->closes) ||
	       atomic_load(&mhd->endpoint->is_stopping);
}

static void set_working(struct inflight *inflight, bool is_working)
{
	if (is_working && !inflight->is_working)
		atomic_fetch_add(&inflight->mhd->working, 1);
	if (!is_working && inflight->is_working)
		atomic_fetch_sub(&inflight->mhd->working, 1);
	inflight->is_working = is_working;
}

/* A call that was over before its connection was woken is sent as a whole,
 * whose length is known. */
static bool is_over(struct plan *plan)
{
	return plan->outlet->is_call &&
	       mcps__outlet_read_all(plan->outlet, &plan->body);
}

static enum MHD_Result answer(struct inflight *inflight)
{
	struct reply_manner manner = { .is_get = inflight->is_get,
		                       .close = is_last_answer(inflight->mhd),
		                       .read = read_stream,
		                       .read_arg = inflight };
	struct plan *plan = mcps__exchange_plan(inflight->exchange);

	set_working(inflight, false);
	enter(inflight, SOCKET_ANSWER);
	inflight->outlet = plan->outlet;
	if (plan->kind == PLAN_STREAM && !is_over(plan))
		watch(inflight);
	mcps__exchange_count_answer(inflight->exchange, &inflight->claim);
	if (!mcps__reply_send(inflight->connection, plan, &manner))
		return MHD_NO;
	if (mcps__exchange_let_go(inflight->exchange))
		inflight->exchange = NULL;
	return MHD_YES;
}

/* ---- the three kinds of calls ---- */

static struct inflight *inflight_free(struct inflight *inflight)
{
	mcps__parked_thread_free(inflight->thread);
	mcps__free(inflight);
	return NULL;
}

static struct inflight *inflight_open(struct mhd_context *mhd,
                                      struct MHD_Connection *connection,
                                      const struct mcps_request *request)
{
	struct inflight *inflight = mcps__malloc(sizeof *inflight);

	if (inflight == NULL)
		return NULL;
	*inflight = (struct inflight){ .mhd = mhd,
		                       .connection = connection,
		                       .body_limit = mcps__request_body_limit(
					       request),
		                       .is_get = request->method == HTTP_GET };
	if (mhd->blocks) {
		inflight->thread = mcps__parked_thread_new();
		if (inflight->thread == NULL)
			return inflight_free(inflight);
	}
	inflight->exchange = mcps__exchange_open(
		mhd->endpoint, request,
		&(struct exchange_glue){ .park = park,
	                                 .wake = wake,
	                                 .arg = inflight,
	                                 .streams = mhd->streams },
		&inflight->state);
	if (inflight->exchange == NULL)
		return inflight_free(inflight);
	if (mhd->sockets != NULL)
		inflight->deadline = mcps__socket_deadline(connection);
	enter(inflight, SOCKET_BODY);
	atomic_fetch_add(&mhd->open, 1);
	return inflight;
}

/* ---- bodies that nobody wants ---- */

static int64_t steady_ms(const struct inflight *inflight)
{
	return mcps__steady_ms(
		inflight->mhd->endpoint->sessions->options.clock);
}

/* Be one of those that skip long bodies; false: there are too many. */
static bool skip_begin(struct inflight *inflight)
{
	if (inflight->skipping_until_ms != 0)
		return true;
	if (atomic_fetch_add(&inflight->mhd->skipping, 1) >= SKIPPING_MAX) {
		atomic_fetch_sub(&inflight->mhd->skipping, 1);
		return false;
	}
	inflight->skipping_until_ms = steady_ms(inflight) + SKIP_MS_MAX;
	enter(inflight, SOCKET_SKIP);
	return true;
}

static void skip_end(struct inflight *inflight)
{
	if (inflight->skipping_until_ms != 0)
		atomic_fetch_sub(&inflight->mhd->skipping, 1);
	inflight->skipping_until_ms = 0;
}

static uint64_t skip_limit(const struct inflight *inflight)
{
	size_t max_body = inflight->mhd->endpoint->max_body;

	return max_body > SKIP_LONG ? max_body : SKIP_LONG;
}

/* SIZE more bytes came. */
static bool skip(struct inflight *inflight, size_t size)
{
	inflight->skipped += size;
	if (inflight->skipped <= SKIP_SHORT)
		return true;
	return inflight->skipped <= skip_limit(inflight) &&
	       skip_begin(inflight) &&
	       steady_ms(inflight) <= inflight->skipping_until_ms;
}

/* A client that expects 100-continue holds its body back, so there is nothing
 * to skip. */
static bool may_skip_body(struct inflight *inflight)
{
	if (inflight->body_limit == 0)
		return true;
	if (MHD_lookup_connection_value(inflight->connection, MHD_HEADER_KIND,
	                                "Expect") != NULL)
		return false;
	if (inflight->body_limit <= SKIP_SHORT)
		return true;
	return inflight->body_limit <= skip_limit(inflight) &&
	       skip_begin(inflight);
}

/* An answer given in the first call closes the connection, whatever it says,
 * and the socket lingers for it. That is for bodies too long to skip, those
 * that a client holds back until it is asked for them, and framing not to be
 * trusted; any other refusal waits for the last call. */
static enum MHD_Result let_in(struct inflight *inflight)
{
	const struct plan *plan = mcps__exchange_plan(inflight->exchange);

	if (inflight->state != EXCHANGE_READY)
		return MHD_YES;
	if (!plan->close && may_skip_body(inflight))
		return MHD_YES;
	inflight->lingers = true;
	return answer(inflight);
}

static enum MHD_Result begin(struct mhd_context *mhd,
                             struct MHD_Connection *connection,
                             const struct arrival *arrival, void **slot)
{
	struct mcps_request request;
	struct inflight *inflight;

	mcps__request_read(&request, connection, mhd->endpoint->proxies,
	                   arrival->url, arrival->method);
	request.context = arrival->context;
	inflight = inflight_open(mhd, connection, &request);
	if (inflight == NULL) {
		mcps__request_finish(&request);
		return MHD_NO; /* no memory: all we can do is hang up */
	}
	*slot = inflight;
	while (inflight->state == EXCHANGE_PARKED && wait_for_wake(inflight))
		inflight->state = mcps__exchange_run(inflight->exchange);
	return let_in(inflight);
}

/* Parked in the first call: libmicrohttpd makes that call again. */
static enum MHD_Result begin_again(struct inflight *inflight)
{
	inflight->state = mcps__exchange_run(inflight->exchange);
	return let_in(inflight);
}

/* libmicrohttpd takes no answer between the first and the last call. */
static enum MHD_Result collect(struct inflight *inflight, const char *bytes,
                               size_t *size)
{
	size_t length = *size;

	*size = 0;
	if (mcps__exchange_plan(inflight->exchange)->ready)
		return skip(inflight, length) ? MHD_YES : MHD_NO;
	mcps__exchange_body(inflight->exchange, bytes, length);
	return MHD_YES;
}

/* The last call, and again after each wake. */
static enum MHD_Result finish(struct inflight *inflight)
{
	bool is_first = !inflight->is_working;

	skip_end(inflight);
	set_working(inflight, true); /* before the context is asked */
	enter(inflight, SOCKET_WORKING);
	if (is_first && atomic_load(&inflight->mhd->refuses))
		mcps__exchange_refuse_late(inflight->exchange);
	while (!mcps__exchange_plan(inflight->exchange)->ready &&
	       mcps__exchange_run(inflight->exchange) == EXCHANGE_PARKED)
		if (!wait_for_wake(inflight))
			return MHD_YES;
	return answer(inflight);
}

/* After the request was let in, or refused. In its first call an answer would
 * close the connection; libmicrohttpd calls again, also if no body comes, and
 * if the program had kept the first call to itself. */
static enum MHD_Result read_on(struct inflight *inflight,
                               const struct arrival *arrival, bool is_first)
{
	if (*arrival->size != 0)
		return collect(inflight, arrival->bytes, arrival->size);
	if (is_first)
		return MHD_YES;
	return finish(inflight);
}

enum MHD_Result mcps__connection_serve(struct mhd_context *mhd,
                                       struct MHD_Connection *connection,
                                       const struct arrival *arrival,
                                       void **slot)
{
	struct inflight *inflight = *slot;
	enum MHD_Result result;

	if (inflight != NULL) {
		go_on(inflight);
		if (inflight->state != EXCHANGE_PARKED)
			return read_on(inflight, arrival, false);
		result = begin_again(inflight);
	} else {
		result = begin(mhd, connection, arrival, slot);
		inflight = *slot;
	}
	if (result == MHD_NO || inflight->state == EXCHANGE_PARKED ||
	    inflight->lingers)
		return result;
	return read_on(inflight, arrival, true);
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
static bool is_encrypted(const struct inflight *inflight)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		inflight->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	return info != NULL && info->tls_session != NULL;
}

void mcps__connection_completed(void *arg, struct MHD_Connection *connection,
                                void **slot,
                                enum MHD_RequestTerminationCode why)
{
	struct inflight *inflight = *slot;
	struct mhd_context *mhd;

	(void)arg;
	(void)connection;
	if (inflight == NULL)
		return;
	*slot = NULL;
	go_on(inflight);
	if (why == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		mcps__endpoint_report(inflight->mhd->endpoint,
		                      INCIDENT_SLOW_CLIENT);
	enter(inflight, SOCKET_IDLE);
	if (inflight->watch.is_on)
		mcps__disconnect_watcher_remove(inflight->mhd->watcher,
		                                &inflight->watch);
	if (inflight->exchange == NULL)
		mcps__exchange_leave(inflight->mhd->endpoint,
		                     inflight->mhd->streams, inflight->outlet);
	mcps__exchange_close(inflight->exchange);
	mhd = inflight->mhd;
	mcps__memory_claim_release(mhd->endpoint->sessions->options.answers,
	                           &inflight->claim);
	set_working(inflight, false);
	skip_end(inflight);
	if (inflight->lingers && !is_encrypted(inflight))
		mcps__linger_add(mhd->linger,
		                 mcps__socket_descriptor(inflight->connection));
	(void)inflight_free(inflight);
	atomic_fetch_sub(&mhd->open, 1);
}

/* The connection may be another one by now, which must not be closed. */
void mcps__connection_missed(void **slot)
{
	struct inflight *inflight = *slot;

	if (inflight != NULL)
		inflight->lingers = false;
	mcps__connection_completed(NULL, NULL, slot,
	                           MHD_REQUEST_TERMINATED_COMPLETED_OK);
}
