/* Database files that are mounted without their directory. */
#ifndef MCPS_STORE_SQLITE_MOUNT_H
#define MCPS_STORE_SQLITE_MOUNT_H

#include "store/sqlite_store.h"

struct sqlite_mount {
	bool is_known; /* the kernel says whether it is a mount point (Linux
	                * 5.8 and later) */
	bool is_mount_point;
	bool is_on_other_device; /* than its directory */
	bool is_on_overlay;      /* its directory is on overlayfs */
};

/* Tell whether a file is mounted without its directory. */
bool mcps__sqlite_is_mounted_alone(const struct sqlite_mount *mount);

/* Refuse a store whose file or log is mounted alone, or warn of it if the
 * settings allow it. */
mcps_status mcps__sqlite_check_mount(struct sqlite_store *store,
                                     const char *directory,
                                     struct mcps_error *error);

#endif
