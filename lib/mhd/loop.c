#include "mhd/loop.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/error.h"
#include "base/thread.h"
#include "mhd/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* While leaving, what ends the wait does not ring the bell. */
	LEAVING_TICK_MS = 10,
	/* For the last words of those who spoke up just when idle connections
	 * were cut. */
	LAST_WORDS_MS = 100,
	/* Between attempts to accept without descriptors to be had. */
	STARVED_MS = 20,
};

static int64_t now_ms(void)
{
	return mcps__steady_ms(&mcps__system_clock);
}

static int sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int http_timeout(const struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG left;

	if (MHD_get_timeout(loop->http, &left) != MHD_YES)
		return -1;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* How long nothing is to be done by itself, as poll() wants it. */
static int loop_timeout(const struct loop *loop, enum loop_phase phase)
{
	int timeout = http_timeout(loop);

	if (timeout == 0)
		return 0;
	timeout = sooner(timeout, mcps__deadlines_timeout(
					  &loop->sockets.deadlines, now_ms()));
	if (phase == LOOP_SERVING || (phase == LOOP_QUIET && loop->is_settled))
		return timeout;
	return sooner(timeout, LEAVING_TICK_MS);
}

/* Without descriptors accept() fails, and libmicrohttpd would try for ever
 * at full speed if it has no connection whose end it could wait for. Then
 * nobody is kept waiting by a rest. */
static void loop_rest_if_starved(struct loop *loop)
{
	if (!loop->starved)
		return;
	loop->starved = false;
	if (atomic_load(&loop->host.open) == 0 &&
	    mcps__httpd_connections(loop->http) == 0)
		(void)poll(NULL, 0, STARVED_MS);
}

/* ---- the thread ---- */

static bool loop_may_end(const struct loop *loop, enum loop_phase phase)
{
	if (phase != LOOP_LEAVING)
		return false;
	if (atomic_load(&loop->host.open) == 0 &&
	    atomic_load(&loop->host.parked) == 0)
		return true;
	return loop->sockets.now_ms >= loop->leave_by_ms;
}

/* On this thread, because MHD_quiesce_daemon() races with MHD_run(). */
static void loop_stop_accepting(struct loop *loop)
{
	if (loop->quiet)
		return;
	loop->quiet = true;
	/* Not to wait for the idle time of connections: the client comes back
	 * to whoever listens next. */
	atomic_store(&loop->host.closes, true);
	loop->settle_by_ms = now_ms() + loop->settle_ms;
	(void)MHD_quiesce_daemon(loop->http);
	/* Once nobody accepts, who connects is refused at once instead of
	 * waiting in the kernel for nobody; unless another process comes. */
	if (atomic_fetch_sub(loop->accepting, 1) == 1 && !loop->is_shared)
		(void)shutdown(loop->listener, SHUT_RDWR);
}

/* A connection that is closed while its client sends loses a call that nobody
 * may repeat. So each is closed after an answer, which says so; only those
 * that bring nothing for a while are cut. */
static void loop_settle(struct loop *loop)
{
	bool has_idle = mcps__httpd_connections(loop->http) >
	                atomic_load(&loop->host.working);
	int64_t now = now_ms();

	if (loop->is_settled)
		return;
	if (has_idle && !loop->has_cut && now >= loop->settle_by_ms) {
		mcps__deadlines_cut_idle(&loop->sockets.deadlines);
		loop->has_cut = true;
		loop->settle_by_ms = now + LAST_WORDS_MS;
	}
	if (has_idle && now < loop->settle_by_ms)
		return;
	loop->is_settled = true;
	sem_post(&loop->settled);
}

/* Connections without a request are closed now, not when the slowest loop has
 * ended: who calls on one would wait for nobody. */
static void loop_end(struct loop *loop)
{
	loop_stop_accepting(loop); /* it may have gone straight to leaving */
	if (atomic_load(&loop->host.open) != 0 ||
	    atomic_load(&loop->host.parked) != 0)
		return;
	MHD_stop_daemon(loop->http);
	loop->http = NULL;
}

static void *loop_main(void *arg)
{
	struct loop *loop = arg;
	enum loop_phase phase;

	while (phase = atomic_load(&loop->phase), !loop_may_end(loop, phase)) {
		if (phase != LOOP_SERVING) {
			loop_stop_accepting(loop);
			loop_settle(loop);
		}
		if (mcps__bell_sleep(&loop->bell, loop->events,
		                     loop->watcher.fd,
		                     loop_timeout(loop, phase)))
			mcps__watcher_round(&loop->watcher);
		loop->sockets.now_ms = now_ms();
		mcps__deadlines_round(&loop->sockets.deadlines,
		                      loop->sockets.now_ms);
		MHD_run(loop->http);
		loop_rest_if_starved(loop);
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

/* ---- life ---- */

static void loop_move(struct loop *loop, enum loop_phase phase)
{
	atomic_store(&loop->phase, phase);
	mcps__bell_ring(&loop->bell);
}

void mcps__loop_quiesce(struct loop *loop, int64_t settle_ms)
{
	loop->settle_ms = settle_ms;
	loop_move(loop, LOOP_QUIET);
}

void mcps__loop_wait_settled(struct loop *loop)
{
	while (sem_wait(&loop->settled) != 0 && errno == EINTR)
		continue;
}

void mcps__loop_leave(struct loop *loop, int64_t patience_ms)
{
	loop->leave_by_ms = now_ms() + patience_ms;
	loop_move(loop, LOOP_LEAVING);
}

bool mcps__loop_join(struct loop *loop)
{
	pthread_join(loop->thread, NULL);
	return atomic_load(&loop->host.parked) == 0;
}

void mcps__loop_close(struct loop *loop)
{
	if (loop->http != NULL)
		MHD_stop_daemon(loop->http);
	/* A quiesced daemon leaves its listening socket to us, any other
	 * closes it. */
	if (loop->listener >= 0 && (loop->http == NULL || loop->quiet))
		close(loop->listener);
	mcps__watcher_close(&loop->watcher);
	mcps__bell_close(&loop->bell);
	sem_destroy(&loop->settled);
}

static void ring(struct host *host)
{
	mcps__bell_ring(&container_of(host, struct loop, host)->bell);
}

static mcps_status loop_prepare(struct loop *loop,
                                const struct loop_options *options,
                                struct mcps_error *error)
{
	loop->listener = fcntl(options->listener, F_DUPFD_CLOEXEC, 0);
	if (loop->listener < 0 || !mcps__bell_open(&loop->bell) ||
	    !mcps__watcher_open(&loop->watcher))
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

	*loop = (struct loop){ .host = { .endpoint = options->endpoint,
		                         .linger = options->linger,
		                         .log = options->log,
		                         .ring = ring,
		                         .sockets = &loop->sockets,
		                         .watcher = &loop->watcher },
		               .watcher.fd = -1,
		               .number = options->number,
		               .accepting = options->accepting,
		               .is_shared = options->is_shared,
		               .sockets.idle_s = options->idle_s,
		               .listener = -1,
		               .bell.fd = -1 };
	sem_init(&loop->settled, 0, 0);
	status = loop_prepare(loop, options, error);
	if (status != MCPS_OK)
		mcps__loop_close(loop);
	return status;
}
