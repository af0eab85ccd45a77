/* What a handler answers, while it is being built: content blocks are written
 * as JSON text at once; no objects in between. */
#ifndef MCPS_CALL_RESULT_H
#define MCPS_CALL_RESULT_H

#include "base/buffer.h"
#include "catalog/revision.h"

#include <mcps/call.h>
#include <stdarg.h>

/* What the blocks of a result become. */
enum result_shape {
	RESULT_BLOCKS,      /* of a tool: content blocks */
	RESULT_MESSAGES,    /* of a prompt: messages with one block each */
	RESULT_CONTENTS,    /* of a resource: texts and bytes under its URI */
	RESULT_SUGGESTIONS, /* of a completion: strings */
};

enum { RESULT_SUGGESTIONS_MAX = 100 };

/* All zero is an empty result of a tool. */
struct result {
	enum result_shape shape;
	const struct revision *revision; /* NULL: the newest */
	const char *uri;                 /* RESULT_CONTENTS: borrowed */
	const char *mime_type;           /* ... may be NULL */
	enum mcps_role role;             /* RESULT_MESSAGES */
	uint64_t suggested;              /* RESULT_SUGGESTIONS: so many */
	uint64_t total;                  /* ... of so many, if more */
	struct buffer content;           /* blocks, comma between them */
	size_t tail; /* bytes that close the last block; 0: none that
	              * could be annotated */
	struct buffer structured; /* JSON text of an object, or empty */
	struct buffer meta;       /* ... of another */
	struct buffer failure;    /* of what is no tool: why it failed */
	bool has_text;
	bool is_error;
};

void mcps__result_finish(struct result *result);
void mcps__result_reset(struct result *result);

mcps_status mcps__result_text(struct result *result, const char *format,
                              va_list args) MCPS_PRINTF(2, 0);
mcps_status mcps__result_structured(struct result *result,
                                    struct json_object *taken);
mcps_status mcps__result_meta(struct result *result, struct json_object *taken);
mcps_status mcps__result_fail(struct result *result, const char *format,
                              va_list args) MCPS_PRINTF(2, 0);
/* Whether mcps__result_fail() was called. */
bool mcps__result_has_failed(const struct result *result);
mcps_status mcps__result_bytes(struct result *result, const void *bytes,
                               size_t length);
mcps_status mcps__result_link(struct result *result, const mcps_resource *link);
mcps_status mcps__result_annotate(struct result *result,
                                  const mcps_annotations *annotations);
mcps_status mcps__result_suggest(struct result *result, const char *value);
mcps_status mcps__result_media(struct result *result, const char *type,
                               const void *bytes, size_t length,
                               const char *mime_type);
mcps_status mcps__result_resource(struct result *result, const char *uri,
                                  const char *mime_type, const char *text,
                                  const void *bytes, size_t length);

/* Append ,"_meta":... if there is any. */
void mcps__result_write_meta(const struct result *result, struct buffer *out);

/* Append the CallToolResult object as REVISION knows it: structuredContent
 * only where it exists; the structured value as text when no text block says
 * it (2025-06-18, Structured Content). Failures stick in OUT. */
void mcps__result_write(const struct result *result,
                        const struct revision *revision, struct buffer *out);

#endif
