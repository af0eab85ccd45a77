/* UTF-8, one sequence at a time: the scanner and the writer share it, so that
 * both mean the same by "valid". */
#include "rpc/utf8.h"

static size_t utf8_lead_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC2) /* a continuation, or an overlong form of ASCII */
		return 0;
	if (lead < 0xE0)
		return 2;
	if (lead < 0xF0)
		return 3;
	return lead < 0xF5 ? 4 : 0;
}

/* The second byte is where overlong forms, surrogates and what lies above
 * U+10FFFF show (Unicode, table 3-7). */
static int utf8_second_fits(unsigned char lead, unsigned char second)
{
	unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

size_t mcps__utf8_length(const char *text, const char *end)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t length = utf8_lead_length(at[0]);

	if (length > (size_t)(end - text))
		return 0;
	if (length > 1 && !utf8_second_fits(at[0], at[1]))
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((at[i] & 0xC0) != 0x80)
			return 0;
	}
	return length;
}

/* The continuation byte that holds the six bits of CODE above SHIFT. */
static char utf8_tail(uint32_t code, unsigned shift)
{
	return (char)(0x80 | ((code >> shift) & 0x3F));
}

size_t mcps__utf8_encode(uint32_t code, char out[UTF8_MOST])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | (code >> 6));
		out[1] = utf8_tail(code, 0);
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | (code >> 12));
		out[1] = utf8_tail(code, 6);
		out[2] = utf8_tail(code, 0);
		return 3;
	}
	out[0] = (char)(0xF0 | (code >> 18));
	out[1] = utf8_tail(code, 12);
	out[2] = utf8_tail(code, 6);
	out[3] = utf8_tail(code, 0);
	return 4;
}
