/* The library writes nothing by itself: lines go to the host's function, and
 * are formatted only when their level is wanted. Never log session ids,
 * tokens or arguments; an id appears as the 8 hex digits of its digest. */
#ifndef MCPS_BASE_LOG_H
#define MCPS_BASE_LOG_H

#include <mcps/log.h>

struct log_sink {
	mcps_log_fn write; /* NULL: nothing is logged */
	void *arg;
	enum mcps_log_level level; /* the lowest that is written */
};

void mcps__log(const struct log_sink *sink, enum mcps_log_level level,
               const char *module, const char *format, ...) MCPS_PRINTF(4, 5);

#endif
