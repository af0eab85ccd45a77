#define _GNU_SOURCE /* sched_getaffinity */
#include <mcps/daemon.h>
#include <mcps/sys/sized.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/listening.h"
#include "mhd/limits.h"
#include "mhd/linger.h"
#include "mhd/listen.h"
#include "mhd/loop.h"
#include "mhd/progress.h"
#include "server/server.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

enum {
	/* How long open connections may still bring a call. */
	QUIESCE_MS = 250,
	/* For answers under way to slow readers, after the drain. */
	LEAVE_PATIENCE_MS = 1000,
};

static const struct mcps_daemon_options defaults = {
	.size = sizeof defaults,
	.listen = "127.0.0.1:8931",
	.max_connections = MCPS_DAEMON_MAX_CONNECTIONS,
	.max_memory_per_connection = 16 * 1024,
	.idle_timeout_s = 75,
	.socket_mode = 0600,
};

struct mcps_daemon {
	mcps_server *server;
	struct listener listener;
	struct stream_limits streams; /* of all loops together */
	struct fullness fullness;
	atomic_uint accepting; /* loops; counts down at the stop */
	unsigned opened;       /* loops */
	unsigned started;
	struct linger_set linger;
	struct loop_progress progress;
	struct loop loops[LOOPS_MOST];
};

/* Cores this process may use: containers often have fewer than the machine. */
static uint32_t daemon_count_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

/* The other half is for workers, the store and whatever else the machine runs:
 * on two cores a second loop made 0.75 to 1.08 of the calls of one alone. */
static uint32_t daemon_choose_loops(void)
{
	return (daemon_count_cores() + 1) / 2;
}

static void daemon_fill_in(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static mcps_status daemon_options_read(struct mcps_daemon_options *out,
                                       const struct mcps_daemon_options *given,
                                       struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	*out = (struct mcps_daemon_options){ 0 };
	if (given != NULL)
		status = mcps_sized_copy(
			out, sizeof *out, given, "daemon options",
			"sizeof(struct mcps_daemon_options)", error);
	if (status != MCPS_OK)
		return status;
	if (out->listen == NULL)
		out->listen = defaults.listen;
	daemon_fill_in(&out->loops, daemon_choose_loops());
	if (out->loops > LOOPS_MOST)
		out->loops = LOOPS_MOST;
	daemon_fill_in(&out->max_connections, defaults.max_connections);
	daemon_fill_in(&out->max_memory_per_connection,
	               defaults.max_memory_per_connection);
	daemon_fill_in(&out->idle_timeout_s, defaults.idle_timeout_s);
	daemon_fill_in(&out->socket_mode, defaults.socket_mode);
	return MCPS_OK;
}

/* ---- the address alone ---- */

mcps_status mcps_listen(int *out, char *address, size_t size,
                        const struct mcps_daemon_options *options,
                        struct mcps_error *error)
{
	struct mcps_daemon_options filled;
	struct listener listener;
	mcps_status status;

	if (out == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "mcps_listen() was called with NULL for out");
	*out = -1;
	status = daemon_options_read(&filled, options, error);
	if (status == MCPS_OK)
		status = mcps__listen(&listener, &filled, error);
	if (status != MCPS_OK)
		return status;
	*out = listener.fd;
	if (address != NULL)
		snprintf(address, size, "%s", listener.address);
	return MCPS_OK;
}

mcps_status mcps_daemon_check(const struct mcps_daemon_options *options,
                              struct mcps_error *error)
{
	struct mcps_daemon_options filled;
	mcps_status status = daemon_options_read(&filled, options, error);

	return status == MCPS_OK ? mcps__listen_check(&filled, error) : status;
}

/* ---- start ---- */

static mcps_status
daemon_check_streams(const mcps_daemon *daemon,
                     const struct mcps_daemon_options *options,
                     struct mcps_error *error)
{
	uint32_t most = mcps_server_get_options(daemon->server)->max_streams;

	if (most < options->max_connections)
		return MCPS_OK;
	return mcps__fail(error, MCPS_E_INVAL,
	                  "option max_streams: %u leaves none of the %u "
	                  "connections for calls",
	                  most, options->max_connections);
}

/* CONNECTIONS: those that the daemon really has, which may be fewer than were
 * asked for. */
static void daemon_limit_streams(mcps_daemon *daemon, uint32_t connections)
{
	struct mcps_server_options options =
		*mcps_server_get_options(daemon->server);

	if (options.max_streams >= connections) {
		mcps__log(mcps__server_log(daemon->server), MCPS_LOG_WARN,
		          "http",
		          "the limit of open files leaves %u connections: "
		          "option max_streams is three quarters of that",
		          connections);
		options.max_streams = 0;
	}
	mcps__stream_limits_init(&daemon->streams, &options, connections);
}

/* Each loop has its share of the connections, together no more than there may
 * be. A full loop leaves new clients to the others. */
static mcps_status daemon_open_loops(mcps_daemon *daemon,
                                     const struct mcps_daemon_options *options,
                                     struct mcps_error *error)
{
	unsigned most = mcps__limits_connections(options->max_connections);
	struct loop_options each = {
		.endpoint = mcps__server_endpoint(daemon->server),
		.linger = &daemon->linger,
		.log = mcps__server_log(daemon->server),
		.streams = &daemon->streams,
		.fullness = &daemon->fullness,
		.listener = daemon->listener.fd,
		.is_shared = daemon->listener.is_shared,
		.accepting = &daemon->accepting,
		.pool = options->max_memory_per_connection,
		.idle_s = options->idle_timeout_s,
	};
	unsigned loops = most < options->loops ? most : options->loops;
	mcps_status status = MCPS_OK;

	daemon_limit_streams(daemon, most);
	daemon->fullness.endpoint = each.endpoint;
	daemon->fullness.loops = loops;
	while (status == MCPS_OK && daemon->opened < loops) {
		each.number = daemon->opened;
		each.connections =
			most / loops + (daemon->opened < most % loops);
		status = mcps__loop_open(&daemon->loops[daemon->opened], &each,
		                         error);
		daemon->opened += status == MCPS_OK;
	}
	return status;
}

static mcps_status daemon_start_loops(mcps_daemon *daemon,
                                      struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	atomic_init(&daemon->accepting, daemon->opened);
	while (status == MCPS_OK && daemon->started < daemon->opened) {
		status = mcps__loop_start(&daemon->loops[daemon->started],
		                          error);
		daemon->started += status == MCPS_OK;
	}
	return status;
}

static mcps_status daemon_bring_up(mcps_daemon *daemon,
                                   const struct mcps_daemon_options *options,
                                   struct mcps_error *error)
{
	mcps_status status = daemon_check_streams(daemon, options, error);

	if (status != MCPS_OK)
		return status;
	mcps__limits_raise();
	status = mcps__listen(&daemon->listener, options, error);
	if (status != MCPS_OK)
		return status;
	status = daemon_open_loops(daemon, options, error);
	if (status == MCPS_OK)
		status = daemon_start_loops(daemon, error);
	if (status != MCPS_OK)
		return status;
	mcps__progress_init(&daemon->progress, daemon->loops, daemon->started,
	                    daemon->listener.fd);
	mcps__server_add_probe(daemon->server, &daemon->progress.probe);
	return MCPS_OK;
}

mcps_status mcps_daemon_start(mcps_daemon **out, mcps_server *server,
                              const struct mcps_daemon_options *options,
                              struct mcps_error *error)
{
	struct mcps_daemon_options filled;
	mcps_daemon *daemon;
	mcps_status status;

	if (out != NULL)
		*out = NULL;
	if (out == NULL || server == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "mcps_daemon_start() was called with NULL "
		                  "for %s",
		                  out == NULL ? "out" : "server");
	if (mcps__server_was_forked(server))
		return mcps__fail(error, MCPS_E_INVAL, "%s", mcps__forked);
	status = daemon_options_read(&filled, options, error);
	if (status != MCPS_OK)
		return status;
	daemon = mcps__calloc(1, sizeof *daemon);
	if (daemon == NULL)
		return mcps__fail(error, MCPS_E_NOMEM,
		                  "no memory for the daemon");
	daemon->server = server;
	daemon->listener.fd = -1;
	mcps__linger_init(&daemon->linger);
	status = daemon_bring_up(daemon, &filled, error);
	if (status != MCPS_OK) {
		mcps_daemon_stop(daemon, 0);
		return status;
	}
	*out = daemon;
	return MCPS_OK;
}

const char *mcps_daemon_address(const mcps_daemon *daemon)
{
	return daemon != NULL ? daemon->listener.address : NULL;
}

/* ---- stop ---- */

/* False: a request is parked that nobody will ever wake. Stopping
 * libmicrohttpd then would end the process, so that loop stays as it is. */
static bool daemon_close_loops(mcps_daemon *daemon)
{
	bool closed = true;

	for (unsigned i = 0; i < daemon->opened; i++) {
		struct loop *loop = &daemon->loops[i];

		if (i >= daemon->started || mcps__loop_join(loop)) {
			mcps__loop_close(loop);
			continue;
		}
		mcps__log(loop->mhd.log, MCPS_LOG_ERROR, "http",
		          "a request is still parked: loop=%u stays", i);
		closed = false;
	}
	return closed;
}

static uint32_t daemon_milliseconds_since(int64_t began)
{
	return (uint32_t)(mcps__steady_ms(&mcps__system_clock) - began);
}

/* Nothing new is accepted, and clients leave between two calls; what of
 * DRAIN_MS that leaves is for calls that run. */
static bool daemon_drain(mcps_daemon *daemon, uint32_t drain_ms)
{
	int64_t began = mcps__steady_ms(&mcps__system_clock);
	uint32_t quiesce_ms = drain_ms < QUIESCE_MS ? drain_ms : QUIESCE_MS;
	uint32_t past_ms;

	mcps__server_retire(daemon->server);
	mcps__listener_hide(&daemon->listener);
	for (unsigned i = 0; i < daemon->started; i++)
		mcps__loop_quiesce(&daemon->loops[i], quiesce_ms);
	for (unsigned i = 0; i < daemon->started; i++)
		mcps__loop_wait_quiesced(&daemon->loops[i]);
	past_ms = daemon_milliseconds_since(began);
	return mcps_server_drain(daemon->server,
	                         past_ms < drain_ms ? drain_ms - past_ms : 0);
}

/* Calls end, or are answered for them; the loops send all that; then
 * libmicrohttpd is stopped, which must not see a suspended connection. */
bool mcps_daemon_stop(mcps_daemon *daemon, uint32_t drain_ms)
{
	bool drained = true;

	if (daemon == NULL || mcps__server_was_forked(daemon->server))
		return true;
	mcps__server_remove_probe(daemon->server, &daemon->progress.probe);
	if (daemon->started != 0)
		drained = daemon_drain(daemon, drain_ms);
	for (unsigned i = 0; i < daemon->started; i++)
		mcps__loop_leave(&daemon->loops[i], LEAVE_PATIENCE_MS);
	if (daemon_close_loops(daemon)) {
		mcps__listener_hide(&daemon->listener);
		mcps__listener_close(&daemon->listener);
		mcps__linger_finish(&daemon->linger);
		mcps__free(daemon);
	}
	return drained;
}
