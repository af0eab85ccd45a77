/* The file: a line "name = value" for each setting. A line that begins with #
 * is a comment. A # elsewhere is part of the value, and a value in which a word
 * begins with # needs quotes: nothing is cut off, because a value that is cut
 * names something else. */
#define _DEFAULT_SOURCE /* strsep */
#include "app/option_table.h"
#include "app/removed.h"

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
	struct fatal *fatal;
};

/* ---- one line ---- */

static char *config_file_trim(char *text)
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

static bool config_file_has_word_with_hash(const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c == '#' && (c == value || isspace((unsigned char)c[-1])))
			return true;
	return false;
}

/* Takes the quotes off. NULL: *WHY says what is wrong with the value. */
static char *config_file_read_value(char *value, const char **why)
{
	char *end;

	if (*value != '"') {
		*why = "a comment needs a line of its own, and a value in "
		       "which a word begins with # needs quotes";
		return config_file_has_word_with_hash(value) ? NULL : value;
	}
	*why = "one quote, or something after the second; a comment needs a "
	       "line of its own";
	end = strchr(value + 1, '"');
	if (end == NULL || end[1] != '\0')
		return NULL;
	*end = '\0';
	return value + 1;
}

static bool config_file_unknown(const struct place *place, const char *name)
{
	const struct option *near =
		mcps__option_resembling(name, strlen(name), "client-config");
	const char *successor = mcps__removed_successor(name, strlen(name));

	if (successor != NULL)
		return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
		                   "%s:%d: \"%s\" was renamed: use \"%s\"",
		                   place->path, place->line, name, successor);
	if (near == NULL)
		return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
		                   "%s:%d: unknown option \"%s\"; --help "
		                   "lists them, here they are written "
		                   "without --",
		                   place->path, place->line, name);
	return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
	                   "%s:%d: unknown option \"%s\"; did you mean "
	                   "\"%s\"?",
	                   place->path, place->line, name, near->name);
}

/* Which of two lines counts could only be guessed. */
static bool config_file_check_single(const struct settings *settings,
                                     const struct place *place,
                                     const struct option *option)
{
	const struct setting *before =
		&settings->of[mcps__option_index(option)];

	if (option->kind == OPTION_LIST || before->source != SOURCE_FILE ||
	    before->said.count == 0)
		return true;
	return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
	                   "%s:%d: %s has a value in line %d already; keep "
	                   "one of them",
	                   place->path, place->line, option->name,
	                   before->line);
}

static bool config_file_say(struct settings *settings,
                            const struct place *place, const char *name,
                            const char *value)
{
	/* What belongs to another command is fine in a shared file. */
	const struct option *option =
		mcps__option_find(name, strlen(name), "client-config");
	const struct setting here = { .source = SOURCE_FILE,
		                      .line = place->line };

	if (option == NULL)
		return config_file_unknown(place, name);
	if (option->reach != REACH_ALL)
		return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
		                   "%s:%d: %s belongs to the command line",
		                   place->path, place->line, name);
	if (!config_file_check_single(settings, place, option))
		return false;
	mcps__settings_say(settings, mcps__option_index(option), &here, value,
	                   option->kind == OPTION_LIST);
	return true;
}

static bool config_file_read_line(struct settings *settings,
                                  const struct place *place, char *line)
{
	char *name = config_file_trim(line);
	char *value = strchr(name, '=');
	const char *why;

	if (*name == '\0' || *name == '#')
		return true;
	if (value == NULL)
		return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
		                   "%s:%d: not a line \"name = value\"",
		                   place->path, place->line);
	*value++ = '\0';
	value = config_file_read_value(config_file_trim(value), &why);
	if (value == NULL)
		return mcps__fatal(place->fatal, EXIT_CONFIGURATION,
		                   "%s:%d: %s", place->path, place->line, why);
	return config_file_say(settings, place, config_file_trim(name), value);
}

/* ---- the whole file ---- */

static bool config_file_cannot(const char *path, struct fatal *fatal)
{
	return mcps__fatal(fatal,
	                   errno == EACCES || errno == EPERM
	                           ? EXIT_FORBIDDEN
	                           : EXIT_CONFIGURATION,
	                   "config file %s: %s", path, strerror(errno));
}

static bool config_file_check_kind(const struct stat *about, const char *path,
                                   struct fatal *fatal)
{
	if (S_ISREG(about->st_mode))
		return true;
	return mcps__fatal(fatal, EXIT_CONFIGURATION,
	                   "config file %s: not a regular file", path);
}

/* -1: FATAL says why. A pipe would be read in part or block the reload, and
 * opening some devices does something: only a regular file is opened. */
static int config_file_open_regular(const char *path, struct fatal *fatal)
{
	struct stat about;
	int fd;

	if (stat(path, &about) != 0) {
		config_file_cannot(path, fatal);
		return -1;
	}
	if (!config_file_check_kind(&about, path, fatal))
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		config_file_cannot(path, fatal);
		return -1;
	}
	if (fstat(fd, &about) == 0 &&
	    config_file_check_kind(&about, path, fatal))
		return fd;
	close(fd);
	return -1;
}

/* To the end of the file, or until ROOM is full; -1 with errno. */
static ssize_t config_file_read_whole(int fd, char *text, size_t room)
{
	size_t have = 0;

	while (have < room) {
		ssize_t got = read(fd, text + have, room - have);

		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)have;
}

/* NUL-terminated, to be freed; NULL: FATAL says why. */
static char *read_file(const char *path, struct fatal *fatal)
{
	int fd = config_file_open_regular(path, fatal);
	char *text = fd >= 0 ? malloc(FILE_MOST + 1) : NULL;
	ssize_t length =
		text != NULL ? config_file_read_whole(fd, text, FILE_MOST + 1)
			     : -1;

	if (text != NULL && length < 0)
		config_file_cannot(path, fatal);
	if (fd >= 0)
		close(fd);
	if (length > FILE_MOST ||
	    (length >= 0 && memchr(text, '\0', (size_t)length))) {
		mcps__fatal(fatal, EXIT_CONFIGURATION,
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
                            struct fatal *fatal)
{
	struct place place = { path, 0, fatal };
	char *text = read_file(path, fatal);
	char *rest = text;
	bool fine = text != NULL;

	for (char *line; fine && (line = strsep(&rest, "\n")) != NULL;) {
		place.line++;
		fine = config_file_read_line(settings, &place, line);
	}
	free(text);
	return fine;
}
