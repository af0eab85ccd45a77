/* A client on a raw socket: it sends what it is told to the byte, and shows
 * every byte of an answer's head. */
#ifndef MCPS_TESTS_WIRE_H
#define MCPS_TESTS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* ---- texts ---- */

/* A text that may hold NULs, and its length. */
#define TEXT(text) text, sizeof(text) - 1

#define WIRE_HOST   "Host: localhost\r\n"
#define WIRE_TYPE   "Content-Type: application/json\r\n"
#define WIRE_ACCEPT "Accept: application/json, text/event-stream\r\n"
#define WIRE_POST   "POST /mcp HTTP/1.1\r\n"
#define WIRE_HEAD   WIRE_POST WIRE_HOST WIRE_TYPE WIRE_ACCEPT

#define WIRE_INITIALIZE                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","          \
	"\"params\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{" \
	"},\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"
#define WIRE_LENGTH "Content-Length: 146\r\n" /* of that */
_Static_assert(sizeof(WIRE_INITIALIZE) - 1 == 146, "Content-Length");

/* The end of the head, and the body. */
#define WIRE_BODY "\r\n" WIRE_INITIALIZE

#define WIRE_PING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define WIRE_CALL(id, tool, arguments)                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" tool "\",\"arguments\":" arguments "}}"

/* ---- the client ---- */

struct wire {
	int fd;
	size_t have; /* bytes that were read and not used */
	char bytes[16384];
};

struct reply {
	int status;      /* 0: the connection ended instead */
	char head[4096]; /* with the status line and the empty one */
	size_t length;   /* of the body */
	char body[4096]; /* as much of it as fits; NUL-terminated */
	char value[512]; /* what reply_value() found last */
};

/* Connect to PORT of this machine. RECEIVE_BUFFER: bytes that the kernel
 * takes for a client that does not read; 0: its default. */
struct wire wire_open_small(int port, int receive_buffer);
struct wire wire_open(int port);
/* In two steps, for a test that takes descriptors away in between. */
struct wire wire_new(int receive_buffer);
void wire_connect(const struct wire *wire, int port);
/* From another address of this machine: "127.0.0.2". */
struct wire wire_open_from(int port, const char *address);
void wire_close(struct wire *wire);
/* With RST instead of FIN. */
void wire_reset(struct wire *wire);
/* Of its own side alone. */
void wire_end(const struct wire *wire);

void wire_send(const struct wire *wire, const char *bytes, size_t length);
/* False: the other side has closed. */
bool wire_try_send(const struct wire *wire, const char *bytes, size_t length);
void wire_text(const struct wire *wire, const char *text);
/* A POST of BODY with LINES, which may be "", beside the usual ones. */
void wire_post(const struct wire *wire, const char *lines, const char *body);

/* The next answer; those that begin with 1 are passed over. One in chunks, as
 * of a stream, is read to its end: a connection that ends before fails. */
struct reply wire_read(struct wire *wire);
/* The same, but of a stream the head alone: what it brings comes next. */
struct reply wire_read_open(struct wire *wire);
/* The head alone of any, and what comes next: as much of it as is there, at
 * most SIZE; 0: the other side closed. */
struct reply wire_read_head(struct wire *wire);
size_t wire_take(struct wire *wire, char *out, size_t size);
struct reply wire_ask(struct wire *wire, const char *lines, const char *body);

/* No more answer comes: the other side closed or reset. */
bool wire_is_over(struct wire *wire);

/* Whether the head has this line, "Name: value", and whether it has a line of
 * that name. */
bool reply_has(const struct reply *reply, const char *line);
bool reply_names(const struct reply *reply, const char *name);
bool reply_closes(const struct reply *reply);
/* The value of a header, in REPLY. "": there is none. */
const char *reply_value(struct reply *reply, const char *name);

#endif
