/* cc mount.c $(pkg-config --cflags --libs mcps libmicrohttpd) -o mount
 * ./mount 8080 sqlite:mount.db
 *
 * A program with a libmicrohttpd daemon and pages of its own gets /mcp: what
 * was added to it is marked [1] to [6]. */
#include <inttypes.h>
#include <mcps/mcps.h>
#include <mcps/mhd.h> /* [1] */
#include <microhttpd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static atomic_uint visits;

static enum MHD_Result show_page(struct MHD_Connection *connection)
{
	static char text[] = "Hello, visitor!\n";
	struct MHD_Response *response = MHD_create_response_from_buffer(
		sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result =
		MHD_queue_response(connection, MHD_HTTP_OK, response);

	MHD_destroy_response(response);
	atomic_fetch_add(&visits, 1);
	return result;
}

static const mcps_field no_fields[] = { MCPS_FIELDS_END }; /* [2] */

static mcps_status tell_visits(mcps_call *call, const void *args)
{
	int64_t asked;

	(void)args;
	if (mcps_state_add(call, "asked", 1, &asked) != MCPS_OK)
		return mcps_fail(call, "cannot remember you right now");
	return mcps_text(call, "%u visits, asked for %" PRId64 " times",
	                 atomic_load(&visits), asked);
}

static enum MHD_Result on_request(void *mcp, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **request)
{
	int result;

	(void)version;
	if (mcps_mhd_handle(mcp, connection, url, method, data, size, request,
	                    &result)) /* [3] */
		return (enum MHD_Result)result;
	return show_page(connection);
}

static void on_completed(void *mcp, struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode why)
{
	(void)why;
	(void)mcps_mhd_completed(mcp, connection, request); /* [4] */
}

/* [5] */
static void write_log(void *arg, enum mcps_log_level level, const char *module,
                      const char *text)
{
	(void)arg, (void)level;
	fprintf(stderr, "%s: %s\n", module, text);
}

int main(int argc, char **argv)
{
	uint16_t port = argc > 1 ? (uint16_t)atoi(argv[1]) : 8080;
	mcps_server *mcp = mcps_server_new("visits", "1.0.0");
	struct mcps_error error = { MCPS_OK, "" };
	struct MHD_Daemon *daemon = NULL;
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	mcps_configure(mcp, .log = write_log, .log_level = MCPS_LOG_WARN);
	mcps_server_set_store(mcp, argc > 2 ? argv[2] : "memory:"); /* [6] */
	mcps_add_tool(mcp, char, .name = "visits", .fields = no_fields,
	              .description = "How often the page was seen",
	              .run = tell_visits);
	if (mcps_server_start(mcp, &error) == MCPS_OK)
		daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD |
		                                  MHD_ALLOW_SUSPEND_RESUME,
		                          port, NULL, NULL, on_request, mcp,
		                          MHD_OPTION_NOTIFY_COMPLETED,
		                          on_completed, mcp, MHD_OPTION_END);
	if (daemon == NULL ||
	    mcps_mhd_attach(mcp, daemon, NULL, NULL, &error) != MCPS_OK) {
		fprintf(stderr, "cannot start: %s\n", error.text);
		return EXIT_FAILURE;
	}
	port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	fprintf(stderr, "visits is ready at http://127.0.0.1:%u/mcp\n", port);
	sigwait(&stop, &signal);

	mcps_server_drain(mcp, 5000);
	MHD_stop_daemon(daemon);
	mcps_server_free(mcp);
	return EXIT_SUCCESS;
}
