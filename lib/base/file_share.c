#include "base/file_share.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Without memory for the list of groups the answer is no: then a file is
 * refused that would have been accepted. */
static bool file_share_is_own_group(gid_t group)
{
	int count = getgroups(0, NULL);
	gid_t *groups;
	bool found = group == getegid();

	if (found || count <= 0)
		return found;
	groups = mcps__calloc((size_t)count, sizeof *groups);
	count = groups != NULL ? getgroups(count, groups) : 0;
	for (int i = 0; i < count && !found; i++)
		found = groups[i] == group;
	mcps__free(groups);
	return found;
}

enum file_share mcps__file_share(const struct stat *about, mode_t bits)
{
	mode_t given = about->st_mode & bits;
	bool has_own_owner = about->st_uid == 0 || about->st_uid == geteuid();

	if (given == 0)
		return FILE_SHARE_NONE;
	if ((given & S_IRWXO) != 0 || !has_own_owner)
		return FILE_SHARE_OTHERS;
	return file_share_is_own_group(about->st_gid) ? FILE_SHARE_OWN_GROUP
	                                              : FILE_SHARE_OTHERS;
}
