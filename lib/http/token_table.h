/* The table of tokens: open addressing over the SHA-256 of each token. Shared
 * by the file that reads tokens and the one that finds them. */
#ifndef MCPS_HTTP_TOKEN_TABLE_H
#define MCPS_HTTP_TOKEN_TABLE_H

#include "http/tokens.h"

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_HASH_SIZE = crypto_hash_sha256_BYTES };

struct token {
	uint8_t hash[TOKEN_HASH_SIZE];
	struct principal *principal; /* NULL: the slot is free */
	int line;                    /* of the file */
};

struct tokens {
	struct token *slots;
	size_t room; /* slots: a power of two, at least half of them free */
	size_t count;
	uint8_t key[crypto_shorthash_KEYBYTES]; /* random */
};

/* An empty table. MCPS_E_NOMEM; MCPS_E_SYSTEM: no random bytes. */
MCPS_MUST_USE mcps_status mcps__tokens_new(struct tokens **out);

/* The slot of HASH, or the free one where it belongs. *COMPARED grows by the
 * number of slots that were looked at. */
struct token *mcps__tokens_slot(const struct tokens *tokens,
                                const uint8_t *hash, size_t *compared);

/* Make room for one more token. Slots move. MCPS_E_NOMEM */
MCPS_MUST_USE mcps_status mcps__tokens_reserve(struct tokens *tokens);

#endif
