#include "app/option_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

static void *option_value_member(const struct option *option,
                                 struct app_options *options)
{
	return (char *)options + option->offset;
}

static void option_value_set_u32(const struct option *option,
                                 struct app_options *options, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	memcpy(option_value_member(option, options), &narrow, sizeof narrow);
}

static void option_value_set_size(const struct option *option,
                                  struct app_options *options, uint64_t value)
{
	size_t size = (size_t)value;

	memcpy(option_value_member(option, options), &size, sizeof size);
}

/* ---- numbers with units ---- */

struct unit {
	const char *name;
	uint64_t worth;
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit sizes[] = {
	{ "", 1 },           { "B", 1 },          { "KiB", 1u << 10 },
	{ "K", 1u << 10 },   { "MiB", 1u << 20 }, { "M", 1u << 20 },
	{ "GiB", 1u << 30 }, { "G", 1u << 30 },   { NULL, 0 },
};
/* A time without a unit would be seconds here and milliseconds there. */
static const struct unit seconds[] = {
	{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 },
};
static const struct unit milliseconds[] = {
	{ "ms", 1 },      { "s", 1000 },      { "m", 60000 },
	{ "h", 3600000 }, { "d", 86400000u }, { NULL, 0 },
};

static const struct {
	const struct unit *units;
	uint64_t most;
	const char *what; /* it should be */
} numbers[] = {
	[OPTION_NUMBER] = { no_units, UINT32_MAX, "a whole number" },
	[OPTION_SIZE] = { sizes, SIZE_MAX,
	                  "a size such as 64KiB, 4MiB or "
	                  "1GiB" },
	[OPTION_SIZE_32] = { sizes, UINT32_MAX, "a size such as 64KiB" },
	[OPTION_SECONDS] = { seconds, UINT32_MAX,
	                     "a time such as 30s, 15m, "
	                     "12h or 7d" },
	[OPTION_MILLISECONDS] = { milliseconds, UINT32_MAX,
	                          "a time such as 500ms, 10s or 2m" },
};

static const struct unit *option_value_find_unit(const struct unit *units,
                                                 const char *name)
{
	for (; units->name != NULL; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* False: no number, of no such unit, or beyond 64 bits. Zero is the same in any
 * unit, and needs none. */
static bool option_value_read_number(const char *text, const struct unit *units,
                                     uint64_t *out)
{
	const struct unit *unit;
	uint64_t value = 0;
	const char *c = text;

	for (; isdigit((unsigned char)*c); c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return false;
	if (c == text)
		return false;
	if (value == 0 && *c == '\0') {
		*out = 0;
		return true;
	}
	unit = option_value_find_unit(units, c);
	return unit != NULL && !__builtin_mul_overflow(value, unit->worth, out);
}

/* 604800 of seconds is "7d": the largest unit that leaves nothing over. */
static void option_value_write_number(uint64_t value, const struct unit *units,
                                      char *text, size_t size)
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name != NULL; unit++)
		if (value != 0 && value % unit->worth == 0 &&
		    unit->worth > best->worth)
			best = unit;
	snprintf(text, size, "%" PRIu64 "%s", value / best->worth, best->name);
}

static bool option_value_set_number(const struct option *option,
                                    struct app_options *options,
                                    const char *text, char *reason)
{
	uint64_t type_most = numbers[option->kind].most;
	uint64_t most = option->most != 0 ? option->most : type_most;
	const struct unit *units = numbers[option->kind].units;
	char from[32], to[32];
	uint64_t value = 0;

	if (!option_value_read_number(text, units, &value)) {
		snprintf(reason, OPTION_REASON_SIZE, "it must be %s",
		         numbers[option->kind].what);
		return false;
	}
	if (value < option->least || value > most) {
		option_value_write_number(option->least, units, from,
		                          sizeof from);
		option_value_write_number(most, units, to, sizeof to);
		snprintf(reason, OPTION_REASON_SIZE,
		         "it must be between %s and %s", from, to);
		return false;
	}
	if (option->kind == OPTION_SIZE)
		option_value_set_size(option, options, value);
	else
		option_value_set_u32(option, options, value);
	return true;
}

/* ---- words ---- */

/* Which of "a|b|c" it is; -1: none. */
static int option_value_find_word(const char *words, const char *text)
{
	size_t length = strlen(text);

	for (int i = 0;; i++) {
		size_t word = strcspn(words, "|");

		if (word == length && memcmp(words, text, length) == 0)
			return i;
		if (words[word] == '\0')
			return -1;
		words += word + 1;
	}
}

static void option_value_write_word(const char *words, uint32_t which,
                                    char *text, size_t size)
{
	for (; which > 0; which--)
		words = strchr(words, '|') + 1;
	snprintf(text, size, "%.*s", (int)strcspn(words, "|"), words);
}

/* "a, b or c". */
static bool option_value_no_such_word(const char *words, char *reason)
{
	int at = snprintf(reason, OPTION_REASON_SIZE, "it must be ");

	for (;;) {
		size_t length = strcspn(words, "|");
		const char *next = words + length;
		bool is_last = *next == '\0' || strchr(next + 1, '|') == NULL;
		const char *between = is_last ? " or " : ", ";

		at += snprintf(reason + at, (size_t)(OPTION_REASON_SIZE - at),
		               "%.*s%s", (int)length, words,
		               *next != '\0' ? between : "");
		if (*next == '\0')
			return false;
		words = next + 1;
	}
}

static bool option_value_set_word(const struct option *option,
                                  struct app_options *options, const char *text,
                                  char *reason)
{
	int which = option_value_find_word(option->argument, text);

	if (which < 0)
		return option_value_no_such_word(option->argument, reason);
	option_value_set_u32(option, options, (uint64_t)which + option->least);
	return true;
}

static bool option_value_set_flag(const struct option *option,
                                  struct app_options *options, const char *text,
                                  char *reason)
{
	static const char yes[] = "yes|true|on|1", no[] = "no|false|off|0";
	bool value = option_value_find_word(yes, text) >= 0;

	if (!value && option_value_find_word(no, text) < 0) {
		snprintf(reason, OPTION_REASON_SIZE, "it must be yes or no");
		return false;
	}
	memcpy(option_value_member(option, options), &value, sizeof value);
	return true;
}

/* ---- texts ---- */

static bool option_value_set_text(const struct option *option,
                                  struct app_options *options, const char *text,
                                  char *reason)
{
	if (*text == '\0') {
		snprintf(reason, OPTION_REASON_SIZE, "it must not be empty");
		return false;
	}
	memcpy(option_value_member(option, options), &text, sizeof text);
	return true;
}

static bool option_value_add_entries(const struct option *option,
                                     struct app_options *options,
                                     const char *text, char *reason)
{
	struct text_list *list = option_value_member(option, options);

	while (*text != '\0') {
		size_t skip = strspn(text, ", \t");
		size_t length = strcspn(text + skip, ",");
		size_t all = skip + length;

		while (length > 0 &&
		       isblank((unsigned char)text[skip + length - 1]))
			length--;
		if (length > 0 &&
		    !mcps__text_list_add(list, text + skip, length)) {
			snprintf(reason, OPTION_REASON_SIZE, "out of memory");
			return false;
		}
		text += all;
	}
	return true;
}

static bool option_value_set_mode(const struct option *option,
                                  struct app_options *options, const char *text,
                                  char *reason)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (!isdigit((unsigned char)*text) || *end != '\0' || mode == 0 ||
	    mode > option->most) {
		snprintf(reason, OPTION_REASON_SIZE,
		         "it must be octal, such as 0660");
		return false;
	}
	option_value_set_u32(option, options, mode);
	return true;
}

/* ---- all kinds ---- */

bool mcps__option_set(const struct option *option, struct app_options *options,
                      const char *text, char reason[OPTION_REASON_SIZE])
{
	switch (option->kind) {
	case OPTION_FLAG:
		return option_value_set_flag(option, options, text, reason);
	case OPTION_TEXT:
		return option_value_set_text(option, options, text, reason);
	case OPTION_LIST:
		return option_value_add_entries(option, options, text, reason);
	case OPTION_WORD:
		return option_value_set_word(option, options, text, reason);
	case OPTION_MODE:
		return option_value_set_mode(option, options, text, reason);
	default:
		return option_value_set_number(option, options, text, reason);
	}
}

static void option_value_write_list(const struct text_list *list, char *text)
{
	size_t at = 0;

	for (size_t i = 0; i < list->count && at < OPTION_TEXT_SIZE; i++)
		at += (size_t)snprintf(text + at, OPTION_TEXT_SIZE - at, "%s%s",
		                       i > 0 ? "," : "", list->texts[i]);
}

static void option_value_write_text(const char *value, char *text)
{
	snprintf(text, OPTION_TEXT_SIZE, "%s", value != NULL ? value : "");
}

static uint64_t option_value_number_of(const struct option *option,
                                       const void *value)
{
	uint32_t narrow;
	size_t size;

	if (option->kind == OPTION_SIZE) {
		memcpy(&size, value, sizeof size);
		return size;
	}
	memcpy(&narrow, value, sizeof narrow);
	return narrow;
}

void mcps__option_text(const struct option *option,
                       const struct app_options *options,
                       char text[OPTION_TEXT_SIZE])
{
	const void *value = (const char *)options + option->offset;
	const char *borrowed;
	bool flag;

	text[0] = '\0';
	if (option->kind == OPTION_FLAG) {
		memcpy(&flag, value, sizeof flag);
		option_value_write_text(flag ? "yes" : "no", text);
	} else if (option->kind == OPTION_TEXT) {
		memcpy(&borrowed, value, sizeof borrowed);
		option_value_write_text(borrowed, text);
	} else if (option->kind == OPTION_LIST) {
		option_value_write_list(value, text);
	} else if (option->kind == OPTION_WORD) {
		if (option_value_number_of(option, value) >= option->least)
			option_value_write_word(
				option->argument,
				(uint32_t)(option_value_number_of(option,
			                                          value) -
			                   option->least),
				text, OPTION_TEXT_SIZE);
	} else if (option->kind == OPTION_MODE) {
		if (option_value_number_of(option, value) != 0)
			snprintf(text, OPTION_TEXT_SIZE, "%04" PRIo64,
			         option_value_number_of(option, value));
	} else if (option_value_number_of(option, value) != 0 ||
	           option->otherwise == NULL) {
		option_value_write_number(option_value_number_of(option, value),
		                          numbers[option->kind].units, text,
		                          OPTION_TEXT_SIZE);
	}
}
