#include "histogram.h"

/* 32 buckets for each power of two. */
enum { FINE_BITS = 5, FINE = 1 << FINE_BITS };

static unsigned bucket_of(uint64_t value)
{
	unsigned shift = 0;

	while (value >> shift >= 2 * FINE)
		shift++;
	return shift * FINE + (unsigned)(value >> shift);
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket)
{
	unsigned shift = bucket < 2 * FINE ? 0 : bucket / FINE - 1;
	uint64_t base = bucket - (uint64_t)shift * FINE;

	return (base << shift) + (((uint64_t)1 << shift) >> 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->buckets[bucket_of(value)]++;
	histogram->count++;
}

uint64_t histogram_at(const struct histogram *histogram, double part)
{
	uint64_t wanted = (uint64_t)((double)histogram->count * part);
	uint64_t seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen > wanted || (seen == wanted && seen != 0))
			return value_of(i);
	}
	return 0;
}
