/* When sessions were seen last, on its way to the store. */
#include "session/table.h"

#include "base/container.h"
#include "base/memory.h"

struct touch {
	struct writer_job job;
	struct sessions *sessions;
	struct session *session; /* a reference */
	int64_t seen_ms;
};

static mcps_status touch_run(struct writer_job *job, mcps_store *store)
{
	struct touch *touch = container_of(job, struct touch, job);

	return store->ops->session_touch(store, touch->session->key,
	                                 touch->seen_ms);
}

void mcps__sessions_note_unstored(struct sessions *sessions)
{
	atomic_store(&sessions->unstored_ms, mcps__sessions_now(sessions));
}

/* The next one will say it again; until then the sweeper knows. */
static void touch_done(struct writer_job *job, mcps_status status)
{
	struct touch *touch = container_of(job, struct touch, job);

	if (status == MCPS_E_GONE)
		mcps__sessions_forget(touch->sessions, touch->session);
	else if (status != MCPS_OK)
		mcps__sessions_note_unstored(touch->sessions);
	mcps__session_unref(touch->session);
	mcps__free(touch);
}

void mcps__sessions_touch(struct sessions *sessions, struct session *session,
                          int64_t seen_ms)
{
	struct touch *touch;

	touch = mcps__calloc(1, sizeof *touch);
	if (touch == NULL) {
		mcps__sessions_note_unstored(sessions);
		return;
	}
	touch->job.run = touch_run;
	touch->job.done = touch_done;
	touch->sessions = sessions;
	touch->session = mcps__session_ref(session);
	touch->seen_ms = seen_ms;
	mcps__writer_submit(sessions->options.writer, &touch->job);
}
