#include "wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int wire_connect(unsigned port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	if (clock_gettime(clock, &time) != 0)
		return 0;
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t cpu_ns(int pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) : 0;
}

static _Noreturn void die(const char *path, const char *why)
{
	fprintf(stderr, "%s: %s\n", path, why);
	exit(1);
}

static size_t file_read(char **bytes, const char *path)
{
	FILE *file = fopen(path, "r");
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 ||
	    (size = ftell(file)) <= 0)
		die(path, "cannot be read, or is empty");
	rewind(file);
	*bytes = malloc((size_t)size);
	if (*bytes == NULL ||
	    fread(*bytes, 1, (size_t)size, file) != (size_t)size)
		die(path, "cannot be read");
	fclose(file);
	return (size_t)size;
}

void lines_read(struct lines *lines, const char *path)
{
	size_t size = file_read(&lines->bytes, path);
	const char *end = memchr(lines->bytes, '\n', size);

	if (end == NULL)
		die(path, "has no lines");
	lines->length = (size_t)(end - lines->bytes);
	lines->count = size / (lines->length + 1);
	if (lines->count * (lines->length + 1) != size)
		die(path, "has lines of different lengths");
}

const char *lines_get(const struct lines *lines, size_t number)
{
	return lines->bytes + number % lines->count * (lines->length + 1);
}
