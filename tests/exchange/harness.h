/* A server without sockets: exchanges are opened, fed and run as the glue
 * would, and their plans are looked at as answers.
 *
 * Time, random numbers, the store and the threads are the test's: a clock that
 * moves when it is told to, random bytes that repeat, a store that can be held
 * back, and an executor that runs work at once or when the test says so. */
#ifndef MCPS_TESTS_HARNESS_H
#define MCPS_TESTS_HARNESS_H

#include "base/incident.h"
#include "call/mcp.h"
#include "exchange/store_double.h"
#include "exchange/work_queue.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "http/plan.h"
#include "mcp/initialize.h"
#include "server/workers.h"
#include "store/writer.h"
#include "stream/streams.h"

#include <check.h>
#include <mcps/tool.h>

struct json_object;

#define DAY_MS INT64_C(86400000)

enum {
	HARNESS_IDLE_DAYS = 7,
	HARNESS_AGE_DAYS = 30,
	HARNESS_START_S = 1700000000,
};

struct harness_options {
	enum mcps_unknown_ids policy; /* 0: authenticated */
	bool is_anonymous;            /* no auth hook: everybody is anonymous */
	bool has_writer_thread;       /* else jobs run before submit returns */
	bool is_manual;               /* work waits for harness_work() */
	uint32_t workers;             /* so many threads run work */
	uint32_t queue;               /* most work that waits; 0: any */
	uint32_t hot;                 /* sessions in memory; 0: many */
	uint32_t page_size;           /* 0: 250 */
	int64_t idle_ms;              /* 0: 7 days */
	int64_t max_gap_ms;           /* 0: every downtime counts whole */
	size_t max_body;              /* 0: 4 MiB */
	int64_t event_age_ms;         /* 0: 15 minutes */
	int64_t event_bytes;          /* 0: 8 MiB */
	uint32_t session_streams;     /* 0: 8 */
	uint32_t retry_ms;            /* 0: 5 s; MCPS_NO_RETRY: none */
	uint32_t max_tombstones;      /* of one caller; 0: any number */
	mcps_session_event_fn hook;
	void *hook_arg;
	const char *store; /* URL, opened anew by each start, without a
	                    * double; NULL: a memory store behind one */
	const struct mcps_store_options *store_options;
	const char *resource;           /* NULL: "/mcp" */
	const mcps_tool *tools;         /* ends without a name; NULL: none */
	const mcps_resource *resources; /* likewise */
	const mcps_template *templates;
	const mcps_prompt *prompts;
	uint32_t subscriptions; /* most of a session; 0: 64 */
	mcps_log_fn log;        /* NULL: silence */
};

/* The clock and random numbers of a harness, readable by several threads. */
struct harness_clock {
	atomic_int_fast64_t wall_ms;
	atomic_int_fast64_t steady_ms;
	atomic_uint_fast64_t boot; /* its id */
	atomic_uint_fast64_t seed;
	atomic_bool has_no_entropy;
};

struct kept; /* something to be freed with the harness */

struct harness {
	struct harness_options options;
	struct harness_clock time;
	struct clock_source clock;
	struct random_source random;
	struct log_sink log;
	struct incidents incidents;
	mcps_store *memory;
	struct store_double store;
	struct writer *writer;
	struct work_queue queue;
	struct workers *workers;
	struct id_keys keys;
	struct registry registry;
	struct sessions sessions;
	struct streams session_streams;
	struct mcp mcp;
	struct endpoint endpoint;
	struct stream_limits *streams; /* of all requests; NULL: none */
	bool is_stopped;
	bool may_lack_memory; /* then a request may have no answer: status 0 */
	atomic_uint wakes;    /* so many requests were woken */
	pthread_mutex_t lock; /* of what follows */
	struct kept *kept;
};

void harness_init(struct harness *self, const struct harness_options *options);
void harness_finish(struct harness *self);

/* Parts that a restart keeps besides the clock. */
enum harness_keep {
	KEEP_NOTHING = 0,
	KEEP_STORE = 1,
	KEEP_KEY = 2,
	KEEP_ALL = 3
};
void harness_restart(struct harness *self, enum harness_keep keep);

/* A restart in two parts, of which the second may fail: then it is as before.
 * For stores with a URL. */
void harness_stop(struct harness *self);
/* All of harness_init but the start. */
void harness_prepare(struct harness *self,
                     const struct harness_options *options);
mcps_status harness_start(struct harness *self, struct mcps_error *error);

/* Let time pass. */
void harness_pass(struct harness *self, int64_t ms);

/* Run the oldest work that waits; false: there is none. */
bool harness_work(struct harness *self);

/* Returns a reference to the principal of the bearer token CALLER; NULL means
 * the anonymous one. */
struct principal *harness_principal(const char *caller);

/* How often that happened since the start. */
uint64_t harness_incidents(const struct harness *self, enum incident what);

/* Does the work of the sweeping timer. */
size_t harness_sweep(struct harness *self);

/* Memory that lives as long as the harness. */
void *harness_keep(struct harness *self, void *memory);

/* ---- requests and answers ------------------------------------------------ */

struct request {
	const char *method;  /* NULL: POST */
	const char *path;    /* NULL: /mcp */
	const char *peer;    /* its address; NULL: not known */
	const char *caller;  /* "Authorization: Bearer CALLER"; NULL: none */
	const char *id;      /* "Mcp-Session-Id"; NULL: none */
	const char *version; /* "MCP-Protocol-Version"; NULL: none */
	bool is_bare;        /* without Content-Type and Accept */
	const char *headers; /* more, each ends with a line feed; may be NULL */
	const char *body;    /* NULL: none */
	size_t body_length;  /* 0: strlen */
};

struct answer {
	int status;
	enum plan_body kind;
	const char *body; /* NUL-terminated; of an empty one "" */
	size_t length;
	char session_id[132];
	const char *allow;
	const char *encoding; /* Accept-Encoding */
	const char *challenge;
	unsigned retry_after_s;
	bool close;
};

/* A request under way. */
struct flight;

/* Open it, feed it, run it as far as it goes without being woken. */
struct flight *harness_send(struct harness *self,
                            const struct request *request);
/* The same in two parts: the headers, of a request that is let in; its body. */
struct flight *harness_send_head(struct harness *self,
                                 const struct request *request);
void harness_send_body(struct flight *flight, const char *body);
/* Whether its answer is there, or one more run would bring it. */
bool harness_is_over(struct flight *flight);
/* The how many-th of all requests it was to be woken; 0: it was not yet. */
unsigned harness_turn(struct flight *flight);
/* Once it is over: run it again, which may park it anew. */
void harness_run(struct flight *flight);
/* Wait for the answer, of a call's stream all of it, of a GET's what is there;
 * the flight is over. */
struct answer harness_receive(struct flight *flight);
/* Both. */
struct answer harness_exchange(struct harness *self,
                               const struct request *request);

/* ---- streams ------------------------------------------------------------- */

/* Once its answer is to be a stream: begin to read it. */
void harness_open_stream(struct flight *flight);
/* The same if its answer is one; false: it is not, receive it. */
bool harness_try_stream(struct flight *flight);
/* Return the events since the last call; the second function waits for one.
 * The text lives as long as the harness. */
const char *harness_events(struct flight *flight);
const char *harness_await_events(struct flight *flight);
/* Return the number of comments since the last call, which are no events. */
unsigned harness_comments(struct flight *flight);
bool harness_stream_is_over(struct flight *flight);
/* It is over, and its client takes that for an error. */
bool harness_stream_is_cut(struct flight *flight);
/* The client leaves; the flight is over. */
void harness_hang_up(struct flight *flight);

#define SEND(harness, ...) \
	harness_send((harness), &(const struct request){ __VA_ARGS__ })
#define EXCHANGE(harness, ...) \
	harness_exchange((harness), &(const struct request){ __VA_ARGS__ })

/* Begin a session; its id lives as long as the harness. */
const char *harness_begin(struct harness *self, const char *caller,
                          const char *version);

/* ---- bodies -------------------------------------------------------------- */

#define REQUEST(id, method) \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\"}"
#define REQUEST_WITH(id, method, params)                           \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method \
	"\",\"params\":" params "}"
#define NOTICE(method) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\"}"
#define NOTICE_WITH(method, params) \
	"{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":" params "}"
#define PING(id) REQUEST(id, "ping")
#define CALL(id, tool, arguments)      \
	REQUEST_WITH(id, "tools/call", \
	             "{\"name\":\"" tool "\",\"arguments\":" arguments "}")
#define INITIALIZE(id, version)                                         \
	REQUEST_WITH(id, "initialize",                                  \
	             "{\"protocolVersion\":\"" version                  \
	             "\",\"capabilities\":{},\"clientInfo\":{\"name\":" \
	             "\"test\",\"version\":\"1\"}}")
#define PONG(id)         "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{}}"
#define ERROR_HEAD(code) "\"error\":{\"code\":" #code ",\"message\":"
#define GONE_MEMBERS                                            \
	ERROR_HEAD(-32001)                                      \
	"\"Session not found (HTTP 404): initialize "           \
	"again\",\"data\":{\"reason\":\"mcp_session_terminated" \
	"\"}}}"
#define GONE(id)        "{\"jsonrpc\":\"2.0\",\"id\":" #id "," GONE_MEMBERS
#define GONE_WITHOUT_ID "{\"jsonrpc\":\"2.0\"," GONE_MEMBERS
/* The same in an answer that travels with HTTP 200. */
#define GONE_INSIDE(id)                                                     \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id "," ERROR_HEAD(                  \
		-32001) "\"Session not found\",\"data\":{\"reason\":\"mcp_" \
			"session_terminated\"}}}"
#define OUTCOME_MEMBERS(state)                                           \
	ERROR_HEAD(-32603)                                               \
	"\"The outcome of this call is unknown. Check before repeating " \
	"it.\",\"data\":{\"reason\":\"outcome_unknown\"" state "}}}"
#define OUTCOME(id) "{\"jsonrpc\":\"2.0\",\"id\":" #id "," OUTCOME_MEMBERS("")
#define OUTCOME_OF(id, state)              \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id \
	"," OUTCOME_MEMBERS(",\"state\":\"" state "\"")
#define STOPPING_MEMBERS \
	ERROR_HEAD(-32603) "\"Server is stopping, try again\"}}"
#define STOPPING(id)        "{\"jsonrpc\":\"2.0\",\"id\":" #id "," STOPPING_MEMBERS
#define STOPPING_WITHOUT_ID "{\"jsonrpc\":\"2.0\"," STOPPING_MEMBERS

/* ---- looking ------------------------------------------------------------- */

/* The value at PATH ("result.tools.0.name") as text, JSON unless a string;
 * NULL: there is none. Lives as long as the harness. */
const char *answer_at(struct harness *self, const struct answer *answer,
                      const char *path);

/* The text of the first content block of a tools/call. */
const char *answer_text(struct harness *self, const struct answer *answer);

void answer_check_gone(const struct answer *answer, const char *body);
/* Nobody knows what became of the call. */
void answer_check_outcome(const struct answer *answer, const char *body);
void answer_check_error(struct harness *self, const struct answer *answer,
                        const char *code, const char *message);
void answer_check_json(const struct answer *answer, int status,
                       const char *body);

/* Returns the stored row of a caller's session; phase 0 means none. Its texts
 * must not be read. */
struct mcps_session_row harness_row(struct harness *self, const char *caller,
                                    const char *id);
/* A state value as stored, NULL: none. */
const char *harness_state(struct harness *self, const char *caller,
                          const char *id, const char *key);
/* Live rows of a caller. */
int64_t harness_live(struct harness *self, const char *caller);

/* Change the store behind the server's back: revoke what CALLER has; end a
 * session; forget one without a trace. */
void harness_revoke(struct harness *self, const char *caller);
void harness_end_row(struct harness *self, const char *caller, const char *id);
void harness_forget_row(struct harness *self, const char *caller,
                        const char *id);

#endif
