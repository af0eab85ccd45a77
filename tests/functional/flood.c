#include "functional/flood.h"

#include "functional/wire_server.h"

#include <check.h>
#include <mcps/call.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the tool: says COUNT messages, each after a word if it WAITS ---- */

struct flood {
	int64_t count;
	int64_t size;
	bool waits;
};

static const mcps_field flood_fields[] = {
	MCPS_FIELD(struct flood, count, "How many messages"),
	MCPS_FIELD(struct flood, size, "Bytes of each"),
	MCPS_FIELD(struct flood, waits, "Whether each waits for a word"),
	MCPS_FIELDS_END
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned words; /* given and not taken */
	bool is_released;
	unsigned ended; /* calls that have said all */
	char text[FLOOD_SIZE + 1];
} tool = { .lock = PTHREAD_MUTEX_INITIALIZER,
	   .changed = PTHREAD_COND_INITIALIZER };

/* False: the test is over. */
static bool take_word(void)
{
	bool goes_on;

	pthread_mutex_lock(&tool.lock);
	while (tool.words == 0 && !tool.is_released)
		pthread_cond_wait(&tool.changed, &tool.lock);
	goes_on = !tool.is_released;
	tool.words -= goes_on;
	pthread_mutex_unlock(&tool.lock);
	return goes_on;
}

void flood_give_words(unsigned count)
{
	pthread_mutex_lock(&tool.lock);
	tool.words += count;
	pthread_cond_broadcast(&tool.changed);
	pthread_mutex_unlock(&tool.lock);
}

static mcps_status run_flood(mcps_call *call, const void *args)
{
	const struct flood *in = args;

	for (int i = 1; i <= in->count; i++) {
		if (in->waits && !take_word())
			break;
		mcps_notify_log(call, MCPS_SEVERITY_INFO, NULL, "%d %.*s", i,
		                (int)in->size, tool.text);
	}
	pthread_mutex_lock(&tool.lock);
	tool.ended++;
	pthread_cond_broadcast(&tool.changed);
	pthread_mutex_unlock(&tool.lock);
	return mcps_text(call, "said");
}

void flood_wait_ended(unsigned count)
{
	struct timespec at;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += WIRE_DEADLINE_S;
	pthread_mutex_lock(&tool.lock);
	while (tool.ended < count && result == 0)
		result = pthread_cond_timedwait(&tool.changed, &tool.lock, &at);
	pthread_mutex_unlock(&tool.lock);
	ck_assert_msg(result == 0, "those who speak are held up");
}

static mcps_status read_topic(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "nothing");
}

static void add_tools(mcps_server *server)
{
	mcps_add_tool(server, struct flood, .name = "flood",
	              .fields = flood_fields, .run = run_flood);
	mcps_add_template(server, .uri_template = "topic:{+text}",
	                  .name = "topic", .read = read_topic);
}

void flood_add(void)
{
	tool.words = tool.ended = 0;
	tool.is_released = false;
	memset(tool.text, 'x', FLOOD_SIZE);
	wire_add(add_tools);
}

void flood_release(void)
{
	pthread_mutex_lock(&tool.lock);
	tool.is_released = true;
	pthread_cond_broadcast(&tool.changed);
	pthread_mutex_unlock(&tool.lock);
}

/* ---- readers ---- */

static void check_message(struct reader *reader, const char *message)
{
	const char *found = strstr(message, "\"data\":\"");

	reader->number++;
	if (found != NULL)
		ck_assert_int_eq(atoi(found + 8), reader->number);
	else /* of no call: URIs in turn */
		ck_assert_int_eq(atoi(strstr(message, "topic:") + 6),
		                 reader->number % FLOOD_TOPICS);
}

/* Each once, and in order. */
static void hear(void *arg, const char *message)
{
	struct reader *reader = arg;

	ck_assert(!reader->is_answered);
	if (strstr(message, "\"method\":") != NULL) {
		check_message(reader, message);
		return;
	}
	ck_assert_ptr_nonnull(strstr(message, "\"said\""));
	reader->is_answered = true;
}

void reader_call(struct reader *reader, int count, int size, bool waits)
{
	char body[512];

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	         "\"params\":{\"name\":\"flood\",\"arguments\":{\"count\":%d,"
	         "\"size\":%d,\"waits\":%s}}}",
	         count, size, waits ? "true" : "false");
	answer_begin(&reader->answer, hear, reader);
	wire_post(&reader->wire, reader->session.lines, body);
}

void reader_get(struct reader *reader)
{
	char request[1024];
	const char *last = reader->answer.id;

	snprintf(request, sizeof request,
	         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	         "Accept: text/event-stream\r\n%s%s%s%s\r\n",
	         reader->session.lines,
	         last[0] != '\0' ? "Last-Event-ID: " : "", last,
	         last[0] != '\0' ? "\r\n" : "");
	answer_begin(&reader->answer, hear, reader);
	wire_text(&reader->wire, request);
}

/* Some more, once it is there. False: the connection is over. */
bool reader_read(struct reader *reader, size_t most)
{
	struct pollfd ready = { reader->wire.fd, POLLIN, 0 };

	ck_assert_int_eq(poll(&ready, 1, WIRE_DEADLINE_S * 1000), 1);
	return answer_receive(&reader->answer, reader->wire.fd, most) &&
	       reader->answer.stage != ANSWER_DONE;
}

void reader_come_back(struct reader *reader)
{
	wire_close(&reader->wire);
	reader->comes++;
	reader->wire = wire_open(wire_port());
	reader_get(reader);
}

/* Read to the end of the call, whatever it takes. */
void reader_read_call(struct reader *reader)
{
	while (!reader->is_answered)
		if (!reader_read(reader, SIZE_MAX) && !reader->is_answered)
			reader_come_back(reader);
}

void reader_read_up_to(struct reader *reader, int number)
{
	while (reader->number < number)
		if (!reader_read(reader, SIZE_MAX) && reader->number < number)
			reader_come_back(reader);
}

/* ---- messages of no call ---- */

static void write_topic(char *out, size_t size, int number)
{
	snprintf(out, size, "topic:%d.%s", number % FLOOD_TOPICS, tool.text);
}

void reader_subscribe(const struct reader *reader)
{
	char uri[FLOOD_SIZE + 32], body[FLOOD_SIZE + 256];

	for (int i = 0; i < FLOOD_TOPICS; i++) {
		write_topic(uri, sizeof uri, i);
		snprintf(body, sizeof body,
		         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/"
		         "subscribe\",\"params\":{\"uri\":\"%s\"}}",
		         uri);
		ck_assert_int_eq(wire_once(reader->session.lines, body).status,
		                 200);
	}
}

/* With a write that comes after all the others. */
void flood_wait_stored(void)
{
	(void)wire_session_of("writer");
}

/* Of what is said faster than it is stored some may be left out. */
void flood_tell_topics(int first, int count)
{
	char uri[FLOOD_SIZE + 32];

	for (int i = first; i < first + count; i++) {
		write_topic(uri, sizeof uri, i);
		mcps_resource_updated(wire_server(), uri);
		if (i % 100 == 0)
			flood_wait_stored();
	}
}

void reader_read_drops(struct reader *reader, int count)
{
	for (int i = 0; i < count; i++)
		ck_assert(reader_read(reader, 1));
}

/* Up to the event that only has an id. */
void reader_read_head(struct reader *reader)
{
	while (reader->answer.id[0] == '\0')
		ck_assert(reader_read(reader, 1));
}
