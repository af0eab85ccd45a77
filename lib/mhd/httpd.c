#include "mhd/httpd.h"

#include "base/clock.h"
#include "mhd/connection.h"
#include "mhd/loop.h"
#include "mhd/socket.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_starvation(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM ||
	       number == ENOBUFS;
}

static void log_line(struct loop *loop, enum mcps_log_level level, char *text)
{
	int64_t now = mcps__steady_ms(&mcps__system_clock);
	unsigned withheld;

	if (!mcps__pace_pass(&loop->log_pace, now, &withheld))
		return;
	text[strcspn(text, "\r\n")] = '\0';
	if (withheld != 0)
		mcps__log(loop->host.log, level, "http", "%s withheld=%u", text,
		          withheld);
	else
		mcps__log(loop->host.log, level, "http", "%s", text);
}

/* libmicrohttpd has no levels. Most of what it says any client can provoke,
 * so it is for debugging; that no descriptor is left concerns the operator.
 * errno is the only thing that tells: accept() failed just before. */
static MCPS_PRINTF(2, 0) void on_message(void *arg, const char *format,
                                         va_list values)
{
	struct loop *loop = arg;
	bool starved = is_starvation(errno);
	char text[256];

	loop->starved = loop->starved || starved;
	vsnprintf(text, sizeof text, format, values);
	log_line(loop, starved ? MCPS_LOG_WARN : MCPS_LOG_DEBUG, text);
}

/* libmicrohttpd found itself in a state it does not know, so nothing of this
 * process may run on; not even abort handlers or a log function. */
static void on_panic(void *arg, const char *file, unsigned line,
                     const char *reason)
{
	(void)arg;
	fprintf(stderr, "libmicrohttpd gives up: %s:%u: %s\n", file, line,
	        reason != NULL ? reason : "no reason given");
	_exit(1);
}

/* Paths are compared as they were sent: unescaping would end "/mcp%00x" after
 * "/mcp", and no client has a reason to escape a letter. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection,
                            char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

/* TURBO reads at once what came with a new connection; the shutdown() before
 * close() that it leaves out has no effect, as nobody else holds the socket.
 * The logger must be the first option. */
struct MHD_Daemon *mcps__httpd_start(struct loop *loop,
                                     const struct loop_options *options)
{
	MHD_set_panic_func(on_panic, NULL);
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG,
		0, NULL, NULL, mcps__connection_handle, &loop->host,
		MHD_OPTION_EXTERNAL_LOGGER, on_message, loop,
		MHD_OPTION_LISTEN_SOCKET, loop->listener,
		MHD_OPTION_NOTIFY_CONNECTION, mcps__socket_notified,
		&loop->sockets, MHD_OPTION_NOTIFY_COMPLETED,
		mcps__connection_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
		leave_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT,
		options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		options->pool, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

int mcps__httpd_events(struct MHD_Daemon *http)
{
	return MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

unsigned mcps__httpd_connections(struct MHD_Daemon *http)
{
	return MHD_get_daemon_info(http, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	        ->num_connections;
}
