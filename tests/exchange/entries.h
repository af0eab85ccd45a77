/* A tool, a resource, a template and a prompt whose handlers call one function
 * of the test, each on a worker and as a quick one, with completions. */
#ifndef MCPS_TESTS_ENTRIES_H
#define MCPS_TESTS_ENTRIES_H

#include <mcps/mcps.h>

/* Called by all handlers, and by completions. */
extern mcps_status (*entry_run)(mcps_call *call);
extern mcps_status (*entry_complete)(mcps_call *call);

/* Besides "works" and "quick" there are the tools "structured" and "reads". */
extern const mcps_tool entry_tools[];
extern const mcps_resource entry_resources[];
extern const mcps_template entry_templates[];
extern const mcps_prompt entry_prompts[];

/* Members of struct harness_options. */
#define ENTRIES                                             \
	.tools = entry_tools, .resources = entry_resources, \
	.templates = entry_templates, .prompts = entry_prompts

enum { KINDS = 6 };

/* A kind of handler: the requests, with id 1, that call the one on a worker and
 * the quick one, and the names of both in messages. */
struct kind {
	const char *works, *quick;
	const char *named, *quick_named;
	enum { IS_TOOL, IS_RESOURCE, IS_OTHER } what;
};
extern const struct kind kinds[KINDS]; /* the first is the tool */

#endif
