#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "app/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void mcps__notify_init(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path != NULL ? strlen(path) : 0;

	*notify = (struct notify){ .to.sun_family = AF_UNIX };
	if (length < 2 || length > sizeof notify->to.sun_path ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(notify->to.sun_path, path, length);
	if (path[0] == '@') /* an abstract one has a NUL there */
		notify->to.sun_path[0] = '\0';
	notify->size =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	unsetenv("NOTIFY_SOCKET");
}

void mcps__notify(const struct notify *notify, const char *format, ...)
{
	char text[512];
	va_list values;
	int fd;

	if (notify->size == 0)
		return;
	va_start(values, format);
	vsnprintf(text, sizeof text, format, values);
	va_end(values);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
	             (const struct sockaddr *)&notify->to, notify->size);
	close(fd);
}

long long mcps__notify_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}
