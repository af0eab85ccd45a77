#define _GNU_SOURCE /* AT_EACCESS with faccessat */
/* Looking at a store without opening it: what an operator wants to know before
 * a start, also while a server runs on it. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A start opens these files for writing, or makes them. */
static mcps_status look_at_access(const char *path, struct mcps_error *error)
{
	struct stat about;

	if (lstat(path, &about) != 0)
		return errno == ENOENT ? MCPS_OK
		                       : mcps__sqlite_file_failed(error, path);
	if (S_ISREG(about.st_mode) &&
	    faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
		return MCPS_OK;
	if (!S_ISREG(about.st_mode))
		errno = S_ISLNK(about.st_mode) ? ELOOP : EINVAL;
	return mcps__sqlite_file_failed(error, path);
}

static mcps_status look_at_files(struct sqlite_store *store,
                                 struct mcps_error *error)
{
	mcps_status status = look_at_access(store->path, error);

	if (status == MCPS_OK)
		status = look_at_access(store->log_path, error);
	if (status == MCPS_OK)
		status = look_at_access(store->lock_path, error);
	return status;
}

/* FINDING: what becomes of the file. */
static mcps_status look_at_store(struct sqlite_store *store, char *finding,
                                 size_t size, struct mcps_error *error)
{
	char what[160] = "";
	enum sqlite_place place;
	mcps_status status = mcps__sqlite_probe(store, &place, error);

	if (status == MCPS_OK && place == SQLITE_PLACE_DAMAGED)
		status = mcps__sqlite_damaged(store, error,
		                              SQLITE_FIRST_PAGE_LOST);
	if (status == MCPS_OK)
		status = look_at_files(store, error);
	if (status == MCPS_OK && place == SQLITE_PLACE_OURS)
		status = mcps__sqlite_dry_run(store, what, sizeof what, error);
	if (status != MCPS_OK)
		return status;
	if (*what != '\0')
		snprintf(finding, size,
		         "%s is there; a start will rebuild its indexes, which "
		         "are damaged: %s",
		         store->path, what);
	else
		snprintf(finding, size, "%s %s", store->path,
		         place == SQLITE_PLACE_FREE ? "will be made"
		                                    : "is there");
	return MCPS_OK;
}

static mcps_status look_in_use(const struct sqlite_store *store, long holder,
                               char *finding, size_t size,
                               struct mcps_error *error)
{
	char pid[32] = "";

	if (holder != 0)
		snprintf(pid, sizeof pid, " (pid %ld)", holder);
	snprintf(finding, size, "%s is in use by another process%s",
	         store->path, pid);
	return mcps__fail(error, MCPS_E_LOCKED, "sqlite: %.200s", finding);
}

/* A store in use is not opened: if this process uses it, closing the file would
 * drop the locks that SQLite holds on it. */
static mcps_status look_with(struct sqlite_store *store, const char *path,
                             char *finding, size_t size,
                             struct mcps_error *error)
{
	mcps_status status = mcps__sqlite_file_resolve(store, path, error);
	long holder;

	if (status != MCPS_OK)
		return status;
	if (mcps__sqlite_lock_is_held(store, &holder))
		return look_in_use(store, holder, finding, size, error);
	status = look_at_store(store, finding, size, error);
	/* A store that is written to meanwhile may look damaged and not be. */
	if (mcps__sqlite_lock_is_held(store, &holder))
		return look_in_use(store, holder, finding, size, error);
	return status;
}

mcps_status mcps__sqlite_store_look(const char *path,
                                    const struct store_settings *settings,
                                    char *finding, size_t size,
                                    struct mcps_error *error)
{
	struct sqlite_store *store = mcps__calloc(1, sizeof *store);
	mcps_status status;

	if (store == NULL)
		return mcps__sqlite_no_memory(error);
	store->schema = &mcps__sqlite_schema;
	store->settings = *settings;
	status = look_with(store, path, finding, size, error);
	mcps__free(store->lock_path);
	mcps__free(store->log_path);
	mcps__free(store->path);
	mcps__free(store);
	return status;
}
