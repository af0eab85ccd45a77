/* Shared by the back ends: rules about rows, and random bytes. */
#include "store/backends.h"

#include <string.h>

mcps_status mcps__store_random(const struct store_settings *settings,
                               void *bytes, size_t length)
{
	const struct random_source *random = settings->random;

	return mcps__random_fill(random != NULL ? random : &mcps__system_random,
	                         bytes, length);
}

bool mcps__store_owns_meta(const char *name)
{
	return strncmp(name, STORE_META_RESERVED,
	               sizeof STORE_META_RESERVED - 1) == 0;
}

size_t mcps__store_state_key_length(const char *key)
{
	size_t length = strnlen(key, STORE_STATE_KEY_MAX + 1);

	return length <= STORE_STATE_KEY_MAX ? length : 0;
}

bool mcps__store_stream_is_valid(const struct mcps_stream_row *row)
{
	return row->id != 0 && row->request_length <= STORE_REQUEST_MAX;
}

int64_t mcps__store_key_time(const uint8_t key[MCPS_SESSION_KEY_SIZE])
{
	int64_t time_ms = 0;

	for (int i = 0; i < STORE_KEY_TIME_SIZE; i++)
		time_ms = time_ms << 8 | key[i];
	return time_ms;
}

size_t mcps__store_event_bytes(size_t length)
{
	return length > MCPS_EVENT_LEAST ? length : MCPS_EVENT_LEAST;
}
