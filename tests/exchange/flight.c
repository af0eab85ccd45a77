/* Requests under way and their answers. */
#include "exchange/harness.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_S = 60, HEADERS_MAX = 4096 };

struct flight {
	struct harness *harness;
	struct exchange *exchange;
	char headers[HEADERS_MAX];
	struct mcps_request view;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t woken;
	bool is_parked;
	bool is_woken;
	unsigned turn;
	char *events;  /* what came of a stream; not of the memory that fails */
	size_t length; /* of it */
	unsigned comments; /* ... between its events */
	bool is_over;      /* ... all of it */
	bool is_cut;       /* ... and without a proper end */
};

/* ---- the glue ------------------------------------------------------------ */

static void park(void *arg)
{
	struct flight *flight = arg;

	pthread_mutex_lock(&flight->lock);
	ck_assert_msg(!flight->is_parked, "parked twice");
	flight->is_parked = true;
	pthread_mutex_unlock(&flight->lock);
}

static void wake(void *arg)
{
	struct flight *flight = arg;

	pthread_mutex_lock(&flight->lock);
	ck_assert_msg(flight->is_parked, "woken, but not parked");
	ck_assert_msg(!flight->is_woken, "woken twice");
	flight->is_woken = true;
	flight->turn = atomic_fetch_add(&flight->harness->wakes, 1) + 1;
	pthread_cond_signal(&flight->woken);
	pthread_mutex_unlock(&flight->lock);
}

/* ---- the request view ---------------------------------------------------- */

static void add_line(char *headers, const char *name, const char *value)
{
	size_t length = strlen(headers);

	if (value == NULL)
		return;
	ck_assert_int_lt(snprintf(headers + length, HEADERS_MAX - length,
	                          "%s: %s\n", name, value),
	                 (int)(HEADERS_MAX - length));
}

static void write_headers(char *headers, const struct request *request)
{
	char authorization[256];

	if (request->caller != NULL) {
		snprintf(authorization, sizeof authorization, "Bearer %s",
		         request->caller);
		add_line(headers, "Authorization", authorization);
	}
	add_line(headers, "mcp-session-id", request->id);
	add_line(headers, "MCP-Protocol-Version", request->version);
	if (!request->is_bare) {
		add_line(headers, "Content-Type", "application/json");
		add_line(headers, "Accept",
		         "application/json, text/event-stream");
	}
	if (request->headers != NULL) {
		ck_assert_uint_lt(strlen(headers) + strlen(request->headers),
		                  HEADERS_MAX);
		strcat(headers, request->headers);
	}
}

/* The view points into the flight's own text, as it would into the
 * connection's. */
static void view_headers(struct flight *flight)
{
	char *rest = flight->headers;
	char *line;

	while ((line = strtok_r(rest, "\n", &rest)) != NULL) {
		char *colon = strchr(line, ':');

		ck_assert_ptr_nonnull(colon);
		*colon = '\0';
		mcps__request_add_header(&flight->view, line, strlen(line),
		                         colon + 1, strlen(colon + 1));
	}
}

static void view_peer(struct flight *flight, const char *peer)
{
	if (strcmp(peer, "unix") == 0)
		flight->view.peer.family = ADDRESS_UNIX;
	else
		ck_assert(mcps__address_parse(&flight->view.peer, peer));
}

static struct flight *flight_new(struct harness *self,
                                 const struct request *request)
{
	struct flight *flight = calloc(1, sizeof *flight);
	const char *method = request->method != NULL ? request->method : "POST";

	ck_assert_ptr_nonnull(flight);
	flight->harness = self;
	pthread_mutex_init(&flight->lock, NULL);
	pthread_cond_init(&flight->woken, NULL);
	flight->view.method = mcps__method_find(method);
	flight->view.method_text = method;
	flight->view.path = request->path != NULL ? request->path : "/mcp";
	if (request->peer != NULL)
		view_peer(flight, request->peer);
	mcps__forwarded_begin(&flight->view.forwarded, self->endpoint.proxies,
	                      &flight->view.peer);
	write_headers(flight->headers, request);
	view_headers(flight);
	return flight;
}

static void flight_free(struct flight *flight)
{
	mcps__exchange_close(flight->exchange);
	free(flight->events);
	pthread_cond_destroy(&flight->woken);
	pthread_mutex_destroy(&flight->lock);
	free(flight);
}

/* ---- sending and receiving ----------------------------------------------- */

/* A body comes in pieces. */
static void feed(struct flight *flight, const char *body, size_t length)
{
	struct plan *plan = mcps__exchange_plan(flight->exchange);
	size_t half = length / 2;

	if (length == 0)
		return;
	mcps__exchange_body(flight->exchange, body, half);
	if (!plan->ready)
		mcps__exchange_body(flight->exchange, body + half,
		                    length - half);
}

/* True: it is to be run again. False: it is not parked. */
static bool wait_woken(struct flight *flight)
{
	struct timespec until;
	bool was_parked;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&flight->lock);
	was_parked = flight->is_parked;
	while (was_parked && !flight->is_woken && result == 0)
		result = pthread_cond_timedwait(&flight->woken, &flight->lock,
		                                &until);
	ck_assert_msg(result == 0, "nobody woke the request");
	flight->is_parked = flight->is_woken = false;
	pthread_mutex_unlock(&flight->lock);
	return was_parked;
}

/* False: nothing is to be fed, its answer is there; or *FLIGHT is NULL. */
static bool flight_open(struct harness *self, const struct request *request,
                        struct flight **out)
{
	struct flight *flight = flight_new(self, request);
	enum exchange_state state;

	*out = NULL;
	flight->exchange = mcps__exchange_open(
		&self->endpoint, &flight->view,
		&(struct exchange_glue){ .park = park,
	                                 .wake = wake,
	                                 .arg = flight,
	                                 .streams = self->streams },
		&state);
	if (flight->exchange == NULL) {
		ck_assert(self->may_lack_memory);
		mcps__request_finish(&flight->view); /* it stayed ours */
		flight_free(flight);
		return false;
	}
	*out = flight;
	if (state == EXCHANGE_PARKED && wait_woken(flight))
		state = mcps__exchange_run(flight->exchange);
	return state != EXCHANGE_READY;
}

static void flight_feed(struct flight *flight, const struct request *request)
{
	const char *body = request->body != NULL ? request->body : "";
	size_t length =
		request->body_length != 0 ? request->body_length : strlen(body);

	feed(flight, body, length);
	if (mcps__exchange_plan(flight->exchange)->ready)
		return;
	if (mcps__exchange_run(flight->exchange) == EXCHANGE_PARKED)
		return;
	ck_assert(mcps__exchange_plan(flight->exchange)->ready);
	ck_assert(!flight->is_parked);
}

struct flight *harness_send(struct harness *self, const struct request *request)
{
	struct flight *flight;

	if (flight_open(self, request, &flight))
		flight_feed(flight, request);
	return flight;
}

struct flight *harness_send_head(struct harness *self,
                                 const struct request *request)
{
	struct flight *flight;

	ck_assert(flight_open(self, request, &flight));
	return flight;
}

void harness_send_body(struct flight *flight, const char *body)
{
	flight_feed(flight, &(const struct request){ .body = body });
}

bool harness_is_over(struct flight *flight)
{
	bool is_over;

	pthread_mutex_lock(&flight->lock);
	is_over = !flight->is_parked || flight->is_woken;
	pthread_mutex_unlock(&flight->lock);
	return is_over;
}

unsigned harness_turn(struct flight *flight)
{
	unsigned turn;

	pthread_mutex_lock(&flight->lock);
	turn = flight->turn;
	pthread_mutex_unlock(&flight->lock);
	return turn;
}

static struct answer answer_of(struct flight *flight)
{
	const struct plan *plan = mcps__exchange_plan(flight->exchange);
	struct answer answer = {
		.status = plan->status,
		.kind = plan->kind,
		.length = plan->body.length,
		.allow = plan->allow,
		.encoding = plan->encoding,
		.challenge = plan->challenge,
		.retry_after_s = plan->retry_after_s,
		.close = plan->close,
	};
	char *body = calloc(1, plan->body.length + 1);

	ck_assert(plan->ready);
	ck_assert(plan->kind == PLAN_EMPTY || !plan->body.failed);
	harness_keep(flight->harness, body);
	if (plan->body.length != 0)
		memcpy(body, plan->body.data, plan->body.length);
	answer.body = body;
	memcpy(answer.session_id, plan->session_id, sizeof answer.session_id);
	return answer;
}

/* ---- streams --------------------------------------------------------------
 */

static void add_events(struct flight *flight, const char *piece, size_t length)
{
	flight->events = realloc(flight->events, flight->length + length + 1);
	ck_assert_ptr_nonnull(flight->events);
	memcpy(flight->events + flight->length, piece, length);
	flight->length += length;
	flight->events[flight->length] = '\0';
}

/* A comment comes alone. */
static bool is_comment(const char *piece, ptrdiff_t length)
{
	return length == sizeof EVENT_COMMENT - 1 &&
	       memcmp(piece, EVENT_COMMENT, (size_t)length) == 0;
}

/* In small pieces, so that events are cut. Comments are only counted. */
static void read_stream(struct flight *flight)
{
	struct sse_connection *sse = mcps__exchange_plan(flight->exchange)->sse;
	char piece[23];
	ptrdiff_t length;

	while (!flight->is_over) {
		length = mcps__sse_connection_read(sse, piece, sizeof piece);
		if (length == 0)
			return;
		flight->is_over = length < 0;
		flight->is_cut = length == SSE_CUT;
		if (is_comment(piece, length))
			flight->comments++;
		else if (length > 0)
			add_events(flight, piece, (size_t)length);
	}
}

static void check_peer(struct flight *flight)
{
	mcps__sse_connection_check_peer(
		mcps__exchange_plan(flight->exchange)->sse);
}

static const char *take_events(struct flight *flight)
{
	char *text = flight->events;

	flight->events = NULL;
	flight->length = 0;
	return text != NULL ? harness_keep(flight->harness, text) : "";
}

bool harness_try_stream(struct flight *flight)
{
	while (wait_woken(flight))
		if (mcps__exchange_run(flight->exchange) == EXCHANGE_READY)
			break;
	if (mcps__exchange_plan(flight->exchange)->kind != PLAN_STREAM)
		return false;
	read_stream(flight);
	return true;
}

void harness_open_stream(struct flight *flight)
{
	ck_assert(harness_try_stream(flight));
}

static void read_if_woken(struct flight *flight)
{
	if (!flight->is_over && harness_is_over(flight)) {
		(void)wait_woken(flight);
		read_stream(flight);
	}
}

const char *harness_events(struct flight *flight)
{
	read_if_woken(flight);
	return take_events(flight);
}

unsigned harness_comments(struct flight *flight)
{
	unsigned comments;

	read_if_woken(flight);
	comments = flight->comments;
	flight->comments = 0;
	return comments;
}

const char *harness_await_events(struct flight *flight)
{
	while (!flight->is_over && flight->length == 0) {
		(void)wait_woken(flight);
		read_stream(flight);
	}
	return take_events(flight);
}

bool harness_stream_is_over(struct flight *flight)
{
	return flight->is_over;
}

bool harness_stream_is_cut(struct flight *flight)
{
	return flight->is_cut;
}

void harness_hang_up(struct flight *flight)
{
	if (!flight->is_over)
		check_peer(flight);
	flight_free(flight);
}

void harness_run(struct flight *flight)
{
	ck_assert(wait_woken(flight));
	(void)mcps__exchange_run(flight->exchange);
}

struct answer harness_receive(struct flight *flight)
{
	struct answer answer;

	while (wait_woken(flight))
		if (mcps__exchange_run(flight->exchange) == EXCHANGE_READY)
			break;
	answer = answer_of(flight);
	if (answer.kind == PLAN_STREAM) {
		read_stream(flight);
		while (!flight->is_over && flight->view.method != HTTP_GET &&
		       wait_woken(flight))
			read_stream(flight);
		answer.length = flight->length;
		answer.body = take_events(flight);
		if (!flight->is_over)
			check_peer(flight);
	}
	flight_free(flight);
	return answer;
}

struct answer harness_exchange(struct harness *self,
                               const struct request *request)
{
	struct flight *flight = harness_send(self, request);

	return flight != NULL ? harness_receive(flight)
	                      : (struct answer){ .body = "" };
}

const char *harness_begin(struct harness *self, const char *caller,
                          const char *version)
{
	char body[512];
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	         "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
	         "\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}",
	         version);
	answer = EXCHANGE(self, .caller = caller, .body = body);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(strlen(answer.session_id), ID_TEXT_LENGTH);
	return harness_keep(self, strdup(answer.session_id));
}

/* ---- looking at answers -------------------------------------------------- */

static struct json_object *step(struct json_object *at, const char *name)
{
	struct json_object *next = NULL;

	if (json_object_is_type(at, json_type_array))
		return json_object_array_get_idx(at, strtoul(name, NULL, 10));
	if (json_object_is_type(at, json_type_object))
		json_object_object_get_ex(at, name, &next);
	return next;
}

const char *answer_at(struct harness *self, const struct answer *answer,
                      const char *path)
{
	struct json_object *root = json_tokener_parse(answer->body);
	struct json_object *at = root;
	char *names = strdup(path);
	char *rest = names;
	char *name;
	char *text = NULL;

	ck_assert_msg(root != NULL, "no JSON: %s", answer->body);
	while (at != NULL && (name = strtok_r(rest, ".", &rest)) != NULL)
		at = step(at, name);
	if (at != NULL)
		text = strdup(
			json_object_is_type(at, json_type_string)
				? json_object_get_string(at)
				: json_object_to_json_string_ext(
					  at,
					  JSON_C_TO_STRING_PLAIN |
						  JSON_C_TO_STRING_NOSLASHESCAPE));
	free(names);
	json_object_put(root);
	return text != NULL ? harness_keep(self, text) : NULL;
}

const char *answer_text(struct harness *self, const struct answer *answer)
{
	const char *text = answer_at(self, answer, "result.content.0.text");

	ck_assert_msg(text != NULL, "no text: %s", answer->body);
	return text;
}

void answer_check_json(const struct answer *answer, int status,
                       const char *body)
{
	ck_assert_str_eq(answer->body, body);
	ck_assert_int_eq(answer->status, status);
	ck_assert_int_eq(answer->kind, PLAN_JSON);
	ck_assert_uint_eq(answer->length, strlen(body));
}

void answer_check_gone(const struct answer *answer, const char *body)
{
	answer_check_json(answer, 404, body);
	ck_assert_str_eq(answer->session_id, "");
	ck_assert_ptr_null(answer->allow);
	ck_assert_ptr_null(answer->challenge);
	ck_assert_uint_eq(answer->retry_after_s, 0);
	ck_assert(!answer->close);
}

/* No status, and no header, that has anybody repeat it. */
void answer_check_outcome(const struct answer *answer, const char *body)
{
	answer_check_json(answer, 200, body);
	ck_assert_uint_eq(answer->retry_after_s, 0);
}

void answer_check_error(struct harness *self, const struct answer *answer,
                        const char *code, const char *message)
{
	ck_assert_int_eq(answer->status, 200);
	ck_assert_int_eq(answer->kind, PLAN_JSON);
	ck_assert_str_eq(answer_at(self, answer, "error.code"), code);
	ck_assert_str_eq(answer_at(self, answer, "error.message"), message);
}
