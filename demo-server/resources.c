/* Resources and a prompt: the counter of the session, to read and to subscribe
 * to; greetings by a template; and a prompt whose language is completed. */
#include "tools.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <string.h>

/* ---- the counter ---- */

static mcps_status read_counter(mcps_call *call, const char *uri)
{
	struct json_object *count = NULL;
	mcps_status status = mcps_state_get(call, "count", &count);

	(void)uri;
	if (status == MCPS_E_NO_STATE)
		return mcps_text(call, "0");
	if (status != MCPS_OK)
		return status;
	status = mcps_text(call, "%s", json_object_get_string(count));
	json_object_put(count);
	return status;
}

/* ---- greetings ---- */

static const struct {
	const char *name, *words;
} languages[] = {
	{ "english", "Hello" }, { "estonian", "Tere" }, { "french", "Bonjour" },
	{ "german", "Hallo" },  { "italian", "Ciao" },  { "spanish", "Hola" },
};

enum { LANGUAGES = sizeof languages / sizeof languages[0] };

/* NULL: it is not known. */
static const char *words_of(const char *language)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (strcmp(languages[i].name, language) == 0)
			return languages[i].words;
	return NULL;
}

static mcps_status read_greeting(mcps_call *call, const char *uri)
{
	const char *words = words_of(mcps_call_param(call, "language"));

	(void)uri;
	if (words == NULL)
		return MCPS_E_NO_RESOURCE;
	return mcps_text(call, "%s, %s!", words, mcps_call_param(call, "name"));
}

static mcps_status complete_language(mcps_call *call, const char *name,
                                     const char *value)
{
	if (strcmp(name, "language") != 0)
		return MCPS_OK;
	for (size_t i = 0; i < LANGUAGES; i++) {
		mcps_status status = MCPS_OK;

		if (strncmp(languages[i].name, value, strlen(value)) == 0)
			status = mcps_suggest(call, languages[i].name);
		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

static mcps_status greet(mcps_call *call)
{
	const char *language = mcps_call_param(call, "language");

	return mcps_text(call, "Greet %s warmly, in %s.",
	                 mcps_call_param(call, "name"),
	                 language != NULL ? language : "english");
}

void add_resources(mcps_server *server)
{
	static const mcps_argument arguments[] = {
		{ .name = "name",
		  .description = "Whom to greet",
		  .required = true },
		{ .name = "language",
		  .description = "In which language; english" },
		MCPS_ARGUMENTS_END
	};

	mcps_add_resource(server, .uri = COUNTER_URI, .name = "counter",
	                  .title = "Counter",
	                  .description = "What count of this session is at",
	                  .mime_type = "text/plain", .read = read_counter);
	mcps_add_template(server,
	                  .uri_template = "greeting://{language}/{name}",
	                  .name = "greeting", .title = "Greeting",
	                  .description = "A greeting in one of some languages",
	                  .mime_type = "text/plain", .read = read_greeting,
	                  .complete = complete_language, .quick = true);
	mcps_add_prompt(server, .name = "greet", .title = "Greet",
	                .description = "Greet somebody in a language",
	                .arguments = arguments, .run = greet,
	                .complete = complete_language, .quick = true);
}
