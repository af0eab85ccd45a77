#include "mhd/httpd.h"

#include "base/clock.h"
#include "http/refusal.h"
#include "mhd/connection.h"
#include "mhd/loop.h"
#include "mhd/socket.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* libmicrohttpd refuses long headers (431, or 414 for the target) and requests
 * that it cannot parse (400), and tells of it by a message alone. */
static void httpd_report_refusal(const struct endpoint *endpoint,
                                 const char *text)
{
	unsigned status;

	if (sscanf(text, "Error processing request (HTTP response code is %u",
	           &status) != 1)
		return;
	if (status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE ||
	    status == MHD_HTTP_URI_TOO_LONG)
		mcps__refusal_report(endpoint, INCIDENT_HEADER_SIZE);
	else if (status == MHD_HTTP_BAD_REQUEST)
		mcps__refusal_report(endpoint, INCIDENT_REQUEST_MALFORMED);
}

/* libmicrohttpd has no levels. Any client can provoke most of its messages, so
 * they are for debugging. */
static MCPS_PRINTF(2, 0) void on_message(void *arg, const char *format,
                                         va_list values)
{
	struct loop *loop = arg;
	int64_t now = mcps__steady_ms(&mcps__system_clock);
	unsigned withheld;
	char text[256];

	vsnprintf(text, sizeof text, format, values);
	httpd_report_refusal(loop->mhd.endpoint, text);
	if (!mcps__log_limiter_pass(&loop->log_limiter, now, &withheld))
		return;
	text[strcspn(text, "\r\n")] = '\0';
	if (withheld != 0)
		mcps__log(loop->mhd.log, MCPS_LOG_DEBUG, "http",
		          "%s withheld=%u", text, withheld);
	else
		mcps__log(loop->mhd.log, MCPS_LOG_DEBUG, "http", "%s", text);
}

/* libmicrohttpd found itself in a state it does not know, so nothing of this
 * process may run on; not even abort handlers or a log function. */
static void httpd_on_panic(void *arg, const char *file, unsigned line,
                           const char *reason)
{
	(void)arg;
	fprintf(stderr, "libmicrohttpd gives up: %s:%u: %s\n", file, line,
	        reason != NULL ? reason : "no reason given");
	_exit(1);
}

/* Paths are compared as they were sent: unescaping would end "/mcp%00x" after
 * "/mcp", and no client has a reason to escape a letter. */
static size_t httpd_leave_escaped(void *arg, struct MHD_Connection *connection,
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
	MHD_set_panic_func(httpd_on_panic, NULL);
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_TURBO |
			MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
		0, NULL, NULL, mcps__connection_handle, &loop->mhd,
		MHD_OPTION_EXTERNAL_LOGGER, on_message, loop,
		MHD_OPTION_NOTIFY_CONNECTION, mcps__socket_notified,
		&loop->sockets, MHD_OPTION_NOTIFY_COMPLETED,
		mcps__connection_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
		httpd_leave_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT,
		options->connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		options->pool, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_s,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

int mcps__httpd_events(struct MHD_Daemon *http)
{
	return MHD_get_daemon_info(http, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

bool mcps__httpd_add(struct MHD_Daemon *http, int fd,
                     const struct sockaddr_storage *address, socklen_t size)
{
	if (MHD_add_connection(http, fd, (const struct sockaddr *)address,
	                       size) == MHD_YES)
		return true;
	if (errno == 0)
		errno = ENOMEM;
	return false;
}
