/* List cursors: made here for this list, or refused. */
#include "mcp/cursor.h"
#include "suite.h"

#include <sodium.h>
#include <string.h>

static uint8_t digest[3];
static struct mcp mcp;

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	memset(&mcp, 0, sizeof mcp);
	memset(mcp.cursor_key, 5, sizeof mcp.cursor_key);
}

static const struct cursor_list tools = { "tools", digest, sizeof digest };

static bool reads(const char *text, const char *name)
{
	const struct cursor_list list = { name, digest, sizeof digest };
	uint32_t index;

	return mcps__cursor_read(&index, &mcp, &list, text);
}

START_TEST(an_index_is_read_back)
{
	static const uint32_t indexes[] = { 0, 1, 250, 65536, UINT32_MAX };
	char text[CURSOR_TEXT_SIZE];
	uint32_t index;

	for (size_t i = 0; i < 5; i++) {
		mcps__cursor_make(text, &mcp, &tools, indexes[i]);
		ck_assert_uint_lt(strlen(text), CURSOR_TEXT_SIZE);
		ck_assert(mcps__cursor_read(&index, &mcp, &tools, text));
		ck_assert_uint_eq(index, indexes[i]);
	}
}
END_TEST

START_TEST(every_flipped_bit_and_every_cut_is_refused)
{
	char text[CURSOR_TEXT_SIZE];
	size_t length;

	mcps__cursor_make(text, &mcp, &tools, 3);
	length = strlen(text);
	for (size_t i = 0; i < length; i++) {
		char kept = text[i];

		/* Cursors come out of JSON, so they are UTF-8; libsodium takes
		 * some bytes beyond ASCII for letters. */
		for (int bit = 0; bit < 7; bit++) {
			text[i] = (char)(kept ^ 1 << bit);
			ck_assert(!reads(text, "tools"));
		}
		text[i] = '\0';
		ck_assert(!reads(text, "tools"));
		text[i] = kept;
	}
	ck_assert(reads(text, "tools"));
	text[length] = 'A';
	text[length + 1] = '\0';
	ck_assert(!reads(text, "tools"));
}
END_TEST

START_TEST(another_list_key_or_content_is_refused)
{
	char text[CURSOR_TEXT_SIZE];

	mcps__cursor_make(text, &mcp, &tools, 3);
	ck_assert(!reads(text, "prompts"));
	ck_assert(!reads(text, "tool"));
	digest[0] ^= 1;
	ck_assert(!reads(text, "tools"));
	digest[0] ^= 1;
	mcp.cursor_key[31] ^= 1;
	ck_assert(!reads(text, "tools"));
	mcp.cursor_key[31] ^= 1;
	ck_assert(reads(text, "tools"));
}
END_TEST

TEST_MAIN("cursor")
{
	test_fixture(set_up, NULL);
	test_add(an_index_is_read_back);
	test_add(every_flipped_bit_and_every_cut_is_refused);
	test_add(another_list_key_or_content_is_refused);
}
