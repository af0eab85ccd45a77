#include "stream/subscriptions.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/job.h"
#include "session/subscribed.h"
#include "stream/streams.h"

#include <string.h>

/* That of session/hash.h is for keys of sessions: of a URI it would see the
 * last four bytes, which it may not have. */
#undef HASH_FUNCTION
#define HASH_FUNCTION(key_at, key_length, hash_value) \
	HASH_JEN(key_at, key_length, hash_value)

/* One session's wish for one URI: in a list of each. */
struct subscription {
	struct subscription *next; /* of the session */
	struct session *session;
	struct topic *topic;
	struct subscription *older, *newer; /* of the topic */
	bool is_pending;                    /* an update is yet to be said */
	uint64_t queued_on_stream; /* ... to clients that do not resume this
	                              stream; 0: all */
};

struct topic {
	UT_hash_handle hh;
	struct subscription *newest;
	char uri[];
};

/* ---- the index; under its lock ---- */

static struct topic *subscription_topic_get(struct streams *streams,
                                            const char *uri)
{
	struct topic *topic;
	size_t length = strlen(uri);

	HASH_FIND(hh, streams->topics, uri, length, topic);
	if (topic != NULL)
		return topic;
	topic = mcps__calloc(1, sizeof *topic + length + 1);
	if (topic == NULL)
		return NULL;
	memcpy(topic->uri, uri, length);
	HASH_ADD_KEYPTR(hh, streams->topics, topic->uri, length, topic);
	if (topic->hh.tbl != NULL)
		return topic;
	mcps__free(topic);
	return NULL;
}

static void subscription_topic_put(struct streams *streams, struct topic *topic)
{
	if (topic->newest != NULL)
		return;
	HASH_DELETE(hh, streams->topics, topic);
	mcps__free(topic);
}

static struct subscription **subscription_find(struct session *session,
                                               const char *uri)
{
	struct subscription **at = &session->subscriptions;

	while (*at != NULL && strcmp((*at)->topic->uri, uri) != 0)
		at = &(*at)->next;
	return at;
}

/* Updates at SINCE_MS or later are pending. */
static bool subscription_index_add(struct streams *streams,
                                   struct session *session, const char *uri,
                                   int64_t since_ms)
{
	struct subscription *made;
	struct topic *topic;

	if (*subscription_find(session, uri) != NULL)
		return true;
	topic = subscription_topic_get(streams, uri);
	if (topic == NULL)
		return false;
	made = mcps__calloc(1, sizeof *made);
	if (made == NULL) {
		subscription_topic_put(streams, topic);
		return false;
	}
	made->session = session;
	made->topic = topic;
	made->is_pending =
		mcps__updates_since(&streams->updates, uri, since_ms);
	made->older = topic->newest;
	if (made->older != NULL)
		made->older->newer = made;
	topic->newest = made;
	made->next = session->subscriptions;
	session->subscriptions = made;
	return true;
}

static void subscription_index_remove(struct streams *streams,
                                      struct subscription **at)
{
	struct subscription *gone = *at;

	if (gone == NULL)
		return;
	*at = gone->next;
	if (gone->older != NULL)
		gone->older->newer = gone->newer;
	if (gone->newer != NULL)
		gone->newer->older = gone->older;
	else
		gone->topic->newest = gone->older;
	subscription_topic_put(streams, gone->topic);
	mcps__free(gone);
}

static void subscription_note_update(struct streams *streams, const char *uri)
{
	if (!mcps__updates_note(&streams->updates, uri,
	                        mcps__sessions_now(streams->sessions)))
		mcps__sessions_note(streams->sessions, INCIDENT_UPDATES);
}

/* A pending update of a session that may come back counts as made now: the
 * session may have been used since without a notification. */
void mcps__subscriptions_leave(struct sessions *sessions,
                               struct session *session)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct subscription *at;

	pthread_mutex_lock(&streams->topics_lock);
	while ((at = session->subscriptions) != NULL) {
		if (at->is_pending && !session->has_ended)
			subscription_note_update(streams, at->topic->uri);
		subscription_index_remove(streams, &session->subscriptions);
	}
	pthread_mutex_unlock(&streams->topics_lock);
}

/* A session that left memory meanwhile must not come into the index: nobody
 * would take it out again. False: out of memory. */
static bool subscription_index_set(struct streams *streams,
                                   struct session *session, const char *uri,
                                   bool wants, int64_t since_ms)
{
	bool is_set = true;

	pthread_mutex_lock(&streams->sessions->lock);
	pthread_mutex_lock(&streams->topics_lock);
	if (!wants)
		subscription_index_remove(streams,
		                          subscription_find(session, uri));
	else if (session->in_table)
		is_set =
			subscription_index_add(streams, session, uri, since_ms);
	pthread_mutex_unlock(&streams->topics_lock);
	pthread_mutex_unlock(&streams->sessions->lock);
	return is_set;
}

/* ---- as stored: URIs, each with its NUL ---- */

/* The next one behind AT, which ends before END; NULL: there is none. */
static const char *subscription_next_uri(const char *at, const char *end)
{
	return at < end && memchr(at, '\0', (size_t)(end - at)) != NULL ? at
	                                                                : NULL;
}

void mcps__subscriptions_enter(struct sessions *sessions,
                               struct session *session,
                               const struct buffer *uris, int64_t seen_ms)
{
	struct streams *streams = mcps__streams_of(sessions);
	const char *uri, *end;

	if (uris->length == 0)
		return;
	end = uris->data + uris->length;
	for (uri = subscription_next_uri(uris->data, end); uri != NULL;
	     uri = subscription_next_uri(uri + strlen(uri) + 1, end))
		(void)subscription_index_set(streams, session, uri, true,
		                             seen_ms);
}

/* ---- subscribing ---- */

struct subscribe {
	struct writer_job job;
	struct sessions *sessions;
	struct session *session; /* a reference */
	struct session_wait *wait;
	bool wants;
	struct live_row live;
	struct buffer uris; /* as stored */
	uint64_t version;   /* of that; 0: there is none */
	char uri[];
};

static mcps_status subscription_take_uris(void *arg,
                                          const struct mcps_state_row *row)
{
	struct subscribe *subscribe = arg;

	subscribe->version = row->version;
	mcps__buffer_add(&subscribe->uris, row->value, row->length);
	return subscribe->uris.failed ? MCPS_E_NOMEM : MCPS_OK;
}

/* Add or remove the URI; HAS_CHANGED is false when nothing changes. */
static mcps_status subscription_uris_change(struct subscribe *subscribe,
                                            bool *has_changed)
{
	struct buffer *uris = &subscribe->uris;
	size_t length = strlen(subscribe->uri) + 1;
	uint32_t most = subscribe->sessions->options.subscriptions;
	char *end = uris->length != 0 ? uris->data + uris->length : NULL;
	const char *uri =
		end != NULL ? subscription_next_uri(uris->data, end) : NULL;
	uint32_t count = 0;

	for (; uri != NULL;
	     uri = subscription_next_uri(uri + strlen(uri) + 1, end), count++)
		if (strcmp(uri, subscribe->uri) == 0)
			break;
	*has_changed = (uri != NULL) != subscribe->wants;
	if (!*has_changed)
		return MCPS_OK;
	if (!subscribe->wants) {
		memmove((char *)uri, uri + length,
		        (size_t)(end - (uri + length)));
		uris->length -= length;
		return MCPS_OK;
	}
	if (count >= (most != 0 ? most : SUBSCRIPTIONS_MOST) ||
	    length > SUBSCRIPTIONS_BYTES - uris->length)
		return MCPS_E_SUBSCRIPTIONS;
	mcps__buffer_add(uris, subscribe->uri, length);
	return uris->failed ? MCPS_E_NOMEM : MCPS_OK;
}

static mcps_status subscription_uris_store(struct subscribe *subscribe,
                                           mcps_store *store)
{
	const struct mcps_state_row row = {
		.scope = MCPS_STATE_OF_SESSION,
		.owner = subscribe->live.row.ref,
		.key = mcps__subscribed_key,
		.value = subscribe->uris.data,
		.length = subscribe->uris.length,
		.version = subscribe->version,
	};

	if (row.length != 0)
		return store->ops->state_put(store, &row);
	return store->ops->state_delete(store, row.scope, row.owner, row.key,
	                                row.version);
}

/* A flag of the row says whether there is something to be read with it. */
static mcps_status subscription_flag_store(struct subscribe *subscribe,
                                           mcps_store *store)
{
	uint32_t had = subscribe->live.row.flags & SESSION_SUBSCRIBED;
	uint32_t has = subscribe->uris.length != 0 ? SESSION_SUBSCRIBED : 0;

	if (had == has)
		return MCPS_OK;
	subscribe->live.row.flags ^= SESSION_SUBSCRIBED;
	return store->ops->session_save(store, &subscribe->live.row);
}

static mcps_status subscribe_run(struct writer_job *job, mcps_store *store)
{
	struct subscribe *subscribe = container_of(job, struct subscribe, job);
	bool has_changed = true;
	mcps_status status;

	subscribe->version = 0;
	mcps__buffer_reset(&subscribe->uris);
	status = mcps__live_row_load(&subscribe->live, store,
	                             subscribe->session->key);
	if (status != MCPS_OK)
		return status;
	status = store->ops->state_get(
		store, MCPS_STATE_OF_SESSION, subscribe->live.row.ref,
		mcps__subscribed_key, subscription_take_uris, subscribe);
	if (status == MCPS_OK)
		status = subscription_uris_change(subscribe, &has_changed);
	if (status == MCPS_OK && !has_changed)
		return MCPS_OK;
	if (status == MCPS_OK)
		status = subscription_uris_store(subscribe, store);
	return status == MCPS_OK ? subscription_flag_store(subscribe, store)
	                         : status;
}

static void subscription_flag_take(struct subscribe *subscribe)
{
	struct session *session = subscribe->session;

	pthread_mutex_lock(&session->lock);
	session->flags = (session->flags & ~(uint32_t)SESSION_SUBSCRIBED) |
	                 (subscribe->live.row.flags & SESSION_SUBSCRIBED);
	pthread_mutex_unlock(&session->lock);
}

static void subscribe_done(struct writer_job *job, mcps_status status)
{
	struct subscribe *subscribe = container_of(job, struct subscribe, job);
	struct session *session = subscribe->session;

	/* What the index has no memory for comes with the next load. */
	if (status == MCPS_OK) {
		subscription_flag_take(subscribe);
		if (!subscription_index_set(
			    mcps__streams_of(subscribe->sessions), session,
			    subscribe->uri, subscribe->wants, INT64_MAX))
			mcps__sessions_forget(subscribe->sessions, session);
	}
	if (status == MCPS_E_SUBSCRIPTIONS)
		mcps__sessions_report(subscribe->sessions,
		                      INCIDENT_SUBSCRIPTIONS);
	mcps__live_row_changed(subscribe->sessions, session, subscribe->wait,
	                       status);
	mcps__buffer_finish(&subscribe->uris);
	mcps__free(subscribe);
}

void mcps__subscribe(struct sessions *sessions, struct session *session,
                     const char *uri, bool wants, struct session_wait *wait)
{
	struct subscribe *subscribe =
		mcps__calloc(1, sizeof *subscribe + strlen(uri) + 1);

	if (subscribe == NULL) {
		wait->fn(wait, FOUND_NOT_LOADED, NULL, MCPS_E_NOMEM);
		return;
	}
	subscribe->sessions = sessions;
	subscribe->session = mcps__session_ref(session);
	subscribe->wait = wait;
	subscribe->wants = wants;
	memcpy(subscribe->uri, uri, strlen(uri));
	subscribe->job.run = subscribe_run;
	subscribe->job.done = subscribe_done;
	mcps__writer_submit(sessions->options.writer, &subscribe->job);
}

/* ---- updates ---- */

/* The sessions that subscribed, as references: the update is now pending for
 * each. */
static struct session **subscription_make_pending(struct streams *streams,
                                                  const char *uri,
                                                  size_t *count)
{
	struct session **found = NULL;
	struct subscription *at;
	struct topic *topic;

	*count = 0;
	HASH_FIND(hh, streams->topics, uri, strlen(uri), topic);
	if (topic == NULL)
		return NULL;
	for (at = topic->newest; at != NULL; at = at->older) {
		at->is_pending = true;
		++*count;
	}
	found = mcps__calloc(*count, sizeof(struct session *));
	*count = 0;
	if (found == NULL)
		return NULL;
	for (at = topic->newest; at != NULL; at = at->older)
		found[(*count)++] = mcps__session_ref(at->session);
	return found;
}

void mcps__subscriptions_update(struct sessions *sessions, const char *uri,
                                void (*fn)(void *arg, struct session *session),
                                void *arg)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct session **found;
	size_t count;

	if (strlen(uri) >= SUBSCRIPTIONS_BYTES)
		return; /* nobody can have subscribed to that */
	pthread_mutex_lock(&streams->topics_lock);
	subscription_note_update(streams, uri);
	found = subscription_make_pending(streams, uri, &count);
	pthread_mutex_unlock(&streams->topics_lock);
	for (size_t i = 0; i < count; i++) {
		fn(arg, found[i]);
		mcps__session_unref(found[i]);
	}
	mcps__free(found);
}

struct pending_update {
	struct pending_update *next;
	uint64_t queued_on_stream;
	char uri[];
};

static struct pending_update *
subscription_pending_of(const struct subscription *subscription)
{
	size_t size = strlen(subscription->topic->uri) + 1;
	struct pending_update *pending = mcps__malloc(sizeof *pending + size);

	if (pending == NULL)
		return NULL;
	pending->queued_on_stream = subscription->queued_on_stream;
	memcpy(pending->uri, subscription->topic->uri, size);
	return pending;
}

static void subscription_set_pending(struct subscription *subscription,
                                     bool is_pending, uint64_t queued_on_stream)
{
	subscription->is_pending = is_pending;
	subscription->queued_on_stream = queued_on_stream;
}

/* Take the pending updates off the session. An update for which there is no
 * memory stays, and *ALL becomes false. */
static struct pending_update *subscription_take_pending(struct streams *streams,
                                                        struct session *session,
                                                        bool *all)
{
	struct pending_update *first = NULL, *pending;
	struct subscription *at;

	*all = true;
	pthread_mutex_lock(&streams->topics_lock);
	for (at = session->subscriptions; at != NULL; at = at->next) {
		if (!at->is_pending)
			continue;
		pending = subscription_pending_of(at);
		if (pending == NULL) {
			*all = false;
			continue;
		}
		pending->next = first;
		first = pending;
		subscription_set_pending(at, false, 0);
	}
	pthread_mutex_unlock(&streams->topics_lock);
	return first;
}

/* The session may have left memory meanwhile, or another update have come. */
static void subscription_put_back(struct streams *streams,
                                  struct session *session,
                                  const struct pending_update *pending)
{
	struct subscription *at;

	pthread_mutex_lock(&streams->topics_lock);
	at = *subscription_find(session, pending->uri);
	if (at == NULL)
		subscription_note_update(streams, pending->uri);
	else if (!at->is_pending)
		subscription_set_pending(at, true, pending->queued_on_stream);
	pthread_mutex_unlock(&streams->topics_lock);
}

bool mcps__subscriptions_say(struct sessions *sessions, struct session *session,
                             subscriptions_say_fn say, void *arg)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct pending_update *pending, *next;
	bool is_said, all;

	for (pending = subscription_take_pending(streams, session, &all);
	     pending != NULL; pending = next) {
		next = pending->next;
		is_said = say(arg, session, pending->uri,
		              &pending->queued_on_stream);
		if (!is_said)
			pending->queued_on_stream = 0;
		if (!is_said || pending->queued_on_stream != 0)
			subscription_put_back(streams, session, pending);
		all = all && is_said && pending->queued_on_stream == 0;
		mcps__free(pending);
	}
	return all;
}

void mcps__subscriptions_said(struct sessions *sessions,
                              struct session *session, uint64_t stream)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct subscription *at;

	pthread_mutex_lock(&streams->topics_lock);
	for (at = session->subscriptions; at != NULL; at = at->next)
		if (at->is_pending && at->queued_on_stream == stream)
			subscription_set_pending(at, false, 0);
	pthread_mutex_unlock(&streams->topics_lock);
}

void mcps__subscriptions_missed(struct sessions *sessions,
                                struct session *session)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct subscription *at;

	pthread_mutex_lock(&streams->topics_lock);
	for (at = session->subscriptions; at != NULL; at = at->next)
		subscription_set_pending(at, true, 0);
	pthread_mutex_unlock(&streams->topics_lock);
}
