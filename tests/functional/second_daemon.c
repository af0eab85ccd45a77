#include "functional/second_daemon.h"

#include <arpa/inet.h>
#include <check.h>
#include <mcps/mhd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

struct second_daemon {
	struct MHD_Daemon *daemon;
	bool has_loop, has_epoll;
	pthread_t loop;
	int wakeup; /* eventfd */
	atomic_bool is_over;
};

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **slot)
{
	static char hello[] = "hello";
	struct MHD_Response *response;
	enum MHD_Result queued;
	int result;

	(void)arg;
	(void)version;
	if (mcps_mhd_handle(wire_server(), connection, url, method, data, size,
	                    slot, &result))
		return (enum MHD_Result)result;
	response = MHD_create_response_from_buffer(strlen(hello), hello,
	                                           MHD_RESPMEM_PERSISTENT);
	queued = MHD_queue_response(
		connection, strcmp(url, "/hello") == 0 ? 200 : 404, response);
	MHD_destroy_response(response);
	return queued;
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **slot, enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)why;
	(void)mcps_mhd_completed(wire_server(), connection, slot);
}

/* ---- its loop ---- */

static void wake(void *arg)
{
	struct second_daemon *second = arg;
	const uint64_t once = 1;

	(void)!write(second->wakeup, &once, sizeof once);
}

static void wait_by_select(struct second_daemon *second)
{
	struct timeval limit = { 0, 100 * 1000 };
	fd_set reads, writes, errors;
	MHD_socket most = -1;

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_ZERO(&errors);
	MHD_get_fdset(second->daemon, &reads, &writes, &errors, &most);
	FD_SET(second->wakeup, &reads);
	most = second->wakeup > most ? second->wakeup : most;
	select(most + 1, &reads, &writes, &errors, &limit);
}

static void wait_by_poll(struct second_daemon *second)
{
	struct pollfd watched[] = { { .fd = second->wakeup, .events = POLLIN },
		                    { .fd = MHD_get_daemon_info(
						    second->daemon,
						    MHD_DAEMON_INFO_EPOLL_FD)
		                                    ->epoll_fd,
		                      .events = POLLIN } };

	poll(watched, 2, 100);
}

static void *loop_main(void *arg)
{
	struct second_daemon *second = arg;
	uint64_t wakes;

	while (!atomic_load(&second->is_over)) {
		if (second->has_epoll)
			wait_by_poll(second);
		else
			wait_by_select(second);
		(void)!read(second->wakeup, &wakes, sizeof wakes);
		MHD_run(second->daemon);
	}
	return NULL;
}

/* ---- its life ---- */

struct second_daemon *second_start(const struct host_mode *mode, unsigned flags)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		                             .sin_addr.s_addr =
		                                     htonl(INADDR_LOOPBACK) };
	struct MHD_OptionItem items[] = {
		{ mode->pool != 0 ? MHD_OPTION_THREAD_POOL_SIZE
		                  : MHD_OPTION_END,
		  (intptr_t)mode->pool, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct second_daemon *second = calloc(1, sizeof *second);

	second->daemon = MHD_start_daemon(
		mode->flags | flags, 0, NULL, NULL, on_request, NULL,
		MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_CONNECTION_TIMEOUT,
		mode->timeout_s, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	ck_assert_msg(second->daemon != NULL, "%s: no daemon", mode->name);
	second->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	second->has_epoll = (mode->flags & MHD_USE_EPOLL) != 0;
	if (mode->has_loop)
		second_drive(second);
	return second;
}

void second_drive(struct second_daemon *second)
{
	second->has_loop = true;
	pthread_create(&second->loop, NULL, loop_main, second);
}

int second_port(const struct second_daemon *second)
{
	return MHD_get_daemon_info(second->daemon, MHD_DAEMON_INFO_BIND_PORT)
	        ->port;
}

struct MHD_Daemon *second_mhd(const struct second_daemon *second)
{
	return second->daemon;
}

mcps_status second_attach(struct second_daemon *second,
                          struct mcps_error *error)
{
	return mcps_mhd_attach(wire_server(), second->daemon,
	                       second->has_loop ? wake : NULL, second, error);
}

mcps_status second_attach_loop(struct second_daemon *second,
                               struct mcps_error *error)
{
	return mcps_mhd_attach(wire_server(), second->daemon, wake, second,
	                       error);
}

bool second_detach(struct second_daemon *second, unsigned milliseconds)
{
	return mcps_mhd_detach(wire_server(), second->daemon, milliseconds);
}

void second_stop(struct second_daemon *second)
{
	atomic_store(&second->is_over, true);
	wake(second);
	if (second->has_loop)
		pthread_join(second->loop, NULL);
	MHD_stop_daemon(second->daemon);
	close(second->wakeup);
	free(second);
}
