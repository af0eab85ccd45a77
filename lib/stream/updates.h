/* When resources were updated last, as far as this process knows: for sessions
 * that were not in memory then. Bounded: of what is no longer kept, only when
 * the latest of it was. */
#ifndef MCPS_STREAM_UPDATES_H
#define MCPS_STREAM_UPDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UPDATES_MOST = 1024,
	UPDATES_BYTES = 1024 * 1024, /* of all their URIs, with NULs */
};

/* All zero: there were none. The caller's lock is held around all of these. */
struct updates {
	struct updated *by_uri; /* longest ago first */
	size_t bytes;
	int64_t floor_ms; /* 0, or of the latest that is not kept */
};

void mcps__updates_finish(struct updates *updates);

/* URI was updated at NOW_MS, which is not before any that was noted. False:
 * others were forgotten to make room. */
bool mcps__updates_note(struct updates *updates, const char *uri,
                        int64_t now_ms);

/* Whether URI was, or may have been, updated at SINCE_MS or later. */
bool mcps__updates_since(const struct updates *updates, const char *uri,
                         int64_t since_ms);

#endif
