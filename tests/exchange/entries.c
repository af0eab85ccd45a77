#include "exchange/entries.h"

#include "exchange/harness.h"

mcps_status (*entry_run)(mcps_call *call);
mcps_status (*entry_complete)(mcps_call *call);

static mcps_status run_tool(mcps_call *call, const void *args)
{
	(void)args;
	return entry_run(call);
}

static mcps_status run_read(mcps_call *call, const char *uri)
{
	(void)uri;
	return entry_run(call);
}

static mcps_status run_prompt(mcps_call *call)
{
	return entry_run(call);
}

static mcps_status run_complete(mcps_call *call, const char *name,
                                const char *value)
{
	(void)name, (void)value;
	return entry_complete(call);
}

const mcps_tool entry_tools[] = {
	{ .size = sizeof(mcps_tool), .name = "works", .run = run_tool },
	{ .size = sizeof(mcps_tool),
	  .name = "quick",
	  .run = run_tool,
	  .quick = true },
	{ .size = sizeof(mcps_tool),
	  .name = "structured",
	  .run = run_tool,
	  .output_schema = "{\"type\":\"object\"}" },
	{ .size = sizeof(mcps_tool),
	  .name = "reads",
	  .run = run_tool,
	  .hints = MCPS_READ_ONLY },
	{ .name = NULL }
};
const mcps_resource entry_resources[] = { { .size = sizeof(mcps_resource),
	                                    .uri = "test://works",
	                                    .name = "works",
	                                    .read = run_read },
	                                  { .size = sizeof(mcps_resource),
	                                    .uri = "test://quick",
	                                    .name = "quick",
	                                    .read = run_read,
	                                    .quick = true },
	                                  { .name = NULL } };
const mcps_template entry_templates[] = { { .size = sizeof(mcps_template),
	                                    .uri_template = "test://works/{x}",
	                                    .name = "works",
	                                    .read = run_read,
	                                    .complete = run_complete },
	                                  { .size = sizeof(mcps_template),
	                                    .uri_template = "test://quick/{x}",
	                                    .name = "quick",
	                                    .read = run_read,
	                                    .complete = run_complete,
	                                    .quick = true },
	                                  { .name = NULL } };
static const mcps_argument arguments[] = { { .name = "x" },
	                                   MCPS_ARGUMENTS_END };
const mcps_prompt entry_prompts[] = { { .size = sizeof(mcps_prompt),
	                                .name = "works",
	                                .arguments = arguments,
	                                .run = run_prompt,
	                                .complete = run_complete },
	                              { .size = sizeof(mcps_prompt),
	                                .name = "quick",
	                                .arguments = arguments,
	                                .run = run_prompt,
	                                .complete = run_complete,
	                                .quick = true },
	                              { .name = NULL } };

#define COMPLETE(ref)                                             \
	REQUEST_WITH(1, "completion/complete",                    \
	             "{\"ref\":{" ref "},\"argument\":{\"name\":" \
	             "\"x\",\"value\":\"\"}}")

const struct kind kinds[KINDS] = {
	{ CALL(1, "works", "{}"), CALL(1, "quick", "{}"), "tool \"works\"",
	  "tool \"quick\"", IS_TOOL },
	{ REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://works\"}"),
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://quick\"}"),
	  "resource \"test://works\"", "resource \"test://quick\"",
	  IS_RESOURCE },
	{ REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://works/1\"}"),
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://quick/1\"}"),
	  "resource \"test://works/{x}\"", "resource \"test://quick/{x}\"",
	  IS_RESOURCE },
	{ REQUEST_WITH(1, "prompts/get", "{\"name\":\"works\"}"),
	  REQUEST_WITH(1, "prompts/get", "{\"name\":\"quick\"}"),
	  "prompt \"works\"", "prompt \"quick\"", IS_OTHER },
	{ COMPLETE("\"type\":\"ref/prompt\",\"name\":\"works\""),
	  COMPLETE("\"type\":\"ref/prompt\",\"name\":\"quick\""),
	  "completion of \"works\"", "completion of \"quick\"", IS_OTHER },
	{ COMPLETE("\"type\":\"ref/resource\",\"uri\":\"test://works/{x}\""),
	  COMPLETE("\"type\":\"ref/resource\",\"uri\":\"test://quick/{x}\""),
	  "completion of \"test://works/{x}\"",
	  "completion of \"test://quick/{x}\"", IS_OTHER },
};
