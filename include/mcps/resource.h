/* Declaring resources: what clients can list and read by a URI. */
#ifndef MCPS_RESOURCE_H
#define MCPS_RESOURCE_H

#include <mcps/content.h>
#include <mcps/status.h>
#include <mcps/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MCPS_BEGIN_DECLS

/**
 * Answer one resources/read of @p uri.
 *
 * mcps_text() and mcps_bytes() add contents under @p uri with the declared
 * MIME type; mcps_resource_text() and mcps_resource_bytes() add some of
 * another URI or type, such as the files of a directory. Then return MCPS_OK;
 * MCPS_E_NO_RESOURCE: there is none after all; or the value of mcps_fail(),
 * which becomes a JSON-RPC error. mcps_tool_fn has the table of other
 * statuses. mcps_call_param() returns the variables of a template.
 */
typedef mcps_status (*mcps_read_fn)(mcps_call *call, const char *uri);

/**
 * Complete a value that somebody is typing: of the variable @p name of a
 * template, or of the argument @p name of a prompt.
 *
 * Add what it could become with mcps_suggest(), the likeliest first.
 * mcps_call_param() tells the other values as far as the client told them
 * (2025-06-18 and later). Return MCPS_OK, what mcps_suggest() returned, or the
 * value of mcps_fail(); of other statuses mcps_tool_fn has the table.
 *
 * @param value what was typed so far; may be ""
 */
typedef mcps_status (*mcps_complete_fn)(mcps_call *call, const char *name,
                                        const char *value);

/** A resource. Everything is copied when it is added, but for data and what
 * it points to. */
typedef struct mcps_resource {
	size_t size;       /* sizeof(mcps_resource): set by mcps_add_resource */
	const char *uri;   /* RFC 3986, as clients are to write it */
	const char *name;  /* for programs */
	const char *title; /* for people; may be NULL */
	const char *description; /* for models; may be NULL */
	const char *mime_type;   /* may be NULL */

	/** Its contents: a text, or bytes, or whatever read adds. */
	const char *text;
	const void *bytes;
	size_t length; /* of bytes */
	mcps_read_fn read;
	void *data; /* mcps_call_data() of its calls */

	/** read runs on the network thread: at most some microseconds, never
	 * blocking, no state. */
	bool quick;
	uint32_t timeout_ms; /* of read; then mcps_cancelled(); 0: never */
	const char *scopes;  /* as those of a tool; may be NULL */

	uint64_t content_size;  /* bytes, if known; set for text and bytes */
	const mcps_icon *icons; /* may be NULL */
	const mcps_annotations *annotations; /* may be NULL */
	const char *meta; /* _meta, the text of a JSON object; may be NULL */
} mcps_resource;

/**
 * Resources of a pattern (RFC 6570): uri_template has {name} for characters
 * without "/", "?" and "#", and at most once {+name} for any characters; each
 * takes at least one. Something must stand between two of them. A URI that is
 * listed as a resource of its own wins over a template; of several templates
 * that fit, the one added first.
 *
 * Values are told decoded: "%2F" in a URI becomes "/", in {name} too, so
 * never use one as a path unchecked. A value that is not UTF-8, or has
 * a NUL, fits nothing.
 */
typedef struct mcps_template {
	size_t size; /* sizeof(mcps_template): set by mcps_add_template */
	const char *uri_template;
	const char *name;        /* for programs */
	const char *title;       /* for people; may be NULL */
	const char *description; /* for models; may be NULL */
	const char *mime_type;   /* may be NULL */

	mcps_read_fn read;
	mcps_complete_fn complete; /* may be NULL */
	void *data;                /* mcps_call_data() of its calls */
	bool quick;                /* read and complete, as above */
	uint32_t timeout_ms;
	const char *scopes;

	const mcps_icon *icons;
	const mcps_annotations *annotations;
	const char *meta;
} mcps_template;

/**
 * Add a resource, a template. Before mcps_server_start(), which then reports
 * what is wrong with it, or later by any thread: clients that listen are told
 * that the list changed. The order of adding is that of the list.
 *
 * @return MCPS_OK; MCPS_E_INVAL (also: it is there already); MCPS_E_NOMEM
 */
MCPS_API mcps_status mcps_server_add_resource(mcps_server *server,
                                              const mcps_resource *resource);
MCPS_API mcps_status mcps_server_add_template(mcps_server *server,
                                              const mcps_template *added);

/** Remove one; calls under way go on. Any thread. @return MCPS_OK or
 * MCPS_E_NOT_FOUND */
MCPS_API mcps_status mcps_server_remove_resource(mcps_server *server,
                                                 const char *uri);
MCPS_API mcps_status mcps_server_remove_template(mcps_server *server,
                                                 const char *uri_template);

/**
 * Tell who subscribed to @p uri that it changed. Any thread, as often as it
 * pleases; it does not block.
 *
 * It goes to the sessions that have, or lately had, an event stream (GET). To
 * the others, in memory or not, it is said once, when they next listen, perhaps
 * without need; it is lost if the process ends before that.
 */
MCPS_API void mcps_resource_updated(mcps_server *server, const char *uri);

/** mcps_add_resource(server, .uri = ..., .name = ..., ...). C11. */
#define mcps_add_resource(server, ...)                                 \
	mcps_server_add_resource(                                      \
		(server),                                              \
		&(const mcps_resource){ .size = sizeof(mcps_resource), \
	                                __VA_ARGS__ })

/** mcps_add_template(server, .uri_template = ..., .read = ..., ...). C11. */
#define mcps_add_template(server, ...)                                 \
	mcps_server_add_template(                                      \
		(server),                                              \
		&(const mcps_template){ .size = sizeof(mcps_template), \
	                                __VA_ARGS__ })

MCPS_END_DECLS

#endif
