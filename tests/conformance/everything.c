/* The server that the official conformance suite is run against: whatever it
 * asks a server to offer, on the public API alone. What needs a question to
 * the client is not here yet.
 *
 *   tests/conformance/everything --listen 127.0.0.1:PORT --store URL */
#include <mcps/mcps.h>
#include <stdio.h>
#include <time.h>

/* The smallest image and sound there are. */
static const unsigned char png[] = {
	0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d,
	'I',  'H',  'D',  'R',  0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
	0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15, 0xc4, 0x89, 0x00, 0x00, 0x00,
	0x0d, 'I',  'D',  'A',  'T',  0x78, 0xda, 0x63, 0xfc, 0xcf, 0xc0, 0xf0,
	0x1f, 0x00, 0x05, 0x05, 0x02, 0x00, 0x5f, 0xc8, 0xf1, 0xd2, 0x00, 0x00,
	0x00, 0x00, 'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82
};
static const unsigned char wav[] = {
	'R',  'I',  'F',  'F',  0x26, 0x00, 0x00, 0x00, 'W',  'A',  'V',
	'E',  'f',  'm',  't',  ' ',  0x10, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x01, 0x00, 0x40, 0x1f, 0x00, 0x00, 0x00, 0x7d, 0x00, 0x00, 0x02,
	0x00, 0x10, 0x00, 'd',  'a',  't',  'a',  0x02, 0x00, 0x00, 0x00
};

static void pause_ms(long milliseconds)
{
	const struct timespec time = { 0, milliseconds * 1000000 };

	nanosleep(&time, NULL);
}

/* ---- tools --------------------------------------------------------------- */

struct nothing {
	char unused;
};

static mcps_status simple_text(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "This is a simple text response for testing.");
}

static mcps_status image_content(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_image(call, png, sizeof png, "image/png");
}

static mcps_status audio_content(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_audio(call, wav, sizeof wav, "audio/wav");
}

static mcps_status embedded_resource(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_resource_text(call, "test://embedded-resource",
	                          "text/plain",
	                          "This is an embedded resource content.");
}

static mcps_status multiple_content_types(mcps_call *call, const void *args)
{
	mcps_status status = mcps_text(call, "Multiple content types test:");

	(void)args;
	if (status == MCPS_OK)
		status = mcps_image(call, png, sizeof png, "image/png");
	if (status == MCPS_OK)
		status = mcps_resource_text(
			call, "test://mixed-content-resource",
			"application/json",
			"{\"test\":\"data\",\"value\":123}");
	return status;
}

static mcps_status error_handling(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_fail(call, "This tool intentionally returns an error for "
	                       "testing");
}

static mcps_status tool_with_logging(mcps_call *call, const void *args)
{
	(void)args;
	mcps_notify_log(call, MCPS_SEVERITY_INFO, NULL,
	                "Tool execution started");
	pause_ms(50);
	mcps_notify_log(call, MCPS_SEVERITY_INFO, NULL, "Tool processing data");
	pause_ms(50);
	mcps_notify_log(call, MCPS_SEVERITY_INFO, NULL,
	                "Tool execution completed");
	return mcps_text(call, "Three messages were logged.");
}

static mcps_status tool_with_progress(mcps_call *call, const void *args)
{
	(void)args;
	mcps_progress(call, 0, 100, "%s", "begun");
	pause_ms(50);
	mcps_progress(call, 50, 100, "%s", "half done");
	pause_ms(50);
	mcps_progress(call, 100, 100, "%s", "done");
	return mcps_text(call, "Three steps were told.");
}

static mcps_status reconnection(mcps_call *call, const void *args)
{
	(void)args;
	mcps_disconnect(call, 500);
	pause_ms(100);
	return mcps_text(call, "The client came back.");
}

/* Published word for word; the suite never calls it. */
static const char schema_2020_12[] =
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	"\"type\":\"object\",\"$defs\":{\"address\":{\"$anchor\":"
	"\"addressDef\",\"type\":\"object\",\"properties\":{\"street\":{"
	"\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"
	"\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{\"$ref\":"
	"\"#/$defs/address\"},\"contactMethod\":{\"type\":\"string\",\"enum\":["
	"\"phone\",\"email\"]},\"phone\":{\"type\":\"string\"},\"email\":{"
	"\"type\":\"string\"}},\"allOf\":[{\"anyOf\":[{\"required\":["
	"\"phone\"]},{\"required\":[\"email\"]}]}],\"if\":{\"properties\":{"
	"\"contactMethod\":{\"const\":\"phone\"}},\"required\":["
	"\"contactMethod\"]},\"then\":{\"required\":[\"phone\"]},\"else\":{"
	"\"required\":[\"email\"]},\"additionalProperties\":false}";

static mcps_status schema_tool(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "Called.");
}

static void add_tools(mcps_server *server)
{
	static const struct {
		const char *name, *description;
		mcps_tool_fn run;
	} tools[] = {
		{ "test_simple_text", "Returns a text", simple_text },
		{ "test_image_content", "Returns an image", image_content },
		{ "test_audio_content", "Returns a sound", audio_content },
		{ "test_embedded_resource", "Returns an embedded resource",
		  embedded_resource },
		{ "test_multiple_content_types", "Returns three kinds at once",
		  multiple_content_types },
		{ "test_tool_with_logging", "Logs three messages",
		  tool_with_logging },
		{ "test_tool_with_progress", "Tells its progress three times",
		  tool_with_progress },
		{ "test_error_handling", "Fails", error_handling },
		{ "test_reconnection", "Closes its stream, then goes on",
		  reconnection },
	};

	for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
		mcps_add_tool(server, struct nothing, .name = tools[i].name,
		              .description = tools[i].description,
		              .run = tools[i].run);
	mcps_add_tool(server, struct nothing,
	              .name = "json_schema_2020_12_tool",
	              .description = "Has a schema of many words",
	              .input_schema = schema_2020_12, .validates_itself = true,
	              .run = schema_tool);
}

/* ---- resources ----------------------------------------------------------- */

static mcps_status template_data(mcps_call *call, const char *uri)
{
	const char *id = mcps_call_param(call, "id");

	(void)uri;
	return mcps_text(call,
	                 "{\"id\":\"%s\",\"templateTest\":true,\"data\":"
	                 "\"Data for ID: %s\"}",
	                 id, id);
}

static void add_resources(mcps_server *server)
{
	mcps_add_resource(
		server, .uri = "test://static-text", .name = "static-text",
		.description = "A text", .mime_type = "text/plain",
		.text = "This is the content of the static text resource.");
	mcps_add_resource(server, .uri = "test://static-binary",
	                  .name = "static-binary", .description = "An image",
	                  .mime_type = "image/png", .bytes = png,
	                  .length = sizeof png);
	mcps_add_resource(server, .uri = "test://watched-resource",
	                  .name = "watched-resource",
	                  .description = "One to subscribe to",
	                  .mime_type = "text/plain",
	                  .text = "This resource can be watched.");
	mcps_add_template(
		server, .uri_template = "test://template/{id}/data",
		.name = "template-data", .description = "Data of an id",
		.mime_type = "application/json", .read = template_data);
}

/* ---- prompts ------------------------------------------------------------- */

static mcps_status simple_prompt(mcps_call *call)
{
	return mcps_text(call, "This is a simple prompt for testing.");
}

static mcps_status prompt_with_arguments(mcps_call *call)
{
	return mcps_text(call, "Prompt with arguments: arg1='%s', arg2='%s'",
	                 mcps_call_param(call, "arg1"),
	                 mcps_call_param(call, "arg2"));
}

static mcps_status complete(mcps_call *call, const char *name,
                            const char *value)
{
	static const char *const endings[] = { "", "-one", "-two" };
	char text[128];

	(void)name;
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		mcps_status status;

		snprintf(text, sizeof text, "%.100s%s", value, endings[i]);
		status = mcps_suggest(call, text);
		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

static mcps_status prompt_with_resource(mcps_call *call)
{
	mcps_status status = mcps_resource_text(
		call, mcps_call_param(call, "resourceUri"), "text/plain",
		"Embedded resource content for testing.");

	if (status != MCPS_OK)
		return status;
	return mcps_text(call, "Please process the embedded resource above.");
}

static mcps_status prompt_with_image(mcps_call *call)
{
	mcps_status status = mcps_image(call, png, sizeof png, "image/png");

	if (status != MCPS_OK)
		return status;
	return mcps_text(call, "Please analyze the image above.");
}

static void add_prompts(mcps_server *server)
{
	static const mcps_argument two[] = {
		{ .name = "arg1",
		  .description = "The first argument",
		  .required = true },
		{ .name = "arg2",
		  .description = "The second argument",
		  .required = true },
		MCPS_ARGUMENTS_END
	};
	static const mcps_argument uri[] = {
		{ .name = "resourceUri",
		  .description = "The URI of the resource to embed",
		  .required = true },
		MCPS_ARGUMENTS_END
	};

	mcps_add_prompt(server, .name = "test_simple_prompt",
	                .description = "A prompt without arguments",
	                .run = simple_prompt);
	mcps_add_prompt(server, .name = "test_prompt_with_arguments",
	                .description = "A prompt with two arguments",
	                .arguments = two, .run = prompt_with_arguments,
	                .complete = complete);
	mcps_add_prompt(server, .name = "test_prompt_with_embedded_resource",
	                .description = "A prompt with a resource",
	                .arguments = uri, .run = prompt_with_resource);
	mcps_add_prompt(server, .name = "test_prompt_with_image",
	                .description = "A prompt with an image",
	                .run = prompt_with_image);
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("mcps-everything", "1.0.0");

	if (server == NULL)
		return 1;
	mcps_configure(server, .title = "Everything",
	               .description = "What the conformance suite asks for");
	add_tools(server);
	add_resources(server);
	add_prompts(server);
	return mcps_main(server, argc, argv);
}
