/* A server in the libmicrohttpd daemon of a program that has one already: its
 * requests among those of the program, and the way out. */
#include <mcps/mhd.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "http/refuse.h"
#include "http/request.h"
#include "mhd/connection.h"
#include "mhd/mounts.h"
#include "mhd/reply.h"
#include "server/server.h"

#include <string.h>

/* One request of ours. The program's slot for it points here, so that libmicro-
 * httpd brings it along; what else may stand in that slot is the program's,
 * and is only compared. */
struct live {
	struct live *self; /* the key */
	void *inflight;    /* the glue's slot */
	void *theirs;      /* what the program had put there */
	struct MHD_Connection *connection;
	UT_hash_handle hh;
};

/* In the slot of a request that is not a pointer to one of the living. */
static char escaped_target, too_early;

/* ---- the living ---- */

static struct live *live_find(struct mount *mount, struct live *maybe)
{
	struct live *found;

	pthread_mutex_lock(&mount->lock);
	HASH_FIND_PTR(mount->live, &maybe, found);
	pthread_mutex_unlock(&mount->lock);
	return found;
}

static struct live *live_add(struct mount *mount,
                             struct MHD_Connection *connection, void **request)
{
	struct live *live = mcps__calloc(1, sizeof *live);
	bool is_in;

	if (live == NULL)
		return NULL;
	live->self = live;
	live->connection = connection;
	pthread_mutex_lock(&mount->lock);
	HASH_ADD_PTR(mount->live, self, live);
	is_in = live->hh.tbl != NULL;
	pthread_mutex_unlock(&mount->lock);
	if (!is_in) {
		mcps__free(live);
		return NULL;
	}
	live->theirs = *request;
	*request = live;
	return live;
}

static void live_remove(struct mount *mount, struct live *live)
{
	pthread_mutex_lock(&mount->lock);
	HASH_DEL(mount->live, live);
	pthread_mutex_unlock(&mount->lock);
	mcps__free(live);
}

/* A connection has one request at a time. Returns the one that CONNECTION had
 * before, which is over; NULL: it had none. */
static struct live *live_find_before(struct mount *mount,
                                     const struct MHD_Connection *connection)
{
	struct live *live, *next;

	pthread_mutex_lock(&mount->lock);
	HASH_ITER (hh, mount->live, live, next) {
		if (live->connection == connection)
			break;
	}
	pthread_mutex_unlock(&mount->lock);
	return live;
}

/* A program that does not call mcps_mhd_completed() would lose some kilobytes
 * with each request. libmicrohttpd does not tell which callbacks a daemon has,
 * but a new request on a connection shows that nobody told us of the end of the
 * request before. */
static void find_missed_end(struct mount *mount,
                            struct MHD_Connection *connection)
{
	struct live *before;

	if (atomic_load(&mount->hears_ends))
		return;
	before = live_find_before(mount, connection);
	if (before == NULL)
		return;
	if (!atomic_exchange(&mount->warned_of_ends, true))
		mcps__log(mount->host.log, MCPS_LOG_ERROR, "http",
		          "the daemon's MHD_OPTION_NOTIFY_COMPLETED callback "
		          "does not call mcps_mhd_completed(): memory is lost "
		          "with requests, and stops take long");
	mcps__connection_missed(&before->inflight);
	live_remove(mount, before);
}

/* ---- the end of a mount ---- */

void mcps__mount_miss_requests(struct mount *mount)
{
	while (mount->live != NULL && atomic_load(&mount->host.parked) == 0) {
		struct live *live = mount->live;

		mcps__connection_missed(&live->inflight);
		live_remove(mount, live);
	}
}

void mcps__mount_drop_requests(struct mount *mount)
{
	HASH_CLEAR(hh, mount->live);
}

/* ---- where there is no mount ---- */

static int refuse_now(struct MHD_Connection *connection, const char *method,
                      const char *reason)
{
	const struct reply_id none = { NULL, 0 };
	const struct reply_manner manner = { .is_get =
		                                     strcmp(method, "GET") == 0,
		                             .close = true };
	struct plan plan = { 0 };
	bool is_sent;

	mcps__refuse(&plan, MCPS_E_BUSY, none, reason, NULL);
	is_sent = mcps__reply_send(connection, &plan, &manner);
	mcps__plan_finish(&plan);
	return is_sent ? (int)MHD_YES : (int)MHD_NO;
}

/* An answer before the body was read may not reach the client. */
static int refuse_early(struct MHD_Connection *connection, const char *method,
                        size_t *size, void **request, const char *reason)
{
	if (*request == NULL) {
		*request = &too_early;
		return (int)MHD_YES;
	}
	if (*request == &too_early && *size != 0) {
		*size = 0;
		return (int)MHD_YES;
	}
	return refuse_now(connection, method, reason);
}

/* ---- what the program's callbacks begin with ---- */

/* Its epoll thread sleeps for ever when a multiple of 128 descriptors is ready
 * at once (0.9.75, 1.0.1), unless there is a timeout to wait for. Only a
 * connection can tell whether there is one. */
static void warn_once(struct mount *mount, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	if (!mount->mode.may_oversleep || atomic_load(&mount->warned) ||
	    atomic_exchange(&mount->warned, true))
		return;
	info = MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_CONNECTION_TIMEOUT);
	if (info == NULL || info->connection_timeout != 0)
		return;
	mcps__log(mount->host.log, MCPS_LOG_WARN, "http",
	          "the daemon's epoll thread may fall asleep for ever: set "
	          "MHD_OPTION_CONNECTION_TIMEOUT, or use "
	          "MHD_USE_POLL_INTERNAL_THREAD");
}

/* ---- which mount ---- */

struct live_search {
	void *slot; /* of the program */
	struct live *found;
};

static bool has_live(struct mount *mount, void *arg)
{
	struct live_search *search = arg;

	search->found = live_find(mount, search->slot);
	return search->found != NULL;
}

/* SLOT is the program's. NULL: no request of ours. */
static struct mount *enter_live(struct mounts *mounts, void *slot,
                                struct live **live)
{
	struct live_search search = { slot, NULL };
	struct mount *mount = NULL;

	if (slot != NULL)
		mount = mcps__mounts_enter(mounts, has_live, &search);
	*live = search.found;
	return mount;
}

static bool serves(struct mount *mount, void *arg)
{
	return !atomic_load(&mount->is_detached) &&
	       mcps__daemon_id_is(&mount->id, arg);
}

/* NULL: the daemon of CONNECTION is not attached. It could not be waited for,
 * and may not be able to suspend. */
static struct mount *enter_new(struct mounts *mounts,
                               struct MHD_Connection *connection)
{
	struct daemon_id seen;
	struct mount *mount;

	mcps__daemon_id_of(&seen, connection);
	mount = mcps__mounts_enter(mounts, serves, &seen);
	if (mount == NULL && !atomic_exchange(&mounts->warned, true))
		mcps__log(
			mcps__server_log(mounts->server), MCPS_LOG_WARN, "http",
			"a request came by a libmicrohttpd daemon that is not "
			"attached (port %u), and was refused: call "
			"mcps_mhd_attach() for each daemon that serves MCP",
			seen.port);
	return mount;
}

static bool is_our_path(const mcps_server *server, const char *url)
{
	const char *path = mcps_server_path(server);

	return mcps_server_options(server)->trailing_slash
	               ? mcps__path_is(path, url)
	               : strcmp(path, url) == 0;
}

static struct live *begin(struct mount *mount,
                          struct MHD_Connection *connection, void **request)
{
	warn_once(mount, connection);
	find_missed_end(mount, connection);
	return live_add(mount, connection, request);
}

bool mcps_mhd_handle(mcps_server *server, struct MHD_Connection *connection,
                     const char *url, const char *method, const char *data,
                     size_t *size, void **request, int *result)
{
	struct mounts *mounts;
	struct mount *mount;
	struct live *live;

	if (server == NULL || connection == NULL || url == NULL ||
	    method == NULL || size == NULL || request == NULL ||
	    result == NULL || !is_our_path(server, url))
		return false;
	if (*request == &escaped_target) {
		*request = NULL;
		url = ""; /* the gate finds nothing there */
	}
	mounts = mcps__mounts_of(server);
	if (mcps__server_was_forked(server)) {
		*result = refuse_early(connection, method, size, request,
		                       "it was started by another process");
		return true;
	}
	if (mounts == NULL || *request == &too_early) {
		*result = refuse_early(connection, method, size, request,
		                       "it is about to start");
		return true;
	}
	mount = enter_live(mounts, *request, &live);
	if (mount == NULL)
		mount = enter_new(mounts, connection);
	if (mount == NULL) {
		*result = refuse_early(connection, method, size, request,
		                       "it does not serve this address");
		return true;
	}
	if (live == NULL)
		live = begin(mount, connection, request);
	*result = (int)MHD_NO;
	if (live != NULL)
		*result = (int)mcps__connection_handle(&mount->host, connection,
		                                       url, method, NULL, data,
		                                       size, &live->inflight);
	mcps__mount_leave(mount);
	return true;
}

bool mcps_mhd_completed(mcps_server *server, void **request)
{
	struct mounts *mounts;
	struct mount *mount;
	struct live *live;

	if (server == NULL || request == NULL)
		return false;
	if (*request == &too_early || *request == &escaped_target) {
		*request = NULL;
		return true;
	}
	mounts = mcps__mounts_of(server);
	mount = mounts != NULL ? enter_live(mounts, *request, &live) : NULL;
	if (mount == NULL)
		return false;
	atomic_store(&mount->hears_ends, true);
	*request = live->theirs;
	if (mcps__server_was_forked(server)) {
		mcps__mount_leave(mount);
		return *request == NULL; /* the rest is the other process' */
	}
	mcps__connection_completed(&mount->host, NULL, &live->inflight,
	                           MHD_REQUEST_TERMINATED_COMPLETED_OK);
	live_remove(mount, live);
	mcps__mount_leave(mount);
	return *request == NULL;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* The next character of *URI as libmicrohttpd unescapes it. */
static char unescape(const char **uri, bool *has_escape)
{
	const char *at = *uri;
	int high = at[0] == '%' ? hex_digit(at[1]) : -1;
	int low = high >= 0 ? hex_digit(at[2]) : -1;

	*uri = low >= 0 ? at + 3 : at + 1;
	*has_escape = *has_escape || low >= 0;
	return low >= 0 ? (char)(high * 16 + low) : at[0];
}

/* Only what libmicrohttpd would make our path of is of interest. */
void *mcps_mhd_target(mcps_server *server, const char *uri)
{
	bool has_escape = false;
	char c;

	if (server == NULL || uri == NULL)
		return NULL;
	for (const char *path = mcps_server_path(server); *path != '\0'; path++)
		if (unescape(&uri, &has_escape) != *path)
			return NULL;
	c = *uri == '?' ? '\0' : unescape(&uri, &has_escape);
	if (c == '/' && mcps_server_options(server)->trailing_slash)
		c = *uri == '?' ? '\0' : unescape(&uri, &has_escape);
	return has_escape && c == '\0' ? &escaped_target : NULL;
}

unsigned mcps_mhd_open_requests(mcps_server *server)
{
	struct mounts *mounts = server != NULL ? mcps__mounts_of(server) : NULL;

	return mounts != NULL ? mcps__mounts_open(mounts) : 0;
}
