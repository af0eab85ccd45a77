/* The demo server as a process: started with arguments, variables and sockets,
 * listened to, and waited for. A check that fails here fails the test. */
#ifndef MCPS_TESTS_PROGRAM_H
#define MCPS_TESTS_PROGRAM_H

#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PROGRAM_PATIENCE_S = 60, PROGRAM_TEXT = 65536 };

struct program_start {
	const char *const *arguments; /* NULL-terminated */
	const char *const *variables; /* "NAME=value"; NULL: none */
	int listen_fd; /* becomes descriptor 3, with LISTEN_FDS=1; 0: none */
	bool notifies; /* gets a NOTIFY_SOCKET */
};

struct program_process {
	pid_t pid;
	int out;    /* what it writes, stdout and stderr */
	int notify; /* -1: none */
	int ended;  /* exit code, or 128 and the signal; -1: it runs */
	size_t have;
	char text[PROGRAM_TEXT]; /* all of it so far */
};

/* A directory for one test; program_directory_remove() afterwards. */
const char *program_directory(void);
void program_directory_remove(void);
/* Begin a case of tests that use it; each may take minutes on a busy machine.
 */
void program_case(const char *name);
/* "DIRECTORY/NAME", static until the fourth next call. */
const char *program_path(const char *name);

void program_start(struct program_process *process,
                   const struct program_start *how);
/* Just with these arguments. */
#define program_run(process, ...)                                            \
	program_start((process), &(const struct program_start){              \
					 .arguments = (const char *const[]){ \
						 __VA_ARGS__, NULL } })

/* Read until WORDS were written; they follow in the text at what is returned.
 */
const char *program_says(struct program_process *process, const char *words);
/* The port in "http://127.0.0.1:PORT/". */
int program_port(struct program_process *process);

/* The next message to NOTIFY_SOCKET, static. */
const char *program_notice(struct program_process *process);

void program_signal(struct program_process *process, int number);
/* Read to the end; the exit code. */
int program_end(struct program_process *process);
/* Start, and wait for the end. */
#define program_result(process, ...) \
	(program_run(process, __VA_ARGS__), program_end(process))

/* Connect to a Unix socket and ask GET PATH; the status, 0: none. */
int program_get_unix(const char *socket_path, const char *path, char *body,
                     size_t size);
/* GET PATH of a port of this machine; the status, 0: refused or no answer. */
int program_get(int port, const char *path, char *body, size_t size);

/* Begin a session at PORT: its line of a request's head, static. */
const char *program_session_line(int port);

#endif
