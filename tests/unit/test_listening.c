/* The default bounds of listening streams. */
#include "http/listening.h"
#include "suite.h"

#include <stdlib.h>

static const struct {
	uint32_t max_streams, max_per_address, connections;
	uint32_t most, most_per_address;
} rows[] = {
	/* three quarters of the connections; half of that for an address */
	{ 0, 0, 12, 9, 4 },
	{ 0, 0, 896, 672, 336 },
	{ 0, 0, 16384, 12288, 1000 },
	{ 0, 0, UINT32_MAX, 3221225471, 1000 },
	/* there is always a connection for calls */
	{ 0, 0, 1, 0, 1 },
	{ 0, 0, 2, 1, 1 },
	{ 0, 0, 3, 2, 1 },
	{ 0, 0, 4, 3, 1 },
	/* of a daemon whose limit is unknown */
	{ 0, 0, 0, UINT32_MAX, 1000 },
	{ 0, 7, 0, UINT32_MAX, 7 },
	/* what somebody says, counts */
	{ 3, 0, 12, 3, 1 },
	{ 3, 0, 0, 3, 1 },
	{ 5000, 0, 16384, 5000, 1000 },
	{ 0, 5, 12, 9, 5 },
	{ 3, 2000, 12, 3, 2000 },
};

START_TEST(bounds_follow_from_options_and_connections)
{
	const struct mcps_server_options options = {
		.max_streams = rows[_i].max_streams,
		.max_streams_per_address = rows[_i].max_per_address,
	};
	struct stream_limits limits;

	mcps__stream_limits_init(&limits, &options, rows[_i].connections);
	ck_assert_uint_eq(limits.most, rows[_i].most);
	ck_assert_uint_eq(limits.most_per_address, rows[_i].most_per_address);
	ck_assert_uint_eq(atomic_load(&limits.open), 0);
}
END_TEST

TEST_MAIN("listening")
{
	test_add_loop(bounds_follow_from_options_and_connections, COUNT(rows));
}
