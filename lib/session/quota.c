#include "session/quota.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/hook.h"

/* ---- making room ---- */

struct search {
	struct sessions *sessions;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	bool found;
};

/* Least recently seen first; MCPS_LATER ends the list. */
static mcps_status try_evict(void *arg, const struct mcps_session_row *row)
{
	struct search *search = arg;

	if (!mcps__table_evict(search->sessions, row->key))
		return MCPS_OK;
	memcpy(search->key, row->key, sizeof search->key);
	search->found = true;
	return MCPS_LATER;
}

static mcps_status evict_one(struct sessions *sessions, mcps_store *store,
                             int64_t principal, struct evicted *evicted)
{
	struct search search = { .sessions = sessions };
	mcps_status status =
		store->ops->session_list(store, principal, try_evict, &search);

	if (status != MCPS_OK && status != MCPS_LATER)
		return status;
	if (!search.found)
		return MCPS_E_LIMIT;
	memcpy(evicted->keys[evicted->count++], search.key, sizeof search.key);
	return store->ops->session_remove(store, search.key);
}

mcps_status mcps__quota_make_room(struct sessions *sessions, mcps_store *store,
                                  const struct principal *principal,
                                  struct evicted *evicted)
{
	int64_t quota = principal->anonymous ? sessions->options.anonymous_quota
	                                     : sessions->options.quota;
	struct mcps_principal_row row;
	mcps_status status;
	int64_t too_many;

	evicted->count = 0;
	if (quota == 0)
		return MCPS_OK;
	status = mcps__principal_read(store, principal->digest, &row);
	too_many = row.live_sessions + 1 - quota;
	while (status == MCPS_OK && too_many-- > 0 &&
	       evicted->count < QUOTA_EVICTED_MOST)
		status = evict_one(sessions, store, row.ref, evicted);
	return status;
}

/* ---- telling ---- */

struct note {
	struct work work;
	struct sessions *sessions;
	struct principal *principal;
	struct mcps_session_view view;
};

static void note_run(struct work *work)
{
	struct note *note = container_of(work, struct note, work);
	const struct sessions_options *options = &note->sessions->options;

	options->hook(options->hook_arg, MCPS_SESSION_EVICTED,
	              note->principal->subject, &note->view);
	mcps__principal_unref(note->principal);
	mcps__free(note);
}

static void note_submit(struct sessions *sessions, struct principal *principal,
                        const char *digest)
{
	struct note *note = mcps__calloc(1, sizeof *note);

	if (note == NULL)
		return; /* the log has it */
	note->work.run = note_run;
	note->sessions = sessions;
	note->principal = mcps__principal_ref(principal);
	note->view.revision = "unknown";
	memcpy(note->view.digest, digest, sizeof note->view.digest);
	mcps__hook_submit(sessions, principal, &note->work);
}

void mcps__quota_tell(struct sessions *sessions, struct principal *principal,
                      const struct evicted *evicted)
{
	enum mcps_log_level level =
		principal->anonymous ? MCPS_LOG_DEBUG : MCPS_LOG_INFO;
	char digest[9];

	for (unsigned i = 0; i < evicted->count; i++) {
		atomic_fetch_add_explicit(&sessions->counts.evicted, 1,
		                          memory_order_relaxed);
		mcps__sessions_report(sessions,
		                      principal->anonymous
		                              ? INCIDENT_ANONYMOUS_EVICTED
		                              : INCIDENT_SESSION_QUOTA);
		mcps__session_digest(evicted->keys[i], digest);
		mcps__log(&sessions->options.log, level, "session",
		          "session evicted id=#%s reason=quota", digest);
		if (sessions->options.hook != NULL)
			note_submit(sessions, principal, digest);
	}
}
