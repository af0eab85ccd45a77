/* Functions for a handler while it answers a call. Every function here belongs
 * to the handler's own thread and is valid until the handler returns, except
 * where it says "any thread". */
#ifndef MCPS_CALL_H
#define MCPS_CALL_H

#include <mcps/prompt.h>
#include <mcps/resource.h>
#include <mcps/session.h>
#include <mcps/tool.h>

MCPS_BEGIN_DECLS

/* ---- results: content blocks, in the order they are added ---- */

/** Add a text block. The blocks of a tool are its result, each block of a
 * prompt is a message, texts and bytes are the contents of a resource, for
 * which any other block is MCPS_E_INVAL. @return MCPS_OK, MCPS_E_NOMEM or
 * MCPS_E_INVAL (@p format is NULL): return it. */
MCPS_API mcps_status mcps_text(mcps_call *call, const char *format, ...)
	MCPS_PRINTF(2, 3);

/**
 * Set the structured result, a JSON object (2025-06-18 and later). The
 * reference moves in, also on failure. If no text block is added, the same
 * is sent as text, which is all that a 2025-03-26 client sees.
 *
 * @return MCPS_OK; MCPS_E_INVAL (not an object, or set twice); MCPS_E_NOMEM
 */
MCPS_API mcps_status mcps_structured(mcps_call *call,
                                     struct json_object *taken);

/** Add an image or a sound: @p length bytes, sent as base64.
 * @param mime_type such as "image/png", "audio/wav" */
MCPS_API mcps_status mcps_image(mcps_call *call, const void *bytes,
                                size_t length, const char *mime_type);
MCPS_API mcps_status mcps_audio(mcps_call *call, const void *bytes,
                                size_t length, const char *mime_type);

/** Embed a resource, as text or as bytes. @p mime_type may be NULL. */
MCPS_API mcps_status mcps_resource_text(mcps_call *call, const char *uri,
                                        const char *mime_type,
                                        const char *text);
MCPS_API mcps_status mcps_resource_bytes(mcps_call *call, const char *uri,
                                         const char *mime_type,
                                         const void *bytes, size_t length);

/** Add bytes to what a resource holds; only while one is read. */
MCPS_API mcps_status mcps_bytes(mcps_call *call, const void *bytes,
                                size_t length);

/**
 * Name a resource without embedding it (2025-06-18 and later; older clients
 * get its name and URI as text). The members size, uri, name, title,
 * description, mime_type, content_size, icons, annotations and meta of @p link
 * count; the resource need not be listed.
 *
 * @return also MCPS_E_INVAL: no size, uri or name, or something malformed
 */
MCPS_API mcps_status mcps_resource_link(mcps_call *call,
                                        const mcps_resource *link);

/** Annotate the block added last. @return MCPS_OK; MCPS_E_INVAL (there is
 * none, it is annotated already, or something is malformed); MCPS_E_NOMEM */
MCPS_API mcps_status mcps_annotate(mcps_call *call,
                                   const mcps_annotations *annotations);

/** Set _meta of the result, a JSON object. The reference moves in, also on
 * failure. @return MCPS_OK; MCPS_E_INVAL (not an object, or set twice);
 * MCPS_E_NOMEM */
MCPS_API mcps_status mcps_meta(mcps_call *call, struct json_object *taken);

/** The speaker of a message of a prompt. */
enum mcps_role {
	MCPS_USER,     /* the person who asks */
	MCPS_ASSISTANT /* the model */
};

/** Blocks added from now on are said by @p role. Prompts only. */
MCPS_API void mcps_role(mcps_call *call, enum mcps_role role);

/** Suggest a value, while one is completed. The first 100 are sent, the others
 * counted: stop when it says MCPS_E_LIMIT, or go on to have them counted.
 * @return MCPS_OK; MCPS_E_LIMIT; MCPS_E_INVAL: nothing is completed here;
 * MCPS_E_NOMEM */
MCPS_API mcps_status mcps_suggest(mcps_call *call, const char *value);

/** There are @p total suggestions, of which not all were added. */
MCPS_API void mcps_suggest_total(mcps_call *call, uint64_t total);

/**
 * Say in words for the model that the call failed. The result of a tool gets
 * isError, and keeps blocks that were added before; for any other method the
 * words become a JSON-RPC error. State changes are dropped. This cannot be
 * taken back: the call has failed even if its handler returns MCPS_OK. If
 * @p format is NULL, the words are that it failed and gave no reason.
 *
 * @return MCPS_E_TOOL: return it; MCPS_E_NOMEM
 */
MCPS_API mcps_status mcps_fail(mcps_call *call, const char *format, ...)
	MCPS_PRINTF(2, 3);

/* ---- while it runs ---- */

/**
 * Report progress, if the client asked for it (2025-11-25, Progress): the
 * answer becomes an event stream, which the client can resume. A value that is
 * not above the last one is dropped. At most twenty values are sent in a
 * second, and always the last one (done equals total). Tools on workers only;
 * other handlers send nothing.
 *
 * @param total 0: unknown
 * @param format of a message for people; NULL: none
 */
MCPS_API void mcps_progress(mcps_call *call, double done, double total,
                            const char *format, ...) MCPS_PRINTF(4, 5);

/** How grave a message to the client is (RFC 5424). No value is one of enum
 * mcps_log_level, which is the scale of the server's own log: C++ refuses to
 * compile one for the other, gcc (-Wextra) and clang warn, and at run time
 * mcps_notify_log() logs the mistake and sends nothing. */
enum mcps_severity {
	MCPS_SEVERITY_DEBUG = 16,
	MCPS_SEVERITY_INFO,
	MCPS_SEVERITY_NOTICE,
	MCPS_SEVERITY_WARNING,
	MCPS_SEVERITY_ERROR,
	MCPS_SEVERITY_CRITICAL,
	MCPS_SEVERITY_ALERT,
	MCPS_SEVERITY_EMERGENCY
};

/**
 * Say something to the client's log, if it wants to hear of such: what it
 * said by logging/setLevel counts, which its session remembers; until then
 * MCPS_SEVERITY_INFO. Never credentials, personal data or what helps an
 * attacker. Like progress it makes the answer an event stream. Tools on workers
 * only.
 *
 * @param logger who says it, always in the same words; may be NULL
 */
MCPS_API void mcps_notify_log(mcps_call *call, enum mcps_severity severity,
                              const char *logger, const char *format, ...)
	MCPS_PRINTF(4, 5);
/** The same with any JSON value; the reference moves in. */
MCPS_API void mcps_notify_log_json(mcps_call *call, enum mcps_severity severity,
                                   const char *logger,
                                   struct json_object *taken);

/** Whether mcps_notify_log() of @p severity reaches the client: what costs much
 * to find out need not be found out in vain. */
MCPS_API bool mcps_log_enabled(const mcps_call *call,
                               enum mcps_severity severity);

/**
 * Close the connection of the call's stream, not the stream: the client comes
 * back after @p retry_ms for what the call says from then on, and need not
 * hold a connection meanwhile (2025-11-25; of older clients nothing is
 * closed, because they would not come back, nor when the store failed and the
 * client has no event to resume after). The official SDK keeps one such
 * time for all its streams, so a short one also shortens the outage that it
 * survives, until the client is back. Tools on workers only.
 */
MCPS_API void mcps_disconnect(mcps_call *call, uint32_t retry_ms);

/** Whether nobody waits any more: the client cancelled, the session ended,
 * or the tool's timeout passed. Clean up and return MCPS_E_CANCELLED. Any
 * thread while the handler runs. */
MCPS_API bool mcps_cancelled(const mcps_call *call);

/** Milliseconds until the tool's timeout, 0 once it passed; -1: none. */
MCPS_API int64_t mcps_time_left_ms(const mcps_call *call);

/** The value of a variable of the template, or of an argument of the prompt;
 * while a value is completed, of what the client told of the others. NULL: not
 * given. Valid until the handler returns. */
MCPS_API const char *mcps_call_param(const mcps_call *call, const char *name);

/** The data pointer of what is called. */
MCPS_API void *mcps_call_data(const mcps_call *call);

/* ---- who asks ---- */

/** The caller's subject, as the auth hook told; NULL: anonymous. */
MCPS_API const char *mcps_call_principal(const mcps_call *call);

/** Whether the caller's credential carries @p scope. */
MCPS_API bool mcps_has_scope(const mcps_call *call, const char *scope);

/** The session of the call, by value but for its texts. */
MCPS_API void mcps_call_session(const mcps_call *call,
                                struct mcps_session_view *out);

MCPS_END_DECLS

#endif
