#include "mhd/host.h"

#include "mhd/parked_thread.h"

#include <microhttpd.h>

void mcps__host_park(struct host *host, struct MHD_Connection *connection,
                     struct parked_thread *thread)
{
	atomic_fetch_add(&host->parked, 1);
	if (thread != NULL)
		mcps__parked_thread_park(thread);
	else
		MHD_suspend_connection(connection);
}

/* May come before the handler that parked has returned: libmicrohttpd takes
 * a connection up again only in its next round. After the resume the request
 * may be answered and gone at any moment; the host stays until it is told,
 * last of all, that this wake is over. */
void mcps__host_wake(struct host *host, struct MHD_Connection *connection,
                     struct parked_thread *thread)
{
	if (host->counts_wakes)
		atomic_fetch_add(&host->woken, 1);
	if (thread != NULL)
		mcps__parked_thread_wake(thread);
	else
		MHD_resume_connection(connection);
	if (host->signal != NULL)
		host->signal(host);
	atomic_fetch_sub(&host->parked, 1);
}

void mcps__host_went_on(struct host *host)
{
	if (host->counts_wakes)
		atomic_fetch_add(&host->went_on, 1);
}
