/* A plan carried out: the libmicrohttpd response it stands for. */
#ifndef MCPS_MHD_REPLY_H
#define MCPS_MHD_REPLY_H

#include "http/plan.h"

#include <microhttpd.h>

struct reply_manner {
	bool is_get;
	bool close; /* even if the plan does not ask for it */
	/* Of a stream: MHD_ContentReaderCallback and its argument. */
	MHD_ContentReaderCallback read;
	void *read_arg;
};

/* Queue PLAN's answer; its body is moved out. False: no memory, nothing is
 * queued, hang up. */
bool mcps__reply_send(struct MHD_Connection *connection, struct plan *plan,
                      const struct reply_manner *manner);

#endif
