#include "app/log.h"

#include "app/options.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096, TEXT_SIZE = 1024, TIME_SIZE = 32 };

static const struct {
	const char *name;
	char syslog;
} levels[] = {
	[MCPS_LOG_DEBUG] = { "debug", '7' },
	[MCPS_LOG_INFO] = { "info", '6' },
	[MCPS_LOG_WARN] = { "warn", '4' },
	[MCPS_LOG_ERROR] = { "error", '3' },
};

/* systemd says which socket is the journal's: "device:inode". */
static bool log_is_journal(int fd)
{
	const char *said = getenv("JOURNAL_STREAM");
	struct stat about;
	char ours[48];

	if (said == NULL || fstat(fd, &about) != 0)
		return false;
	snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)about.st_dev,
	         (uintmax_t)about.st_ino);
	return strcmp(said, ours) == 0;
}

void mcps__app_log_init(struct app_log *log, const char *name)
{
	log->name = name;
	atomic_init(&log->level, MCPS_LOG_INFO);
	atomic_init(&log->format, LOG_FORMAT_TEXT);
	log->to_journal = log_is_journal(STDERR_FILENO);
}

/* UTC, so that lines of several machines can be merged. */
static void log_write_time(char text[TIME_SIZE])
{
	struct timespec now;
	struct tm parts;
	char seconds[20];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, TIME_SIZE, "%s.%03dZ", seconds,
	         (int)(now.tv_nsec / 1000000) % 1000);
}

/* One write() a line: lines of several threads do not mix. */
static void log_write_line(const char *line, size_t length)
{
	ssize_t written = write(STDERR_FILENO, line, length);

	(void)written; /* nobody is left to be told */
}

/* ---- JSON ---- */

/* The length of the UTF-8 character at TEXT; 0: it is none. */
static size_t log_character(const unsigned char *text)
{
	static const struct {
		unsigned char from, to;  /* the first byte */
		unsigned char low, high; /* the second */
		size_t length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (text[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (text[0] < forms[i].from || text[0] > forms[i].to)
			continue;
		if (text[1] < forms[i].low || text[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((text[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static size_t log_escape(char *out, size_t size, const char *text,
                         size_t length)
{
	unsigned char c = (unsigned char)*text;

	if (length == 0)
		return (size_t)snprintf(out, size, "\\ufffd");
	if (c == '"' || c == '\\')
		return (size_t)snprintf(out, size, "\\%c", c);
	if (c < 0x20 || c == 0x7f)
		return (size_t)snprintf(out, size, "\\u%04x", c);
	return (size_t)snprintf(out, size, "%.*s", (int)length, text);
}

size_t mcps__app_json_string(char *out, size_t size, const char *text)
{
	enum { LONGEST = 6, QUOTE_AND_NUL = 2 };
	size_t at = 0;

	out[at++] = '"';
	while (*text != '\0' && at + LONGEST + QUOTE_AND_NUL < size) {
		size_t length = log_character((const unsigned char *)text);

		at += log_escape(out + at, size - at, text, length);
		text += length != 0 ? length : 1;
	}
	out[at++] = '"';
	out[at] = '\0';
	return at;
}

static size_t log_write_json(char *line, const struct app_log *log,
                             enum mcps_log_level level, const char *module,
                             const char *text)
{
	char time_text[TIME_SIZE];
	char name[256];
	size_t at;

	log_write_time(time_text);
	mcps__app_json_string(name, sizeof name, log->name);
	at = (size_t)snprintf(line, LINE_SIZE,
	                      "{\"time\":\"%s\",\"level\":\"%s\",\"name\":%s,"
	                      "\"module\":\"%s\",\"message\":",
	                      time_text, levels[level].name, name, module);
	at += mcps__app_json_string(line + at, LINE_SIZE - at - 3, text);
	line[at++] = '}';
	line[at++] = '\n';
	return at;
}

/* ---- text ---- */

static size_t log_write_text(char *line, const struct app_log *log,
                             enum mcps_log_level level, const char *module,
                             const char *text)
{
	char time_text[TIME_SIZE];
	size_t length;

	log_write_time(time_text);
	if (log->to_journal)
		length = (size_t)snprintf(line, LINE_SIZE, "<%c>%s: %s",
		                          levels[level].syslog, module, text);
	else
		length = (size_t)snprintf(line, LINE_SIZE, "%s %s: %s %s: %s",
		                          time_text, log->name,
		                          levels[level].name, module, text);
	if (length > LINE_SIZE - 2)
		length = LINE_SIZE - 2;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)line[i] < 0x20)
			line[i] = '?'; /* a line is one line */
	line[length++] = '\n';
	return length;
}

/* ---- both ---- */

static void log_put_byte(struct app_log *log, enum mcps_log_level level,
                         const char *module, const char *text)
{
	char line[LINE_SIZE];
	size_t length =
		atomic_load(&log->format) == LOG_FORMAT_JSON
			? log_write_json(line, log, level, module, text)
			: log_write_text(line, log, level, module, text);

	log_write_line(line, length);
}

void mcps__app_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	struct app_log *log = arg;

	if (level >= atomic_load_explicit(&log->level, memory_order_relaxed))
		log_put_byte(log, level, module, text);
}

void mcps__app_say(struct app_log *log, enum mcps_log_level level,
                   const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof text, format, values);
	va_end(values);
	mcps__app_log(log, level, "app", text);
}

void mcps__app_give_up(struct app_log *log, const char *text)
{
	if (atomic_load(&log->format) == LOG_FORMAT_JSON || log->to_journal)
		log_put_byte(log, MCPS_LOG_ERROR, "app", text);
	else
		fprintf(stderr, "%s: %s\n", log->name, text);
}
