/* The little that programs here share: a connection to this machine, and the
 * time. */
#ifndef MCPS_BENCH_WIRE_H
#define MCPS_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* -1, and errno: not connected. */
int wire_connect(unsigned port);

int64_t now_ns(void);

/* CPU time that a process and its threads have used; 0: no such process. */
int64_t cpu_ns(int pid);

/* Lines of a file, all of the same length; ends the process if there is none.
 */
struct lines {
	char *bytes;
	size_t count;
	size_t length; /* of each, without its end */
};

void lines_read(struct lines *lines, const char *path);
const char *lines_get(const struct lines *lines, size_t number);

#endif
