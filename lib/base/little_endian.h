/* Numbers in what is stored or hashed: little endian on every machine, so that
 * a store may move to another one. */
#ifndef MCPS_BASE_LITTLE_ENDIAN_H
#define MCPS_BASE_LITTLE_ENDIAN_H

#include <stdint.h>

enum { LITTLE_ENDIAN_64 = 8 }; /* bytes of a number */

static inline void mcps__put_le64(uint8_t bytes[LITTLE_ENDIAN_64],
                                  uint64_t value)
{
	for (int i = 0; i < LITTLE_ENDIAN_64; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t mcps__get_le64(const uint8_t bytes[LITTLE_ENDIAN_64])
{
	uint64_t value = 0;

	for (int i = LITTLE_ENDIAN_64; i-- > 0;)
		value = value << 8 | bytes[i];
	return value;
}

#endif
