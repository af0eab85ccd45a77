/* Strings: UTF-8, escapes and control characters are checked here, in the
 * pass, so that whoever reads a token later can trust it. */
#include "rpc/plain.h"
#include "rpc/scan_internal.h"
#include "rpc/utf8.h"

static bool scan_string_is_surrogate(uint32_t code)
{
	return code >= 0xD800 && code <= 0xDFFF;
}

/* The byte behind the escape at AT, or NULL when it was refused. */
static const char *scan_string_escape(struct pass *pass, const char *at,
                                      uint8_t *flags)
{
	uint32_t code;
	size_t length = mcps__escape_read(at, pass->end, &code);

	if (length == 0) {
		(void)mcps__pass_refuse(pass, at,
		                        scan_string_is_surrogate(code)
		                                ? "lone surrogate"
		                                : "invalid escape");
		return NULL;
	}
	*flags |= SCAN_ESCAPED;
	if (code == 0)
		*flags |= SCAN_NUL;
	return at + length;
}

/* The byte behind what is not plain at AT, or NULL when it was refused. */
static const char *scan_string_special(struct pass *pass, const char *at,
                                       uint8_t *flags)
{
	size_t length;

	if (*at == '\\')
		return scan_string_escape(pass, at, flags);
	if ((unsigned char)*at < 0x20) {
		(void)mcps__pass_refuse(pass, at,
		                        "control character in a string");
		return NULL;
	}
	length = mcps__utf8_length(at, pass->end);
	if (length == 0)
		(void)mcps__pass_refuse(pass, at, "invalid UTF-8");
	return length != 0 ? at + length : NULL;
}

bool mcps__pass_string(struct pass *pass, uint8_t *flags)
{
	const char *at = plain_end(pass->at, pass->end);

	while (at < pass->end && *at != '"') {
		at = scan_string_special(pass, at, flags);
		if (at == NULL)
			return false;
		at = plain_end(at, pass->end);
	}
	if (at == pass->end)
		return mcps__pass_refuse(pass, pass->at - 1,
		                         "string without end");
	pass->at = at + 1;
	return true;
}
