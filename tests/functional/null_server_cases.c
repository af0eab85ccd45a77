#include "functional/null_cases.h"

#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* Set-up remembers the mistake, and start reports it. */
static void check_remembered(mcps_server *server, const char *sentence)
{
	struct mcps_error error = { MCPS_OK, "" };

	INVALID(mcps_server_start(server, &error));
	ck_assert_str_eq(error.text, sentence);
	mcps_server_free(server);
}

static void try_mcps_server_new(void)
{
	check_remembered(mcps_server_new(null, "1"),
	                 "mcps_server_new() was called with NULL for name");
	check_remembered(mcps_server_new("a", null),
	                 "mcps_server_new() was called with NULL for version");
}

#define REMEMBERS(function, argument)                                      \
	do {                                                               \
		mcps_server *server = mcps_server_new("a", "1");           \
                                                                           \
		function(server, null);                                    \
		check_remembered(server, #function                         \
		                 "() was called with NULL for " argument); \
		function(null, null);                                      \
	} while (0)

static void try_mcps_server_configure(void)
{
	REMEMBERS(mcps_server_configure, "options");
}

static void try_mcps_server_add_tool(void)
{
	REMEMBERS(mcps_server_add_tool, "tool");
	INVALID(mcps_server_add_tool(null, null));
	INVALID(mcps_server_add_tool(running, null));
}

static void try_mcps_server_add_resource(void)
{
	REMEMBERS(mcps_server_add_resource, "resource");
	INVALID(mcps_server_add_resource(null, null));
	INVALID(mcps_server_add_resource(running, null));
}

static void try_mcps_server_add_template(void)
{
	REMEMBERS(mcps_server_add_template, "added");
	INVALID(mcps_server_add_template(null, null));
	INVALID(mcps_server_add_template(running, null));
}

static void try_mcps_server_add_prompt(void)
{
	REMEMBERS(mcps_server_add_prompt, "prompt");
	INVALID(mcps_server_add_prompt(null, null));
	INVALID(mcps_server_add_prompt(running, null));
}

static void try_mcps_server_remove_tool(void)
{
	INVALID(mcps_server_remove_tool(null, "a"));
	INVALID(mcps_server_remove_tool(running, null));
}

static void try_mcps_server_remove_resource(void)
{
	INVALID(mcps_server_remove_resource(null, "a:b"));
	INVALID(mcps_server_remove_resource(running, null));
}

static void try_mcps_server_remove_template(void)
{
	INVALID(mcps_server_remove_template(null, "a:{b}"));
	INVALID(mcps_server_remove_template(running, null));
}

static void try_mcps_server_remove_prompt(void)
{
	INVALID(mcps_server_remove_prompt(null, "a"));
	INVALID(mcps_server_remove_prompt(running, null));
}

static void try_mcps_resource_updated(void)
{
	mcps_resource_updated(null, "a:b");
	mcps_resource_updated(running, null);
	mcps_resource_updated(fresh, "a:b");
}

static void try_mcps_server_get_options(void)
{
	NOTHING(mcps_server_get_options(null));
}

static void try_mcps_server_set_store(void)
{
	mcps_server_set_store(null, "memory:");
	mcps_server_set_store(fresh, null); /* the default */
}

static void try_mcps_server_set_lock_wait(void)
{
	mcps_server_set_lock_wait(null, 1);
}

static void try_mcps_server_set_on_corrupt(void)
{
	mcps_server_set_on_corrupt(null, MCPS_ON_CORRUPT_REFUSE);
}

static void try_mcps_server_set_log(void)
{
	mcps_server_set_log(null, NULL, null, MCPS_LOG_WARN);
	mcps_server_set_log(fresh, NULL, null, MCPS_LOG_WARN); /* silence */
}

static void try_mcps_server_log(void)
{
	mcps_server_log(null, MCPS_LOG_ERROR, "x");
	mcps_server_log(running, MCPS_LOG_ERROR, null);
}

static void try_mcps_server_allow_host(void)
{
	REMEMBERS(mcps_server_allow_host, "host");
}

static void try_mcps_server_allow_origin(void)
{
	REMEMBERS(mcps_server_allow_origin, "origin");
}

static void try_mcps_server_trust_proxy(void)
{
	REMEMBERS(mcps_server_trust_proxy, "proxy");
}

static void try_mcps_server_set_cors(void)
{
	mcps_server_set_cors(null, true);
}

static void try_mcps_server_take_store(void)
{
	mcps_store *store;

	ck_assert_int_eq(mcps_store_open(&store, "memory:", NULL, NULL),
	                 MCPS_OK);
	mcps_server_take_store(null, store); /* closes it */
	mcps_server_take_store(fresh, null);
}

static void try_mcps_server_set_auth(void)
{
	mcps_server_set_auth(null, NULL, null);
	mcps_server_set_auth(fresh, NULL, null); /* everybody is anonymous */
}

static void try_mcps_server_set_token_file(void)
{
	REMEMBERS(mcps_server_set_token_file, "path");
}

static void try_mcps_server_start(void)
{
	struct mcps_error error = { MCPS_OK, "" };

	INVALID(mcps_server_start(null, &error));
	ck_assert_str_eq(error.text, "there is no server");
	INVALID(mcps_server_start(null, null));
}

static void ignore(void *arg, mcps_status status, const char *what,
                   const char *text)
{
	(void)arg;
	(void)status;
	(void)what;
	(void)text;
}

static void try_mcps_server_check(void)
{
	INVALID(mcps_server_check(null, ignore, null));
	INVALID(mcps_server_check(fresh, NULL, null));
}

static void try_mcps_server_reload(void)
{
	INVALID(mcps_server_reload(null, null));
	INVALID(mcps_server_reload(fresh, null));
}

static void try_mcps_server_drain(void)
{
	ck_assert(mcps_server_drain(null, 0)); /* no call is left */
	ck_assert(mcps_server_drain(fresh, 0));
}

static void try_mcps_server_is_ready(void)
{
	FALSE(mcps_server_is_ready(null));
	FALSE(mcps_server_is_ready(fresh));
}

static void try_mcps_server_not_ready_reason(void)
{
	ck_assert_str_eq(mcps_server_not_ready_reason(null),
	                 "there is no server");
}

static void try_mcps_server_name(void)
{
	NOTHING(mcps_server_name(null));
}

static void try_mcps_server_version(void)
{
	NOTHING(mcps_server_version(null));
}

static void try_mcps_server_path(void)
{
	NOTHING(mcps_server_path(null));
}

static void try_mcps_server_store_url(void)
{
	NOTHING(mcps_server_store_url(null));
}

static void try_mcps_server_knows_callers(void)
{
	FALSE(mcps_server_knows_callers(null));
}

static void try_mcps_server_get_counts(void)
{
	struct mcps_counts counts = { .calls = 1 };

	mcps_server_get_counts(null, &counts);
	ck_assert_uint_eq(counts.calls, 0);
	mcps_server_get_counts(running, null);
}

static void try_mcps_server_read_incidents(void)
{
	mcps_server_read_incidents(null, NULL, null);
	mcps_server_read_incidents(running, NULL, null);
}

static void try_mcps_server_clear_auth_cache(void)
{
	mcps_server_clear_auth_cache(null);
}

static void try_mcps_server_revoke(void)
{
	INVALID(mcps_server_revoke(null, "i", "s"));
	INVALID(mcps_server_revoke(running, "i", null));
	INVALID(mcps_server_revoke(fresh, "i", "s"));
}

static void try_mcps_server_free(void)
{
	mcps_server_free(null);
}

const struct null_case null_server_cases[] = {
	NULL_CASE(mcps_server_new),
	NULL_CASE(mcps_server_configure),
	NULL_CASE(mcps_server_add_tool),
	NULL_CASE(mcps_server_add_resource),
	NULL_CASE(mcps_server_add_template),
	NULL_CASE(mcps_server_add_prompt),
	NULL_CASE(mcps_server_remove_tool),
	NULL_CASE(mcps_server_remove_resource),
	NULL_CASE(mcps_server_remove_template),
	NULL_CASE(mcps_server_remove_prompt),
	NULL_CASE(mcps_resource_updated),
	NULL_CASE(mcps_server_get_options),
	NULL_CASE(mcps_server_set_store),
	NULL_CASE(mcps_server_set_lock_wait),
	NULL_CASE(mcps_server_set_on_corrupt),
	NULL_CASE(mcps_server_set_log),
	NULL_CASE(mcps_server_log),
	NULL_CASE(mcps_server_allow_host),
	NULL_CASE(mcps_server_allow_origin),
	NULL_CASE(mcps_server_trust_proxy),
	NULL_CASE(mcps_server_set_cors),
	NULL_CASE(mcps_server_take_store),
	NULL_CASE(mcps_server_set_auth),
	NULL_CASE(mcps_server_set_token_file),
	NULL_CASE(mcps_server_start),
	NULL_CASE(mcps_server_check),
	NULL_CASE(mcps_server_reload),
	NULL_CASE(mcps_server_drain),
	NULL_CASE(mcps_server_is_ready),
	NULL_CASE(mcps_server_not_ready_reason),
	NULL_CASE(mcps_server_name),
	NULL_CASE(mcps_server_version),
	NULL_CASE(mcps_server_path),
	NULL_CASE(mcps_server_store_url),
	NULL_CASE(mcps_server_knows_callers),
	NULL_CASE(mcps_server_get_counts),
	NULL_CASE(mcps_server_read_incidents),
	NULL_CASE(mcps_server_clear_auth_cache),
	NULL_CASE(mcps_server_revoke),
	NULL_CASE(mcps_server_free),
};
const int null_server_count =
	sizeof null_server_cases / sizeof *null_server_cases;
