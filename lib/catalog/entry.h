/* What a server offers under a name: tools, resources, templates, prompts.
 * Checked and made when it is added, constant from then on; how clients of
 * each revision see it is written once. */
#ifndef MCPS_CATALOG_ENTRY_H
#define MCPS_CATALOG_ENTRY_H

#include "base/incident.h"
#include "catalog/fields.h"
#include "catalog/revision.h"
#include "catalog/uri.h"

#include <mcps/prompt.h>
#include <mcps/resource.h>
#include <mcps/tool.h>
#include <stdatomic.h>

enum entry_kind {
	ENTRY_TOOL,
	ENTRY_RESOURCE,
	ENTRY_TEMPLATE,
	ENTRY_PROMPT,
	ENTRY_KINDS,
};

enum { ENTRY_REVISIONS = 4 }; /* at least mcps__revision_count */

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

/* The members that all kinds have. Each catalog that contains an entry, and
 * each call that runs it outside of dispatch, holds a reference. */
struct entry {
	atomic_uint refs;
	enum entry_kind kind;
	char *name;   /* of a tool or prompt; a URI; the text of a template */
	char *scopes; /* NULL: none are needed */
	char *challenge; /* WWW-Authenticate of callers without them */
	void *data;
	bool quick;
	uint32_t timeout_ms;
	struct incident_state faults[FAULT_KINDS]; /* of its handlers */
	atomic_uint misuses; /* those that were logged, see call/misuse.c */
	struct buffer shown[ENTRY_REVISIONS]; /* as it is listed */
	void (*finish)(struct entry *entry);  /* what the kind has beside */
};

struct tool {
	struct entry entry;
	mcps_tool_fn run;
	struct field_set *fields; /* NULL: a schema text instead */
	bool is_structured;       /* it has an output_schema */
	/* The optional properties of a schema text that null does not fit. */
	char **not_null; /* ends with NULL; may be NULL itself */
};

/* A resource or a template. */
struct resource {
	struct entry entry;
	char *mime_type; /* may be NULL */
	mcps_read_fn read;
	mcps_complete_fn complete;
	struct uri_template *compiled; /* of a template */
	bool has_text, has_bytes;      /* without read */
	char *bytes;                   /* the text, or bytes */
	size_t length;
};

struct prompt {
	struct entry entry;
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
MCPS_MUST_USE mcps_status mcps__tool_make(struct entry **out,
                                          const mcps_tool *declared,
                                          struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__resource_make(struct entry **out,
                                              const mcps_resource *declared,
                                              struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__template_make(struct entry **out,
                                              const mcps_template *declared,
                                              struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__prompt_make(struct entry **out,
                                            const mcps_prompt *declared,
                                            struct mcps_error *error);

struct entry *mcps__entry_ref(struct entry *entry);
void mcps__entry_unref(struct entry *entry); /* NULL is fine */

/* The object of it in lists, as REVISION knows it. */
const struct buffer *mcps__entry_shown(const struct entry *entry,
                                       const struct revision *revision);

/* "tool", "resource", ...: for sentences. */
const char *mcps__entry_word(enum entry_kind kind);

/* Whether its values can be completed. */
bool mcps__entry_completes(const struct entry *entry);

/* ---- for the files of the kinds ---- */

/* What is common, of what was declared. */
struct entry_head {
	enum entry_kind kind;
	const char *name;
	const char *scopes;
	void *data;
	bool quick;
	uint32_t timeout_ms;
	const mcps_icon *icons;
	const mcps_annotations *annotations;
	const char *meta;
};

/* Copy a declared struct of the caller's version (<mcps/sys/sized.h>) to OUT,
 * which has KNOWN bytes. NAME is for the sentence in ERROR and may be NULL. */
MCPS_MUST_USE mcps_status mcps__entry_read(void *out, size_t known,
                                           const void *declared,
                                           enum entry_kind kind,
                                           const char *name,
                                           struct mcps_error *error);

/* Check what is common; a sentence in ERROR, or MCPS_OK. */
MCPS_MUST_USE mcps_status mcps__entry_check(const struct entry_head *head,
                                            struct mcps_error *error);
/* Fill a zeroed entry; false: out of memory. To be unref'd in any case. */
bool mcps__entry_init(struct entry *entry, const struct entry_head *head,
                      void (*finish)(struct entry *entry));

/* Write it for every revision with SHOW; false: out of memory. */
bool mcps__entry_show(struct entry *entry, const void *declared,
                      void (*show)(const struct entry *entry,
                                   const void *declared,
                                   const struct revision *revision,
                                   struct buffer *out));

/* Copy a text, NULL included; false: out of memory. */
bool mcps__entry_copy(char **out, const char *text);

#endif
