/* An auth hook of the program's own: it asks another service, which takes a
 * while, so it answers later, from a thread of its own. Here the service is a
 * table, with a thread that looks into it.
 *
 *     cc auth.c $(pkg-config --cflags --libs mcps-app) -pthread -o auth
 *
 * Then: Authorization: Bearer ann-secret
 */
#include <mcps/mcps.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A real service keeps hashes of tokens, or checks signatures. */
static const struct {
	const char *token, *subject, *scope;
} people[] = {
	{ "ann-secret", "ann", "shout" },
	{ "bob-secret", "bob", NULL },
};

enum { PEOPLE = sizeof people / sizeof *people, VERDICT_S = 60 };

struct question {
	mcps_grant *grant;
	char token[256];
};

/* MCPS_E_AUTH is 401. The answer is believed for a minute: until then nobody
 * asks about the same token again. */
static mcps_status decide(mcps_grant *grant, const char *token)
{
	mcps_status status = MCPS_E_AUTH;

	for (int i = 0; i < PEOPLE; i++) {
		if (strcmp(people[i].token, token) != 0)
			continue;
		status = mcps_grant_subject(grant, "https://issuer.example",
		                            people[i].subject);
		if (status == MCPS_OK && people[i].scope != NULL)
			status = mcps_grant_scope(grant, people[i].scope);
		if (status == MCPS_OK)
			status = mcps_grant_expires(grant, (int64_t)time(NULL) +
			                                           VERDICT_S);
	}
	return status;
}

static void *answer(void *arg)
{
	struct question *question = arg;

	/* Exactly once. Without it the request gets 503 after 30 s. */
	mcps_grant_finish(question->grant,
	                  decide(question->grant, question->token));
	free(question);
	return NULL;
}

/* On a network thread: it must not block. The request is gone when it has
 * returned, so what is needed of it is copied. */
static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	const char *token = mcps_request_bearer(request);
	struct question *question;
	pthread_t thread;

	(void)arg;
	if (token == NULL || strlen(token) >= sizeof question->token)
		return MCPS_E_AUTH;
	question = malloc(sizeof *question);
	if (question == NULL)
		return MCPS_E_NOMEM;
	question->grant = grant;
	strcpy(question->token, token);
	if (pthread_create(&thread, NULL, answer, question) != 0) {
		free(question);
		return MCPS_E_BUSY;
	}
	pthread_detach(thread);
	return MCPS_LATER;
}

static mcps_status greet(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "Hello, %s!", mcps_call_principal(call));
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("auth", "1.0.0");
	static const mcps_field none[] = { MCPS_FIELDS_END };

	mcps_server_set_auth(server, identify, NULL);
	mcps_add_tool(server, char, .name = "greet", .fields = none,
	              .run = greet);
	/* Without the scope: 403, and a challenge that names it. */
	mcps_add_tool(server, char, .name = "shout", .fields = none,
	              .run = greet, .scopes = "shout");
	return mcps_main(server, argc, argv);
}
