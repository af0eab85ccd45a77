#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVISION "2025-11-25"

static const char first_id[] = "\"id\":1000000000";
static const char first_token[] = "\"progressToken\":1000000000";

static void *need(void *memory)
{
	if (memory != NULL)
		return memory;
	fputs("no memory\n", stderr);
	exit(1);
}

/* Head and BODY; SESSION_LENGTH letters stand for the session id. */
static void request_make(struct request *request, const char *body,
                         const char *revision_header, size_t session_length)
{
	const size_t room = strlen(body) + session_length + 512;
	char placeholder[256] = "";
	int head;

	if (session_length >= sizeof placeholder)
		exit(1);
	memset(placeholder, 'x', session_length);
	request->bytes = need(malloc(room));
	request->body_length = strlen(body);
	head = snprintf(request->bytes, room,
	                "POST /mcp HTTP/1.1\r\n"
	                "Host: 127.0.0.1\r\n"
	                "Content-Type: application/json\r\n"
	                "Accept: application/json, text/event-stream\r\n"
	                "%s%s%s%s"
	                "Content-Length: %zu\r\n\r\n",
	                revision_header,
	                session_length != 0 ? "Mcp-Session-Id: " : "",
	                placeholder, session_length != 0 ? "\r\n" : "",
	                request->body_length);
	memcpy(request->bytes + head, body, request->body_length + 1);
	request->length = (size_t)head + request->body_length;
	request->id = strstr(request->bytes + head, first_id) + 5;
	request->token = strstr(request->bytes + head, first_token);
	if (request->token != NULL)
		request->token += sizeof first_token - 1 - REQUEST_ID_LENGTH;
	request->session_length = session_length;
	request->session = NULL;
	if (session_length != 0)
		request->session = strstr(request->bytes, placeholder);
}

void request_call(struct request *request, const char *tool, size_t text_length,
                  size_t session_length, bool progress)
{
	static const char words[] = "a quick brown fox jumps over it; ";
	char *text = need(malloc(text_length + 1));
	char *body = need(malloc(text_length + 256));

	for (size_t i = 0; i < text_length; i++)
		text[i] = words[i % (sizeof words - 1)];
	text[text_length] = '\0';
	sprintf(body,
	        "{\"jsonrpc\":\"2.0\",%s,\"method\":\"tools/call\",\"params\":"
	        "{%s%s%s\"name\":\"%s\",\"arguments\":{\"text\":\"%s\"}}}",
	        first_id, progress ? "\"_meta\":{" : "",
	        progress ? first_token : "", progress ? "}," : "", tool, text);
	request_make(request, body, "MCP-Protocol-Version: " REVISION "\r\n",
	             session_length);
	free(text);
	free(body);
}

void request_initialize(struct request *request)
{
	char body[256];

	sprintf(body,
	        "{\"jsonrpc\":\"2.0\",%s,\"method\":\"initialize\",\"params\":{"
	        "\"protocolVersion\":\"" REVISION "\",\"capabilities\":{},"
	        "\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}",
	        first_id);
	request_make(request, body, "", 0);
}

void request_free(struct request *request)
{
	free(request->bytes);
}

void request_set_id(struct request *request, uint64_t number)
{
	char digits[REQUEST_ID_LENGTH + 1];

	snprintf(digits, sizeof digits, "%010" PRIu64,
	         1000000000 + number % 1000000000);
	memcpy(request->id, digits, REQUEST_ID_LENGTH);
	if (request->token != NULL)
		memcpy(request->token, digits, REQUEST_ID_LENGTH);
}

void request_set_session(struct request *request, const char *id)
{
	memcpy(request->session, id, request->session_length);
}
