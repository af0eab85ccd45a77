#include "session/tombstone.h"

#include "store/backends.h"

mcps_status mcps__tombstone_trim(struct sessions *sessions, mcps_store *store,
                                 int64_t principal, size_t *dropped)
{
	uint32_t most = sessions->options.max_tombstones;
	size_t gone = 0;
	mcps_status status;

	if (most == 0 || !STORE_HAS(store, tombstone_trim))
		return MCPS_OK;
	status = store->ops->tombstone_trim(store, principal, most, &gone);
	*dropped += gone;
	return status;
}

bool mcps__tombstone_may_be_gone(const uint8_t key[MCPS_SESSION_KEY_SIZE],
                                 int64_t from_ms)
{
	return mcps__store_key_time(key) < from_ms;
}

void mcps__tombstone_report(struct sessions *sessions, size_t dropped)
{
	while (dropped-- > 0)
		mcps__incident_happened(sessions->options.incidents,
		                        INCIDENT_TOMBSTONES);
}
