/* Giving memory back that nobody has a use for. libmicrohttpd takes a pool for
 * each connection and clears most of it while it prepares an answer, so all of
 * it counts as memory in use, although an idle stream writes a few bytes. */
#ifndef MCPS_MHD_PAGES_H
#define MCPS_MHD_PAGES_H

#include <stddef.h>

/* What stands in BYTES, which were allocated and may be written to, means
 * nothing: the whole pages among them need not be kept. Afterwards they hold
 * anything, and are as good as before. */
void mcps__pages_release(char *bytes, size_t size);

#endif
