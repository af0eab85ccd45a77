/* Sessions for programs with JSON-RPC code of their own: an exchange that ends
 * where the session is known. */
#include <mcps/admit.h>
#include <mcps/sys/sized.h>

#include "base/memory.h"
#include "http/answer.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "server/attachment.h"
#include "server/server.h"

#include <string.h>

struct mcps_admission {
	struct mcps_admit_view view;
	struct endpoint *endpoint;
	struct exchange *exchange; /* NULL: not yet */
	enum exchange_state state;
	enum mcps_admission_result result;
	struct principal *caller; /* as the program says; NULL: it does not */
	struct session_call
		serving; /* on the session, so that its end is told */
	bool is_serving;
	bool is_get;
	struct answer_headers headers;
};

/* ---- the program's request as ours ---- */

static const char *admission_find_header(void *connection, const char *name)
{
	const struct mcps_admission *admission = connection;

	return admission->view.header(admission->view.arg, name);
}

static void admission_read_headers(struct mcps_request *request,
                                   const struct mcps_admit_view *view)
{
	static const char *const names[] = {
#define X(name, text) text,
		HTTP_HEADER_MAP(X) FORWARDED_HEADER_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = view->header(view->arg, names[i]);

		if (value != NULL)
			mcps__request_add_header(request, names[i],
			                         strlen(names[i]), value,
			                         strlen(value));
	}
}

static void admission_read_peer(struct mcps_request *request,
                                const struct mcps_admission *admission)
{
	const char *peer = admission->view.peer;

	if (peer != NULL)
		mcps__forwarded_node(&request->peer, peer, strlen(peer));
	mcps__forwarded_begin(&request->forwarded, admission->endpoint->proxies,
	                      &request->peer);
}

static void admission_read_request(struct mcps_request *request,
                                   mcps_admission *admission)
{
	const struct mcps_admit_view *view = &admission->view;

	*request = (struct mcps_request){
		.method = mcps__method_find(view->method),
		.method_text = view->method,
		.path = admission->endpoint->path,
		.caller = admission->caller,
		.find = admission_find_header,
		.connection = admission,
	};
	admission_read_peer(request, admission);
	admission_read_headers(request, view);
}

/* ---- where it stands ---- */

/* From here on the end of the session is told to the call. */
static void admission_serve(mcps_admission *admission, struct session *session)
{
	admission->serving.id = "";
	mcps__session_add_call(session, &admission->serving);
	admission->is_serving = true;
}

static enum mcps_admission_result
admission_read_result(mcps_admission *admission)
{
	struct session *session = mcps__exchange_session(admission->exchange);
	const struct plan *plan = mcps__exchange_plan(admission->exchange);

	if (plan->ready)
		return MCPS_ADMISSION_ANSWER;
	if (session == NULL)
		return MCPS_ADMISSION_INITIALIZE;
	if (!mcps__exchange_reserve_outcome(admission->exchange))
		return MCPS_ADMISSION_ANSWER;
	admission_serve(admission, session);
	return plan->session_id[0] != '\0' ? MCPS_ADMISSION_OPENED
	                                   : MCPS_ADMISSION_SERVE;
}

/* Until it is parked, or there is a result. */
static mcps_status admission_go_on(mcps_admission *admission)
{
	struct exchange *exchange = admission->exchange;
	const struct mcps_admit_view *view = &admission->view;

	while (admission->state == EXCHANGE_READING) {
		if (view->body != NULL)
			mcps__exchange_body(exchange, view->body, view->length);
		admission->state = mcps__exchange_run(exchange);
	}
	if (admission->state == EXCHANGE_PARKED)
		return MCPS_LATER;
	admission->result = admission_read_result(admission);
	return MCPS_OK;
}

static void admission_park(void *arg)
{
	mcps_admission *admission = arg;

	atomic_fetch_add(&admission->endpoint->admissions_parked, 1);
	if (admission->view.park != NULL)
		admission->view.park(admission->view.arg);
}

static void admission_wake(void *arg)
{
	mcps_admission *admission = arg;
	struct endpoint *endpoint = admission->endpoint;

	admission->view.done(admission->view.arg); /* may be its end */
	atomic_fetch_sub(&endpoint->admissions_parked, 1);
}

/* ---- beginning ---- */

static mcps_status admission_view_read(struct mcps_admit_view *view,
                                       const struct mcps_admit_view *given)
{
	mcps_status status =
		mcps_sized_copy(view, sizeof *view, given, "view",
	                        "sizeof(struct mcps_admit_view)", NULL);

	if (status == MCPS_OK && (view->method == NULL ||
	                          view->header == NULL || view->done == NULL))
		status = MCPS_E_INVAL;
	return status;
}

static mcps_status admission_begin(mcps_admission *admission)
{
	const struct exchange_glue glue = { .park = admission_park,
		                            .wake = admission_wake,
		                            .arg = admission,
		                            .admits_only = true };
	const struct mcps_admit_view *view = &admission->view;
	struct mcps_request request;

	if (view->subject != NULL) {
		admission->caller =
			mcps__principal_new(view->issuer, view->subject);
		if (admission->caller == NULL)
			return MCPS_E_NOMEM;
	}
	admission_read_request(&request, admission);
	admission->exchange = mcps__exchange_open(admission->endpoint, &request,
	                                          &glue, &admission->state);
	if (admission->exchange != NULL)
		return MCPS_OK;
	mcps__request_finish(&request);
	return MCPS_E_NOMEM;
}

mcps_status mcps_admit(mcps_admission **out, mcps_server *server,
                       const struct mcps_admit_view *view)
{
	struct mcps_admit_view whole;
	mcps_admission *admission;
	mcps_status status;

	if (out != NULL)
		*out = NULL;
	if (out == NULL || server == NULL || view == NULL ||
	    !mcps__server_is_running(server) ||
	    mcps__server_was_forked(server) ||
	    admission_view_read(&whole, view) != MCPS_OK)
		return MCPS_E_INVAL;
	admission = mcps__calloc(1, sizeof *admission);
	if (admission == NULL)
		return MCPS_E_NOMEM;
	admission->view = whole;
	admission->is_get = strcmp(whole.method, "GET") == 0;
	admission->endpoint = mcps__server_endpoint(server);
	atomic_fetch_add(&admission->endpoint->admissions, 1);
	*out = admission;
	status = admission_begin(admission);
	if (status == MCPS_OK)
		return admission_go_on(admission);
	*out = NULL;
	mcps_admission_free(admission);
	return status;
}

/* ---- going on ---- */

static bool admission_has_ended(const mcps_admission *admission)
{
	return admission->is_serving &&
	       (atomic_load(&admission->serving.steps) & CALL_ENDED) != 0;
}

/* Nobody knows what the program has done by now. A stream is nothing that is
 * carried out. */
static void admission_end_serving(mcps_admission *admission)
{
	if (admission->is_get)
		mcps__exchange_session_ended(admission->exchange);
	else if (!mcps__exchange_fail_outcome(admission->exchange))
		return;
	admission->result = MCPS_ADMISSION_ANSWER;
}

mcps_status mcps_admission_resume(mcps_admission *admission)
{
	if (admission == NULL)
		return MCPS_E_INVAL;
	if (admission->result == MCPS_ADMISSION_NONE) {
		admission->state = mcps__exchange_run(admission->exchange);
		return admission_go_on(admission);
	}
	if (admission->result == MCPS_ADMISSION_SERVE &&
	    admission_has_ended(admission))
		admission_end_serving(admission);
	return MCPS_OK;
}

mcps_status mcps_admission_begin(mcps_admission *admission)
{
	struct session_call *serving;

	if (admission == NULL || admission->result != MCPS_ADMISSION_SERVE)
		return MCPS_E_INVAL;
	serving = &admission->serving;
	if ((atomic_load(&serving->steps) & CALL_BEGUN) != 0 ||
	    mcps__session_call_begin(serving))
		return MCPS_OK;
	mcps__exchange_session_ended(admission->exchange);
	admission->result = MCPS_ADMISSION_ANSWER;
	return MCPS_E_GONE;
}

mcps_status mcps_admission_open_session(mcps_admission *admission)
{
	if (admission == NULL ||
	    admission->result != MCPS_ADMISSION_INITIALIZE ||
	    !mcps__exchange_open_session(admission->exchange))
		return MCPS_E_INVAL;
	admission->result = MCPS_ADMISSION_NONE;
	return mcps_admission_resume(admission);
}

/* ---- what became of it ---- */

enum mcps_admission_result
mcps_admission_get_result(const mcps_admission *admission)
{
	return admission != NULL ? admission->result : MCPS_ADMISSION_NONE;
}

bool mcps_admission_session(const mcps_admission *admission,
                            struct mcps_session_view *out)
{
	if (out != NULL)
		*out = (struct mcps_session_view){ 0 };
	if (out == NULL || admission == NULL || !admission->is_serving)
		return false;
	mcps__session_view(admission->endpoint->sessions,
	                   mcps__exchange_session(admission->exchange), out);
	return true;
}

const char *mcps_admission_subject(const mcps_admission *admission)
{
	if (admission == NULL || !admission->is_serving)
		return NULL;
	return mcps__exchange_principal(admission->exchange)->subject;
}

int mcps_admission_status(const mcps_admission *admission)
{
	if (admission == NULL)
		return 0;
	if (admission->result != MCPS_ADMISSION_ANSWER)
		return 200;
	return mcps__exchange_plan(admission->exchange)->status;
}

const struct mcps_header *mcps_admission_headers(mcps_admission *admission)
{
	static const struct mcps_header none = { NULL, NULL };

	if (admission == NULL)
		return &none;
	mcps__answer_headers(&admission->headers,
	                     mcps__exchange_plan(admission->exchange),
	                     admission->is_get, false);
	return admission->headers.list;
}

const char *mcps_admission_body(const mcps_admission *admission, size_t *length)
{
	const struct buffer *body;

	if (length != NULL)
		*length = 0;
	if (admission == NULL || length == NULL)
		return NULL;
	body = &mcps__exchange_plan(admission->exchange)->body;
	*length = body->length;
	return body->data;
}

void mcps_admission_free(mcps_admission *admission)
{
	if (admission == NULL)
		return;
	if (admission->is_serving)
		mcps__session_remove_call(
			mcps__exchange_session(admission->exchange),
			&admission->serving);
	mcps__exchange_close(admission->exchange);
	atomic_fetch_sub(&admission->endpoint->admissions, 1);
	mcps__principal_unref(admission->caller);
	mcps__free(admission);
}
