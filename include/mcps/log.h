/* Where log lines go. */
#ifndef MCPS_LOG_H
#define MCPS_LOG_H

#include <mcps/export.h>

MCPS_BEGIN_DECLS

/** The scale of the server's own log. enum mcps_severity is the one of messages
 * to clients. */
enum mcps_log_level {
	MCPS_LOG_DEBUG,
	MCPS_LOG_INFO,
	MCPS_LOG_WARN,
	MCPS_LOG_ERROR
};

/**
 * Receive one log line: a short sentence in lower case with key=value pairs,
 * without a line feed. Called from any thread, several at once; must not
 * block for long and must not call back into the server.
 *
 * @param module the layer that speaks ("store", "session", ...): static
 */
typedef void (*mcps_log_fn)(void *arg, enum mcps_log_level level,
                            const char *module, const char *text);

MCPS_END_DECLS

#endif
