/* Time, injectable: the wall clock, which people and other machines read, and
 * the boot clock, which never jumps, for intervals. Sessions are stored with
 * session time, which is made from both (session/time.h). */
#ifndef MCPS_BASE_CLOCK_H
#define MCPS_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	BOOT_ID_SIZE = 16,
	BOOT_ID_TEXT = 36 /* as the kernel spells it, without a NUL */
};

struct clock_source {
	int64_t (*wall_ms)(void *arg);   /* milliseconds since 1970, UTC */
	int64_t (*steady_ms)(void *arg); /* since some start, never backwards */
	void *arg;

	/* The boot from which steady_ms counts: processes that read the same id
	 * read the same clock. ID is all zero before. False, or a function that
	 * is NULL: not known. */
	bool (*boot_id)(void *arg, uint8_t id[BOOT_ID_SIZE]);
};

/* The system's: CLOCK_REALTIME, CLOCK_BOOTTIME, and the kernel's boot id. */
extern const struct clock_source mcps__system_clock;

int64_t mcps__wall_ms(const struct clock_source *clock);
int64_t mcps__steady_ms(const struct clock_source *clock);

/* False, and ID all zero: not known. */
bool mcps__boot_id(const struct clock_source *clock, uint8_t id[BOOT_ID_SIZE]);

/* The kernel's boot id as a text of BOOT_ID_TEXT characters and a NUL. False,
 * and TEXT empty: this system has none. */
bool mcps__boot_id_text(char text[BOOT_ID_TEXT + 1]);

/* Move AT by MS milliseconds, which are not negative. In 64 bits, whatever a
 * long has. */
void mcps__timespec_add(struct timespec *at, int64_t ms);

/* Wait until COUNT is zero, which signals nobody; false: it was not within
 * WAIT_MS. */
bool mcps__await_zero(const atomic_uint *count, int64_t wait_ms);

#endif
