#define _GNU_SOURCE
#include "functional/admit_case.h"

#include <check.h>
#include <mcps/store.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

mcps_server *admit_server;
char admit_store[256];

const char *admit_find_header(void *arg, const char *name)
{
	const struct request *self = arg;

	if (strcasecmp(name, "Host") == 0)
		return self->host != NULL ? self->host : "localhost";
	if (strcasecmp(name, "Content-Type") == 0)
		return "application/json";
	if (strcasecmp(name, "Accept") == 0)
		return "application/json, text/event-stream";
	if (strcasecmp(name, "Mcp-Session-Id") == 0)
		return self->session_id;
	if (strcasecmp(name, "MCP-Protocol-Version") == 0)
		return self->version;
	if (strcasecmp(name, "X-Forwarded-For") == 0)
		return self->forwarded_for;
	return strcasecmp(name, "Authorization") == 0 ? self->token : NULL;
}

static void on_park(void *arg)
{
	struct request *self = arg;

	pthread_mutex_lock(&self->lock);
	self->parks++;
	pthread_mutex_unlock(&self->lock);
}

void admit_on_done(void *arg)
{
	struct request *self = arg;

	pthread_mutex_lock(&self->lock);
	self->dones++;
	pthread_cond_signal(&self->woken);
	pthread_mutex_unlock(&self->lock);
}

mcps_status admit_await(struct request *self, mcps_status status)
{
	while (status == MCPS_LATER) {
		pthread_mutex_lock(&self->lock);
		while (self->dones < self->parks)
			pthread_cond_wait(&self->woken, &self->lock);
		pthread_mutex_unlock(&self->lock);
		status = mcps_admission_resume(self->admission);
	}
	return status;
}

mcps_status admit_ask(struct request *self)
{
	const struct mcps_admit_view view = {
		.size = sizeof view,
		.method = self->method != NULL ? self->method : "POST",
		.body = self->body,
		.length = self->body != NULL ? strlen(self->body) : 0,
		.peer = self->peer,
		.subject = self->subject,
		.header = admit_find_header,
		.park = on_park,
		.done = admit_on_done,
		.arg = self,
	};

	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->woken, NULL);
	return mcps_admit(&self->admission, admit_server, &view);
}

enum mcps_admission_result admit_run(struct request *self)
{
	ck_assert_int_eq(admit_await(self, admit_ask(self)), MCPS_OK);
	return mcps_admission_get_result(self->admission);
}

void admit_finish(struct request *self)
{
	mcps_admission_free(self->admission);
	ck_assert_uint_eq(self->parks, self->dones);
	pthread_cond_destroy(&self->woken);
	pthread_mutex_destroy(&self->lock);
}

const char *admit_header(struct request *self, const char *name)
{
	const struct mcps_header *each =
		mcps_admission_headers(self->admission);

	for (; each->name != NULL; each++)
		if (strcmp(each->name, name) == 0)
			return each->value;
	return NULL;
}

void admit_assert_answer(struct request *self, int status, const char *body)
{
	size_t length;
	const char *text;

	ck_assert_int_eq(admit_run(self), MCPS_ADMISSION_ANSWER);
	ck_assert_int_eq(mcps_admission_status(self->admission), status);
	text = mcps_admission_body(self->admission, &length);
	if (body == NULL)
		ck_assert_uint_eq(length, 0);
	else
		ck_assert_msg(memmem(text, length, body, strlen(body)) != NULL,
		              "%.*s", (int)length, text);
	admit_finish(self);
}

char *admit_open_with(struct request self)
{
	char *out;

	ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_INITIALIZE);
	ck_assert_int_eq(
		admit_await(&self, mcps_admission_open_session(self.admission)),
		MCPS_OK);
	ck_assert_int_eq(mcps_admission_get_result(self.admission),
	                 MCPS_ADMISSION_OPENED);
	out = strdup(admit_header(&self, "Mcp-Session-Id"));
	admit_finish(&self);
	return out;
}

char *admit_open_session(const char *subject, const char *id)
{
	return admit_open_with((struct request){
		.body = INITIALIZE, .subject = subject, .session_id = id });
}

struct mcps_session_view admit_serve(struct request *self)
{
	struct mcps_session_view session;

	ck_assert_int_eq(admit_run(self), MCPS_ADMISSION_SERVE);
	ck_assert(mcps_admission_session(self->admission, &session));
	ck_assert_int_eq(mcps_admission_status(self->admission), 200);
	return session;
}

void admit_start_with(mcps_auth_fn auth)
{
	struct mcps_error error = { MCPS_OK, "" };

	admit_server = mcps_server_new("admit", "1");
	mcps_server_set_store(admit_server, admit_store);
	mcps_server_set_auth(admit_server, auth, NULL);
	ck_assert_msg(mcps_server_start(admit_server, &error) == MCPS_OK, "%s",
	              error.text);
}

void admit_set_up(void)
{
	strcpy(admit_store, "memory:");
	admit_start_with(NULL);
}

void admit_tear_down(void)
{
	ck_assert(mcps_server_drain(admit_server, 60000));
	mcps_server_free(admit_server);
}
