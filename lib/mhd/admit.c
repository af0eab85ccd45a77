/* Requests of a program that has JSON-RPC code of its own, from the first call
 * of its access handler to the answer. All that is decided is decided by
 * mcps_admit(). */
#include <mcps/mhd.h>

#include "base/address.h"
#include "base/buffer.h"
#include "base/memory.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The lines of a header that is there more than once, with commas between. */
struct joined {
	struct joined *next;
	char text[];
};

struct admit_request {
	mcps_server *server;
	struct MHD_Connection *connection;
	mcps_admission *admission; /* NULL: the body is still being read */
	struct buffer body;
	struct joined *joined;
	char peer[ADDRESS_TEXT_SIZE];
	bool is_get;
	bool lacks_memory; /* for a header: it seemed to be absent */
};

/* ---- what the admission is told ---- */

static const char *admit_find_peer(struct admit_request *request)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct address peer;

	mcps__address_from_socket(&peer,
	                          info != NULL ? info->client_addr : NULL);
	if (peer.family == ADDRESS_UNIX)
		return "unix";
	mcps__address_format(&peer, request->peer);
	return request->peer;
}

struct lines {
	const char *name;
	const char *only; /* NULL: none so far */
	struct buffer text;
	unsigned count;
};

static enum MHD_Result admit_see_line(void *arg, enum MHD_ValueKind kind,
                                      const char *name, const char *value)
{
	struct lines *lines = arg;

	(void)kind;
	if (value == NULL || strcasecmp(name, lines->name) != 0)
		return MHD_YES;
	lines->only = value;
	if (lines->count++ > 0)
		mcps__buffer_add_literal(&lines->text, ", ");
	mcps__buffer_add_text(&lines->text, value);
	return MHD_YES;
}

/* A text that lives as long as REQUEST; NULL: no memory. */
static const char *admit_keep(struct admit_request *request,
                              const struct buffer *text)
{
	struct joined *kept = NULL;

	if (!text->failed)
		kept = mcps__malloc(sizeof *kept + text->length + 1);
	if (kept == NULL) {
		request->lacks_memory = true;
		return NULL;
	}
	memcpy(kept->text, text->data, text->length);
	kept->text[text->length] = '\0';
	kept->next = request->joined;
	request->joined = kept;
	return kept->text;
}

static const char *admit_find_header(void *arg, const char *name)
{
	struct admit_request *request = arg;
	struct lines lines = { .name = name };

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND,
	                          admit_see_line, &lines);
	if (lines.count > 1)
		lines.only = admit_keep(request, &lines.text);
	mcps__buffer_finish(&lines.text);
	return lines.only;
}

static void admit_park(void *arg)
{
	MHD_suspend_connection(((struct admit_request *)arg)->connection);
}

static void admit_done(void *arg)
{
	MHD_resume_connection(((struct admit_request *)arg)->connection);
}

/* One byte more than the limit is enough to be refused for it. */
static bool admit_take_body(struct admit_request *request, const char *data,
                            size_t size)
{
	size_t most = mcps_server_get_options(request->server)->max_body;
	size_t length = request->body.length;

	if (length <= most)
		mcps__buffer_add(&request->body, data,
		                 size <= most - length ? size
		                                       : most - length + 1);
	return !request->body.failed;
}

/* The body stays where it is from now on: the admission borrows it. */
static mcps_status admit_begin(struct admit_request *request,
                               const char *method)
{
	size_t length = request->body.length;
	struct mcps_admit_view view = {
		.size = sizeof view,
		.method = method,
		.length = length,
		.peer = admit_find_peer(request),
		.header = admit_find_header,
		.park = admit_park,
		.done = admit_done,
		.arg = request,
	};

	mcps__buffer_add_byte(&request->body, '\0');
	if (request->body.failed)
		return MCPS_E_NOMEM;
	view.body = length > 0 ? request->body.data : NULL;
	return mcps_admit(&request->admission, request->server, &view);
}

/* ---- answers ---- */

static bool admit_add_headers(struct MHD_Response *response,
                              mcps_admission *admission)
{
	const struct mcps_header *header = mcps_admission_headers(admission);
	bool is_fine = true;

	for (; header->name != NULL && is_fine; header++)
		is_fine = MHD_add_response_header(response, header->name,
		                                  header->value) == MHD_YES;
	return is_fine;
}

/* NAME and VALUE are one more header; NULL: none. RESPONSE may be NULL, and is
 * released. */
static int admit_send(struct admit_request *request,
                      struct MHD_Response *response, int http, const char *name,
                      const char *value)
{
	bool is_sent =
		response != NULL &&
		admit_add_headers(response, request->admission) &&
		(name == NULL ||
	         MHD_add_response_header(response, name, value) == MHD_YES) &&
		MHD_queue_response(request->connection, (unsigned)http,
	                           response) == MHD_YES;

	if (response != NULL)
		MHD_destroy_response(response);
	return is_sent ? (int)MHD_YES : (int)MHD_NO;
}

static int admit_send_empty(struct admit_request *request, int http,
                            const char *name, const char *value)
{
	return admit_send(request,
	                  MHD_create_response_from_buffer(
				  0, NULL, MHD_RESPMEM_PERSISTENT),
	                  http, name, value);
}

static int admit_refuse(struct admit_request *request)
{
	size_t length;
	const char *body = mcps_admission_body(request->admission, &length);

	return admit_send(
		request,
		MHD_create_response_from_buffer(length, (void *)(size_t)body,
	                                        MHD_RESPMEM_MUST_COPY),
		mcps_admission_status(request->admission), NULL, NULL);
}

/* TEXT is released. */
static int admit_send_answer(struct admit_request *request, char *text)
{
	struct MHD_Response *response;

	if (text == NULL)
		return admit_send_empty(request, 202, NULL, NULL);
	response = MHD_create_response_from_buffer(strlen(text), text,
	                                           MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(text);
	return admit_send(request, response, 200, "Content-Type",
	                  "application/json");
}

static int admit_serve(struct admit_request *request, mcps_mhd_answer_fn answer,
                       void *arg)
{
	char *text;

	if (request->is_get)
		return admit_send_empty(request, 405, "Allow", "POST, DELETE");
	text = answer(arg, request->admission, request->body.data);
	/* Its session may have ended meanwhile. */
	if (mcps_admission_resume(request->admission) != MCPS_OK ||
	    mcps_admission_get_result(request->admission) !=
	            MCPS_ADMISSION_ANSWER)
		return admit_send_answer(request, text);
	free(text);
	return admit_refuse(request);
}

/* ---- the handler ---- */

static int admit_request_make(void **slot, mcps_server *server,
                              struct MHD_Connection *connection,
                              const char *method)
{
	struct admit_request *request = mcps__calloc(1, sizeof *request);

	*slot = request;
	if (request == NULL)
		return (int)MHD_NO;
	request->server = server;
	request->connection = connection;
	request->is_get = strcmp(method, "GET") == 0;
	return (int)MHD_YES;
}

static mcps_status admit_decide(struct admit_request *request,
                                const char *method)
{
	mcps_status status =
		request->admission == NULL
			? admit_begin(request, method)
			: mcps_admission_resume(request->admission);

	if (status == MCPS_OK &&
	    mcps_admission_get_result(request->admission) ==
	            MCPS_ADMISSION_INITIALIZE)
		status = mcps_admission_open_session(request->admission);
	return status;
}

int mcps_mhd_admit(mcps_server *server, struct MHD_Connection *connection,
                   const char *method, const char *data, size_t *size,
                   void **slot, mcps_mhd_answer_fn answer, void *arg)
{
	struct admit_request *request;
	mcps_status status;

	if (server == NULL || connection == NULL || method == NULL ||
	    size == NULL || slot == NULL || answer == NULL)
		return (int)MHD_NO;
	if (*slot == NULL)
		return admit_request_make(slot, server, connection, method);
	request = *slot;
	if (*size != 0) {
		bool is_taken = admit_take_body(request, data, *size);

		*size = 0;
		return is_taken ? (int)MHD_YES : (int)MHD_NO;
	}
	status = admit_decide(request, method);
	if (status == MCPS_LATER)
		return (int)MHD_YES; /* suspended: the next call goes on */
	if (status != MCPS_OK || request->lacks_memory)
		return (int)MHD_NO;
	return mcps_admission_get_result(request->admission) ==
	                       MCPS_ADMISSION_ANSWER
	               ? admit_refuse(request)
	               : admit_serve(request, answer, arg);
}

void mcps_mhd_admit_completed(void **slot)
{
	struct admit_request *request = slot != NULL ? *slot : NULL;
	struct joined *joined;

	if (request == NULL)
		return;
	*slot = NULL;
	mcps_admission_free(request->admission);
	while ((joined = request->joined) != NULL) {
		request->joined = joined->next;
		mcps__free(joined);
	}
	mcps__buffer_finish(&request->body);
	mcps__free(request);
}
