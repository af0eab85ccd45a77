#include "session/job.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/hook.h"
#include "session/subscribed.h"
#include "session/tombstone.h"
#include "session/row_state.h"

#include <stdio.h>

static void session_job_free(struct session_job *job)
{
	mcps__session_unref(job->session);
	mcps__buffer_finish(&job->subscriptions);
	mcps__free(job);
}

/* ---- reading the row ---- */

static mcps_status session_job_take_row(void *arg,
                                        const struct mcps_session_row *row)
{
	struct session_job *job = arg;

	job->row = *row;
	if (row->data_length <= sizeof job->texts && row->data_length > 0)
		memcpy(job->texts, row->data, row->data_length);
	job->row.data = NULL;
	return MCPS_OK;
}

mcps_status mcps__session_job_find(struct session_job *job, mcps_store *store)
{
	struct session *session = job->session;
	struct mcps_principal_row principal;
	struct row_context context = {
		.now_ms = mcps__sessions_now(job->sessions),
		.max_age_ms = job->sessions->options.max_age_ms,
	};
	mcps_status status;

	context.idle_before_ms =
		mcps__table_idle_before(job->sessions, context.now_ms);
	memset(&job->row, 0, sizeof job->row);
	memset(job->texts, 0, sizeof job->texts);
	status = mcps__principal_read(store, session->principal->digest,
	                              &principal);
	if (status == MCPS_OK)
		status = store->ops->session_load(store, session->key,
		                                  session_job_take_row, job);
	if (status != MCPS_OK)
		return status;
	job->not_before_ms = principal.not_before_ms;
	job->tombstones_from_ms = principal.tombstones_from_ms;
	context.principal_ref = principal.ref;
	context.not_before_ms = principal.not_before_ms;
	job->is_damaged = mcps__row_is_damaged(&job->row);
	job->found = mcps__row_state(job->row.phase != 0 ? &job->row : NULL,
	                             &context);
	if (job->found == FOUND_LIVE &&
	    (job->row.flags & SESSION_SUBSCRIBED) != 0)
		status = mcps__subscriptions_read(store, job->row.ref,
		                                  &job->subscriptions);
	return status;
}

static mcps_status live_row_take(void *arg, const struct mcps_session_row *row)
{
	struct live_row *live = arg;

	if (row->data_length > sizeof live->data)
		return MCPS_E_CORRUPT;
	live->row = *row;
	if (row->data_length > 0)
		memcpy(live->data, row->data, row->data_length);
	live->row.data = live->data;
	return MCPS_OK;
}

mcps_status mcps__live_row_load(struct live_row *live, mcps_store *store,
                                const uint8_t *key)
{
	mcps_status status;

	live->row.phase = MCPS_PHASE_ENDED;
	status = store->ops->session_load(store, key, live_row_take, live);
	if (status == MCPS_OK && live->row.phase != MCPS_PHASE_LIVE)
		return MCPS_E_GONE;
	return status;
}

/* After MCPS_E_STORE nobody knows what the row says: it is read again. */
void mcps__live_row_changed(struct sessions *sessions, struct session *session,
                            struct session_wait *wait, mcps_status status)
{
	if (status == MCPS_OK && wait != NULL) {
		wait->fn(wait, FOUND_LIVE, session, MCPS_OK);
		return;
	}
	if (status == MCPS_E_GONE || status == MCPS_E_STORE)
		mcps__sessions_forget(sessions, session);
	mcps__session_unref(session);
	if (wait == NULL)
		return;
	wait->fn(wait, status == MCPS_E_GONE ? FOUND_ENDED : FOUND_NOT_LOADED,
	         NULL, status);
}

/* ---- after the commit ---- */

static char *session_job_copy_text(const char *text)
{
	return text[0] != '\0' ? mcps__strdup(text) : NULL;
}

/* Which lists may be other ones than the client has seen. A recreated session
 * has seen nobody knows what. */
static uint8_t session_job_lists_that_differ(struct sessions *sessions,
                                             const struct mcps_session_row *row)
{
	static const struct {
		uint8_t list, begin, end;
	} parts[] = {
		{ SESSION_LIST_TOOLS, LISTS_TOOLS, LISTS_RESOURCES },
		{ SESSION_LIST_RESOURCES, LISTS_RESOURCES, LISTS_PROMPTS },
		{ SESSION_LIST_PROMPTS, LISTS_PROMPTS, MCPS_LISTS_DIGEST_SIZE }
	};
	uint8_t now[MCPS_LISTS_DIGEST_SIZE];
	uint8_t differ = 0;

	mcps__sessions_get_lists(sessions, now);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		if ((row->flags & SESSION_RECREATED) != 0 ||
		    memcmp(row->lists + parts[i].begin, now + parts[i].begin,
		           parts[i].end - parts[i].begin) != 0)
			differ |= parts[i].list;
	return differ;
}

static void session_job_fill_session(struct session_job *job)
{
	const struct sessions_options *options = &job->sessions->options;
	const struct mcps_session_row *row = &job->row;
	struct session *session = job->session;
	const char *version = job->texts + strlen(job->texts) + 1;

	session->source = (uint8_t)job->source;
	session->ref = row->ref;
	session->principal_ref = row->principal;
	session->created_ms = row->created_ms;
	session->touched_ms = row->seen_ms;
	session->old_at_ms = row->created_ms + options->max_age_ms;
	session->revision = row->revision;
	session->capabilities = row->capabilities;
	session->incarnation = row->incarnation;
	session->flags = row->flags;
	/* In this order: who changes lists meanwhile, marks it. */
	atomic_store(&session->lists_differ, 0);
	atomic_fetch_or(&session->lists_differ,
	                session_job_lists_that_differ(job->sessions, row));
	if ((row->flags & SESSION_SUBSCRIBED) != 0 &&
	    options->layer.session_loaded != NULL)
		options->layer.session_loaded(options->layer.streams, session,
		                              &job->subscriptions,
		                              row->seen_ms);
	mcps__free(session->client_name);
	mcps__free(session->client_version);
	session->client_name = session_job_copy_text(job->texts);
	session->client_version = session_job_copy_text(version);
}

static void session_job_count_event(struct sessions *sessions,
                                    enum mcps_session_event event)
{
	atomic_uint_fast64_t *const counts[] = {
		[MCPS_SESSION_CREATED] = &sessions->counts.created,
		[MCPS_SESSION_RESTORED] = &sessions->counts.restored,
		[MCPS_SESSION_RECREATED] = &sessions->counts.recreated,
		[MCPS_SESSION_EVICTED] = &sessions->counts.evicted,
		[MCPS_SESSION_ENDED] = &sessions->counts.ended,
	};

	atomic_fetch_add_explicit(counts[event], 1, memory_order_relaxed);
}

/* An identified caller has a line for each session that ends or is recreated,
 * and its session rate bounds them. Anonymous callers have one a minute. */
static void session_job_log_event(struct session_job *job)
{
	static const struct {
		const char *word;
		bool is_everyday;
		enum incident anonymous; /* unless it is everyday */
	} lines[] = {
		[MCPS_SESSION_CREATED] = { "created", true, 0 },
		[MCPS_SESSION_RESTORED] = { "restored", true, 0 },
		[MCPS_SESSION_RECREATED] = { "recreated", false,
		                             INCIDENT_ANONYMOUS_RECREATED },
		[MCPS_SESSION_ENDED] = { "ended", false,
		                         INCIDENT_ANONYMOUS_ENDED },
	};
	const struct sessions_options *options = &job->sessions->options;
	bool is_everyday = lines[job->event].is_everyday;
	bool is_anonymous = job->session->principal->anonymous;
	char digest[9];

	if (is_anonymous && !is_everyday)
		mcps__incident_happened(options->incidents,
		                        lines[job->event].anonymous);
	mcps__session_digest(job->session->key, digest);
	mcps__log(&options->log,
	          is_everyday || is_anonymous ? MCPS_LOG_DEBUG : MCPS_LOG_INFO,
	          "session", "session %s id=#%s", lines[job->event].word,
	          digest);
}

static void session_job_complete(struct session_job *job)
{
	mcps__table_complete(job->sessions, mcps__session_ref(job->session),
	                     job->found, job->status);
	session_job_free(job);
}

static void session_job_call_hook(struct work *hook)
{
	struct session_job *job = container_of(hook, struct session_job, hook);
	const struct sessions_options *options = &job->sessions->options;
	struct mcps_session_view view;

	mcps__session_view(job->sessions, job->session, &view);
	options->hook(options->hook_arg, job->event,
	              job->session->principal->subject, &view);
	if (job->event == MCPS_SESSION_ENDED)
		session_job_free(job);
	else
		session_job_complete(job);
}

/* A session that comes to be is told to the application before anybody is
 * served; one that ended is told to those that wait first. */
static void session_job_tell(struct session_job *job)
{
	bool has_hook = job->sessions->options.hook != NULL;

	session_job_count_event(job->sessions, job->event);
	session_job_log_event(job);
	job->hook.run = session_job_call_hook;
	if (job->event == MCPS_SESSION_ENDED) {
		mcps__session_depart(job->session, DEPARTS_FOR_GOOD);
		mcps__table_complete(job->sessions,
		                     mcps__session_ref(job->session),
		                     job->found, job->status);
		if (!has_hook)
			session_job_free(job);
	} else if (has_hook) {
		mcps__table_tell(job->sessions, job->session);
	} else {
		session_job_complete(job);
	}
	if (has_hook)
		mcps__hook_submit(job->sessions, job->session->principal,
		                  &job->hook);
}

static void session_job_done(struct writer_job *writer_job, mcps_status status)
{
	struct session_job *job =
		container_of(writer_job, struct session_job, writer_job);

	if (status == MCPS_E_LIMIT) /* nothing could make room */
		mcps__sessions_report(job->sessions, INCIDENT_SESSION_QUOTA);
	if (status != MCPS_OK) {
		job->found = FOUND_NOT_LOADED;
		job->status = status;
		session_job_complete(job);
		return;
	}
	mcps__quota_tell(job->sessions, job->session->principal, &job->evicted);
	mcps__tombstone_report(job->sessions, job->dropped);
	if (job->is_damaged)
		mcps__sessions_report(job->sessions, INCIDENT_SESSION_DAMAGED);
	if (job->found == FOUND_LIVE)
		session_job_fill_session(job);
	if (job->found == FOUND_LIVE ||
	    (job->event == MCPS_SESSION_ENDED && job->status == MCPS_OK))
		session_job_tell(job);
	else
		session_job_complete(job);
}

void mcps__session_job_abandon(struct session_job *job, mcps_status status)
{
	session_job_done(&job->writer_job, status);
}

static mcps_status session_job_run(struct writer_job *writer_job,
                                   mcps_store *store)
{
	struct session_job *job =
		container_of(writer_job, struct session_job, writer_job);

	job->evicted.count = 0;
	job->dropped = 0;
	job->is_damaged = false;
	return job->run(job, store);
}

struct session_job *mcps__session_job_new(struct sessions *sessions,
                                          struct session *session,
                                          session_job_fn run)
{
	struct session_job *job = mcps__calloc(1, sizeof *job);

	if (job == NULL) {
		mcps__table_complete(sessions, session, FOUND_NOT_LOADED,
		                     MCPS_E_NOMEM);
		return NULL;
	}
	job->sessions = sessions;
	job->session = session;
	job->run = run;
	job->writer_job.run = session_job_run;
	job->writer_job.done = session_job_done;
	return job;
}

void mcps__session_job_submit(struct session_job *job, bool reads_only)
{
	struct writer *writer = job->sessions->options.writer;

	if (reads_only)
		mcps__writer_submit_read(writer, &job->writer_job);
	else
		mcps__writer_submit(writer, &job->writer_job);
}
