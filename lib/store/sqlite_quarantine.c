/* Setting a damaged store aside: nothing of it is deleted, and everybody who
 * comes later finds a new one. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { NAMES_TRIED = 100 };

static bool quarantine_is_taken(const char *name)
{
	struct stat about;

	return lstat(name, &about) == 0 || errno != ENOENT;
}

/* ".corrupt-20260131T235959Z", with a number behind it if that is taken. */
static char *quarantine_name_choose(const struct sqlite_store *store,
                                    char *suffix, size_t size)
{
	const time_t now = (time_t)(mcps__wall_ms(&mcps__system_clock) / 1000);
	struct tm utc;
	char stamp[32];

	if (gmtime_r(&now, &utc) == NULL ||
	    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc) == 0)
		snprintf(stamp, sizeof stamp, "unknown-time");
	for (int i = 0; i < NAMES_TRIED; i++) {
		char *name;

		snprintf(suffix, size,
		         i == 0 ? ".corrupt-%s" : ".corrupt-%s-%d", stamp, i);
		name = mcps__sqlite_file_beside(store, suffix);
		if (name == NULL || !quarantine_is_taken(name))
			return name;
		mcps__free(name);
	}
	return NULL;
}

/* Rename PATH's file of that KIND ("", "-wal", ...), if there is one. */
static bool quarantine_set_aside(const struct sqlite_store *store,
                                 const char *suffix, const char *kind)
{
	char together[64];
	char *from = mcps__sqlite_file_beside(store, kind);
	char *to;
	bool done;

	snprintf(together, sizeof together, "%s%s", suffix, kind);
	to = mcps__sqlite_file_beside(store, together);
	done = from != NULL && to != NULL &&
	       (rename(from, to) == 0 || errno == ENOENT);
	mcps__free(from);
	mcps__free(to);
	return done;
}

/* The file goes first: were its log gone, the file alone might look whole. */
mcps_status mcps__sqlite_quarantine(struct sqlite_store *store, const char *why,
                                    struct mcps_error *error)
{
	char suffix[48];
	char *name = quarantine_name_choose(store, suffix, sizeof suffix);
	mcps_status status = MCPS_OK;

	if (name == NULL)
		return mcps__sqlite_no_memory(error);
	if (!quarantine_set_aside(store, suffix, "") ||
	    !quarantine_set_aside(store, suffix, "-wal") ||
	    !quarantine_set_aside(store, suffix, "-journal"))
		status = mcps__sqlite_system_failed(error, store->path,
		                                    "set it aside");
	else if (!mcps__sqlite_file_sync(name))
		status = mcps__sqlite_system_failed(error, name, "sync it");
	if (status == MCPS_OK)
		mcps__log(&store->settings.log, MCPS_LOG_ERROR, "store",
		          "store was damaged and is set aside, a new one "
		          "begins file=%s reason=\"%s\"",
		          name, why);
	mcps__free(name);
	return status;
}
