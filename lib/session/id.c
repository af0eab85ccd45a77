#include "session/id.h"

#include "base/little_endian.h"

#include <sodium.h>
#include <string.h>

enum {
	PAYLOAD_SIZE = 27, /* key 1, capabilities 2, revision 2, time 6, 16 */
	MAC_SIZE = 16,
	PAYLOAD_TEXT = 36, /* in base64url without padding */
	MAC_TEXT = 22,
	DOT_AT = 3 + PAYLOAD_TEXT,
	ISSUED_AT = 5, /* offset of the time in the payload */
	ISSUED_SIZE = 6
};

_Static_assert(DOT_AT + 1 + MAC_TEXT == ID_TEXT_LENGTH, "an id is 62 long");

/* A revision is a date; 16 bits hold it: 7 of years since 2000, 4, 5. */
static uint16_t id_revision_pack(uint32_t number)
{
	uint32_t year = number / 10000 - 2000;
	uint32_t month = number / 100 % 100;

	return (uint16_t)(year << 9 | month << 5 | number % 100);
}

static uint32_t id_revision_unpack(uint16_t packed)
{
	return (2000u + (packed >> 9)) * 10000u + (packed >> 5 & 15u) * 100u +
	       (packed & 31u);
}

static void id_put_be(uint8_t *to, uint64_t value, size_t size)
{
	for (size_t i = size; i-- > 0; value >>= 8)
		to[i] = (uint8_t)value;
}

static uint64_t id_get_be(const uint8_t *from, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | from[i];
	return value;
}

static uint8_t id_key_number(const uint8_t *key)
{
	uint8_t digest[crypto_generichash_BYTES_MIN];

	crypto_generichash(digest, sizeof digest, key, ID_KEY_SIZE, NULL, 0);
	return digest[0];
}

static void id_mac_make(uint8_t *mac, const uint8_t *key,
                        const struct id_owner *owner, const uint8_t *payload)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, key, ID_KEY_SIZE, MAC_SIZE);
	crypto_generichash_update(&state, payload, PAYLOAD_SIZE);
	crypto_generichash_update(&state, owner->principal,
	                          MCPS_PRINCIPAL_DIGEST_SIZE);
	crypto_generichash_update(&state, (const uint8_t *)owner->resource,
	                          strlen(owner->resource));
	crypto_generichash_final(&state, mac, MAC_SIZE);
}

static void id_encode(char *out, const uint8_t *bytes, size_t length)
{
	char text[64];

	sodium_bin2base64(text, sizeof text, bytes, length,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	memcpy(out, text, strlen(text));
}

/* What the characters from '-' to 'z' are worth in base64url. */
static const signed char digits[] = {
	62, -1, -1, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1,
	-1, -1, -1, -1, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
	12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1,
	-1, -1, 63, -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37,
	38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
};

_Static_assert(sizeof digits == 'z' - '-' + 1, "one for each");

static int id_digit(char c)
{
	return c < '-' || c > 'z' ? -1 : digits[c - '-'];
}

/* Exactly SIZE bytes from exactly LENGTH characters, canonically spelled, so
 * no bits left over: one session has one id. It runs on every request, and on
 * what the caller knows anyway, so it need not take the same time for all, as
 * that of libsodium does. */
static bool id_decode(uint8_t *out, size_t size, const char *text,
                      size_t length)
{
	uint32_t bits = 0;
	unsigned pending = 0;
	size_t have = 0;

	for (size_t i = 0; i < length; i++) {
		int value = id_digit(text[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		pending += 6;
		if (pending < 8)
			continue;
		if (have == size)
			return false;
		pending -= 8;
		out[have++] = (uint8_t)(bits >> pending);
	}
	return have == size && (bits & ((1u << pending) - 1)) == 0;
}

mcps_status mcps__id_mint(char *out, const struct id_keys *keys,
                          const struct id_owner *owner,
                          const struct id_claim *claim,
                          const struct random_source *random)
{
	uint8_t payload[PAYLOAD_SIZE];
	uint8_t mac[MAC_SIZE];
	mcps_status status;

	payload[0] = id_key_number(keys->current);
	id_put_be(payload + 1, claim->capabilities, 2);
	id_put_be(payload + 3, id_revision_pack(claim->revision), 2);
	id_put_be(payload + ISSUED_AT, (uint64_t)claim->issued_ms, ISSUED_SIZE);
	status = mcps__random_fill(random, payload + ISSUED_AT + ISSUED_SIZE,
	                           PAYLOAD_SIZE - ISSUED_AT - ISSUED_SIZE);
	if (status != MCPS_OK)
		return status;
	id_mac_make(mac, keys->current, owner, payload);

	memcpy(out, "m1.", 3);
	id_encode(out + 3, payload, sizeof payload);
	out[DOT_AT] = '.';
	id_encode(out + DOT_AT + 1, mac, sizeof mac);
	out[ID_TEXT_LENGTH] = '\0';
	return MCPS_OK;
}

static bool id_looks_minted(uint8_t *payload, const char *id, size_t length)
{
	return length == ID_TEXT_LENGTH && memcmp(id, "m1.", 3) == 0 &&
	       id[DOT_AT] == '.' &&
	       id_decode(payload, PAYLOAD_SIZE, id + 3, PAYLOAD_TEXT);
}

static bool id_mac_fits(const uint8_t *mac, const uint8_t *key,
                        const struct id_owner *owner, const uint8_t *payload)
{
	uint8_t expected[MAC_SIZE];

	if (payload[0] != id_key_number(key))
		return false;
	id_mac_make(expected, key, owner, payload);
	return sodium_memcmp(mac, expected, MAC_SIZE) == 0;
}

void mcps__id_read(struct id_claim *claim, const struct id_keys *keys,
                   const struct id_owner *owner, const char *id, size_t length)
{
	uint8_t payload[PAYLOAD_SIZE];
	uint8_t mac[MAC_SIZE];

	*claim = (struct id_claim){ 0 };
	if (!id_looks_minted(payload, id, length) ||
	    !id_decode(mac, sizeof mac, id + DOT_AT + 1, MAC_TEXT))
		return;
	if (!id_mac_fits(mac, keys->current, owner, payload) &&
	    !(keys->has_previous &&
	      id_mac_fits(mac, keys->previous, owner, payload)))
		return;
	claim->is_signed = true;
	claim->capabilities = (uint32_t)id_get_be(payload + 1, 2);
	claim->revision =
		id_revision_unpack((uint16_t)id_get_be(payload + 3, 2));
	claim->issued_ms = (int64_t)id_get_be(payload + ISSUED_AT, ISSUED_SIZE);
}

bool mcps__id_is_well_formed(const char *id, size_t length)
{
	if (length == 0 || length > ID_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++)
		if (id[i] < 0x21 || id[i] > 0x7e)
			return false;
	return true;
}

/* Lengths go in where a field could run into the next: this is identity. */
static void id_hash_names(uint8_t *out, const uint8_t *row_key,
                          const struct id_owner *owner, const char *id,
                          size_t length)
{
	crypto_generichash_state state;
	uint8_t id_length[LITTLE_ENDIAN_64];

	mcps__put_le64(id_length, length);
	crypto_generichash_init(&state, row_key, ID_KEY_SIZE, 16);
	crypto_generichash_update(&state, owner->principal,
	                          MCPS_PRINCIPAL_DIGEST_SIZE);
	crypto_generichash_update(&state, id_length, sizeof id_length);
	crypto_generichash_update(&state, (const uint8_t *)id, length);
	crypto_generichash_update(&state, (const uint8_t *)owner->resource,
	                          strlen(owner->resource));
	crypto_generichash_final(&state, out, 16);
}

void mcps__id_row_key(uint8_t out[MCPS_SESSION_KEY_SIZE],
                      const uint8_t *row_key, const struct id_owner *owner,
                      const char *id, size_t length)
{
	uint8_t payload[PAYLOAD_SIZE];

	memset(out, 0, ISSUED_SIZE);
	if (id_looks_minted(payload, id, length))
		memcpy(out, payload + ISSUED_AT, ISSUED_SIZE);
	id_hash_names(out + ISSUED_SIZE, row_key, owner, id, length);
}
