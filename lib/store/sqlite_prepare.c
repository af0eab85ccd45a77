/* The files of a store before it is opened: nobody else can use them, and they
 * belong together. */
#include "base/file_share.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The log of an earlier run, if there is one, holds the same secrets. Without
 * the file it belongs to SQLite would delete it. */
static mcps_status prepare_log_check(struct sqlite_store *store, bool is_empty,
                                     struct mcps_error *error)
{
	struct stat about;
	int fd = mcps__sqlite_file_open(store->log_path, 0, &about);

	if (fd < 0)
		return errno == ENOENT ? MCPS_OK
		                       : mcps__sqlite_file_failed(
						 error, store->log_path);
	close(fd);
	mcps__sqlite_warn_of_group(store, store->log_path, &about,
	                           FILE_SHARE_USE);
	return is_empty && about.st_size > 0
	               ? mcps__sqlite_damaged(store, error,
	                                      "it is empty, but has a log")
	               : MCPS_OK;
}

/* Closing a file drops the locks that SQLite holds on it in this process, so
 * this runs only while no connection is open. */
mcps_status mcps__sqlite_file_prepare(struct sqlite_store *store, bool create,
                                      struct mcps_error *error)
{
	struct stat about;
	int fd = mcps__sqlite_file_open(store->path, create ? O_CREAT : 0,
	                                &about);

	if (fd < 0)
		return mcps__sqlite_file_failed(error, store->path);
	close(fd);
	if (about.st_size == 0 && !mcps__sqlite_file_sync(store->path))
		return mcps__sqlite_system_failed(error, store->path,
		                                  "write it");
	mcps__sqlite_warn_of_group(store, store->path, &about, FILE_SHARE_USE);
	if (mcps__file_share(&about, FILE_SHARE_USE) == FILE_SHARE_OTHERS)
		mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
		          "store was readable by others, mode set to 0600 "
		          "was=%04o",
		          (unsigned)about.st_mode & 07777);
	if (about.st_size == 0 && store->identified)
		return mcps__sqlite_damaged(store, error, "it was emptied");
	return prepare_log_check(store, about.st_size == 0, error);
}
