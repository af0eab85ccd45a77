/* A server from new to free: what it is made of, in the order in which it is
 * started, and the reverse. */
#include "server/server_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/steady_wait.h"
#include "http/asking.h"
#include "http/auth_cache.h"
#include "http/drain.h"
#include "mcp/deliver.h"
#include "server/check.h"
#include "server/rates.h"
#include "server/store.h"
#include "stream/stream.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	SWEEP_EVERY_MS = CLOCK_RECORD_EVERY_MS,
	SWEEP_FULL = 500,
	TOUCH_STREAMS_EVERY_MS = 5 * 60000,
	PULSE_MS = 250,
};

mcps_server *mcps_server_new(const char *name, const char *version)
{
	mcps_server *server = mcps__calloc(1, sizeof *server);

	if (server == NULL)
		return NULL;
	if (mcps__registry_init(&server->registry) != MCPS_OK) {
		mcps__free(server);
		return NULL;
	}
	pthread_mutex_init(&server->readiness.lock, NULL);
	mcps__options_init(&server->options);
	server->name = mcps__strdup(name != NULL ? name : "");
	server->version = mcps__strdup(version != NULL ? version : "");
	if (server->name == NULL || server->version == NULL) {
		mcps_server_free(server);
		return NULL;
	}
	if (name == NULL)
		mcps__server_note_null(server, __func__, "name");
	if (version == NULL)
		mcps__server_note_null(server, __func__, "version");
	return server;
}

/* ---- starting ---- */

static mcps_status start_writer(mcps_server *server, struct mcps_error *error)
{
	struct writer_options options = { .log = server->log };
	mcps_status status = MCPS_OK;
	mcps_store *store;

	if (server->store == NULL)
		status = mcps__server_open_store(
			&server->store, &server->options, &server->log, error);
	if (status == MCPS_OK)
		status = mcps_store_check(server->store, error);
	if (status != MCPS_OK)
		return status;
	store = server->store;
	server->store = NULL;
	return mcps__writer_start(&server->writer, store, &options, error);
}

static mcps_status start_workers(mcps_server *server, struct mcps_error *error)
{
	const struct mcps_server_options *options = &server->options;
	const struct workers_options wanted = {
		.threads = options->workers,
		.queue = options->max_waiting_calls,
		.most_of_one = options->max_workers_per_caller,
		.clock = &mcps__system_clock,
		.incidents = &server->incidents,
	};

	if (options->workers == 1)
		mcps__log(&server->log, MCPS_LOG_WARN, "mcp",
		          "there is one worker: each call waits until those "
		          "before it have ended, whoever sent them "
		          "(--workers)");
	return mcps__workers_start(&server->workers, &wanted, error);
}

static const char *server_revision_text(uint32_t number)
{
	const struct revision *revision = mcps__revision_by_number(number);

	return revision != NULL ? revision->text : "unknown";
}

static mcps_status start_sessions(mcps_server *server, struct mcps_error *error)
{
	const struct mcps_server_options *options = &server->options;
	struct sessions_options wanted = {
		.writer = server->writer,
		.executor = mcps__workers_executor(server->workers),
		.clock = &mcps__system_clock,
		.random = &mcps__system_random,
		.log = server->log,
		.incidents = &server->incidents,
		.answers = &server->answers,
		.resource = options->resource != NULL ? options->resource
		                                      : server->endpoint.path,
		.idle_ms = INT64_C(1000) * options->max_session_idle_s,
		.max_age_ms = INT64_C(1000) * options->max_session_age_s,
		.max_gap_ms = INT64_C(1000) * options->max_gap_s,
		.hot = options->max_sessions_in_memory,
		.quota = options->max_sessions_per_caller,
		.anonymous_quota = options->max_anonymous_sessions,
		.max_tombstones = options->max_tombstones_per_caller,
		.event_age_ms = INT64_C(1000) * options->max_event_age_s,
		.event_bytes = options->max_event_bytes_per_session,
		.streams = options->max_streams_per_session,
		.retry_ms = options->retry_ms != MCPS_NO_RETRY
		                    ? options->retry_ms
		                    : 0,
		.subscriptions = options->max_subscriptions_per_session,
		.hook = options->on_session,
		.hook_arg = options->on_session_arg,
		.revision_text = server_revision_text,
	};
	mcps_status status;

	if (mcps__memory_limit_init(&server->answers, options->max_answers,
	                            &mcps__system_random) != MCPS_OK)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "cannot read random bytes from the kernel");
	mcps__registry_close(&server->registry);
	mcps__registry_digest(&server->registry, wanted.lists);
	status = mcps__streams_init(&server->streams, &server->sessions,
	                            &wanted, error);
	if (status != MCPS_OK)
		return status;
	server->has_streams = true;
	status = mcps__sessions_init(&server->sessions, &wanted, error);
	if (status != MCPS_OK)
		return status;
	server->has_sessions = true;
	return mcps__server_open_keys(&server->sessions.options.keys, options,
	                              server->sessions.store_name, &server->log,
	                              error);
}

/* Cursors are signed with a key of their own, made from the one of ids: they
 * stay good over a restart. */
static void server_derive_cursor_key(mcps_server *server)
{
	static const char purpose[] = "mcps list cursor";

	crypto_generichash(server->mcp.cursor_key,
	                   sizeof server->mcp.cursor_key,
	                   (const uint8_t *)purpose, sizeof purpose,
	                   server->sessions.options.keys.current, ID_KEY_SIZE);
}

static void server_finish_counts(struct mcp *mcp)
{
	mcps__caller_limit_finish(&mcp->listening);
	mcps__caller_limit_finish(&mcp->call_limit);
	mcps__locks_finish(&mcp->locks);
}

/* All of them, or none. */
static mcps_status init_counts(struct mcp *mcp,
                               const struct mcps_server_options *options)
{
	if (mcps__locks_init(&mcp->locks) != MCPS_OK)
		return MCPS_E_SYSTEM;
	if (mcps__caller_limit_init(&mcp->call_limit,
	                            options->max_calls_per_caller) != MCPS_OK) {
		mcps__locks_finish(&mcp->locks);
		return MCPS_E_SYSTEM;
	}
	if (mcps__caller_limit_init(&mcp->listening,
	                            options->max_streams_per_caller) == MCPS_OK)
		return MCPS_OK;
	mcps__caller_limit_finish(&mcp->call_limit);
	mcps__locks_finish(&mcp->locks);
	return MCPS_E_SYSTEM;
}

static mcps_status start_mcp(mcps_server *server, struct mcps_error *error)
{
	const struct mcps_server_options *options = &server->options;
	struct mcp *mcp = &server->mcp;

	if (init_counts(mcp, options) != MCPS_OK)
		return mcps__fail(error, MCPS_E_SYSTEM, "cannot make a lock");
	server->has_mcp = true;
	mcp->max_result = options->max_result;
	mcp->registry = &server->registry;
	mcp->sessions = &server->sessions;
	mcp->executor = mcps__workers_executor(server->workers);
	mcp->log = server->log;
	mcp->log_calls = options->log_calls;
	mcp->page_size = options->max_entries_per_page;
	mcp->icons = options->icons;
	mcp->texts = (struct mcp_texts){
		.name = server->name,
		.version = server->version,
		.title = options->title,
		.description = options->description,
		.website_url = options->website_url,
		.instructions = options->instructions,
	};
	mcps__deliver_connect(mcp);
	server_derive_cursor_key(server);
	return MCPS_OK;
}

static mcps_status start_gate(mcps_server *server, struct mcps_error *error)
{
	const struct mcps_server_options *options = &server->options;

	server->origins =
		(struct origin_rules){ options->hosts, options->origins };
	server->endpoint.origins = &server->origins;
	server->endpoint.has_cors = options->cors;
	if (mcps__proxies_init(&server->proxies, options->trusted_proxies) !=
	    MCPS_OK)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	server->endpoint.proxies = &server->proxies;
	return mcps__server_open_rates(&server->endpoint, options, error);
}

static mcps_status start_endpoint(mcps_server *server, struct mcps_error *error)
{
	const struct mcps_server_options *options = &server->options;
	struct endpoint *endpoint = &server->endpoint;

	pthread_rwlock_init(&endpoint->tokens_lock, NULL);
	pthread_mutex_init(&endpoint->lock, NULL);
	mcps__steady_condition_init(&endpoint->idle);
	server->has_endpoint = true;
	endpoint->mcp = &server->mcp;
	endpoint->sessions = &server->sessions;
	endpoint->policy = options->unknown_ids;
	endpoint->max_body = options->max_body;
	endpoint->max_batch = options->max_batch;
	endpoint->scan_limits =
		(struct scan_limits){ options->max_nesting, options->max_keys };
	if (mcps__memory_limit_init(&endpoint->bodies, options->max_bodies,
	                            &mcps__system_random) != MCPS_OK)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "cannot read random bytes from the kernel");
	endpoint->anonymous = mcps__principal_anonymous();
	if (endpoint->anonymous == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	if (endpoint->identify != NULL &&
	    mcps__auth_cache_new(&endpoint->auth_cache, &mcps__system_random) !=
	            MCPS_OK)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	endpoint->knows_tokens = server->token_file != NULL;
	if (server->token_file == NULL)
		return MCPS_OK;
	return mcps__tokens_read(&endpoint->tokens, server->token_file,
	                         &server->log, error);
}

static int64_t server_now_ms(void)
{
	return mcps__steady_ms(&mcps__system_clock);
}

static void server_touch_streams(mcps_server *server)
{
	const struct sessions_options *options = &server->sessions.options;
	int64_t every_ms = options->idle_ms / 4;

	if (every_ms > options->event_age_ms / 4)
		every_ms = options->event_age_ms / 4;
	if (every_ms > TOUCH_STREAMS_EVERY_MS)
		every_ms = TOUCH_STREAMS_EVERY_MS;
	if (server_now_ms() - server->touched_ms < every_ms)
		return;
	server->touched_ms = server_now_ms();
	mcps__streams_touch(&server->sessions);
}

/* A full batch means that there is more. */
static bool server_sweep(void *arg)
{
	mcps_server *server = arg;

	server_touch_streams(server);
	return mcps__sessions_sweep(&server->sessions) >= SWEEP_FULL;
}

static void server_give_memory_back(mcps_server *server)
{
	struct memory_limit *bodies = &server->endpoint.bodies;
	struct memory_limit *answers = &server->answers;
	size_t peak = mcps__memory_limit_take_peak(bodies) +
	              mcps__memory_limit_take_peak(answers);
	size_t used = atomic_load(&bodies->used) + atomic_load(&answers->used);

	if (mcps__give_back_is_due(&server->give_back, peak, used,
	                           server_now_ms()))
		mcps__memory_give_back();
}

/* The store is opened before anybody counts, and rebuilds on its own thread. */
static void server_count_rebuilds(mcps_server *server)
{
	struct writer_counts store = { 0 };

	mcps__writer_get_counts(server->writer, &store);
	mcps__incident_happened_times(
		&server->incidents, INCIDENT_INDEXES_REBUILT,
		(uint32_t)(store.rebuilds - server->rebuilds_counted));
	server->rebuilds_counted = store.rebuilds;
}

/* Done four times a second: streams for calls that take long, signs of life on
 * silent streams, lines about limits, and a look at calls that wait for a
 * worker, at whether work goes on, and at memory that is to be given back. */
static bool server_pulse(void *arg)
{
	mcps_server *server = arg;
	const struct mcps_server_options *options = &server->options;

	mcps__drain_open_streams(&server->endpoint,
	                         server_now_ms() - options->stream_after_ms);
	mcps__asking_give_up(&server->endpoint,
	                     server_now_ms() - ASKING_MOST_MS);
	mcps__sse_connections_heartbeat(&server->streams.sse_connections,
	                                INT64_C(1000) * options->heartbeat_s);
	mcps__readiness_watch(&server->readiness, server_now_ms(),
	                      &server->log);
	server_count_rebuilds(server);
	mcps__incidents_flush(&server->incidents);
	mcps__workers_check(server->workers);
	server_give_memory_back(server);
	return false;
}

static mcps_status start_all(mcps_server *server, struct mcps_error *error)
{
	mcps_status status;

	server->endpoint.path = mcps_server_path(server);
	mcps__incidents_init(&server->incidents, &server->log,
	                     &mcps__system_clock);
	status = start_workers(server, error);
	if (status == MCPS_OK)
		status = start_writer(server, error);
	if (status == MCPS_OK)
		server_count_rebuilds(server);
	if (status == MCPS_OK)
		status = start_sessions(server, error);
	if (status == MCPS_OK)
		status = start_mcp(server, error);
	if (status == MCPS_OK)
		status = start_endpoint(server, error);
	if (status == MCPS_OK)
		status = start_gate(server, error);
	if (status == MCPS_OK)
		status = mcps__timer_start(&server->timer, SWEEP_EVERY_MS,
		                           server_sweep, server, error);
	if (status == MCPS_OK)
		status = mcps__timer_start(&server->pulse, PULSE_MS,
		                           server_pulse, server, error);
	return status;
}

mcps_status mcps_server_start(mcps_server *server, struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };

	if (server == NULL)
		return mcps__fail(error, MCPS_E_INVAL, "there is no server");
	why = server->error;
	if (sodium_init() < 0)
		mcps__fail(&why, MCPS_E_SYSTEM, "libsodium does not start");
	if (why.status == MCPS_OK && server->is_started)
		mcps__fail(&why, MCPS_E_INVAL, "the server was started before");
	if (why.status == MCPS_OK)
		why.status = mcps__server_check_all_scopes(server, &why);
	if (why.status == MCPS_OK) {
		server->is_started = true;
		mcps__server_note_process(server);
		why.status = start_all(server, &why);
		atomic_store(&server->is_running, why.status == MCPS_OK);
	}
	if (why.status != MCPS_OK && error != NULL)
		*error = why;
	return why.status;
}

mcps_status mcps_server_check(mcps_server *server, mcps_finding_fn say,
                              void *arg)
{
	struct check_subject subject = { 0 };
	struct mcps_error error;

	if (server == NULL || say == NULL)
		return MCPS_E_INVAL;
	error = server->error;
	if (error.status == MCPS_OK)
		error.status = mcps__server_check_all_scopes(server, &error);
	subject = (struct check_subject){ &error, &server->options,
		                          server->token_file,
		                          server->store != NULL };
	return mcps__check(&subject, say, arg);
}

/* ---- running ---- */

void mcps_server_get_counts(mcps_server *server, struct mcps_counts *out)
{
	const struct sessions_counts *sessions;
	struct writer_counts store = { 0 };

	if (out != NULL)
		*out = (struct mcps_counts){ 0 };
	if (out == NULL || server == NULL || !server->has_endpoint)
		return;
	sessions = &server->sessions.counts;
	mcps__writer_get_counts(server->writer, &store);
	*out = (struct mcps_counts){
		.requests = atomic_load(&server->endpoint.requests),
		.calls = atomic_load(&server->mcp.calls),
		.sessions_hot = mcps__sessions_hot(&server->sessions),
		.created = atomic_load(&sessions->created),
		.restored = atomic_load(&sessions->restored),
		.recreated = atomic_load(&sessions->recreated),
		.evicted = atomic_load(&sessions->evicted),
		.ended = atomic_load(&sessions->ended),
		.refused = atomic_load(&server->endpoint.refused),
		.store_reads = store.reads,
		.store_writes = store.writes,
		.store_commits = store.commits,
	};
}

void mcps_server_read_incidents(const mcps_server *server, mcps_incident_fn fn,
                                void *arg)
{
	if (server == NULL || fn == NULL)
		return;
	for (int i = 0; i < INCIDENT_COUNT; i++)
		fn(arg, mcps__incident_name((enum incident)i),
		   mcps__incident_count(&server->incidents, (enum incident)i));
}

/* ---- the end ---- */

static void server_finish_endpoint(struct endpoint *endpoint)
{
	mcps__principal_unref(endpoint->anonymous);
	mcps__tokens_free(endpoint->tokens);
	pthread_rwlock_destroy(&endpoint->tokens_lock);
	mcps__auth_cache_free(endpoint->auth_cache);
	mcps__server_close_rates(endpoint);
	pthread_cond_destroy(&endpoint->idle);
	pthread_mutex_destroy(&endpoint->lock);
}

/* A downtime begins. A failure is logged by the writer, and costs little: the
 * last sweep stored session time, too. */
static void server_store_clock(mcps_server *server)
{
	if (server->has_sessions)
		(void)mcps__sessions_store_clock(&server->sessions);
}

/* Each is memory that is lost, or is freed too late. */
static void server_look_for_admissions(mcps_server *server)
{
	unsigned left = atomic_load(&server->endpoint.admissions);

	if (left != 0)
		mcps__log(
			&server->log, MCPS_LOG_ERROR, "http",
			"%u admissions were not freed before the server: call "
			"mcps_admission_free() for each that mcps_admit() made",
			left);
}

/* Workers end before the writer, whose jobs they queue; what the writer then
 * hands to them runs on its own thread. A fork has no thread to end, and leaves
 * all as it is. */
void mcps_server_free(mcps_server *server)
{
	if (server == NULL || mcps__server_was_forked(server))
		return;
	mcps__attachment_release(server->attachment);
	server_look_for_admissions(server);
	mcps__timer_stop(server->pulse);
	mcps__timer_stop(server->timer);
	mcps__workers_stop(server->workers);
	server_store_clock(server);
	mcps__writer_stop(server->writer);
	mcps__workers_free(server->workers);
	mcps__incidents_flush(&server->incidents);
	if (server->has_endpoint)
		server_finish_endpoint(&server->endpoint);
	if (server->has_mcp)
		server_finish_counts(&server->mcp);
	if (server->has_sessions)
		mcps__sessions_finish(&server->sessions);
	if (server->has_streams)
		mcps__streams_finish(&server->streams);
	mcps__proxies_finish(&server->proxies);
	mcps__attachment_free(server->attachment);
	mcps_store_close(server->store);
	mcps__registry_finish(&server->registry);
	mcps__options_finish(&server->options);
	pthread_mutex_destroy(&server->readiness.lock);
	mcps__free(server->token_file);
	mcps__free(server->version);
	mcps__free(atomic_load(&server->refusal));
	mcps__free(server->name);
	mcps__free(server);
}
