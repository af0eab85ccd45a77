#include "session/table.h"

#include "base/container.h"
#include "base/error.h"

#include <sodium.h>

/* ---- what belongs to the store ---- */

struct start_job {
	struct writer_job job;
	struct sessions *sessions;
	struct clock_record clock; /* session time goes on from here */
};

/* A named value of known size, as it is stored. */
struct meta_value {
	void *bytes;
	size_t size;
	bool is_there;
};

static mcps_status sessions_take_value(void *arg, const void *bytes,
                                       size_t length)
{
	struct meta_value *value = arg;

	if (length != value->size)
		return MCPS_E_CORRUPT;
	memcpy(value->bytes, bytes, length);
	value->is_there = true;
	return MCPS_OK;
}

/* Read a random value, or make it: with the store, once. */
static mcps_status sessions_read_or_make(struct start_job *start,
                                         mcps_store *store, const char *name,
                                         void *bytes, size_t size)
{
	struct meta_value value = { bytes, size, false };
	mcps_status status =
		store->ops->meta_get(store, name, sessions_take_value, &value);

	if (status != MCPS_OK || value.is_there)
		return status;
	status =
		mcps__random_fill(start->sessions->options.random, bytes, size);
	if (status != MCPS_OK)
		return status;
	return store->ops->meta_put(store, name, bytes, size);
}

/* Session time must not fall behind times that this process is about to store,
 * whenever the next process starts. */
static mcps_status sessions_clock_start(struct start_job *start,
                                        mcps_store *store)
{
	const struct sessions_options *options = &start->sessions->options;
	struct clock_record stored;
	struct clock_reading now;
	bool found;
	mcps_status status = mcps__clock_load(store, &stored, &found);

	if (status != MCPS_OK)
		return status;
	mcps__clock_read(&now, options->clock);
	if (mcps__clock_resume(&start->clock, found ? &stored : NULL, &now,
	                       options->max_gap_ms))
		return MCPS_OK;
	return mcps__clock_save(store, &start->clock);
}

/* The row key is what ids are looked up by: it never changes. */
static mcps_status sessions_start_run(struct writer_job *job, mcps_store *store)
{
	struct start_job *start = container_of(job, struct start_job, job);
	struct sessions *sessions = start->sessions;
	mcps_status status = sessions_read_or_make(
		start, store, "row-key", sessions->row_key, ID_KEY_SIZE);

	if (status == MCPS_OK)
		status = sessions_read_or_make(start, store, "store-name",
		                               sessions->store_name,
		                               STORE_NAME_SIZE);
	if (status == MCPS_OK)
		status = sessions_clock_start(start, store);
	return status;
}

mcps_status mcps__sessions_init(struct sessions *sessions,
                                const struct sessions_options *o,
                                struct mcps_error *error)
{
	struct start_job start = { .job.run = sessions_start_run,
		                   .sessions = sessions };
	mcps_status status;

	*sessions = (struct sessions){ .options = *o };
	atomic_init(&sessions->unstored_ms, INT64_MIN / 2);
	status = mcps__writer_run(o->writer, &start.job);
	if (status != MCPS_OK)
		return mcps__fail(error, status,
		                  "cannot read the store's own data: %s",
		                  mcps_status_text(status));
	if (pthread_mutex_init(&sessions->lock, NULL) != 0)
		return mcps__fail(error, MCPS_E_SYSTEM, "cannot make a lock");
	if (mcps__session_clock_init(&sessions->time, o->clock, &start.clock,
	                             o->max_gap_ms))
		return MCPS_OK;
	pthread_mutex_destroy(&sessions->lock);
	return mcps__fail(error, MCPS_E_SYSTEM, "cannot make a lock");
}

void mcps__sessions_finish(struct sessions *sessions)
{
	mcps__table_finish(sessions);
	mcps__session_clock_finish(&sessions->time);
	pthread_mutex_destroy(&sessions->lock);
}

void mcps__sessions_get_keys(struct sessions *sessions, struct id_keys *out)
{
	pthread_mutex_lock(&sessions->lock);
	*out = sessions->options.keys;
	pthread_mutex_unlock(&sessions->lock);
}

void mcps__sessions_set_keys(struct sessions *sessions,
                             const struct id_keys *keys)
{
	pthread_mutex_lock(&sessions->lock);
	sessions->options.keys = *keys;
	pthread_mutex_unlock(&sessions->lock);
}

void mcps__sessions_get_lists(struct sessions *sessions,
                              uint8_t out[MCPS_LISTS_DIGEST_SIZE])
{
	pthread_mutex_lock(&sessions->lock);
	memcpy(out, sessions->options.lists, MCPS_LISTS_DIGEST_SIZE);
	pthread_mutex_unlock(&sessions->lock);
}

void mcps__sessions_set_lists(struct sessions *sessions,
                              const uint8_t lists[MCPS_LISTS_DIGEST_SIZE],
                              uint8_t changed)
{
	struct session *session, *next;

	pthread_mutex_lock(&sessions->lock);
	memcpy(sessions->options.lists, lists, MCPS_LISTS_DIGEST_SIZE);
	HASH_ITER (hh, sessions->by_key, session, next)
		atomic_fetch_or(&session->lists_differ, changed);
	pthread_mutex_unlock(&sessions->lock);
}

void mcps__sessions_key(struct sessions *sessions,
                        uint8_t key[MCPS_SESSION_KEY_SIZE],
                        const struct principal *principal, const char *id,
                        size_t length)
{
	struct id_owner owner = { principal->digest,
		                  sessions->options.resource };

	mcps__id_row_key(key, sessions->row_key, &owner, id, length);
}

enum session_found mcps__sessions_find(struct sessions *sessions,
                                       const uint8_t *key, struct session **out)
{
	int64_t now = mcps__sessions_now(sessions);
	bool touch_due;

	*out = mcps__table_find(sessions, key, now, &touch_due);
	if (touch_due)
		mcps__sessions_touch(sessions, *out, now);
	return *out != NULL ? FOUND_LIVE : FOUND_NOT_LOADED;
}

/* ---- time ---- */

struct clock_job {
	struct writer_job job;
	struct sessions *sessions;
};

static mcps_status sessions_clock_run(struct writer_job *job, mcps_store *store)
{
	struct clock_job *self = container_of(job, struct clock_job, job);
	struct clock_record clock;

	mcps__session_clock_record(&self->sessions->time, &clock);
	return mcps__clock_save(store, &clock);
}

mcps_status mcps__sessions_store_clock(struct sessions *sessions)
{
	struct clock_job clock = { .job.run = sessions_clock_run,
		                   .sessions = sessions };

	return mcps__writer_run(sessions->options.writer, &clock.job);
}

/* ---- the view ---- */

const char *mcps_session_source_text(enum mcps_session_source source)
{
	switch (source) {
	case MCPS_SESSION_SOURCE_CREATED:
		return "created";
	case MCPS_SESSION_SOURCE_RESTORED:
		return "restored";
	case MCPS_SESSION_SOURCE_RECREATED:
		return "recreated";
	}
	return "unknown";
}

void mcps__session_view(const struct sessions *sessions,
                        const struct session *session,
                        struct mcps_session_view *out)
{
	*out = (struct mcps_session_view){
		.source = (enum mcps_session_source)session->source,
		.incarnation = session->incarnation,
		.revision = sessions->options.revision_text(session->revision),
		.created_ms = session->created_ms,
		.lists_differ = (session->lists_differ & SESSION_LISTS) != 0,
		.client_name = session->client_name,
		.client_version = session->client_version,
	};
	mcps__session_digest(session->key, out->digest);
}
