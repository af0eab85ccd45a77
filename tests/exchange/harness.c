#include "exchange/harness.h"

#include "base/container.h"
#include "base/steady_wait.h"
#include "catalog/revision.h"
#include "store/backends.h"

#include <mcps/auth.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct kept {
	struct kept *next;
	void *memory;
};

/* ---- time and random numbers
 * ----------------------------------------------------- */

static int64_t wall_ms(void *arg)
{
	struct harness_clock *time = arg;

	return atomic_load(&time->wall_ms);
}

static int64_t steady_ms(void *arg)
{
	struct harness_clock *time = arg;

	return atomic_load(&time->steady_ms);
}

static bool boot_id(void *arg, uint8_t id[BOOT_ID_SIZE])
{
	struct harness_clock *time = arg;
	uint64_t boot = atomic_load(&time->boot);

	memcpy(id, &boot, sizeof boot);
	return true;
}

static mcps_status random_fill(void *arg, void *bytes, size_t length)
{
	struct harness_clock *time = arg;
	unsigned char seed[randombytes_SEEDBYTES] = { 0 };
	uint64_t number = atomic_fetch_add(&time->seed, 1);

	if (atomic_load(&time->has_no_entropy))
		return MCPS_E_SYSTEM;
	memcpy(seed, &number, sizeof number);
	randombytes_buf_deterministic(bytes, length, seed);
	return MCPS_OK;
}

static void time_init(struct harness *self)
{
	atomic_init(&self->time.wall_ms, INT64_C(1000) * HARNESS_START_S);
	atomic_init(&self->time.steady_ms, 1000 * DAY_MS);
	atomic_init(&self->time.boot, 1);
	atomic_init(&self->time.seed, 1);
	atomic_init(&self->time.has_no_entropy, false);
	self->clock = (struct clock_source){ wall_ms, steady_ms, &self->time,
		                             boot_id };
	self->random = (struct random_source){ random_fill, &self->time };
}

void harness_pass(struct harness *self, int64_t ms)
{
	atomic_fetch_add(&self->time.wall_ms, ms);
	atomic_fetch_add(&self->time.steady_ms, ms);
}

/* ---- callers ------------------------------------------------------------- */

/* The token is the name; whose name begins with "bad" is nobody. */
static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	const char *name = mcps_request_bearer(request);

	(void)arg;
	if (name == NULL || strncmp(name, "bad", 3) == 0)
		return MCPS_E_AUTH;
	if (strcmp(name, "banned") == 0)
		return MCPS_E_FORBIDDEN;
	return mcps_grant_subject(grant, "https://issuer.test", name);
}

struct principal *harness_principal(const char *caller)
{
	struct principal *principal =
		caller != NULL
			? mcps__principal_new("https://issuer.test", caller)
			: mcps__principal_anonymous();

	ck_assert_ptr_nonnull(principal);
	return principal;
}

/* ---- starting and stopping ----------------------------------------------- */

static const char *revision_text(uint32_t number)
{
	return mcps__revision_by_number(number)->text;
}

static struct executor executor_of(struct harness *self)
{
	return self->workers != NULL ? mcps__workers_executor(self->workers)
	                             : work_queue_executor(&self->queue);
}

static int64_t otherwise(int64_t value, int64_t default_value)
{
	return value != 0 ? value : default_value;
}

static mcps_status start_sessions(struct harness *self,
                                  struct mcps_error *error)
{
	const struct harness_options *options = &self->options;
	mcps_status status;
	struct sessions_options wanted = {
		.writer = self->writer,
		.executor = executor_of(self),
		.clock = &self->clock,
		.random = &self->random,
		.log = self->log,
		.incidents = &self->incidents,
		.resource =
			options->resource != NULL ? options->resource : "/mcp",
		.keys = self->keys,
		.idle_ms =
			otherwise(options->idle_ms, HARNESS_IDLE_DAYS * DAY_MS),
		.max_age_ms = HARNESS_AGE_DAYS * DAY_MS,
		.max_gap_ms = options->max_gap_ms,
		.hot = (uint32_t)otherwise(options->hot, 100000),
		.event_age_ms = otherwise(options->event_age_ms, 900000),
		.event_bytes =
			(uint64_t)otherwise(options->event_bytes, 8 << 20),
		.hook = options->hook,
		.hook_arg = options->hook_arg,
		.revision_text = revision_text,
	};

	wanted.streams = (uint32_t)otherwise(options->session_streams, 8);
	wanted.subscriptions = options->subscriptions;
	wanted.retry_ms = (uint32_t)otherwise(options->retry_ms, 5000);
	if (wanted.retry_ms == MCPS_NO_RETRY)
		wanted.retry_ms = 0;
	wanted.max_tombstones = options->max_tombstones;
	mcps__registry_digest(&self->registry, wanted.lists);
	status = mcps__streams_init(&self->session_streams, &self->sessions,
	                            &wanted, error);
	if (status != MCPS_OK)
		return status;
	status = mcps__sessions_init(&self->sessions, &wanted, error);
	if (status != MCPS_OK)
		mcps__streams_finish(&self->session_streams);
	return status;
}

static void start_mcp(struct harness *self)
{
	struct mcp *mcp = &self->mcp;

	memset(mcp, 0, sizeof *mcp);
	ck_assert_int_eq(mcps__locks_init(&mcp->locks), MCPS_OK);
	mcp->registry = &self->registry;
	mcp->sessions = &self->sessions;
	mcp->executor = executor_of(self);
	mcp->log = self->log;
	mcp->page_size = (uint32_t)otherwise(self->options.page_size, 250);
	mcp->texts = (struct mcp_texts){
		.name = "harness",
		.version = "1.2.3",
		.title = "The \"Harness\"",
		.description = "A server without sockets",
		.website_url = "https://harness.test/",
		.instructions = "Call the tools.",
	};
	memcpy(mcp->cursor_key, self->keys.current, sizeof mcp->cursor_key);
}

static void start_endpoint(struct harness *self, struct principal *anonymous)
{
	struct endpoint *endpoint = &self->endpoint;

	memset(endpoint, 0, sizeof *endpoint);
	pthread_mutex_init(&endpoint->lock, NULL);
	mcps__steady_condition_init(&endpoint->idle);
	endpoint->mcp = &self->mcp;
	endpoint->sessions = &self->sessions;
	endpoint->anonymous = anonymous;
	endpoint->identify = self->options.is_anonymous ? NULL : identify;
	endpoint->path = "/mcp";
	endpoint->policy = self->options.policy != MCPS_UNKNOWN_DEFAULT
	                           ? self->options.policy
	                           : MCPS_UNKNOWN_AUTHENTICATED;
	endpoint->max_body = (size_t)otherwise((int64_t)self->options.max_body,
	                                       4 * 1024 * 1024);
	endpoint->max_batch = 50;
	endpoint->scan_limits = (struct scan_limits)SCAN_LIMITS_DEFAULT;
}

static void add_entry(struct harness *self, mcps_status status,
                      struct entry *const *made, struct mcps_error *error)
{
	struct entry *entry = *made;

	if (status == MCPS_OK)
		status = mcps__registry_add(&self->registry, entry, error);
	ck_assert_msg(status == MCPS_OK, "%s", error->text);
}

static void add_entries(struct harness *self)
{
	const struct harness_options *options = &self->options;
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	for (const mcps_resource *resource = options->resources;
	     resource != NULL && resource->name != NULL; resource++)
		add_entry(self, mcps__resource_make(&entry, resource, &error),
		          &entry, &error);
	for (const mcps_template *added = options->templates;
	     added != NULL && added->name != NULL; added++)
		add_entry(self, mcps__template_make(&entry, added, &error),
		          &entry, &error);
	for (const mcps_prompt *prompt = options->prompts;
	     prompt != NULL && prompt->name != NULL; prompt++)
		add_entry(self, mcps__prompt_make(&entry, prompt, &error),
		          &entry, &error);
}

static void add_tools(struct harness *self)
{
	struct mcps_error error = { MCPS_OK, "" };

	add_entries(self);
	for (const mcps_tool *tool = self->options.tools;
	     tool != NULL && tool->name != NULL; tool++)
		ck_assert_msg(mcps__registry_add_tool(&self->registry, tool,
		                                      &error) == MCPS_OK,
		              "%s", error.text);
	mcps__registry_close(&self->registry);
}

static mcps_status start_writer(struct harness *self, struct mcps_error *error)
{
	const struct writer_options how = {
		.inline_jobs = !self->options.has_writer_thread
	};
	mcps_store *store = &self->store.base;
	mcps_status status = MCPS_OK;

	if (self->options.store != NULL) {
		status = mcps_store_open(&self->memory, self->options.store,
		                         self->options.store_options, error);
		store = self->memory;
	}
	return status == MCPS_OK
	               ? mcps__writer_start(&self->writer, store, &how, error)
	               : status;
}

static void start_workers(struct harness *self)
{
	const struct workers_options wanted = {
		.threads = self->options.workers,
		.queue = 1024,
		.clock = &self->clock,
	};

	work_queue_init(&self->queue, self->options.is_manual,
	                self->options.queue);
	self->workers = NULL;
	if (self->options.workers != 0)
		ck_assert_int_eq(
			mcps__workers_start(&self->workers, &wanted, NULL),
			MCPS_OK);
}

static void stop_workers(struct harness *self)
{
	mcps__workers_stop(self->workers);
	mcps__writer_stop(self->writer);
	mcps__workers_free(self->workers);
}

static mcps_status start_for(struct harness *self, struct principal *anonymous,
                             struct mcps_error *error)
{
	mcps_status status = mcps__registry_init(&self->registry);

	if (status != MCPS_OK)
		return status;
	self->log =
		(struct log_sink){ self->options.log, NULL, MCPS_LOG_DEBUG };
	mcps__incidents_init(&self->incidents, &self->log, &self->clock);
	status = start_writer(self, error);
	if (status != MCPS_OK) {
		mcps__registry_finish(&self->registry);
		return status;
	}
	start_workers(self);
	add_tools(self);
	status = start_sessions(self, error);
	if (status != MCPS_OK) {
		stop_workers(self);
		mcps__registry_finish(&self->registry);
		work_queue_finish(&self->queue);
		return status;
	}
	start_mcp(self);
	start_endpoint(self, anonymous);
	self->is_stopped = false;
	return MCPS_OK;
}

mcps_status harness_start(struct harness *self, struct mcps_error *error)
{
	struct principal *anonymous = mcps__principal_anonymous();
	mcps_status status = MCPS_E_NOMEM;

	if (anonymous != NULL)
		status = start_for(self, anonymous, error);
	if (status != MCPS_OK)
		mcps__principal_unref(anonymous);
	return status;
}

static void start(struct harness *self)
{
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(harness_start(self, &error) == MCPS_OK, "%s", error.text);
}

void harness_stop(struct harness *self)
{
	self->is_stopped = true;
	stop_workers(self);
	ck_assert_ptr_null(self->endpoint.running);
	mcps__principal_unref(self->endpoint.anonymous);
	pthread_cond_destroy(&self->endpoint.idle);
	pthread_mutex_destroy(&self->endpoint.lock);
	ck_assert_ptr_null(self->mcp.locks.by_name);
	mcps__locks_finish(&self->mcp.locks);
	mcps__sessions_finish(&self->sessions);
	mcps__streams_finish(&self->session_streams);
	mcps__registry_finish(&self->registry);
	work_queue_finish(&self->queue);
}

static void open_store(struct harness *self)
{
	if (self->options.store != NULL)
		return;
	ck_assert_int_eq(mcps_store_open(&self->memory, "memory:", NULL, NULL),
	                 MCPS_OK);
	store_double_init(&self->store, self->memory);
}

static void close_store(struct harness *self)
{
	if (self->options.store != NULL)
		return; /* the writer has done it */
	store_double_finish(&self->store);
	mcps_store_close(self->memory);
}

static void make_key(struct harness *self)
{
	memset(&self->keys, 0, sizeof self->keys);
	ck_assert_int_eq(random_fill(&self->time, self->keys.current,
	                             sizeof self->keys.current),
	                 MCPS_OK);
}

void harness_prepare(struct harness *self,
                     const struct harness_options *options)
{
	ck_assert_int_ge(sodium_init(), 0);
	memset(self, 0, sizeof *self);
	self->options = *options;
	pthread_mutex_init(&self->lock, NULL);
	if (options->store != NULL)
		self->options.store =
			harness_keep(self, strdup(options->store));
	time_init(self);
	make_key(self);
	open_store(self);
	self->is_stopped = true;
}

void harness_init(struct harness *self, const struct harness_options *options)
{
	harness_prepare(self, options);
	start(self);
}

void harness_finish(struct harness *self)
{
	struct kept *next;

	if (!self->is_stopped)
		harness_stop(self);
	close_store(self);
	for (struct kept *kept = self->kept; kept != NULL; kept = next) {
		next = kept->next;
		free(kept->memory);
		free(kept);
	}
	pthread_mutex_destroy(&self->lock);
}

void harness_restart(struct harness *self, enum harness_keep keep)
{
	harness_stop(self);
	if ((keep & KEEP_STORE) == 0) {
		close_store(self);
		open_store(self);
	}
	if ((keep & KEEP_KEY) == 0)
		make_key(self);
	start(self);
}

/* ---- small things -------------------------------------------------------- */

bool harness_work(struct harness *self)
{
	return work_queue_run(&self->queue);
}

uint64_t harness_incidents(const struct harness *self, enum incident what)
{
	return mcps__incident_count(&self->incidents, what);
}

size_t harness_sweep(struct harness *self)
{
	return mcps__sessions_sweep(&self->sessions);
}

void *harness_keep(struct harness *self, void *memory)
{
	struct kept *kept = malloc(sizeof *kept);

	ck_assert_ptr_nonnull(kept);
	ck_assert_ptr_nonnull(memory);
	kept->memory = memory;
	pthread_mutex_lock(&self->lock);
	kept->next = self->kept;
	self->kept = kept;
	pthread_mutex_unlock(&self->lock);
	return memory;
}
