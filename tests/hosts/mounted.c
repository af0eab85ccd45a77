/* Two tools: "count" keeps a number in the session and tells who subscribed to
 * COUNTER; "hold" runs until its caller lets it go, so that a test can have
 * calls that run. */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNTER "mounted://counter"

mcps_server *mounted;

static atomic_uint counts;

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

static mcps_status count(mcps_call *call, const void *args)
{
	int64_t now;

	(void)args;
	if (mcps_state_add(call, "count", 1, &now) != MCPS_OK)
		return mcps_fail(call, "cannot count right now");
	atomic_fetch_add(&counts, 1);
	mcps_resource_updated(mounted, COUNTER);
	return mcps_text(call, "%" PRId64, now);
}

static mcps_status read_counter(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "%u", atomic_load(&counts));
}

struct hold {
	const char *path;
};

static const mcps_field hold_fields[] = {
	MCPS_FIELD(struct hold, path,
	           "A named pipe: the call runs until it is closed"),
	MCPS_FIELDS_END
};

/* Opening the pipe waits for who opens its other end, who thereby knows that
 * the call has begun. */
static mcps_status hold(mcps_call *call, const void *args)
{
	const struct hold *wanted = args;
	int pipe = open(wanted->path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	char byte;

	if (pipe < 0)
		return mcps_fail(call, "%s: %s", wanted->path, strerror(errno));
	mcps_progress(call, 1, 2, "waiting");
	do
		got = read(pipe, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	close(pipe);
	return mcps_text(call, "let go");
}

static void write_log(void *arg, enum mcps_log_level level, const char *module,
                      const char *text)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	(void)arg;
	fprintf(stderr, "mcps: %s: %s: %s\n", names[level], module, text);
}

bool mounted_start(const char *name)
{
	struct mcps_error error;

	mounted = mcps_server_new(name, "1.0.0");
	mcps_server_set_log(mounted, write_log, NULL, MCPS_LOG_INFO);
	mcps_server_set_store(mounted, getenv("MOUNTED_STORE"));
	mcps_add_tool(mounted, char, .name = "count", .fields = no_fields,
	              .description = "Count in this session", .run = count);
	mcps_add_tool(mounted, struct hold, .name = "hold",
	              .fields = hold_fields, .run = hold,
	              .description = "Run until a pipe is closed");
	mcps_add_resource(mounted, .uri = COUNTER, .name = "counter",
	                  .mime_type = "text/plain", .read = read_counter);
	if (mcps_server_start(mounted, &error) == MCPS_OK)
		return true;
	fprintf(stderr, "mounted: cannot start: %s\n", error.text);
	return false;
}

bool mounted_attach(struct MHD_Daemon *daemon)
{
	struct mcps_error error;

	if (mcps_mhd_attach(mounted, daemon, NULL, NULL, &error) == MCPS_OK)
		return true;
	fprintf(stderr, "mounted: cannot attach: %s\n", error.text);
	return false;
}

void mounted_completed(void *arg, struct MHD_Connection *connection,
                       void **request, enum MHD_RequestTerminationCode why)
{
	(void)arg, (void)connection, (void)why;
	(void)mcps_mhd_completed(mounted, request);
}

uint16_t mounted_port(void)
{
	const char *port = getenv("MOUNTED_PORT");

	return port == NULL ? 0 : (uint16_t)atoi(port);
}

static void stop_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
}

void mounted_block_stop(void)
{
	sigset_t stop;

	stop_signals(&stop);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
}

void mounted_wait_for_stop(void)
{
	sigset_t stop;
	int signal;

	stop_signals(&stop);
	sigwait(&stop, &signal);
}
