/* cc mount_loop.c $(pkg-config --cflags --libs mcps libmicrohttpd) -o
 * mount_loop
 * ./mount_loop 8080 sqlite:mount_loop.db [CONNECTIONS]
 *
 * The program of mount.c with a loop of its own, in which it waits for
 * whatever it likes and calls MHD_run() itself: what such a loop needs is
 * marked [1] to [4]. */
#include <mcps/mcps.h>
#include <mcps/mhd.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct {
	mcps_server *mcp;
	struct MHD_Daemon *daemon;
	int wakeup; /* eventfd: ends the wait */
	atomic_bool is_over;
	unsigned visits;
} self;

/* ---- the loop ---- */

/* Any thread: there is something to do for the loop. */
static void wake(void *arg) /* [1] */
{
	(void)arg;
	eventfd_write(self.wakeup, 1);
}

static unsigned count_connections(void)
{
	return MHD_get_daemon_info(self.daemon,
	                           MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	        ->num_connections;
}

/* With all its connections in use, libmicrohttpd does not look at its
 * listening socket. It looks again only in the run after one has ended. */
static void run(void) /* [2] */
{
	unsigned before;

	do {
		before = count_connections();
		MHD_run(self.daemon);
	} while (count_connections() < before);
}

static int timeout_ms(void)
{
	MHD_UNSIGNED_LONG_LONG left;

	if (MHD_get_timeout(self.daemon, &left) != MHD_YES)
		return -1;
	return left < 60000 ? (int)left : 60000;
}

static void *loop(void *arg)
{
	struct pollfd watched[] = {
		{ .fd = self.wakeup, .events = POLLIN },
		{ .fd = MHD_get_daemon_info(self.daemon,
		                            MHD_DAEMON_INFO_EPOLL_FD)
		                ->epoll_fd,
		  .events = POLLIN },
	};
	eventfd_t count;

	(void)arg;
	while (!atomic_load(&self.is_over) ||
	       mcps_mhd_open_requests(self.mcp) != 0) { /* [3] */
		poll(watched, 2, timeout_ms());
		eventfd_read(self.wakeup, &count); /* it does not block */
		run();
	}
	return NULL;
}

/* ---- its page and its tool ---- */

static enum MHD_Result show_page(struct MHD_Connection *connection)
{
	static char text[] = "Hello, visitor!\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result =
		MHD_queue_response(connection, MHD_HTTP_OK, response);

	MHD_destroy_response(response);
	self.visits++;
	return result;
}

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

/* Quick: it runs on the loop's thread, as the page does. */
static mcps_status tell_visits(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "%u visits", self.visits);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **request)
{
	int result;

	(void)arg, (void)version;
	if (mcps_mhd_handle(self.mcp, connection, url, method, data, size,
	                    request, &result))
		return (enum MHD_Result)result;
	return show_page(connection);
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode why)
{
	(void)arg, (void)why;
	(void)mcps_mhd_completed(self.mcp, connection, request);
}

/* ---- from the start to the stop ---- */

static bool start(uint16_t port, const char *store, unsigned connections)
{
	struct mcps_error error = { MCPS_OK, "" };

	self.mcp = mcps_server_new("visits", "1.0.0");
	self.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mcps_server_set_store(self.mcp, store);
	mcps_add_tool(self.mcp, char, .name = "visits", .fields = no_fields,
	              .description = "How often the page was seen",
	              .quick = true, .run = tell_visits);
	if (mcps_server_start(self.mcp, &error) == MCPS_OK)
		self.daemon = MHD_start_daemon(
			MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, NULL,
			NULL, on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED,
			on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT,
			connections, MHD_OPTION_CONNECTION_TIMEOUT, 75U,
			MHD_OPTION_END);
	if (self.daemon != NULL && mcps_mhd_attach(self.mcp, self.daemon, wake,
	                                           NULL, &error) == MCPS_OK)
		return true;
	fprintf(stderr, "cannot start: %s\n", error.text);
	return false;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	if (!start(argc > 1 ? (uint16_t)atoi(argv[1]) : 8080,
	           argc > 2 ? argv[2] : "memory:",
	           argc > 3 ? (unsigned)atoi(argv[3]) : 1000))
		return EXIT_FAILURE;
	pthread_create(&thread, NULL, loop, NULL);
	fprintf(stderr, "visits is ready at http://127.0.0.1:%u/mcp\n",
	        MHD_get_daemon_info(self.daemon, MHD_DAEMON_INFO_BIND_PORT)
	                ->port);
	sigwait(&stop, &signal);

	mcps_server_drain(self.mcp, 5000); /* [4] the loop goes on meanwhile */
	atomic_store(&self.is_over, true);
	wake(NULL);
	pthread_join(thread, NULL);
	MHD_stop_daemon(self.daemon);
	mcps_server_free(self.mcp);
	close(self.wakeup);
	return EXIT_SUCCESS;
}
