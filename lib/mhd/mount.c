/* A server in the libmicrohttpd daemon of a program that has one already: its
 * requests among those of the program, and the way out. */
#include <mcps/mhd.h>

#include "base/error.h"
#include "http/refuse.h"
#include "http/request.h"
#include "mhd/connection.h"
#include "mhd/mounts.h"
#include "mhd/reply.h"
#include "server/server.h"

#include <string.h>

/* Marks: of requests that came where there is no mount, and of those whose
 * target was escaped. */
static const char refused[] = "", escaped_target[] = "";

/* ---- where there is no mount ---- */

static int mount_refuse_now(struct MHD_Connection *connection,
                            const char *method, const char *reason)
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
static int mount_refuse_early(struct MHD_Connection *connection,
                              const char *method, size_t *size,
                              const char *reason)
{
	bool is_new = mcps__mark_get(connection, MARK_REQUEST) != refused;

	if (is_new && !mcps__mark_set(connection, MARK_REQUEST, refused))
		return (int)MHD_NO;
	if (!is_new && *size == 0)
		return mount_refuse_now(connection, method, reason);
	*size = 0;
	return (int)MHD_YES;
}

/* ---- whose request it is ---- */

/* Its epoll thread sleeps for ever when a multiple of 128 descriptors is ready
 * at once (0.9.75, 1.0.1), unless there is a timeout to wait for. Only a
 * connection can tell whether there is one. */
static void mount_warn_once(struct mount *mount,
                            struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info;

	if (!mount->mode.may_oversleep || atomic_load(&mount->warned) ||
	    atomic_exchange(&mount->warned, true))
		return;
	info = MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_CONNECTION_TIMEOUT);
	if (info == NULL || info->connection_timeout != 0)
		return;
	mcps__log(mount->mhd.log, MCPS_LOG_WARN, "http",
	          "the daemon's epoll thread may fall asleep for ever: set "
	          "MHD_OPTION_CONNECTION_TIMEOUT, or use "
	          "MHD_USE_POLL_INTERNAL_THREAD");
}

/* A program that does not call mcps_mhd_completed() would lose some kilobytes
 * with each request. libmicrohttpd does not tell which callbacks a daemon has,
 * but a new request on a connection shows that nobody told us of the end of the
 * request before. */
static void mount_end_missed(struct mount *mount, struct live *before)
{
	if (!atomic_exchange(&mount->warned_of_ends, true))
		mcps__log(mount->mhd.log, MCPS_LOG_ERROR, "http",
		          "the daemon's MHD_OPTION_NOTIFY_COMPLETED callback "
		          "does not call mcps_mhd_completed(): memory is lost "
		          "with requests, and stops take long");
	mcps__connection_missed(&before->request_context);
	mcps__live_remove(&mount->live, before);
}

/* NULL: no memory. */
static struct live *mount_take_request(struct mount *mount,
                                       struct MHD_Connection *connection)
{
	struct live *before = mcps__live_find(&mount->live, connection);

	if (before != NULL &&
	    mcps__mark_get(connection, MARK_REQUEST) == mount->mark)
		return before;
	if (before != NULL)
		mount_end_missed(mount, before);
	mount_warn_once(mount, connection);
	if (!mcps__mark_set(connection, MARK_REQUEST, mount->mark))
		return NULL;
	return mcps__live_add(&mount->live, connection);
}

/* ---- which mount ---- */

struct mark_search {
	const char *mark;
};

static bool mount_has_mark(struct mount *mount, void *arg)
{
	return mount->mark == ((struct mark_search *)arg)->mark;
}

/* The one that took over the request that CONNECTION is at; NULL: none. */
static struct mount *mount_enter_marked(struct mounts *mounts,
                                        struct MHD_Connection *connection)
{
	struct mark_search search = { mcps__mark_get(connection,
		                                     MARK_REQUEST) };

	return mounts != NULL && search.mark != NULL
	               ? mcps__mounts_enter(mounts, mount_has_mark, &search)
	               : NULL;
}

static bool mount_serves(struct mount *mount, void *arg)
{
	return !atomic_load(&mount->is_detached) &&
	       mcps__daemon_id_is(&mount->id, arg);
}

/* NULL: the daemon of CONNECTION is not attached. It could not be waited for,
 * and may not be able to suspend. */
static struct mount *mount_enter_new(struct mounts *mounts,
                                     struct MHD_Connection *connection)
{
	struct daemon_id seen;
	struct mount *mount;

	mcps__daemon_id_of(&seen, connection);
	mount = mcps__mounts_enter(mounts, mount_serves, &seen);
	if (mount == NULL && !atomic_exchange(&mounts->warned, true))
		mcps__log(
			mcps__server_log(mounts->server), MCPS_LOG_WARN, "http",
			"a request came by a libmicrohttpd daemon that is not "
			"attached (port %u), and was refused: call "
			"mcps_mhd_attach() for each daemon that serves MCP",
			seen.port);
	return mount;
}

/* ---- what the program's callbacks begin with ---- */

static bool mount_is_our_path(const mcps_server *server, const char *url)
{
	const char *path = mcps_server_path(server);

	return mcps_server_get_options(server)->trailing_slash
	               ? mcps__path_is(path, url)
	               : strcmp(path, url) == 0;
}

static struct mount *mount_enter_request(struct mounts *mounts,
                                         struct MHD_Connection *connection)
{
	struct mount *mount = mount_enter_marked(mounts, connection);

	return mount != NULL ? mount : mount_enter_new(mounts, connection);
}

/* The mount that takes the request; NULL, and why none does. A request that was
 * refused in an earlier call stays refused. */
static struct mount *mount_choose(mcps_server *server,
                                  struct MHD_Connection *connection,
                                  const char **refusal)
{
	struct mounts *mounts = mcps__mounts_of(server);
	struct mount *mount;

	*refusal = "it was started by another process";
	if (mcps__server_was_forked(server))
		return NULL;
	*refusal = mcps__server_refusal(server);
	if (mounts == NULL)
		return NULL;
	*refusal = "it does not serve this address";
	mount = mount_enter_request(mounts, connection);
	if (mount == NULL ||
	    mcps__mark_get(connection, MARK_REQUEST) != refused)
		return mount;
	*refusal = "it has just started";
	mcps__mount_leave(mount);
	return NULL;
}

bool mcps_mhd_handle(mcps_server *server, struct MHD_Connection *connection,
                     const char *url, const char *method, const char *data,
                     size_t *size, void **request, int *result)
{
	const char *refusal;
	struct mount *mount;
	struct live *live;

	if (server == NULL || connection == NULL || url == NULL ||
	    method == NULL || size == NULL || request == NULL ||
	    result == NULL || !mount_is_our_path(server, url))
		return false;
	if (mcps__mark_get(connection, MARK_TARGET) == escaped_target)
		url = ""; /* the gate finds nothing there */
	mount = mount_choose(server, connection, &refusal);
	if (mount == NULL) {
		*result = mount_refuse_early(connection, method, size, refusal);
		return true;
	}
	live = mount_take_request(mount, connection);
	*result = (int)MHD_NO;
	if (live != NULL)
		*result = (int)mcps__connection_serve(
			&mount->mhd, connection,
			&(const struct arrival){ url, method, data, size,
		                                 *request },
			&live->request_context);
	mcps__mount_leave(mount);
	return true;
}

bool mcps_mhd_owns(mcps_server *server, struct MHD_Connection *connection)
{
	struct mount *mount;

	if (server == NULL || connection == NULL)
		return false;
	if (mcps__mark_get(connection, MARK_REQUEST) == refused)
		return true;
	mount = mount_enter_marked(mcps__mounts_of(server), connection);
	mcps__mount_leave(mount);
	return mount != NULL;
}

static void mount_end_request(struct mount *mount,
                              struct MHD_Connection *connection)
{
	struct live *live = mcps__live_find(&mount->live, connection);

	if (live == NULL)
		return;
	mcps__connection_completed(&mount->mhd, NULL, &live->request_context,
	                           MHD_REQUEST_TERMINATED_COMPLETED_OK);
	mcps__live_remove(&mount->live, live);
}

bool mcps_mhd_completed(mcps_server *server, struct MHD_Connection *connection,
                        void **request)
{
	struct mount *mount;
	bool is_ours;

	if (server == NULL || connection == NULL || request == NULL)
		return false;
	is_ours = mcps_mhd_owns(server, connection);
	mount = mount_enter_marked(mcps__mounts_of(server), connection);
	/* In a fork the rest is the other process'. */
	if (mount != NULL && !mcps__server_was_forked(server))
		mount_end_request(mount, connection);
	mcps__mount_leave(mount);
	return *request == NULL && is_ours;
}

static int mount_hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* The next character of *URI as libmicrohttpd unescapes it. */
static char mount_unescape(const char **uri, bool *has_escape)
{
	const char *at = *uri;
	int high = at[0] == '%' ? mount_hex_digit(at[1]) : -1;
	int low = high >= 0 ? mount_hex_digit(at[2]) : -1;

	*uri = low >= 0 ? at + 3 : at + 1;
	*has_escape = *has_escape || low >= 0;
	return low >= 0 ? (char)(high * 16 + low) : at[0];
}

/* Only what libmicrohttpd would make our path of is of interest. */
static bool mount_is_escaped_path(const mcps_server *server, const char *uri)
{
	bool has_escape = false;
	char c;

	for (const char *path = mcps_server_path(server); *path != '\0'; path++)
		if (mount_unescape(&uri, &has_escape) != *path)
			return false;
	c = *uri == '?' ? '\0' : mount_unescape(&uri, &has_escape);
	if (c == '/' && mcps_server_get_options(server)->trailing_slash)
		c = *uri == '?' ? '\0' : mount_unescape(&uri, &has_escape);
	return has_escape && c == '\0';
}

void mcps_mhd_target(mcps_server *server, struct MHD_Connection *connection,
                     const char *uri)
{
	if (server != NULL && connection != NULL && uri != NULL &&
	    mount_is_escaped_path(server, uri))
		(void)mcps__mark_set(connection, MARK_TARGET, escaped_target);
}

unsigned mcps_mhd_open_requests(mcps_server *server)
{
	struct mounts *mounts = server != NULL ? mcps__mounts_of(server) : NULL;

	return mounts != NULL ? mcps__mounts_open(mounts) : 0;
}
