/* Variables: MCPS_ and the name of an option in capitals, "-" as "_". */
#include "app/option_table.h"
#include "app/removed.h"

#include <ctype.h>
#include <string.h>

static const char prefix[] = "MCPS_";

static bool environment_is_named(const char *entry, size_t length,
                                 const char *variable)
{
	return variable != NULL && strlen(variable) == length &&
	       memcmp(variable, entry, length) == 0;
}

/* The option that the variable of LENGTH letters at ENTRY sets. */
static const struct option *environment_find(const char *entry, size_t length)
{
	char variable[VARIABLE_SIZE];

	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		mcps__option_variable(option, variable);
		if (option->reach != REACH_FLAG_ONLY &&
		    (environment_is_named(entry, length, variable) ||
		     environment_is_named(entry, length, option->variable)))
			return option;
	}
	return NULL;
}

static bool environment_is_ours(const char *entry)
{
	return strncmp(entry, prefix, sizeof prefix - 1) == 0 &&
	       strchr(entry, '=') != NULL;
}

/* The variable of LENGTH letters at ENTRY as the name of an option; false: it
 * is longer than any of them. */
static bool environment_to_name(const char *entry, size_t length,
                                char name[VARIABLE_SIZE])
{
	const char *rest = entry + sizeof prefix - 1;
	size_t count = length - (sizeof prefix - 1);

	if (count >= VARIABLE_SIZE)
		return false;
	for (size_t i = 0; i < count; i++)
		name[i] = rest[i] == '_'
		                  ? '-'
		                  : (char)tolower((unsigned char)rest[i]);
	name[count] = '\0';
	return true;
}

static const char *environment_successor(const char *entry, size_t length)
{
	char name[VARIABLE_SIZE];

	return environment_to_name(entry, length, name)
	               ? mcps__removed_successor(name, strlen(name))
	               : NULL;
}

static bool environment_unknown(const char *entry, size_t length,
                                struct fatal *fatal)
{
	const char *successor = environment_successor(entry, length);
	char variable[VARIABLE_SIZE];

	if (successor == NULL)
		return true; /* there will be a warning */
	mcps__option_name_variable(successor, variable);
	return mcps__fatal(fatal, EXIT_CONFIGURATION,
	                   "environment: %.*s was renamed: use %s", (int)length,
	                   entry, variable);
}

/* An empty one says nothing: so compose files can pass on what is not set. */
static bool environment_read_entry(struct settings *settings, const char *entry,
                                   struct fatal *fatal)
{
	size_t length = strcspn(entry, "=");
	const struct option *option = environment_find(entry, length);
	struct setting here = { .source = SOURCE_ENVIRONMENT };

	if (entry[length + 1] == '\0')
		return true;
	if (option == NULL)
		return environment_unknown(entry, length, fatal);
	if (environment_is_named(entry, length, option->variable))
		here.variable = option->variable;
	mcps__settings_say(settings, mcps__option_index(option), &here,
	                   entry + length + 1, false);
	return true;
}

bool mcps__environment_read(struct settings *settings, char **environment,
                            struct fatal *fatal)
{
	for (; *environment != NULL; environment++)
		if (environment_is_ours(*environment) &&
		    !environment_read_entry(settings, *environment, fatal))
			return false;
	return true;
}

/* "MCPS_TOKEN is no option of this program; did you mean MCPS_TOKENS?" */
static void environment_write_remark(char *remark, size_t size,
                                     const char *entry, size_t length)
{
	char name[VARIABLE_SIZE], variable[VARIABLE_SIZE];
	const struct option *near = NULL;

	if (environment_to_name(entry, length, name))
		near = mcps__option_resembling(name, strlen(name), NULL);
	if (near != NULL)
		mcps__option_variable(near, variable);
	snprintf(remark, size, "%.*s is no option of this program%s%s%s",
	         (int)length, entry, near != NULL ? "; did you mean " : "",
	         near != NULL ? variable : "", near != NULL ? "?" : "");
}

bool mcps__environment_unknown(char **environment, size_t *next, char *remark,
                               size_t size)
{
	while (environment[*next] != NULL) {
		const char *entry = environment[(*next)++];
		size_t length = strcspn(entry, "=");

		if (!environment_is_ours(entry) ||
		    environment_find(entry, length) != NULL)
			continue;
		environment_write_remark(remark, size, entry, length);
		return true;
	}
	return false;
}
