/* What libFuzzer, and replay.c in its place, call. Never fails: a finding is
 * a crash. */
#ifndef MCPS_FUZZ_TARGET_H
#define MCPS_FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool claim)
{
	if (!claim)
		abort();
}

#endif
