/* The command line: "--name value", "--name=value", and flags. */
#include "app/option_table.h"
#include "app/removed.h"

#include <string.h>

/* One argument, while it is looked at. */
struct word {
	const char *name; /* without the dashes */
	size_t length;
	const char *value; /* NULL: none here */
};

static bool command_line_split(struct word *word, const char *text)
{
	if (strncmp(text, "--", 2) != 0 || text[2] == '\0')
		return false;
	word->name = text + 2;
	word->length = strcspn(word->name, "=");
	word->value = word->name[word->length] == '='
	                      ? word->name + word->length + 1
	                      : NULL;
	return true;
}

static bool command_line_unknown(const struct word *word, const char *command,
                                 struct fatal *fatal)
{
	const struct option *near =
		mcps__option_resembling(word->name, word->length, command);
	const char *successor =
		mcps__removed_successor(word->name, word->length);

	if (successor != NULL)
		return mcps__fatal(fatal, EXIT_CONFIGURATION,
		                   "--%.*s was renamed: use --%s",
		                   (int)word->length, word->name, successor);
	if (near == NULL)
		return mcps__fatal(fatal, EXIT_USAGE,
		                   "unknown option --%.*s; --help lists them",
		                   (int)word->length, word->name);
	return mcps__fatal(fatal, EXIT_USAGE,
	                   "unknown option --%.*s; did you mean --%s?",
	                   (int)word->length, word->name, near->name);
}

/* Takes the next argument as the value, if there must be one. A flag takes it
 * if it is no option: nothing but a value can stand there. */
static bool command_line_read_word(struct settings *settings, struct word *word,
                                   char ***next, const char *command,
                                   struct fatal *fatal)
{
	static const struct setting here = { .source = SOURCE_FLAG };
	const struct option *option =
		mcps__option_find(word->name, word->length, command);

	if (option == NULL)
		return command_line_unknown(word, command, fatal);
	if (option->kind == OPTION_FLAG && word->value == NULL &&
	    (**next == NULL || ***next == '-'))
		word->value = "yes";
	if (word->value == NULL && **next != NULL)
		word->value = *(*next)++;
	if (word->value == NULL)
		return mcps__fatal(
			fatal, EXIT_USAGE, "--%s: a value must follow: --%s %s",
			option->name, option->name, option->argument);
	mcps__settings_say(settings, mcps__option_index(option), &here,
	                   word->value, option->kind == OPTION_LIST);
	return true;
}

bool mcps__command_line_read(struct settings *settings,
                             const struct app_sources *sources,
                             struct fatal *fatal)
{
	char **next = sources->argv;
	struct word word;

	while (*next != NULL) {
		const char *text = *next++;

		if (!command_line_split(&word, text))
			return mcps__fatal(fatal, EXIT_USAGE,
			                   "unexpected argument %s; options "
			                   "begin with --, and --help lists "
			                   "them",
			                   text);
		if (!command_line_read_word(settings, &word, &next,
		                            sources->command, fatal))
			return false;
	}
	return true;
}
