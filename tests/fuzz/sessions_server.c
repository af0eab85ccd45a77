#include "fuzz/sessions_server.h"

#include "fuzz/target.h"
#include "base/container.h"
#include "base/steady_wait.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <mcps/tool.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* ---- time and random numbers ---- */

static int64_t wall_ms(void *arg)
{
	return ((struct server *)arg)->wall_ms;
}

static int64_t steady_ms(void *arg)
{
	return ((struct server *)arg)->steady_ms;
}

static bool boot_id(void *arg, uint8_t id[BOOT_ID_SIZE])
{
	memcpy(id, &((struct server *)arg)->boot, sizeof(uint64_t));
	return true;
}

static mcps_status random_fill(void *arg, void *bytes, size_t length)
{
	struct server *server = arg;
	unsigned char seed[randombytes_SEEDBYTES] = { 0 };

	server->seed++;
	memcpy(seed, &server->seed, sizeof server->seed);
	randombytes_buf_deterministic(bytes, length, seed);
	return MCPS_OK;
}

int64_t server_now(struct server *server)
{
	return mcps__sessions_now(&server->sessions);
}

/* ---- a store that fails ---- */

/* There is one server at a time: its store's functions, and ours in their
 * places. */
static struct mcps_store_ops inner;
static struct mcps_store_ops outer;
static struct server_faults *faults;

static bool is_failing(unsigned *left)
{
	if (*left == 0)
		return false;
	--*left;
	faults->happened++;
	return true;
}

static mcps_status failing_commit(mcps_store *store)
{
	if (!is_failing(&faults->commits))
		return inner.commit(store);
	if (!faults->commits_all_the_same)
		inner.rollback(store);
	else
		require(inner.commit(store) == MCPS_OK);
	return MCPS_E_STORE;
}

static mcps_status failing_load(mcps_store *store, const uint8_t *key,
                                mcps_session_fn fn, void *arg)
{
	if (is_failing(&faults->reads))
		return MCPS_E_STORE;
	return inner.session_load(store, key, fn, arg);
}

/* It outlives the writer, which is a process here. */
static void keep_open(mcps_store *store)
{
	(void)store;
}

static void store_open(struct server *server)
{
	require(mcps_store_open(&server->store, "memory:", NULL, NULL) ==
	        MCPS_OK);
	inner = *server->store->ops;
	outer = inner;
	outer.commit = failing_commit;
	outer.session_load = failing_load;
	outer.close = keep_open;
	server->store->ops = &outer;
	faults = &server->faults;
}

static void store_close(struct server *server)
{
	inner.close(server->store);
}

/* ---- tools: "VALUE INCARNATION" ---- */

static mcps_status answer(mcps_call *call, int64_t value)
{
	struct mcps_session_view view;

	mcps_call_session(call, &view);
	return mcps_text(call, "%lld %llx", (long long)value,
	                 (unsigned long long)view.incarnation);
}

static mcps_status add_run(mcps_call *call, const void *args)
{
	int64_t now;
	mcps_status status = mcps_state_add(call, "n", 1, &now);

	(void)args;
	return status == MCPS_OK ? answer(call, now) : status;
}

static mcps_status look_run(mcps_call *call, const void *args)
{
	struct json_object *value = NULL;
	mcps_status status = mcps_state_get(call, "n", &value);
	int64_t now = json_object_get_int64(value);

	(void)args;
	json_object_put(value);
	return status == MCPS_OK || status == MCPS_E_NO_STATE
	               ? answer(call, now)
	               : status;
}

static void add_tools(struct registry *registry)
{
	static const mcps_tool tools[] = {
		{ .size = sizeof(mcps_tool), .name = "add", .run = add_run },
		{ .size = sizeof(mcps_tool), .name = "look", .run = look_run },
	};

	require(mcps__registry_init(registry) == MCPS_OK);
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		require(mcps__registry_add_tool(registry, &tools[i], NULL) ==
		        MCPS_OK);
	mcps__registry_close(registry);
}

/* ---- starting and stopping ---- */

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	(void)arg, (void)event, (void)subject;
	require(strlen(session->digest) == 8);
}

static const char *revision_text(uint32_t number)
{
	return mcps__revision_by_number(number)->text;
}

static struct principal *principal_of(int caller)
{
	static const char *const names[CALLERS] = { NULL, "alice", "bob" };
	struct principal *principal = mcps__principal_anonymous();

	if (caller != ANONYMOUS) {
		mcps__principal_unref(principal);
		principal = mcps__principal_new(NULL, names[caller]);
	}
	require(principal != NULL);
	return principal;
}

/* Who it is stands in the header as it is. */
static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	(void)arg;
	return mcps_grant_subject(
		grant, NULL, mcps_request_header(request, "Authorization"));
}

static void start_sessions(struct server *server)
{
	struct sessions_options options = {
		.writer = server->writer,
		.executor = work_queue_executor(&server->queue),
		.clock = &server->clock,
		.random = &server->random,
		.resource = "/mcp",
		.keys = server->keys,
		.idle_ms = 7 * DAY_MS,
		.max_age_ms = 30 * DAY_MS,
		.max_gap_ms = server->options.has_gap ? DAY_MS : 0,
		.hot = server->options.hot,
		.max_tombstones = server->options.max_tombstones,
		.streams = 8,
		.hook = server->options.has_hook ? hook : NULL,
		.revision_text = revision_text,
	};

	require(mcps__streams_init(&server->streams, &server->sessions,
	                           &options, NULL) == MCPS_OK);
	require(mcps__sessions_init(&server->sessions, &options, NULL) ==
	        MCPS_OK);
}

static void start_mcp(struct server *server)
{
	struct mcp *mcp = &server->mcp;

	*mcp = (struct mcp){
		.registry = &server->registry,
		.sessions = &server->sessions,
		.executor = work_queue_executor(&server->queue),
		.page_size = 10,
		.texts = { .name = "fuzz", .version = "1" },
	};
	require(mcps__locks_init(&mcp->locks) == MCPS_OK);
	require(mcps__caller_limit_init(&mcp->call_limit, 0) == MCPS_OK);
}

static void start_endpoint(struct server *server, struct endpoint *endpoint)
{
	*endpoint = (struct endpoint){
		.mcp = &server->mcp,
		.sessions = &server->sessions,
		.anonymous = principal_of(ANONYMOUS),
		.path = "/mcp",
		.policy = server->options.policy,
		.max_body = 1000,
		.max_batch = 10,
		.scan_limits = SCAN_LIMITS_DEFAULT,
	};
	pthread_mutex_init(&endpoint->lock, NULL);
	mcps__steady_condition_init(&endpoint->idle);
	pthread_rwlock_init(&endpoint->tokens_lock, NULL);
}

static void start(struct server *server)
{
	const struct writer_options how = {
		.inline_jobs = !server->options.is_stepped
	};

	require(mcps__writer_start(&server->writer, server->store, &how,
	                           NULL) == MCPS_OK);
	work_queue_init(&server->queue, server->options.is_manual, 0);
	start_sessions(server);
	start_mcp(server);
	start_endpoint(server, &server->anonymous);
	start_endpoint(server, &server->named);
	server->named.identify = identify;
}

static void stop_endpoint(struct endpoint *endpoint)
{
	require(endpoint->running == NULL);
	require(atomic_load(&endpoint->bodies.used) == 0);
	mcps__principal_unref(endpoint->anonymous);
	pthread_rwlock_destroy(&endpoint->tokens_lock);
	pthread_cond_destroy(&endpoint->idle);
	pthread_mutex_destroy(&endpoint->lock);
}

static void stop(struct server *server)
{
	mcps__writer_stop(server->writer);
	stop_endpoint(&server->anonymous);
	stop_endpoint(&server->named);
	require(server->mcp.locks.by_name == NULL);
	require(server->mcp.call_limit.by_key == NULL);
	mcps__caller_limit_finish(&server->mcp.call_limit);
	mcps__locks_finish(&server->mcp.locks);
	mcps__sessions_finish(&server->sessions);
	mcps__streams_finish(&server->streams);
	require(server->queue.waiting == 0);
	work_queue_finish(&server->queue);
}

static void make_key(struct server *server)
{
	require(random_fill(server, server->keys.current, ID_KEY_SIZE) ==
	        MCPS_OK);
}

void server_open(struct server *server, const struct server_options *options)
{
	require(sodium_init() >= 0);
	*server = (struct server){
		.options = *options,
		.wall_ms = INT64_C(1700000000000),
		.steady_ms = 1000 * DAY_MS,
		.boot = 1,
	};
	server->clock = (struct clock_source){ .wall_ms = wall_ms,
		                               .steady_ms = steady_ms,
		                               .arg = server,
		                               .boot_id = boot_id };
	server->random = (struct random_source){ random_fill, server };
	add_tools(&server->registry);
	make_key(server);
	store_open(server);
	start(server);
}

void server_close(struct server *server)
{
	stop(server);
	store_close(server);
	mcps__registry_finish(&server->registry);
}

void server_restart(struct server *server, bool keep_store, bool keep_key)
{
	stop(server);
	if (!keep_store) {
		store_close(server);
		store_open(server);
	}
	if (!keep_key)
		make_key(server);
	start(server);
}

void server_reboot(struct server *server)
{
	server->boot++;
	server->steady_ms = 1000;
}

bool server_work(struct server *server)
{
	return work_queue_run(&server->queue);
}

mcps_status server_revoke(struct server *server, int caller)
{
	struct principal *principal = principal_of(caller);
	mcps_status status =
		mcps__sessions_revoke(&server->sessions, principal);

	mcps__principal_unref(principal);
	return status;
}

/* ---- requests ---- */

static void park(void *arg)
{
	struct flight *flight = arg;

	require(!flight->is_parked);
	flight->is_parked = true;
}

static void wake(void *arg)
{
	struct flight *flight = arg;

	require(flight->is_parked && !flight->is_woken);
	flight->is_woken = true;
}

static void add_header(struct flight *flight, const char *name,
                       const char *value)
{
	mcps__request_add_header(&flight->view, name, strlen(name), value,
	                         strlen(value));
}

static void make_view(struct flight *flight, int caller, const char *method)
{
	static const char *const names[CALLERS] = { "", "alice", "bob" };

	flight->view.method = mcps__method_find(method);
	flight->view.method_text = method;
	flight->view.path = "/mcp";
	if (caller != ANONYMOUS)
		add_header(flight, "Authorization", names[caller]);
	if (flight->id[0] != '\0')
		add_header(flight, "Mcp-Session-Id", flight->id);
	add_header(flight, "Content-Type", "application/json");
	add_header(flight, "Accept", "application/json, text/event-stream");
}

struct flight *flight_new(struct server *server, int caller, const char *method,
                          const char *id, const char *body)
{
	struct flight *flight = calloc(1, sizeof *flight);
	const struct exchange_glue glue = { .park = park,
		                            .wake = wake,
		                            .arg = flight };
	enum exchange_state state;

	require(flight != NULL && strlen(id) < ID_TEXT_MAX);
	strcpy(flight->id, id);
	make_view(flight, caller, method);
	flight->exchange = mcps__exchange_open(
		caller == ANONYMOUS ? &server->anonymous : &server->named,
		&flight->view, &glue, &state);
	require(flight->exchange != NULL && state == EXCHANGE_READING);
	if (body != NULL)
		mcps__exchange_body(flight->exchange, body, strlen(body));
	return flight;
}

const struct plan *flight_run(struct flight *flight)
{
	const struct plan *plan = mcps__exchange_plan(flight->exchange);

	while (!flight->is_parked || flight->is_woken) {
		enum exchange_state state;

		flight->is_parked = flight->is_woken = false;
		state = mcps__exchange_run(flight->exchange);
		require((state == EXCHANGE_READY) == !flight->is_parked);
		require(state != EXCHANGE_READING);
		if (state == EXCHANGE_READY) {
			require(plan->ready && !plan->body.failed);
			return plan;
		}
	}
	return NULL;
}

void flight_free(struct flight *flight)
{
	mcps__exchange_close(flight->exchange);
	free(flight);
}
