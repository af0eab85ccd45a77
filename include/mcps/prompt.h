/* Declaring prompts: messages that a user picks by name. */
#ifndef MCPS_PROMPT_H
#define MCPS_PROMPT_H

#include <mcps/resource.h>

MCPS_BEGIN_DECLS

/** An argument of a prompt: always a string. Lists end with one whose name is
 * NULL. */
typedef struct mcps_argument {
	const char *name;
	const char *title;       /* for people; may be NULL */
	const char *description; /* may be NULL */
	bool required;
} mcps_argument;

/** The last one of a list. */
#define MCPS_ARGUMENTS_END   \
	{                    \
		.name = NULL \
	}

/**
 * Answer one prompts/get: each content block that is added, mcps_text() and
 * its kin, becomes a message, of the user unless mcps_role() says otherwise.
 * mcps_call_param() tells the arguments. Then return MCPS_OK, or the value of
 * mcps_fail(), which becomes a JSON-RPC error. mcps_tool_fn has the
 * table of other statuses.
 */
typedef mcps_status (*mcps_prompt_fn)(mcps_call *call);

/** A prompt. Everything is copied when it is added, but for data and what it
 * points to. */
typedef struct mcps_prompt {
	size_t size;       /* sizeof(mcps_prompt): set by mcps_add_prompt */
	const char *name;  /* 1 to 128 bytes, no control characters */
	const char *title; /* for people; may be NULL */
	const char *description; /* may be NULL */

	/** Ends with MCPS_ARGUMENTS_END; or NULL. Others are refused, and so
	 * are calls without the required ones. */
	const mcps_argument *arguments;

	mcps_prompt_fn run;
	mcps_complete_fn complete; /* of arguments; may be NULL */
	void *data;                /* mcps_call_data() of its calls */

	/** Runs on the network thread: at most some microseconds, never
	 * blocking, no state. */
	bool quick;
	uint32_t timeout_ms; /* then mcps_cancelled() is true; 0: never */
	const char *scopes;  /* as those of a tool; may be NULL */

	const mcps_icon *icons; /* may be NULL */
	const char *meta; /* _meta, the text of a JSON object; may be NULL */
} mcps_prompt;

/** Add a prompt; like mcps_server_add_resource(). */
MCPS_API mcps_status mcps_server_add_prompt(mcps_server *server,
                                            const mcps_prompt *prompt);

/** Remove one; calls under way go on. Any thread. @return MCPS_OK or
 * MCPS_E_NOT_FOUND */
MCPS_API mcps_status mcps_server_remove_prompt(mcps_server *server,
                                               const char *name);

/** mcps_add_prompt(server, .name = ..., .run = ..., ...). C11. */
#define mcps_add_prompt(server, ...)                                         \
	mcps_server_add_prompt(                                              \
		(server), &(const mcps_prompt){ .size = sizeof(mcps_prompt), \
	                                        __VA_ARGS__ })

MCPS_END_DECLS

#endif
