/* The address of /livez and /readyz. It is bound before the store is opened,
 * because that may take long: a predecessor may have the store. */
#ifndef MCPS_APP_HEALTH_ADDRESS_H
#define MCPS_APP_HEALTH_ADDRESS_H

#include "app/health.h"
#include "app/log.h"

#include <mcps/daemon.h>
#include <pthread.h>

/* All zero at first: then there is no such address. */
struct health_address {
	struct mcps_daemon_options where; /* constant once it is opened */
	struct app_log *log;
	health_ask_fn ask;
	void *arg;

	/* The thread that tries again while another process has the address
	 * owns these until it is joined. */
	struct health *health; /* NULL: not bound */
	char text[160];        /* where it is bound */

	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool has_thread;
	bool must_end;
};

/* Answer probes at self->where by self->ask, at once if the address is free. If
 * it is in use, log that and try again in a thread of its own. An address that
 * was passed by a supervisor may be shared with a predecessor that is ready, so
 * that one is left to mcps__health_address_await(). The caller has set the
 * first four members.
 *
 * Returns MCPS_OK; MCPS_E_INVAL or MCPS_E_PERMISSION if trying again is no use;
 * MCPS_E_NOMEM. */
mcps_status mcps__health_address_open(struct health_address *self,
                                      struct mcps_error *error);

/* The store is ours, so a predecessor has let go of the address: try for the
 * last time, unless it is bound. Returns what mcps_listen() returns. */
mcps_status mcps__health_address_await(struct health_address *self,
                                       struct mcps_error *error);

/* Stop answering, in any state. */
void mcps__health_address_close(struct health_address *self);

#endif
