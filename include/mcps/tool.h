/* Declaring tools: one struct and one field table give the schema a client
 * reads, the validation of what it sends, and typed arguments.
 *
 * MCPS_FIELD, mcps_add_tool() and their kin in other headers need C11: compound
 * literals, designated initializers, _Generic. A program in C++17 uses
 * <mcps/mcps.hpp> instead. In older C++ it fills the structs itself and sets
 * what the macros would set: size and args_size of a tool, mark and struct_size
 * of a field, size of every other struct that has one. */
#ifndef MCPS_TOOL_H
#define MCPS_TOOL_H

#include <mcps/content.h>
#include <mcps/status.h>
#include <mcps/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MCPS_BEGIN_DECLS

struct json_object;

/** The type of a member of an argument struct. */
enum mcps_kind {
	MCPS_BOOL,   /* bool */
	MCPS_INT,    /* int64_t; 3.0 is accepted as 3 */
	MCPS_NUMBER, /* double */
	MCPS_STRING, /* const char *, NUL-terminated UTF-8 */
	MCPS_JSON    /* struct json_object *, any JSON value; NULL is null */
};

/**
 * One argument. Make it with MCPS_FIELD; what is not named is zero. In C++,
 * where there is no MCPS_FIELD, set mark and struct_size, too.
 *
 * Every word of it is published in the tool's inputSchema and enforced before
 * the handler runs; arguments that no field names are refused.
 */
typedef struct mcps_field {
	const char *name;
	const char *description;
	enum mcps_kind kind;
	size_t offset;

	/** The client may leave it out; it is then default_json or zero (NULL).
	 */
	bool optional;
	const char *default_json; /* the default, as JSON text: "1", "\"en\"" */

	const char *const *enum_values; /* strings allowed, NULL-terminated */

	/** Bounds of MCPS_INT and MCPS_NUMBER, inclusive; both 0: none. Use
	 * HUGE_VAL (or -HUGE_VAL) for a side without a bound. */
	double minimum, maximum;

	/** Length of a string, in Unicode characters. max_length 0: only the
	 * limit of the body. */
	size_t min_length, max_length;

	/** Set by MCPS_FIELD and MCPS_FIELDS_END, so that a table without its
	 * end is found: MCPS_FIELD_MARK or MCPS_FIELDS_END_MARK, and sizeof of
	 * the struct of arguments. */
	uint32_t mark;
	uint32_t struct_size;
} mcps_field;

/** The values of mcps_field.mark: of a field, and of the last row. */
#define MCPS_FIELD_MARK      0xf1e1dab5u
#define MCPS_FIELDS_END_MARK 0xe0d0fab5u

#define MCPS_KIND_OF(lvalue) \
	_Generic((lvalue), bool               \
		 : MCPS_BOOL, int64_t         \
		 : MCPS_INT, double           \
		 : MCPS_NUMBER, const char *  \
		 : MCPS_STRING, struct json_object * \
		 : MCPS_JSON)

/** MCPS_FIELD(struct args, member, "what it is", .optional = true, ...): one
 * row of a field table. C11. */
#define MCPS_FIELD(type, member, ...)                                       \
	{                                                                   \
		.name = #member, .kind = MCPS_KIND_OF(((type *)0)->member), \
		.offset = offsetof(type, member), .mark = MCPS_FIELD_MARK,  \
		.struct_size = sizeof(type), .description = __VA_ARGS__     \
	}

/** The last row. A table without it is refused when the tool is added. */
#define MCPS_FIELDS_END                      \
	{                                    \
		.mark = MCPS_FIELDS_END_MARK \
	}

/**
 * Answer one tools/call.
 *
 * Fill @p call with results (mcps_text() and its kin) and return MCPS_OK, or
 * the value of mcps_fail(). State changes are committed with the result of
 * MCPS_OK; with anything else they are dropped. Once a handler has begun, its
 * client gets HTTP 200 and
 *
 *     MCPS_OK               the result
 *     MCPS_E_TOOL           of a tool a result with isError, of anything else
 *                           error -32603, with the words of mcps_fail()
 *     MCPS_E_CANCELLED      as from mcps_fail(): it gave up, or ran out of
 *                           time; nothing if the client cancelled the call
 *     MCPS_E_PARAMS         error -32602
 *     MCPS_E_FORBIDDEN      error -32600
 *     MCPS_E_SCOPE          error -32600
 *     MCPS_E_NO_RESOURCE    error -32002, of a resource that is read
 *     MCPS_E_LIMIT          the result, if mcps_suggest() returned it
 *     MCPS_E_NOMEM, E_INVAL, E_CONFLICT, E_STORE, E_LOCKED, E_CORRUPT,
 *     E_UNSUPPORTED, E_SYSTEM, E_PERMISSION, E_RESULT, E_NO_STATE,
 *     E_STATE_BUSY, E_STATE_TYPE, E_STATE_TOO_LARGE, E_STOPPING, E_HANDLER
 *                           error -32603 with the text of the status
 *     anything else         error -32603, "Internal error": such a status is
 *                           about HTTP, sessions or the server, not about
 *                           a call
 *
 * MCPS_E_TOOL without mcps_fail() says: the tool "NAME" failed and gave no
 * reason; of a tool that added a text, that is the reason. MCPS_OK after
 * mcps_fail() counts as MCPS_E_TOOL.
 *
 * Failures that become -32603, and MCPS_E_TOOL without a reason, are logged
 * with the name of the tool, resource or prompt, at most once a minute for each
 * of them and each kind of fault.
 *
 * @param args the struct of the field table; of a tool with a schema text
 *        the arguments as a `struct json_object *`. Dies with the call.
 */
typedef mcps_status (*mcps_tool_fn)(mcps_call *call, const void *args);

/** Hints for clients (tool annotations; 2025-03-26 and later). */
enum mcps_hint {
	MCPS_READ_ONLY = 1,
	MCPS_IDEMPOTENT = 2,
	MCPS_DESTRUCTIVE = 4,
	MCPS_OPEN_WORLD = 8
};

/** A tool. Copied when it is added, with the texts it names; fields, data and
 * run must stay valid until the server is freed. */
typedef struct mcps_tool {
	size_t size;             /* sizeof(mcps_tool): set by mcps_add_tool */
	const char *name;        /* 1 to 128 of A-Z a-z 0-9 _ - . */
	const char *title;       /* for people; may be NULL */
	const char *description; /* for models; may be NULL */

	const mcps_field *fields; /* ends with MCPS_FIELDS_END; or NULL */
	size_t args_size;         /* set by mcps_add_tool */

	/** Instead of fields: a JSON Schema 2020-12 text, an object schema,
	 * published as given. Its validator comes with a later version, so such
	 * a tool must check its arguments and say so: validates_itself. */
	const char *input_schema;
	bool validates_itself;

	mcps_tool_fn run;
	void *data; /* mcps_call_data() of its calls */

	/** Runs on the network thread: at most some microseconds, never
	 * blocking, no state. Others run on a worker and may block. */
	bool quick;

	/** Scopes that a caller's credential must carry, separated by blanks;
	 * NULL: none. Without them the answer is 403 with a challenge that
	 * names all of them. Which scope implies which is the auth hook's to
	 * know: it grants the implied ones, too. */
	const char *scopes;

	unsigned hints;      /* enum mcps_hint */
	uint32_t timeout_ms; /* then mcps_cancelled() is true; 0: never */

	/** The form of this tool's mcps_structured(): a JSON Schema
	 * 2020-12 text, an object schema, published as given to clients of
	 * 2025-06-18 and later. A call that succeeds without a structured
	 * result is then an error; that it fits the schema is the tool's to
	 * see to. NULL: not said. */
	const char *output_schema;

	const mcps_icon *icons; /* may be NULL */
	const char *meta; /* _meta, the text of a JSON object; may be NULL */
} mcps_tool;

/**
 * Add a tool. Before mcps_server_start(), which then reports what is wrong
 * with it, or later by any thread: clients that listen are told that the list
 * changed. The order of adding is the order of tools/list.
 *
 * @return MCPS_OK; MCPS_E_INVAL (also: the name is taken); MCPS_E_NOMEM
 */
MCPS_API mcps_status mcps_server_add_tool(mcps_server *server,
                                          const mcps_tool *tool);

/** Remove a tool; calls under way go on. Any thread. @return MCPS_OK or
 * MCPS_E_NOT_FOUND */
MCPS_API mcps_status mcps_server_remove_tool(mcps_server *server,
                                             const char *name);

/** mcps_add_tool(server, struct args, .name = ..., .run = ...). C11. */
#define mcps_add_tool(server, args_type, ...)                                 \
	mcps_server_add_tool(                                                 \
		(server), &(const mcps_tool){ .size = sizeof(mcps_tool),      \
	                                      .args_size = sizeof(args_type), \
	                                      __VA_ARGS__ })

MCPS_END_DECLS

#endif
