#include "functional/wire_server.h"

#include "base/clock.h"

#include <check.h>
#include <dirent.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <mcps/call.h>
#include <mcps/daemon.h>
#include <mcps/state.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { TURNS_MAX = 100000 };

static struct {
	mcps_server *server;
	mcps_daemon *daemon;
	void (*add)(mcps_server *server); /* may be NULL */
	int port;
	atomic_uint touched;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	unsigned held;
	bool is_released;
	int turns[TURNS_MAX];
	int turn_count;
} self = { .lock = PTHREAD_MUTEX_INITIALIZER,
	   .changed = PTHREAD_COND_INITIALIZER };

/* ---- tools ---- */

struct nothing {
	char unused;
};

struct big {
	int64_t size;
};

struct turn {
	int64_t who;
};

struct tell {
	int64_t times;
	bool holds;
};

static const mcps_field turn_fields[] = {
	MCPS_FIELD(struct turn, who, "Who has this turn"), MCPS_FIELDS_END
};
static const mcps_field no_fields[] = { MCPS_FIELDS_END };
static const mcps_field big_fields[] = {
	MCPS_FIELD(struct big, size, "Bytes of text"), MCPS_FIELDS_END
};

static const mcps_field tell_fields[] = {
	MCPS_FIELD(struct tell, times, "How often"),
	MCPS_FIELD(struct tell, holds, "Whether to hold then",
	           .optional = true),
	MCPS_FIELDS_END
};

static mcps_status run_touch(mcps_call *call, const void *args)
{
	(void)args;
	atomic_fetch_add(&self.touched, 1);
	return mcps_text(call, "touched");
}

static void moment_from_now(struct timespec *at, long ms)
{
	clock_gettime(CLOCK_REALTIME, at);
	mcps__timespec_add(at, ms);
}

static mcps_status run_turn(mcps_call *call, const void *args)
{
	const struct turn *in = args;

	pthread_mutex_lock(&self.lock);
	if (self.turn_count < TURNS_MAX)
		self.turns[self.turn_count++] = (int)in->who;
	pthread_mutex_unlock(&self.lock);
	return mcps_text(call, "noted");
}

int wire_turns(const int **turns)
{
	int count;

	pthread_mutex_lock(&self.lock);
	*turns = self.turns;
	count = self.turn_count;
	pthread_mutex_unlock(&self.lock);
	return count;
}

/* Cancellation wakes nobody, so it is looked for now and then. */
static mcps_status run_hold(mcps_call *call, const void *args)
{
	struct timespec at;

	(void)args;
	pthread_mutex_lock(&self.lock);
	self.held++;
	pthread_cond_broadcast(&self.changed);
	while (!self.is_released && !mcps_cancelled(call)) {
		moment_from_now(&at, 5);
		pthread_cond_timedwait(&self.changed, &self.lock, &at);
	}
	pthread_mutex_unlock(&self.lock);
	return mcps_text(call, "released");
}

static mcps_status run_tell(mcps_call *call, const void *args)
{
	const struct tell *in = args;

	for (int64_t i = 1; i <= in->times; i++)
		mcps_progress(call, (double)i, 0, NULL);
	return in->holds ? run_hold(call, NULL) : mcps_text(call, "told");
}

/* Nobody may stop it. */
static mcps_status run_keep(mcps_call *call, const void *args)
{
	struct timespec at;
	bool is_cancelled;
	int64_t sum;

	(void)args;
	pthread_mutex_lock(&self.lock);
	self.held++;
	pthread_cond_broadcast(&self.changed);
	while (!self.is_released) {
		moment_from_now(&at, 5);
		pthread_cond_timedwait(&self.changed, &self.lock, &at);
	}
	pthread_mutex_unlock(&self.lock);
	is_cancelled = mcps_cancelled(call);
	if (mcps_state_add(call, "kept", 1, &sum) != MCPS_OK)
		return MCPS_E_STORE;
	return mcps_text(call, "kept %d%s", (int)sum,
	                 is_cancelled ? " although cancelled" : "");
}

static mcps_status run_big(mcps_call *call, const void *args)
{
	const struct big *in = args;
	char *text = malloc((size_t)in->size + 1);
	mcps_status status;

	if (text == NULL)
		return MCPS_E_NOMEM;
	memset(text, 'x', (size_t)in->size);
	text[in->size] = '\0';
	status = mcps_text(call, "%s", text);
	free(text);
	return status;
}

static mcps_status run_whoami(mcps_call *call, const void *args)
{
	const char *subject = mcps_call_principal(call);

	(void)args;
	return mcps_text(call, "i am %s", subject != NULL ? subject : "-");
}

unsigned wire_touched(void)
{
	return atomic_load(&self.touched);
}

void wire_wait_held(unsigned sum)
{
	struct timespec at;
	int result = 0;

	moment_from_now(&at, WIRE_DEADLINE_S * 1000L);
	pthread_mutex_lock(&self.lock);
	while (self.held < sum && result == 0)
		result = pthread_cond_timedwait(&self.changed, &self.lock, &at);
	pthread_mutex_unlock(&self.lock);
	ck_assert_int_eq(result, 0);
}

void wire_release(void)
{
	pthread_mutex_lock(&self.lock);
	self.is_released = true;
	pthread_cond_broadcast(&self.changed);
	pthread_mutex_unlock(&self.lock);
}

/* ---- the server ---- */

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	const char *token = mcps_request_bearer(request);
	char name[64];

	(void)arg;
	if (token == NULL || strncmp(token, "bad", 3) == 0)
		return MCPS_E_AUTH;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(token, "."), token);
	return mcps_grant_subject(grant, "https://issuer.test", name);
}

static void add_tools(void)
{
	mcps_add_tool(self.server, struct nothing, .name = "touch",
	              .fields = no_fields, .run = run_touch);
	mcps_add_tool(self.server, struct nothing, .name = "hold",
	              .fields = no_fields, .run = run_hold);
	mcps_add_tool(self.server, struct tell, .name = "tell",
	              .fields = tell_fields, .run = run_tell);
	mcps_add_tool(self.server, struct nothing, .name = "keep",
	              .fields = no_fields, .run = run_keep);
	mcps_add_tool(self.server, struct nothing, .name = "whoami",
	              .fields = no_fields, .run = run_whoami);
	mcps_add_tool(self.server, struct nothing, .name = "stall",
	              .fields = no_fields, .quick = true, .run = run_hold);
	mcps_add_tool(self.server, struct turn, .name = "turn",
	              .fields = turn_fields, .quick = true, .run = run_turn);
	mcps_add_tool(self.server, struct big, .name = "big",
	              .fields = big_fields, .run = run_big);
}

void wire_add(void (*add)(mcps_server *server))
{
	self.add = add;
}

void wire_change_tools(void)
{
	if (mcps_server_remove_tool(self.server, "extra") == MCPS_OK)
		return;
	ck_assert_int_eq(mcps_add_tool(self.server, struct nothing,
	                               .name = "extra", .fields = no_fields,
	                               .run = run_touch),
	                 MCPS_OK);
}

void wire_start_server(enum wire_callers callers,
                       const struct mcps_server_options *options)
{
	struct mcps_error error = { MCPS_OK, "" };

	atomic_store(&self.touched, 0);
	self.held = 0;
	self.turn_count = 0;
	self.is_released = false;
	self.server = mcps_server_new("wire", "1");
	mcps_server_configure(self.server, options);
	if (callers == WIRE_NAMED)
		mcps_server_set_auth(self.server, identify, NULL);
	add_tools();
	if (self.add != NULL)
		self.add(self.server);
	ck_assert_msg(mcps_server_start(self.server, &error) == MCPS_OK, "%s",
	              error.text);
}

void wire_start_with(enum wire_callers callers,
                     const struct mcps_server_options *options,
                     const struct mcps_daemon_options *how)
{
	struct mcps_daemon_options any = *how;
	struct mcps_error error = { MCPS_OK, "" };

	any.size = sizeof any;
	any.listen = "127.0.0.1:0";
	wire_start_server(callers, options);
	ck_assert_msg(mcps_daemon_start(&self.daemon, self.server, &any,
	                                &error) == MCPS_OK,
	              "%s", error.text);
	self.port = atoi(strrchr(mcps_daemon_address(self.daemon), ':') + 1);
}

void wire_start_on(unsigned loops, enum wire_callers callers,
                   const struct mcps_server_options *options)
{
	wire_start_with(callers, options,
	                &(const struct mcps_daemon_options){ .loops = loops });
}

void wire_stop_daemon(void)
{
	mcps_daemon_stop(self.daemon, WIRE_DEADLINE_S * 1000);
	self.daemon = NULL;
}

void wire_stop(void)
{
	wire_release();
	wire_stop_daemon();
	mcps_server_free(self.server);
	self.server = NULL;
}

void wire_set_port(int port)
{
	self.port = port;
}

int wire_port(void)
{
	return self.port;
}

mcps_server *wire_server(void)
{
	return self.server;
}

/* ---- talking to it ---- */

struct reply wire_once(const char *lines, const char *body)
{
	struct wire wire = wire_open(self.port);
	struct reply reply = wire_ask(&wire, lines, body);

	wire_close(&wire);
	return reply;
}

static void name_caller(char *out, size_t size, const char *caller)
{
	out[0] = '\0';
	if (caller[0] != '\0')
		snprintf(out, size, "Authorization: Bearer %s\r\n", caller);
}

struct reply wire_initialize(const char *caller)
{
	char line[256];

	name_caller(line, sizeof line, caller);
	return wire_once(line, WIRE_INITIALIZE);
}

static struct wire_session name_session(struct reply reply, const char *caller)
{
	const char *id = reply_value(&reply, "Mcp-Session-Id");
	struct wire_session session;
	size_t length;

	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_ne(id, "");
	name_caller(session.lines, sizeof session.lines, caller);
	length = strlen(session.lines);
	snprintf(session.lines + length, sizeof session.lines - length,
	         "Mcp-Session-Id: %s\r\n", id);
	return session;
}

struct wire_session wire_session_of(const char *caller)
{
	return name_session(wire_initialize(caller), caller);
}

struct wire_session wire_session_in(const char *revision, const char *caller)
{
	char line[256], body[512];

	name_caller(line, sizeof line, caller);
	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	         "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
	         "\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}",
	         revision);
	return name_session(wire_once(line, body), caller);
}

/* ---- looking at the process ---- */

int open_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(all) != NULL)
		count++;
	closedir(all);
	return count;
}

/* That the server closed something is to be seen nowhere else. */
bool descriptors_fall_to(int wanted)
{
	const struct timespec moment = { 0, 2000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (open_descriptors() > wanted) {
		if (time(NULL) >= end)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* Not fewer than poll() is asked about: it would fail. */
enum { DESCRIPTORS_LEFT = 100 };

static int taken[DESCRIPTORS_LEFT];
static int taken_count;
static struct rlimit limit_before;

void take_descriptors(void)
{
	struct rlimit limit;
	int fd;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
	limit = limit_before;
	limit.rlim_cur = DESCRIPTORS_LEFT;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fd = dup(0)) >= 0)
		taken[taken_count++] = fd;
}

void give_descriptors_back(void)
{
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
	while (taken_count > 0)
		close(taken[--taken_count]);
}

size_t resident_and_kept_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	size_t kib = 0;
	char line[256];

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

size_t resident_kib(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	return resident_and_kept_kib();
}
