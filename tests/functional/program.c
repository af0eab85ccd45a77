#define _GNU_SOURCE
#include "functional/program.h"
#include "functional/wire.h"
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];

const char *program_directory(void)
{
	if (directory[0] != '\0')
		return directory;
	strcpy(directory, "/tmp/mcps-program-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	return directory;
}

void program_directory_remove(void)
{
	char command[96];

	if (directory[0] == '\0')
		return;
	snprintf(command, sizeof command, "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
	directory[0] = '\0';
}

const char *program_path(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof paths[0], "%s/%s", program_directory(), name);
	return path;
}

void program_case(const char *name)
{
	enum { TIMEOUT_S = 240 };

	test_case(name);
	test_fixture(NULL, program_directory_remove);
	test_timeout(TIMEOUT_S);
}

/* ---- starting ---- */

static void demo_path(char *path, size_t size)
{
	const char *demo = getenv("MCPS_DEMO");
	const char *build = getenv("top_builddir");

	if (demo != NULL)
		snprintf(path, size, "%s", demo);
	else
		snprintf(path, size, "%s/demo-server/mcps-demo",
		         build != NULL ? build : ".");
}

static int open_notify(char name[64])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct timeval patience = { PROGRAM_PATIENCE_S, 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size;

	snprintf(name, 64, "@mcps-program-%ld-%d", (long)getpid(), fd);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	                   strlen(name));
	memcpy(at.sun_path + 1, name + 1, strlen(name) - 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void pass(int fd)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	if (fd == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(fd, 3);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
}

static void become(const struct program_start *how, int out, const char *notify)
{
	const char *argv[32] = { NULL };
	char path[256];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, 1);
	dup2(out, 2);
	demo_path(path, sizeof path);
	unsetenv("MCPS_DEMO");
	if (how->listen_fd != 0)
		pass(how->listen_fd);
	if (notify[0] != '\0')
		setenv("NOTIFY_SOCKET", notify, 1);
	for (size_t i = 0; how->variables != NULL && how->variables[i]; i++)
		putenv((char *)(size_t)how->variables[i]);
	argv[0] = path;
	for (size_t i = 0; how->arguments[i] != NULL && i < 30; i++)
		argv[i + 1] = how->arguments[i];
	execv(path, (char *const *)(size_t)argv);
	_exit(127);
}

void program_start(struct program_process *process,
                   const struct program_start *how)
{
	const struct timeval patience = { PROGRAM_PATIENCE_S, 0 };
	char notify[64] = "";
	int ends[2];

	process->notify = how->notifies ? open_notify(notify) : -1;
	process->ended = -1;
	process->have = 0;
	process->text[0] = '\0';
	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
	           sizeof patience);
	process->out = ends[0];
	process->pid = fork();
	ck_assert_int_ge(process->pid, 0);
	if (process->pid == 0)
		become(how, ends[1], notify);
	close(ends[1]);
}

/* ---- listening ---- */

/* False: it has closed its end. */
static bool read_more(struct program_process *process)
{
	ssize_t got = recv(process->out, process->text + process->have,
	                   sizeof process->text - 1 - process->have, 0);

	ck_assert_msg(got >= 0, "nothing for %d s after: %s",
	              PROGRAM_PATIENCE_S, process->text);
	process->have += (size_t)got;
	process->text[process->have] = '\0';
	return got > 0;
}

const char *program_says(struct program_process *process, const char *words)
{
	const char *at;

	while ((at = strstr(process->text, words)) == NULL)
		ck_assert_msg(read_more(process), "it never says \"%s\": %s",
		              words, process->text);
	return at;
}

int program_port(struct program_process *process)
{
	static const char before[] = "http://127.0.0.1:";

	(void)program_says(process, "connect ");
	return atoi(program_says(process, before) + sizeof before - 1);
}

const char *program_notice(struct program_process *process)
{
	static char text[512];
	ssize_t got = recv(process->notify, text, sizeof text - 1, 0);

	ck_assert_msg(got > 0, "no notice");
	text[got] = '\0';
	return text;
}

void program_signal(struct program_process *process, int number)
{
	ck_assert_int_eq(kill(process->pid, number), 0);
}

int program_end(struct program_process *process)
{
	int status;

	while (read_more(process))
		continue;
	ck_assert_int_eq(waitpid(process->pid, &status, 0), process->pid);
	process->ended = WIFEXITED(status) ? WEXITSTATUS(status)
	                                   : 128 + WTERMSIG(status);
	close(process->out);
	if (process->notify >= 0)
		close(process->notify);
	return process->ended;
}

/* ---- asking ---- */

static int get(int fd, const char *path, char *body, size_t size)
{
	const struct timeval patience = { PROGRAM_PATIENCE_S, 0 };
	char text[2048];
	const char *end;
	size_t have = 0;
	ssize_t got = 1;
	int status = 0;
	int length = snprintf(text, sizeof text,
	                      "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	                      "Connection: close\r\n\r\n",
	                      path);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	(void)send(fd, text, (size_t)length, MSG_NOSIGNAL);
	while (got > 0 && have < sizeof text - 1) {
		got = recv(fd, text + have, sizeof text - 1 - have, 0);
		have += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	text[have] = '\0';
	(void)sscanf(text, "HTTP/1.1 %d", &status);
	end = strstr(text, "\r\n\r\n");
	if (body != NULL)
		snprintf(body, size, "%s", end != NULL ? end + 4 : "");
	return status;
}

int program_get_unix(const char *socket_path, const char *path, char *body,
                     size_t size)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof to.sun_path, "%s", socket_path);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return get(fd, path, body, size);
	close(fd);
	return 0;
}

int program_get(int port, const char *path, char *body, size_t size)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons((uint16_t)port),
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return get(fd, path, body, size);
	close(fd);
	return 0;
}

const char *program_session_line(int port)
{
	static char line[256];
	struct wire wire = wire_open(port);
	struct reply reply = wire_ask(&wire, "", WIRE_INITIALIZE);

	ck_assert_int_eq(reply.status, 200);
	snprintf(line, sizeof line, "Mcp-Session-Id: %s\r\n",
	         reply_value(&reply, "Mcp-Session-Id"));
	wire_close(&wire);
	return line;
}
