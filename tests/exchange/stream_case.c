#include "exchange/stream_case.h"

#include <mcps/state.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the tools do while they run. */
void (*meanwhile)(mcps_call *call);

static mcps_status run_talk(mcps_call *call, const void *args)
{
	(void)args;
	if (meanwhile != NULL)
		meanwhile(call);
	return mcps_cancelled(call) ? MCPS_E_CANCELLED
	                            : mcps_text(call, "said");
}

static mcps_status run_count(mcps_call *call, const void *args)
{
	int64_t sum;
	mcps_status status = mcps_state_add(call, "n", 1, &sum);

	(void)args;
	if (status == MCPS_OK && meanwhile != NULL)
		meanwhile(call);
	return status == MCPS_OK ? mcps_text(call, "%d", (int)sum) : status;
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool), .name = "talk", .run = run_talk },
	{ .size = sizeof(mcps_tool), .name = "count", .run = run_count },
	{ .size = sizeof(mcps_tool),
	  .name = "quick",
	  .run = run_talk,
	  .quick = true },
	{ .name = NULL }
};

void start_streams(const struct harness_options *options)
{
	struct harness_options all = *options;

	meanwhile = NULL;
	all.tools = tools;
	all.is_manual = true;
	harness_init(&harness, &all);
	the_id = case_begin_with("2025-11-25");
}

void streams_set_up(void)
{
	start_streams(&(const struct harness_options){ .page_size = 0 });
}

/* ---- events ---- */

/* What was read of streams, event by event. */
struct event events[EVENTS_MAX];
int event_count;
unsigned retry_ms;
static unsigned heartbeats;

static char *take_line(char **rest)
{
	char *line = *rest;
	char *end = strchr(line, '\n');

	ck_assert_ptr_nonnull(end);
	*end = '\0';
	*rest = end + 1;
	return line;
}

static void take_event(char **rest)
{
	bool has_data = false;
	char *line;

	events[event_count].id[0] = '\0';
	events[event_count].retry_ms = 0;
	while (*(line = take_line(rest)) != '\0') {
		if (strncmp(line, "id: ", 4) == 0) {
			strcpy(events[event_count].id, line + 4);
		} else if (strncmp(line, "data: ", 6) == 0) {
			ck_assert(!has_data);
			has_data = true;
			events[event_count].data = line + 6;
		} else if (strncmp(line, "retry: ", 7) == 0) {
			retry_ms = (unsigned)atoi(line + 7);
			events[event_count].retry_ms = retry_ms;
		} else {
			ck_assert_str_eq(line, ":"); /* between events */
			ck_assert(!has_data);
			ck_assert_str_eq(events[event_count].id, "");
			heartbeats++;
			return;
		}
	}
	event_count += has_data;
	ck_assert_int_lt(event_count, EVENTS_MAX);
}

int parse_events(const char *text)
{
	char *rest = harness_keep(&harness, strdup(text));

	event_count = 0;
	retry_ms = 0;
	heartbeats = 0;
	while (*rest != '\0')
		take_event(&rest);
	return event_count;
}

void check_event(int n, const char *data)
{
	ck_assert_int_lt(n, event_count);
	ck_assert_str_eq(events[n].data, data);
}

void check_nothing_new(struct flight *flight, const char *id)
{
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	ck_assert_str_eq(events[0].id, id);
}

/* Of one stream, from FIRST on without a gap. */
void check_ids(int first)
{
	for (int n = 0; n < event_count; n++) {
		ck_assert_uint_gt(strlen(events[n].id), 17);
		ck_assert_int_eq(strncmp(events[n].id, events[0].id, 17), 0);
		ck_assert_int_eq(atoi(events[n].id + 17), first + n);
	}
}

const char *keep_id(int n)
{
	return harness_keep(&harness, strdup(events[n].id));
}

const char *last_id(const char *id)
{
	char *line = malloc(64);

	ck_assert_ptr_nonnull(line);
	snprintf(line, 64, "Last-Event-ID: %s\n", id);
	return harness_keep(&harness, line);
}

/* ---- requests ---- */

struct flight *open_get(const char *headers)
{
	struct flight *flight = SEND(&harness, .caller = "alice", .id = the_id,
	                             .method = "GET", .headers = headers);

	harness_open_stream(flight);
	return flight;
}

struct flight *resume_after(const char *id)
{
	return open_get(last_id(id));
}

struct flight *send_call(const char *body)
{
	return case_send(the_id, body);
}

/* Let the call run, and read all of its answer. */
struct answer finish_call(struct flight *flight)
{
	ck_assert(harness_work(&harness));
	return harness_receive(flight);
}

void tells(mcps_call *c)
{
	mcps_progress(c, 1, 0, NULL);
}

void tells_thrice(mcps_call *c)
{
	for (int i = 1; i <= 3; i++)
		mcps_progress(c, i, 0, NULL);
}

bool say_to_session(struct buffer *message, unsigned how)
{
	struct stream *stream;
	struct session *session;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct principal *alice =
		mcps__principal_new("https://issuer.test", "alice");
	bool is_taken;

	mcps__sessions_key(&harness.sessions, key, alice, the_id,
	                   strlen(the_id));
	mcps__principal_unref(alice);
	ck_assert_int_eq(mcps__sessions_find(&harness.sessions, key, &session),
	                 FOUND_LIVE);
	stream = mcps__session_main_stream(session);
	is_taken = stream != NULL && mcps__stream_append(stream, message, how);
	mcps__buffer_finish(message);
	mcps__stream_unref(stream);
	mcps__session_unref(session);
	return is_taken;
}

bool say_text(const char *text)
{
	struct buffer message = { 0 };

	mcps__buffer_add_text(&message, text);
	return say_to_session(&message, 0);
}
