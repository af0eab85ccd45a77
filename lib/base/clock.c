#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_read_ms(clockid_t id)
{
	struct timespec now = { 0, 0 };

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t clock_system_wall(void *arg)
{
	(void)arg;
	return clock_read_ms(CLOCK_REALTIME);
}

static int64_t clock_system_steady(void *arg)
{
	(void)arg;
	return clock_read_ms(
		CLOCK_BOOTTIME); /* goes on while the machine sleeps */
}

void mcps__timespec_add(struct timespec *at, int64_t ms)
{
	at->tv_sec += (time_t)(ms / 1000);
	at->tv_nsec += (long)(ms % 1000 * 1000000);
	if (at->tv_nsec >= 1000000000) {
		at->tv_sec++;
		at->tv_nsec -= 1000000000;
	}
}

bool mcps__boot_id_text(char text[BOOT_ID_TEXT + 1])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, BOOT_ID_TEXT) : -1;

	if (fd >= 0)
		close(fd);
	text[n == BOOT_ID_TEXT ? BOOT_ID_TEXT : 0] = '\0';
	return n == BOOT_ID_TEXT;
}

static int clock_hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = strchr(digits, c);

	return c != '\0' && found != NULL ? (int)(found - digits) : -1;
}

static bool clock_system_boot_id(void *arg, uint8_t id[BOOT_ID_SIZE])
{
	char text[BOOT_ID_TEXT + 1];
	unsigned digits = 0;

	(void)arg;
	if (!mcps__boot_id_text(text))
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		int digit = clock_hex_digit(*c);

		if (*c == '-')
			continue;
		if (digit < 0 || digits == 2 * BOOT_ID_SIZE)
			return false;
		id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | digit);
		digits++;
	}
	return digits == 2 * BOOT_ID_SIZE;
}

const struct clock_source mcps__system_clock = { clock_system_wall,
	                                         clock_system_steady, NULL,
	                                         clock_system_boot_id };

int64_t mcps__wall_ms(const struct clock_source *clock)
{
	return clock->wall_ms(clock->arg);
}

int64_t mcps__steady_ms(const struct clock_source *clock)
{
	return clock->steady_ms(clock->arg);
}

bool mcps__boot_id(const struct clock_source *clock, uint8_t id[BOOT_ID_SIZE])
{
	memset(id, 0, BOOT_ID_SIZE);
	if (clock->boot_id != NULL && clock->boot_id(clock->arg, id))
		return true;
	memset(id, 0, BOOT_ID_SIZE);
	return false;
}

bool mcps__await_zero(const atomic_uint *count, int64_t wait_ms)
{
	const struct timespec tick = { 0, 5 * 1000 * 1000 };
	int64_t until_ms = mcps__steady_ms(&mcps__system_clock) + wait_ms;

	while (atomic_load(count) != 0) {
		if (mcps__steady_ms(&mcps__system_clock) >= until_ms)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}
