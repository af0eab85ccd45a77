/* From tokens to json-c objects, for handlers that want them. Recursive: the
 * pass has bounded the depth (SCAN_DEPTH_MOST). */
#include "rpc/scan_internal.h"

#include "base/memory.h"
#include "rpc/decimal.h"

#include <json-c/json.h>
#include <limits.h>

enum { FEW_BYTES = 64 };

struct build {
	const struct scan *scan;
	bool failed; /* out of memory: what was built so far is to be put */
};

static struct json_object *tree_build_value(struct build *build,
                                            uint32_t token);

/* OBJECT, unless json-c had no memory for it. */
static struct json_object *tree_checked(struct build *build,
                                        struct json_object *object)
{
	if (object == NULL)
		build->failed = true;
	return object;
}

/* A NUL-terminated, decoded copy of TOKEN, in FEW if it fits there. */
static char *tree_copy_make(struct build *build, uint32_t token, char *few)
{
	size_t size = (size_t)build->scan->tokens[token].length + 1;
	char *copy = size <= FEW_BYTES ? few : mcps__malloc(size);

	if (copy == NULL)
		build->failed = true;
	else
		(void)mcps__scan_decode(build->scan, token, copy);
	return copy;
}

static void tree_copy_free(char *copy, const char *few)
{
	if (copy != few)
		mcps__free(copy);
}

static struct json_object *tree_build_escaped(struct build *build,
                                              uint32_t token)
{
	char *copy =
		mcps__malloc((size_t)build->scan->tokens[token].length + 1);
	struct json_object *string = NULL;

	if (copy != NULL) {
		size_t length = mcps__scan_decode(build->scan, token, copy);

		string = json_object_new_string_len(copy, (int)length);
	}
	mcps__free(copy);
	return tree_checked(build, string);
}

static struct json_object *tree_build_string(struct build *build,
                                             uint32_t token)
{
	const struct scan_token *string = &build->scan->tokens[token];

	if (string->length >= INT_MAX) /* json-c counts in int */
		return tree_checked(build, NULL);
	if ((string->flags & SCAN_ESCAPED) != 0)
		return tree_build_escaped(build, token);
	return tree_checked(build, json_object_new_string_len(
					   build->scan->text + string->start,
					   (int)string->length));
}

/* Prints as it was written; where it passes every double, its value is an
 * infinity, which is the only one left. */
static struct json_object *tree_build_double(struct build *build,
                                             uint32_t token)
{
	char few[FEW_BYTES];
	char *copy = tree_copy_make(build, token, few);
	struct json_object *number = NULL;
	double value;

	if (copy == NULL)
		return NULL;
	if (mcps__decimal_read(copy, &value))
		number = json_object_new_double_s(value, copy);
	tree_copy_free(copy, few);
	return tree_checked(build, number);
}

static struct json_object *tree_build_integer(struct build *build,
                                              uint32_t token)
{
	const struct scan *scan = build->scan;
	int64_t value;
	uint64_t large;

	if (mcps__scan_int64(scan, token, &value))
		return tree_checked(build, json_object_new_int64(value));
	if (scan->text[scan->tokens[token].start] != '-' &&
	    mcps__scan_magnitude(scan, token, UINT64_MAX, &large))
		return tree_checked(build, json_object_new_uint64(large));
	return tree_build_double(build, token);
}

/* Takes VALUE, whatever happens. */
static void tree_add_member(struct build *build, struct json_object *object,
                            uint32_t key, struct json_object *value)
{
	char few[FEW_BYTES];
	char *name = tree_copy_make(build, key, few);

	/* The pass saw to it that the key is new and holds no NUL. */
	if (name == NULL ||
	    json_object_object_add_ex(object, name, value,
	                              JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0) {
		build->failed = true;
		json_object_put(value);
	}
	tree_copy_free(name, few);
}

static struct json_object *tree_build_object(struct build *build,
                                             uint32_t token)
{
	const struct scan_token *tokens = build->scan->tokens;
	struct json_object *object =
		tree_checked(build, json_object_new_object());
	uint32_t left = tokens[token].count;
	uint32_t key = token + 1;

	for (; left > 0 && !build->failed; left--) {
		struct json_object *value = tree_build_value(build, key + 1);

		if (!build->failed)
			tree_add_member(build, object, key, value);
		key = tokens[key + 1].next;
	}
	return object;
}

static struct json_object *tree_new_array(uint32_t count)
{
	if (count > INT_MAX)
		return NULL;
	return json_object_new_array_ext(count > 0 ? (int)count : 1);
}

static struct json_object *tree_build_array(struct build *build, uint32_t token)
{
	const struct scan_token *tokens = build->scan->tokens;
	uint32_t left = tokens[token].count;
	struct json_object *array = tree_checked(build, tree_new_array(left));
	uint32_t element = token + 1;

	for (; left > 0 && !build->failed; left--) {
		struct json_object *value = tree_build_value(build, element);

		if (!build->failed && json_object_array_add(array, value) < 0) {
			build->failed = true;
			json_object_put(value);
		}
		element = tokens[element].next;
	}
	return array;
}

/* May be half-built after a failure: build_value drops it then. */
static struct json_object *tree_build_kind(struct build *build, uint32_t token)
{
	switch ((enum scan_kind)build->scan->tokens[token].kind) {
	case SCAN_OBJECT:
		return tree_build_object(build, token);
	case SCAN_ARRAY:
		return tree_build_array(build, token);
	case SCAN_STRING:
		return tree_build_string(build, token);
	case SCAN_INTEGER:
		return tree_build_integer(build, token);
	case SCAN_NUMBER:
		return tree_build_double(build, token);
	case SCAN_TRUE:
	case SCAN_FALSE:
		return tree_checked(
			build,
			json_object_new_boolean(
				build->scan->tokens[token].kind == SCAN_TRUE));
	case SCAN_NULL:
		break;
	}
	return NULL;
}

/* NULL after a failure: nothing half-built is handed on. */
static struct json_object *tree_build_value(struct build *build, uint32_t token)
{
	struct json_object *value = tree_build_kind(build, token);

	if (!build->failed)
		return value;
	json_object_put(value);
	return NULL;
}

struct json_object *mcps__scan_tree(const struct scan *scan, uint32_t token,
                                    bool *failed)
{
	struct build build = { scan, false };
	struct json_object *tree = tree_build_value(&build, token);

	*failed = build.failed;
	return tree;
}
