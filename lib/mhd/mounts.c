#include "mhd/mounts.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/drain.h"
#include "mhd/connection.h"
#include "mhd/limits.h"
#include "mhd/progress.h"
#include "server/server.h"
#include "stream/streams.h"

#include <sys/select.h>
#include <time.h>

enum {
	/* After the drain: for the store, and for slow readers. */
	PATIENCE_MS = 2000,
	/* Between two looks while a daemon is detached. */
	DETACH_TICK_MS = 20,
	/* The limit of libmicrohttpd unless the program sets another one, which
	 * it does not tell. */
	CONNECTIONS_DEFAULT = FD_SETSIZE - 4,
};

static int64_t mounts_now_ms(void)
{
	return mcps__steady_ms(&mcps__system_clock);
}

/* ---- using them ---- */

struct mounts *mcps__mounts_of(mcps_server *server)
{
	struct attachment *attachment = mcps__server_attachment(server);

	return attachment != NULL
	               ? container_of(attachment, struct mounts, attachment)
	               : NULL;
}

struct mount *mcps__mounts_enter(struct mounts *mounts,
                                 bool (*is)(struct mount *mount, void *arg),
                                 void *arg)
{
	struct mount *mount;

	pthread_rwlock_rdlock(&mounts->lock);
	for (mount = mounts->first; mount != NULL; mount = mount->next)
		if (is(mount, arg))
			break;
	if (mount != NULL)
		atomic_fetch_add(&mount->users, 1);
	pthread_rwlock_unlock(&mounts->lock);
	return mount;
}

void mcps__mount_leave(struct mount *mount)
{
	if (mount != NULL)
		atomic_fetch_sub(&mount->users, 1);
}

unsigned mcps__mounts_open(struct mounts *mounts)
{
	unsigned sum = 0;

	pthread_rwlock_rdlock(&mounts->lock);
	for (struct mount *mount = mounts->first; mount != NULL;
	     mount = mount->next)
		sum += atomic_load(&mount->mhd.open);
	pthread_rwlock_unlock(&mounts->lock);
	return sum;
}

/* ---- whether the program's daemon goes on ---- */

static const char *mount_check(struct readiness_probe *probe, int64_t now)
{
	struct mount *mount = container_of(probe, struct mount, probe);
	/* In this order: never more than were woken. */
	unsigned went_on = atomic_load(&mount->mhd.went_on);
	unsigned woken = atomic_load(&mount->mhd.woken);

	if (mcps__stall_look(&mount->going_on, woken != went_on, went_on, now) <
	    RUN_WITHIN_MS)
		return NULL;
	return mount->mode.has_thread
	               ? "a thread of the libmicrohttpd daemon has not run for "
	                 "5 s although requests can go on"
	               : "MHD_run() was not called for 5 s although requests "
	                 "can go on";
}

/* ---- one ---- */

static void mount_signal(struct mhd_context *mhd)
{
	struct mount *mount = container_of(mhd, struct mount, mhd);

	mount->wake(mount->wake_arg);
}

static void mount_mhd_context_init(struct mount *mount)
{
	struct mounts *mounts = mount->mounts;
	struct mhd_context *mhd = &mount->mhd;

	mhd->endpoint = mcps__server_endpoint(mounts->server);
	mhd->log = mcps__server_log(mounts->server);
	mhd->streams = &mount->streams;
	mhd->signal = mount->mode.has_thread ? NULL : mount_signal;
	mhd->blocks = mount->mode.blocks;
	mhd->counts_wakes = true;
	mhd->watcher = &mounts->disconnect_thread.watcher;
	mhd->linger = &mounts->linger;
}

static struct mount *mount_new(struct mounts *mounts, struct MHD_Daemon *daemon,
                               const struct mode *mode)
{
	struct mount *mount = mcps__calloc(1, sizeof *mount);

	if (mount == NULL)
		return NULL;
	mount->mounts = mounts;
	mount->mode = *mode;
	mcps__daemon_id_read(&mount->id, daemon);
	mcps__stream_limits_init(
		&mount->streams, mcps_server_get_options(mounts->server),
		mode->blocks ? mcps__limits_connections(CONNECTIONS_DEFAULT)
			     : 0);
	mount_mhd_context_init(mount);
	mount->probe.check = mount_check;
	mcps__live_init(&mount->live);
	return mount;
}

static void mount_free(struct mount *mount)
{
	mcps__live_finish(&mount->live);
	mcps__free(mount);
}

/* ---- the drain ---- */

/* The calls have ended, or were answered in their place. A parked request still
 * waits for the store, or for an auth hook; it has to be resumed before
 * MHD_stop_daemon(), which else ends the process. */
static bool mount_drain(struct mount *mount, int64_t until_ms)
{
	if (!mcps__await_zero(&mount->mhd.parked, until_ms - mounts_now_ms())) {
		mcps__log(mount->mhd.log, MCPS_LOG_ERROR, "http",
		          "a request still waits for an auth hook or the "
		          "store: MHD_stop_daemon() would end the process, or "
		          "wait for it");
		return false;
	}
	if (mount->mode.has_thread)
		(void)mcps__await_zero(&mount->mhd.open, PATIENCE_MS);
	return true;
}

static bool mounts_drain(struct attachment *attachment, uint32_t wait_ms)
{
	struct mounts *mounts =
		container_of(attachment, struct mounts, attachment);
	int64_t until_ms = mounts_now_ms() + wait_ms + PATIENCE_MS;
	bool is_drained = true;

	pthread_mutex_lock(&mounts->changes);
	for (struct mount *mount = mounts->first; mount != NULL;
	     mount = mount->next)
		if (!mount_drain(mount, until_ms))
			is_drained = false;
	pthread_mutex_unlock(&mounts->changes);
	return is_drained;
}

/* ---- all of them ---- */

/* The daemon was stopped, so every request is over: those of which nobody told
 * us the end, because the program does not call mcps_mhd_completed(), too. */
static void mount_miss_requests(struct mount *mount)
{
	while (mount->live.first != NULL &&
	       atomic_load(&mount->mhd.parked) == 0) {
		struct live *live = mount->live.first;

		mcps__connection_missed(&live->request_context);
		mcps__live_remove(&mount->live, live);
	}
}

static void mounts_release(struct attachment *attachment)
{
	struct mounts *mounts =
		container_of(attachment, struct mounts, attachment);

	for (struct mount *mount = mounts->first; mount != NULL;
	     mount = mount->next)
		mount_miss_requests(mount);
}

static void mounts_free(struct attachment *attachment)
{
	struct mounts *mounts =
		container_of(attachment, struct mounts, attachment);
	struct mount *mount;

	while ((mount = mounts->first) != NULL) {
		mounts->first = mount->next;
		mcps__server_remove_probe(mounts->server, &mount->probe);
		mount_free(mount);
	}
	mcps__disconnect_thread_close(&mounts->disconnect_thread);
	mcps__linger_finish(&mounts->linger);
	pthread_rwlock_destroy(&mounts->lock);
	pthread_mutex_destroy(&mounts->changes);
	mcps__free(mounts);
}

static mcps_status mounts_new(struct mounts **out, mcps_server *server,
                              struct mcps_error *error)
{
	struct mounts *mounts = mcps__calloc(1, sizeof *mounts);
	mcps_status status;

	*out = NULL;
	if (mounts == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	status =
		mcps__disconnect_thread_open(&mounts->disconnect_thread, error);
	if (status != MCPS_OK) {
		mcps__free(mounts);
		return status;
	}
	mounts->attachment = (struct attachment){ mounts_drain, mounts_release,
		                                  mounts_free };
	mounts->server = server;
	mcps__linger_init(&mounts->linger);
	pthread_mutex_init(&mounts->changes, NULL);
	pthread_rwlock_init(&mounts->lock, NULL);
	*out = mounts;
	return MCPS_OK;
}

/* Those of SERVER, made if there are none. */
static mcps_status mounts_get(struct mounts **out, mcps_server *server,
                              struct mcps_error *error)
{
	mcps_status status;

	*out = mcps__mounts_of(server);
	if (*out != NULL)
		return MCPS_OK;
	status = mounts_new(out, server, error);
	if (status != MCPS_OK)
		return status;
	if (!mcps__server_attach(server, &(*out)->attachment)) {
		mounts_free(&(*out)->attachment);
		*out = mcps__mounts_of(server);
	}
	return MCPS_OK;
}

/* ---- attaching ---- */

/* Under the lock of changes, as all that follows. */
static struct mount *mounts_find_attached(struct mounts *mounts,
                                          const struct MHD_Daemon *daemon)
{
	struct mount *mount = mounts->first;

	while (mount != NULL &&
	       (atomic_load(&mount->is_detached) || mount->id.daemon != daemon))
		mount = mount->next;
	return mount;
}

/* A detached one that nothing uses is freed. Nobody enters it meanwhile. */
static void mounts_sweep(struct mounts *mounts)
{
	struct mount **link = &mounts->first;

	pthread_rwlock_wrlock(&mounts->lock);
	while (*link != NULL) {
		struct mount *mount = *link;

		if (!atomic_load(&mount->is_detached) ||
		    atomic_load(&mount->users) != 0 ||
		    mount->live.first != NULL ||
		    atomic_load(&mount->mhd.parked) != 0) {
			link = &mount->next;
			continue;
		}
		*link = mount->next;
		mount_free(mount);
	}
	pthread_rwlock_unlock(&mounts->lock);
}

static void mounts_add(struct mounts *mounts, struct mount *mount)
{
	pthread_rwlock_wrlock(&mounts->lock);
	mount->next = mounts->first;
	mounts->first = mount;
	pthread_rwlock_unlock(&mounts->lock);
	mcps__server_add_probe(mounts->server, &mount->probe);
}

static mcps_status mounts_attach(struct mounts *mounts,
                                 struct MHD_Daemon *daemon,
                                 const struct mode *mode, mcps_mhd_wake_fn wake,
                                 void *arg, struct mcps_error *error)
{
	struct mount *mount;

	mounts_sweep(mounts);
	if (mounts_find_attached(mounts, daemon) != NULL)
		return mcps__fail(
			error, MCPS_E_INVAL,
			"the server is attached to this daemon already; a "
			"daemon that is stopped before the server is detached "
			"first: mcps_mhd_detach()");
	mount = mount_new(mounts, daemon, mode);
	if (mount == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	mount->wake = wake;
	mount->wake_arg = arg;
	mounts_add(mounts, mount);
	return MCPS_OK;
}

static void mounts_warn_of_select(mcps_server *server, const struct mode *mode)
{
	mcps__log(
		mcps__server_log(server), MCPS_LOG_WARN, "http",
		"libmicrohttpd %s with select() sometimes never answers a "
		"request that waited: use %s, or libmicrohttpd 1.0.3 or newer",
		MHD_get_version(),
		mode->has_thread ? "MHD_USE_POLL_INTERNAL_THREAD"
				 : "MHD_USE_EPOLL");
}

/* A login of the program's own may stand before mcps_mhd_handle(). */
static void mounts_warn_of_any_caller(struct mounts *mounts)
{
	if (mcps__server_endpoint(mounts->server)->identify != NULL ||
	    atomic_exchange(&mounts->warned_of_any_caller, true))
		return;
	mcps__log(mcps__server_log(mounts->server), MCPS_LOG_WARN, "http",
	          "no callers are told apart: whoever reaches the program's "
	          "daemon may call, unless the program asks for a login before "
	          "mcps_mhd_handle(); see mcps_server_set_auth()");
}

static mcps_status mounts_check_attach(struct mode *mode, mcps_server *server,
                                       struct MHD_Daemon *daemon, bool has_wake,
                                       struct mcps_error *error)
{
	mcps_status status = mcps__mode_read(mode, daemon, has_wake, error);

	if (server == NULL || !mcps__server_is_running(server))
		status = mcps__fail_also(error, status,
		                         "start the server before attaching "
		                         "it");
	else if (mcps__server_was_forked(server))
		status = mcps__fail_also(error, status, mcps__forked);
	return status;
}

static mcps_status mounts_attach_checked(mcps_server *server,
                                         struct MHD_Daemon *daemon,
                                         const struct mode *mode,
                                         mcps_mhd_wake_fn wake, void *arg,
                                         struct mcps_error *error)
{
	struct mounts *mounts;
	mcps_status status = mounts_get(&mounts, server, error);

	if (status != MCPS_OK)
		return status;
	pthread_mutex_lock(&mounts->changes);
	status = mounts_attach(mounts, daemon, mode, wake, arg, error);
	pthread_mutex_unlock(&mounts->changes);
	if (status == MCPS_OK && mode->may_forget)
		mounts_warn_of_select(server, mode);
	if (status == MCPS_OK)
		mounts_warn_of_any_caller(mounts);
	return status;
}

mcps_status mcps_mhd_attach(mcps_server *server, struct MHD_Daemon *daemon,
                            mcps_mhd_wake_fn wake, void *arg,
                            struct mcps_error *error)
{
	struct mcps_error own;
	struct mode mode;
	mcps_status status;

	if (error == NULL)
		error = &own;
	status =
		mounts_check_attach(&mode, server, daemon, wake != NULL, error);
	if (status == MCPS_OK)
		status = mounts_attach_checked(server, daemon, &mode, wake, arg,
		                               error);
	if (status != MCPS_OK && server != NULL)
		mcps__server_note_refusal(server, error->text);
	return status;
}

/* ---- detaching ---- */

/* Nothing of it begins any more, and what has begun is neither at work nor
 * parked, and so will never be. */
static bool mount_is_quiet(const struct mount *mount)
{
	return atomic_load(&mount->users) == 0 &&
	       atomic_load(&mount->mhd.working) == 0 &&
	       atomic_load(&mount->mhd.parked) == 0;
}

/* A stream may have been opened after the others were closed, by a request that
 * was at work: they are closed again until there is none. */
static void mount_close_streams(struct mount *mount, bool is_late)
{
	struct endpoint *endpoint = mount->mhd.endpoint;
	struct streams *streams = mcps__streams_of(endpoint->sessions);

	mcps__sse_connections_close_of(&streams->sse_connections,
	                               &mount->streams, is_late);
	if (is_late)
		mcps__drain_stop_calls(endpoint, &mount->streams);
}

static bool mount_quiesce(struct mount *mount, uint32_t wait_ms)
{
	const struct timespec tick = { 0, DETACH_TICK_MS * 1000 * 1000 };
	int64_t late_ms = mounts_now_ms() + wait_ms;
	bool in_time = true;

	mount_close_streams(mount, false);
	while (!mount_is_quiet(mount)) {
		if (mounts_now_ms() >= late_ms + PATIENCE_MS)
			return false;
		nanosleep(&tick, NULL);
		in_time = in_time && mounts_now_ms() < late_ms;
		mount_close_streams(mount, !in_time);
	}
	return in_time;
}

static bool mounts_detach(struct mounts *mounts, struct mount *mount,
                          uint32_t wait_ms)
{
	bool in_time;

	mcps__server_remove_probe(mounts->server, &mount->probe);
	atomic_store(&mount->mhd.closes, true);
	atomic_store(&mount->mhd.refuses, true);
	pthread_rwlock_wrlock(&mounts->lock);
	atomic_store(&mount->is_detached, true);
	pthread_rwlock_unlock(&mounts->lock);
	in_time = mount_quiesce(mount, wait_ms);
	if (!mount_drain(mount, mounts_now_ms()))
		in_time = false;
	mounts_sweep(mounts);
	return in_time;
}

bool mcps_mhd_detach(mcps_server *server, struct MHD_Daemon *daemon,
                     uint32_t milliseconds)
{
	struct mounts *mounts = server != NULL ? mcps__mounts_of(server) : NULL;
	struct mount *mount;
	bool in_time = true;

	if (mounts == NULL || mcps__server_was_forked(server))
		return true;
	pthread_mutex_lock(&mounts->changes);
	mount = mounts_find_attached(mounts, daemon);
	if (mount != NULL)
		in_time = mounts_detach(mounts, mount, milliseconds);
	pthread_mutex_unlock(&mounts->changes);
	return in_time;
}
