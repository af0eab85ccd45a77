/* Sessions alone: a program that has JSON-RPC code of its own, on
 * libmicrohttpd, lets mcps decide which session a request belongs to, and keep
 * it over restarts.
 *
 *     cc admit.c $(pkg-config --cflags --libs mcps libmicrohttpd json-c) \
 *         -o admit
 *     ./admit 8080 sqlite:admit.db */
#include <json-c/json.h>
#include <mcps/mcps.h>
#include <mcps/mhd.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the program's own JSON-RPC: initialize, ping, and one tool ---- */

static struct json_object *call_method(const char *method,
                                       const struct mcps_session_view *session)
{
	char text[512];

	if (strcmp(method, "ping") == 0)
		return json_object_new_object();
	if (strcmp(method, "initialize") == 0)
		snprintf(text, sizeof text,
		         "{\"protocolVersion\":\"%s\",\"capabilities\":"
		         "{\"tools\":{}},\"serverInfo\":{\"name\":\"admit\","
		         "\"version\":\"1.0.0\"}}",
		         session->revision);
	else if (strcmp(method, "tools/list") == 0)
		snprintf(text, sizeof text,
		         "{\"tools\":[{\"name\":\"session\",\"inputSchema\":"
		         "{\"type\":\"object\"}}]}");
	else if (strcmp(method, "tools/call") == 0)
		snprintf(text, sizeof text,
		         "{\"content\":[{\"type\":\"text\",\"text\":"
		         "\"session %s, %s\"}]}",
		         session->digest,
		         mcps_session_source_text(session->source));
	else
		return NULL;
	return json_tokener_parse(text);
}

static struct json_object *reply_to(struct json_object *id,
                                    struct json_object *result)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "jsonrpc", json_object_new_string("2.0"));
	json_object_object_add(reply, "id", json_object_get(id));
	if (result != NULL)
		json_object_object_add(reply, "result", result);
	else
		json_object_object_add(
			reply, "error",
			json_tokener_parse("{\"code\":-32601,\"message\":"
		                           "\"Method not found\"}"));
	return reply;
}

/* The answer to BODY, which is strict JSON-RPC; NULL: it needs none. */
static char *answer(void *arg, const mcps_admission *admission,
                    const char *body)
{
	struct json_object *message = json_tokener_parse(body);
	struct json_object *id = json_object_object_get(message, "id");
	struct json_object *method = json_object_object_get(message, "method");
	struct mcps_session_view session;
	char *text = NULL;

	(void)arg;
	mcps_admission_session(admission, &session);
	if (id != NULL && method != NULL) {
		struct json_object *reply =
			reply_to(id, call_method(json_object_get_string(method),
		                                 &session));

		text = strdup(json_object_to_json_string(reply));
		json_object_put(reply);
	}
	json_object_put(message);
	return text;
}

/* ---- libmicrohttpd ---- */

static enum MHD_Result on_request(void *mcps, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **request)
{
	(void)url; /* every path is the endpoint */
	(void)version;
	return (enum MHD_Result)mcps_mhd_admit(mcps, connection, method, data,
	                                       size, request, answer, NULL);
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)connection;
	(void)why;
	mcps_mhd_admit_completed(request);
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 8080;
	mcps_server *mcps = mcps_server_new("admit", "1.0.0");
	struct mcps_error error = { MCPS_OK, "" };
	struct MHD_Daemon *daemon = NULL;
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	mcps_server_set_store(mcps, argc > 2 ? argv[2] : "memory:");
	if (mcps_server_start(mcps, &error) == MCPS_OK)
		daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD |
		                                  MHD_ALLOW_SUSPEND_RESUME,
		                          port, NULL, NULL, on_request, mcps,
		                          MHD_OPTION_NOTIFY_COMPLETED,
		                          on_completed, NULL, MHD_OPTION_END);
	if (daemon == NULL) {
		fprintf(stderr, "cannot start at port %u: %s\n", port,
		        error.text);
		return EXIT_FAILURE;
	}
	port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	fprintf(stderr, "admit is ready at http://127.0.0.1:%u/mcp\n", port);
	sigwait(&stop, &signal);

	mcps_server_drain(mcps, 5000);
	MHD_stop_daemon(daemon);
	mcps_server_free(mcps);
	return EXIT_SUCCESS;
}
