/* Looking at a store without opening it: what an operator wants to know before
 * a start, also while a server runs on it. SQLite is not asked, because with
 * the last connection that closes it would empty and delete the log. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* From SQLite's file format, 1.3. */
enum { HEADER_SIZE = 100, USER_VERSION_AT = 60, APPLICATION_ID_AT = 68 };
static const char magic[16] = "SQLite format 3";

static uint32_t read_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

/* What was written last may be in the log alone, the very first header too. */
static bool has_log(const struct sqlite_store *store)
{
	struct stat about;

	return stat(store->log_path, &about) == 0 && about.st_size > 0;
}

static mcps_status look_at_header(const struct sqlite_store *store,
                                  const unsigned char *header,
                                  struct mcps_error *error)
{
	uint32_t version = read_u32(header + USER_VERSION_AT);

	if (memcmp(header, magic, sizeof magic) != 0)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s is not a database",
		                  store->path);
	if (read_u32(header + APPLICATION_ID_AT) == 0 && has_log(store))
		return MCPS_OK;
	if (read_u32(header + APPLICATION_ID_AT) != SQLITE_APPLICATION_ID)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s is a database of another "
		                  "program; name another file",
		                  store->path);
	if (version > (uint32_t)store->schema->count)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s was made by a newer version "
		                  "(schema %u, this one knows %d)",
		                  store->path, version, store->schema->count);
	return MCPS_OK;
}

/* Missing files are made at the start, where that can be done. */
static mcps_status look_at_directory(const struct sqlite_store *store,
                                     struct mcps_error *error)
{
	char *slash = strrchr(store->path, '/');
	char *directory =
		mcps__strndup(store->path, (size_t)(slash - store->path) + 1);
	mcps_status status = MCPS_OK;

	if (directory == NULL)
		return mcps__sqlite_no_memory(error);
	if (access(directory, W_OK | X_OK) != 0)
		status = mcps__sqlite_system_failed(error, directory,
		                                    "make files there");
	mcps__free(directory);
	return status;
}

static mcps_status look_at_file(const struct sqlite_store *store,
                                const char **what, struct mcps_error *error)
{
	int fd =
		open(store->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char header[HEADER_SIZE];
	struct stat about;
	ssize_t got;

	*what = "will be made";
	if (fd < 0)
		return errno == ENOENT
		               ? MCPS_OK
		               : mcps__sqlite_file_failed(error, store->path);
	got = fstat(fd, &about) == 0 && S_ISREG(about.st_mode)
	              ? pread(fd, header, sizeof header, 0)
	              : -1;
	close(fd);
	if (got < 0) {
		errno = EINVAL;
		return mcps__sqlite_file_failed(error, store->path);
	}
	if (got == 0)
		return MCPS_OK;
	*what = "is there";
	if (got < HEADER_SIZE)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s is not a database",
		                  store->path);
	return look_at_header(store, header, error);
}

/* A shared lock for a moment says whether somebody holds the exclusive one;
 * who tries for that just then tries again. */
static long look_at_lock(const struct sqlite_store *store)
{
	char *name = mcps__sqlite_file_beside(store, ".lock");
	int fd = name != NULL ? open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	                                           O_CLOEXEC)
	                      : -1;
	long holder = 0;

	mcps__free(name);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		holder = mcps__sqlite_lock_holder(fd);
		holder = holder != 0 ? holder : -1;
	}
	close(fd);
	return holder;
}

static mcps_status look(struct sqlite_store *store, const char *path,
                        char *finding, size_t size, struct mcps_error *error)
{
	mcps_status status = mcps__sqlite_file_resolve(store, path, error);
	const char *what = "";
	long holder;

	if (status == MCPS_OK)
		status = look_at_file(store, &what, error);
	if (status == MCPS_OK)
		status = look_at_directory(store, error);
	if (status != MCPS_OK)
		return status;
	holder = look_at_lock(store);
	if (holder == 0)
		snprintf(finding, size, "%s %s", store->path, what);
	else if (holder < 0)
		snprintf(finding, size, "%s is in use by another process",
		         store->path);
	else
		snprintf(finding, size,
		         "%s is in use by another process (pid %ld)",
		         store->path, holder);
	return holder == 0 ? MCPS_OK
	                   : mcps__fail(error, MCPS_E_LOCKED, "sqlite: %.200s",
	                                finding);
}

mcps_status mcps__sqlite_store_look(const char *path, char *finding,
                                    size_t size, struct mcps_error *error)
{
	struct sqlite_store *store = mcps__calloc(1, sizeof *store);
	mcps_status status;

	if (store == NULL)
		return mcps__sqlite_no_memory(error);
	store->schema = &mcps__sqlite_schema;
	status = look(store, path, finding, size, error);
	mcps__free(store->log_path);
	mcps__free(store->path);
	mcps__free(store);
	return status;
}
