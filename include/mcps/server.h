/* A server: what it is called, what it offers, where its sessions live.
 *
 * Set-up is sticky: functions before mcps_server_start() return nothing and
 * remember the first error, which start reports. They belong to one thread;
 * once started, a server may be used from any.
 */
#ifndef MCPS_SERVER_H
#define MCPS_SERVER_H

#include <mcps/auth.h>
#include <mcps/log.h>
#include <mcps/prompt.h>
#include <mcps/resource.h>
#include <mcps/session.h>
#include <mcps/store.h>
#include <mcps/tool.h>
#include <stdbool.h>

MCPS_BEGIN_DECLS

/** How a session id that the store does not know is treated. Each policy
 * includes the ones before it. */
enum mcps_unknown_ids {
	MCPS_UNKNOWN_DEFAULT, /* MCPS_UNKNOWN_AUTHENTICATED */
	MCPS_UNKNOWN_NEVER,   /* 404 */
	MCPS_UNKNOWN_ISSUED, /* recreated if this deployment's key signed it for
	                      * this caller, anonymous ones included */
	MCPS_UNKNOWN_AUTHENTICATED /* also any well-formed id of a caller whom
	                            * the auth hook identified */
};

/** Which eras of the protocol an endpoint serves. Revisions up to 2025-11-25
 * are legacy: they have sessions. This version of mcps serves no other. */
enum mcps_eras {
	MCPS_ERAS_DEFAULT,   /* MCPS_ERAS_LEGACY */
	MCPS_ERAS_LEGACY = 2 /* requests of a later revision get the answers of
	                      * a legacy server, so that clients of both eras
	                      * fall back to initialize */
};

/** Every member has a default, which zero means. Limits are named
 * max_NOUN or max_NOUN_per_OWNER, rates NOUN_rate_per_OWNER (in a second) with
 * NOUN_burst_per_OWNER (at once). The options of mcps_main() have the same
 * names. New members are added at the end. */
struct mcps_server_options {
	size_t size; /* sizeof(struct mcps_server_options): set by
	              * mcps_configure */

	/* ---- what clients are told about the server ---- */

	const char *title;        /* for people */
	const char *description;  /* one line, for people */
	const char *instructions; /* for the model: how to use the server */
	const char *website_url;
	const mcps_icon *icons; /* valid as long as the server */

	/* ---- the endpoint ---- */

	const char *path; /* "/mcp" */
	/** A mounted server also takes requests for the path with a slash after
	 * it. A daemon of mcps always does. */
	bool trailing_slash;
	const char *resource; /* names this endpoint among others that share its
	                       * key and store; the path */
	enum mcps_eras eras;  /* legacy */

	/** Host names that are this server's, without ports, beside localhost
	 * and addresses; NULL-terminated, NULL: none, "*": any. A request for
	 * another name is refused (DNS rebinding). */
	const char *const *hosts;
	/** Origins of web pages that may call, such as "https://example.com",
	 * beside pages of this machine and of the host that is called;
	 * NULL-terminated, NULL: none, "*": any, "moz-extension://" and a star:
	 * any of that scheme. An entry that can never match is an error. */
	const char *const *origins;
	/** Let pages of those origins read the answers (CORS). */
	bool cors;
	/** Proxies that say which client a request comes from, with Forwarded
	 * or X-Forwarded-For: addresses ("192.0.2.1"), ranges of addresses
	 * ("10.0.0.0/8", "2001:db8::/32"), and "unix" for peers of Unix
	 * sockets; NULL-terminated, NULL: none. The client is the last address
	 * of the header that is not one of these. Headers of any other peer are
	 * ignored. A proxy that is named here must set or extend one of the two
	 * headers in each request. */
	const char *const *trusted_proxies;

	/* ---- the store and its key ---- */

	const char *store; /* URL, see mcps_store_open(); "memory:" */
	/** Milliseconds to wait until another process releases the store; 0: do
	 * not wait. */
	uint32_t lock_wait_ms;
	/** How a damaged store is treated; refuse to start. */
	enum mcps_on_corrupt on_corrupt;
	/** Bytes beside the database that are given up when the disk is full,
	 * so that sessions can still be ended; 2 MiB. #MCPS_NO_STORE_BALLAST:
	 * none. */
	size_t store_ballast;
	/** Use a database file that is mounted alone; see
	 * struct mcps_store_options. */
	bool allow_mounted_store_file;
	/** The file of the key that signs session ids, made (0600) at the
	 * start if it is missing. Default: the database's path with ".key"
	 * after it; with a store in memory a key that dies with the process.
	 * One that may only be read, such as a secret of a container, is used
	 * as it is; then a lost store is not noticed. */
	const char *key_file;

	/* ---- sessions ---- */

	enum mcps_unknown_ids unknown_ids;
	/** Seconds after its last use, and after its beginning, at which a
	 * session ends; 7 days and 30 days. */
	uint32_t max_session_idle_s, max_session_age_s;
	/** Seconds of a downtime that count when sessions grow old; 86 400 (24
	 * hours), at least 60. The rest of a longer downtime does not count: it
	 * makes sessions live longer, never shorter. A wall clock that was set
	 * while the server did not run looks like a downtime. */
	uint32_t max_gap_s;
	/** Live sessions of one identified caller, and of all anonymous ones
	 * together; 1 000 and 100 000. At the limit the least recently used one
	 * that is not in use makes room. */
	uint32_t max_sessions_per_caller, max_anonymous_sessions;
	/** Sessions that are kept in memory; 100 000. The others are in the
	 * store alone. */
	uint32_t max_sessions_in_memory;
	/** Ended sessions of one caller (of all anonymous callers: together)
	 * that are remembered, so that their ids are not recreated; 100 000.
	 * Beyond it those with the oldest ids are forgotten, and no unknown id
	 * that is as old is recreated for that caller any more. Ids that this
	 * deployment did not sign count as the oldest. */
	uint32_t max_tombstones_per_caller;
	/** Resources that one session may subscribe to; 64, at most 1 024. */
	uint32_t max_subscriptions_per_session;

	/* ---- rates ---- */

	/** Requests of one identified caller, and of one address; rate 0: no
	 * limit, burst 0: as many as in a second. */
	uint32_t request_rate_per_caller, request_burst_per_caller;
	uint32_t request_rate_per_address, request_burst_per_address;
	/** Sessions that one identified caller may begin, by initialize, by
	 * recreation, or by a DELETE that stores a tombstone for an unknown
	 * session; 50 and 1 000. */
	uint32_t session_rate_per_caller, session_burst_per_caller;
	/** The same of anonymous callers of one address (of IPv6: one /64); 20
	 * and 200. A loopback address or a Unix socket may be a proxy for many
	 * callers, so this limit does not count them, nor a proxy of
	 * trusted_proxies that names no client. */
	uint32_t session_rate_per_address, session_burst_per_address;
	/** The same of all anonymous callers together; 500 and 5 000. */
	uint32_t anonymous_session_rate, anonymous_session_burst;

	/* ---- requests and answers ---- */

	size_t max_body; /* bytes of one request; 4 MiB */
	/** Bytes of all requests under way; 256 MiB. The requests of one
	 * caller, if it has several, get as much as is free: half at most. */
	size_t max_bodies;
	uint32_t max_nesting; /* JSON levels, at most 256; 64 */
	uint32_t max_keys;    /* members of one JSON object; 1 024 */
	uint32_t max_batch;   /* messages of one 2025-03-26 batch; 50 */
	/** Bytes of one answer, and of all answers of a batch together; 16 MiB.
	 * A result that is larger becomes an error. */
	size_t max_result;
	/** Bytes of all answers that clients have not taken yet; 256 MiB. One
	 * caller may have as many of these as are still free: half, if nobody
	 * else has any. The server looks for room before a request is carried
	 * out. If there is none, the request is refused with 503 or, if its
	 * caller has too many unread answers, with 429. A call that was carried
	 * out is always answered, so the calls that run can exceed the bound.
	 * Answers of up to 4 KiB do not count. */
	size_t max_answers;
	/** Entries of one page of a list, such as tools/list; 250. */
	uint32_t max_entries_per_page;

	/* ---- calls and workers ---- */

	uint32_t workers; /* threads that run tools; 4 */
	/** Calls that may wait for a worker; 1 024. One caller may have as many
	 * of them as places are free: alone half of all, less when others wait,
	 * too. */
	uint32_t max_waiting_calls;
	/** Calls of one identified caller that run on workers; 64. */
	uint32_t max_calls_per_caller;
	/** Workers that the calls of one caller may hold at once; 0: all but
	 * one, or the only one. Further calls of that caller wait, while those
	 * of others are served in turn. An identified caller is one wherever
	 * it calls from, anonymous ones are told apart by their address (IPv6:
	 * the /64). Larger than workers: no bound. */
	uint32_t max_workers_per_caller;

	/* ---- streams ---- */

	/** A call that runs longer is answered by an event stream, which its
	 * client can resume; 1 000. Progress or a log message before the
	 * result makes it one at once. */
	uint32_t stream_after_ms;
	uint32_t heartbeat_s; /* on streams that are silent; 15 */
	/** Milliseconds that a client is told to wait before it connects again
	 * for a stream that was lost, at most 3 600 000; 5 000. Up to a fifth
	 * more is added, the same for all streams of a session. A server that
	 * stops tells more, if the stop takes longer. Only revision 2025-11-25
	 * knows this. #MCPS_NO_RETRY: clients are told nothing. */
	uint32_t retry_ms;
	/** Seconds that events of streams are kept for clients that resume, and
	 * bytes of one session; 900 s and 8 MiB. */
	uint32_t max_event_age_s;
	size_t max_event_bytes_per_session;
	/** Streams that answer no call (GET), open at once on one daemon. Each
	 * takes a connection for as long as its client listens, so this must
	 * be less than the connections: those that remain are for calls. One
	 * more is answered with 503. 0: three quarters of the connections that
	 * mcps_daemon has; no limit in a program's own daemon, as libmicrohttpd
	 * does not tell how many connections that can have. */
	uint32_t max_streams;
	/** Streams of the same kind that one identified caller has open at
	 * once, in all of its sessions; 1 000. */
	uint32_t max_streams_per_caller;
	/** Streams of the same kind that anonymous callers of one address have
	 * open at once, the addresses of one IPv6 /64 counting as one. One more
	 * is answered with 429. 0: 1 000, or half of max_streams if that is
	 * less. It does not count callers of this machine (a loopback address
	 * or a Unix socket): they may be a proxy for others. */
	uint32_t max_streams_per_address;
	/** Streams of the same kind of one session, open or kept for clients
	 * that resume; 8, at most 1 024. One more takes the place of the
	 * oldest. */
	uint32_t max_streams_per_session;

	/* ---- what the program hears of ---- */

	mcps_log_fn log; /* NULL: nothing is logged */
	void *log_arg;
	enum mcps_log_level log_level; /* the lowest that is written; debug */
	/** Write a log line (info) for each JSON-RPC request that a session
	 * sends, with its method, the name of the tool, prompt or resource,
	 * how it ended and how long it took, and one for each HTTP request
	 * that is refused. Meant for development: callers decide how many
	 * lines that are. */
	bool log_calls;
	mcps_session_event_fn on_session; /* may be NULL */
	void *on_session_arg;

	/** The server is being developed: what would stop mcps_server_start()
	 * although it can serve is logged as a warning. That is a tool (or the
	 * like) that needs scopes although no caller is identified. */
	bool development;
};

/** For store_ballast of struct mcps_server_options: there is none. */
#define MCPS_NO_STORE_BALLAST SIZE_MAX

/** For retry_ms of struct mcps_server_options: clients wait as long as they
 * like. */
#define MCPS_NO_RETRY UINT32_MAX

/** Make a server. @param name for programs; @param version of it. Both are
 * copied; if one is NULL, mcps_server_start() fails and says so.
 * @return NULL when out of memory; release with mcps_server_free() */
MCPS_API mcps_server *mcps_server_new(const char *name, const char *version);

/** Set options, all of them at once; texts are copied. */
MCPS_API void mcps_server_configure(mcps_server *server,
                                    const struct mcps_server_options *options);

/** The options as they are now, defaults filled in; borrowed, up to the next
 * set-up call. To change single ones: copy, change, configure. */
MCPS_API const struct mcps_server_options *
mcps_server_get_options(const mcps_server *server);

/** mcps_configure(server, .store = "sqlite:x.db", ...). C11. */
#define mcps_configure(server, ...)                                           \
	mcps_server_configure(                                                \
		(server), &(const struct mcps_server_options){                \
				  .size = sizeof(struct mcps_server_options), \
				  __VA_ARGS__ })

/** Single options, for what a program learns from its command line after its
 * author configured the rest. Texts are copied. A store's URL that is NULL is
 * the default, and a log function that is NULL is silence. */
MCPS_API void mcps_server_set_store(mcps_server *server, const char *url);
MCPS_API void mcps_server_set_lock_wait(mcps_server *server,
                                        uint32_t milliseconds);
MCPS_API void mcps_server_set_on_corrupt(mcps_server *server,
                                         enum mcps_on_corrupt what);
MCPS_API void mcps_server_set_log(mcps_server *server, mcps_log_fn log,
                                  void *arg, enum mcps_log_level level);

/**
 * Write a line to the server's own log, where its log function, or mcps_main(),
 * writes the lines of mcps: with the same format and level. Not to be confused
 * with mcps_notify_log(), which writes to the log of a client. Any thread;
 * before mcps_main() has read the log options nothing is written.
 *
 * @param format of a short sentence; control characters become blanks, and a
 *               line has at most 511 bytes. Never credentials.
 */
MCPS_API void mcps_server_log(mcps_server *server, enum mcps_log_level level,
                              const char *format, ...) MCPS_PRINTF(3, 4);

/** One more host name or origin, see options.hosts and options.origins. */
MCPS_API void mcps_server_allow_host(mcps_server *server, const char *host);
MCPS_API void mcps_server_allow_origin(mcps_server *server, const char *origin);
/** One more trusted proxy, see options.trusted_proxies. */
MCPS_API void mcps_server_trust_proxy(mcps_server *server, const char *proxy);
/** See options.cors. */
MCPS_API void mcps_server_set_cors(mcps_server *server, bool cors);

/** Use this store instead of options.store; it is taken over, and closed,
 * whatever happens. */
MCPS_API void mcps_server_take_store(mcps_server *server, mcps_store *store);

/**
 * Open the store, make or read the key, start the threads. A process that forks
 * does so before: in a fork nothing is served, and all that it can do with the
 * server is to end.
 *
 * @param[out] error what was wrong first; may be NULL
 * A tool, resource or prompt that needs scopes is an error if no caller can
 * have any, because there is neither an auth hook nor a token file; see
 * options.development.
 *
 * @return MCPS_OK; MCPS_E_INVAL (a tool or an option); what mcps_store_open()
 *         returns; MCPS_E_PERMISSION (a file, or who may read it);
 * MCPS_E_SYSTEM (key file, threads, entropy); MCPS_E_NOMEM
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_server_start(mcps_server *server,
                                                     struct mcps_error *error);

/** Receive one finding of mcps_server_check(). */
typedef void (*mcps_finding_fn)(void *arg, mcps_status status, const char *what,
                                const char *text);

/**
 * Whether mcps_server_start() would succeed, without doing it: the options,
 * tools, token file and key file are read, the store is looked at
 * (mcps_store_look()). Nothing is made or changed, and a server that runs on
 * the same files does not notice.
 *
 * @param say called for each finding, good or bad; WHAT is what was looked at,
 *            one word
 * @return the first failure; MCPS_E_LOCKED, which only says that a server runs
 *         on the store, comes after any other
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_server_check(mcps_server *server,
                                                     mcps_finding_fn say,
                                                     void *arg);

/**
 * Read the token file and the key file again. A file that cannot be read
 * changes nothing: its former tokens or keys count, and a missing key file is
 * not made. A token file without a token is valid, and refuses every caller.
 * Any thread of the program's own.
 *
 * Rotating the key: rename the line "current" of the key file to "previous",
 * add a new "current" (64 hex digits, such as of openssl rand -hex 32), reload.
 * Ids signed by the previous one are believed until it is removed.
 *
 * @return MCPS_OK, or the first failure, in @p error
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_server_reload(mcps_server *server,
                                                      struct mcps_error *error);

/**
 * Take no new calls (503 with Retry-After) and wait for the running ones. A
 * GET gets the end of a stream that says when to come again (2025-11-25).
 * After @p milliseconds a call whose handler has not begun gets 503; its
 * handler never begins. A call whose handler still runs is told to stop
 * (mcps_cancelled()), and its client gets the error that the outcome of the
 * call is unknown, with status 200, or as the end of its stream: on 503 clients
 * might repeat it. Changes that its handler makes from then on are not kept. A
 * call whose handler has returned keeps its answer: for that, and for what
 * calls said before, it waits as long as the disk takes. Then wait until no
 * request is suspended, neither of mcps_mhd_attach() nor of mcps_admit(), so
 * that the daemon around us may be stopped, and until the handlers of calls
 * that an earlier drain answered have returned, too.
 *
 * It may be called early, before a program releases what its tools use, and
 * again: what it stopped stays stopped. After false it is called again to wait
 * for the handlers that still run. An auth hook is asked until the daemon is
 * stopped. Not for a thread of that daemon, nor for a handler.
 *
 * @return true: every call had ended by itself, and no handler or session hook
 *         runs any more or will; false: something took longer, and handlers
 *         may still run
 */
MCPS_API bool mcps_server_drain(mcps_server *server, uint32_t milliseconds);

/**
 * Whether it can serve, which a readiness probe asks: it was started, it is not
 * stopping, the store worked when it was last needed, and work that waits is
 * done. A limit that is reached is no reason not to be ready. Any thread.
 */
MCPS_API bool mcps_server_is_ready(const mcps_server *server);

/**
 * Why it cannot serve: one line for the body of a readiness probe's answer,
 * without a line feed. The store does not work, the server is not started or
 * stops; or, seen by a thread that looks four times a second,
 *
 * - a network thread of mcps_daemon_start() has not run for 5 s although it
 *   has work, such as when a quick tool or an auth hook blocks,
 * - nobody was accepted there for 30 s although clients wait,
 * - the daemon of mcps_mhd_attach() has not gone on for 5 s with requests that
 *   were resumed.
 *
 * Any thread.
 *
 * @return a static text; NULL: it is ready
 */
MCPS_API const char *mcps_server_not_ready_reason(const mcps_server *server);

/** Name, version and address of the server: borrowed, valid while the
 * server is. The store's URL is the back end's name when it was handed over. */
MCPS_API const char *mcps_server_name(const mcps_server *server);
MCPS_API const char *mcps_server_version(const mcps_server *server);
MCPS_API const char *mcps_server_path(const mcps_server *server);
MCPS_API const char *mcps_server_store_url(const mcps_server *server);

/** Whether callers are identified: an auth hook or a token file is set. */
MCPS_API bool mcps_server_knows_callers(const mcps_server *server);

/** Numbers since the start. */
struct mcps_counts {
	uint64_t requests;     /* HTTP requests for the endpoint */
	uint64_t calls;        /* JSON-RPC requests dispatched */
	uint64_t sessions_hot; /* in memory now */
	uint64_t created, restored, recreated, evicted, ended, refused;
	uint64_t store_reads, store_writes, store_commits;
};

/** Read them; each is exact, together they are not one moment's. */
MCPS_API void mcps_server_get_counts(mcps_server *server,
                                     struct mcps_counts *out);

/** Receive one kind of incident: its name, which is static and does not change
 * between versions, and how often it happened. */
typedef void (*mcps_incident_fn)(void *arg, const char *name, uint64_t count);

/**
 * Read how often each limit was reached since the start, such as
 * "connection_limit" or "session_quota"; docs/OPERATING.md has a table of the
 * names. Each kind is also logged when it happens, at most once a minute.
 * Any thread; before mcps_server_start() all counts are 0.
 *
 * @param fn called once for each kind, including those that never happened,
 *           always in the same order; a later version may add kinds
 */
MCPS_API void mcps_server_read_incidents(const mcps_server *server,
                                         mcps_incident_fn fn, void *arg);

/** Stop everything, close the store, release. The daemon that serves it must
 * have been stopped before; waits for handlers that still run. NULL is
 * ignored. */
MCPS_API void mcps_server_free(mcps_server *server);

MCPS_END_DECLS

#endif
