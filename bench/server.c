/* server: mcps as a user would build it, with the tools that the benchmark
 * calls. Bounds that a crowd of anonymous sessions from one machine
 * would meet are raised; all checks are on.
 *
 *   server PORT LOOPS STORE [HOT [HEARTBEAT [POOL [MODE]]]]
 *
 *     HOT         sessions in memory (100 000)
 *     HEARTBEAT   of silent streams, in seconds (15)
 *     POOL        bytes of each connection (16 384)
 *     MODE        it is mounted in a libmicrohttpd daemon of this mode
 */
#include "mount.h"

#include <inttypes.h>
#include <mcps/mcps.h>
#include <mcps/daemon.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct said {
	const char *text;
};

static const mcps_field said_fields[] = {
	MCPS_FIELD(struct said, text, "What to say"), MCPS_FIELDS_END
};

static mcps_status echo(mcps_call *call, const void *args)
{
	const struct said *in = args;

	return mcps_text(call, "%s", in->text);
}

static mcps_status measure(mcps_call *call, const void *args)
{
	const struct said *in = args;

	return mcps_text(call, "%zu bytes", strlen(in->text));
}

/* Three events and the result, each stored before it is sent. */
static mcps_status progress(mcps_call *call, const void *args)
{
	const struct said *in = args;

	for (int i = 1; i <= 3; i++)
		mcps_progress(call, i, 3, NULL);
	return mcps_text(call, "%s", in->text);
}

/* Every client that listens hears that the list of tools changed. */
static mcps_status announce(mcps_call *call, const void *args)
{
	mcps_server *server = mcps_call_data(call);
	mcps_status status;

	(void)args;
	status = mcps_add_tool(server, struct said, .name = "news",
	                       .description = "Nothing", .fields = said_fields,
	                       .run = echo);
	return status == MCPS_OK ? mcps_text(call, "announced") : status;
}

static void log_line(void *arg, enum mcps_log_level level, const char *module,
                     const char *text)
{
	(void)arg, (void)level;
	fprintf(stderr, "%s: %s\n", module, text);
}

static mcps_server *server_make(const char *store, uint32_t hot,
                                uint32_t heartbeat_s)
{
	mcps_server *server = mcps_server_new("bench", "1");

	mcps_configure(server, .store = store, .max_sessions_in_memory = hot,
	               .max_anonymous_sessions = UINT32_MAX,
	               .anonymous_session_rate = UINT32_MAX,
	               .anonymous_session_burst = UINT32_MAX,
	               .heartbeat_s = heartbeat_s, .log = log_line,
	               .log_level = MCPS_LOG_WARN);
	mcps_add_tool(server, struct said, .name = "echo",
	              .description = "Answer on the network thread",
	              .fields = said_fields, .run = echo, .quick = true);
	mcps_add_tool(server, struct said, .name = "work",
	              .description = "Answer on a worker",
	              .fields = said_fields, .run = echo);
	mcps_add_tool(server, struct said, .name = "measure",
	              .description = "Tell how long the text is",
	              .fields = said_fields, .run = measure, .quick = true);
	mcps_add_tool(server, struct said, .name = "progress",
	              .description = "Tell three times how far it is",
	              .fields = said_fields, .run = progress);
	mcps_add_tool(server, struct said, .name = "announce",
	              .description = "Tell every client something",
	              .fields = said_fields, .run = announce, .data = server);
	return server;
}

static int serve(mcps_server *server, const char *port, uint32_t loops,
                 uint32_t pool)
{
	struct mcps_daemon_options options = { .size = sizeof options,
		                               .loops = loops,
		                               .max_memory_per_connection =
		                                       pool };
	struct mcps_error error;
	mcps_daemon *daemon;
	char address[32];
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	snprintf(address, sizeof address, "127.0.0.1:%s", port);
	options.listen = address;
	if (mcps_server_start(server, &error) != MCPS_OK ||
	    mcps_daemon_start(&daemon, server, &options, &error) != MCPS_OK) {
		fprintf(stderr, "server: %s\n", error.text);
		return 69;
	}
	printf("ready\n");
	fflush(stdout);
	sigwait(&signals, &signal);
	mcps_daemon_stop(daemon, 1000);
	return 0;
}

static int serve_mounted(mcps_server *server, const char *port,
                         const char *mode)
{
	struct mcps_error error;
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (mcps_server_start(server, &error) != MCPS_OK) {
		fprintf(stderr, "server: %s\n", error.text);
		return 69;
	}
	if (!mount_start(server, mode, (uint16_t)atoi(port)))
		return 69;
	printf("ready\n");
	fflush(stdout);
	sigwait(&signals, &signal);
	mount_stop(server);
	return 0;
}

int main(int argc, char **argv)
{
	uint32_t numbers[3] = { 0 }; /* HOT HEARTBEAT POOL */
	mcps_server *server;
	int code;

	if (argc < 4)
		return 64;
	for (int i = 4; i < argc && i < 7; i++)
		numbers[i - 4] = (uint32_t)strtoul(argv[i], NULL, 10);
	server = server_make(argv[3], numbers[0], numbers[1]);
	code = argc > 7 ? serve_mounted(server, argv[1], argv[7])
	                : serve(server, argv[1], (uint32_t)atoi(argv[2]),
	                        numbers[2]);
	mcps_server_free(server);
	return code;
}
