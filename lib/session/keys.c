#define _DEFAULT_SOURCE /* strsep */
/* The key file is text, a name and hex digits a line:
 *
 *   current  64 digits
 *   previous 64 digits   (optional: ids it signed are still believed)
 *   store    32 digits   (optional: the store it was last used with)
 */
#include "session/keys.h"

#include "base/error.h"
#include "base/input_file.h"
#include "session/key_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

mcps_status mcps__keys_make(struct key_file *file,
                            const struct random_source *random,
                            struct mcps_error *error)
{
	mcps_status status;

	memset(file, 0, sizeof *file);
	status = mcps__random_fill(random, file->keys.current, ID_KEY_SIZE);
	if (status != MCPS_OK)
		return mcps__fail(error, status,
		                  "no random bytes for a key: %s",
		                  strerror(errno));
	return MCPS_OK;
}

/* ---- reading ---- */

/* The names that a line may begin with, and the number of the line that each
 * was found in; 0: in none. */
enum key_line { LINE_CURRENT, LINE_PREVIOUS, LINE_STORE, LINE_COUNT };
static const char *const line_names[LINE_COUNT] = { "current", "previous",
	                                            "store" };

struct place {
	const char *path;
	int number; /* of the line that is read */
	int found[LINE_COUNT];
	struct mcps_error *error;
};

static bool keys_read_hex(uint8_t *out, size_t size, const char *text)
{
	size_t have;

	return strlen(text) == size * 2 &&
	       sodium_hex2bin(out, size, text, size * 2, NULL, &have, NULL) ==
	               0 &&
	       have == size;
}

static enum key_line keys_line_of(const char *name)
{
	unsigned which = 0;

	while (which < LINE_COUNT && strcmp(name, line_names[which]) != 0)
		which++;
	return which;
}

static bool keys_read_value(struct key_file *file, enum key_line which,
                            const char *value)
{
	switch (which) {
	case LINE_CURRENT:
		return keys_read_hex(file->keys.current, ID_KEY_SIZE, value);
	case LINE_PREVIOUS:
		file->keys.has_previous = true;
		return keys_read_hex(file->keys.previous, ID_KEY_SIZE, value);
	case LINE_STORE:
		return keys_read_hex(file->store, sizeof file->store, value);
	case LINE_COUNT:
		break;
	}
	return false;
}

/* Which of two lines counts could only be guessed: the operator meant one of
 * them to be the previous key, or gone. */
static mcps_status keys_check_single(struct place *place, enum key_line which)
{
	int first = place->found[which];

	place->found[which] = place->number;
	if (first == 0)
		return MCPS_OK;
	return mcps__fail(place->error, MCPS_E_INVAL,
	                  "key file %.120s: lines %d and %d both begin with "
	                  "\"%s\"; keep one of them",
	                  place->path, first, place->number, line_names[which]);
}

/* Blank lines and comments say nothing; everything else is a known name. */
static mcps_status keys_read_line(struct key_file *file, const char *line,
                                  struct place *place)
{
	char name[16];
	char value[2 * ID_KEY_SIZE + 2];
	char more[2];
	int words = sscanf(line, "%15s %65s %1s", name, value, more);
	enum key_line which;

	if (words < 1 || name[0] == '#')
		return MCPS_OK;
	which = keys_line_of(name);
	if (words != 2 || !keys_read_value(file, which, value))
		return mcps__fail(place->error, MCPS_E_INVAL,
		                  "key file %.120s: line %d is not a name and "
		                  "its hex digits",
		                  place->path, place->number);
	return keys_check_single(place, which);
}

static mcps_status keys_parse(struct key_file *file, char *text,
                              const char *path, struct mcps_error *error)
{
	struct place place = { .path = path, .error = error };
	mcps_status status = MCPS_OK;
	char *line;

	while (status == MCPS_OK && (line = strsep(&text, "\n")) != NULL) {
		place.number++;
		status = keys_read_line(file, line, &place);
	}
	if (status == MCPS_OK &&
	    sodium_is_zero(file->keys.current, ID_KEY_SIZE))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "key file %.120s: no current key", path);
	return status;
}

static const struct input_rules rules = {
	.what = "key file",
	.most = KEY_FILE_MAX,
	.is_private = true,
};

mcps_status mcps__keys_read(struct key_file *file, const char *path,
                            bool *is_missing, const struct log_sink *log,
                            struct mcps_error *error)
{
	struct input_file input;
	mcps_status status = mcps__input_file_read(&input, path, &rules, error);

	*is_missing = input.is_missing;
	if (status != MCPS_OK)
		return status;
	memset(file, 0, sizeof *file);
	status = keys_parse(file, input.text, path, error);
	mcps__input_file_free(&input);
	if (status == MCPS_OK)
		mcps__input_file_warn(&input, path, rules.what, "session", log);
	return status;
}

/* ---- writing ---- */

static size_t keys_add_line(char *to, const char *name, const uint8_t *bytes,
                            size_t size)
{
	char hex[2 * ID_KEY_SIZE + 1];

	sodium_bin2hex(hex, sizeof hex, bytes, size);
	return (size_t)sprintf(to, "%s %s\n", name, hex);
}

/* Returns true if NAME is the first word of the line. */
static bool keys_begins_with(const char *line, const char *name)
{
	char first[16];

	line += strspn(line, " \t\r");
	return sscanf(line, "%15[^ \t\r\n]", first) == 1 &&
	       strcmp(first, name) == 0;
}

/* The first line that begins with NAME, or the end of the text. */
static char *keys_find_line(char *text, const char *name)
{
	char *line = text;

	while (*line != '\0' && !keys_begins_with(line, name)) {
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return line;
}

/* Everything that the operator wrote stays: comments, too. TO has room for the
 * text and one line more. */
static size_t keys_replace_store(char *to, char *text, const uint8_t *store)
{
	char *line = keys_find_line(text, line_names[LINE_STORE]);
	char *rest = line + strcspn(line, "\n");
	size_t length = (size_t)(line - text);

	rest += *rest == '\n';
	memcpy(to, text, length);
	if (length > 0 && to[length - 1] != '\n')
		to[length++] = '\n';
	length += keys_add_line(to + length, line_names[LINE_STORE], store,
	                        STORE_NAME_SIZE);
	strcpy(to + length, rest);
	return length + strlen(rest);
}

mcps_status mcps__keys_note_store(const char *path, const uint8_t *store,
                                  struct mcps_error *error)
{
	char text[KEY_FILE_MAX + 64];
	struct input_file input;
	mcps_status status = mcps__input_file_read(&input, path, &rules, error);
	size_t length;

	if (status != MCPS_OK)
		return status;
	length = keys_replace_store(text, input.text, store);
	mcps__input_file_free(&input);
	if (length > KEY_FILE_MAX)
		status = mcps__fail(error, MCPS_E_INVAL,
		                    "key file %.120s: no room for a line more",
		                    path);
	else
		status = mcps__key_file_replace(path, text, length, error);
	sodium_memzero(text, sizeof text);
	return status;
}

static mcps_status keys_create(const struct key_file *file, const char *path,
                               struct mcps_error *error)
{
	char text[2 * ID_KEY_SIZE + 16];
	size_t length = keys_add_line(text, line_names[LINE_CURRENT],
	                              file->keys.current, ID_KEY_SIZE);
	mcps_status status = mcps__key_file_create(path, text, length, error);

	sodium_memzero(text, sizeof text);
	return status;
}

mcps_status mcps__keys_open(struct key_file *file, const char *path,
                            const struct random_source *random,
                            const struct log_sink *log,
                            struct mcps_error *error)
{
	bool is_missing;
	mcps_status status =
		mcps__keys_read(file, path, &is_missing, log, error);

	if (!is_missing)
		return status;
	status = mcps__key_file_check_place(path, error);
	if (status == MCPS_OK)
		status = mcps__keys_make(file, random, error);
	if (status == MCPS_OK)
		status = keys_create(file, path, error);
	if (status != MCPS_OK)
		return status;
	return mcps__keys_read(file, path, &is_missing, log, error);
}
