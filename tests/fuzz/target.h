/* What libFuzzer, and replay.c in its place, call. Never fails: a finding is
 * a crash. */
#ifndef MCPS_FUZZ_TARGET_H
#define MCPS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
