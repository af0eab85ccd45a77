#include "base/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void mcps__log(const struct log_sink *sink, enum mcps_log_level level,
               const char *module, const char *format, ...)
{
	char text[512];
	va_list args;

	if (sink->write == NULL || level < sink->level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	sink->write(sink->arg, level, module, text);
}
