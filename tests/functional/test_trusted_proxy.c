/* Behind a proxy: limits by address count the address that a trusted proxy
 * forwards, whoever owns the daemon. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "functional/mount_case.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BURST = 2, MANY = 40 };

#define X(address) "X-Forwarded-For: " address "\r\n"
#define F(address) "Forwarded: for=" address "\r\n"

static const char *const this_machine[] = { "127.0.0.1", NULL };
static const char *const unix_socket[] = { "unix", NULL };

static struct mcps_server_options limited(const char *const *proxies)
{
	return (struct mcps_server_options){
		.size = sizeof(struct mcps_server_options),
		.trusted_proxies = proxies,
		.session_rate_per_address = 1,
		.session_burst_per_address = BURST
	};
}

/* ---- whom a hook sees ---- */

static pthread_mutex_t peer_lock = PTHREAD_MUTEX_INITIALIZER;
static char peer[64]; /* under the lock */

static mcps_status see_peer(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	(void)arg, (void)grant;
	pthread_mutex_lock(&peer_lock);
	snprintf(peer, sizeof peer, "%s", mcps_request_peer(request));
	pthread_mutex_unlock(&peer_lock);
	return MCPS_E_AUTH;
}

static void add_hook(mcps_server *server)
{
	mcps_server_set_auth(server, see_peer, NULL);
}

static void check_peer_of(struct wire *wire, const char *lines,
                          const char *wanted)
{
	ck_assert_int_eq(wire_ask(wire, lines, WIRE_INITIALIZE).status, 401);
	pthread_mutex_lock(&peer_lock);
	ck_assert_str_eq(peer, wanted);
	pthread_mutex_unlock(&peer_lock);
}

static void check_peer(const char *lines, const char *wanted)
{
	struct wire wire = wire_open(wire_port());

	check_peer_of(&wire, lines, wanted);
	wire_close(&wire);
}

static int mode_case(int which)
{
	return which == 0 ? host_mode_count : 0;
}

START_TEST(hooks_see_the_client_that_a_trusted_proxy_forwards)
{
	wire_add(add_hook);
	mount_start_with(mode_case(_i), limited(this_machine));
	check_peer("", "127.0.0.1");
	check_peer(X("203.0.113.1"), "203.0.113.1");
	check_peer(F("\"[2001:db8::1]:80\""), "2001:db8::1");
	/* Lines that the client sent, and the proxy's after them. */
	check_peer(X("198.51.100.9") "Accept-Language: en\r\n" X("203.0.113.2"),
	           "203.0.113.2");
	check_peer(F("\"198.51.100.9") F("203.0.113.3"), "203.0.113.3");
	check_peer(F("198.51.100.1") X("203.0.113.4"), "");
	mount_stop();
	wire_add(NULL);
}
END_TEST

START_TEST(hooks_see_the_peer_if_it_is_not_trusted)
{
	wire_add(add_hook);
	mount_start_with(mode_case(_i), limited(NULL));
	check_peer(X("203.0.113.1"), "127.0.0.1");
	check_peer(F("203.0.113.1") F("\""), "127.0.0.1");
	mount_stop();
	wire_add(NULL);
}
END_TEST

/* ---- whom limits count ---- */

/* Whether MANY sessions in a row may be begun with these header lines. At one
 * a second that would take a while. */
static bool is_limited(const char *lines)
{
	int status = 200, count = 0;

	while (count++ < MANY && status == 200)
		status = wire_once(lines, WIRE_INITIALIZE).status;
	ck_assert(status == 200 || status == 429);
	return status == 429;
}

START_TEST(limits_by_address_count_what_a_trusted_proxy_forwards)
{
	mount_start_with(mode_case(_i), limited(this_machine));
	ck_assert(is_limited(X("203.0.113.1")));
	ck_assert(is_limited(F("unknown")));
	for (int i = 1; i < MANY; i++) {
		char lines[64];

		snprintf(lines, sizeof lines, X("203.0.113.%d"), 1 + i);
		ck_assert_int_eq(wire_once(lines, WIRE_INITIALIZE).status, 200);
	}
	/* A proxy that names nobody speaks for many. */
	ck_assert(!is_limited(""));
	mount_stop();
}
END_TEST

START_TEST(limits_by_address_ignore_what_others_forward)
{
	mount_start_with(mode_case(_i), limited(NULL));
	ck_assert(!is_limited(X("203.0.113.1")));
	ck_assert(!is_limited(F("203.0.113.1")));
	mount_stop();
}
END_TEST

/* ---- by a Unix socket ---- */

static struct wire open_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct wire wire = { .fd = socket(AF_UNIX, SOCK_STREAM, 0) };

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	ck_assert_int_eq(
		connect(wire.fd, (struct sockaddr *)&address, sizeof address),
		0);
	return wire;
}

START_TEST(a_proxy_at_a_unix_socket_may_be_trusted)
{
	char directory[] = "/tmp/mcps-proxy-XXXXXX", path[64], listen[80];
	const struct mcps_server_options options = limited(unix_socket);
	struct mcps_daemon_options how = { .size = sizeof how,
		                           .listen = listen };
	mcps_daemon *daemon;
	struct wire wire;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/socket", directory);
	snprintf(listen, sizeof listen, "unix:%s", path);
	wire_add(add_hook);
	wire_start_server(WIRE_ANONYMOUS, &options);
	ck_assert_int_eq(mcps_daemon_start(&daemon, wire_server(), &how, NULL),
	                 MCPS_OK);
	wire = open_unix(path);
	check_peer_of(&wire, X("203.0.113.1"), "203.0.113.1");
	check_peer_of(&wire, "", "");
	wire_close(&wire);
	mcps_daemon_stop(daemon, WIRE_DEADLINE_S * 1000);
	wire_stop();
	wire_add(NULL);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST

/* ---- set-up ---- */

static const char *const wrong[] = { "10.0.0.0/33", "10.0.0.1/8", "proxy.test",
	                             "unix:", "*" };

START_TEST(a_proxy_that_is_none_is_refused_at_the_start)
{
	const char *const list[] = { "10.0.0.0/8", wrong[_i], NULL };
	mcps_server *server = mcps_server_new("proxy", "1");
	struct mcps_error error = { MCPS_OK, "" };

	mcps_server_trust_proxy(server, wrong[_i]);
	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "trusted proxy"));
	ck_assert_ptr_nonnull(strstr(error.text, wrong[_i]));
	mcps_server_free(server);

	server = mcps_server_new("proxy", "1");
	mcps_configure(server, .trusted_proxies = list);
	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, wrong[_i]));
	mcps_server_free(server);
}
END_TEST

TEST_MAIN("trusted proxies")
{
	test_timeout(120);
	test_add_loop(hooks_see_the_client_that_a_trusted_proxy_forwards, 2);
	test_add_loop(hooks_see_the_peer_if_it_is_not_trusted, 2);
	test_add_loop(limits_by_address_count_what_a_trusted_proxy_forwards, 2);
	test_add_loop(limits_by_address_ignore_what_others_forward, 2);
	test_add(a_proxy_at_a_unix_socket_may_be_trusted);
	test_add_loop(a_proxy_that_is_none_is_refused_at_the_start,
	              COUNT(wrong));
}
