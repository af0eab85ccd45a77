/* Any bytes through the scanner. What it accepts is read in every way, made
 * into a tree, written, and scanned again: it must be the same. */
#include "fuzz/target.h"

#include "base/memory.h"
#include "rpc/scan.h"
#include "rpc/write.h"

#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *decoded(const struct scan *scan, uint32_t token, size_t *length)
{
	/* As much as is promised to be enough, for the sanitizer to watch. */
	char *text = malloc((size_t)scan->tokens[token].length + 1);

	require(text != NULL);
	*length = mcps__scan_decode(scan, token, text);
	require(*length <= scan->tokens[token].length);
	require(text[*length] == '\0');
	return text;
}

static void read_string(const struct scan *scan, uint32_t token)
{
	size_t length;
	char *text = decoded(scan, token, &length);
	bool has_nul = memchr(text, '\0', length) != NULL;

	require(has_nul == ((scan->tokens[token].flags & SCAN_NUL) != 0));
	require(mcps__scan_characters(scan, token) <= length);
	require(mcps__scan_equals(scan, token, text) != has_nul);
	free(text);
}

static void read_number(const struct scan *scan, uint32_t token)
{
	int64_t integer;
	double real;

	if (!mcps__scan_int64(scan, token, &integer))
		return;
	/* A double rounds: to 1 part in 2^53. */
	require(mcps__scan_double(scan, token, &real));
	require(fabs(real - (double)integer) <= fabs(real) / 4503599627370496);
}

/* Each member is found by its name. */
static void read_object(const struct scan *scan, uint32_t object)
{
	uint32_t key = object + 1;

	for (uint32_t i = 0; i < scan->tokens[object].count; i++) {
		size_t length;
		char *name = decoded(scan, key, &length);

		require(scan->tokens[key].kind == SCAN_STRING);
		require(strlen(name) == length); /* no NUL in a key */
		require(mcps__scan_member(scan, object, name) == key + 1);
		free(name);
		key = scan->tokens[key + 1].next;
	}
	require(key == scan->tokens[object].next);
}

static void read_array(const struct scan *scan, uint32_t array)
{
	uint32_t element = array + 1;

	for (uint32_t i = 0; i < scan->tokens[array].count; i++)
		element = scan->tokens[element].next;
	require(element == scan->tokens[array].next);
}

static void read_token(const struct scan *scan, uint32_t token)
{
	size_t length;
	const char *raw = mcps__scan_raw(scan, token, &length);

	require(raw >= scan->text && length > 0);
	require(length <= scan->length - (size_t)(raw - scan->text));
	switch ((enum scan_kind)scan->tokens[token].kind) {
	case SCAN_OBJECT:
		read_object(scan, token);
		break;
	case SCAN_ARRAY:
		read_array(scan, token);
		break;
	case SCAN_STRING:
		read_string(scan, token);
		break;
	case SCAN_INTEGER:
	case SCAN_NUMBER:
		read_number(scan, token);
		break;
	case SCAN_TRUE:
	case SCAN_FALSE:
	case SCAN_NULL:
		break;
	}
}

static void require_same_string(const struct scan *one,
                                const struct scan *other, uint32_t token)
{
	size_t length;
	size_t other_length;
	char *text = decoded(one, token, &length);
	char *other_text = decoded(other, token, &other_length);

	require(length == other_length);
	require(memcmp(text, other_text, length) == 0);
	free(text);
	free(other_text);
}

static void require_same_number(const struct scan *one,
                                const struct scan *other, uint32_t token)
{
	size_t length;
	size_t other_length;
	const char *raw = mcps__scan_raw(one, token, &length);
	const char *other_raw = mcps__scan_raw(other, token, &other_length);

	/* An integer has one spelling, but for this one. */
	if (length == 2 && memcmp(raw, "-0", 2) == 0) {
		raw = "0";
		length = 1;
	}
	require(length == other_length && memcmp(raw, other_raw, length) == 0);
}

static void require_same(const struct scan *one, const struct scan *other)
{
	require(one->count == other->count);
	for (uint32_t token = 0; token < one->count; token++) {
		const struct scan_token *left = &one->tokens[token];
		const struct scan_token *right = &other->tokens[token];

		require(left->kind == right->kind);
		require(left->count == right->count);
		require(left->next == right->next);
		if (left->kind == SCAN_STRING)
			require_same_string(one, other, token);
		if (left->kind == SCAN_INTEGER || left->kind == SCAN_NUMBER)
			require_same_number(one, other, token);
	}
}

static void round_trip(const struct scan *scan,
                       const struct scan_limits *limits)
{
	struct buffer buffer = { 0 };
	struct scan again = { 0 };
	struct json_object *tree;
	bool failed;

	tree = mcps__scan_tree(scan, 0, &failed);
	require(!failed);
	mcps__write_tree(&buffer, tree);
	require(!buffer.failed);
	require(memchr(buffer.data, '\n', buffer.length) == NULL);
	require(mcps__scan_run(&again, buffer.data, buffer.length, limits,
	                       NULL) == MCPS_OK);
	require_same(scan, &again);
	json_object_put(tree);
	mcps__scan_finish(&again);
	mcps__buffer_finish(&buffer);
}

/* Bytes that are no JSON are still the inside of a string. */
static void write_as_string(const char *text, size_t length,
                            const struct scan_limits *limits)
{
	struct buffer buffer = { 0 };
	struct scan scan = { 0 };

	mcps__write_string(&buffer, text, length);
	require(mcps__scan_run(&scan, buffer.data, buffer.length, limits,
	                       NULL) == MCPS_OK);
	require(scan.count == 1 && scan.tokens[0].kind == SCAN_STRING);
	mcps__scan_finish(&scan);
	mcps__buffer_finish(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct mcps_error error = { MCPS_OK, "" };
	struct scan scan = { 0 };

	if (mcps__scan_run(&scan, (const char *)data, size, &limits, &error) ==
	    MCPS_OK) {
		for (uint32_t token = 0; token < scan.count; token++)
			read_token(&scan, token);
		round_trip(&scan, &limits);
	} else {
		require(error.status == MCPS_E_PARSE && error.text[0] != '\0');
	}
	mcps__scan_finish(&scan);
	write_as_string((const char *)data, size, &limits);
	return 0;
}
