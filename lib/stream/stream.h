/* A stream: messages of the server to one client, in order, each stored before
 * it is sent, so that a client that lost its connection, or outlives the
 * server, resumes after the last one it has seen.
 *
 *   append ──► writer: stored ──► SSE connection, if one is attached
 *                        │
 *   resume ◄─────────────┘   reads what came after an id, then goes on live
 *
 * A call's stream answers one request and ends with its response. A session's
 * other streams (GET) carry what belongs to no call. */
#ifndef MCPS_STREAM_STREAM_H
#define MCPS_STREAM_STREAM_H

#include "session/session.h"
#include "store/writer.h"
#include "stream/sse_connection.h"

struct sessions;
struct stream_job;

enum {
	STREAM_REQUEST_MAX =
		255, /* bytes of the id of the request it answers */
	STREAM_PENDING_MAX = 256, /* events on their way to the store */
	STREAM_PENDING_BYTES = 1024 * 1024 /* ... of so many bytes in all */
};

/* References: the session's list; an SSE connection; each job; the call it
 * answers. */
struct stream {
	atomic_uint refs;
	struct sessions *sessions;
	int64_t session_ref; /* of the stored row */
	uint64_t id;
	bool is_call;
	bool sends_first_event; /* the client gets an id to resume from at once
	                         */
	bool is_volatile;       /* nothing is stored: events have no ids */
	struct stream *prev, *next; /* session lock; newest first */
	bool is_listed;             /* session lock */
	struct stream *prev_call,
		*next_call; /* calls_lock; while it is listed */

	pthread_mutex_t lock; /* of what follows; before any SSE connection's */
	pthread_cond_t room;
	struct sse_connection *sse; /* attached: a reference */
	unsigned pending;
	size_t pending_bytes;
	struct stream_job *queued; /* more messages may join it; NULL: none */
	bool has_dropped; /* who listens has yet to hear of something */
	bool is_over;     /* the last event was stored, or nothing can be */

	size_t request_length;
	char request[]; /* raw JSON id of the request that it answers */
};

/* How an append is to be taken. */
enum stream_append {
	STREAM_ENDS = 1,     /* the last event */
	STREAM_MAY_DROP = 2, /* not at all, rather than wait */
};

/* A stream of SESSION, to be opened. REQUEST: raw JSON id of the request that
 * it answers; length 0: none. NULL: no memory. */
struct stream *mcps__stream_new(struct sessions *sessions,
                                struct session *session, const char *request,
                                size_t request_length, bool sends_first_event);
/* The same of a stream that is stored already. */
struct stream *mcps__stream_adopt(struct sessions *sessions,
                                  struct session *session, uint64_t id,
                                  const char *request, size_t request_length);
struct stream *mcps__stream_ref(struct stream *stream);
void mcps__stream_unref(struct stream *stream); /* NULL is fine */

/* Put it on its session's list and store that there is such a stream. Before
 * any append. */
void mcps__stream_open(struct stream *stream, struct session *session);

/* SSE carries what comes from now on; one that did before is closed. */
void mcps__stream_attach(struct stream *stream, struct sse_connection *sse);
/* Whether a connection carries it, as far as is known. */
bool mcps__stream_is_attached(struct stream *stream);
/* The connection of SSE is gone, or was never to be: detaches it from its
 * stream, and drops the connection's reference. Never while it sleeps. NULL is
 * fine. */
void mcps__sse_connection_leave(struct sse_connection *sse);

/* Store and then send a JSON message, which moves in. Waits for room if the
 * store is behind, unless it may drop: then false says that it did. One that
 * ends the stream and cannot be stored is sent without an id. Never on the
 * store's thread without MAY_DROP. */
bool mcps__stream_append(struct stream *stream, struct buffer *message,
                         unsigned how);

/* The same for what SESSION is told by itself, on its stream of no call: if the
 * store fails, all that it could have been told is pending once more, and who
 * listens comes again. May drop. */
bool mcps__stream_tell(struct stream *stream, struct session *session,
                       struct buffer *message);

/* Close the connection, behind all that was appended so far; its client is to
 * come back after RETRY_MS. */
void mcps__stream_disconnect(struct stream *stream, uint32_t retry_ms);

struct stream_message {
	struct stream_message *next;
	struct buffer text;
};

/* The last message of a call's stream, which stays the call's. */
struct stream_ending {
	struct stream_message message;
	void (*done)(struct stream_ending *ending, mcps_status status);
};

/* Have the last event stored, and then sent, with those before it that still
 * wait for the store; ENDING is told. False: there are none. */
bool mcps__stream_join(struct stream *stream, struct stream_ending *ending);

/* The same in two parts, for who has a job of its own: in its run, and when
 * the commit is known. A message that is not whole is MCPS_E_NOMEM: an empty
 * one would be the end of a call that its client cancelled. */
MCPS_MUST_USE mcps_status mcps__stream_store(struct stream *stream,
                                             mcps_store *store,
                                             const struct buffer *message,
                                             bool ends, uint64_t *seq);
void mcps__stream_stored(struct stream *stream, const struct buffer *message,
                         bool ends, uint64_t seq);

/* End without storing anything: MESSAGE (may be NULL) is sent without an id.
 * One that is not whole is not sent: see mcps__stream_lose(). */
void mcps__stream_abandon(struct stream *stream, const struct buffer *message);
/* The same without a message, and its client is to connect again: there it gets
 * another stream, or what is stored of this one. */
void mcps__stream_lose(struct stream *stream);

/* ---- a session's streams ---- */

/* Put it on its session's list: the newest. */
void mcps__session_list_stream(struct session *session, struct stream *stream);
/* Take it off its session's list: it is over. */
void mcps__session_drop_stream(struct session *session, struct stream *stream);

/* The stream of that id, a reference; NULL: it is not in memory. */
struct stream *mcps__session_find_stream(struct session *session, uint64_t id);
/* The same of a call, whatever session it is of; its session may be no more. */
struct stream *mcps__streams_find_call(struct sessions *sessions, uint64_t id);

/* The one that a message of no call goes to: the newest that somebody listens
 * to, else the newest. A reference; NULL: there is none. */
struct stream *mcps__session_main_stream(struct session *session);

/* Close those of no call: the session has ended. Those of calls go on until the
 * calls are answered. */
void mcps__session_close_streams(struct session *session);
/* The same, but the session may live on: it leaves memory, and what is said
 * from now on goes to the copy that is read in its place. Clients connect
 * again, to that one. */
void mcps__session_close_listeners(struct session *session);
/* Close only the connections of those streams: their clients connect again. */
void mcps__session_reconnect_listeners(struct session *session);

/* Close all connections that carry streams, behind what is on its way to the
 * store: a client that is to come again needs the id of an event. New ones
 * close at once. Waits for the store. */
void mcps__streams_close(struct sessions *sessions);

/* Store that every session and stream that somebody listens to is in use. Does
 * not wait. */
void mcps__streams_touch(struct sessions *sessions);

/* Call FN for each session that somebody listens to, under no lock. */
void mcps__listeners_each(struct sessions *sessions,
                          void (*fn)(void *arg, struct session *session),
                          void *arg);

/* Somebody listens, see streams.listens. For the files of this layer. */
void mcps__stream_tell_listens(struct sessions *sessions,
                               struct session *session, uint64_t resumed);

/* ---- resuming ---- */

enum resume_found {
	RESUME_CALL,    /* the stream of a call */
	RESUME_NO_CALL, /* any other, or a fresh one in its place */
	RESUME_HAS_ALL, /* the stream has ended, and there is nothing more */
	RESUME_NOTHING, /* the session has ended, and left no such stream */
};

/* Called once, before anything is sent. Any thread. False: SSE is to get
 * nothing, and the stream is left as it is. */
struct resume_wait {
	bool (*fn)(struct resume_wait *wait, enum resume_found found);
};

/* Feed SSE with what its session's stream ID->stream holds after ID->seq,
 * and then live. A session of the same key may have left the stream. An id
 * that names nothing of SESSION, or no longer kept events, gets a fresh stream,
 * unless SESSION has ended. */
void mcps__stream_resume(struct sessions *sessions, struct session *session,
                         const struct event_id *id, bool sends_first_event,
                         struct sse_connection *sse, struct resume_wait *wait);

/* A fresh stream of no call for SSE. */
void mcps__stream_begin(struct sessions *sessions, struct session *session,
                        bool sends_first_event, struct sse_connection *sse);

#endif
