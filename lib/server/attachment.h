/* What a layer above keeps with a server: it is told of the drain, and freed
 * with the server. */
#ifndef MCPS_SERVER_ATTACHMENT_H
#define MCPS_SERVER_ATTACHMENT_H

#include <mcps/server.h>

struct attachment {
	/* The server was drained: let what waits for it end. False: something
	 * did not within WAIT_MS. */
	bool (*drain)(struct attachment *self, uint32_t wait_ms);
	/* The server is about to be freed, and all of it still works. */
	void (*release)(struct attachment *self);
	void (*free)(struct attachment *self);
};

/* Keep ATTACHMENT; false: there is one. Any thread. */
bool mcps__server_attach(mcps_server *server, struct attachment *attachment);
/* NULL: none. Any thread. */
struct attachment *mcps__server_attachment(mcps_server *server);

/* NULL is fine. */
void mcps__attachment_release(struct attachment *attachment);
void mcps__attachment_free(struct attachment *attachment);

#endif
