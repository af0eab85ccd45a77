/* The back ends that come with the library, and what they share. */
#ifndef MCPS_STORE_BACKENDS_H
#define MCPS_STORE_BACKENDS_H

#include "base/log.h"
#include "base/random.h"

#include <mcps/sys/store.h>
#include <stddef.h>
#include <stdint.h>

/* Names of the meta table that begin so are the back end's: meta_put refuses
 * them. The uuid (16 random bytes, made with the store) tells whether a store
 * is the one that was here before. */
#define STORE_META_RESERVED "store."
#define STORE_META_UUID     "store.uuid"

enum {
	STORE_UUID_SIZE = 16,
	STORE_KEY_TIME_SIZE = 6,
	STORE_STATE_KEY_MAX = 255,
	STORE_REQUEST_MAX = 255
};

/* Options as the back ends see them: sizes checked, defaults filled in. */
struct store_settings {
	int64_t lock_wait_ms;
	struct log_sink log;
	enum mcps_on_corrupt on_corrupt;
	uint64_t ballast;
	bool allow_mounted_file;
	const struct random_source *random; /* NULL: the system's */
};

MCPS_MUST_USE mcps_status
mcps__memory_store_open(mcps_store **out, const struct store_settings *settings,
                        struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__sqlite_store_open(
	mcps_store **out, const char *path,
	const struct store_settings *settings, struct mcps_error *error);

/* Bytes of what makes a new store. */
MCPS_MUST_USE mcps_status mcps__store_random(
	const struct store_settings *settings, void *bytes, size_t length);

/* See mcps_store_look(); FINDING is never NULL. */
MCPS_MUST_USE mcps_status
mcps__sqlite_store_look(const char *path, const struct store_settings *settings,
                        char *finding, size_t size, struct mcps_error *error);

/* Whether a meta name is the back end's own. */
bool mcps__store_owns_meta(const char *name);

/* The length of a state key, 0 if it is none. */
size_t mcps__store_state_key_length(const char *key);

/* Whether it has an id, and a request id that is not too long. */
bool mcps__store_stream_is_valid(const struct mcps_stream_row *row);

/* The time that a session's key begins with; 0: its id has no time of issue. */
int64_t mcps__store_key_time(const uint8_t key[MCPS_SESSION_KEY_SIZE]);

/* What an event with LENGTH bytes of data counts: empty ones take room, too. */
size_t mcps__store_event_bytes(size_t length);

/* A back end may be older than this library: then its table ends earlier. */
#define STORE_HAS(store, member)                                         \
	((store)->ops->size >= offsetof(struct mcps_store_ops, member) + \
	                               sizeof((store)->ops->member) &&   \
	 (store)->ops->member != NULL)

#endif
