#include "mhd/reply.h"

#include "base/memory.h"
#include "http/answer.h"

#include <stdio.h>

/* Bytes of a stream that are put together for a client that knows no chunks
 * (HTTP/1.0): held by each one, be it silent or not. */
enum { STREAM_BLOCK = 256 };

/* The body is handed over, not copied. */
static struct MHD_Response *
reply_response_make(struct plan *plan, const struct reply_manner *manner)
{
	struct buffer *body = &plan->body;
	struct MHD_Response *response;

	if (plan->kind == PLAN_STREAM && body->length == 0)
		return MHD_create_response_from_callback(
			MHD_SIZE_UNKNOWN, STREAM_BLOCK, manner->read,
			manner->read_arg, NULL);
	if (body->failed)
		return NULL; /* half a JSON text is worse than none */
	if (body->length == 0)
		return MHD_create_response_from_buffer(0, NULL,
		                                       MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer_with_free_callback(
		body->length, body->data, mcps__free);
	if (response != NULL)
		*body = (struct buffer){ 0 };
	return response;
}

static bool reply_add_headers(struct MHD_Response *response,
                              const struct plan *plan,
                              const struct reply_manner *manner)
{
	struct answer_headers headers;

	mcps__answer_headers(&headers, plan, manner->is_get, manner->close);
	for (unsigned i = 0; i < headers.count; i++)
		if (MHD_add_response_header(response, headers.list[i].name,
		                            headers.list[i].value) != MHD_YES)
			return false;
	return true;
}

bool mcps__reply_send(struct MHD_Connection *connection, struct plan *plan,
                      const struct reply_manner *manner)
{
	struct MHD_Response *response = reply_response_make(plan, manner);
	bool queued;

	if (response == NULL)
		return false;
	queued = reply_add_headers(response, plan, manner) &&
	         MHD_queue_response(connection, (unsigned)plan->status,
	                            response) == MHD_YES;
	MHD_destroy_response(response); /* the connection has its own share */
	return queued;
}
