#include "stream/sse_frame.h"

#include "base/memory.h"

#include <string.h>

/* TEXT is finished. NULL: no memory for it. */
static struct sse_frame *frame_make(struct buffer *text)
{
	struct sse_frame *frame = NULL;

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

struct sse_frame *mcps__frame_event(const struct event_id *id,
                                    uint32_t retry_ms, const char *data,
                                    size_t length)
{
	struct buffer text = { 0 };

	mcps__event_write_first(&text, id, retry_ms, data, length);
	return frame_make(&text);
}

struct sse_frame *mcps__frame_retry(uint32_t milliseconds)
{
	struct buffer text = { 0 };

	mcps__event_write_retry(&text, milliseconds);
	return frame_make(&text);
}

struct sse_frame *mcps__frame_outcome(struct reply_id id)
{
	const struct event_id none = { 0, 0 };
	struct sse_frame *frame = NULL;
	struct buffer message = { 0 };

	mcps__reply_outcome(&message, id, NULL);
	if (!message.failed)
		frame = mcps__frame_event(&none, 0, message.data,
		                          message.length);
	mcps__buffer_finish(&message);
	return frame;
}
