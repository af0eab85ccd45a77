#include "stream/sse_connection.h"

#include "base/memory.h"
#include "stream/sse_frame.h"
#include "stream/stream.h"

#include <string.h>

enum {
	/* Those that were opened together drift apart: up to 32 of 256. */
	HEARTBEAT_SPREAD = 33,
	HEARTBEAT_KEY_AT = 10, /* byte of the session key: of its hash */
	/* A heartbeat that is due soon may wait for others: so many parts of
	   the time. */
	HEARTBEAT_ROUNDS = 16,
};

/* ---- all of them ---- */

bool mcps__sse_connections_init(struct sse_connections *all,
                                const struct clock_source *clock,
                                uint32_t retry_ms, struct incidents *incidents,
                                struct memory_limit *answers)
{
	*all = (struct sse_connections){ .clock = clock,
		                         .retry_ms = retry_ms,
		                         .incidents = incidents,
		                         .answers = answers };
	return pthread_mutex_init(&all->lock, NULL) == 0;
}

void mcps__sse_connections_finish(struct sse_connections *all)
{
	pthread_mutex_destroy(&all->lock);
}

/* ---- one ---- */

/* False: the server is closing them. */
static bool sse_enlist(struct sse_connections *all, struct sse_connection *sse)
{
	bool is_open;

	pthread_mutex_lock(&all->lock);
	is_open = !all->is_closing;
	sse->next = all->first;
	if (sse->next != NULL)
		sse->next->prev = sse;
	all->first = sse;
	all->count++;
	pthread_mutex_unlock(&all->lock);
	return is_open;
}

static void sse_delist(struct sse_connections *all, struct sse_connection *sse)
{
	pthread_mutex_lock(&all->lock);
	if (sse->prev != NULL)
		sse->prev->next = sse->next;
	else
		all->first = sse->next;
	if (sse->next != NULL)
		sse->next->prev = sse->prev;
	all->count--;
	pthread_mutex_unlock(&all->lock);
}

/* ---- life ---- */

struct sse_connection *
mcps__sse_connection_new(struct sse_connections *all, struct session *session,
                         const struct sse_glue *glue, bool is_call,
                         bool supports_retry, const struct event_id *after)
{
	struct sse_connection *sse = mcps__calloc(1, sizeof *sse);

	if (sse == NULL)
		return NULL;
	if (pthread_mutex_init(&sse->lock, NULL) != 0) {
		mcps__free(sse);
		return NULL;
	}
	atomic_init(&sse->refs, 1);
	sse->all = all;
	sse->session = session;
	sse->glue = *glue;
	sse->is_call = is_call;
	sse->supports_retry = supports_retry;
	if (after != NULL)
		sse->after = *after;
	sse->heartbeat_jitter =
		session->key[HEARTBEAT_KEY_AT] % HEARTBEAT_SPREAD;
	sse->end = &sse->first;
	sse->wrote_ms = mcps__steady_ms(all->clock);
	if (!sse_enlist(all, sse))
		mcps__sse_connection_close(sse);
	return sse;
}

struct sse_connection *mcps__sse_connection_ref(struct sse_connection *sse)
{
	atomic_fetch_add(&sse->refs, 1);
	return sse;
}

/* ---- how much its queue holds ---- */

void mcps__sse_connection_count_for(struct sse_connection *sse,
                                    const struct caller *caller)
{
	struct memory_limit *answers = sse->all->answers;

	if (answers == NULL || answers->most == 0)
		return;
	pthread_mutex_lock(&sse->lock);
	sse->of_caller = mcps__memory_limit_of(answers, caller);
	mcps__memory_limit_add(answers, sse->of_caller, sse->bytes);
	pthread_mutex_unlock(&sse->lock);
}

static void sse_add_bytes(struct sse_connection *sse, size_t bytes)
{
	sse->bytes += bytes;
	if (sse->of_caller != NULL)
		mcps__memory_limit_add(sse->all->answers, sse->of_caller,
		                       bytes);
}

static void sse_subtract_bytes(struct sse_connection *sse, size_t bytes)
{
	sse->bytes -= bytes;
	if (sse->of_caller != NULL && bytes != 0)
		mcps__memory_limit_subtract(sse->all->answers, sse->of_caller,
		                            bytes);
}

/* Whether unread answers leave no room for an event of LENGTH bytes. The call
 * itself is always answered, as is what cannot be read again: looking for room
 * before the call began was enough. */
static bool sse_lacks_memory(const struct sse_connection *sse,
                             const struct event_id *id, size_t length)
{
	if (sse->is_call || id->stream == 0 || sse->of_caller == NULL ||
	    !mcps__memory_limit_is_scarce(sse->all->answers) ||
	    sse->bytes + length <= SSE_FREE_BYTES)
		return false;
	return mcps__memory_limit_check(sse->all->answers, sse->of_caller,
	                                sse->bytes) != MCPS_OK;
}

static void sse_drop_frames(struct sse_connection *sse)
{
	struct sse_frame *frame;

	while ((frame = sse->first) != NULL) {
		sse->first = frame->next;
		mcps__free(frame);
	}
	sse->end = &sse->first;
	sse->count = 0;
	sse_subtract_bytes(sse, sse->bytes);
	sse->offset = 0;
}

void mcps__sse_connection_unref(struct sse_connection *sse)
{
	if (sse == NULL || atomic_fetch_sub(&sse->refs, 1) != 1)
		return;
	sse_drop_frames(sse);
	mcps__free(sse->last_words);
	if (sse->refill_finish != NULL)
		sse->refill_finish(sse->refill_arg);
	pthread_mutex_destroy(&sse->lock);
	mcps__free(sse);
}

struct stream *mcps__sse_connection_cut_off(struct sse_connection *sse)
{
	struct stream *stream;

	sse_delist(sse->all, sse);
	pthread_mutex_lock(&sse->lock);
	sse->is_left = true;
	stream = sse->stream;
	sse->stream = NULL;
	sse_drop_frames(sse);
	pthread_mutex_unlock(&sse->lock);
	return stream;
}

/* ---- putting in: under the lock ---- */

static void sse_wake(struct sse_connection *sse)
{
	if (!sse->is_asleep)
		return;
	sse->is_asleep = false;
	sse->glue.wake(sse->glue.arg);
}

static void enqueue(struct sse_connection *sse, struct sse_frame *frame)
{
	*sse->end = frame;
	sse->end = &frame->next;
	sse->count++;
	sse_add_bytes(sse, frame->length);
}

/* Whether its client has an id to resume with. */
static bool has_id(const struct sse_connection *sse)
{
	return sse->cursor != 0 || sse->after.stream != 0;
}

/* Returns whether there were any to be said. */
static bool say_last_words(struct sse_connection *sse)
{
	struct sse_frame *frame = sse->last_words;

	if (frame == NULL || has_id(sse))
		return false;
	sse->last_words = NULL;
	enqueue(sse, frame);
	return true;
}

bool mcps__sse_connection_reserve_last(struct sse_connection *sse,
                                       struct reply_id id)
{
	struct sse_frame *frame = mcps__frame_outcome(id);

	if (frame == NULL)
		return false;
	pthread_mutex_lock(&sse->lock);
	sse->last_words = frame;
	if (sse->phase == SSE_ENDING && say_last_words(sse)) /* already */
		sse->is_cut = false;
	pthread_mutex_unlock(&sse->lock);
	return true;
}

/* The stream goes on, but not on this connection. */
static void sse_end_early(struct sse_connection *sse)
{
	bool is_answered = say_last_words(sse);

	sse->phase = SSE_ENDING;
	sse->is_cut = !sse->supports_retry && !is_answered;
}

/* Without memory, or beyond its bounds, the client has to come again. */
static bool sse_queue_frame(struct sse_connection *sse, struct sse_frame *frame)
{
	bool has_room =
		sse->count < SSE_EVENTS_MAX && sse->bytes < SSE_BYTES_MAX;

	if (!has_room)
		mcps__incident_note(sse->all->incidents, INCIDENT_SLOW_READER);
	if (frame == NULL || !has_room) {
		mcps__free(frame);
		sse_end_early(sse);
		return false;
	}
	enqueue(sse, frame);
	return true;
}

static bool sse_is_open(const struct sse_connection *sse)
{
	return !sse->is_left && sse->phase != SSE_ENDING;
}

static uint32_t sse_usual_retry(const struct sse_connection *sse)
{
	return sse->supports_retry ? mcps__sse_connections_retry(
					     sse->all, sse->session->key)
	                           : 0;
}

/* The first event also says when to come again. */
static bool sse_queue_event(struct sse_connection *sse,
                            const struct event_id *id, const char *data,
                            size_t length)
{
	uint32_t retry_ms = sse->has_begun ? 0 : sse_usual_retry(sse);

	sse->has_begun = true;
	return sse_queue_frame(sse,
	                       mcps__frame_event(id, retry_ms, data, length));
}

/* A client that knows "retry" needs this to connect again: the id that it came
 * with, unless it has a newer one, and RETRY_MS, unless that is 0. */
static void sse_queue_reconnect(struct sse_connection *sse, uint32_t retry_ms)
{
	bool has_id = !sse->has_begun && sse->after.stream != 0;

	sse->has_begun = true;
	if (has_id)
		(void)sse_queue_frame(
			sse, mcps__frame_event(&sse->after, retry_ms, NULL, 0));
	else if (retry_ms != 0)
		(void)sse_queue_frame(sse, mcps__frame_retry(retry_ms));
}

/* Under the lock. The last words say when to come again. */
static void sse_close_now(struct sse_connection *sse, uint32_t retry_ms)
{
	if (sse->supports_retry)
		sse_queue_reconnect(sse, retry_ms);
	sse_end_early(sse);
}

void mcps__sse_connection_push(struct sse_connection *sse,
                               const struct event_id *id, const char *data,
                               size_t length, bool ends)
{
	pthread_mutex_lock(&sse->lock);
	if (sse_is_open(sse) && (id->stream == 0 || id->seq > sse->cursor)) {
		if (sse_lacks_memory(sse, id, length)) {
			mcps__incident_note(sse->all->incidents,
			                    INCIDENT_ANSWERS);
			sse_close_now(sse, sse_usual_retry(sse));
		} else if (sse_queue_event(sse, id, data, length) &&
		           id->stream != 0)
			sse->cursor = id->seq;
	}
	if (ends) {
		sse->phase = SSE_ENDING;
		sse_wake(sse);
	}
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_begin(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	if (sse_is_open(sse) && sse->supports_retry && !sse->has_begun) {
		sse_queue_reconnect(sse, sse_usual_retry(sse));
		sse_wake(sse);
	}
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_wake(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	sse_wake(sse);
	pthread_mutex_unlock(&sse->lock);
}

bool mcps__sse_connection_sleep_if_empty(struct sse_connection *sse)
{
	bool is_empty;

	pthread_mutex_lock(&sse->lock);
	is_empty = sse->first == NULL && !sse->heartbeat_due &&
	           sse->phase != SSE_ENDING;
	sse->is_asleep = is_empty;
	pthread_mutex_unlock(&sse->lock);
	return is_empty;
}

void mcps__sse_connection_end(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	sse->phase = SSE_ENDING;
	sse_wake(sse);
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_close(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	if (sse_is_open(sse))
		sse_close_now(sse, sse_usual_retry(sse));
	sse_wake(sse);
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_close_for(struct sse_connection *sse,
                                    uint32_t retry_ms)
{
	pthread_mutex_lock(&sse->lock);
	if (sse_is_open(sse) && has_id(sse)) {
		sse_close_now(sse, retry_ms);
		sse_wake(sse);
	}
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_want_refill(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	sse->wants_refill = true;
	sse_wake(sse);
	pthread_mutex_unlock(&sse->lock);
}

void mcps__sse_connection_check_peer(struct sse_connection *sse)
{
	pthread_mutex_lock(&sse->lock);
	sse->heartbeat_due = true;
	sse_wake(sse);
	pthread_mutex_unlock(&sse->lock);
}

/* Write a heartbeat if it is due. Returns when the next is due. Under its lock.
 */
static int64_t sse_heartbeat(struct sse_connection *sse, int64_t now,
                             int64_t silent_ms)
{
	int64_t after_ms = silent_ms - silent_ms / 256 * sse->heartbeat_jitter;

	if (now - sse->wrote_ms < after_ms)
		return sse->wrote_ms + after_ms;
	if (sse->is_asleep) {
		sse->heartbeat_due = true;
		sse_wake(sse);
	}
	return now + after_ms;
}

/* A connection that is opened between two rounds is not due before the second.
 */
static void sse_heartbeat_all(struct sse_connections *all, int64_t now,
                              int64_t silent_ms)
{
	int64_t next = now + silent_ms - silent_ms / 256 * HEARTBEAT_SPREAD;

	for (struct sse_connection *sse = all->first; sse != NULL;
	     sse = sse->next) {
		int64_t due;

		pthread_mutex_lock(&sse->lock);
		due = sse_heartbeat(sse, now, silent_ms);
		pthread_mutex_unlock(&sse->lock);
		if (due < next)
			next = due;
	}
	all->heartbeat_ms = next;
	if (all->heartbeat_ms < now + silent_ms / HEARTBEAT_ROUNDS)
		all->heartbeat_ms = now + silent_ms / HEARTBEAT_ROUNDS;
}

void mcps__sse_connections_heartbeat(struct sse_connections *all,
                                     int64_t silent_ms)
{
	int64_t now = mcps__steady_ms(all->clock);

	pthread_mutex_lock(&all->lock);
	if (now >= all->heartbeat_ms)
		sse_heartbeat_all(all, now, silent_ms);
	pthread_mutex_unlock(&all->lock);
}

/* Also a GET that has resumed the stream of a call. */
static bool sse_carries_call(struct sse_connection *sse)
{
	bool carries;

	pthread_mutex_lock(&sse->lock);
	carries = sse->is_call || (sse->stream != NULL && sse->stream->is_call);
	pthread_mutex_unlock(&sse->lock);
	return carries;
}

void mcps__sse_connections_close_listeners(struct sse_connections *all)
{
	pthread_mutex_lock(&all->lock);
	for (struct sse_connection *sse = all->first; sse != NULL;
	     sse = sse->next)
		if (sse->supports_retry && !sse_carries_call(sse))
			mcps__sse_connection_close(sse);
	pthread_mutex_unlock(&all->lock);
}

void mcps__sse_connections_close_of(struct sse_connections *all,
                                    const void *daemon, bool also_calls)
{
	pthread_mutex_lock(&all->lock);
	for (struct sse_connection *sse = all->first; sse != NULL;
	     sse = sse->next)
		if (atomic_load(&sse->daemon) == daemon &&
		    (also_calls || !sse_carries_call(sse)))
			mcps__sse_connection_close(sse);
	pthread_mutex_unlock(&all->lock);
}

void mcps__sse_connections_close(struct sse_connections *all)
{
	pthread_mutex_lock(&all->lock);
	all->is_closing = true;
	for (struct sse_connection *sse = all->first; sse != NULL;
	     sse = sse->next)
		mcps__sse_connection_close(sse);
	pthread_mutex_unlock(&all->lock);
}

/* ---- taking out ---- */

static size_t sse_take_bytes(struct sse_connection *sse, char *out, size_t size)
{
	size_t written = 0;

	while (sse->first != NULL && written < size) {
		struct sse_frame *frame = sse->first;
		size_t left = frame->length - sse->offset;
		size_t now = left < size - written ? left : size - written;

		memcpy(out + written, frame->text + sse->offset, now);
		written += now;
		sse->offset += now;
		if (now < left)
			break;
		sse->first = frame->next;
		if (sse->first == NULL)
			sse->end = &sse->first;
		sse->count--;
		sse_subtract_bytes(sse, frame->length);
		sse->offset = 0;
		mcps__free(frame);
	}
	return written;
}

/* Also the first bytes of a stream that has no event to begin with: proxies
 * keep the head until one comes. */
static size_t sse_take_comment(struct sse_connection *sse, char *out,
                               size_t size)
{
	static const char comment[] = EVENT_COMMENT;

	if ((!sse->heartbeat_due && sse->has_written) ||
	    size < sizeof comment - 1)
		return 0;
	memcpy(out, comment, sizeof comment - 1);
	return sizeof comment - 1;
}

/* One look, under the lock. True: the queue is to be filled, then look again.
 */
static bool sse_read_once(struct sse_connection *sse, char *out, size_t size,
                          ptrdiff_t *result)
{
	*result = (ptrdiff_t)sse_take_bytes(sse, out, size);
	if (*result == 0)
		*result = (ptrdiff_t)sse_take_comment(sse, out, size);
	if (*result != 0) {
		sse->heartbeat_due = false;
		sse->has_written = true;
		sse->wrote_ms = mcps__steady_ms(sse->all->clock);
		return false;
	}
	if (sse->phase == SSE_ENDING) {
		*result = sse->is_cut ? SSE_CUT : SSE_OVER;
		return false;
	}
	if (sse->wants_refill) {
		sse->wants_refill = false;
		return true;
	}
	sse->is_asleep = true;
	sse->glue.sleep(sse->glue.arg);
	*result = SSE_ASLEEP;
	return false;
}

bool mcps__sse_connection_read_all(struct sse_connection *sse,
                                   struct buffer *out)
{
	bool is_whole;

	pthread_mutex_lock(&sse->lock);
	is_whole = sse->phase == SSE_ENDING && !sse->is_cut &&
	           sse->first != NULL && sse->bytes <= SSE_WHOLE_MAX &&
	           mcps__buffer_reserve(out, sse->bytes - sse->offset);
	if (is_whole)
		out->length += sse_take_bytes(sse, out->data + out->length,
		                              sse->bytes - sse->offset);
	pthread_mutex_unlock(&sse->lock);
	return is_whole;
}

ptrdiff_t mcps__sse_connection_read(struct sse_connection *sse, char *out,
                                    size_t size)
{
	ptrdiff_t result;
	bool again;

	do {
		pthread_mutex_lock(&sse->lock);
		again = sse_read_once(sse, out, size, &result);
		pthread_mutex_unlock(&sse->lock);
		if (again)
			sse->refill(sse);
	} while (again);
	return result;
}
