#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

mcps_status mcps__fail(struct mcps_error *error, mcps_status status,
                       const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return status;
	error->status = status;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return status;
}

mcps_status mcps__fail_also(struct mcps_error *error, mcps_status before,
                            const char *text)
{
	size_t length;

	if (before == MCPS_OK || error == NULL)
		return mcps__fail(error, MCPS_E_INVAL, "%s", text);
	length = strlen(error->text);
	snprintf(error->text + length, sizeof error->text - length, "; %s",
	         text);
	return MCPS_E_INVAL;
}

mcps_status mcps__refusal(int number, mcps_status otherwise)
{
	return number == EACCES || number == EPERM ? MCPS_E_PERMISSION
	                                           : otherwise;
}

mcps_status mcps__file_refusal(int number)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return MCPS_E_INVAL;
	default:
		return mcps__refusal(number, MCPS_E_SYSTEM);
	}
}
