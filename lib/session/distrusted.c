#include "session/distrusted.h"

#include "base/memory.h"

#include <string.h>

struct distrusted_session {
	struct distrusted_session *next;
	struct session *session; /* a reference */
};

void mcps__distrusted_add(struct sessions *sessions, struct session *session)
{
	struct distrusted_session *copy = mcps__malloc(sizeof *copy);

	if (copy == NULL)
		return;
	copy->session = mcps__session_ref(session);
	copy->next = sessions->distrusted;
	sessions->distrusted = copy;
}

static void distrusted_remove_at(struct distrusted_session **at)
{
	struct distrusted_session *copy = *at;

	*at = copy->next;
	mcps__session_unref(copy->session);
	mcps__free(copy);
}

void mcps__distrusted_clear(struct sessions *sessions)
{
	struct distrusted_session **at = &sessions->distrusted;

	while (*at != NULL)
		if (atomic_load(&(*at)->session->refs) == 1)
			distrusted_remove_at(at);
		else
			at = &(*at)->next;
}

bool mcps__distrusted_use(struct sessions *sessions, const uint8_t *key)
{
	struct distrusted_session **at = &sessions->distrusted;

	while (*at != NULL) {
		if (atomic_load(&(*at)->session->refs) == 1)
			distrusted_remove_at(at);
		else if (memcmp((*at)->session->key, key,
		                MCPS_SESSION_KEY_SIZE) == 0)
			return true;
		else
			at = &(*at)->next;
	}
	return false;
}

void mcps__distrusted_finish(struct sessions *sessions)
{
	while (sessions->distrusted != NULL)
		distrusted_remove_at(&sessions->distrusted);
}
