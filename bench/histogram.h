/* Latencies, each kept to about three percent. */
#ifndef MCPS_BENCH_HISTOGRAM_H
#define MCPS_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 32 };

struct histogram {
	uint64_t count;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The value that PART (0 to 1) of all do not exceed; 0: there is none. */
uint64_t histogram_at(const struct histogram *histogram, double part);

#endif
