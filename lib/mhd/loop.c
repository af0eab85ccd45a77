#include "mhd/loop.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/thread.h"
#include "http/endpoint.h"
#include "mhd/httpd.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* While leaving, what ends the wait sends no wakeup signal. */
	LEAVING_TICK_MS = 10,
	/* For the last words of those who spoke up just when idle connections
	 * were cut. */
	LAST_WORDS_MS = 100,
};

/* Descriptors that a loop watches besides its wakeup. */
enum { WATCH_HTTP, WATCH_LEAVERS, WATCH_NEWCOMERS };

static int64_t loop_now_ms(void)
{
	return mcps__steady_ms(&mcps__system_clock);
}

static int loop_sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int loop_http_timeout(const struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG left;

	if (MHD_get_timeout(loop->http, &left) != MHD_YES)
		return -1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

static unsigned loop_room(const struct loop *loop)
{
	return loop->connections > loop->sockets.count
	               ? loop->connections - loop->sockets.count
	               : 0;
}

/* How long nothing is to be done by itself, as poll() wants it. */
static int loop_timeout(struct loop *loop, enum loop_phase phase)
{
	int64_t now = loop_now_ms();
	int accepting =
		mcps__acceptor_watch(&loop->acceptor, loop_room(loop), now);
	int timeout = loop_http_timeout(loop);

	if (timeout == 0)
		return 0;
	timeout = loop_sooner(timeout, accepting);
	timeout = loop_sooner(timeout, mcps__deadlines_timeout(
					       &loop->sockets.deadlines, now));
	if (phase == LOOP_SERVING || (phase == LOOP_QUIET && loop->is_quiesced))
		return timeout;
	return loop_sooner(timeout, LEAVING_TICK_MS);
}

/* ---- accepting ---- */

static unsigned loop_accept(struct loop *loop)
{
	unsigned count =
		mcps__acceptor_take(&loop->acceptor, loop->http,
	                            loop_room(loop), loop->sockets.now_ms);

	if (loop->acceptor.failure != 0)
		mcps__endpoint_report(loop->mhd.endpoint, INCIDENT_DESCRIPTORS);
	return count;
}

/* Cut clients that are late, or have left. */
static void loop_keep_time(struct loop *loop)
{
	struct deadlines *deadlines = &loop->sockets.deadlines;

	mcps__deadlines_round(deadlines, loop->sockets.now_ms);
	for (; deadlines->late != 0; deadlines->late--)
		mcps__endpoint_report(loop->mhd.endpoint, INCIDENT_SLOW_CLIENT);
}

/* ---- the thread ---- */

static bool loop_may_end(const struct loop *loop, enum loop_phase phase)
{
	if (phase != LOOP_LEAVING)
		return false;
	if (atomic_load(&loop->mhd.open) == 0 &&
	    atomic_load(&loop->mhd.parked) == 0)
		return true;
	return loop->sockets.now_ms >= loop->leave_by_ms;
}

/* Clients that wait in the kernel may have sent their request: they are served
 * rather than reset. Those of a socket that another process has, too, wait for
 * that process. When no loop accepts any more, a client that connects is
 * refused at once. */
static void loop_stop_accepting(struct loop *loop)
{
	if (loop->acceptor.is_stopped)
		return;
	/* Clients must not keep their connections for the idle time: they
	 * come back to the process that listens next. */
	atomic_store(&loop->mhd.closes, true);
	loop->quiesce_by_ms = loop_now_ms() + loop->quiesce_ms;
	while (!loop->is_shared && loop_accept(loop) == ACCEPT_BATCH)
		continue;
	mcps__acceptor_stop(&loop->acceptor);
	if (atomic_fetch_sub(loop->accepting, 1) == 1 && !loop->is_shared)
		(void)shutdown(loop->acceptor.listener, SHUT_RDWR);
}

/* A connection that is closed while its client sends loses a call that nobody
 * may repeat. So each is closed after an answer, which says so; only those
 * that bring nothing for a while are cut. */
static void loop_try_quiesce(struct loop *loop)
{
	bool has_idle = loop->sockets.count > atomic_load(&loop->mhd.working);
	int64_t now = loop_now_ms();

	if (loop->is_quiesced)
		return;
	if (has_idle && !loop->has_cut && now >= loop->quiesce_by_ms) {
		mcps__deadlines_cut_idle(&loop->sockets.deadlines);
		loop->has_cut = true;
		loop->quiesce_by_ms = now + LAST_WORDS_MS;
	}
	if (has_idle && now < loop->quiesce_by_ms)
		return;
	loop->is_quiesced = true;
	sem_post(&loop->quiesced);
}

/* Connections without a request are closed now, not when the slowest loop has
 * ended: who calls on one would wait for nobody. */
static void loop_end(struct loop *loop)
{
	loop_stop_accepting(loop); /* it may have gone straight to leaving */
	if (atomic_load(&loop->mhd.open) != 0 ||
	    atomic_load(&loop->mhd.parked) != 0)
		return;
	MHD_stop_daemon(loop->http);
	loop->http = NULL;
}

/* The loop is its only writer: a plain load and store will do. */
static void loop_count_round(struct loop *loop)
{
	uint64_t rounds =
		atomic_load_explicit(&loop->rounds, memory_order_relaxed);

	atomic_store_explicit(&loop->rounds, rounds + 1, memory_order_relaxed);
}

/* Sleep until there is something to do, then do all of it once. */
static void loop_round(struct loop *loop, enum loop_phase phase)
{
	const int watched[WAKEUP_FDS] = {
		[WATCH_HTTP] = loop->events,
		[WATCH_LEAVERS] = loop->watcher.fd,
		[WATCH_NEWCOMERS] = loop->acceptor.events,
	};
	int timeout = loop_timeout(loop, phase);
	unsigned ready = mcps__wakeup_wait(&loop->wakeup, watched, timeout);

	loop_count_round(loop);
	loop->sockets.now_ms = loop_now_ms();
	if ((ready & (1U << WATCH_LEAVERS)) != 0)
		mcps__disconnect_watcher_round(&loop->watcher);
	if (loop->acceptor.is_watching &&
	    (ready & (1U << WATCH_NEWCOMERS)) != 0)
		loop_accept(loop);
	loop_keep_time(loop);
	MHD_run(loop->http);
}

static void *loop_main(void *arg)
{
	struct loop *loop = arg;
	enum loop_phase phase;

	while (phase = atomic_load(&loop->phase), !loop_may_end(loop, phase)) {
		if (phase != LOOP_SERVING) {
			loop_stop_accepting(loop);
			loop_try_quiesce(loop);
		}
		loop_round(loop, phase);
	}
	loop_end(loop);
	return NULL;
}

mcps_status mcps__loop_start(struct loop *loop, struct mcps_error *error)
{
	char name[16];
	int failure;

	snprintf(name, sizeof name, "mcps-net-%u", loop->number);
	failure = mcps__thread_start(&loop->thread, name, loop_main, loop);
	if (failure != 0)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "cannot start a network thread: %s",
		                  strerror(failure));
	return MCPS_OK;
}

/* ---- its phases, and the end ---- */

static void loop_move(struct loop *loop, enum loop_phase phase)
{
	atomic_store(&loop->phase, phase);
	mcps__wakeup_signal(&loop->wakeup);
}

void mcps__loop_quiesce(struct loop *loop, int64_t quiesce_ms)
{
	loop->quiesce_ms = quiesce_ms;
	loop_move(loop, LOOP_QUIET);
}

void mcps__loop_wait_quiesced(struct loop *loop)
{
	while (sem_wait(&loop->quiesced) != 0 && errno == EINTR)
		continue;
}

void mcps__loop_leave(struct loop *loop, int64_t patience_ms)
{
	loop->leave_by_ms = loop_now_ms() + patience_ms;
	loop_move(loop, LOOP_LEAVING);
}

bool mcps__loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
	return atomic_load(&loop->mhd.parked) == 0;
}

void mcps__loop_close(struct loop *loop)
{
	if (loop->http != NULL)
		MHD_stop_daemon(loop->http);
	mcps__acceptor_close(&loop->acceptor);
	mcps__disconnect_watcher_close(&loop->watcher);
	mcps__wakeup_close(&loop->wakeup);
	sem_destroy(&loop->quiesced);
}

/* ---- how it is getting on ---- */

bool mcps__loop_is_busy(const struct loop *loop)
{
	return atomic_load(&loop->wakeup.state) != WAKEUP_ASLEEP;
}

uint64_t mcps__loop_rounds(const struct loop *loop)
{
	return atomic_load_explicit(&loop->rounds, memory_order_relaxed);
}

uint64_t mcps__loop_accepted(const struct loop *loop)
{
	return atomic_load_explicit(&loop->acceptor.accepted,
	                            memory_order_relaxed);
}

/* ---- opening ---- */

static void loop_signal(struct mhd_context *mhd)
{
	mcps__wakeup_signal(&container_of(mhd, struct loop, mhd)->wakeup);
}

static mcps_status loop_prepare(struct loop *loop,
                                const struct loop_options *options,
                                struct mcps_error *error)
{
	if (!mcps__acceptor_open(&loop->acceptor, options->listener) ||
	    !mcps__wakeup_open(&loop->wakeup) ||
	    !mcps__disconnect_watcher_open(&loop->watcher))
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "cannot make a network loop: %s",
		                  strerror(errno));
	loop->http = mcps__httpd_start(loop, options);
	if (loop->http == NULL)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "libmicrohttpd does not start");
	loop->events = mcps__httpd_events(loop->http);
	return MCPS_OK;
}

mcps_status mcps__loop_open(struct loop *loop,
                            const struct loop_options *options,
                            struct mcps_error *error)
{
	mcps_status status;

	*loop = (struct loop){ .mhd = { .endpoint = options->endpoint,
		                        .linger = options->linger,
		                        .log = options->log,
		                        .streams = options->streams,
		                        .signal = loop_signal,
		                        .sockets = &loop->sockets,
		                        .watcher = &loop->watcher },
		               .watcher.fd = -1,
		               .number = options->number,
		               .accepting = options->accepting,
		               .connections = options->connections,
		               .acceptor.events = -1,
		               .is_shared = options->is_shared,
		               .sockets.idle_s = options->idle_s,
		               .sockets.most = options->connections,
		               .sockets.fullness = options->fullness,
		               .wakeup.fd = -1 };
	sem_init(&loop->quiesced, 0, 0);
	status = loop_prepare(loop, options, error);
	if (status != MCPS_OK)
		mcps__loop_close(loop);
	return status;
}
