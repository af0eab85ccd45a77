#include "fuzz/accept_oracle.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* What is left to read; bad once the grammar was left. */
struct reader {
	const char *at, *end;
	bool bad;
};

/* How exactly a range names the type; the most exact one decides. */
enum precision { NAMES_OTHER, NAMES_ANY, NAMES_MAJOR, NAMES_IT, PRECISIONS };

struct word {
	const char *text;
	size_t length;
};

static bool is(const struct word *word, const char *text)
{
	return word->length == strlen(text) &&
	       strncasecmp(word->text, text, word->length) == 0;
}

static bool take(struct reader *reader, char c)
{
	if (reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static void take_blanks(struct reader *reader)
{
	while (take(reader, ' ') || take(reader, '\t'))
		;
}

static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static struct word take_token(struct reader *reader)
{
	struct word word = { reader->at, 0 };

	while (reader->at < reader->end && is_token_byte(*reader->at))
		reader->at++;
	word.length = (size_t)(reader->at - word.text);
	if (word.length == 0)
		reader->bad = true;
	return word;
}

/* What is between the quotes, escapes and all. */
static struct word take_quoted(struct reader *reader)
{
	struct word word = { reader->at, 0 };

	while (reader->at < reader->end && *reader->at != '"') {
		if (*reader->at == '\\' && reader->at + 1 < reader->end)
			reader->at++;
		reader->at++;
	}
	word.length = (size_t)(reader->at - word.text);
	if (!take(reader, '"'))
		reader->bad = true;
	return word;
}

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
static bool is_weight(const struct word *value)
{
	if (value->length == 0 || value->length > 5 ||
	    (value->text[0] != '0' && value->text[0] != '1') ||
	    (value->length > 1 && value->text[1] != '.'))
		return false;
	for (size_t i = 2; i < value->length; i++)
		if (value->text[i] < '0' ||
		    value->text[i] > (value->text[0] == '0' ? '9' : '0'))
			return false;
	return true;
}

static bool is_zero(const struct word *weight)
{
	for (size_t i = 0; i < weight->length; i++)
		if (weight->text[i] != '0' && weight->text[i] != '.')
			return false;
	return true;
}

/* The parameters of a range; false: its weight is 0. */
static bool take_parameters(struct reader *reader)
{
	bool is_wanted = true;

	for (;;) {
		struct word name, value;
		bool is_quoted;

		take_blanks(reader);
		if (!take(reader, ';'))
			return is_wanted;
		take_blanks(reader);
		name = take_token(reader);
		if (!take(reader, '='))
			reader->bad = true;
		is_quoted = take(reader, '"');
		value = is_quoted ? take_quoted(reader) : take_token(reader);
		if (reader->bad)
			return false;
		if (!is(&name, "q"))
			continue;
		if (is_quoted || !is_weight(&value))
			reader->bad = true;
		is_wanted = is_wanted && !is_zero(&value);
	}
}

static enum precision take_range(struct reader *reader)
{
	struct word major = take_token(reader);
	struct word minor;

	if (!take(reader, '/'))
		reader->bad = true;
	minor = take_token(reader);
	if (is(&major, "*") && !is(&minor, "*"))
		reader->bad = true;
	if (is(&major, "*"))
		return NAMES_ANY;
	if (!is(&major, "application"))
		return NAMES_OTHER;
	if (is(&minor, "*"))
		return NAMES_MAJOR;
	return is(&minor, "json") ? NAMES_IT : NAMES_OTHER;
}

enum acceptance accept_oracle(const char *text, size_t length)
{
	struct reader reader = { text, text + length, false };
	bool named[PRECISIONS] = { false };
	bool wanted[PRECISIONS] = { false };

	for (;;) {
		enum precision precision;

		take_blanks(&reader);
		while (take(&reader, ',')) /* elements may be empty */
			take_blanks(&reader);
		if (reader.at == reader.end)
			break;
		precision = take_range(&reader);
		named[precision] = true;
		if (take_parameters(&reader))
			wanted[precision] = true;
		if (reader.bad || (reader.at < reader.end && *reader.at != ','))
			return ACCEPT_MALFORMED;
	}
	for (int p = NAMES_IT; p > NAMES_OTHER; p--)
		if (named[p])
			return wanted[p] ? ACCEPT_YES : ACCEPT_NO;
	return ACCEPT_NO;
}
