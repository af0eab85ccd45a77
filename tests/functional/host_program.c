#include "functional/host_program.h"

#include "mhd/mode.h"

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

/* With epoll libmicrohttpd 0.9.75 overlooks a client that leaves together with
 * its last bytes, until its time is out. */
enum { LEFT_S = 3 };

const struct host_mode host_modes[] = {
	{ .name = "select thread", .flags = MHD_USE_INTERNAL_POLLING_THREAD },
	{ .name = "poll thread", .flags = MHD_USE_POLL_INTERNAL_THREAD },
	{ .name = "epoll thread",
	  .flags = MHD_USE_EPOLL_INTERNAL_THREAD,
	  .timeout_s = LEFT_S },
	{ .name = "pool of select threads",
	  .flags = MHD_USE_INTERNAL_POLLING_THREAD,
	  .pool = 3 },
	{ .name = "pool of poll threads",
	  .flags = MHD_USE_POLL_INTERNAL_THREAD,
	  .pool = 3 },
	{ .name = "pool of epoll threads",
	  .flags = MHD_USE_EPOLL_INTERNAL_THREAD,
	  .pool = 3,
	  .timeout_s = LEFT_S },
	{ .name = "automatic",
	  .flags = MHD_USE_AUTO_INTERNAL_THREAD,
	  .timeout_s = LEFT_S },
	{ .name = "poll thread per connection",
	  .flags = MHD_USE_POLL_INTERNAL_THREAD |
	           MHD_USE_THREAD_PER_CONNECTION },
	{ .name = "select thread per connection",
	  .flags = MHD_USE_INTERNAL_POLLING_THREAD |
	           MHD_USE_THREAD_PER_CONNECTION,
	  .timeout_s = LEFT_S },
	{ .name = "select loop", .flags = 0, .has_loop = true },
	{ .name = "epoll loop",
	  .flags = MHD_USE_EPOLL,
	  .timeout_s = LEFT_S,
	  .has_loop = true },
};
const int host_mode_count = sizeof host_modes / sizeof host_modes[0];

/* Versions of libmicrohttpd that forget resumed requests with select() run as
 * docs/MOUNT-GUIDE.md says. */
static void avoid_select(struct host_mode *mode)
{
	if ((mode->flags & MHD_USE_AUTO) != 0 ||
	    !mcps__mode_forgets(MHD_get_version(), mode->flags))
		return;
	mode->flags |= mode->has_loop ? MHD_USE_EPOLL : MHD_USE_POLL;
	if (mode->has_loop && mode->timeout_s == 0)
		mode->timeout_s = LEFT_S;
}

static struct {
	struct host_options options;
	unsigned flags; /* of the daemon */
	struct MHD_Daemon *daemon;
	pthread_t loop;
	bool has_loop;
	int wakeup; /* eventfd */
	atomic_bool is_over;
	atomic_uint open_pages, slots, kept_slots;
} self;

/* ---- its pages ---- */

struct page {
	size_t length;
	char body[65536];
};

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status,
                           const char *bytes, size_t length)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		length, (void *)(size_t)bytes, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result =
		MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say_text(struct MHD_Connection *connection,
                                unsigned status, const char *text)
{
	return say(connection, status, text, strlen(text));
}

static enum MHD_Result answer_page(struct MHD_Connection *connection,
                                   const char *url, const struct page *page)
{
	if (strcmp(url, "/hello") == 0)
		return say_text(connection, 200, "hello");
	if (strcmp(url, "/echo") == 0)
		return say(connection, 200, page->body, page->length);
	return say_text(connection, 404, "no such page");
}

/* A pointer that the URI log callback left is not a page. */
static char slot_marks[1024];

static bool is_mark(const void *slot)
{
	return (const char *)slot >= slot_marks &&
	       (const char *)slot < slot_marks + sizeof slot_marks;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **slot)
{
	struct page *page;
	int result;

	(void)arg;
	(void)version;
	if (self.options.guard != NULL && self.options.guard->before != NULL &&
	    self.options.guard->before(connection, slot, &result))
		return (enum MHD_Result)result;
	if (mcps_mhd_handle(wire_server(), connection, url, method, data, size,
	                    slot, &result))
		return (enum MHD_Result)result;
	if (self.options.guard != NULL && self.options.guard->begin != NULL)
		return *size == 0 ? say_text(connection, 200, "hello") : MHD_NO;
	if (*slot == NULL || is_mark(*slot)) {
		*slot = calloc(1, sizeof *page);
		atomic_fetch_add(&self.open_pages, 1);
		return MHD_YES;
	}
	page = *slot;
	if (*size == 0)
		return answer_page(connection, url, page);
	ck_assert_uint_le(page->length + *size, sizeof page->body);
	memcpy(page->body + page->length, data, *size);
	page->length += *size;
	*size = 0;
	return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **slot, enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)why;
	if (self.options.forgets_ends)
		return;
	if (mcps_mhd_completed(wire_server(), connection, slot) ||
	    *slot == NULL)
		return;
	if (self.options.guard != NULL && self.options.guard->end != NULL) {
		self.options.guard->end(slot);
		return;
	}
	if (is_mark(*slot)) {
		atomic_fetch_add(&self.kept_slots, 1);
		return;
	}
	free(*slot);
	atomic_fetch_sub(&self.open_pages, 1);
}

static void *on_target(void *arg, const char *uri,
                       struct MHD_Connection *connection)
{
	(void)arg;
	if (self.options.knows_targets)
		mcps_mhd_target(wire_server(), connection, uri);
	if (self.options.guard != NULL && self.options.guard->begin != NULL)
		return self.options.guard->begin();
	if (!self.options.fills_slots)
		return NULL;
	return &slot_marks[atomic_fetch_add(&self.slots, 1) %
	                   sizeof slot_marks];
}

/* ---- its loop, if it has one ---- */

static void wake(void *arg)
{
	const uint64_t once = 1;

	(void)arg;
	(void)!write(self.wakeup, &once, sizeof once);
}

static int timeout_ms(void)
{
	MHD_UNSIGNED_LONG_LONG left;

	if (MHD_get_timeout(self.daemon, &left) != MHD_YES)
		return -1;
	return left < 60000 ? (int)left : 60000;
}

static void wait_by_select(int timeout)
{
	struct timeval limit = { timeout / 1000, timeout % 1000 * 1000 };
	fd_set reads, writes, errors;
	MHD_socket most = -1;

	FD_ZERO(&reads);
	FD_ZERO(&writes);
	FD_ZERO(&errors);
	ck_assert_int_eq(
		MHD_get_fdset(self.daemon, &reads, &writes, &errors, &most),
		MHD_YES);
	FD_SET(self.wakeup, &reads);
	if (self.wakeup > most)
		most = self.wakeup;
	select(most + 1, &reads, &writes, &errors, timeout < 0 ? NULL : &limit);
}

static void wait_by_poll(int timeout)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(self.daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd watched[] = { { .fd = self.wakeup, .events = POLLIN },
		                    { .fd = info->epoll_fd,
		                      .events = POLLIN } };

	poll(watched, 2, timeout);
}

static unsigned count_connections(void)
{
	return MHD_get_daemon_info(self.daemon,
	                           MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
	        ->num_connections;
}

/* As docs/MOUNT-GUIDE.md says: once more when connections have ended. */
static void run_daemon(void)
{
	unsigned before;

	do {
		before = count_connections();
		MHD_run(self.daemon);
	} while (count_connections() < before);
}

static void *loop_main(void *arg)
{
	uint64_t signals;

	(void)arg;
	while (!atomic_load(&self.is_over) ||
	       mcps_mhd_open_requests(wire_server()) != 0) {
		if (self.flags & MHD_USE_EPOLL)
			wait_by_poll(timeout_ms());
		else
			wait_by_select(timeout_ms());
		(void)!read(self.wakeup, &signals, sizeof signals);
		run_daemon();
	}
	return NULL;
}

/* ---- its life ---- */

static struct MHD_Daemon *start_daemon(const struct host_mode *mode,
                                       unsigned connections)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		                             .sin_addr.s_addr =
		                                     htonl(INADDR_LOOPBACK) };
	struct MHD_OptionItem items[] = {
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)mode->timeout_s,
		  NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		  mode->memory != 0 ? (intptr_t)mode->memory : 32 * 1024,
		  NULL },
		{ MHD_OPTION_CONNECTION_LIMIT,
		  connections != 0 ? (intptr_t)connections : FD_SETSIZE - 4,
		  NULL },
		{ mode->pool != 0 ? MHD_OPTION_THREAD_POOL_SIZE
		                  : MHD_OPTION_END,
		  (intptr_t)mode->pool, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	return MHD_start_daemon(mode->flags, 0, NULL, NULL, on_request, NULL,
	                        MHD_OPTION_SOCK_ADDR, &address,
	                        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	                        MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
	                        MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

mcps_status host_attach(struct mcps_error *error)
{
	return mcps_mhd_attach(wire_server(), self.daemon,
	                       self.options.mode->has_loop ? wake : NULL, NULL,
	                       error);
}

void host_start(const struct host_options *options)
{
	struct host_mode mode = *options->mode;
	struct mcps_error error = { MCPS_OK, "" };

	self.options = *options;
	atomic_store(&self.is_over, false);
	atomic_store(&self.open_pages, 0);
	atomic_store(&self.slots, 0);
	atomic_store(&self.kept_slots, 0);
	self.wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!options->is_wrong && !options->uses_select)
		avoid_select(&mode);
	if (!options->is_wrong &&
	    (mode.flags & MHD_USE_THREAD_PER_CONNECTION) == 0)
		mode.flags |= MHD_ALLOW_SUSPEND_RESUME;
	self.flags = mode.flags;
	if (options->timeout_s != 0)
		mode.timeout_s = options->timeout_s;
	self.daemon = start_daemon(&mode, options->max_connections);
	ck_assert_msg(self.daemon != NULL, "%s: no daemon", mode.name);
	wire_set_port(
		MHD_get_daemon_info(self.daemon, MHD_DAEMON_INFO_BIND_PORT)
			->port);
	if (!options->stays_apart)
		ck_assert_msg(host_attach(&error) == MCPS_OK, "%s: %s",
		              mode.name, error.text);
	self.has_loop = mode.has_loop;
	if (self.has_loop)
		pthread_create(&self.loop, NULL, loop_main, NULL);
}

struct MHD_Daemon *host_daemon(void)
{
	return self.daemon;
}

bool host_drain(unsigned milliseconds)
{
	return mcps_server_drain(wire_server(), milliseconds);
}

void host_stop(void)
{
	atomic_store(&self.is_over, true);
	wake(NULL);
	if (self.has_loop)
		pthread_join(self.loop, NULL);
	self.has_loop = false;
	if (self.daemon != NULL)
		MHD_stop_daemon(self.daemon);
	self.daemon = NULL;
	close(self.wakeup);
}

unsigned host_open_pages(void)
{
	return atomic_load(&self.open_pages);
}

unsigned host_kept_slots(void)
{
	return atomic_load(&self.kept_slots);
}
