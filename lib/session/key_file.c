#define _GNU_SOURCE /* mkostemp, O_TMPFILE, AT_EACCESS */
#include "session/key_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mcps_status key_file_failed(const char *path, struct mcps_error *error)
{
	return mcps__fail(error, mcps__file_refusal(errno), "key file %s: %s",
	                  path, strerror(errno));
}

/* ---- the directory ---- */

/* The directory of PATH, cut to PATH_MAX bytes. */
static void key_file_name_directory(char directory[PATH_MAX], const char *path)
{
	char *slash;

	snprintf(directory, PATH_MAX, "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		snprintf(directory, PATH_MAX, ".");
	else
		slash[slash == directory ? 1 : 0] = '\0';
}

static int key_file_open_directory(const char *path, int flags)
{
	char directory[PATH_MAX];

	key_file_name_directory(directory, path);
	return open(directory, flags | O_CLOEXEC, 0600);
}

mcps_status mcps__key_file_check_place(const char *path,
                                       struct mcps_error *error)
{
	char directory[PATH_MAX];

	key_file_name_directory(directory, path);
	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0)
		return MCPS_OK;
	return mcps__fail(error, mcps__file_refusal(errno),
	                  "key file %.120s: cannot be made in its directory: "
	                  "%s",
	                  path, strerror(errno));
}

/* A rename lasts once its directory is synced. */
static bool key_file_sync_directory(const char *path)
{
	int fd = key_file_open_directory(path, O_RDONLY | O_DIRECTORY);
	bool synced;

	if (fd < 0)
		return false;
	synced = fsync(fd) == 0;
	close(fd);
	return synced;
}

/* ---- a new file ---- */

static bool key_file_write_whole(int fd, const char *text, size_t length)
{
	return write(fd, text, length) == (ssize_t)length && fsync(fd) == 0;
}

/* Write a file that gets its NAME when it is complete, so that nothing of it is
 * left if this process ends before. False: not here. */
static bool key_file_write_nameless(const char *path, const char *name,
                                    const char *text, size_t length)
{
	int fd = key_file_open_directory(path, O_TMPFILE | O_WRONLY);
	char self[32];
	bool is_named;

	if (fd < 0)
		return false;
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	is_named =
		key_file_write_whole(fd, text, length) &&
		linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
	close(fd);
	return is_named;
}

/* Make a complete file beside PATH, with a name that nobody else has: others
 * may be writing theirs. */
static mcps_status key_file_write_fresh(const char *path, char fresh[PATH_MAX],
                                        const char *text, size_t length,
                                        struct mcps_error *error)
{
	uint32_t number = randombytes_random();
	mcps_status status;
	bool written;
	int fd;

	if (snprintf(fresh, PATH_MAX, "%s.%08x", path, number) >= PATH_MAX)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "key file: the path is too long");
	if (key_file_write_nameless(path, fresh, text, length))
		return MCPS_OK;
	snprintf(fresh, PATH_MAX, "%s.XXXXXX", path);
	fd = mkostemp(fresh, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return key_file_failed(path, error);
	written = key_file_write_whole(fd, text, length);
	close(fd);
	if (written)
		return MCPS_OK;
	status = key_file_failed(path, error);
	(void)unlink(fresh);
	return status;
}

mcps_status mcps__key_file_replace(const char *path, const char *text,
                                   size_t length, struct mcps_error *error)
{
	char fresh[PATH_MAX];
	mcps_status status =
		key_file_write_fresh(path, fresh, text, length, error);

	if (status != MCPS_OK)
		return status;
	if (rename(fresh, path) == 0 && key_file_sync_directory(path))
		return MCPS_OK;
	status = key_file_failed(path, error);
	(void)unlink(fresh);
	return status;
}

/* Give FRESH its name if nobody has it: of several who start together the
 * first one's key counts. Where files have one name only, the last one's. */
static int key_file_name_first(const char *fresh, const char *path)
{
	if (link(fresh, path) == 0 || errno == EEXIST)
		return 0;
	return rename(fresh, path);
}

mcps_status mcps__key_file_create(const char *path, const char *text,
                                  size_t length, struct mcps_error *error)
{
	char fresh[PATH_MAX];
	mcps_status status =
		key_file_write_fresh(path, fresh, text, length, error);

	if (status != MCPS_OK)
		return status;
	if (key_file_name_first(fresh, path) != 0)
		status = key_file_failed(path, error);
	(void)unlink(fresh);
	if (status == MCPS_OK && !key_file_sync_directory(path))
		status = key_file_failed(path, error);
	return status;
}
