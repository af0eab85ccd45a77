#include "session/quota.h"

#include "base/container.h"
#include "base/error.h"
#include "base/memory.h"
#include "session/hook.h"

/* ---- making room ---- */

enum {
	/* Rows that are looked at for one that makes room, once one is found.
	 * The first is the default of the quota of a caller. Anonymous callers
	 * have one quota, and begin sessions all the time: of theirs one that
	 * was used long ago must do. */
	LOOKED_AT_MOST = 1000,
	LOOKED_AT_MOST_ANONYMOUS = 64,
	/* A session may get into use between the search and the eviction. */
	TRIES = 16,
};

struct search {
	struct sessions *sessions;
	unsigned looked_at, most;
	bool found;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	int64_t used_ms; /* session time of its last use */
};

/* Rows come by the stored time of their last use, which is never later than the
 * true one, so those that follow one that was used later than the session found
 * cannot be used earlier. STATUS_STOP ends the list. */
static mcps_status quota_consider(void *arg, const struct mcps_session_row *row)
{
	struct search *search = arg;
	int64_t used_ms = row->seen_ms;

	if (search->found && (row->seen_ms >= search->used_ms ||
	                      search->looked_at >= search->most))
		return STATUS_STOP;
	search->looked_at++;
	if (mcps__table_use(search->sessions, row->key, &used_ms) ==
	            TABLE_IN_USE ||
	    (search->found && used_ms >= search->used_ms))
		return MCPS_OK;
	search->found = true;
	search->used_ms = used_ms;
	memcpy(search->key, row->key, sizeof search->key);
	return MCPS_OK;
}

/* Find the least recently used session that is not in use, and take it out of
 * memory. */
static mcps_status quota_find_one(struct sessions *sessions, mcps_store *store,
                                  int64_t principal, unsigned most,
                                  uint8_t *key)
{
	for (int i = 0; i < TRIES; i++) {
		struct search search = { .sessions = sessions, .most = most };
		mcps_status status = store->ops->session_list(
			store, principal, quota_consider, &search);

		if (status != MCPS_OK && status != STATUS_STOP)
			return status;
		if (!search.found)
			break;
		if (!mcps__table_evict(sessions, search.key))
			continue;
		memcpy(key, search.key, sizeof search.key);
		return MCPS_OK;
	}
	return MCPS_E_LIMIT;
}

static mcps_status quota_evict_one(struct sessions *sessions, mcps_store *store,
                                   int64_t principal, unsigned most,
                                   struct evicted *evicted)
{
	uint8_t *key = evicted->keys[evicted->count];
	mcps_status status =
		quota_find_one(sessions, store, principal, most, key);

	if (status != MCPS_OK)
		return status;
	evicted->count++;
	return store->ops->session_remove(store, key);
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
		status = quota_evict_one(sessions, store, row.ref,
		                         principal->anonymous
		                                 ? LOOKED_AT_MOST_ANONYMOUS
		                                 : LOOKED_AT_MOST,
		                         evicted);
	return status;
}

/* ---- telling ---- */

struct note {
	struct work work;
	struct sessions *sessions;
	struct principal *principal;
	struct mcps_session_view view;
};

static void quota_note_run(struct work *work)
{
	struct note *note = container_of(work, struct note, work);
	const struct sessions_options *options = &note->sessions->options;

	options->hook(options->hook_arg, MCPS_SESSION_EVICTED,
	              note->principal->subject, &note->view);
	mcps__principal_unref(note->principal);
	mcps__free(note);
}

static void quota_note_submit(struct sessions *sessions,
                              struct principal *principal, const char *digest)
{
	struct note *note = mcps__calloc(1, sizeof *note);

	if (note == NULL)
		return; /* the log has it */
	note->work.run = quota_note_run;
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
			quota_note_submit(sessions, principal, digest);
	}
}
