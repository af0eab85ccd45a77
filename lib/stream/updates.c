#include "stream/updates.h"

#include "base/hash_table.h"

#include <string.h>

struct updated {
	UT_hash_handle hh;
	int64_t at_ms;
	size_t size; /* of uri */
	char uri[];
};

static struct updated *updates_find(const struct updates *updates,
                                    const char *uri)
{
	struct updated *found;

	HASH_FIND(hh, updates->by_uri, uri, strlen(uri), found);
	return found;
}

static void updates_drop(struct updates *updates, struct updated *gone)
{
	HASH_DELETE(hh, updates->by_uri, gone);
	updates->bytes -= gone->size;
	mcps__free(gone);
}

/* The one of longest ago, which uthash keeps first. What there was no memory
 * for may be newer. */
static void updates_drop_oldest(struct updates *updates)
{
	if (updates->floor_ms < updates->by_uri->at_ms)
		updates->floor_ms = updates->by_uri->at_ms;
	updates_drop(updates, updates->by_uri);
}

static bool updates_add(struct updates *updates, const char *uri,
                        int64_t now_ms)
{
	size_t size = strlen(uri) + 1;
	struct updated *added = mcps__calloc(1, sizeof *added + size);

	if (added == NULL)
		return false;
	added->at_ms = now_ms;
	added->size = size;
	memcpy(added->uri, uri, size);
	HASH_ADD_KEYPTR(hh, updates->by_uri, added->uri, size - 1, added);
	if (added->hh.tbl == NULL) {
		mcps__free(added);
		return false;
	}
	updates->bytes += size;
	return true;
}

bool mcps__updates_note(struct updates *updates, const char *uri,
                        int64_t now_ms)
{
	struct updated *before = updates_find(updates, uri);
	bool has_room = true;

	if (before != NULL)
		updates_drop(updates, before);
	if (!updates_add(updates, uri, now_ms)) {
		updates->floor_ms = now_ms;
		return true; /* no memory: that is no limit of ours */
	}
	while (HASH_COUNT(updates->by_uri) > UPDATES_MOST ||
	       updates->bytes > UPDATES_BYTES) {
		updates_drop_oldest(updates);
		has_room = false;
	}
	return has_room;
}

bool mcps__updates_since(const struct updates *updates, const char *uri,
                         int64_t since_ms)
{
	struct updated *found = updates_find(updates, uri);

	return (found != NULL ? found->at_ms : updates->floor_ms) >= since_ms;
}

void mcps__updates_finish(struct updates *updates)
{
	while (updates->by_uri != NULL)
		updates_drop(updates, updates->by_uri);
}
