#include "session/outlet.h"

#include "base/memory.h"
#include "session/stream.h"

#include <string.h>

enum {
	/* Those that were opened together drift apart: up to 32 of 256. */
	BEAT_SPREAD = 33,
	BEAT_KEY_AT = 10, /* by this byte of the session's key: of its hash */
	/* Who is due soon may wait for others: so many parts of the time. */
	BEAT_ROUNDS = 16,
};

struct outlet_frame {
	struct outlet_frame *next;
	size_t length;
	char text[];
};

/* ---- all of them ---- */

bool mcps__outlets_init(struct outlets *all, const struct clock_source *clock,
                        uint32_t retry_ms, struct incidents *incidents,
                        struct memory_limit *answers)
{
	*all = (struct outlets){ .clock = clock,
		                 .retry_ms = retry_ms,
		                 .incidents = incidents,
		                 .answers = answers };
	return pthread_mutex_init(&all->lock, NULL) == 0;
}

void mcps__outlets_finish(struct outlets *all)
{
	pthread_mutex_destroy(&all->lock);
}

/* ---- one ---- */

/* False: the server is closing them. */
static bool enlist(struct outlets *all, struct outlet *outlet)
{
	bool is_open;

	pthread_mutex_lock(&all->lock);
	is_open = !all->is_closing;
	outlet->next = all->first;
	if (outlet->next != NULL)
		outlet->next->prev = outlet;
	all->first = outlet;
	all->count++;
	pthread_mutex_unlock(&all->lock);
	return is_open;
}

static void delist(struct outlets *all, struct outlet *outlet)
{
	pthread_mutex_lock(&all->lock);
	if (outlet->prev != NULL)
		outlet->prev->next = outlet->next;
	else
		all->first = outlet->next;
	if (outlet->next != NULL)
		outlet->next->prev = outlet->prev;
	all->count--;
	pthread_mutex_unlock(&all->lock);
}

/* ---- life ---- */

struct outlet *mcps__outlet_new(struct outlets *all, struct session *session,
                                const struct outlet_glue *glue, bool is_call,
                                bool polls, const struct event_id *after)
{
	struct outlet *outlet = mcps__calloc(1, sizeof *outlet);

	if (outlet == NULL)
		return NULL;
	if (pthread_mutex_init(&outlet->lock, NULL) != 0) {
		mcps__free(outlet);
		return NULL;
	}
	atomic_init(&outlet->refs, 1);
	outlet->all = all;
	outlet->session = session;
	outlet->glue = *glue;
	outlet->is_call = is_call;
	outlet->polls = polls;
	if (after != NULL)
		outlet->after = *after;
	outlet->haste = session->key[BEAT_KEY_AT] % BEAT_SPREAD;
	outlet->end = &outlet->first;
	outlet->wrote_ms = mcps__steady_ms(all->clock);
	if (!enlist(all, outlet))
		mcps__outlet_close(outlet);
	return outlet;
}

struct outlet *mcps__outlet_ref(struct outlet *outlet)
{
	atomic_fetch_add(&outlet->refs, 1);
	return outlet;
}

/* ---- how much its queue holds ---- */

void mcps__outlet_count_for(struct outlet *outlet, const struct caller *caller)
{
	struct memory_limit *answers = outlet->all->answers;

	if (answers == NULL || answers->most == 0)
		return;
	pthread_mutex_lock(&outlet->lock);
	outlet->of_caller = mcps__memory_limit_of(answers, caller);
	mcps__memory_limit_add(answers, outlet->of_caller, outlet->bytes);
	pthread_mutex_unlock(&outlet->lock);
}

static void add_bytes(struct outlet *outlet, size_t bytes)
{
	outlet->bytes += bytes;
	if (outlet->of_caller != NULL)
		mcps__memory_limit_add(outlet->all->answers, outlet->of_caller,
		                       bytes);
}

static void subtract_bytes(struct outlet *outlet, size_t bytes)
{
	outlet->bytes -= bytes;
	if (outlet->of_caller != NULL && bytes != 0)
		mcps__memory_limit_subtract(outlet->all->answers,
		                            outlet->of_caller, bytes);
}

/* Whether unread answers leave no room for an event of LENGTH bytes. The call
 * itself is always answered, as is what cannot be read again: looking for room
 * before the call began was enough. */
static bool lacks_memory(const struct outlet *outlet, const struct event_id *id,
                         size_t length)
{
	if (outlet->is_call || id->stream == 0 || outlet->of_caller == NULL ||
	    !mcps__memory_limit_is_scarce(outlet->all->answers) ||
	    outlet->bytes + length <= OUTLET_FREE_BYTES)
		return false;
	return mcps__memory_limit_check(outlet->all->answers, outlet->of_caller,
	                                outlet->bytes) != MCPS_OK;
}

static void drop_frames(struct outlet *outlet)
{
	struct outlet_frame *frame;

	while ((frame = outlet->first) != NULL) {
		outlet->first = frame->next;
		mcps__free(frame);
	}
	outlet->end = &outlet->first;
	outlet->count = 0;
	subtract_bytes(outlet, outlet->bytes);
	outlet->offset = 0;
}

void mcps__outlet_unref(struct outlet *outlet)
{
	if (outlet == NULL || atomic_fetch_sub(&outlet->refs, 1) != 1)
		return;
	drop_frames(outlet);
	if (outlet->refill_finish != NULL)
		outlet->refill_finish(outlet->refill_arg);
	pthread_mutex_destroy(&outlet->lock);
	mcps__free(outlet);
}

struct stream *mcps__outlet_cut_off(struct outlet *outlet)
{
	struct stream *stream;

	delist(outlet->all, outlet);
	pthread_mutex_lock(&outlet->lock);
	outlet->is_left = true;
	stream = outlet->stream;
	outlet->stream = NULL;
	drop_frames(outlet);
	pthread_mutex_unlock(&outlet->lock);
	return stream;
}

/* ---- putting in: under the lock ---- */

static void rouse(struct outlet *outlet)
{
	if (!outlet->is_asleep)
		return;
	outlet->is_asleep = false;
	outlet->glue.wake(outlet->glue.arg);
}

/* TEXT is finished. NULL: no memory for it. */
static struct outlet_frame *frame_make(struct buffer *text)
{
	struct outlet_frame *frame = NULL;

	if (!text->failed)
		frame = mcps__malloc(sizeof *frame + text->length);
	if (frame != NULL) {
		frame->next = NULL;
		frame->length = text->length;
		memcpy(frame->text, text->data, text->length);
	}
	mcps__buffer_finish(text);
	return frame;
}

/* RETRY_MS 0: it does not say when to come again. */
static struct outlet_frame *frame_event(const struct event_id *id,
                                        uint32_t retry_ms, const char *data,
                                        size_t length)
{
	struct buffer text = { 0 };

	mcps__event_write_first(&text, id, retry_ms, data, length);
	return frame_make(&text);
}

static struct outlet_frame *frame_retry(uint32_t milliseconds)
{
	struct buffer text = { 0 };

	mcps__event_write_retry(&text, milliseconds);
	return frame_make(&text);
}

/* The stream goes on, but not on this connection. */
static void end_early(struct outlet *outlet)
{
	outlet->phase = OUTLET_ENDING;
	outlet->is_cut = !outlet->polls;
}

/* Without memory, or beyond its bounds, the client has to come again. */
static bool queue(struct outlet *outlet, struct outlet_frame *frame)
{
	bool has_room = outlet->count < OUTLET_EVENTS_MAX &&
	                outlet->bytes < OUTLET_BYTES_MAX;

	if (!has_room)
		mcps__incident_note(outlet->all->incidents,
		                    INCIDENT_SLOW_READER);
	if (frame == NULL || !has_room) {
		mcps__free(frame);
		end_early(outlet);
		return false;
	}
	*outlet->end = frame;
	outlet->end = &frame->next;
	outlet->count++;
	add_bytes(outlet, frame->length);
	return true;
}

static bool is_open(const struct outlet *outlet)
{
	return !outlet->is_left && outlet->phase != OUTLET_ENDING;
}

static uint32_t usual_retry(const struct outlet *outlet)
{
	return outlet->polls
	               ? mcps__outlets_retry(outlet->all, outlet->session->key)
	               : 0;
}

/* The first event also says when to come again. */
static bool queue_event(struct outlet *outlet, const struct event_id *id,
                        const char *data, size_t length)
{
	uint32_t retry_ms = outlet->has_begun ? 0 : usual_retry(outlet);

	outlet->has_begun = true;
	return queue(outlet, frame_event(id, retry_ms, data, length));
}

/* A client that polls needs this to connect again: the id that it came with,
 * unless it has a newer one, and RETRY_MS, unless that is 0. */
static void queue_reconnect(struct outlet *outlet, uint32_t retry_ms)
{
	bool has_id = !outlet->has_begun && outlet->after.stream != 0;

	outlet->has_begun = true;
	if (has_id)
		(void)queue(outlet,
		            frame_event(&outlet->after, retry_ms, NULL, 0));
	else if (retry_ms != 0)
		(void)queue(outlet, frame_retry(retry_ms));
}

/* Under the lock. The last words say when to come again. */
static void close_now(struct outlet *outlet, uint32_t retry_ms)
{
	if (outlet->polls)
		queue_reconnect(outlet, retry_ms);
	end_early(outlet);
}

void mcps__outlet_push(struct outlet *outlet, const struct event_id *id,
                       const char *data, size_t length)
{
	pthread_mutex_lock(&outlet->lock);
	if (is_open(outlet) && (id->stream == 0 || id->seq > outlet->cursor)) {
		if (lacks_memory(outlet, id, length)) {
			mcps__incident_note(outlet->all->incidents,
			                    INCIDENT_ANSWERS);
			close_now(outlet, usual_retry(outlet));
		} else if (queue_event(outlet, id, data, length) &&
		           id->stream != 0)
			outlet->cursor = id->seq;
	}
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_begin(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	if (is_open(outlet) && outlet->polls && !outlet->has_begun) {
		queue_reconnect(outlet, usual_retry(outlet));
		rouse(outlet);
	}
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_rouse(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

bool mcps__outlet_doze(struct outlet *outlet)
{
	bool is_empty;

	pthread_mutex_lock(&outlet->lock);
	is_empty = outlet->first == NULL && !outlet->beats &&
	           outlet->phase != OUTLET_ENDING;
	outlet->is_asleep = is_empty;
	pthread_mutex_unlock(&outlet->lock);
	return is_empty;
}

void mcps__outlet_end(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->phase = OUTLET_ENDING;
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_close(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	if (is_open(outlet))
		close_now(outlet, usual_retry(outlet));
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_close_for(struct outlet *outlet, uint32_t retry_ms)
{
	pthread_mutex_lock(&outlet->lock);
	if (is_open(outlet))
		close_now(outlet, retry_ms);
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_want_refill(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->wants_refill = true;
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

void mcps__outlet_probe(struct outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->beats = true;
	rouse(outlet);
	pthread_mutex_unlock(&outlet->lock);
}

/* Have it beat if it is time; when it is next. Under its lock. */
static int64_t beat(struct outlet *outlet, int64_t now, int64_t silent_ms)
{
	int64_t after_ms = silent_ms - silent_ms / 256 * outlet->haste;

	if (now - outlet->wrote_ms < after_ms)
		return outlet->wrote_ms + after_ms;
	if (outlet->is_asleep) {
		outlet->beats = true;
		rouse(outlet);
	}
	return now + after_ms;
}

/* Who comes between two rounds is not due before the second. */
static void beat_all(struct outlets *all, int64_t now, int64_t silent_ms)
{
	int64_t next = now + silent_ms - silent_ms / 256 * BEAT_SPREAD;

	for (struct outlet *outlet = all->first; outlet != NULL;
	     outlet = outlet->next) {
		int64_t due;

		pthread_mutex_lock(&outlet->lock);
		due = beat(outlet, now, silent_ms);
		pthread_mutex_unlock(&outlet->lock);
		if (due < next)
			next = due;
	}
	all->beat_ms = next;
	if (all->beat_ms < now + silent_ms / BEAT_ROUNDS)
		all->beat_ms = now + silent_ms / BEAT_ROUNDS;
}

void mcps__outlets_beat(struct outlets *all, int64_t silent_ms)
{
	int64_t now = mcps__steady_ms(all->clock);

	pthread_mutex_lock(&all->lock);
	if (now >= all->beat_ms)
		beat_all(all, now, silent_ms);
	pthread_mutex_unlock(&all->lock);
}

/* Also a GET that has resumed the stream of a call. */
static bool carries_call(struct outlet *outlet)
{
	bool carries;

	pthread_mutex_lock(&outlet->lock);
	carries = outlet->is_call ||
	          (outlet->stream != NULL && outlet->stream->is_call);
	pthread_mutex_unlock(&outlet->lock);
	return carries;
}

void mcps__outlets_close_polled(struct outlets *all)
{
	pthread_mutex_lock(&all->lock);
	for (struct outlet *outlet = all->first; outlet != NULL;
	     outlet = outlet->next)
		if (outlet->polls && !carries_call(outlet))
			mcps__outlet_close(outlet);
	pthread_mutex_unlock(&all->lock);
}

void mcps__outlets_close_of(struct outlets *all, const void *daemon,
                            bool also_calls)
{
	pthread_mutex_lock(&all->lock);
	for (struct outlet *outlet = all->first; outlet != NULL;
	     outlet = outlet->next)
		if (atomic_load(&outlet->daemon) == daemon &&
		    (also_calls || !carries_call(outlet)))
			mcps__outlet_close(outlet);
	pthread_mutex_unlock(&all->lock);
}

void mcps__outlets_close(struct outlets *all)
{
	pthread_mutex_lock(&all->lock);
	all->is_closing = true;
	for (struct outlet *outlet = all->first; outlet != NULL;
	     outlet = outlet->next)
		mcps__outlet_close(outlet);
	pthread_mutex_unlock(&all->lock);
}

/* ---- taking out ---- */

static size_t take(struct outlet *outlet, char *out, size_t size)
{
	size_t written = 0;

	while (outlet->first != NULL && written < size) {
		struct outlet_frame *frame = outlet->first;
		size_t left = frame->length - outlet->offset;
		size_t now = left < size - written ? left : size - written;

		memcpy(out + written, frame->text + outlet->offset, now);
		written += now;
		outlet->offset += now;
		if (now < left)
			break;
		outlet->first = frame->next;
		if (outlet->first == NULL)
			outlet->end = &outlet->first;
		outlet->count--;
		subtract_bytes(outlet, frame->length);
		outlet->offset = 0;
		mcps__free(frame);
	}
	return written;
}

/* Also the first bytes of a stream that has no event to begin with: proxies
 * keep the head until one comes. */
static size_t take_comment(struct outlet *outlet, char *out, size_t size)
{
	static const char comment[] = EVENT_COMMENT;

	if ((!outlet->beats && outlet->has_written) ||
	    size < sizeof comment - 1)
		return 0;
	memcpy(out, comment, sizeof comment - 1);
	return sizeof comment - 1;
}

/* One look, under the lock. True: the queue is to be filled, then look again.
 */
static bool look(struct outlet *outlet, char *out, size_t size,
                 ptrdiff_t *result)
{
	*result = (ptrdiff_t)take(outlet, out, size);
	if (*result == 0)
		*result = (ptrdiff_t)take_comment(outlet, out, size);
	if (*result != 0) {
		outlet->beats = false;
		outlet->has_written = true;
		outlet->wrote_ms = mcps__steady_ms(outlet->all->clock);
		return false;
	}
	if (outlet->phase == OUTLET_ENDING) {
		*result = outlet->is_cut ? OUTLET_CUT : OUTLET_OVER;
		return false;
	}
	if (outlet->wants_refill) {
		outlet->wants_refill = false;
		return true;
	}
	outlet->is_asleep = true;
	outlet->glue.sleep(outlet->glue.arg);
	*result = OUTLET_ASLEEP;
	return false;
}

bool mcps__outlet_read_all(struct outlet *outlet, struct buffer *out)
{
	bool is_whole;

	pthread_mutex_lock(&outlet->lock);
	is_whole = outlet->phase == OUTLET_ENDING && !outlet->is_cut &&
	           outlet->first != NULL && outlet->bytes <= OUTLET_WHOLE_MAX &&
	           mcps__buffer_reserve(out, outlet->bytes - outlet->offset);
	if (is_whole)
		out->length += take(outlet, out->data + out->length,
		                    outlet->bytes - outlet->offset);
	pthread_mutex_unlock(&outlet->lock);
	return is_whole;
}

ptrdiff_t mcps__outlet_read(struct outlet *outlet, char *out, size_t size)
{
	ptrdiff_t result;
	bool again;

	do {
		pthread_mutex_lock(&outlet->lock);
		again = look(outlet, out, size, &result);
		pthread_mutex_unlock(&outlet->lock);
		if (again)
			outlet->refill(outlet);
	} while (again);
	return result;
}
