#include "mhd/connection.h"

#include "base/memory.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "mhd/host.h"
#include "mhd/pages.h"
#include "mhd/reply.h"
#include "mhd/request.h"
#include "mhd/socket.h"
#include "mhd/watcher.h"
#include "session/outlet.h"

/* What is read and thrown away of the body of a refused request, so that its
 * connection lives on and the client surely reads why: closing a socket with
 * unread bytes makes the kernel reset the connection. More is not worth it. */
enum { SKIP_MAX = 256 * 1024 };

/* Bytes of one writing: for less no memory is given back again. */
enum { SLIM_MAX = 4096 };

struct inflight {
	struct host *host;
	struct MHD_Connection *connection;
	struct exchange *exchange; /* NULL: only its outlet is left of it */
	struct outlet *outlet;     /* the answer is a stream; its, or ours */
	struct deadline *deadline; /* the connection's; NULL: no memory */
	size_t skipped;            /* bytes of a body that nobody wants */
	uint64_t body_limit;       /* what of a body may still come */
	enum exchange_state state;
	bool is_get;
	bool is_slim;       /* what its silence does not need was given back */
	struct watch watch; /* of a stream */
	bool is_working;    /* all of it is here, and not answered */
};

/* ---- parking ---- */

static void park(void *arg)
{
	struct inflight *inflight = arg;

	mcps__host_park(inflight->host, inflight->connection);
}

static void wake(void *arg)
{
	struct inflight *inflight = arg;

	mcps__host_wake(inflight->host, inflight->connection);
}

static void enter(struct inflight *inflight, enum socket_phase phase)
{
	mcps__socket_enter(inflight->host->sockets, inflight->deadline, phase);
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

static ssize_t read_stream(void *arg, uint64_t position, char *out, size_t size)
{
	struct inflight *inflight = arg;
	ptrdiff_t length;

	(void)position;
	/* Asleep it may be woken, and read again, before this returns. */
	enter(inflight, SOCKET_WORKING);
	length = mcps__outlet_read(inflight->outlet, out, size);
	if (length < 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length > 0)
		enter(inflight, SOCKET_EVENTS);
	slim(inflight, out, size, length);
	return length;
}

static void probe(void *arg)
{
	struct inflight *inflight = arg;

	mcps__outlet_probe(inflight->outlet);
}

static void watch(struct inflight *inflight)
{
	if (inflight->host->watcher == NULL)
		return;
	inflight->watch = (struct watch){ .fd = mcps__socket_descriptor(
						  inflight->connection),
		                          .news = probe,
		                          .arg = inflight };
	mcps__watcher_add(inflight->host->watcher, &inflight->watch);
}

/* ---- answering ---- */

/* Of what stops, nothing more is to be had here. */
static bool is_last_answer(const struct host *host)
{
	return atomic_load(&host->closes) ||
	       atomic_load(&host->endpoint->is_stopping);
}

static void set_working(struct inflight *inflight, bool is_working)
{
	if (is_working && !inflight->is_working)
		atomic_fetch_add(&inflight->host->working, 1);
	if (!is_working && inflight->is_working)
		atomic_fetch_sub(&inflight->host->working, 1);
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
		                       .close = is_last_answer(inflight->host),
		                       .read = read_stream,
		                       .read_arg = inflight };
	struct plan *plan = mcps__exchange_plan(inflight->exchange);

	set_working(inflight, false);
	enter(inflight, SOCKET_ANSWER);
	inflight->outlet = plan->outlet;
	if (plan->kind == PLAN_STREAM && !is_over(plan))
		watch(inflight);
	if (!mcps__reply_send(inflight->connection, plan, &manner))
		return MHD_NO;
	if (mcps__exchange_let_go(inflight->exchange))
		inflight->exchange = NULL;
	return MHD_YES;
}

/* ---- the three kinds of calls ---- */

static struct inflight *inflight_open(struct host *host,
                                      struct MHD_Connection *connection,
                                      const struct mcps_request *request)
{
	struct inflight *inflight = mcps__malloc(sizeof *inflight);

	if (inflight == NULL)
		return NULL;
	*inflight = (struct inflight){ .host = host,
		                       .connection = connection,
		                       .body_limit = mcps__request_body_limit(
					       request),
		                       .is_get = request->method == HTTP_GET };
	inflight->exchange = mcps__exchange_open(
		host->endpoint, request,
		&(struct exchange_glue){
			.park = park, .wake = wake, .arg = inflight },
		&inflight->state);
	if (inflight->exchange == NULL) {
		mcps__free(inflight);
		return NULL;
	}
	if (host->sockets != NULL)
		inflight->deadline = mcps__socket_deadline(connection);
	enter(inflight, SOCKET_BODY);
	atomic_fetch_add(&host->open, 1);
	return inflight;
}

/* An answer given in the first call closes the connection, whatever it says.
 * So that is for bodies too long to skip and framing not to be trusted; any
 * other refusal waits for the last call. */
static enum MHD_Result let_in(struct inflight *inflight)
{
	const struct plan *plan = mcps__exchange_plan(inflight->exchange);

	if (inflight->state != EXCHANGE_READY)
		return MHD_YES;
	if (!plan->close && inflight->body_limit <= SKIP_MAX)
		return MHD_YES;
	return answer(inflight);
}

static enum MHD_Result begin(struct host *host,
                             struct MHD_Connection *connection, const char *url,
                             const char *method, void **slot)
{
	struct mcps_request request;
	struct inflight *inflight;

	mcps__request_read(&request, connection, url, method);
	inflight = inflight_open(host, connection, &request);
	if (inflight == NULL) {
		mcps__request_finish(&request);
		return MHD_NO; /* no memory: all we can do is hang up */
	}
	*slot = inflight;
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
	if (mcps__exchange_plan(inflight->exchange)->ready)
		inflight->skipped += *size;
	else
		mcps__exchange_body(inflight->exchange, bytes, *size);
	*size = 0;
	return inflight->skipped <= SKIP_MAX ? MHD_YES : MHD_NO;
}

/* The last call, and again after each wake. */
static enum MHD_Result finish(struct inflight *inflight)
{
	set_working(inflight, true);
	enter(inflight, SOCKET_WORKING);
	if (!mcps__exchange_plan(inflight->exchange)->ready &&
	    mcps__exchange_run(inflight->exchange) == EXCHANGE_PARKED)
		return MHD_YES;
	return answer(inflight);
}

enum MHD_Result mcps__connection_handle(void *arg,
                                        struct MHD_Connection *connection,
                                        const char *url, const char *method,
                                        const char *version, const char *bytes,
                                        size_t *size, void **slot)
{
	struct inflight *inflight = *slot;

	(void)version;
	if (inflight == NULL)
		return begin(arg, connection, url, method, slot);
	if (inflight->state == EXCHANGE_PARKED)
		return begin_again(inflight);
	if (*size != 0)
		return collect(inflight, bytes, size);
	return finish(inflight);
}

void mcps__connection_completed(void *arg, struct MHD_Connection *connection,
                                void **slot,
                                enum MHD_RequestTerminationCode why)
{
	struct inflight *inflight = *slot;
	struct host *host;

	(void)arg;
	(void)connection;
	(void)why;
	if (inflight == NULL)
		return;
	*slot = NULL;
	enter(inflight, SOCKET_IDLE);
	if (inflight->watch.is_on)
		mcps__watcher_remove(inflight->host->watcher, &inflight->watch);
	if (inflight->exchange == NULL)
		mcps__exchange_leave(inflight->host->endpoint,
		                     inflight->outlet);
	mcps__exchange_close(inflight->exchange);
	host = inflight->host;
	set_working(inflight, false);
	mcps__free(inflight);
	atomic_fetch_sub(&host->open, 1);
}
