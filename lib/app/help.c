/* What is said about the options: --help, the manual, and --check. */
#include "app/option_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 28, WIDTH = 79 };

static const char *help_shown_argument(const struct option *option)
{
	return option->argument != NULL ? option->argument : "";
}

/* What counts when nobody says anything; "": there is nothing to say. */
static const char *help_shown_default(const struct option *option,
                                      const struct app_options *defaults,
                                      char text[OPTION_TEXT_SIZE])
{
	bool is_yes_or_no = option->argument != NULL;

	mcps__option_text(option, defaults, text);
	if (option->kind == OPTION_FLAG && !is_yes_or_no)
		text[0] = '\0';
	if (text[0] == '\0' && option->otherwise != NULL)
		snprintf(text, OPTION_TEXT_SIZE, "%s", option->otherwise);
	return text;
}

static void help_read_defaults(struct app_options *defaults,
                               const mcps_server *server)
{
	char *none[] = { NULL };
	const struct app_sources nothing = { .argv = none,
		                             .environment = none };
	struct settings settings = { 0 };
	struct fatal fatal;

	(void)mcps__app_options_read(defaults, &settings, server, &nothing,
	                             &fatal);
	if (mcps_server_get_options(server)->lock_wait_ms == 0)
		defaults->server.lock_wait_ms = 0; /* it follows --drain */
	mcps__settings_free(&settings);
}

/* Not every program has options of its own. */
static bool help_has_options(enum option_group group)
{
	for (size_t i = 0; i < mcps__option_count; i++)
		if (mcps__option_table[i].group == group)
			return true;
	return false;
}

/* ---- --help ---- */

/* Words of TEXT in the second column; AT is where the line is now. */
static size_t help_write_words(FILE *out, const char *text, size_t at)
{
	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (at + 1 + length > WIDTH) {
			fprintf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
		}
		at += (size_t)fprintf(out, " %.*s", (int)length, text);
		text += length + (text[length] == ' ');
	}
	return at;
}

static void help_explain_option(FILE *out, const struct option *option,
                                const struct app_options *defaults)
{
	char otherwise[OPTION_TEXT_SIZE], variable[VARIABLE_SIZE];
	char remark[OPTION_TEXT_SIZE + VARIABLE_SIZE + 16];
	size_t at = (size_t)fprintf(out, "  --%s %s", option->name,
	                            help_shown_argument(option));

	if (at > COLUMN)
		fprintf(out, "\n%*s", COLUMN, "");
	else
		fprintf(out, "%*s", (int)(COLUMN - at), "");
	at = help_write_words(out, option->help, COLUMN);
	mcps__option_variable(option, variable);
	help_shown_default(option, defaults, otherwise);
	if (option->reach == REACH_FLAG_ONLY)
		variable[0] = '\0';
	snprintf(remark, sizeof remark, "[%s%s%s]", otherwise,
	         otherwise[0] != '\0' && variable[0] != '\0' ? "; " : "",
	         variable);
	if (strlen(remark) > 2)
		help_write_words(out, remark, at);
	fputc('\n', out);
}

void mcps__app_options_explain(FILE *out, const mcps_server *server)
{
	struct app_options defaults;

	help_read_defaults(&defaults, server);
	for (enum option_group group = 0; group < GROUP_COUNT; group++) {
		if (!help_has_options(group))
			continue;
		fprintf(out, "\n%s:\n", mcps__option_group_title(group));
		for (size_t i = 0; i < mcps__option_count; i++)
			if (mcps__option_table[i].group == group)
				help_explain_option(out, &mcps__option_table[i],
				                    &defaults);
	}
}

/* ---- the manual ---- */

/* Text of ours in mdoc, as a sentence: a leading dot or quote and backslashes
 * would be commands, a dash a hyphen; each sentence begins a line. */
static void help_write_mdoc(FILE *out, const char *text, bool is_sentence)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	if (is_sentence)
		fputc(toupper((unsigned char)*text++), out);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-' && text[1] == '-')
			fputs("\\-\\-", out), text++;
		else if (strncmp(text, ". ", 2) == 0)
			fputs(".\n", out), text++;
		else
			fputc(*text, out);
}

static void help_write_manual(FILE *out, const struct option *option,
                              const struct app_options *defaults)
{
	char otherwise[OPTION_TEXT_SIZE], variable[VARIABLE_SIZE];

	fprintf(out, ".It Fl \\-%s", option->name);
	if (option->argument != NULL)
		fprintf(out, " Ar %s", option->argument);
	fputc('\n', out);
	help_write_mdoc(out, option->help, true);
	fputs(".\n", out);
	if (help_shown_default(option, defaults, otherwise)[0] != '\0') {
		fputs("Default: ", out);
		help_write_mdoc(out, otherwise, false);
		fputs(".\n", out);
	}
	mcps__option_variable(option, variable);
	if (option->reach != REACH_FLAG_ONLY)
		fprintf(out, ".Ev %s\n", variable);
}

void mcps__app_options_manual(FILE *out, const mcps_server *server)
{
	struct app_options defaults;

	help_read_defaults(&defaults, server);
	fputs(".Sh OPTIONS\n", out);
	for (enum option_group group = 0; group < GROUP_COUNT; group++) {
		if (!help_has_options(group))
			continue;
		fprintf(out, ".Ss %s\n.Bl -tag -width Ds\n",
		        mcps__option_group_title(group));
		for (size_t i = 0; i < mcps__option_count; i++)
			if (mcps__option_table[i].group == group)
				help_write_manual(out, &mcps__option_table[i],
				                  &defaults);
		fputs(".El\n", out);
	}
}

/* ---- --check ---- */

void mcps__app_options_show(FILE *out, const struct app_options *options,
                            const struct settings *settings)
{
	static const char *const sources[] = {
		[SOURCE_FILE] = "file",
		[SOURCE_ENVIRONMENT] = "environment",
		[SOURCE_FLAG] = "command line",
	};
	char text[OPTION_TEXT_SIZE];

	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct setting *setting = &settings->of[i];
		const struct option *option = &mcps__option_table[i];

		if (setting->source == SOURCE_NONE ||
		    option->reach == REACH_FLAG_ONLY)
			continue;
		mcps__option_text(option, options, text);
		fprintf(out, "  %s = %s  (%s", option->name, text,
		        sources[setting->source]);
		if (setting->source == SOURCE_FILE)
			fprintf(out, ", line %d", setting->line);
		fputs(")\n", out);
	}
}
