/* Public functions that get NULL for what they need, as <mcps/status.h> says.
 */
#include "functional/null_cases.h"
#include "functional/wire.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *volatile null;
mcps_server *running, *fresh;
mcps_call *the_call;

static mcps_daemon *daemon_;
static int row; /* of null_call_cases, that the tool tries */

static mcps_status run_row(mcps_call *call, const void *args)
{
	(void)args;
	the_call = call;
	null_call_cases[row].run();
	return mcps_text(call, "survived");
}

static void set_up(void)
{
	const struct mcps_daemon_options options = { .size = sizeof options,
		                                     .listen = "127.0.0.1:0" };

	running = mcps_server_new("test", "1");
	mcps_add_tool(running, int, .name = "row", .run = run_row);
	ck_assert_int_eq(mcps_server_start(running, NULL), MCPS_OK);
	ck_assert_int_eq(mcps_daemon_start(&daemon_, running, &options, NULL),
	                 MCPS_OK);
	fresh = mcps_server_new("test", "1");
}

static void tear_down(void)
{
	mcps_daemon_stop(daemon_, 5000);
	mcps_server_free(running);
	mcps_server_free(fresh);
}

START_TEST(server_function_survives_null)
{
	null_server_cases[_i].run();
}
END_TEST

START_TEST(function_survives_null)
{
	null_other_cases[_i].run();
}
END_TEST

START_TEST(handler_function_survives_null)
{
	struct wire wire =
		wire_open(atoi(strrchr(mcps_daemon_address(daemon_), ':') + 1));
	struct reply reply = wire_ask(&wire, "", WIRE_INITIALIZE);
	char lines[256];

	row = _i;
	snprintf(lines, sizeof lines, "Mcp-Session-Id: %s\r\n",
	         reply_value(&reply, "Mcp-Session-Id"));
	reply = wire_ask(&wire, lines, WIRE_CALL(2, "row", "{}"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert_msg(strstr(reply.body, "survived") != NULL, "%s", reply.body);
	wire_close(&wire);
}
END_TEST

TEST_MAIN("null arguments")
{
	test_timeout(120);
	test_fixture(set_up, tear_down);
	test_add_loop(server_function_survives_null, null_server_count);
	test_add_loop(function_survives_null, null_other_count);
	test_add_loop(handler_function_survives_null, null_call_count);
}
