/* Protocol revisions as rows of a table: what differs between them is a
 * column, never an "if" in the middle of a function. */
#ifndef MCPS_CATALOG_REVISION_H
#define MCPS_CATALOG_REVISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct revision {
	const char *text; /* "2025-06-18" */
	uint32_t number;  /* 20250618 */

	bool has_batch;            /* arrays of messages */
	bool has_tool_annotations; /* hints, in lists of tools */
	bool has_audio;            /* content of type audio; else a text */
	bool has_progress_message;
	bool has_completions;   /* as a capability; the method always works */
	bool has_title;         /* title of tools and server info */
	bool has_structured;    /* structuredContent, outputSchema */
	bool has_server_site;   /* description, websiteUrl of server info */
	bool has_meta;          /* _meta of tools, resources, prompts, ... */
	bool has_links;         /* content of type resource_link */
	bool has_last_modified; /* ... in annotations */
	bool has_icons;
	bool has_completion_context;    /* context.arguments */
	bool bad_arguments_are_results; /* isError instead of -32602 */
	bool has_retry; /* streams begin with an id, and say when to retry */
	int no_resource_code; /* of a resource that is not there */
};

/* The revisions served, oldest first. */
extern const struct revision mcps__revisions[];
extern const size_t mcps__revision_count;

/* NULL when it is not served. */
const struct revision *mcps__revision_find(const char *text, size_t length);
const struct revision *mcps__revision_by_number(uint32_t number);

/* What initialize answers to an unknown request: the newest. */
const struct revision *mcps__revision_newest(void);
/* What is assumed of a client that says nothing: 2025-03-26 (2025-11-25,
 * Protocol Version Header). */
const struct revision *mcps__revision_assumed(void);

#endif
