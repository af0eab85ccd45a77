/* Shared by the tests of handlers' statuses: a tool, a resource, a template,
 * a prompt and completions whose handlers return what the test says, each
 * called in every way, and the lines that were logged. */
#ifndef MCPS_TESTS_STATUS_CASE_H
#define MCPS_TESTS_STATUS_CASE_H

#include "exchange/case_harness.h"
#include "exchange/entries.h"

#include <mcps/call.h>

/* Handlers call BEFORE, unless it is NULL, and return TO_RETURN. On a worker
 * they change the state "n" first. */
extern void (*before)(mcps_call *call);
extern mcps_status to_return;

/* Warnings and errors, a line each, since they were last forgotten. */
extern char lines[4096];
extern unsigned line_count;
void forget_lines(void);

enum manner { QUICK, ON_WORKER, STREAMED, MANNERS };

void statuses_set_up(void);

/* The answer as JSON, also if it is the last event of a stream; it has HTTP
 * 200. A minute has passed since the last one, so that everything is logged. */
struct answer call_it(const char *body, enum manner manner);
struct answer call_kind(const struct kind *kind, enum manner manner);
const char *name_of(const struct kind *kind, enum manner manner);

/* FN for everything that can be called, in every way. */
void for_each(void (*fn)(const struct kind *kind, enum manner manner));

void check_error(const struct kind *kind, enum manner manner,
                 const struct answer *answer, const char *code,
                 const char *message);

/* The log names what failed, once, and says WHAT. */
void check_logged(const struct kind *kind, enum manner manner,
                  const char *what);
void check_not_logged(void);
void check_state_dropped(void);

#endif
