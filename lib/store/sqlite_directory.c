/* Where a store may lie: on a file system that keeps its promises, in a
 * directory that is nobody else's. */
#define _GNU_SOURCE /* realpath, AT_EACCESS */
#include "base/error.h"
#include "base/file_share.h"
#include "base/memory.h"
#include "store/sqlite_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Where locks or fsync mean less than they say. From linux/magic.h and the
 * kernel's sources. */
static const struct {
	unsigned long type;
	const char *name;
} network_file_systems[] = {
	{ 0x6969, "nfs" },        { 0x517b, "smb" },
	{ 0xff534d42, "cifs" },   { 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" },     { 0x00c36400, "ceph" },
	{ 0x5346414f, "afs" },    { 0x73757245, "coda" },
	{ 0x0bd00bd0, "lustre" }, { 0x47504653, "gpfs" },
	{ 0x7461636f, "ocfs2" },  { 0x01161970, "gfs2" },
	{ 0x786f4256, "vboxsf" }, { 0xbacbacbc, "vmhgfs" },
	{ 0x7c7c6673, "prl_fs" },
};
static const unsigned long fuse_file_system = 0x65735546;

static mcps_status directory_check_medium(struct sqlite_store *store,
                                          const char *directory,
                                          struct mcps_error *error)
{
	struct statfs about;

	if (statfs(directory, &about) != 0)
		return mcps__sqlite_system_failed(error, directory,
		                                  "look at the directory");
	for (size_t i = 0;
	     i < sizeof network_file_systems / sizeof *network_file_systems;
	     i++)
		if ((uint32_t)about.f_type == network_file_systems[i].type)
			return mcps__fail(
				error, MCPS_E_STORE,
				"sqlite: %.100s is on a network file system "
				"(%s); a store needs a local one",
				directory, network_file_systems[i].name);
	if ((uint32_t)about.f_type == fuse_file_system)
		mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
		          "store is on a fuse file system; "
		          "its durability is that of the program behind it");
	return MCPS_OK;
}

/* Other users that can write in the directory can exchange the store. */
static mcps_status directory_check_mode(struct sqlite_store *store,
                                        const char *directory,
                                        struct mcps_error *error)
{
	struct stat about;

	if (stat(directory, &about) != 0)
		return mcps__sqlite_system_failed(error, directory,
		                                  "look at the directory");
	if (mcps__file_share(&about, FILE_SHARE_WRITE) == FILE_SHARE_OTHERS)
		return mcps__fail(error, MCPS_E_STORE,
		                  "sqlite: directory %.100s is writable by "
		                  "others (owner %u, group %u, mode %04o); "
		                  "give the store one of its own (chmod 700)",
		                  directory, (unsigned)about.st_uid,
		                  (unsigned)about.st_gid,
		                  (unsigned)about.st_mode & 07777);
	mcps__sqlite_warn_of_group(store, directory, &about, FILE_SHARE_WRITE);
	return MCPS_OK;
}

/* SQLite would notice too, later and in other words, and a look before the
 * start would not. */
static mcps_status directory_check_access(const char *directory,
                                          struct mcps_error *error)
{
	if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0)
		return MCPS_OK;
	return mcps__fail(error, mcps__refusal(errno, MCPS_E_STORE),
	                  "sqlite: directory %.100s: user %u cannot make files "
	                  "there: %s; change its owner, or name another one",
	                  directory, (unsigned)geteuid(), strerror(errno));
}

/* The directory of PATH in FULL (PATH_MAX bytes), and PATH's last part. */
static mcps_status directory_find(const char *path, char *full,
                                  const char **name, struct mcps_error *error)
{
	const char *slash = strrchr(path, '/');
	char *given;
	char *found;

	*name = slash != NULL ? slash + 1 : path;
	if (**name == '\0')
		return mcps__fail(error, MCPS_E_INVAL,
		                  "sqlite: %.100s names a directory, not a "
		                  "file",
		                  path);
	given = slash != NULL ? mcps__strndup(path, (size_t)(*name - path))
	                      : mcps__strdup(".");
	if (given == NULL)
		return mcps__sqlite_no_memory(error);
	found = realpath(given, full);
	mcps__free(given);
	return found != NULL ? MCPS_OK
	                     : mcps__sqlite_system_failed(error, path,
	                                                  "find the directory");
}

/* Absolute, because the process may change its directory before the store is
 * opened again, and because SQLite reads "file:" and ":memory:" as more than
 * names. */
mcps_status mcps__sqlite_file_resolve(struct sqlite_store *store,
                                      const char *path,
                                      struct mcps_error *error)
{
	char directory[PATH_MAX];
	const char *name;
	mcps_status status = directory_find(path, directory, &name, error);
	size_t length;

	if (status == MCPS_OK)
		status = directory_check_medium(store, directory, error);
	if (status == MCPS_OK)
		status = directory_check_mode(store, directory, error);
	if (status == MCPS_OK)
		status = directory_check_access(directory, error);
	if (status != MCPS_OK)
		return status;
	length = strlen(directory);
	store->path = mcps__malloc(length + 1 + strlen(name) + 1);
	if (store->path == NULL)
		return mcps__sqlite_no_memory(error);
	memcpy(store->path, directory, length);
	store->path[length] = '/';
	memcpy(store->path + length + 1, name, strlen(name) + 1);
	store->log_path = mcps__sqlite_file_beside(store, "-wal");
	store->lock_path = mcps__sqlite_file_beside(store, ".lock");
	if (store->log_path == NULL || store->lock_path == NULL)
		return mcps__sqlite_no_memory(error);
	return mcps__sqlite_check_mount(store, directory, error);
}
