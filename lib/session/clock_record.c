#include "session/clock_record.h"

#include "base/little_endian.h"

#include <string.h>

/* Session time alone, as older versions of mcps read and write it, too; and the
 * clocks, with the session time that they belong to. After an older version has
 * used the store, the two session times differ. */
#define CLOCK_NAME  "clock"
#define CLOCKS_NAME "clock-readings"

enum {
	TIME_SIZE = LITTLE_ENDIAN_64,
	TIMES_SIZE = 3 * TIME_SIZE,
	CLOCKS_SIZE = TIMES_SIZE + BOOT_ID_SIZE
};

/* No clock shows more. Sums of two such times fit. */
#define TIME_MAX_MS (INT64_MAX / 4)

void mcps__clock_read(struct clock_reading *out,
                      const struct clock_source *source)
{
	out->wall_ms = mcps__wall_ms(source);
	out->boot_ms = mcps__steady_ms(source);
	out->has_boot_id = mcps__boot_id(source, out->boot_id);
}

/* ---- going on ---- */

static int64_t clock_lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t clock_greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool clock_is_same_boot(const struct clock_reading *before,
                               const struct clock_reading *now)
{
	return before->has_boot_id && now->has_boot_id &&
	       memcmp(before->boot_id, now->boot_id, BOOT_ID_SIZE) == 0 &&
	       now->boot_ms >= before->boot_ms;
}

bool mcps__clock_resume(struct clock_record *out,
                        const struct clock_record *stored,
                        const struct clock_reading *now, int64_t max_gap_ms)
{
	int64_t passed;
	int64_t counted;
	bool same_boot;

	out->at = *now;
	if (stored == NULL) {
		out->session_ms = clock_greater(now->wall_ms, 1);
		return false;
	}
	same_boot = clock_is_same_boot(&stored->at, now);
	passed = same_boot ? now->boot_ms - stored->at.boot_ms
	                   : clock_greater(now->wall_ms - stored->at.wall_ms,
	                                   CLOCK_RECORD_EVERY_MS);
	counted = max_gap_ms == 0 ? passed : clock_lesser(passed, max_gap_ms);
	out->session_ms = stored->session_ms + counted;
	out->at.wall_ms = clock_greater(
		now->wall_ms, stored->at.wall_ms + (same_boot ? passed : 0));
	return same_boot && counted == passed;
}

/* ---- in the store ---- */

/* A named value of known size, as it is stored. */
struct value {
	uint8_t bytes[CLOCKS_SIZE];
	size_t length; /* 0: none; more than fits: of a newer version */
};

static mcps_status clock_take_value(void *arg, const void *bytes, size_t length)
{
	struct value *value = arg;

	value->length = length;
	if (length <= sizeof value->bytes)
		memcpy(value->bytes, bytes, length);
	return MCPS_OK;
}

static void clock_put_time(uint8_t *bytes, int64_t ms)
{
	mcps__put_le64(bytes, (uint64_t)ms);
}

static int64_t clock_get_time(const uint8_t *bytes)
{
	return (int64_t)mcps__get_le64(bytes);
}

static void clocks_encode(uint8_t bytes[CLOCKS_SIZE],
                          const struct clock_record *record)
{
	clock_put_time(bytes, record->session_ms);
	clock_put_time(bytes + TIME_SIZE, record->at.wall_ms);
	clock_put_time(bytes + 2 * TIME_SIZE, record->at.boot_ms);
	memset(bytes + TIMES_SIZE, 0, BOOT_ID_SIZE);
	if (record->at.has_boot_id)
		memcpy(bytes + TIMES_SIZE, record->at.boot_id, BOOT_ID_SIZE);
}

static bool clock_is_time(int64_t ms)
{
	return ms >= -TIME_MAX_MS && ms <= TIME_MAX_MS;
}

/* False: BYTES do not belong to this session time, or cannot be true. */
static bool clocks_decode(struct clock_reading *out, int64_t session_ms,
                          const uint8_t bytes[CLOCKS_SIZE])
{
	static const uint8_t unknown[BOOT_ID_SIZE];

	out->wall_ms = clock_get_time(bytes + TIME_SIZE);
	out->boot_ms = clock_get_time(bytes + 2 * TIME_SIZE);
	if (clock_get_time(bytes) != session_ms ||
	    !clock_is_time(out->wall_ms) || !clock_is_time(out->boot_ms))
		return false;
	memcpy(out->boot_id, bytes + TIMES_SIZE, BOOT_ID_SIZE);
	out->has_boot_id = memcmp(out->boot_id, unknown, BOOT_ID_SIZE) != 0;
	return true;
}

mcps_status mcps__clock_load(mcps_store *store, struct clock_record *out,
                             bool *found)
{
	struct value clock = { .length = 0 };
	struct value clocks = { .length = 0 };
	mcps_status status = store->ops->meta_get(store, CLOCK_NAME,
	                                          clock_take_value, &clock);

	*found = false;
	if (status == MCPS_OK)
		status = store->ops->meta_get(store, CLOCKS_NAME,
		                              clock_take_value, &clocks);
	if (status != MCPS_OK || clock.length == 0)
		return status;
	if (clock.length != TIME_SIZE)
		return MCPS_E_CORRUPT;
	out->session_ms = clock_get_time(clock.bytes);
	if (!clock_is_time(out->session_ms))
		return MCPS_E_CORRUPT;
	*found = true;
	if (clocks.length != CLOCKS_SIZE ||
	    !clocks_decode(&out->at, out->session_ms, clocks.bytes))
		out->at = (struct clock_reading){ .wall_ms = out->session_ms };
	return MCPS_OK;
}

mcps_status mcps__clock_save(mcps_store *store,
                             const struct clock_record *record)
{
	uint8_t bytes[CLOCKS_SIZE];
	mcps_status status;

	clocks_encode(bytes, record); /* session time comes first */
	status = store->ops->meta_put(store, CLOCK_NAME, bytes, TIME_SIZE);
	if (status != MCPS_OK)
		return status;
	return store->ops->meta_put(store, CLOCKS_NAME, bytes, sizeof bytes);
}
