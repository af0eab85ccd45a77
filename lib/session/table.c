/* Phases, wait queues and the hot set. Nothing here touches the store or runs
 * foreign code under the lock. */
#include "session/table.h"

#include "session/distrusted.h"

enum {
	PAGE_OUT_TRIES = 8,
	TOUCH_EVERY_MS = 60000 /* last seen is stored at most that often */
};

/* ---- order of use: newest first ---- */

static void table_order_remove(struct sessions *sessions,
                               struct session *session)
{
	if (session->older != NULL)
		session->older->newer = session->newer;
	else
		sessions->oldest = session->newer;
	if (session->newer != NULL)
		session->newer->older = session->older;
	else
		sessions->newest = session->older;
	session->older = session->newer = NULL;
}

static void table_order_add(struct sessions *sessions, struct session *session)
{
	session->older = sessions->newest;
	session->newer = NULL;
	if (session->older != NULL)
		session->older->newer = session;
	else
		sessions->oldest = session;
	sessions->newest = session;
}

/* ---- in and out of the table ---- */

static struct session *table_find(struct sessions *sessions, const uint8_t *key)
{
	struct session *session;

	HASH_FIND(hh, sessions->by_key, key, MCPS_SESSION_KEY_SIZE, session);
	return session;
}

static bool table_add(struct sessions *sessions, struct session *session)
{
	HASH_ADD(hh, sessions->by_key, key, MCPS_SESSION_KEY_SIZE, session);
	if (session->hh.tbl == NULL)
		return false; /* out of memory: it was not added */
	session->in_table = true;
	mcps__session_ref(session); /* the table's */
	return true;
}

static void table_remove(struct sessions *sessions, struct session *session)
{
	if (!session->in_table)
		return;
	if (session->phase == SESSION_LIVE)
		table_order_remove(sessions, session);
	HASH_DELETE(hh, sessions->by_key, session);
	mcps__session_depart(session, DEPARTS_FROM_MEMORY);
	session->in_table = false;
	mcps__session_unref(session);
}

/* Somebody besides the table holds it: a request, a call, a stream or a store
 * job. */
static bool table_is_in_use(const struct session *session)
{
	return atomic_load(&session->refs) > 1;
}

static void table_order_renew(struct sessions *sessions,
                              struct session *session)
{
	if (sessions->newest == session)
		return;
	table_order_remove(sessions, session);
	table_order_add(sessions, session);
}

/* Sessions that nobody uses leave memory, least recently used first. Their
 * rows stay: leaving memory is not ending. One that is in use is used now, so
 * it goes to the end, out of the way of those behind it. Returns the sessions
 * that left and whose last use is not stored, each with a reference, linked by
 * "older". */
static struct session *table_page_out(struct sessions *sessions, int64_t now)
{
	struct session *unstored = NULL;

	for (int i = 0; i < PAGE_OUT_TRIES; i++) {
		struct session *session = sessions->oldest;

		if (session == NULL ||
		    HASH_COUNT(sessions->by_key) <= sessions->options.hot)
			break;
		if (table_is_in_use(session)) {
			session->seen_ms = now;
			table_order_renew(sessions, session);
			continue;
		}
		mcps__session_ref(session);
		table_remove(sessions, session);
		mcps__sessions_note(sessions, INCIDENT_SESSION_MEMORY);
		if (session->seen_ms > session->touched_ms) {
			session->older = unstored;
			unstored = session;
		} else {
			mcps__session_unref(session);
		}
	}
	return unstored;
}

/* ---- how a session is used ---- */

/* The copy may be wrong: others than the caller go on to use it outside of the
 * table. */
static void table_distrust(struct sessions *sessions, struct session *session)
{
	enum { REFS_OF_TABLE_AND_CALLER = 2 };

	if (!session->in_table)
		return;
	if (atomic_load(&session->refs) > REFS_OF_TABLE_AND_CALLER)
		mcps__distrusted_add(sessions, session);
	table_remove(sessions, session);
}

void mcps__table_finish(struct sessions *sessions)
{
	struct session *session, *next;

	HASH_ITER (hh, sessions->by_key, session, next) {
		HASH_DELETE(hh, sessions->by_key, session);
		mcps__session_depart(session, DEPARTS_LAST);
		mcps__session_unref(session);
	}
	mcps__distrusted_finish(sessions);
}

static enum table_use table_use_of(struct sessions *sessions,
                                   const uint8_t *key, struct session **out)
{
	struct session *session = table_find(sessions, key);

	*out = session;
	if (mcps__distrusted_use(sessions, key))
		return TABLE_IN_USE;
	if (session == NULL)
		return TABLE_UNKNOWN;
	return session->phase != SESSION_LIVE || table_is_in_use(session)
	               ? TABLE_IN_USE
	               : TABLE_AT_REST;
}

enum table_use mcps__table_use(struct sessions *sessions, const uint8_t *key,
                               int64_t *used_ms)
{
	struct session *session;
	enum table_use use;

	pthread_mutex_lock(&sessions->lock);
	use = table_use_of(sessions, key, &session);
	if (use == TABLE_AT_REST)
		*used_ms = session->seen_ms;
	pthread_mutex_unlock(&sessions->lock);
	return use;
}

bool mcps__table_evict(struct sessions *sessions, const uint8_t *key)
{
	struct session *session;
	enum table_use use;

	pthread_mutex_lock(&sessions->lock);
	use = table_use_of(sessions, key, &session);
	if (use == TABLE_AT_REST)
		table_remove(sessions, session);
	pthread_mutex_unlock(&sessions->lock);
	return use != TABLE_IN_USE;
}

struct session *mcps__table_take_idle(struct sessions *sessions, int64_t now)
{
	int64_t before = now - sessions->options.idle_ms;
	struct session *session;

	pthread_mutex_lock(&sessions->lock);
	mcps__distrusted_clear(sessions);
	while ((session = sessions->oldest) != NULL &&
	       session->seen_ms < before && !table_is_in_use(session))
		table_remove(sessions, session);
	if (session != NULL && session->seen_ms < before) {
		session->seen_ms = session->touched_ms = now;
		table_order_renew(sessions, session);
		mcps__session_ref(session);
	} else {
		session = NULL;
	}
	pthread_mutex_unlock(&sessions->lock);
	return session;
}

static void table_drop_one(struct sessions *sessions, struct session *session,
                           bool has_ended)
{
	if (has_ended) {
		mcps__session_end_calls(session);
		mcps__session_depart(session, DEPARTS_FOR_GOOD);
	}
	mcps__session_ref(session);
	if (has_ended)
		table_remove(sessions, session);
	else
		table_distrust(sessions, session);
	session->phase = SESSION_OVER;
	mcps__session_unref(session);
}

void mcps__table_drop(struct sessions *sessions, const uint8_t *principal,
                      bool have_ended)
{
	struct session *session, *next;

	pthread_mutex_lock(&sessions->lock);
	HASH_ITER (hh, sessions->by_key, session, next) {
		if (memcmp(session->principal->digest, principal,
		           MCPS_PRINCIPAL_DIGEST_SIZE) != 0)
			continue;
		if (session->phase == SESSION_LIVE)
			table_drop_one(sessions, session, have_ended);
		else if (session->phase == SESSION_TELLING)
			session->is_outdated = true;
	}
	pthread_mutex_unlock(&sessions->lock);
}

static void wait_queue_push(struct session *session, struct session_wait *wait)
{
	wait->next = NULL;
	*session->wait_queue_end = wait;
	session->wait_queue_end = &wait->next;
}

static void wait_queue_push_first(struct session *session,
                                  struct session_wait *wait)
{
	wait->next = session->wait_queue;
	if (session->wait_queue == NULL)
		session->wait_queue_end = &wait->next;
	session->wait_queue = wait;
}

static struct session_wait *wait_queue_pop(struct session *session)
{
	struct session_wait *wait = session->wait_queue;

	if (wait == NULL)
		return NULL;
	session->wait_queue = wait->next;
	if (session->wait_queue == NULL)
		session->wait_queue_end = &session->wait_queue;
	return wait;
}

/* ---- looking ---- */

/* A session in use is not idle, however long ago it was asked for. */
static bool table_is_expired(const struct sessions *sessions,
                             const struct session *session, int64_t now)
{
	return now > session->old_at_ms ||
	       (now - session->seen_ms > sessions->options.idle_ms &&
	        !table_is_in_use(session));
}

int64_t mcps__table_touch_every(const struct sessions *sessions)
{
	int64_t quarter = sessions->options.idle_ms / 4;

	return quarter < TOUCH_EVERY_MS ? quarter : TOUCH_EVERY_MS;
}

/* Note that it is seen; whether it is time to store that. */
static bool table_note_seen(struct sessions *sessions, struct session *session,
                            int64_t now)
{
	session->seen_ms = now;
	if (now - session->touched_ms < mcps__table_touch_every(sessions))
		return false;
	session->touched_ms = now;
	return true;
}

void mcps__table_see(struct sessions *sessions, struct session *session)
{
	int64_t now = mcps__sessions_now(sessions);

	pthread_mutex_lock(&sessions->lock);
	session->seen_ms = now;
	session->touched_ms = now;
	if (session->in_table && session->phase == SESSION_LIVE) {
		if (table_is_expired(sessions, session, now))
			table_remove(sessions, session); /* the store decides */
		else
			table_order_renew(sessions, session);
	}
	pthread_mutex_unlock(&sessions->lock);
}

static bool table_note_use(struct sessions *sessions, struct session *session,
                           int64_t now)
{
	table_order_renew(sessions, session);
	return table_note_seen(sessions, session, now);
}

struct session *mcps__table_find(struct sessions *sessions, const uint8_t *key,
                                 int64_t now, bool *touch_due)
{
	struct session *session;

	*touch_due = false;
	pthread_mutex_lock(&sessions->lock);
	session = table_find(sessions, key);
	if (session != NULL && session->phase != SESSION_LIVE)
		session = NULL;
	if (session != NULL && table_is_expired(sessions, session, now)) {
		table_remove(sessions, session); /* the store decides */
		session = NULL;
	}
	if (session != NULL) {
		mcps__session_ref(session);
		*touch_due = table_note_use(sessions, session, now);
	}
	pthread_mutex_unlock(&sessions->lock);
	return session;
}

struct session *mcps__table_hold(struct sessions *sessions, const uint8_t *key)
{
	int64_t now = mcps__sessions_now(sessions);
	struct session *session;

	pthread_mutex_lock(&sessions->lock);
	session = table_find(sessions, key);
	if (session != NULL && session->phase == SESSION_LIVE &&
	    !table_is_expired(sessions, session, now))
		mcps__session_ref(session);
	else
		session = NULL;
	pthread_mutex_unlock(&sessions->lock);
	return session;
}

/* ---- claiming ---- */

static void wait_queue_move(struct session *to, struct session *from)
{
	if (from->wait_queue == NULL)
		return;
	to->wait_queue = from->wait_queue;
	to->wait_queue_end = from->wait_queue_end;
	from->wait_queue = NULL;
	from->wait_queue_end = &from->wait_queue;
}

/* A fresh session takes the place of OLD (which may be NULL) and its wait
 * queue: calls may still hold the old one and read it. */
static enum table_claim
table_claim_fresh(struct sessions *sessions, struct session *old,
                  const uint8_t *key, struct principal *principal,
                  struct session_wait *wait, struct session **out)
{
	struct session *session =
		mcps__session_new(key, principal, &sessions->options.layer);

	if (session == NULL)
		return CLAIM_NOMEM;
	if (old != NULL) {
		wait_queue_move(session, old);
		table_remove(sessions, old);
	}
	if (!table_add(sessions, session)) {
		if (old != NULL)
			wait_queue_move(old, session);
		mcps__session_unref(session);
		return CLAIM_NOMEM;
	}
	wait_queue_push_first(session, wait);
	*out = session;
	return CLAIM_MINE;
}

enum table_claim mcps__table_claim(struct sessions *sessions,
                                   const uint8_t *key,
                                   struct principal *principal,
                                   struct session_wait *wait,
                                   struct session **out)
{
	struct session *session;
	enum table_claim claim;

	*out = NULL;
	pthread_mutex_lock(&sessions->lock);
	session = table_find(sessions, key);
	if (session == NULL || session->phase == SESSION_OVER) {
		claim = table_claim_fresh(sessions, session, key, principal,
		                          wait, out);
	} else if (session->phase == SESSION_LIVE) {
		*out = mcps__session_ref(session);
		claim = CLAIM_LIVE;
	} else {
		wait_queue_push(session, wait);
		claim = CLAIM_WAITING;
	}
	pthread_mutex_unlock(&sessions->lock);
	return claim;
}

bool mcps__table_start_end(struct sessions *sessions, struct session *session,
                           struct session_wait *wait)
{
	bool started = false;
	bool is_waiting = false;

	pthread_mutex_lock(&sessions->lock);
	if (session->in_table && session->phase == SESSION_LIVE) {
		table_order_remove(sessions, session);
		session->phase = SESSION_ENDING;
		wait_queue_push_first(session, wait);
		started = true;
	} else if (session->in_table && session->phase != SESSION_OVER) {
		wait_queue_push(session, wait);
		is_waiting = true;
	}
	pthread_mutex_unlock(&sessions->lock);
	/* It left memory since it was found, because it is over or because the
	 * store failed: the store knows. */
	if (!started && !is_waiting)
		wait->fn(wait, FOUND_NOT_LOADED, NULL, MCPS_OK);
	return started;
}

/* ---- completing ---- */

struct session_wait *mcps__table_wait_queue_next(struct sessions *sessions,
                                                 struct session *session,
                                                 unsigned completion)
{
	struct session_wait *wait = NULL;

	pthread_mutex_lock(&sessions->lock);
	if (session->completions == completion &&
	    (session->phase == SESSION_LIVE ||
	     session->phase == SESSION_OVER)) {
		wait = wait_queue_pop(session);
		if (wait == NULL && session->phase == SESSION_OVER)
			table_remove(sessions, session);
	}
	pthread_mutex_unlock(&sessions->lock);
	return wait;
}

void mcps__table_tell(struct sessions *sessions, struct session *session)
{
	pthread_mutex_lock(&sessions->lock);
	session->phase = SESSION_TELLING;
	pthread_mutex_unlock(&sessions->lock);
}

/* The first in the wait queue, whose job it was, is taken out at once: from
 * here on the wait queue may go on behind another job, which knows nothing of
 * how this ended. */
struct completion mcps__table_completion_begin(struct sessions *sessions,
                                               struct session *session,
                                               enum session_found found)
{
	int64_t now = mcps__sessions_now(sessions);
	struct completion completion = { .touch_due = false, .now = now };

	pthread_mutex_lock(&sessions->lock);
	if (session->is_outdated)
		found = FOUND_NOT_LOADED;
	completion.found = found;
	session->phase = found == FOUND_LIVE ? SESSION_LIVE : SESSION_OVER;
	if (found == FOUND_ENDED || found == FOUND_UNKNOWN)
		mcps__session_end_calls(session);
	completion.number = ++session->completions;
	completion.first = wait_queue_pop(session);
	if (found == FOUND_LIVE) {
		completion.touch_due = table_note_seen(sessions, session, now);
		table_order_add(sessions, session);
		completion.unstored = table_page_out(sessions, now);
	}
	pthread_mutex_unlock(&sessions->lock);
	return completion;
}

void mcps__sessions_forget(struct sessions *sessions, struct session *session)
{
	pthread_mutex_lock(&sessions->lock);
	if (session->phase == SESSION_LIVE)
		table_distrust(sessions, session);
	pthread_mutex_unlock(&sessions->lock);
}

bool mcps__session_has_ended(struct sessions *sessions,
                             const struct session *session)
{
	return atomic_load(&session->has_ended) ||
	       mcps__sessions_now(sessions) > session->old_at_ms;
}

size_t mcps__sessions_hot(struct sessions *sessions)
{
	size_t count;

	pthread_mutex_lock(&sessions->lock);
	count = HASH_COUNT(sessions->by_key);
	pthread_mutex_unlock(&sessions->lock);
	return count;
}
