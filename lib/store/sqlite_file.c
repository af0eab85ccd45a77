/* The files of a store: regular ones, that only their owner can read. */
#include "base/error.h"
#include "base/file_share.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *mcps__sqlite_file_beside(const struct sqlite_store *store,
                               const char *suffix)
{
	size_t length = strlen(store->path);
	size_t more = strlen(suffix) + 1;
	char *name = mcps__malloc(length + more);

	if (name == NULL)
		return NULL;
	memcpy(name, store->path, length);
	memcpy(name + length, suffix, more);
	return name;
}

mcps_status mcps__sqlite_no_memory(struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_NOMEM, "sqlite: no memory for a path");
}

mcps_status mcps__sqlite_system_failed(struct mcps_error *error,
                                       const char *path, const char *doing)
{
	return mcps__fail(error, mcps__refusal(errno, MCPS_E_STORE),
	                  "sqlite: %.100s: cannot %s: %s", path, doing,
	                  strerror(errno));
}

/* The group of this process stays: Kubernetes lets the group of a volume in at
 * each mount, and chmod is not ours where another user of the group made the
 * file. */
bool mcps__sqlite_file_tighten(int fd, const struct stat *about)
{
	return mcps__file_share(about, FILE_SHARE_USE) != FILE_SHARE_OTHERS ||
	       fchmod(fd, S_IRUSR | S_IWUSR) == 0;
}

void mcps__sqlite_warn_of_group(struct sqlite_store *store, const char *path,
                                const struct stat *about, mode_t bits)
{
	if (store->has_warned_of_group ||
	    mcps__file_share(about, bits) != FILE_SHARE_OWN_GROUP)
		return;
	store->has_warned_of_group = true;
	mcps__log(
		&store->settings.log, MCPS_LOG_WARN, "store",
		"the store can be used by group %u, which is accepted because "
		"this process is in that group path=%s mode=%04o",
		(unsigned)about->st_gid, path,
		(unsigned)about->st_mode & 07777);
}

int mcps__sqlite_file_open(const char *path, int flags, struct stat *about)
{
	/* O_NONBLOCK: a pipe of that name must not make us wait. */
	int fd =
		open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags,
	             S_IRUSR | S_IWUSR);

	if (fd < 0)
		return -1;
	if (fstat(fd, about) == 0) {
		if (!S_ISREG(about->st_mode))
			errno = EINVAL;
		else if (mcps__sqlite_file_tighten(fd, about))
			return fd;
	}
	close(fd);
	return -1;
}

mcps_status mcps__sqlite_file_failed(struct mcps_error *error, const char *path)
{
	struct stat about;

	if (errno == ELOOP)
		return mcps__fail(error, MCPS_E_STORE,
		                  "sqlite: %.100s is a symbolic link; name "
		                  "the file itself",
		                  path);
	if (errno == EINVAL || errno == EISDIR)
		return mcps__fail(error, MCPS_E_STORE,
		                  "sqlite: %.100s is not a regular file", path);
	if (errno == EPERM && lstat(path, &about) == 0 &&
	    about.st_uid != geteuid())
		return mcps__fail(error, MCPS_E_PERMISSION,
		                  "sqlite: %.100s belongs to user %u, and more "
		                  "users than user %u can use it (mode %04o); "
		                  "change its owner",
		                  path, (unsigned)about.st_uid,
		                  (unsigned)geteuid(),
		                  (unsigned)about.st_mode & 07777);
	return mcps__sqlite_system_failed(error, path, "open it");
}

bool mcps__sqlite_file_sync(const char *name)
{
	char *slash = strrchr(name, '/');
	char *directory = mcps__strndup(name, (size_t)(slash - name + 1));
	int file = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int above = directory != NULL ? open(directory,
	                                     O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	                              : -1;
	bool synced = file >= 0 && above >= 0 && fsync(file) == 0 &&
	              fsync(above) == 0;

	if (file >= 0)
		close(file);
	if (above >= 0)
		close(above);
	mcps__free(directory);
	return synced;
}

bool mcps__sqlite_file_make(const char *name)
{
	struct stat about;
	int fd = mcps__sqlite_file_open(name, O_CREAT | O_EXCL, &about);

	return fd >= 0 && close(fd) == 0;
}

bool mcps__sqlite_file_is_there(struct sqlite_store *store)
{
	int moved = 0;

	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	return moved == 0;
}

bool mcps__sqlite_log_is_there(struct sqlite_store *store)
{
	struct stat about;

	if (stat(store->log_path, &about) != 0)
		return store->log_inode == 0;
	if (store->log_inode == 0)
		store->log_inode = about.st_ino;
	return store->log_inode == about.st_ino;
}
