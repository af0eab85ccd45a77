/* Lines of the program around a server in the server's own log. */
#include "server/server_internal.h"

#include <stdarg.h>
#include <stdio.h>

/* A line stays one line. */
static void log_clean(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
}

void mcps_server_log(mcps_server *server, enum mcps_log_level level,
                     const char *format, ...)
{
	char text[512];
	va_list args;

	if (server == NULL || format == NULL || level < server->log.level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_clean(text);
	mcps__log(&server->log, level, "program", "%s", text);
}
