/* Why a server is not mounted, for those who call it all the same. */
#include "base/memory.h"
#include "server/server.h"
#include "server/server_internal.h"

#include <stdio.h>
#include <string.h>

void mcps__server_note_refusal(mcps_server *server, const char *text)
{
	static const char before[] = "the mount was refused: ";
	size_t size = sizeof before + strlen(text);
	char *refusal = mcps__malloc(size);
	char *none = NULL;

	if (refusal == NULL)
		return;
	snprintf(refusal, size, "%s%s", before, text);
	if (!atomic_compare_exchange_strong(&server->refusal, &none, refusal))
		mcps__free(refusal);
}

const char *mcps__server_refusal(mcps_server *server)
{
	const char *refusal = atomic_load(&server->refusal);

	return refusal != NULL ? refusal : "it is about to start";
}
