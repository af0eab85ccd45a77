#include <mcps/sys/sized.h>

#include "base/error.h"

#include <string.h>

mcps_status mcps_sized_check(size_t known, const void *given, const char *what,
                             const char *remedy, struct mcps_error *error)
{
	const unsigned char *bytes = given;
	size_t size;

	if (given == NULL || what == NULL || remedy == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "a struct that has a size is NULL");
	memcpy(&size, given, sizeof size);
	if (size < sizeof size || size > MCPS_SIZED_MAX)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s: its size is %zu: set it to %s", what,
		                  size, remedy);
	for (size_t i = known; i < size; i++)
		if (bytes[i] != 0)
			return mcps__fail(
				error, MCPS_E_INVAL,
				"%s: it was compiled against a newer "
				"version of mcps, and sets a member "
				"that this version does not know (its "
				"size is %zu, not %zu)",
				what, size, known);
	return MCPS_OK;
}

mcps_status mcps_sized_copy(void *out, size_t known, const void *given,
                            const char *what, const char *remedy,
                            struct mcps_error *error)
{
	mcps_status status =
		mcps_sized_check(known, given, what, remedy, error);
	size_t size;

	if (out == NULL || known < sizeof size)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "a struct that has a size is NULL");
	memset(out, 0, known);
	if (status != MCPS_OK)
		return status;
	memcpy(&size, given, sizeof size);
	memcpy(out, given, size < known ? size : known);
	memcpy(out, &known, sizeof known);
	return MCPS_OK;
}
