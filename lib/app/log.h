/* Lines on stderr: for people, for machines (JSON), or for the journal. */
#ifndef MCPS_APP_LOG_H
#define MCPS_APP_LOG_H

#include <mcps/log.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct app_log {
	const char *name;   /* of the program */
	atomic_uint level;  /* enum mcps_log_level: the least written */
	atomic_uint format; /* enum log_format */
	bool to_journal;    /* which knows names and times by itself */
};

void mcps__app_log_init(struct app_log *log, const char *name);

/* An mcps_log_fn; ARG is a struct app_log. */
void mcps__app_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text);

/* A line of the program's own. */
void mcps__app_say(struct app_log *log, enum mcps_log_level level,
                   const char *format, ...) MCPS_PRINTF(3, 4);

/* Why the program ends: without a time in text, as it is read by whoever
 * started it. */
void mcps__app_give_up(struct app_log *log, const char *text);

/* TEXT between quotes as JSON, in OUT, cut to fit; bytes that are no UTF-8
 * become U+FFFD. Returns the length. */
size_t mcps__app_json_string(char *out, size_t size, const char *text);

#endif
