/* Running over the bytes that mean themselves in a JSON string: ASCII without
 * quote, backslash and control characters. Most bytes of most bodies are
 * such, hence eight are looked at together. */
#ifndef MCPS_RPC_PLAIN_H
#define MCPS_RPC_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PLAIN_ONES  UINT64_C(0x0101010101010101)
#define PLAIN_HIGHS UINT64_C(0x8080808080808080)

static inline bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Sets the high bit of each byte below LEAST, and perhaps of bytes above such
 * a one (a borrow runs upwards), never of a lower one. */
static inline uint64_t plain_below(uint64_t word, unsigned least)
{
	return (word - PLAIN_ONES * least) & ~word;
}

/* The high bits of the bytes that are not plain; the lowest one is exact. */
static inline uint64_t plain_special(uint64_t word)
{
	uint64_t quote = plain_below(word ^ (PLAIN_ONES * '"'), 1);
	uint64_t backslash = plain_below(word ^ (PLAIN_ONES * '\\'), 1);

	return (plain_below(word, 0x20) | quote | backslash | word) &
	       PLAIN_HIGHS;
}

/* The first byte in AT..END that is not plain, or END. */
static inline const char *plain_end(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t word;
		uint64_t special;

		memcpy(&word, at, sizeof word);
		special = plain_special(word);
		if (special != 0) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return at + __builtin_ctzll(special) / 8;
#else
			break; /* the loop below finds it */
#endif
		}
		at += 8;
	}
	while (at < end && is_plain((unsigned char)*at))
		at++;
	return at;
}

#endif
