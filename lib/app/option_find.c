/* Finding an option in the table by its name, or by nearly its name. */
#include "app/option_table.h"

#include <ctype.h>
#include <string.h>

static bool option_belongs(const struct option *option, const char *command)
{
	const char *wanted = mcps__option_group_command(option->group);

	return wanted == NULL ||
	       (command != NULL && strcmp(wanted, command) == 0);
}

const struct option *mcps__option_find(const char *name, size_t length,
                                       const char *command)
{
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		if (strlen(option->name) == length &&
		    memcmp(option->name, name, length) == 0 &&
		    option_belongs(option, command))
			return option;
	}
	return NULL;
}

size_t mcps__option_index(const struct option *option)
{
	return (size_t)(option - mcps__option_table);
}

enum { NAME_MAX_LENGTH = 32, NEAR = 2 };

static size_t option_least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to insert, drop or change (Levenshtein). */
static size_t option_distance(const char *a, size_t a_length, const char *b,
                              size_t b_length)
{
	size_t row[NAME_MAX_LENGTH + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = option_least_of(
				change,
				option_least_of(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_length];
}

const struct option *mcps__option_resembling(const char *name, size_t length,
                                             const char *command)
{
	const struct option *best = NULL;
	size_t best_distance = NEAR + 1;

	if (length < 3 || length > NAME_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];
		size_t near = option_distance(name, length, option->name,
		                              strlen(option->name));

		if (near >= best_distance || !option_belongs(option, command))
			continue;
		best = option;
		best_distance = near;
	}
	return best;
}

void mcps__option_variable(const struct option *option,
                           char variable[VARIABLE_SIZE])
{
	mcps__option_name_variable(option->name, variable);
}

void mcps__option_name_variable(const char *name, char variable[VARIABLE_SIZE])
{
	static const char prefix[] = "MCPS_";
	size_t at = sizeof prefix - 1;

	memcpy(variable, prefix, at);
	for (const char *c = name; *c != '\0'; c++)
		variable[at++] = *c == '-' ? '_' : (char)toupper(*c);
	variable[at] = '\0';
}
