#include "mhd/mhd_context.h"

#include "mhd/parked_thread.h"

#include <microhttpd.h>

void mcps__mhd_context_park(struct mhd_context *mhd,
                            struct MHD_Connection *connection,
                            struct parked_thread *thread)
{
	atomic_fetch_add(&mhd->parked, 1);
	if (thread != NULL)
		mcps__parked_thread_park(thread);
	else
		MHD_suspend_connection(connection);
}

/* May come before the handler that parked has returned: libmicrohttpd takes
 * a connection up again only in its next round. After the resume the request
 * may be answered and gone at any moment; the context stays until it is told,
 * last of all, that this wake is over. */
void mcps__mhd_context_wake(struct mhd_context *mhd,
                            struct MHD_Connection *connection,
                            struct parked_thread *thread)
{
	if (mhd->counts_wakes)
		atomic_fetch_add(&mhd->woken, 1);
	if (thread != NULL)
		mcps__parked_thread_wake(thread);
	else
		MHD_resume_connection(connection);
	if (mhd->signal != NULL)
		mhd->signal(mhd);
	atomic_fetch_sub(&mhd->parked, 1);
}

void mcps__mhd_context_went_on(struct mhd_context *mhd)
{
	if (mhd->counts_wakes)
		atomic_fetch_add(&mhd->went_on, 1);
}
