/* A server in the libmicrohttpd daemon of a program that has one already: its
 * requests among those of the program, and the way out. */
#include <mcps/mhd.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/hash_table.h"
#include "http/listening.h"
#include "http/refuse.h"
#include "http/request.h"
#include "mhd/connection.h"
#include "mhd/host.h"
#include "mhd/linger.h"
#include "mhd/lookout.h"
#include "mhd/mode.h"
#include "mhd/progress.h"
#include "mhd/reply.h"
#include "server/attachment.h"
#include "server/readiness.h"
#include "server/server.h"

#include <pthread.h>
#include <string.h>

/* After the drain: for the store, and for slow readers. */
enum { PATIENCE_MS = 2000 };

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

struct mount {
	struct attachment attachment;
	mcps_server *server;
	struct readiness_probe probe;
	struct stall going_on; /* the probe's */
	struct host host;
	struct stream_limits streams;
	struct lookout lookout;
	struct linger_set linger;
	struct mode mode;
	mcps_mhd_wake_fn wake;
	void *wake_arg;
	atomic_bool warned; /* that the daemon may oversleep */
	/* The program's completion callback tells us of the ends of requests.
	 * Not known before the first one has ended. */
	atomic_bool hears_ends;
	atomic_bool warned_of_ends; /* that it does not */
	pthread_mutex_t lock;
	struct live *live; /* under the lock */
};

/* In the slot of a request that is not a pointer to one of the living. */
static char escaped_target, too_early;

static struct mount *mount_of(mcps_server *server)
{
	struct attachment *attachment = mcps__server_attachment(server);

	return attachment != NULL
	               ? container_of(attachment, struct mount, attachment)
	               : NULL;
}

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

/* ---- before there is a mount ---- */

static int refuse_now(struct MHD_Connection *connection, const char *method)
{
	const struct reply_id none = { NULL, 0 };
	const struct reply_manner manner = { .is_get =
		                                     strcmp(method, "GET") == 0,
		                             .close = true };
	struct plan plan = { 0 };
	bool is_sent;

	mcps__refuse(&plan, MCPS_E_BUSY, none, "it is about to start", NULL);
	is_sent = mcps__reply_send(connection, &plan, &manner);
	mcps__plan_finish(&plan);
	return is_sent ? (int)MHD_YES : (int)MHD_NO;
}

/* An answer before the body was read may not reach the client. */
static int refuse_early(struct MHD_Connection *connection, const char *method,
                        size_t *size, void **request)
{
	if (*request == NULL) {
		*request = &too_early;
		return (int)MHD_YES;
	}
	if (*request == &too_early && *size != 0) {
		*size = 0;
		return (int)MHD_YES;
	}
	return refuse_now(connection, method);
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

static bool is_our_path(const mcps_server *server, const char *url)
{
	const char *path = mcps_server_path(server);

	return mcps_server_options(server)->trailing_slash
	               ? mcps__path_is(path, url)
	               : strcmp(path, url) == 0;
}

bool mcps_mhd_handle(mcps_server *server, struct MHD_Connection *connection,
                     const char *url, const char *method, const char *data,
                     size_t *size, void **request, int *result)
{
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
	mount = mount_of(server);
	if (mount == NULL || *request == &too_early) {
		*result = refuse_early(connection, method, size, request);
		return true;
	}
	live = live_find(mount, *request);
	if (live == NULL) {
		warn_once(mount, connection);
		find_missed_end(mount, connection);
		live = live_add(mount, connection, request);
	}
	*result = (int)MHD_NO;
	if (live != NULL)
		*result = (int)mcps__connection_handle(&mount->host, connection,
		                                       url, method, NULL, data,
		                                       size, &live->inflight);
	return true;
}

bool mcps_mhd_completed(mcps_server *server, void **request)
{
	struct mount *mount;
	struct live *live = NULL;

	if (server == NULL || request == NULL)
		return false;
	mount = mount_of(server);
	if (*request == &too_early || *request == &escaped_target) {
		*request = NULL;
		return true;
	}
	if (mount != NULL && *request != NULL)
		live = live_find(mount, *request);
	if (live == NULL)
		return false;
	atomic_store(&mount->hears_ends, true);
	*request = live->theirs;
	mcps__connection_completed(&mount->host, NULL, &live->inflight,
	                           MHD_REQUEST_TERMINATED_COMPLETED_OK);
	live_remove(mount, live);
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
	struct mount *mount = server != NULL ? mount_of(server) : NULL;

	return mount != NULL ? atomic_load(&mount->host.open) : 0;
}

/* ---- the drain ---- */

/* The calls have ended, or were answered in their place. What is parked still
 * waits for the store, or for an auth hook; it has to be resumed before
 * MHD_stop_daemon(), which else ends the process. */
static bool mount_drain(struct attachment *attachment, uint32_t wait_ms)
{
	struct mount *mount =
		container_of(attachment, struct mount, attachment);

	if (!mcps__await_zero(&mount->host.parked,
	                      (int64_t)wait_ms + PATIENCE_MS)) {
		mcps__log(mount->host.log, MCPS_LOG_ERROR, "http",
		          "a request still waits for an auth hook or the "
		          "store: MHD_stop_daemon() would end the process");
		return false;
	}
	if (mount->mode.has_thread)
		(void)mcps__await_zero(&mount->host.open, PATIENCE_MS);
	return true;
}

/* ---- whether the program's daemon goes on ---- */

static const char *mount_check(struct readiness_probe *probe, int64_t now_ms)
{
	struct mount *mount = container_of(probe, struct mount, probe);
	/* In this order: never more than were woken. */
	unsigned went_on = atomic_load(&mount->host.went_on);
	unsigned woken = atomic_load(&mount->host.woken);

	if (mcps__stall_look(&mount->going_on, woken != went_on, went_on,
	                     now_ms) < RUN_WITHIN_MS)
		return NULL;
	return mount->mode.has_thread
	               ? "a thread of the libmicrohttpd daemon has not run for "
	                 "5 s although requests can go on"
	               : "MHD_run() was not called for 5 s although requests "
	                 "can go on";
}

/* ---- attaching ---- */

static void ring(struct host *host)
{
	struct mount *mount = container_of(host, struct mount, host);

	mount->wake(mount->wake_arg);
}

/* The daemon was stopped, so every request is over: those of which nobody told
 * us the end, because the program does not call mcps_mhd_completed(), too. */
static void mount_release(struct attachment *attachment)
{
	struct mount *mount =
		container_of(attachment, struct mount, attachment);

	while (mount->live != NULL && atomic_load(&mount->host.parked) == 0) {
		struct live *live = mount->live;

		mcps__connection_missed(&live->inflight);
		live_remove(mount, live);
	}
}

static void mount_free(struct attachment *attachment)
{
	struct mount *mount =
		container_of(attachment, struct mount, attachment);

	mcps__server_remove_probe(mount->server, &mount->probe);
	mcps__lookout_close(&mount->lookout);
	mcps__linger_finish(&mount->linger);
	HASH_CLEAR(hh, mount->live);
	pthread_mutex_destroy(&mount->lock);
	mcps__free(mount);
}

static mcps_status mount_new(struct mount **out, mcps_server *server,
                             const struct mode *mode, mcps_mhd_wake_fn wake,
                             void *arg, struct mcps_error *error)
{
	struct mount *mount = mcps__calloc(1, sizeof *mount);
	mcps_status status;

	*out = NULL;
	if (mount == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	status = mcps__lookout_open(&mount->lookout, error);
	if (status != MCPS_OK) {
		mcps__free(mount);
		return status;
	}
	mount->attachment =
		(struct attachment){ mount_drain, mount_release, mount_free };
	mount->server = server;
	mount->probe.check = mount_check;
	mount->host.counts_wakes = true;
	mount->host.endpoint = mcps__server_endpoint(server);
	mount->host.log = mcps__server_log(server);
	mcps__stream_limits_init(&mount->streams, mcps_server_options(server),
	                         0);
	mount->host.streams = &mount->streams;
	mount->host.ring = mode->has_thread ? NULL : ring;
	mount->host.blocks = mode->blocks;
	mount->host.watcher = &mount->lookout.watcher;
	mcps__linger_init(&mount->linger);
	mount->host.linger = &mount->linger;
	mount->mode = *mode;
	mount->wake = wake;
	mount->wake_arg = arg;
	pthread_mutex_init(&mount->lock, NULL);
	*out = mount;
	return MCPS_OK;
}

mcps_status mcps_mhd_attach(mcps_server *server, struct MHD_Daemon *daemon,
                            mcps_mhd_wake_fn wake, void *arg,
                            struct mcps_error *error)
{
	struct mount *mount;
	struct mode mode;
	mcps_status status =
		mcps__mode_read(&mode, daemon, wake != NULL, error);

	if (status != MCPS_OK)
		return status;
	if (server == NULL || !mcps__server_is_running(server))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "start the server before attaching it");
	status = mount_new(&mount, server, &mode, wake, arg, error);
	if (status != MCPS_OK)
		return status;
	if (mcps__server_attach(server, &mount->attachment)) {
		mcps__server_add_probe(server, &mount->probe);
		return MCPS_OK;
	}
	mount_free(&mount->attachment);
	return mcps__fail(error, MCPS_E_INVAL,
	                  "the server is attached to a daemon already");
}
