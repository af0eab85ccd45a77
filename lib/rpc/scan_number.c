/* Numbers: the grammar of RFC 8259, section 6, and their exact values. */
#include "rpc/scan_internal.h"

#include "base/memory.h"
#include "rpc/decimal.h"

#include <math.h>

static bool scan_number_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Move over the next byte if it is ONE or OTHER. */
static bool scan_number_skip(struct pass *pass, char one, char other)
{
	if (pass->at == pass->end || (*pass->at != one && *pass->at != other))
		return false;
	pass->at++;
	return true;
}

/* At least one digit. */
static bool scan_number_skip_digits(struct pass *pass)
{
	const char *at = pass->at;

	while (at < pass->end && scan_number_is_digit(*at))
		at++;
	if (at == pass->at)
		return mcps__pass_refuse(pass, at, "expected a digit");
	pass->at = at;
	return true;
}

static bool scan_number_skip_integer(struct pass *pass)
{
	const char *start = pass->at;

	if (!scan_number_skip_digits(pass))
		return false;
	if (*start == '0' && pass->at - start > 1)
		return mcps__pass_refuse(pass, start, "leading zero");
	return true;
}

static bool scan_number_skip_exponent(struct pass *pass)
{
	(void)scan_number_skip(pass, '+', '-');
	return scan_number_skip_digits(pass);
}

bool mcps__pass_number(struct pass *pass, enum scan_kind *kind)
{
	*kind = SCAN_INTEGER;
	(void)scan_number_skip(pass, '-', '-');
	if (!scan_number_skip_integer(pass))
		return false;
	if (scan_number_skip(pass, '.', '.')) {
		*kind = SCAN_NUMBER;
		if (!scan_number_skip_digits(pass))
			return false;
	}
	if (scan_number_skip(pass, 'e', 'E')) {
		*kind = SCAN_NUMBER;
		return scan_number_skip_exponent(pass);
	}
	return true;
}

static bool is_number(const struct scan *scan, uint32_t token)
{
	return token < scan->count &&
	       (scan->tokens[token].kind == SCAN_INTEGER ||
	        scan->tokens[token].kind == SCAN_NUMBER);
}

/* A number token taken apart: digits with perhaps a point between them, and
 * how many of them are to stand before the point once the exponent has moved
 * it (perhaps more than there are, perhaps fewer than none). */
struct decimal {
	const char *at;
	const char *end;
	int64_t whole;
};

/* Saturates far above the 4 GiB of digits that an exponent could undo. */
static int64_t scan_number_exponent_value(const char *at, const char *end)
{
	bool is_negative = *at == '-';
	int64_t value = 0;

	for (at += is_negative || *at == '+'; at < end; at++) {
		if (value < INT64_C(1000000000000))
			value = value * 10 + (*at - '0');
	}
	return is_negative ? -value : value;
}

static struct decimal scan_number_decimal_of(const struct scan *scan,
                                             uint32_t token)
{
	const char *at = scan->text + scan->tokens[token].start;
	const char *end = at + scan->tokens[token].length;
	struct decimal decimal = { at + (*at == '-'), end, 0 };

	for (at = decimal.at; at < end && scan_number_is_digit(*at); at++)
		;
	decimal.whole = at - decimal.at;
	while (at < end && (scan_number_is_digit(*at) || *at == '.'))
		at++;
	decimal.end = at;
	if (at < end)
		decimal.whole += scan_number_exponent_value(at + 1, end);
	return decimal;
}

/* Append a digit to the value, unless that passes MOST. */
static bool scan_number_push_digit(uint64_t *value, uint64_t digit,
                                   uint64_t most)
{
	if (*value > most / 10 || digit > most - *value * 10)
		return false;
	*value = *value * 10 + digit;
	return true;
}

bool mcps__scan_magnitude(const struct scan *scan, uint32_t token,
                          uint64_t most, uint64_t *out)
{
	struct decimal decimal = scan_number_decimal_of(scan, token);
	uint64_t value = 0;

	for (; decimal.at < decimal.end; decimal.at++) {
		if (*decimal.at == '.')
			continue;
		if (decimal.whole-- <= 0) {
			if (*decimal.at != '0')
				return false; /* a fraction remains */
		} else if (!scan_number_push_digit(
				   &value, (uint64_t)(*decimal.at - '0'),
				   most)) {
			return false;
		}
	}
	/* Zeros that the exponent appends: 20 at most, else it overflows. */
	for (; value != 0 && decimal.whole > 0; decimal.whole--) {
		if (!scan_number_push_digit(&value, 0, most))
			return false;
	}
	*out = value;
	return true;
}

bool mcps__scan_int64(const struct scan *scan, uint32_t token, int64_t *out)
{
	bool is_negative;
	uint64_t most = INT64_MAX;
	uint64_t value;

	if (!is_number(scan, token))
		return false;
	is_negative = scan->text[scan->tokens[token].start] == '-';
	if (!mcps__scan_magnitude(scan, token, most + is_negative, &value))
		return false;
	/* -2^63 has no positive counterpart: negate without it. */
	*out = is_negative && value > 0 ? -(int64_t)(value - 1) - 1
	                                : (int64_t)value;
	return true;
}

bool mcps__scan_double(const struct scan *scan, uint32_t token, double *out)
{
	char few[64];
	char *copy = few;
	double value;
	bool is_read;

	if (!is_number(scan, token))
		return false;
	if (scan->tokens[token].length >= sizeof few)
		copy = mcps__scan_strdup(scan, token);
	else
		(void)mcps__scan_decode(scan, token, few);
	is_read = copy != NULL && mcps__decimal_read(copy, &value) &&
	          isfinite(value);
	if (is_read)
		*out = value;
	if (copy != few)
		mcps__free(copy);
	return is_read;
}
