/* How fast anonymous callers may begin sessions: of one address, and all
 * together. Everything that adds a row to the store counts. */
#include "exchange/harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { BURST = 4, BURST_IN_ALL = 10, MINUTE_MS = 60000, LINES = 8 };

static struct harness harness;
static struct incidents incidents;
static char lines[LINES][256];
static unsigned line_count;

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	(void)arg, (void)level, (void)module;
	ck_assert_uint_lt(line_count, LINES);
	snprintf(lines[line_count++], sizeof lines[0], "%s", text);
}

static const struct log_sink sink = { write_line, NULL, MCPS_LOG_DEBUG };

static struct rate *rate_of(uint32_t per_s, uint32_t burst)
{
	const struct rate_limit limit = { per_s, burst };
	struct rate *rate;

	ck_assert_int_eq(mcps__rate_new(&rate, &limit, &harness.random),
	                 MCPS_OK);
	return rate;
}

static void limit(void)
{
	struct endpoint *endpoint = &harness.endpoint;

	endpoint->session_rate_of_address = rate_of(1, BURST);
	endpoint->session_rate_of_anonymous = rate_of(1, BURST_IN_ALL);
	harness.sessions.options.incidents = &incidents;
}

static void unlimit(void)
{
	struct endpoint *endpoint = &harness.endpoint;

	mcps__rate_free(endpoint->session_rate_of_address);
	mcps__rate_free(endpoint->session_rate_of_anonymous);
	mcps__rate_free(endpoint->session_rate_of_caller);
}

static void start(const struct harness_options *options)
{
	harness_init(&harness, options);
	line_count = 0;
	mcps__incidents_init(&incidents, &sink, &harness.clock);
	limit();
}

static void set_up(void)
{
	start(&(const struct harness_options){ .tools = test_tools,
	                                       .policy = MCPS_UNKNOWN_ISSUED,
	                                       .is_anonymous = true });
}

static void tear_down(void)
{
	unlimit();
	harness_finish(&harness);
}

static struct answer initialize(const char *peer)
{
	return EXCHANGE(&harness, .peer = peer,
	                .body = INITIALIZE(1, "2025-11-25"));
}

/* Begin sessions from PEER until that is refused, at most 100: their number. */
static unsigned begin_many(const char *peer)
{
	struct answer answer;
	unsigned count = 0;

	while (count < 100) {
		answer = initialize(peer);
		if (answer.status != 200)
			break;
		count++;
	}
	if (count < 100) {
		ck_assert_int_eq(answer.status, 429);
		ck_assert_uint_eq(answer.retry_after_s, 1);
		ck_assert_str_eq(answer.session_id, "");
	}
	return count;
}

/* ---- of one address ---- */

START_TEST(one_address_begins_a_burst_of_sessions_and_then_gets_429)
{
	ck_assert_uint_eq(begin_many("192.0.2.1"), BURST);
	ck_assert_uint_eq(begin_many("192.0.2.2"), BURST);
	harness_pass(&harness, 999);
	ck_assert_int_eq(initialize("192.0.2.1").status, 429);
	harness_pass(&harness, 1);
	ck_assert_int_eq(initialize("192.0.2.1").status, 200);
	ck_assert_int_eq(initialize("192.0.2.1").status, 429);
}
END_TEST

static const struct {
	const char *first, *second;
	bool is_one;
} pairs[] = {
	{ "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true },
	{ "2001:db8::1", "2001:db8:0:1::1", false },
	{ "::ffff:192.0.2.1", "192.0.2.1", true },
	{ "192.0.2.1", "192.0.2.2", false },
	{ "192.0.2.1", "2001:db8::1", false },
};

START_TEST(addresses_of_one_ipv6_64_are_one_address)
{
	ck_assert_uint_eq(begin_many(pairs[_i].first), BURST);
	ck_assert_int_eq(initialize(pairs[_i].second).status,
	                 pairs[_i].is_one ? 429 : 200);
}
END_TEST

static const char *const locals[] = { "127.0.0.1", "127.8.9.10", "::1", "unix",
	                              NULL };

START_TEST(a_peer_on_this_machine_meets_only_the_limit_in_all)
{
	ck_assert_uint_eq(begin_many(locals[_i]), BURST_IN_ALL);
}
END_TEST

/* ---- of a client behind a proxy ---- */

static const char *const proxy_texts[] = { "10.0.0.0/8", NULL };
static struct trusted_proxies proxies;

static void trust(void)
{
	ck_assert_int_eq(mcps__proxies_init(&proxies, proxy_texts), MCPS_OK);
	harness.endpoint.proxies = &proxies;
}

/* The status of an initialize that PEER passes on with these HEADERS. */
static int pass_on(const char *peer, const char *headers)
{
	return EXCHANGE(&harness, .peer = peer, .headers = headers,
	                .body = INITIALIZE(1, "2025-11-25"))
	        .status;
}

START_TEST(clients_behind_a_trusted_proxy_are_limited_one_by_one)
{
	trust();
	for (int i = 0; i < BURST; i++)
		ck_assert_int_eq(
			pass_on("10.1.1.1", "X-Forwarded-For: 192.0.2.1\n"),
			200);
	ck_assert_int_eq(pass_on("10.1.1.1", "X-Forwarded-For: 192.0.2.1\n"),
	                 429);
	/* Nor by another way, or by another proxy. */
	ck_assert_int_eq(pass_on("10.1.1.1", "Forwarded: for=192.0.2.1\n"),
	                 429);
	ck_assert_int_eq(
		pass_on("10.9.9.9", "X-Forwarded-For: 192.0.2.1, 10.1.1.1\n"),
		429);
	ck_assert_int_eq(pass_on("192.0.2.1", NULL), 429);
	ck_assert_int_eq(pass_on("10.1.1.1", "X-Forwarded-For: 192.0.2.2\n"),
	                 200);
	mcps__proxies_finish(&proxies);
}
END_TEST

static const char *const nobodies[] = {
	"X-Forwarded-For: unknown\n",
	"Forwarded: for=_hidden\n",
	"Forwarded: for=\"192.0.2.1\n",
	"Forwarded: for=192.0.2.1\nX-Forwarded-For: 192.0.2.2\n",
};

/* Or garbage would be a way around the limit. */
START_TEST(clients_that_a_proxy_does_not_name_are_limited_together)
{
	trust();
	for (int i = 0; i < BURST; i++)
		ck_assert_int_eq(pass_on("10.1.1.1", nobodies[i % 4]), 200);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pass_on("10.1.1.1", nobodies[i]), 429);
	mcps__proxies_finish(&proxies);
}
END_TEST

START_TEST(a_trusted_proxy_without_the_header_meets_only_the_limit_in_all)
{
	trust();
	ck_assert_uint_eq(begin_many("10.1.1.1"), BURST_IN_ALL);
	mcps__proxies_finish(&proxies);
}
END_TEST

START_TEST(headers_of_a_peer_that_is_not_trusted_change_nothing)
{
	trust();
	ck_assert_uint_eq(begin_many("192.0.2.1"), BURST);
	ck_assert_int_eq(pass_on("192.0.2.1", "X-Forwarded-For: 192.0.2.9\n"),
	                 429);
	mcps__proxies_finish(&proxies);
}
END_TEST

/* ---- requests of one address ---- */

static int ping(const char *peer, const char *headers)
{
	return EXCHANGE(&harness, .peer = peer, .headers = headers,
	                .body = PING(1))
	        .status;
}

START_TEST(requests_are_counted_by_the_address_of_their_client)
{
	trust();
	harness.endpoint.requests_of_address = rate_of(1, 1);
	ck_assert_int_eq(ping("2001:db8::1", NULL), 400);
	ck_assert_int_eq(ping("2001:db8::2", NULL), 429); /* of one /64 */
	ck_assert_int_eq(ping("2001:db8:0:1::2", NULL), 400);
	ck_assert_int_eq(ping("10.1.1.1", "Forwarded: for=192.0.2.1\n"), 400);
	ck_assert_int_eq(ping("10.1.1.1", "Forwarded: for=192.0.2.1\n"), 429);
	ck_assert_int_eq(ping("10.1.1.1", "Forwarded: for=192.0.2.2\n"), 400);
	ck_assert_int_eq(ping("10.1.1.1", nobodies[0]), 400);
	ck_assert_int_eq(ping("10.1.1.1", nobodies[1]), 429);
	/* A proxy that names nobody is not counted. */
	ck_assert_int_eq(ping("10.1.1.1", NULL), 400);
	ck_assert_int_eq(ping("10.1.1.1", NULL), 400);
	ck_assert_int_eq(ping("127.0.0.1", NULL), 400);
	ck_assert_int_eq(ping("127.0.0.1", NULL), 429);
	ck_assert_int_eq(ping("unix", NULL), 400);
	ck_assert_int_eq(ping("unix", NULL), 400);
	mcps__rate_free(harness.endpoint.requests_of_address);
	mcps__proxies_finish(&proxies);
}
END_TEST

/* ---- all together ---- */

START_TEST(all_addresses_together_begin_a_burst_of_sessions_and_then_get_429)
{
	char peer[32];
	struct answer answer;

	for (int i = 0; i < BURST_IN_ALL; i++) {
		snprintf(peer, sizeof peer, "192.0.2.%d", i);
		ck_assert_int_eq(initialize(peer).status, 200);
	}
	answer = initialize("192.0.2.99");
	ck_assert_int_eq(answer.status, 429);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	harness_pass(&harness, 1000);
	ck_assert_int_eq(initialize("192.0.2.99").status, 200);
}
END_TEST

START_TEST(an_address_beyond_its_limit_takes_nothing_from_the_others)
{
	ck_assert_uint_eq(begin_many("192.0.2.1"), BURST);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(initialize("192.0.2.1").status, 429);
	ck_assert_uint_eq(begin_many("127.0.0.1"), BURST_IN_ALL - BURST);
}
END_TEST

/* ---- everything that adds a row ---- */

/* Makes COUNT signed ids that no store knows. */
static void make_unknown(const char **ids, size_t count)
{
	unlimit();
	memset(&harness.endpoint.session_rate_of_address, 0, sizeof(void *));
	memset(&harness.endpoint.session_rate_of_anonymous, 0, sizeof(void *));
	for (size_t i = 0; i < count; i++) {
		ids[i] = harness_begin(&harness, NULL, "2025-11-25");
		harness_forget_row(&harness, NULL, ids[i]);
	}
	harness_restart(&harness, KEEP_ALL);
	limit();
}

START_TEST(recreated_sessions_count)
{
	const char *ids[BURST + 1];
	struct answer answer;

	make_unknown(ids, BURST + 1);
	for (int i = 0; i < BURST; i++)
		ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1",
		                          .id = ids[i], .body = PING(1))
		                         .status,
		                 200);
	answer = EXCHANGE(&harness, .peer = "192.0.2.1", .id = ids[BURST],
	                  .body = PING(1));
	ck_assert_int_eq(answer.status, 429);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_int_eq(harness_row(&harness, NULL, ids[BURST]).phase, 0);
	/* A session that was begun is served at any rate. */
	ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1", .id = ids[0],
	                          .body = PING(1))
	                         .status,
	                 200);
}
END_TEST

START_TEST(tombstones_of_unknown_sessions_count)
{
	const char *ids[BURST + 1];
	struct answer answer;

	make_unknown(ids, BURST + 1);
	for (int i = 0; i < BURST; i++)
		ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1",
		                          .method = "DELETE", .id = ids[i])
		                         .status,
		                 404);
	answer = EXCHANGE(&harness, .peer = "192.0.2.1", .method = "DELETE",
	                  .id = ids[BURST]);
	ck_assert_int_eq(answer.status, 429);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_int_eq(harness_row(&harness, NULL, ids[BURST]).phase, 0);
	/* A stored session adds no row. */
	ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1",
	                          .method = "DELETE", .id = ids[0])
	                         .status,
	                 404);
}
END_TEST

START_TEST(deleting_a_session_is_never_limited)
{
	const char *ids[BURST];

	for (int i = 0; i < BURST; i++) {
		struct answer answer = initialize("192.0.2.1");

		ids[i] = harness_keep(&harness, strdup(answer.session_id));
	}
	ck_assert_int_eq(initialize("192.0.2.1").status, 429);
	for (int i = 0; i < BURST; i++)
		ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1",
		                          .method = "DELETE", .id = ids[i])
		                         .status,
		                 204);
}
END_TEST

/* ---- identified callers ---- */

START_TEST(identified_callers_are_not_counted_by_address)
{
	tear_down();
	start(&(const struct harness_options){ .tools = test_tools });
	for (int i = 0; i < BURST_IN_ALL + 5; i++)
		ck_assert_int_eq(EXCHANGE(&harness, .peer = "192.0.2.1",
		                          .caller = "ann",
		                          .body = INITIALIZE(1, "2025-11-25"))
		                         .status,
		                 200);
}
END_TEST

START_TEST(tombstones_of_unknown_sessions_of_an_identified_caller_count)
{
	const char *ids[2];

	tear_down();
	start(&(const struct harness_options){ .tools = test_tools });
	for (int i = 0; i < 2; i++) {
		ids[i] = harness_begin(&harness, "ann", "2025-11-25");
		harness_forget_row(&harness, "ann", ids[i]);
	}
	unlimit();
	harness_restart(&harness, KEEP_ALL);
	limit();
	harness.endpoint.session_rate_of_caller = rate_of(1, 1);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "ann", .id = ids[0],
	                          .method = "DELETE")
	                         .status,
	                 404);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "ann", .id = ids[1],
	                          .method = "DELETE")
	                         .status,
	                 429);
}
END_TEST

/* ---- the log ---- */

START_TEST(a_limit_is_logged_once_a_minute_with_a_count)
{
	begin_many("192.0.2.1");
	for (int i = 0; i < 9; i++)
		initialize("192.0.2.1");
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(lines[0], "address_session_rate_limit: "));
	begin_many("unix");
	ck_assert_uint_eq(line_count, 2);
	ck_assert_ptr_nonnull(
		strstr(lines[1], "anonymous_session_rate_limit: "));
	harness_pass(&harness, MINUTE_MS);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(line_count, 3);
	ck_assert_ptr_nonnull(strstr(lines[2], " times=9 total=10"));
}
END_TEST

TEST_MAIN("session rates")
{
	test_fixture(set_up, tear_down);
	test_add(one_address_begins_a_burst_of_sessions_and_then_gets_429);
	test_add_loop(addresses_of_one_ipv6_64_are_one_address, COUNT(pairs));
	test_add_loop(a_peer_on_this_machine_meets_only_the_limit_in_all,
	              COUNT(locals));
	test_add(clients_behind_a_trusted_proxy_are_limited_one_by_one);
	test_add(clients_that_a_proxy_does_not_name_are_limited_together);
	test_add(
		a_trusted_proxy_without_the_header_meets_only_the_limit_in_all);
	test_add(headers_of_a_peer_that_is_not_trusted_change_nothing);
	test_add(requests_are_counted_by_the_address_of_their_client);
	test_add(
		all_addresses_together_begin_a_burst_of_sessions_and_then_get_429);
	test_add(an_address_beyond_its_limit_takes_nothing_from_the_others);
	test_add(recreated_sessions_count);
	test_add(tombstones_of_unknown_sessions_count);
	test_add(deleting_a_session_is_never_limited);
	test_add(identified_callers_are_not_counted_by_address);
	test_add(tombstones_of_unknown_sessions_of_an_identified_caller_count);
	test_add(a_limit_is_logged_once_a_minute_with_a_count);
}
