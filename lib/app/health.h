/* /livez and /readyz on an address of their own, for probes: a thread and a few
 * short connections, so that they answer whatever the endpoint is doing. */
#ifndef MCPS_APP_HEALTH_H
#define MCPS_APP_HEALTH_H

#include <stdbool.h>

struct health;

/* Why it is not ready; NULL: it is. Asked on the health thread. */
typedef const char *(*health_ask_fn)(void *arg);

/* Answer on FD, a non-blocking listening socket, which is taken over. NULL: no
 * memory, or no thread. */
struct health *mcps__health_start(int fd, health_ask_fn ask, void *arg);

/* Also closes the socket. NULL is fine. */
void mcps__health_stop(struct health *health);

#endif
