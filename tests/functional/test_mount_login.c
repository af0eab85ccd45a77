/* A server mounted in a program that has logins: the program checks them before
 * it asks mcps, in two ways, or its auth hook does; in each mode. */
#include "functional/host_program.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 60000 };

#define ANN    "Authorization: Basic YW5uOnNlc2FtZQ==\r\n" /* ann:sesame */
#define EVE    "Authorization: Basic ZXZlOmd1ZXNz\r\n"     /* eve:guess */
#define WHOAMI WIRE_CALL(3, "whoami", "{}")
#define TOUCH  WIRE_CALL(4, "touch", "{}")

static atomic_uint checks, contexts;

/* Writes the name of who knows the password. */
static bool log_in(struct MHD_Connection *connection, char *name, size_t size)
{
	char *password = NULL;
	char *user =
		MHD_basic_auth_get_username_password(connection, &password);
	bool knows = user != NULL && password != NULL &&
	             strcmp(password, "sesame") == 0;

	atomic_fetch_add(&checks, 1);
	if (knows)
		snprintf(name, size, "%s", user);
	MHD_free(user);
	MHD_free(password);
	return knows;
}

static int challenge(struct MHD_Connection *connection)
{
	static char text[] = "log in first";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
	int result = (int)MHD_queue_basic_auth_fail_response(connection, "here",
	                                                     response);

	MHD_destroy_response(response);
	return result;
}

/* ---- a program that keeps nothing with its requests ---- */

static bool check_new_ones(struct MHD_Connection *connection, void **slot,
                           int *result)
{
	char name[32];

	if (mcps_mhd_owns(wire_server(), connection))
		return false;
	if (*slot != NULL) /* a page that was let in */
		return false;
	if (log_in(connection, name, sizeof name))
		return false;
	*result = challenge(connection);
	return true;
}

static const struct host_guard bare = { .before = check_new_ones };

/* ---- one whose URI log callback makes a context for each request ---- */

struct context {
	char name[32];
	bool is_let_in;
	bool was_seen;
};

static void *context_begin(void)
{
	atomic_fetch_add(&contexts, 1);
	return calloc(1, sizeof(struct context));
}

static bool context_check(struct MHD_Connection *connection, void **slot,
                          int *result)
{
	struct context *context = *slot;

	if (!context->is_let_in)
		context->is_let_in =
			log_in(connection, context->name, sizeof context->name);
	if (!context->is_let_in) {
		*result = challenge(connection);
		return true;
	}
	return false;
}

/* The same, and it keeps libmicrohttpd's first call to itself. */
static bool context_check_later(struct MHD_Connection *connection, void **slot,
                                int *result)
{
	struct context *context = *slot;

	if (context_check(connection, slot, result))
		return true;
	*result = (int)MHD_YES;
	if (context->was_seen)
		return false;
	context->was_seen = true;
	return true;
}

static void context_end(void **slot)
{
	free(*slot);
	*slot = NULL;
	atomic_fetch_sub(&contexts, 1);
}

static const struct host_guard contextual = { context_begin, context_check,
	                                      context_end };
static const struct host_guard late = { context_begin, context_check_later,
	                                context_end };

/* ---- auth hooks ---- */

static mcps_status name_from_connection(void *arg, const mcps_request *request,
                                        mcps_grant *grant)
{
	char name[32];

	(void)arg;
	if (!log_in(mcps_mhd_connection(request), name, sizeof name))
		return MCPS_E_AUTH;
	return mcps_grant_subject(grant, NULL, name);
}

static mcps_status name_from_context(void *arg, const mcps_request *request,
                                     mcps_grant *grant)
{
	const struct context *context = mcps_mhd_req_cls(request);

	(void)arg;
	return mcps_grant_subject(grant, NULL, context->name);
}

/* ---- all ways to log in, in all modes ---- */

static const struct way {
	const char *name;
	const struct host_guard *guard;
	mcps_auth_fn hook;
	bool tells_names;
} ways[] = {
	{ "before", &bare, NULL, false },
	{ "before, with a context", &contextual, NULL, false },
	{ "before, and keeps the first call", &late, NULL, false },
	{ "in the hook", NULL, name_from_connection, true },
	{ "before, named by the hook", &late, name_from_context, true },
};
enum { WAYS = sizeof ways / sizeof *ways };

static const struct way *way;
static const struct host_mode *mode;

static void set_hook(mcps_server *server)
{
	mcps_server_set_auth(server, way->hook, NULL);
}

#define assert_status(reply, wanted)                                          \
	ck_assert_msg((reply).status == (wanted), "%s, %s: %d %s", way->name, \
	              mode->name, (reply).status, (reply).body)
#define assert_says(reply, text)                                          \
	ck_assert_msg(strstr((reply).body, (text)) != NULL, "%s, %s: %s", \
	              way->name, mode->name, (reply).body)

static void start(int number)
{
	way = &ways[number % WAYS];
	mode = &host_modes[number / WAYS];
	wire_add(set_hook);
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options) });
	host_start(&(const struct host_options){ .mode = mode,
	                                         .guard = way->guard });
	atomic_store(&checks, 0);
}

static void stop(void)
{
	wire_release();
	ck_assert_msg(host_drain(DRAIN_MS), "%s, %s", way->name, mode->name);
	host_stop();
	ck_assert_uint_eq(host_open_pages(), 0);
	ck_assert_uint_eq(atomic_load(&contexts), 0);
	wire_stop();
	wire_add(NULL);
}

static void begin_session(struct wire *wire, const char *who, char *lines,
                          size_t size)
{
	struct reply reply = wire_ask(wire, who, WIRE_INITIALIZE);

	assert_status(reply, 200);
	snprintf(lines, size, "%sMcp-Session-Id: %s\r\n", who,
	         reply_value(&reply, "Mcp-Session-Id"));
}

START_TEST(an_unknown_caller_is_refused_and_nothing_runs)
{
	static const char *const unknown_callers[] = { "", EVE };
	struct reply reply;

	start(_i);
	for (int i = 0; i < 2; i++) {
		struct wire wire = wire_open(wire_port());

		reply = wire_ask(&wire, unknown_callers[i], TOUCH);
		assert_status(reply, 401);
		if (way->guard != NULL)
			assert_says(reply, "log in first");
		wire_close(&wire);
	}
	ck_assert_uint_eq(wire_touched(), 0);
	stop();
}
END_TEST

/* On a connection of its own: a program with a context answers in libmicro-
 * httpd's first call, which closes the connection. */
static void see_page(void)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, "GET /hello HTTP/1.1\r\n" WIRE_HOST ANN "\r\n");
	reply = wire_read(&wire);
	assert_status(reply, 200);
	assert_says(reply, "hello");
	wire_close(&wire);
}

START_TEST(whoever_logs_in_calls_tools_and_sees_pages)
{
	char lines[512];
	struct wire wire;
	struct reply reply;

	start(_i);
	wire = wire_open(wire_port());
	begin_session(&wire, ANN, lines, sizeof lines);
	for (int i = 0; i < 3; i++) {
		reply = wire_ask(&wire, lines, WHOAMI);
		assert_status(reply, 200);
		if (way->tells_names)
			assert_says(reply, "i am ann");
		see_page();
	}
	wire_close(&wire);
	stop();
}
END_TEST

/* A digest login would fail when the same request is checked again. */
START_TEST(each_request_is_checked_once)
{
	char lines[512];
	struct wire wire;

	start(_i);
	wire = wire_open(wire_port());
	begin_session(&wire, ANN, lines, sizeof lines);
	for (int i = 0; i < 4; i++)
		assert_status(wire_ask(&wire, lines, TOUCH), 200);
	ck_assert_uint_eq(atomic_load(&checks), 5);
	wire_close(&wire);
	stop();
}
END_TEST

/* The whole body, byte by byte or at once, comes in calls of its own. */
START_TEST(bodies_that_come_late_or_not_at_all_are_served)
{
	char lines[512], request[1024];
	struct wire wire;
	struct reply reply;

	start(_i);
	wire = wire_open(wire_port());
	begin_session(&wire, ANN, lines, sizeof lines);
	snprintf(request, sizeof request,
	         WIRE_HEAD "%sContent-Length: %zu\r\n\r\n", lines,
	         strlen(TOUCH));
	wire_text(&wire, request);
	for (const char *at = TOUCH; *at != '\0'; at++)
		wire_send(&wire, at, 1);
	reply = wire_read(&wire);
	assert_status(reply, 200);
	assert_says(reply, "touched");
	snprintf(request, sizeof request,
	         "DELETE /mcp HTTP/1.1\r\n" WIRE_HOST "%s\r\n", lines);
	wire_text(&wire, request);
	assert_status(wire_read(&wire), 204);
	assert_status(wire_ask(&wire, lines, TOUCH), 404);
	wire_close(&wire);
	stop();
}
END_TEST

START_TEST(stream_of_a_logged_in_client_ends_with_the_drain)
{
	char lines[512], request[1024];
	struct wire wire;
	struct reply reply;

	start(_i);
	wire = wire_open(wire_port());
	begin_session(&wire, ANN, lines, sizeof lines);
	snprintf(request, sizeof request,
	         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	         "Accept: text/event-stream\r\n%s\r\n",
	         lines);
	wire_text(&wire, request);
	reply = wire_read_head(&wire);
	assert_status(reply, 200);
	stop();
	wire_close(&wire);
}
END_TEST

TEST_MAIN("mount_login")
{
	test_timeout(120);
#define EVERYWHERE(name) test_add_loop(name, host_mode_count *WAYS)
	EVERYWHERE(an_unknown_caller_is_refused_and_nothing_runs);
	EVERYWHERE(whoever_logs_in_calls_tools_and_sees_pages);
	EVERYWHERE(each_request_is_checked_once);
	EVERYWHERE(bodies_that_come_late_or_not_at_all_are_served);
	EVERYWHERE(stream_of_a_logged_in_client_ends_with_the_drain);
}
