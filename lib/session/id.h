/* Session ids: made and read, without I/O.
 *
 *   m1.<base64url of key number, capabilities, revision, issued-at, 16 random
 *       bytes>.<base64url of a 16-byte MAC>
 *
 * The MAC (keyed BLAKE2b) covers all that, the principal and the endpoint's
 * resource. It decides whether the id counts as ours ("issued") and whether
 * its revision, capabilities and age are believed, nothing else: it is no
 * authentication. */
#ifndef MCPS_SESSION_ID_H
#define MCPS_SESSION_ID_H

#include "base/random.h"

#include <mcps/sys/store.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	ID_KEY_SIZE = 32,
	ID_TEXT_LENGTH = 62, /* of a minted id */
	ID_MAX_LENGTH = 128  /* of any id that may be recreated */
};

struct id_keys {
	uint8_t current[ID_KEY_SIZE];
	uint8_t previous[ID_KEY_SIZE];
	bool has_previous;
};

/* Whose id, on which endpoint. */
struct id_owner {
	const uint8_t *principal; /* MCPS_PRINCIPAL_DIGEST_SIZE bytes */
	const char *resource;
};

/* What a signed id says of itself. */
struct id_claim {
	bool is_signed; /* by a key of ours, for this owner */
	int64_t issued_ms;
	uint32_t revision; /* 20250618 */
	uint32_t capabilities;
};

/* Mint an id into OUT (ID_TEXT_LENGTH + 1 bytes). CLAIM.is_signed is not
 * read. MCPS_E_SYSTEM: no entropy, nothing is minted. */
MCPS_MUST_USE mcps_status mcps__id_mint(char *out, const struct id_keys *keys,
                                        const struct id_owner *owner,
                                        const struct id_claim *claim,
                                        const struct random_source *random);

/* Read what ID claims; is_signed false for anything that is not exactly an
 * id of ours for this owner. In constant time as to the MAC. */
void mcps__id_read(struct id_claim *claim, const struct id_keys *keys,
                   const struct id_owner *owner, const char *id, size_t length);

/* 1 to 128 visible ASCII characters (2025-11-25, Session Management 1). */
bool mcps__id_is_well_formed(const char *id, size_t length);

/* The key of an id in the store: time prefix, then a hash of (resource,
 * principal, id) keyed with ROW_KEY (ID_KEY_SIZE bytes). The prefix is the
 * issued-at of anything that looks like a minted id, believed or not: it is
 * locality; the hash is identity. */
void mcps__id_row_key(uint8_t out[MCPS_SESSION_KEY_SIZE],
                      const uint8_t *row_key, const struct id_owner *owner,
                      const char *id, size_t length);

#endif
