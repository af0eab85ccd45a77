#include "mount.h"

#include <arpa/inet.h>
#include <mcps/mhd.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const struct mode {
	const char *name;
	unsigned flags, pool; /* of libmicrohttpd; 0: no pool */
	bool has_loop;
} modes[] = {
	{ "select", MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME,
	  0, false },
	{ "poll", MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
	  false },
	{ "epoll", MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
	  false },
	{ "pool", MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 2,
	  false },
	{ "loop", MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, true },
	{ "thread",
	  MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
	  false },
};

static struct {
	mcps_server *server;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	bool has_loop;
	int wakeup; /* eventfd */
	atomic_bool is_over;
} self;

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **request)
{
	int result;

	(void)version;
	if (mcps_mhd_handle(arg, connection, url, method, data, size, request,
	                    &result))
		return (enum MHD_Result)result;
	return MHD_NO; /* the benchmark asks for nothing else */
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode why)
{
	(void)why;
	(void)mcps_mhd_completed(arg, connection, request);
}

static void wake(void *arg)
{
	(void)arg;
	eventfd_write(self.wakeup, 1);
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
	       mcps_mhd_open_requests(self.server) != 0) {
		MHD_UNSIGNED_LONG_LONG left;

		if (MHD_get_timeout(self.daemon, &left) != MHD_YES)
			poll(watched, 2, -1);
		else if (left > 0)
			poll(watched, 2, (int)(left < 60000 ? left : 60000));
		if (watched[0].revents != 0)
			eventfd_read(self.wakeup, &count);
		MHD_run(self.daemon);
	}
	return NULL;
}

static struct MHD_Daemon *daemon_start(const struct mode *mode, uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return MHD_start_daemon(
		mode->flags | MHD_USE_TURBO, port, NULL, NULL, on_request,
		self.server, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, self.server,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
		MHD_OPTION_CONNECTION_TIMEOUT, 75U,
		mode->pool != 0 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
		mode->pool, MHD_OPTION_END);
}

bool mount_start(mcps_server *server, const char *name, uint16_t port)
{
	const struct mode *mode = modes;
	struct mcps_error error = { MCPS_OK, "libmicrohttpd does not start" };

	while (mode < modes + sizeof modes / sizeof *modes &&
	       strcmp(mode->name, name) != 0)
		mode++;
	if (mode == modes + sizeof modes / sizeof *modes) {
		fprintf(stderr, "server: no mode %s\n", name);
		return false;
	}
	self.server = server;
	self.has_loop = mode->has_loop;
	self.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self.daemon = daemon_start(mode, port);
	if (self.daemon == NULL ||
	    mcps_mhd_attach(server, self.daemon, mode->has_loop ? wake : NULL,
	                    NULL, &error) != MCPS_OK) {
		fprintf(stderr, "server: %s: %s\n", name, error.text);
		return false;
	}
	return !self.has_loop ||
	       pthread_create(&self.thread, NULL, loop, NULL) == 0;
}

void mount_stop(mcps_server *server)
{
	mcps_server_drain(server, 1000);
	atomic_store(&self.is_over, true);
	wake(NULL);
	if (self.has_loop)
		pthread_join(self.thread, NULL);
	MHD_stop_daemon(self.daemon);
	close(self.wakeup);
}
