/* strtod() and printf() follow the host's locale, in which the point may be a
 * comma. POSIX lets a thread step into the "C" locale for a moment without
 * anybody else noticing. */
#include "rpc/decimal.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t c_locale; /* made once, lives as long as the process */

static void decimal_c_locale_make(void)
{
	/* All categories: then the C library hands out its own, static one. */
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Step into the "C" locale; false when there is none. */
static bool decimal_c_locale_enter(locale_t *back)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (pthread_once(&once, decimal_c_locale_make) != 0 ||
	    c_locale == (locale_t)0)
		return false;
	*back = uselocale(c_locale);
	return true;
}

bool mcps__decimal_read(const char *text, double *out)
{
	locale_t back;
	char *end;

	if (!decimal_c_locale_enter(&back))
		return false;
	*out = strtod(text, &end);
	(void)uselocale(back);
	return end != text && *end == '\0';
}

/* Fifteen digits always survive the way through a normal double, so fewer
 * than these can only be of use to a subnormal one; seventeen always do. */
static int decimal_write_shortest(double value, char *out)
{
	int digits = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
	int length;
	double again;

	do {
		length = snprintf(out, DECIMAL_MOST, "%.*g", digits++, value);
		again = strtod(out, NULL);
	} while ((again < value || again > value) && digits <= DBL_DECIMAL_DIG);
	return length;
}

size_t mcps__decimal_write(double value, char out[DECIMAL_MOST])
{
	locale_t back;
	int length;

	if (!isfinite(value) || !decimal_c_locale_enter(&back))
		return 0;
	length = decimal_write_shortest(value, out);
	(void)uselocale(back);
	return length > 0 ? (size_t)length : 0;
}
