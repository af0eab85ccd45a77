/* Writing JSON. json-c's own printer would copy invalid UTF-8, NaN and
 * whatever a custom serializer says; here the tree is walked and each value
 * is written by rules that leave only valid JSON. */
#include "rpc/write.h"

#include "rpc/decimal.h"
#include "rpc/plain.h"
#include "rpc/scan.h"
#include "rpc/utf8.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* Deeper than any body we accept, even inside a result; what goes deeper is
 * a tree that contains itself. */
enum { TREE_DEPTH_MOST = 512 };

static void write_value(struct buffer *buffer, struct json_object *value,
                        unsigned depth);

static void write_control(struct buffer *buffer, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',
		['\r'] = 'r', ['\t'] = 't',
	};
	char escape[] = "\\u0000";

	if (letters[byte] != '\0') {
		escape[1] = letters[byte];
		mcps__buffer_add(buffer, escape, 2);
		return;
	}
	escape[4] = digits[byte >> 4];
	escape[5] = digits[byte & 15];
	mcps__buffer_add(buffer, escape, 6);
}

/* Write what is not plain at AT; returns the byte behind it. */
static const char *write_special(struct buffer *buffer, const char *at,
                                 const char *end)
{
	unsigned char byte = (unsigned char)*at;
	size_t length;

	if (byte < 0x20) {
		write_control(buffer, byte);
		return at + 1;
	}
	if (byte == '"' || byte == '\\') {
		mcps__buffer_add(buffer, (const char[]){ '\\', *at }, 2);
		return at + 1;
	}
	length = mcps__utf8_length(at, end);
	if (length != 0) {
		mcps__buffer_add(buffer, at, length);
		return at + length;
	}
	mcps__buffer_add_literal(buffer, "\xEF\xBF\xBD"); /* U+FFFD */
	return at + 1;
}

void mcps__write_string(struct buffer *buffer, const char *text, size_t length)
{
	const char *at = length != 0 ? text : ""; /* NULL is fine, too */
	const char *end = at + length;

	mcps__buffer_add_byte(buffer, '"');
	while (at < end) {
		const char *stop = plain_end(at, end);

		mcps__buffer_add(buffer, at, (size_t)(stop - at));
		at = stop < end ? write_special(buffer, stop, end) : end;
	}
	mcps__buffer_add_byte(buffer, '"');
}

void mcps__write_double(struct buffer *buffer, double value)
{
	char text[DECIMAL_MOST];
	size_t length = mcps__decimal_write(value, text);

	if (length == 0)
		mcps__buffer_add_literal(buffer, "null");
	else
		mcps__buffer_add(buffer, text, length);
}

/* json-c keeps an integer as int64 or uint64 and does not say which. */
static void write_integer(struct buffer *buffer, struct json_object *value)
{
	int64_t integer = json_object_get_int64(value);

	if (integer < INT64_MAX)
		mcps__buffer_add_int(buffer, integer);
	else
		mcps__buffer_add_format(buffer, "%" PRIu64,
		                        json_object_get_uint64(value));
}

/* Whether TEXT is one JSON number and nothing else. */
static bool write_is_number_text(const char *text, size_t length)
{
	static const struct scan_limits no_containers = { 0, 0 };
	struct scan scan = { 0 };
	bool is_number = mcps__scan_run(&scan, text, length, &no_containers,
	                                NULL) == MCPS_OK &&
	                 (scan.tokens[0].kind == SCAN_INTEGER ||
	                  scan.tokens[0].kind == SCAN_NUMBER) &&
	                 scan.tokens[0].length == length;

	mcps__scan_finish(&scan);
	return is_number;
}

/* Append the number as json-c prints it; false when that is not JSON. json-c
 * prints into the object itself, hence one at a time: two threads may be
 * writing the same tree, which is otherwise only read here. */
static bool write_spelling(struct buffer *buffer, struct json_object *value)
{
	static pthread_mutex_t printing = PTHREAD_MUTEX_INITIALIZER;
	const char *text;
	size_t length = 0;
	bool is_written;

	pthread_mutex_lock(&printing);
	text = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN,
	                                         &length);
	is_written = text != NULL && write_is_number_text(text, length);
	if (is_written)
		mcps__buffer_add(buffer, text, length);
	pthread_mutex_unlock(&printing);
	return is_written;
}

/* A number that was read keeps its spelling as user data, which only json-c
 * may interpret: the host can have put its own there. */
static void write_real(struct buffer *buffer, struct json_object *value)
{
	if (json_object_get_userdata(value) != NULL &&
	    write_spelling(buffer, value))
		return;
	mcps__write_double(buffer, json_object_get_double(value));
}

static void write_object(struct buffer *buffer, struct json_object *object,
                         unsigned depth)
{
	const struct lh_entry *entry;
	char before = '{';

	lh_foreach(json_object_get_object(object), entry)
	{
		const char *name = lh_entry_k(entry);

		mcps__buffer_add_byte(buffer, before);
		mcps__write_string(buffer, name, strlen(name));
		mcps__buffer_add_byte(buffer, ':');
		write_value(buffer, lh_entry_v(entry), depth);
		before = ',';
	}
	if (before == '{')
		mcps__buffer_add_byte(buffer, '{');
	mcps__buffer_add_byte(buffer, '}');
}

static void write_array(struct buffer *buffer, struct json_object *array,
                        unsigned depth)
{
	size_t length = json_object_array_length(array);

	mcps__buffer_add_byte(buffer, '[');
	for (size_t i = 0; i < length; i++) {
		if (i > 0)
			mcps__buffer_add_byte(buffer, ',');
		write_value(buffer, json_object_array_get_idx(array, i), depth);
	}
	mcps__buffer_add_byte(buffer, ']');
}

static void write_container(struct buffer *buffer, struct json_object *value,
                            unsigned depth)
{
	if (depth == 0 || buffer->failed) {
		buffer->failed = true; /* half a tree is never sent */
		return;
	}
	if (json_object_is_type(value, json_type_object))
		write_object(buffer, value, depth - 1);
	else
		write_array(buffer, value, depth - 1);
}

static void write_value(struct buffer *buffer, struct json_object *value,
                        unsigned depth)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		mcps__buffer_add_literal(buffer, "null");
		break;
	case json_type_boolean:
		mcps__buffer_add_text(buffer, json_object_get_boolean(value)
		                                      ? "true"
		                                      : "false");
		break;
	case json_type_int:
		write_integer(buffer, value);
		break;
	case json_type_double:
		write_real(buffer, value);
		break;
	case json_type_string:
		mcps__write_string(buffer, json_object_get_string(value),
		                   (size_t)json_object_get_string_len(value));
		break;
	case json_type_object:
	case json_type_array:
		write_container(buffer, value, depth);
		break;
	}
}

void mcps__write_tree(struct buffer *buffer, struct json_object *value)
{
	write_value(buffer, value, TREE_DEPTH_MOST);
}

void mcps__write_base64(struct buffer *buffer, const void *bytes, size_t length)
{
	size_t size;

	if (length == 0)
		return;
	/* With the NUL that libsodium writes behind. */
	size = sodium_base64_encoded_len(length,
	                                 sodium_base64_VARIANT_ORIGINAL);
	if (!mcps__buffer_reserve(buffer, size))
		return;
	sodium_bin2base64(buffer->data + buffer->length, size, bytes, length,
	                  sodium_base64_VARIANT_ORIGINAL);
	buffer->length += size - 1;
}
