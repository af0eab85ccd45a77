/* Row checksums: SQLite notices a damaged page, but not a changed byte within
 * a value. */
#include "base/little_endian.h"
#include "store/sqlite_store.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

void mcps__checksum_encode(uint8_t *bytes, uint64_t value)
{
	mcps__put_le64(bytes, value);
}

uint64_t mcps__checksum_of(const struct sqlite_store *store, const void *bytes,
                           size_t length)
{
	uint8_t hash[SQLITE_CHECKSUM_SIZE];

	static_assert(crypto_shorthash_BYTES == SQLITE_CHECKSUM_SIZE, "size");
	static_assert(crypto_shorthash_KEYBYTES == SQLITE_CHECKSUM_KEY_SIZE,
	              "size of the key");
	crypto_shorthash(hash, bytes, length, store->checksum_key);
	return mcps__get_le64(hash);
}

/* TABLE keeps rows of different tables apart. */
void mcps__checksum_start(struct checksum *sum,
                          const struct sqlite_store *store, char table)
{
	sum->store = store;
	sum->bytes[0] = (uint8_t)table;
	sum->length = 1;
}

void mcps__checksum_bytes(struct checksum *sum, const void *bytes,
                          size_t length)
{
	assert(length <= sizeof sum->bytes - sum->length);
	memcpy(sum->bytes + sum->length, bytes, length);
	sum->length += length;
}

void mcps__checksum_int(struct checksum *sum, int64_t value)
{
	uint8_t bytes[SQLITE_CHECKSUM_SIZE];

	mcps__checksum_encode(bytes, (uint64_t)value);
	mcps__checksum_bytes(sum, bytes, sizeof bytes);
}

int64_t mcps__checksum_end(const struct checksum *sum)
{
	return (int64_t)mcps__checksum_of(sum->store, sum->bytes, sum->length);
}

void mcps__sqlite_report_damage(struct sqlite_store *store, const char *table,
                                uint64_t id)
{
	for (unsigned i = 0; i < SQLITE_REPORTED_MAX; i++)
		if (i < store->reported_count && store->reported[i] == id)
			return;
	store->reported[store->reported_count++ % SQLITE_REPORTED_MAX] = id;
	mcps__sqlite_seal_break(store);
	mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
	          "row damaged, not used table=%s row=#%08" PRIx32, table,
	          (uint32_t)(id >> 32));
}
