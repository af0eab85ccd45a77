#include "mhd/live.h"

#include "base/memory.h"

#include <microhttpd.h>

void mcps__live_init(struct live_set *set)
{
	set->first = NULL;
	pthread_mutex_init(&set->lock, NULL);
}

void mcps__live_finish(struct live_set *set)
{
	HASH_CLEAR(hh, set->first);
	pthread_mutex_destroy(&set->lock);
}

struct live *mcps__live_find(struct live_set *set,
                             const struct MHD_Connection *connection)
{
	struct live *found;

	pthread_mutex_lock(&set->lock);
	HASH_FIND_PTR(set->first, &connection, found);
	pthread_mutex_unlock(&set->lock);
	return found;
}

struct live *mcps__live_add(struct live_set *set,
                            struct MHD_Connection *connection)
{
	struct live *live = mcps__calloc(1, sizeof *live);
	bool is_in;

	if (live == NULL)
		return NULL;
	live->connection = connection;
	pthread_mutex_lock(&set->lock);
	HASH_ADD_PTR(set->first, connection, live);
	is_in = live->hh.tbl != NULL;
	pthread_mutex_unlock(&set->lock);
	if (is_in)
		return live;
	mcps__free(live);
	return NULL;
}

void mcps__live_remove(struct live_set *set, struct live *live)
{
	pthread_mutex_lock(&set->lock);
	HASH_DEL(set->first, live);
	pthread_mutex_unlock(&set->lock);
	mcps__free(live);
}

/* ---- marks ---- */

/* Values of this kind are put there by the program's code alone, and nothing
 * of libmicrohttpd looks at them. */
#define MARK_KIND MHD_POSTDATA_KIND

static const char *const mark_keys[] = {
	[MARK_REQUEST] = "mcps request",
	[MARK_TARGET] = "mcps target",
};

bool mcps__mark_set(struct MHD_Connection *connection, enum mark mark,
                    const char *whose)
{
	return MHD_set_connection_value(connection, MARK_KIND, mark_keys[mark],
	                                whose) == MHD_YES;
}

const char *mcps__mark_get(struct MHD_Connection *connection, enum mark mark)
{
	return MHD_lookup_connection_value(connection, MARK_KIND,
	                                   mark_keys[mark]);
}
