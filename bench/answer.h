/* An HTTP answer, as far as a load generator must understand it: is it all
 * here, and is it the one that was wanted? */
#ifndef MCPS_BENCH_ANSWER_H
#define MCPS_BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum { SESSION_ID_MAX = 160 };

struct answer {
	int status;
	size_t body;   /* where it begins */
	size_t length; /* of head and body; 0 while unknown: chunked */
	bool chunked;
	bool is_stream;
	char session[SESSION_ID_MAX]; /* Mcp-Session-Id; "": none */
};

/* Read BYTES, which end with a NUL that does not count. */
enum answer_state {
	ANSWER_PARTIAL,
	ANSWER_WHOLE,
	ANSWER_BROKEN,
} answer_read(struct answer *answer, const char *bytes, size_t length);

/* Whether its body is the result of request ID. */
bool answer_is_result(const struct answer *answer, const char *bytes,
                      const char *id);

#endif
