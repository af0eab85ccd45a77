/* From a message to the function that answers it: one table. */
#ifndef MCPS_MCP_DISPATCH_H
#define MCPS_MCP_DISPATCH_H

#include "call/call.h"

/* Answer a request. */
enum dispatch_end mcps__dispatch(struct mcps_call *call);

/* Act on a notification; never answered. */
void mcps__dispatch_notification(struct mcps_call *call);

/* ---- the methods, one file per family ---- */

typedef enum dispatch_end (*method_fn)(struct mcps_call *call,
                                       const struct catalog *catalog);

enum dispatch_end mcps__ping(struct mcps_call *call, const struct catalog *);
enum dispatch_end mcps__tools_list(struct mcps_call *call,
                                   const struct catalog *catalog);
enum dispatch_end mcps__tools_call(struct mcps_call *call,
                                   const struct catalog *catalog);
enum dispatch_end mcps__resources_list(struct mcps_call *call,
                                       const struct catalog *catalog);
enum dispatch_end mcps__templates_list(struct mcps_call *call,
                                       const struct catalog *catalog);
enum dispatch_end mcps__resources_read(struct mcps_call *call,
                                       const struct catalog *catalog);
enum dispatch_end mcps__resources_subscribe(struct mcps_call *call,
                                            const struct catalog *catalog);
enum dispatch_end mcps__resources_unsubscribe(struct mcps_call *call,
                                              const struct catalog *catalog);
enum dispatch_end mcps__prompts_list(struct mcps_call *call,
                                     const struct catalog *catalog);
enum dispatch_end mcps__prompts_get(struct mcps_call *call,
                                    const struct catalog *catalog);
enum dispatch_end mcps__complete(struct mcps_call *call,
                                 const struct catalog *catalog);
enum dispatch_end mcps__set_level(struct mcps_call *call,
                                  const struct catalog *catalog);

/* ---- what initialize declares, and methods ask for ---- */

enum feature {
	FEATURE_ALWAYS,
	FEATURE_RESOURCES,
	FEATURE_PROMPTS,
	FEATURE_COMPLETIONS,
};

bool mcps__has_feature(struct mcp *mcp, enum feature feature);

#endif
