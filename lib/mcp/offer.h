/* What a server offers under a name: tools, resources, templates, prompts.
 * Checked and made when it is added, constant from then on; how clients of
 * each revision see it is written once. */
#ifndef MCPS_MCP_OFFER_H
#define MCPS_MCP_OFFER_H

#include "base/incident.h"
#include "mcp/fields.h"
#include "mcp/revision.h"
#include "mcp/uri.h"

#include <mcps/prompt.h>
#include <mcps/resource.h>
#include <mcps/tool.h>
#include <stdatomic.h>

enum offer_kind {
	OFFER_TOOL,
	OFFER_RESOURCE,
	OFFER_TEMPLATE,
	OFFER_PROMPT,
	OFFER_KINDS,
};

enum { OFFER_REVISIONS = 4 }; /* at least mcps__revision_count */

/* How a handler can fail so that its author has to know; the first ones are
 * mistakes of the author. */
enum handler_fault {
	FAULT_NONE,
	FAULT_NO_REASON,      /* MCPS_E_TOOL without mcps_fail() */
	FAULT_STATUS,         /* a status that no handler may return */
	FAULT_NOT_STRUCTURED, /* no structured result in spite of a schema */
	FAULT_RESULT,         /* a result that is too large */
	FAULT_TOLD,           /* mcps_fail(), of what is no tool */
	FAULT_ERROR,          /* a status that becomes -32603 */
	FAULT_OUTCOME,        /* none of the handler: its result is not kept */
	FAULT_KINDS,
};

/* What all kinds have. References: each catalogue it stands in, and each call
 * that runs it elsewhere than in dispatch. */
struct offer {
	atomic_uint refs;
	enum offer_kind kind;
	char *name;   /* of a tool or prompt; a URI; the text of a template */
	char *scopes; /* NULL: none are needed */
	char *challenge; /* WWW-Authenticate of callers without them */
	void *data;
	bool quick;
	uint32_t timeout_ms;
	struct incident_state faults[FAULT_KINDS]; /* of its handlers */
	atomic_uint misuses; /* those that were logged, see mcp/misuse.c */
	struct buffer shown[OFFER_REVISIONS]; /* as it is listed */
	void (*finish)(struct offer *offer);  /* what the kind has beside */
};

struct tool {
	struct offer offer;
	mcps_tool_fn run;
	struct field_set *fields; /* NULL: a schema text instead */
	bool is_structured;       /* it has an output_schema */
	/* The optional properties of a schema text that null does not fit. */
	char **not_null; /* ends with NULL; may be NULL itself */
};

/* A resource or a template. */
struct resource {
	struct offer offer;
	char *mime_type; /* may be NULL */
	mcps_read_fn read;
	mcps_complete_fn complete;
	struct uri_template *compiled; /* of a template */
	bool has_text, has_bytes;      /* without read */
	char *bytes;                   /* the text, or bytes */
	size_t length;
};

struct prompt {
	struct offer offer;
	char *description; /* may be NULL */
	mcps_prompt_fn run;
	mcps_complete_fn complete;
	size_t count;
	struct prompt_argument {
		char *name;
		bool required;
	} * arguments;
};

/* Each makes one, with one reference, of what was declared; MCPS_E_INVAL with
 * a sentence that names it, MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__tool_make(struct offer **out,
                                          const mcps_tool *declared,
                                          struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__resource_make(struct offer **out,
                                              const mcps_resource *declared,
                                              struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__template_make(struct offer **out,
                                              const mcps_template *declared,
                                              struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__prompt_make(struct offer **out,
                                            const mcps_prompt *declared,
                                            struct mcps_error *error);

struct offer *mcps__offer_ref(struct offer *offer);
void mcps__offer_unref(struct offer *offer); /* NULL is fine */

/* The object of it in lists, as REVISION knows it. */
const struct buffer *mcps__offer_shown(const struct offer *offer,
                                       const struct revision *revision);

/* "tool", "resource", ...: for sentences. */
const char *mcps__offer_word(enum offer_kind kind);

/* Whether its values can be completed. */
bool mcps__offer_completes(const struct offer *offer);

/* ---- for the files of the kinds ---- */

/* What is common, of what was declared. */
struct offer_head {
	enum offer_kind kind;
	const char *name;
	const char *scopes;
	void *data;
	bool quick;
	uint32_t timeout_ms;
	const mcps_icon *icons;
	const mcps_annotations *annotations;
	const char *meta;
};

/* Check the size that a declared struct says it has. NAME may be NULL. */
MCPS_MUST_USE mcps_status mcps__offer_check_size(enum offer_kind kind,
                                                 const char *name, size_t size,
                                                 size_t wanted,
                                                 struct mcps_error *error);

/* Check what is common; a sentence in ERROR, or MCPS_OK. */
MCPS_MUST_USE mcps_status mcps__offer_check(const struct offer_head *head,
                                            struct mcps_error *error);
/* Fill a zeroed offer; false: out of memory. To be unref'd in any case. */
bool mcps__offer_init(struct offer *offer, const struct offer_head *head,
                      void (*finish)(struct offer *offer));

/* Write it for every revision with SHOW; false: out of memory. */
bool mcps__offer_show(struct offer *offer, const void *declared,
                      void (*show)(const struct offer *offer,
                                   const void *declared,
                                   const struct revision *revision,
                                   struct buffer *out));

/* Copy a text, NULL included; false: out of memory. */
bool mcps__offer_copy(char **out, const char *text);

#endif
