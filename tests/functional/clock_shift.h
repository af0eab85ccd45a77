/* Let the clock by which the library measures intervals (CLOCK_BOOTTIME) jump
 * ahead, so that a test of a deadline need not wait for it. A program that
 * uses this has a clock_gettime() of its own; libmicrohttpd keeps the
 * system's. */
#ifndef MCPS_TESTS_CLOCK_SHIFT_H
#define MCPS_TESTS_CLOCK_SHIFT_H

/* From now on, until the end of the process. */
void clock_shift(long seconds);

#endif
