/* The table of the revisions served. Each column is a fact of a changelog:
 *
 * 2025-03-26: batches (major 3), tool annotations (major 4), message of
 *             progress, audio content, completions as a capability (other
 *             schema changes). Before it, completion/complete is served
 *             without being declared. 2024-11-05 is served over Streamable
 *             HTTP only: clients that offer it there reject any other answer.
 * 2025-06-18: batching removed (major 1), structured tool output (major 2),
 *             title of tools and implementations (other schema changes 3),
 *             resource links (major 7), _meta of more types (other schema
 *             changes 1), context of completion (2); the schema also has
 *             lastModified of annotations.
 * 2025-11-25: icons (major 2, SEP-973), description of Implementation (minor 2;
 *             websiteUrl came with it), input validation errors are tool
 *             execution errors, which a model can correct (minor 5,
 *             SEP-1303); streams begin with an empty event, and a
 *             server may close them so that clients return (minor 7 and 8,
 *             SEP-1699).
 *
 * All of them: a resource that is not there is -32002 (Resources, Error
 * Handling). */
#include "catalog/revision.h"

#include <string.h>

const struct revision mcps__revisions[] = {
	{
		.text = "2024-11-05",
		.number = 20241105,
		.no_resource_code = -32002,
	},
	{
		.text = "2025-03-26",
		.number = 20250326,
		.has_batch = true,
		.has_tool_annotations = true,
		.has_audio = true,
		.has_progress_message = true,
		.has_completions = true,
		.no_resource_code = -32002,
	},
	{
		.text = "2025-06-18",
		.number = 20250618,
		.has_tool_annotations = true,
		.has_audio = true,
		.has_progress_message = true,
		.has_completions = true,
		.has_title = true,
		.has_structured = true,
		.has_meta = true,
		.has_links = true,
		.has_last_modified = true,
		.has_completion_context = true,
		.no_resource_code = -32002,
	},
	{
		.text = "2025-11-25",
		.number = 20251125,
		.has_tool_annotations = true,
		.has_audio = true,
		.has_progress_message = true,
		.has_completions = true,
		.has_title = true,
		.has_structured = true,
		.has_meta = true,
		.has_links = true,
		.has_last_modified = true,
		.has_completion_context = true,
		.has_server_site = true,
		.has_icons = true,
		.no_resource_code = -32002,
		.bad_arguments_are_results = true,
		.has_retry = true,
	},
};

const size_t mcps__revision_count =
	sizeof mcps__revisions / sizeof mcps__revisions[0];

const struct revision *mcps__revision_find(const char *text, size_t length)
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		const struct revision *revision = &mcps__revisions[i];

		if (length == strlen(revision->text) &&
		    memcmp(text, revision->text, length) == 0)
			return revision;
	}
	return NULL;
}

const struct revision *mcps__revision_by_number(uint32_t number)
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		if (mcps__revisions[i].number == number)
			return &mcps__revisions[i];
	}
	return NULL;
}

const struct revision *mcps__revision_newest(void)
{
	return &mcps__revisions[mcps__revision_count - 1];
}

const struct revision *mcps__revision_assumed(void)
{
	return mcps__revision_by_number(20250326);
}
