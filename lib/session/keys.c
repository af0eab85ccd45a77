#define _GNU_SOURCE /* strsep, mkostemp */
/* The key file is text, a name and hex digits a line:
 *
 *   current  64 digits
 *   previous 64 digits   (optional: ids it signed are still believed)
 *   store    32 digits   (optional: the store it was last used with)
 */
#include "session/keys.h"

#include "base/error.h"
#include "base/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1024 };

mcps_status mcps__keys_make(struct key_file *file,
                            const struct random_source *random,
                            struct mcps_error *error)
{
	mcps_status status;

	memset(file, 0, sizeof *file);
	status = mcps__random_fill(random, file->keys.current, ID_KEY_SIZE);
	if (status != MCPS_OK)
		return mcps__fail(error, status,
		                  "no random bytes for a key: %s",
		                  strerror(errno));
	return MCPS_OK;
}

/* ---- reading ---- */

static bool read_hex(uint8_t *out, size_t size, const char *text)
{
	size_t have;

	return strlen(text) == size * 2 &&
	       sodium_hex2bin(out, size, text, size * 2, NULL, &have, NULL) ==
	               0 &&
	       have == size;
}

/* Blank lines and comments say nothing; everything else is a known name. */
static bool read_line(struct key_file *file, const char *line)
{
	char name[16];
	char value[2 * ID_KEY_SIZE + 2];
	char more[2];
	int words = sscanf(line, "%15s %65s %1s", name, value, more);

	if (words < 1 || name[0] == '#')
		return true;
	if (words != 2)
		return false;
	if (strcmp(name, "current") == 0)
		return read_hex(file->keys.current, ID_KEY_SIZE, value);
	if (strcmp(name, "store") == 0)
		return read_hex(file->store, sizeof file->store, value);
	if (strcmp(name, "previous") != 0)
		return false;
	file->keys.has_previous = true;
	return read_hex(file->keys.previous, ID_KEY_SIZE, value);
}

static mcps_status parse(struct key_file *file, char *text, const char *path,
                         struct mcps_error *error)
{
	int number = 0;

	for (char *line; (line = strsep(&text, "\n")) != NULL;) {
		number++;
		if (!read_line(file, line))
			return mcps__fail(error, MCPS_E_INVAL,
			                  "key file %s: line %d is not a name "
			                  "and its hex digits",
			                  path, number);
	}
	if (sodium_is_zero(file->keys.current, ID_KEY_SIZE))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "key file %s: no current key", path);
	return MCPS_OK;
}

mcps_status mcps__keys_read(struct key_file *file, const char *path,
                            bool *is_missing, struct mcps_error *error)
{
	static const struct input_rules rules = {
		.what = "key file",
		.most = FILE_MAX,
		.is_private = true,
	};
	struct input_file input;
	mcps_status status = mcps__input_file_read(&input, path, &rules, error);

	*is_missing = input.is_missing;
	if (status != MCPS_OK)
		return status;
	memset(file, 0, sizeof *file);
	status = parse(file, input.text, path, error);
	mcps__input_file_free(&input);
	return status;
}

/* ---- writing ---- */

static int add_line(char *to, size_t room, const char *name,
                    const uint8_t *bytes, size_t size)
{
	char hex[2 * ID_KEY_SIZE + 1];

	if (sodium_is_zero(bytes, size))
		return 0;
	sodium_bin2hex(hex, sizeof hex, bytes, size);
	return snprintf(to, room, "%s %s\n", name, hex);
}

static bool write_whole(int fd, const struct key_file *file)
{
	char text[FILE_MAX];
	int length = 0;
	bool written;

	length += add_line(text, sizeof text, "current", file->keys.current,
	                   ID_KEY_SIZE);
	length += add_line(text + length, sizeof text - (size_t)length,
	                   "previous", file->keys.previous, ID_KEY_SIZE);
	length += add_line(text + length, sizeof text - (size_t)length, "store",
	                   file->store, sizeof file->store);
	written = write(fd, text, (size_t)length) == length && fsync(fd) == 0;
	sodium_memzero(text, sizeof text);
	return written;
}

static int open_directory(const char *path, int flags)
{
	char directory[PATH_MAX];
	char *slash;

	snprintf(directory, sizeof directory, "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, sizeof directory, ".");
	else
		slash[slash == directory ? 1 : 0] = '\0';
	return open(directory, flags | O_CLOEXEC, 0600);
}

/* A rename lasts once its directory is synced. */
static bool sync_directory(const char *path)
{
	int fd = open_directory(path, O_RDONLY | O_DIRECTORY);
	bool synced;

	if (fd < 0)
		return false;
	synced = fsync(fd) == 0;
	close(fd);
	return synced;
}

static mcps_status file_failed(const char *path, struct mcps_error *error)
{
	return mcps__fail(error, mcps__file_refusal(errno), "key file %s: %s",
	                  path, strerror(errno));
}

/* Write a file that gets its NAME when it is complete, so that nothing of it is
 * left if this process ends before. False: not here. */
static bool write_nameless(const struct key_file *file, const char *path,
                           const char *name)
{
	int fd = open_directory(path, O_TMPFILE | O_WRONLY);
	char self[32];
	bool is_named;

	if (fd < 0)
		return false;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	is_named =
		write_whole(fd, file) &&
		linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
	close(fd);
	return is_named;
}

/* Make a complete file beside PATH, with a name that nobody else has: others
 * may be writing theirs. */
static mcps_status write_fresh(const struct key_file *file, const char *path,
                               char fresh[PATH_MAX], struct mcps_error *error)
{
	uint32_t chance = randombytes_random();
	mcps_status status;
	bool written;
	int fd;

	if (snprintf(fresh, PATH_MAX, "%s.%08x", path, chance) >= PATH_MAX)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "key file: the path is too long");
	if (write_nameless(file, path, fresh))
		return MCPS_OK;
	snprintf(fresh, PATH_MAX, "%s.XXXXXX", path);
	fd = mkostemp(fresh, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return file_failed(path, error);
	written = write_whole(fd, file);
	close(fd);
	if (written)
		return MCPS_OK;
	status = file_failed(path, error);
	(void)unlink(fresh);
	return status;
}

mcps_status mcps__keys_write(const struct key_file *file, const char *path,
                             struct mcps_error *error)
{
	char fresh[PATH_MAX];
	mcps_status status = write_fresh(file, path, fresh, error);

	if (status != MCPS_OK)
		return status;
	if (rename(fresh, path) == 0 && sync_directory(path))
		return MCPS_OK;
	status = file_failed(path, error);
	(void)unlink(fresh);
	return status;
}

/* Give FRESH its name if nobody has it: of several who start together the
 * first one's key counts. Where files have one name only, the last one's. */
static int name_first(const char *fresh, const char *path)
{
	if (link(fresh, path) == 0 || errno == EEXIST)
		return 0;
	return rename(fresh, path);
}

static mcps_status keys_create(const struct key_file *file, const char *path,
                               struct mcps_error *error)
{
	char fresh[PATH_MAX];
	mcps_status status = write_fresh(file, path, fresh, error);

	if (status != MCPS_OK)
		return status;
	if (name_first(fresh, path) != 0)
		status = file_failed(path, error);
	(void)unlink(fresh);
	if (status == MCPS_OK && !sync_directory(path))
		status = file_failed(path, error);
	return status;
}

mcps_status mcps__keys_open(struct key_file *file, const char *path,
                            const struct random_source *random,
                            struct mcps_error *error)
{
	bool is_missing;
	mcps_status status = mcps__keys_read(file, path, &is_missing, error);

	if (!is_missing)
		return status;
	status = mcps__keys_make(file, random, error);
	if (status == MCPS_OK)
		status = keys_create(file, path, error);
	if (status != MCPS_OK)
		return status;
	return mcps__keys_read(file, path, &is_missing, error);
}
