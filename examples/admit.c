/* Sessions alone: a program that has JSON-RPC code of its own, on
 * libmicrohttpd, lets mcps decide which session a request belongs to, and keep
 * it over restarts.
 *
 *     cc admit.c $(pkg-config --cflags --libs mcps libmicrohttpd json-c) \
 *         -o admit
 *     ./admit 8080 sqlite:admit.db */
#include <json-c/json.h>
#include <mcps/mcps.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	mcps_server *mcps;
	struct MHD_Connection *connection;
	mcps_admission *admission;
	char peer[64]; /* its address; "": it has none */
	size_t length;
	char body[16384];
};

/* ---- the program's own JSON-RPC: initialize, ping, and one tool ---- */

static struct json_object *call_method(const char *method,
                                       const struct mcps_session_view *session)
{
	struct json_object *result;
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
	result = json_tokener_parse(text);
	return result;
}

/* The answer to MESSAGE; NULL: a notification has none. */
static struct json_object *answer(struct json_object *message,
                                  const struct mcps_session_view *session)
{
	struct json_object *id = json_object_object_get(message, "id");
	struct json_object *reply, *result;

	if (id == NULL)
		return NULL;
	result = call_method(json_object_get_string(
				     json_object_object_get(message, "method")),
	                     session);
	reply = json_object_new_object();
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

/* ---- what mcps is told, and asked ---- */

static const char *find_header(void *arg, const char *name)
{
	struct request *request = arg;

	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
	                                   name);
}

/* Limits by address count it. */
static void find_peer(struct request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info == NULL ||
	    getnameinfo(info->client_addr, sizeof(struct sockaddr_storage),
	                request->peer, sizeof request->peer, NULL, 0,
	                NI_NUMERICHOST) != 0)
		request->peer[0] = '\0';
}

static void park(void *arg)
{
	MHD_suspend_connection(((struct request *)arg)->connection);
}

static void done(void *arg)
{
	MHD_resume_connection(((struct request *)arg)->connection);
}

static mcps_status admit(struct request *request, const char *method)
{
	const struct mcps_admit_view view = {
		.size = sizeof view,
		.method = method,
		.body = request->length > 0 ? request->body : NULL,
		.length = request->length,
		.peer = request->peer,
		.header = find_header,
		.park = park,
		.done = done,
		.arg = request,
	};
	mcps_status status =
		request->admission == NULL
			? mcps_admit(&request->admission, request->mcps, &view)
			: mcps_admission_resume(request->admission);

	/* Here it could still be refused without a trace. */
	if (status == MCPS_OK &&
	    mcps_admission_get_result(request->admission) ==
	            MCPS_ADMISSION_INITIALIZE)
		status = mcps_admission_open_session(request->admission);
	return status;
}

static enum MHD_Result send_text(struct request *request, int status,
                                 const char *text, size_t length)
{
	const struct mcps_header *header =
		mcps_admission_headers(request->admission);
	struct MHD_Response *response = MHD_create_response_from_buffer(
		length, (void *)(size_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	for (; header->name != NULL; header++)
		MHD_add_response_header(response, header->name, header->value);
	if (mcps_admission_get_result(request->admission) !=
	            MCPS_ADMISSION_ANSWER &&
	    length > 0)
		MHD_add_response_header(response, "Content-Type",
		                        "application/json");
	result = MHD_queue_response(request->connection, (unsigned)status,
	                            response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct request *request)
{
	size_t length;
	const char *body = mcps_admission_body(request->admission, &length);

	return send_text(request, mcps_admission_status(request->admission),
	                 body, length);
}

static enum MHD_Result serve(struct request *request, const char *method)
{
	struct mcps_session_view session;
	struct json_object *message, *reply;
	enum MHD_Result result;
	const char *text = "";

	if (strcmp(method, "GET") == 0) /* no streams here */
		return send_text(request, 405, "", 0);
	mcps_admission_session(request->admission, &session);
	request->body[request->length] = '\0';
	message = json_tokener_parse(request->body); /* it is JSON-RPC */
	reply = answer(message, &session);
	if (reply != NULL)
		text = json_object_to_json_string(reply);
	/* Unless the session ended meanwhile. */
	if (mcps_admission_resume(request->admission) == MCPS_OK &&
	    mcps_admission_get_result(request->admission) ==
	            MCPS_ADMISSION_ANSWER)
		result = refuse(request);
	else
		result = send_text(request, reply != NULL ? 200 : 202, text,
		                   strlen(text));
	json_object_put(reply);
	json_object_put(message);
	return result;
}

/* ---- libmicrohttpd ---- */

static enum MHD_Result on_request(void *mcps, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **slot)
{
	struct request *request = *slot;
	mcps_status status;

	(void)url;
	(void)version;
	if (request == NULL) {
		*slot = request = calloc(1, sizeof *request);
		if (request == NULL)
			return MHD_NO;
		request->mcps = mcps;
		request->connection = connection;
		find_peer(request);
		return MHD_YES;
	}
	if (*size != 0) {
		if (*size >= sizeof request->body - request->length)
			return MHD_NO;
		memcpy(request->body + request->length, data, *size);
		request->length += *size;
		*size = 0;
		return MHD_YES;
	}
	status = admit(request, method);
	if (status == MCPS_LATER)
		return MHD_YES; /* it is suspended, and comes again */
	if (status != MCPS_OK)
		return MHD_NO;
	return mcps_admission_get_result(request->admission) ==
	                       MCPS_ADMISSION_ANSWER
	               ? refuse(request)
	               : serve(request, method);
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **slot, enum MHD_RequestTerminationCode why)
{
	struct request *request = *slot;

	(void)arg;
	(void)connection;
	(void)why;
	if (request == NULL)
		return;
	mcps_admission_free(request->admission);
	free(request);
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
