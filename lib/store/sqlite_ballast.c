/* Room kept for bad times. In WAL mode even deleting needs space: on a full
 * disk no tombstone could be written, and a session that its client wants to
 * end would live on. So a file lies beside the store that holds nothing but
 * space. When the disk is full it is given up, and what it leaves is for what
 * ends sessions alone, until there is room to make it again. */
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool ballast_is_lack_of_space(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

bool mcps__sqlite_is_full(const struct sqlite_store *store, int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return true;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return store->db != NULL &&
		       ballast_is_lack_of_space(
			       sqlite3_system_errno(store->db));
	default:
		return false;
	}
}

/* What was given up is not taken back from the last free blocks: twice its
 * size must be there. 0, or an errno. */
static int ballast_check_room(const struct sqlite_store *store,
                              const char *name)
{
	struct statvfs about;
	struct stat there;

	if (stat(name, &there) == 0 &&
	    (uint64_t)there.st_size >= store->settings.ballast)
		return 0;
	if (statvfs(store->path, &about) != 0)
		return errno;
	return (uint64_t)about.f_bavail * about.f_frsize <
	                       2 * store->settings.ballast
	               ? ENOSPC
	               : 0;
}

/* 0, or an errno. */
static int ballast_allocate(const struct sqlite_store *store, const char *name)
{
	struct stat about;
	int error = ballast_check_room(store, name);
	int fd;

	if (error != 0)
		return error;
	fd = mcps__sqlite_file_open(name, O_CREAT, &about);
	if (fd < 0)
		return errno;
	error = posix_fallocate(fd, 0, (off_t)store->settings.ballast);
	close(fd);
	if (error != 0)
		unlink(name);
	return error;
}

/* 0, or an errno. */
static int ballast_make(const struct sqlite_store *store)
{
	char *name = mcps__sqlite_file_beside(store, ".ballast");
	int error = name != NULL ? ballast_allocate(store, name) : ENOMEM;

	mcps__free(name);
	return error;
}

void mcps__sqlite_ballast_open(struct sqlite_store *store)
{
	int error = store->settings.ballast != 0 ? ballast_make(store) : 0;

	store->disk_full = ballast_is_lack_of_space(error);
	if (error != 0)
		mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
		          "%" PRIu64 " bytes of ballast cannot be had%s "
		          "errno=%d",
		          store->settings.ballast,
		          store->disk_full ? ", only ends of sessions are "
		                             "stored until there is room"
		                           : "",
		          error);
}

void mcps__sqlite_ballast_give_up(struct sqlite_store *store)
{
	char *name;

	if (store->settings.ballast == 0 || store->disk_full)
		return;
	name = mcps__sqlite_file_beside(store, ".ballast");
	if (name == NULL)
		return; /* the next failure comes soon */
	unlink(name);
	mcps__free(name);
	store->disk_full = true;
	mcps__log(&store->settings.log, MCPS_LOG_ERROR, "store",
	          "no space left: the ballast is given up, only ends of "
	          "sessions are stored until there is room");
}

void mcps__sqlite_ballast_restore(struct sqlite_store *store)
{
	if (!store->disk_full || ballast_make(store) != 0)
		return;
	store->disk_full = false;
	mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
	          "there is room again, everything is stored");
}
