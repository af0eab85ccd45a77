/* Incident 1: ids that an attacker can collect and meet again. A million of
 * them, minted in one moment for one caller (fewer where that takes long, such
 * as under valgrind): what is random in them does not repeat and has no
 * favourite bytes. */
#include "session/id.h"
#include "suite.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MILLION = 1000000,
	LEAST = 50000,
	PATIENCE_S = 2, /* of this processor's time */
	RANDOM_SIZE = 16,
	PAYLOAD_SIZE = 64,
	BINS = 256
};

/* "m1." payload "." MAC: the random bytes end the payload. */
static bool read_random(uint8_t out[RANDOM_SIZE], const char *id)
{
	const char *end = strrchr(id, '.');
	unsigned char payload[PAYLOAD_SIZE];
	size_t length;

	if (end == NULL ||
	    sodium_base642bin(payload, sizeof payload, id + 3,
	                      (size_t)(end - id) - 3, NULL, &length, NULL,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length < RANDOM_SIZE)
		return false;
	memcpy(out, payload + length - RANDOM_SIZE, RANDOM_SIZE);
	return true;
}

/* How many there are; -1: one failed. Checked once, as check writes down each
 * of its checks. */
static int mint_all(uint8_t (*out)[RANDOM_SIZE])
{
	const struct id_keys keys = { .current = { 1, 2, 3 } };
	const uint8_t principal[MCPS_PRINCIPAL_DIGEST_SIZE] = { 4, 5, 6 };
	const struct id_owner owner = { principal, "/mcp" };
	const struct id_claim claim = { .issued_ms = 1700000000000,
		                        .revision = 20251125 };
	char id[ID_TEXT_LENGTH + 1];

	int i;

	for (i = 0; i < MILLION; i++) {
		if (i >= LEAST && i % 1000 == 0 &&
		    clock() > PATIENCE_S * CLOCKS_PER_SEC)
			break;
		if (mcps__id_mint(id, &keys, &owner, &claim,
		                  &mcps__system_random) != MCPS_OK ||
		    !read_random(out[i], id))
			return -1;
	}
	return i;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, RANDOM_SIZE);
}

/* Chi-squared with 255 degrees of freedom: 255 in the mean, standard deviation
 * 22.6; beyond eight of those it is not random. */
static void check_even(uint8_t (*ids)[RANDOM_SIZE], int count, int place)
{
	double expected = (double)count / (double)BINS;
	unsigned counts[BINS] = { 0 };
	double sum = 0;

	for (int i = 0; i < count; i++)
		counts[ids[i][place]]++;
	for (int bin = 0; bin < BINS; bin++) {
		double off = (double)counts[bin] - expected;

		sum += off * off / expected;
	}
	ck_assert_msg(sum > 255 - 8 * 22.6 && sum < 255 + 8 * 22.6,
	              "byte %d: chi squared %f", place, sum);
}

START_TEST(incident_1_a_million_ids_are_different_and_even)
{
	uint8_t(*ids)[RANDOM_SIZE] = malloc(sizeof *ids * MILLION);
	int equal = 0;
	int count;

	ck_assert_ptr_nonnull(ids);
	ck_assert_int_ge(sodium_init(), 0);
	count = mint_all(ids);
	ck_assert_int_ge(count, LEAST);
	for (int place = 0; place < RANDOM_SIZE; place++)
		check_even(ids, count, place);
	qsort(ids, (size_t)count, sizeof *ids, compare);
	for (int i = 1; i < count; i++)
		equal += memcmp(ids[i - 1], ids[i], RANDOM_SIZE) == 0;
	ck_assert_int_eq(equal, 0);
	free(ids);
}
END_TEST

TEST_MAIN("id: random")
{
	test_case("random");
	test_timeout(120);
	test_add(incident_1_a_million_ids_are_different_and_even);
}
