#include "http/tokens.h"

#include "base/memory.h"
#include "base/random.h"
#include "http/token_table.h"

#include <string.h>

enum { ROOM_FIRST = 64 };

mcps_status mcps__tokens_new(struct tokens **out)
{
	struct tokens *tokens = mcps__calloc(1, sizeof *tokens);
	mcps_status status;

	*out = NULL;
	if (tokens == NULL)
		return MCPS_E_NOMEM;
	tokens->room = ROOM_FIRST;
	tokens->slots = mcps__calloc(tokens->room, sizeof *tokens->slots);
	status = tokens->slots != NULL
	                 ? mcps__random_fill(&mcps__system_random, tokens->key,
	                                     sizeof tokens->key)
	                 : MCPS_E_NOMEM;
	if (status != MCPS_OK) {
		mcps__tokens_free(tokens);
		return status;
	}
	*out = tokens;
	return MCPS_OK;
}

void mcps__tokens_free(struct tokens *tokens)
{
	if (tokens == NULL)
		return;
	for (size_t i = 0; tokens->slots != NULL && i < tokens->room; i++)
		mcps__principal_unref(tokens->slots[i].principal);
	mcps__free(tokens->slots);
	mcps__free(tokens);
}

/* The key keeps others from choosing tokens, or lines of the file, that all
 * fall into one place. */
static size_t tokens_place_of(const struct tokens *tokens, const uint8_t *hash)
{
	uint8_t bytes[crypto_shorthash_BYTES];
	uint64_t place;

	crypto_shorthash(bytes, hash, TOKEN_HASH_SIZE, tokens->key);
	memcpy(&place, bytes, sizeof place);
	return (size_t)place & (tokens->room - 1);
}

struct token *mcps__tokens_slot(const struct tokens *tokens,
                                const uint8_t *hash, size_t *compared)
{
	for (size_t at = tokens_place_of(tokens, hash);;
	     at = (at + 1) & (tokens->room - 1)) {
		struct token *slot = &tokens->slots[at];

		++*compared;
		if (slot->principal == NULL ||
		    sodium_memcmp(slot->hash, hash, TOKEN_HASH_SIZE) == 0)
			return slot;
	}
}

mcps_status mcps__tokens_reserve(struct tokens *tokens)
{
	struct tokens larger = *tokens;
	size_t compared = 0;

	if (2 * (tokens->count + 1) <= tokens->room)
		return MCPS_OK;
	larger.room = 2 * tokens->room;
	larger.slots = mcps__calloc(larger.room, sizeof *larger.slots);
	if (larger.slots == NULL)
		return MCPS_E_NOMEM;
	for (size_t i = 0; i < tokens->room; i++)
		if (tokens->slots[i].principal != NULL)
			*mcps__tokens_slot(&larger, tokens->slots[i].hash,
			                   &compared) = tokens->slots[i];
	mcps__free(tokens->slots);
	*tokens = larger;
	return MCPS_OK;
}

struct principal *mcps__tokens_find(const struct tokens *tokens,
                                    const char *token)
{
	uint8_t hash[TOKEN_HASH_SIZE];
	const struct token *slot;
	size_t compared = 0;

	crypto_hash_sha256(hash, (const uint8_t *)token, strlen(token));
	slot = mcps__tokens_slot(tokens, hash, &compared);
	return slot->principal != NULL ? mcps__principal_ref(slot->principal)
	                               : NULL;
}
