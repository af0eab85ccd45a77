/* What a supervisor such as systemd is told: sd_notify(3), by hand. */
#ifndef MCPS_APP_NOTIFY_H
#define MCPS_APP_NOTIFY_H

#include <mcps/export.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	struct sockaddr_un to;
	socklen_t size; /* 0: nobody listens */
};

/* Reads NOTIFY_SOCKET and removes it, so that no child speaks for us. */
void mcps__notify_init(struct notify *notify);

/* Lines such as "READY=1\nSTATUS=...". Nobody waits for it. */
void mcps__notify(const struct notify *notify, const char *format, ...)
	MCPS_PRINTF(2, 3);

/* Of CLOCK_MONOTONIC, as RELOADING=1 wants it. */
long long mcps__notify_now_us(void);

#endif
