/* One connection that carries a stream, as server-sent events (SSE). Any thread
 * puts events into its bounded queue, the thread of the connection takes them
 * out; between events the connection sleeps.
 *
 *   filling ──► live ──► ending        gets what is stored / what comes /
 *      └───────────────►  ▲             nothing more: ends when it is empty
 *
 * A client too slow for its queue loses the connection, not the events: it
 * comes back and resumes. */
#ifndef MCPS_STREAM_SSE_CONNECTION_H
#define MCPS_STREAM_SSE_CONNECTION_H

#include "base/clock.h"
#include "base/incident.h"
#include "rpc/event.h"
#include "rpc/reply.h"
#include "session/caller.h"
#include "session/memory_limit.h"

#include <mcps/sys/store.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* Bytes: beyond that no more is queued; one event may be larger by itself. */
enum { SSE_EVENTS_MAX = 256, SSE_BYTES_MAX = 1024 * 1024 };

/* Bytes that the queue of a listener may always hold, also when unread answers
 * use all the memory they may. */
enum { SSE_FREE_BYTES = 4096 };

/* A short stream that is sent as one response is copied, and kept until it is
 * sent. */
enum { SSE_WHOLE_MAX = 32 * 1024 };

/* How the connection waits. sleep is called by read, on the connection's
 * thread; wake by any thread, exactly once after each sleep. Both under its
 * lock: they must not call back. */
struct sse_glue {
	void (*sleep)(void *arg);
	void (*wake)(void *arg);
	void *arg;
};

/* All SSE connections of a server. */
struct sse_connections {
	pthread_mutex_t lock; /* before that of any one */
	struct sse_connection *first;
	unsigned count;
	bool is_closing;      /* whoever comes now is closed at once */
	int64_t heartbeat_ms; /* steady; no comment is due before */
	const struct clock_source *clock;
	uint32_t retry_ms; /* constant; see mcps__sse_connections_retry(); 0:
	                      none */
	_Atomic int64_t back_ms;     /* steady; of a server that stops: when the
	                              * next one may serve; 0: it does not stop */
	struct incidents *incidents; /* NULL: not counted */
	struct memory_limit *answers; /* queues count, too; NULL: no limit */
};

/* RETRY_MS: how long clients wait before they connect again; 0: they are not
 * told. ANSWERS may be NULL. */
MCPS_MUST_USE bool mcps__sse_connections_init(struct sse_connections *all,
                                              const struct clock_source *clock,
                                              uint32_t retry_ms,
                                              struct incidents *incidents,
                                              struct memory_limit *answers);
void mcps__sse_connections_finish(struct sse_connections *all);

/* Have each one that was silent for SILENT_MS, or up to an eighth less,
 * write a comment, so that a connection that is gone is found out, and proxies
 * keep the others. Looks at them only if one may be due, and gives those that
 * are due next a little time to come together. Always the same SILENT_MS. */
void mcps__sse_connections_heartbeat(struct sse_connections *all,
                                     int64_t silent_ms);

/* The server stops, which takes at most REST_MS from now on. Clients are told
 * to connect again 2 s after that, or later. */
void mcps__sse_connections_stop(struct sse_connections *all, uint32_t rest_ms);

/* The milliseconds that clients of the session of KEY are told to wait before
 * they connect again: the same for all its streams, also after a restart, as
 * the official SDK keeps one value for all. Up to a fifth more than retry_ms,
 * by the session's key, so that not all clients come back at once. While the
 * server stops at least until the next one may serve. 0: say nothing. */
uint32_t mcps__sse_connections_retry(const struct sse_connections *all,
                                     const uint8_t key[MCPS_SESSION_KEY_SIZE]);

/* A stop begins: close those that carry no call and whose clients know "retry".
 * The others have only one or two attempts to come back, so they stay open as
 * long as they can.
 */
void mcps__sse_connections_close_listeners(struct sse_connections *all);
/* Close all; after that new ones close at once. */
void mcps__sse_connections_close(struct sse_connections *all);

/* Close those whose connections are of DAEMON; ALSO_CALLS: those that carry a
 * call, too. */
void mcps__sse_connections_close_of(struct sse_connections *all,
                                    const void *daemon, bool also_calls);

enum sse_phase { SSE_FILLING, SSE_LIVE, SSE_ENDING };

struct sse_frame;
struct session;
struct stream;

/* References: the connection; the stream it is attached to; a job that reads
 * the store for it. */
struct sse_connection {
	atomic_uint refs;
	struct sse_connections *all;
	struct sse_connection *prev, *next; /* lock of all */
	struct sse_glue glue;
	_Atomic(const void *) daemon;  /* of the connection; only compared */
	struct session *session;       /* borrowed: its holders keep it */
	struct session *owned_session; /* ... which is a reference until leave,
	                                * if nobody else keeps it; else NULL */
	struct caller caller; /* of a listener whose exchange is gone */
	bool is_counted;      /* ... as one of its streams */
	bool is_call;         /* its request is the call */
	bool supports_retry;  /* the client knows "retry" and empty events */
	uint8_t heartbeat_jitter; /* due sooner than others: by 256ths */
	struct event_id after;    /* what its client resumed after; or none */
	struct sse_frame
		*last_words; /* see mcps__sse_connection_reserve_last() */

	/* More is stored than the queue took: called by read, under no lock,
	 * when the queue is empty. */
	void (*refill)(struct sse_connection *sse);
	void (*refill_finish)(void *arg); /* with the connection */
	void *refill_arg;

	atomic_size_t *of_caller; /* of all->answers; NULL: not counted */

	pthread_mutex_t lock; /* of what follows */
	enum sse_phase phase;
	struct stream *stream; /* attached to: a reference */
	struct sse_frame *first, **end;
	unsigned count;
	size_t bytes;
	size_t offset;   /* of the first frame, already written */
	uint64_t cursor; /* the last event that was queued */
	int64_t wrote_ms;
	bool has_begun; /* the first event was queued */
	bool is_cut;    /* ending: without a proper end */
	bool wants_refill;
	bool is_asleep;
	bool is_left;       /* the connection is gone */
	bool heartbeat_due; /* a comment is due */
	bool has_written;
};

/* SESSION must stay until leave. AFTER: the event that its client resumes
 * after; NULL: none. NULL: out of memory. */
struct sse_connection *
mcps__sse_connection_new(struct sse_connections *all, struct session *session,
                         const struct sse_glue *glue, bool is_call,
                         bool supports_retry, const struct event_id *after);
struct sse_connection *mcps__sse_connection_ref(struct sse_connection *sse);
void mcps__sse_connection_unref(struct sse_connection *sse); /* NULL is fine */

/* Reserve the last event of a connection that carries the call ID. It is sent
 * if the connection ends early (no memory, a full queue, a server that closes
 * it) before its client was given an id to resume with: the error that the
 * outcome of the call is unknown. Before the SSE connection is attached. False:
 * no memory. */
MCPS_MUST_USE bool mcps__sse_connection_reserve_last(struct sse_connection *sse,
                                                     struct reply_id id);

/* Count what its queue holds, from now on, as unread answers of CALLER. */
void mcps__sse_connection_count_for(struct sse_connection *sse,
                                    const struct caller *caller);

/* Queue an event; ID->stream 0: one that has no id. Events whose seq is not
 * above the last one are dropped: they were sent. After the last of several
 * wake, or end, or close. ENDS: nothing more comes, and the connection is
 * woken; nothing else can be queued between the last event and the end. */
void mcps__sse_connection_push(struct sse_connection *sse,
                               const struct event_id *id, const char *data,
                               size_t length, bool ends);
/* There is something for the connection, if it sleeps. */
void mcps__sse_connection_wake(struct sse_connection *sse);

/* There is no event to begin with: tell a client that knows "retry" when to
 * connect again, and give it back the id that it came with. The official
 * TypeScript SDK (1.32.2) keeps no id from one connection to the next: without
 * it the client would begin a fresh stream after it lost this one, and miss
 * what is stored. Does nothing after the first event. */
void mcps__sse_connection_begin(struct sse_connection *sse);

/* Its connection, which is parked already, sleeps until there is something for
 * it. False: there is something. */
bool mcps__sse_connection_sleep_if_empty(struct sse_connection *sse);

/* Nothing more comes. */
void mcps__sse_connection_end(struct sse_connection *sse);
/* The server closes the connection, not the stream: a client that knows "retry"
 * is told when to come again, by mcps__sse_connections_retry() or after
 * RETRY_MS. The connection of any other client is cut: official SDKs of older
 * revisions take a proper end for the end of the stream, and come again only
 * after an error.
 */
void mcps__sse_connection_close(struct sse_connection *sse);
/* The same after RETRY_MS, but a connection whose client has no id to resume
 * with stays open. */
void mcps__sse_connection_close_for(struct sse_connection *sse,
                                    uint32_t retry_ms);
/* The queue is to be filled again once it is empty. */
void mcps__sse_connection_want_refill(struct sse_connection *sse);

enum { SSE_ASLEEP = 0, SSE_OVER = -1, SSE_CUT = -2 };

/* The next bytes for the connection, at most SIZE; ASLEEP: none now, sleep was
 * called; OVER: none any more; CUT: none any more, and the connection must end
 * in a way that its client takes for an error. */
ptrdiff_t mcps__sse_connection_read(struct sse_connection *sse, char *out,
                                    size_t size);

/* If nothing more comes, all that there is, appended to OUT; false: it is to be
 * read, for it goes on, or is long. */
bool mcps__sse_connection_read_all(struct sse_connection *sse,
                                   struct buffer *out);

/* Have a sleeping connection look whether its client is still there. */
void mcps__sse_connection_check_peer(struct sse_connection *sse);

/* The connection is gone: nothing is queued any more. Returns the stream that
 * it carried, with the connection's reference; NULL: none. Part of
 * mcps__sse_connection_leave(). */
struct stream *mcps__sse_connection_cut_off(struct sse_connection *sse);

#endif
