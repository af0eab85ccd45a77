/* A mounted program, apart from its tools: port, log, start and stop. */
#include "mounted.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

mcps_server *mounted;

void mounted_log(void *arg, enum mcps_log_level level, const char *module,
                 const char *text)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	(void)arg;
	fprintf(stderr, "mcps: %s: %s: %s\n", names[level], module, text);
}

/* Opening the pipe waits for who opens its other end, who thereby knows that
 * the call has begun. */
int mounted_wait_for_pipe(mcps_call *call, const char *path)
{
	int pipe = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	char byte;

	if (pipe < 0)
		return -1;
	mcps_progress(call, 1, 2, "waiting");
	do
		got = read(pipe, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	close(pipe);
	return 0;
}

bool mounted_attach(struct MHD_Daemon *daemon)
{
	struct mcps_error error;

	if (mcps_mhd_attach(mounted, daemon, NULL, NULL, &error) == MCPS_OK)
		return true;
	fprintf(stderr, "mounted: cannot attach: %s\n", error.text);
	return false;
}

void mounted_completed(void *arg, struct MHD_Connection *connection,
                       void **request, enum MHD_RequestTerminationCode why)
{
	(void)arg, (void)connection, (void)why;
	(void)mcps_mhd_completed(mounted, connection, request);
}

uint16_t mounted_port(void)
{
	const char *port = getenv("MOUNTED_PORT");

	return port == NULL ? 0 : (uint16_t)atoi(port);
}

static void stop_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGTERM);
}

void mounted_block_stop(void)
{
	sigset_t stop;

	stop_signals(&stop);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
}

void mounted_wait_for_stop(void)
{
	sigset_t stop;
	int signal;

	stop_signals(&stop);
	sigwait(&stop, &signal);
}
