/* Session ids. The first byte says what the rest is: 0, an id as it stands;
 * else, changes to an id that was just minted. Whatever comes of it counts as
 * ours only if it is, to the byte, what was minted, and only for its owner.
 *
 * The fuzzer sees what is compared, and so learns ids that were minted: one as
 * it stands is read with keys that never mint. */
#include "fuzz/target.h"

#include "session/id.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { ID_ROOM = 200, TIME_SIZE = 6, STEP_SIZE = 3, STEPS_MAX = 8 };

/* The first minted, the second is another caller; the third is the first one
 * at another endpoint. */
static const uint8_t principals[2][MCPS_PRINCIPAL_DIGEST_SIZE] = { { 1 },
	                                                           { 2 } };
static const struct id_owner owners[] = { { principals[0], "/mcp" },
	                                  { principals[1], "/mcp" },
	                                  { principals[0], "/mcp2" } };
enum { OWNERS = sizeof owners / sizeof owners[0] };

/* Rotated keys: the key that minted is the current one, the previous one, and
 * none of them. */
static const struct id_keys keys[] = {
	{ .current = { 10 } },
	{ .current = { 20 }, .previous = { 10 }, .has_previous = true },
	{ .current = { 20 }, .previous = { 10 } },
};
static const bool knows_minter[] = { true, true, false };
enum { KEYS = sizeof keys / sizeof keys[0] };

static const struct id_keys other_keys[KEYS] = {
	{ .current = { 50 } },
	{ .current = { 60 }, .previous = { 50 }, .has_previous = true },
	{ .current = { 60 }, .previous = { 50 } },
};

static const uint8_t row_keys[2][ID_KEY_SIZE] = { { 30 }, { 40 } };

static const uint32_t revisions[] = { 20250326, 20250618, 20251125, 20000101,
	                              21271231 };

/* ---- minting --------------------------------------------------------------
 */

/* The bytes that are left of the input, and zeroes after them. */
struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t next_byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

static uint64_t next_number(struct input *input, int bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | next_byte(input);
	return number;
}

static mcps_status fill(void *arg, void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = next_byte(arg);
	return MCPS_OK;
}

static mcps_status fail(void *arg, void *bytes, size_t length)
{
	(void)arg, (void)bytes, (void)length;
	return MCPS_E_SYSTEM;
}

static void mint(struct id_claim *claim, char *id, struct input *input)
{
	static const struct random_source none = { fail, NULL };
	const struct random_source random = { fill, input };

	*claim = (struct id_claim){
		.issued_ms = (int64_t)next_number(input, TIME_SIZE),
		.capabilities = (uint32_t)next_number(input, 2),
	};
	claim->revision = revisions[next_byte(input) % (sizeof revisions / 4)];
	require(mcps__id_mint(id, &keys[0], &owners[0], claim, &none) ==
	        MCPS_E_SYSTEM);
	require(mcps__id_mint(id, &keys[0], &owners[0], claim, &random) ==
	        MCPS_OK);
	require(strlen(id) == ID_TEXT_LENGTH);
	require(mcps__id_is_well_formed(id, ID_TEXT_LENGTH));
}

/* ---- what every id must keep to -------------------------------------------
 */

/* A copy of exactly this size, for a sanitizer to watch. */
static char *exactly(const void *id, size_t length)
{
	char *copy = malloc(length != 0 ? length : 1);

	require(copy != NULL);
	if (length != 0)
		memcpy(copy, id, length);
	return copy;
}

/* MINTED, with what it CLAIMs, or NULL: there is no id of ours. */
static void check_read(const char *id, size_t length, const char *minted,
                       const struct id_claim *claim)
{
	const struct id_keys *read_with = minted != NULL ? keys : other_keys;
	bool is_minted = minted != NULL && length == ID_TEXT_LENGTH &&
	                 memcmp(id, minted, ID_TEXT_LENGTH) == 0;

	for (size_t k = 0; k < KEYS; k++) {
		for (size_t o = 0; o < OWNERS; o++) {
			struct id_claim said = { true, 1, 1, 1 };

			mcps__id_read(&said, &read_with[k], &owners[o], id,
			              length);
			require(said.is_signed ==
			        (is_minted && knows_minter[k] && o == 0));
			require(said.issued_ms ==
			        (said.is_signed ? claim->issued_ms : 0));
			require(said.revision ==
			        (said.is_signed ? claim->revision : 0));
			require(said.capabilities ==
			        (said.is_signed ? claim->capabilities : 0));
		}
	}
}

static bool has_shape(const char *id, size_t length)
{
	return length == ID_TEXT_LENGTH && memcmp(id, "m1.", 3) == 0 &&
	       id[39] == '.';
}

/* The prefix is a time only in what looks minted; the rest differs with the
 * owner and the key of the store. */
static void check_row_key(const char *id, size_t length)
{
	static const uint8_t zero[TIME_SIZE];
	uint8_t made[2 * OWNERS][MCPS_SESSION_KEY_SIZE];

	for (size_t i = 0; i < 2 * OWNERS; i++) {
		mcps__id_row_key(made[i], row_keys[i % 2], &owners[i / 2], id,
		                 length);
		require(memcmp(made[i], made[0], TIME_SIZE) == 0);
		require(memcmp(made[i], zero, TIME_SIZE) == 0 ||
		        has_shape(id, length));
		for (size_t j = 0; j < i; j++)
			require(memcmp(made[i], made[j], sizeof made[j]) != 0);
	}
}

static void check(const void *bytes, size_t length, const char *minted,
                  const struct id_claim *claim)
{
	char *id = exactly(bytes, length);

	check_read(id, length, minted, claim);
	check_row_key(id, length);
	free(id);
}

/* ---- changed ids ----------------------------------------------------------
 */

struct changed {
	char id[ID_ROOM];
	size_t length;
};

static void change_insert(struct changed *changed, size_t at, uint8_t byte)
{
	if (changed->length == ID_ROOM)
		return;
	memmove(changed->id + at + 1, changed->id + at, changed->length - at);
	changed->id[at] = (char)byte;
	changed->length++;
}

static void change_remove(struct changed *changed, size_t at)
{
	if (changed->length == 0)
		return;
	memmove(changed->id + at, changed->id + at + 1,
	        changed->length - at - 1);
	changed->length--;
}

/* One change: what, where, with which byte. */
static void change(struct changed *changed, struct input *input)
{
	uint8_t what = next_byte(input);
	size_t at =
		next_byte(input) % (changed->length != 0 ? changed->length : 1);
	uint8_t byte = next_byte(input);

	switch (what % 5) {
	case 0:
		changed->id[at] = (char)byte;
		break;
	case 1:
		changed->id[at] ^= (char)(1u << byte % 8);
		break;
	case 2:
		change_insert(changed, at, byte);
		break;
	case 3:
		change_remove(changed, at);
		break;
	case 4:
		changed->length = at;
		break;
	}
}

static void check_keys_differ(const struct changed *changed, const char *minted)
{
	uint8_t one[MCPS_SESSION_KEY_SIZE];
	uint8_t other[MCPS_SESSION_KEY_SIZE];
	bool is_same = changed->length == ID_TEXT_LENGTH &&
	               memcmp(changed->id, minted, ID_TEXT_LENGTH) == 0;

	mcps__id_row_key(one, row_keys[0], &owners[0], minted, ID_TEXT_LENGTH);
	mcps__id_row_key(other, row_keys[0], &owners[0], changed->id,
	                 changed->length);
	require((memcmp(one, other, sizeof one) == 0) == is_same);
}

static void check_changes(struct input *input)
{
	struct changed changed = { .length = ID_TEXT_LENGTH };
	char id[ID_TEXT_LENGTH + 1];
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct id_claim claim;
	int64_t prefix = 0;

	mint(&claim, id, input);
	memcpy(changed.id, id, ID_TEXT_LENGTH);
	mcps__id_row_key(key, row_keys[0], &owners[0], id, ID_TEXT_LENGTH);
	for (int i = 0; i < TIME_SIZE; i++)
		prefix = prefix << 8 | key[i];
	require(prefix == claim.issued_ms);
	for (int step = 0;; step++) {
		check(changed.id, changed.length, id, &claim);
		check_keys_differ(&changed, id);
		if (step == STEPS_MAX || input->left < STEP_SIZE)
			return;
		change(&changed, input);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	require(sodium_init() >= 0);
	if (next_byte(&input) == 0)
		check(input.at, input.left, NULL, NULL);
	else
		check_changes(&input);
	return 0;
}
