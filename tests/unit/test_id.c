/* Session ids: what is minted is believed again, and nothing else is. */
#include "session/id.h"
#include "suite.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
			       "uvwxyz0123456789-_";

static struct id_keys keys;
static uint8_t principal[MCPS_PRINCIPAL_DIGEST_SIZE];
static uint8_t other_principal[MCPS_PRINCIPAL_DIGEST_SIZE];
static const struct id_owner owner = { principal, "/mcp" };
static const struct id_claim said = { .issued_ms = INT64_C(1700000000123),
	                              .revision = 20250618,
	                              .capabilities = 0x1234 };
static char id[ID_TEXT_LENGTH + 1];

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	memset(&keys, 0, sizeof keys);
	memset(keys.current, 0x11, sizeof keys.current);
	memset(principal, 0x22, sizeof principal);
	memset(other_principal, 0x33, sizeof other_principal);
	ck_assert_int_eq(
		mcps__id_mint(id, &keys, &owner, &said, &mcps__system_random),
		MCPS_OK);
}

static struct id_claim read_as(const struct id_owner *who, const char *text,
                               size_t length)
{
	struct id_claim claim;

	memset(&claim, 0xff, sizeof claim);
	mcps__id_read(&claim, &keys, who, text, length);
	return claim;
}

static struct id_claim read_id(const char *text)
{
	return read_as(&owner, text, strlen(text));
}

static void check_unsigned(const struct id_claim *claim)
{
	ck_assert(!claim->is_signed);
	ck_assert_int_eq(claim->issued_ms, 0);
	ck_assert_uint_eq(claim->revision, 0);
	ck_assert_uint_eq(claim->capabilities, 0);
}

START_TEST(what_was_minted_is_read_back)
{
	struct id_claim claim = read_id(id);

	ck_assert(claim.is_signed);
	ck_assert_int_eq(claim.issued_ms, said.issued_ms);
	ck_assert_uint_eq(claim.revision, said.revision);
	ck_assert_uint_eq(claim.capabilities, said.capabilities);
}
END_TEST

START_TEST(every_revision_and_time_survives)
{
	static const uint32_t revisions[] = { 20250326, 20250618, 20251125,
		                              20260728, 20991231 };
	static const int64_t times[] = { 0, 1, INT64_C(1) << 40,
		                         (INT64_C(1) << 48) - 1 };

	for (size_t r = 0; r < 5; r++)
		for (size_t t = 0; t < 4; t++) {
			struct id_claim in = { .issued_ms = times[t],
				               .revision = revisions[r] };
			struct id_claim out;

			ck_assert_int_eq(mcps__id_mint(id, &keys, &owner, &in,
			                               &mcps__system_random),
			                 MCPS_OK);
			out = read_id(id);
			ck_assert_int_eq(out.issued_ms, times[t]);
			ck_assert_uint_eq(out.revision, revisions[r]);
		}
}
END_TEST

START_TEST(an_id_has_62_visible_characters)
{
	ck_assert_uint_eq(strlen(id), 62);
	ck_assert(mcps__id_is_well_formed(id, 62));
	ck_assert_mem_eq(id, "m1.", 3);
	ck_assert_uint_eq(strspn(id + 3, alphabet), 36);
	ck_assert_uint_eq(strspn(id + 40, alphabet), 22);
}
END_TEST

START_TEST(every_flipped_bit_is_refused)
{
	for (size_t i = 0; i < ID_TEXT_LENGTH; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct id_claim claim;

			id[i] = (char)(id[i] ^ 1 << bit);
			claim = read_as(&owner, id, ID_TEXT_LENGTH);
			check_unsigned(&claim);
			id[i] = (char)(id[i] ^ 1 << bit);
		}
	ck_assert(read_id(id).is_signed);
}
END_TEST

START_TEST(every_other_letter_is_refused)
{
	for (size_t i = 0; i < ID_TEXT_LENGTH; i++) {
		char kept = id[i];

		for (size_t a = 0; alphabet[a] != '\0'; a++) {
			id[i] = alphabet[a];
			ck_assert_msg(read_id(id).is_signed ==
			                      (alphabet[a] == kept),
			              "%zu %c", i, alphabet[a]);
		}
		id[i] = kept;
	}
}
END_TEST

START_TEST(other_lengths_and_spellings_are_refused)
{
	char text[128];
	struct id_claim claim;

	for (size_t length = 0; length < ID_TEXT_LENGTH; length++) {
		claim = read_as(&owner, id, length);
		check_unsigned(&claim);
	}
	snprintf(text, sizeof text, "%s=", id);
	ck_assert(!read_id(text).is_signed);
	snprintf(text, sizeof text, " %s", id);
	ck_assert(!read_id(text).is_signed);
	snprintf(text, sizeof text, "%s%s", id, id);
	ck_assert(!read_id(text).is_signed);
	snprintf(text, sizeof text, "M1.%s", id + 3);
	ck_assert(!read_id(text).is_signed);
	claim = read_as(&owner, id, ID_TEXT_LENGTH + 1); /* with its NUL */
	check_unsigned(&claim);
}
END_TEST

START_TEST(somebody_elses_id_is_not_believed)
{
	const struct id_owner other = { other_principal, "/mcp" };
	struct id_claim claim = read_as(&other, id, ID_TEXT_LENGTH);

	check_unsigned(&claim);
}
END_TEST

START_TEST(an_id_of_another_endpoint_is_not_believed)
{
	static const char *const resources[] = { "/mc", "/mcp2", "/MCP", "" };

	for (size_t i = 0; i < 4; i++) {
		const struct id_owner other = { principal, resources[i] };

		ck_assert(!read_as(&other, id, ID_TEXT_LENGTH).is_signed);
	}
}
END_TEST

START_TEST(an_id_of_the_previous_key_is_believed_and_none_older)
{
	memcpy(keys.previous, keys.current, sizeof keys.previous);
	memset(keys.current, 0x44, sizeof keys.current);
	ck_assert(!read_id(id).is_signed);
	keys.has_previous = true;
	ck_assert(read_id(id).is_signed);
	memcpy(keys.previous, keys.current, sizeof keys.previous);
	memset(keys.current, 0x55, sizeof keys.current);
	ck_assert(!read_id(id).is_signed);
}
END_TEST

START_TEST(ids_are_minted_with_the_current_key)
{
	memset(keys.previous, 0x44, sizeof keys.previous);
	keys.has_previous = true;
	ck_assert_int_eq(
		mcps__id_mint(id, &keys, &owner, &said, &mcps__system_random),
		MCPS_OK);
	keys.has_previous = false;
	ck_assert(read_id(id).is_signed);
}
END_TEST

static mcps_status no_entropy(void *arg, void *bytes, size_t length)
{
	(void)arg, (void)bytes, (void)length;
	return MCPS_E_SYSTEM;
}

START_TEST(without_entropy_nothing_is_minted)
{
	const struct random_source none = { no_entropy, NULL };

	ck_assert_int_eq(mcps__id_mint(id, &keys, &owner, &said, &none),
	                 MCPS_E_SYSTEM);
}
END_TEST

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_TEXT_LENGTH + 1);
}

START_TEST(a_hundred_thousand_ids_of_one_moment_are_different)
{
	enum { MANY = 100000 };
	char(*all)[ID_TEXT_LENGTH + 1] = malloc(MANY * sizeof *all);

	ck_assert_ptr_nonnull(all);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(mcps__id_mint(all[i], &keys, &owner, &said,
		                               &mcps__system_random),
		                 MCPS_OK);
	qsort(all, MANY, sizeof *all, compare);
	for (int i = 1; i < MANY; i++)
		ck_assert_int_ne(compare(all[i - 1], all[i]), 0);
	free(all);
}
END_TEST

START_TEST(well_formed_is_1_to_128_visible_ascii_characters)
{
	char text[130];

	memset(text, 'x', sizeof text);
	ck_assert(!mcps__id_is_well_formed(text, 0));
	ck_assert(mcps__id_is_well_formed(text, 1));
	ck_assert(mcps__id_is_well_formed(text, 128));
	ck_assert(!mcps__id_is_well_formed(text, 129));
	for (int c = 0; c < 256; c++) {
		text[5] = (char)c;
		ck_assert_int_eq(mcps__id_is_well_formed(text, 10),
		                 c >= 0x21 && c <= 0x7e);
	}
}
END_TEST

/* ---- keys of rows -------------------------------------------------------- */

static uint8_t row_key[ID_KEY_SIZE] = { 1, 2, 3 };

struct row {
	uint8_t bytes[MCPS_SESSION_KEY_SIZE];
};

static struct row row_of(const struct id_owner *who, const char *text)
{
	struct row row;

	mcps__id_row_key(row.bytes, row_key, who, text, strlen(text));
	return row;
}

static bool is_same(struct row a, struct row b)
{
	return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

START_TEST(a_row_key_depends_on_caller_endpoint_and_id)
{
	const struct id_owner others[] = { { other_principal, "/mcp" },
		                           { principal, "/mcp2" },
		                           { principal, "" } };
	struct row row = row_of(&owner, "some-id");

	ck_assert(is_same(row, row_of(&owner, "some-id")));
	for (size_t i = 0; i < 3; i++)
		ck_assert(!is_same(row, row_of(&others[i], "some-id")));
	ck_assert(!is_same(row, row_of(&owner, "some-ie")));
	ck_assert(!is_same(row, row_of(&owner, "some-i")));
	row_key[0] ^= 1;
	ck_assert(!is_same(row, row_of(&owner, "some-id")));
}
END_TEST

START_TEST(where_the_id_ends_and_the_endpoint_begins_is_no_matter_of_taste)
{
	const struct id_owner one = { principal, "a/mcp" };
	const struct id_owner two = { principal, "/mcp" };

	ck_assert(!is_same(row_of(&one, "x"), row_of(&two, "xa")));
}
END_TEST

START_TEST(rows_of_minted_ids_lie_in_order_of_time)
{
	struct row before = { { 0 } };

	for (int64_t ms = 1; ms < INT64_C(1) << 47; ms *= 3) {
		const struct id_claim claim = { .issued_ms = ms,
			                        .revision = 20250618 };
		struct row row;

		ck_assert_int_eq(mcps__id_mint(id, &keys, &owner, &claim,
		                               &mcps__system_random),
		                 MCPS_OK);
		row = row_of(&owner, id);
		ck_assert_int_gt(memcmp(row.bytes, before.bytes, 6), 0);
		before = row;
	}
}
END_TEST

START_TEST(the_time_in_a_row_key_is_read_believed_or_not)
{
	struct row row = row_of(&owner, id);
	struct row forged;
	struct row foreign = row_of(&owner, "foreign");

	id[ID_TEXT_LENGTH - 3] = id[ID_TEXT_LENGTH - 3] == 'A' ? 'B' : 'A';
	forged = row_of(&owner, id);
	ck_assert_mem_eq(row.bytes, forged.bytes, 6);
	ck_assert(!is_same(row, forged));
	ck_assert_mem_eq(foreign.bytes, "\0\0\0\0\0\0", 6);
}
END_TEST

TEST_MAIN("id")
{
	test_timeout(120);
	test_fixture(set_up, NULL);
	test_add(what_was_minted_is_read_back);
	test_add(every_revision_and_time_survives);
	test_add(an_id_has_62_visible_characters);
	test_add(every_flipped_bit_is_refused);
	test_add(every_other_letter_is_refused);
	test_add(other_lengths_and_spellings_are_refused);
	test_add(somebody_elses_id_is_not_believed);
	test_add(an_id_of_another_endpoint_is_not_believed);
	test_add(an_id_of_the_previous_key_is_believed_and_none_older);
	test_add(ids_are_minted_with_the_current_key);
	test_add(without_entropy_nothing_is_minted);
	test_add(a_hundred_thousand_ids_of_one_moment_are_different);
	test_add(well_formed_is_1_to_128_visible_ascii_characters);
	test_add(a_row_key_depends_on_caller_endpoint_and_id);
	test_add(
		where_the_id_ends_and_the_endpoint_begins_is_no_matter_of_taste);
	test_add(rows_of_minted_ids_lie_in_order_of_time);
	test_add(the_time_in_a_row_key_is_read_believed_or_not);
}
