/* The file: a line "name = value" for each setting; # begins a comment, also
 * behind a blank; quotes around a value may hold one. */
#define _DEFAULT_SOURCE /* strsep */
#include "app/option_table.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 64 * 1024 };

struct place {
	const char *path;
	int line;
	struct complaint *complaint;
};

/* ---- one line ---- */

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static char *cut_comment(char *value)
{
	for (char *c = value; *c != '\0'; c++) {
		if (*c != '#' || (c != value && !isblank((unsigned char)c[-1])))
			continue;
		*c = '\0';
		break;
	}
	return trim(value);
}

/* NULL: a quote without its end, or something behind that. */
static char *unquote(char *value)
{
	char *end;

	if (*value != '"')
		return cut_comment(value);
	end = strchr(value + 1, '"');
	if (end == NULL || *cut_comment(end + 1) != '\0')
		return NULL;
	*end = '\0';
	return value + 1;
}

static bool unknown(const struct place *place, const char *name)
{
	const struct option *near =
		mcps__option_resembling(name, strlen(name), "client-config");

	if (near == NULL)
		return mcps__complain(place->complaint, EXIT_CONFIGURATION,
		                      "%s:%d: unknown option \"%s\"; --help "
		                      "lists them, here they are written "
		                      "without --",
		                      place->path, place->line, name);
	return mcps__complain(place->complaint, EXIT_CONFIGURATION,
	                      "%s:%d: unknown option \"%s\"; did you mean "
	                      "\"%s\"?",
	                      place->path, place->line, name, near->name);
}

static bool say(struct settings *settings, const struct place *place,
                const char *name, const char *value)
{
	/* What belongs to another command is fine in a shared file. */
	const struct option *option =
		mcps__option_find(name, strlen(name), "client-config");
	const struct setting here = { .source = SOURCE_FILE,
		                      .line = place->line };

	if (option == NULL)
		return unknown(place, name);
	if (option->reach != REACH_ALL)
		return mcps__complain(place->complaint, EXIT_CONFIGURATION,
		                      "%s:%d: %s belongs to the command line",
		                      place->path, place->line, name);
	mcps__settings_say(settings, mcps__option_index(option), &here, value,
	                   option->kind == OPTION_LIST);
	return true;
}

static bool read_line(struct settings *settings, const struct place *place,
                      char *line)
{
	char *name = trim(line);
	char *value = strchr(name, '=');

	if (*name == '\0' || *name == '#')
		return true;
	if (value == NULL)
		return mcps__complain(place->complaint, EXIT_CONFIGURATION,
		                      "%s:%d: not a line \"name = value\"",
		                      place->path, place->line);
	*value++ = '\0';
	value = unquote(trim(value));
	if (value == NULL)
		return mcps__complain(
			place->complaint, EXIT_CONFIGURATION,
			"%s:%d: one quote, or something after the "
			"second",
			place->path, place->line);
	return say(settings, place, trim(name), value);
}

/* ---- the whole file ---- */

static bool cannot(const char *path, struct complaint *complaint)
{
	return mcps__complain(complaint,
	                      errno == EACCES || errno == EPERM
	                              ? EXIT_FORBIDDEN
	                              : EXIT_CONFIGURATION,
	                      "config file %s: %s", path, strerror(errno));
}

/* NUL-terminated, to be freed; NULL: COMPLAINT says why. */
static char *read_file(const char *path, struct complaint *complaint)
{
	/* Nobody waits for the writer of a pipe. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char *text = fd >= 0 ? malloc(FILE_MOST + 1) : NULL;
	ssize_t length = text != NULL ? read(fd, text, FILE_MOST + 1) : -1;

	if (length < 0)
		cannot(path, complaint);
	if (fd >= 0)
		close(fd);
	if (length > FILE_MOST ||
	    (length >= 0 && memchr(text, '\0', (size_t)length))) {
		mcps__complain(complaint, EXIT_CONFIGURATION,
		               "config file %s: longer than 64KiB, or no text",
		               path);
		length = -1;
	}
	if (length < 0) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

bool mcps__config_file_read(struct settings *settings, const char *path,
                            struct complaint *complaint)
{
	struct place place = { path, 0, complaint };
	char *text = read_file(path, complaint);
	char *rest = text;
	bool fine = text != NULL;

	for (char *line; fine && (line = strsep(&rest, "\n")) != NULL;) {
		place.line++;
		fine = read_line(settings, &place, line);
	}
	free(text);
	return fine;
}
