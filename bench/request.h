/* Requests made once and then only changed in place: the ids in them have
 * always the same length. */
#ifndef MCPS_BENCH_REQUEST_H
#define MCPS_BENCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_ID_LENGTH = 10 };

struct request {
	char *bytes;
	size_t length;
	size_t body_length;
	char *id;      /* in BYTES: REQUEST_ID_LENGTH digits */
	char *token;   /* in BYTES: the same once more; NULL: no progress */
	char *session; /* in BYTES: the session id; NULL: none */
	size_t session_length;
};

/* A tools/call of TOOL with a text of TEXT_LENGTH bytes, in a session whose id
 * has SESSION_LENGTH bytes (0: without one). With PROGRESS its id is its
 * progress token, too. Ends the process without memory. */
void request_call(struct request *request, const char *tool, size_t text_length,
                  size_t session_length, bool progress);
void request_initialize(struct request *request);
void request_free(struct request *request);

void request_set_id(struct request *request, uint64_t number);
void request_set_session(struct request *request, const char *id);

#endif
