#include "mcp/cursor.h"

#include <sodium.h>
#include <string.h>

enum { CURSOR_MAC = 16, CURSOR_SIZE = 4 + CURSOR_MAC };

/* The MAC covers the list's name and contents: a page of another list, or of
 * the same one after it changed, does not begin anywhere. */
static void cursor_mac_make(uint8_t *mac, const struct mcp *mcp,
                            const struct cursor_list *list,
                            const uint8_t *index)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, mcp->cursor_key, sizeof mcp->cursor_key,
	                        CURSOR_MAC);
	crypto_generichash_update(&state, index, 4);
	crypto_generichash_update(&state, list->digest, list->digest_length);
	crypto_generichash_update(&state, (const uint8_t *)list->name,
	                          strlen(list->name));
	crypto_generichash_final(&state, mac, CURSOR_MAC);
}

void mcps__cursor_make(char out[CURSOR_TEXT_SIZE], const struct mcp *mcp,
                       const struct cursor_list *list, uint32_t index)
{
	uint8_t bytes[CURSOR_SIZE];

	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(index >> 8 * (3 - i));
	cursor_mac_make(bytes + 4, mcp, list, bytes);
	sodium_bin2base64(out, CURSOR_TEXT_SIZE, bytes, sizeof bytes,
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool mcps__cursor_read(uint32_t *index, const struct mcp *mcp,
                       const struct cursor_list *list, const char *text)
{
	uint8_t bytes[CURSOR_SIZE];
	uint8_t mac[CURSOR_MAC];
	size_t length = 0;

	if (sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL,
	                      &length, NULL,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length != sizeof bytes)
		return false;
	cursor_mac_make(mac, mcp, list, bytes);
	if (sodium_memcmp(mac, bytes + 4, CURSOR_MAC) != 0)
		return false;
	*index = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	         (uint32_t)bytes[2] << 8 | bytes[3];
	return true;
}
