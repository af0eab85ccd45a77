/* A database file that is mounted alone, as with docker run -v FILE:FILE. Its
 * log, which holds the newest commits, is made beside the mount point, in the
 * file system below: in a container that is lost with the container, and the
 * file comes back without what was acknowledged last. */
#define _GNU_SOURCE /* statx */
#include "store/sqlite_mount.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000 /* from linux/stat.h */
#endif

static const unsigned long overlay_file_system = 0x794c7630;

/* On overlayfs whose layers are on several file systems, files have the device
 * of their layer, and directories have another one. */
bool mcps__sqlite_is_mounted_alone(const struct sqlite_mount *mount)
{
	if (mount->is_known && mount->is_mount_point)
		return true;
	if (mount->is_known && mount->is_on_overlay)
		return false;
	return mount->is_on_other_device;
}

static bool sqlite_mount_is_on_overlay(const char *directory)
{
	struct statfs about;

	return statfs(directory, &about) == 0 &&
	       (uint32_t)about.f_type == overlay_file_system;
}

/* musl has had statx(2) since 1.2.5. */
#ifdef STATX_TYPE
static void mount_ask(struct sqlite_mount *mount, const char *path)
{
	struct statx about;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &about) != 0)
		return;
	mount->is_known =
		(about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;
	mount->is_mount_point =
		(about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}
#else
static void mount_ask(struct sqlite_mount *mount, const char *path)
{
	(void)mount;
	(void)path;
}
#endif

/* False: there is no such file. */
static bool sqlite_mount_look(struct sqlite_mount *mount, const char *path,
                              const char *directory)
{
	struct stat file, above;

	if (lstat(path, &file) != 0 || stat(directory, &above) != 0)
		return false;
	*mount = (struct sqlite_mount){
		.is_on_other_device = file.st_dev != above.st_dev,
		.is_on_overlay = sqlite_mount_is_on_overlay(directory),
	};
	mount_ask(mount, path);
	return true;
}

static mcps_status sqlite_mount_check_file(struct sqlite_store *store,
                                           const char *path,
                                           const char *directory,
                                           struct mcps_error *error)
{
	struct sqlite_mount mount;

	if (!sqlite_mount_look(&mount, path, directory) ||
	    !mcps__sqlite_is_mounted_alone(&mount))
		return MCPS_OK;
	if (!store->settings.allow_mounted_file)
		return mcps__fail(
			error, MCPS_E_INVAL,
			"sqlite: %.80s is mounted alone: what is written "
			"beside it can be lost, with the newest sessions; "
			"mount its directory, or insist with "
			"--allow-mounted-store-file",
			path);
	mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
	          "%s is mounted alone: the newest sessions can be lost with "
	          "what is written beside it",
	          path);
	return MCPS_OK;
}

mcps_status mcps__sqlite_check_mount(struct sqlite_store *store,
                                     const char *directory,
                                     struct mcps_error *error)
{
	mcps_status status =
		sqlite_mount_check_file(store, store->path, directory, error);

	return status == MCPS_OK
	               ? sqlite_mount_check_file(store, store->log_path,
	                                         directory, error)
	               : status;
}
