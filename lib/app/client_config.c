/* Formats as of 2026-11: code.claude.com/docs/en/mcp,
 * code.visualstudio.com/docs/copilot/reference/mcp-configuration,
 * cursor.com/docs/mcp, developers.openai.com/codex/mcp, and the README of
 * mcp-remote, which Claude Desktop needs for a server on this machine. */
#include "app/client_config.h"

#include "app/log.h"

#include <ctype.h>
#include <string.h>

enum { NAME_SIZE = 96, URL_SIZE = 512 };

struct request {
	char name[NAME_SIZE];   /* as a JSON string, with its quotes */
	char key[NAME_SIZE];    /* of letters, digits, - and _ alone */
	char url[2 * URL_SIZE]; /* as a JSON string */
	char token[NAME_SIZE]; /* the variable that holds it: MY_SERVER_TOKEN */
	bool has_token;
	bool is_plain; /* http to another machine */
};

static void client_config_write_claude_code(const struct request *request)
{
	printf("{\n  \"mcpServers\": {\n    %s: {\n"
	       "      \"type\": \"http\",\n      \"url\": %s",
	       request->name, request->url);
	if (request->has_token)
		printf(",\n      \"headers\": {\n        \"Authorization\": "
		       "\"Bearer ${%s}\"\n      }",
		       request->token);
	printf("\n    }\n  }\n}\n");
}

static void client_config_write_vscode(const struct request *request)
{
	printf("{\n");
	if (request->has_token)
		printf("  \"inputs\": [\n    {\n"
		       "      \"type\": \"promptString\",\n"
		       "      \"id\": \"%s-token\",\n"
		       "      \"description\": \"Bearer token of %s\",\n"
		       "      \"password\": true\n    }\n  ],\n",
		       request->key, request->key);
	printf("  \"servers\": {\n    %s: {\n"
	       "      \"type\": \"http\",\n      \"url\": %s",
	       request->name, request->url);
	if (request->has_token)
		printf(",\n      \"headers\": {\n        \"Authorization\": "
		       "\"Bearer ${input:%s-token}\"\n      }",
		       request->key);
	printf("\n    }\n  }\n}\n");
}

static void client_config_write_cursor(const struct request *request)
{
	printf("{\n  \"mcpServers\": {\n    %s: {\n      \"url\": %s",
	       request->name, request->url);
	if (request->has_token)
		printf(",\n      \"headers\": {\n        \"Authorization\": "
		       "\"Bearer ${env:%s}\"\n      }",
		       request->token);
	printf("\n    }\n  }\n}\n");
}

/* TOML's basic strings are written as JSON's. */
static void client_config_write_codex(const struct request *request)
{
	printf("[mcp_servers.%s]\nurl = %s\n", request->key, request->url);
	if (request->has_token)
		printf("bearer_token_env_var = \"%s\"\n", request->token);
}

/* No blank within the header's argument: some systems split it there. */
static void client_config_write_claude_desktop(const struct request *request)
{
	printf("{\n  \"mcpServers\": {\n    %s: {\n"
	       "      \"command\": \"npx\",\n"
	       "      \"args\": [\n        \"-y\",\n        \"mcp-remote\",\n"
	       "        %s,\n        \"--transport\",\n        \"http-only\"",
	       request->name, request->url);
	if (request->is_plain)
		printf(",\n        \"--allow-http\"");
	if (request->has_token)
		printf(",\n        \"--header\",\n"
		       "        \"Authorization:${AUTHORIZATION}\"\n      ],\n"
		       "      \"env\": {\n        \"AUTHORIZATION\": "
		       "\"Bearer YOUR-TOKEN\"\n      }");
	else
		printf("\n      ]");
	printf("\n    }\n  }\n}\n");
}

static const struct {
	void (*write)(const struct request *request);
	const char *where;
	const char *program; /* in whose environment the token is; NULL: */
	const char *token;   /* where it goes else */
} clients[CLIENT_COUNT] = {
	[CLIENT_CLAUDE_CODE] = { client_config_write_claude_code,
	                         "into .mcp.json of the project", "claude",
	                         NULL },
	[CLIENT_VSCODE] = { client_config_write_vscode, "into .vscode/mcp.json",
	                    NULL, "the editor asks for it" },
	[CLIENT_CURSOR] = { client_config_write_cursor,
	                    "into .cursor/mcp.json of the project, or "
	                    "~/.cursor/mcp.json",
	                    "Cursor", NULL },
	[CLIENT_CODEX] = { client_config_write_codex,
	                   "into ~/.codex/config.toml", "codex", NULL },
	[CLIENT_CLAUDE_DESKTOP] = { client_config_write_claude_desktop,
	                            "into claude_desktop_config.json "
	                            "(Settings, "
	                            "Developer, Edit Config); needs Node.js",
	                            NULL, "put it where it says YOUR-TOKEN" },
};

/* ---- names ---- */

static void client_config_make_key(char key[NAME_SIZE], const char *name)
{
	size_t at = 0;

	for (; *name != '\0' && at + 1 < NAME_SIZE; name++)
		key[at++] = isalnum((unsigned char)*name) || *name == '_'
		                    ? *name
		                    : '-';
	key[at] = '\0';
}

/* "my-server" has MY_SERVER_TOKEN. */
static void client_config_make_variable(char variable[NAME_SIZE],
                                        const char *key)
{
	size_t at = 0;

	for (; *key != '\0' && at + sizeof "_TOKEN" < NAME_SIZE; key++)
		variable[at++] = *key == '-' ? '_' : (char)toupper(*key);
	strcpy(variable + at, "_TOKEN");
}

void mcps__endpoint_url(char *url, size_t size, const char *address,
                        const char *path)
{
	static const char *const everywhere[][2] = {
		{ "0.0.0.0:", "127.0.0.1:" },
		{ "[::]:", "[::1]:" },
		{ ":", "127.0.0.1:" },
	};
	const char *host = "";

	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
		size_t length = strlen(everywhere[i][0]);

		if (strncmp(address, everywhere[i][0], length) != 0)
			continue;
		host = everywhere[i][1];
		address += length;
		break;
	}
	snprintf(url, size, "http://%s%s%s", host, address, path);
}

static bool client_config_is_this_machine(const char *url)
{
	return strncmp(url, "http://127.", 11) == 0 ||
	       strncmp(url, "http://localhost", 16) == 0 ||
	       strncmp(url, "http://[::1]", 12) == 0;
}

static bool client_config_fill(struct request *request,
                               const struct app_options *options,
                               const char *name)
{
	const char *listen = options->daemon.listen != NULL
	                             ? options->daemon.listen
	                             : "127.0.0.1:8931";
	char url[URL_SIZE];

	if (options->url == NULL && strncmp(listen, "unix:", 5) == 0) {
		fputs("clients do not call Unix sockets; --url names the "
		      "proxy's URL\n",
		      stderr);
		return false;
	}
	mcps__endpoint_url(url, sizeof url, listen,
	                   options->server.path != NULL ? options->server.path
	                                                : "/mcp");
	if (options->url != NULL)
		snprintf(url, sizeof url, "%s", options->url);
	mcps__app_json_string(request->name, sizeof request->name, name);
	mcps__app_json_string(request->url, sizeof request->url, url);
	client_config_make_key(request->key, name);
	client_config_make_variable(request->token, request->key);
	request->is_plain = strncmp(url, "http://", 7) == 0 &&
	                    !client_config_is_this_machine(url);
	return true;
}

enum exit_code mcps__client_config(const struct app_options *options,
                                   const char *name, bool knows_callers)
{
	struct request request = { .has_token = knows_callers };

	if (options->client == CLIENT_NONE) {
		fprintf(stderr,
		        "%s: --for: a client must follow: claude-code, "
		        "vscode, cursor, codex or claude-desktop\n",
		        name);
		return EXIT_USAGE;
	}
	if (!client_config_fill(&request, options, name))
		return EXIT_USAGE;
	clients[options->client].write(&request);
	fflush(stdout);
	fprintf(stderr, "Put it %s.\n", clients[options->client].where);
	if (request.has_token && clients[options->client].program != NULL)
		fprintf(stderr, "The token: set %s in the environment of %s.\n",
		        request.token, clients[options->client].program);
	else if (request.has_token)
		fprintf(stderr, "The token: %s.\n",
		        clients[options->client].token);
	return EXIT_FINE;
}
