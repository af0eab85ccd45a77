/* Mounting a server in the libmicrohttpd daemon that a program has already.
 *
 *     mcps_server_start(server, ...);
 *     daemon = MHD_start_daemon(... | MHD_ALLOW_SUSPEND_RESUME, ...);
 *     mcps_mhd_attach(server, daemon, NULL, NULL, ...);
 *     ...
 *     mcps_server_drain(server, 5000);
 *     MHD_stop_daemon(daemon);
 *     mcps_server_free(server);
 *
 * In between, the program's access handler calls mcps_mhd_handle(), and its
 * MHD_OPTION_NOTIFY_COMPLETED callback mcps_mhd_completed(). Any of
 * libmicrohttpd's modes will do; with MHD_USE_POLL_INTERNAL_THREAD there is
 * nothing else to think of. With MHD_USE_THREAD_PER_CONNECTION a request that
 * waits holds up the thread of its connection, and no other; such a daemon
 * needs no MHD_ALLOW_SUSPEND_RESUME. A program that calls MHD_run() itself has
 * to call it once more whenever connections have ended: else it accepts nobody
 * for ever when it was full (docs/MOUNT-GUIDE.md, examples/mount_loop.c).
 *
 * The stand-alone daemon does some things that the program's does not: cut
 * clients that send or read slowly but steadily (there is
 * MHD_OPTION_CONNECTION_TIMEOUT for silent ones), refuse a request without Host
 * by itself (MHD_OPTION_STRICT_FOR_CLIENT), and keep connections for calls
 * while clients listen: libmicrohttpd does not tell how many there are, so set
 * options.max_streams.
 *
 * This header is not part of <mcps/mcps.h>, and does not need
 * <microhttpd.h>.
 */
#ifndef MCPS_MHD_H
#define MCPS_MHD_H

#include <mcps/admit.h>
#include <mcps/server.h>

MCPS_BEGIN_DECLS

struct MHD_Connection;
struct MHD_Daemon;

/** Have the loop that drives the daemon look at it once more, with MHD_run()
 * or the like: requests were resumed. Called by any thread, several at once,
 * often; must neither block nor call this library. Writing to an eventfd that
 * the loop polls is right. */
typedef void (*mcps_mhd_wake_fn)(void *arg);

/**
 * Serve @p server by @p daemon. Until then mcps_mhd_handle() answers 503 with
 * Retry-After. Several daemons may be attached, each with a mode of its own;
 * requests of one that is not get 503, whatever its flags are. Any thread.
 *
 * @param server  was started; outlives the daemon
 * @param wake    for a program that calls MHD_run() itself, because nothing
 *                else wakes it; else NULL
 * @param[out] error  says what to change; may be NULL
 * @return MCPS_OK; MCPS_E_INVAL (there is no daemon, it runs in a mode that
 *         cannot wait for anything, @p wake is missing, the server was not
 *         started, or by another process than this fork of it, or is attached
 *         to this daemon already); MCPS_E_NOMEM;
 *         MCPS_E_SYSTEM (no thread or no descriptor for finding clients that
 *         left)
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_mhd_attach(mcps_server *server,
                                                   struct MHD_Daemon *daemon,
                                                   mcps_mhd_wake_fn wake,
                                                   void *arg,
                                                   struct mcps_error *error);

/**
 * The opposite of mcps_mhd_attach(), before MHD_stop_daemon(), for a program
 * that stops one of its daemons, or starts it anew, while the server goes on.
 * Before the end of the server mcps_server_drain() does the same for all of
 * them. Requests of @p daemon that were not begun get 503, and answers close
 * their connections. Streams are closed, and their clients connect again. Calls
 * that take longer than @p milliseconds are told to stop, and answered with the
 * error that their outcome is unknown.
 *
 * On a thread that is none of the daemon's: a program that calls MHD_run()
 * itself goes on with it meanwhile, and after that until
 * mcps_mhd_open_requests() is 0, or all of what is left is another daemon's.
 *
 * @param server  NULL is fine
 * @param daemon  one that is not attached is fine
 * @return true: all calls ended in time; false: they did not, or a request
 *         still waits for an auth hook or the store two seconds after that,
 *         which the log says: then MHD_stop_daemon() would end the process, or
 *         with a thread per connection wait for it
 */
MCPS_API bool mcps_mhd_detach(mcps_server *server, struct MHD_Daemon *daemon,
                              uint32_t milliseconds);

/**
 * Take over a request for the server's path: called by an access handler, with
 * what it got. The first call for a request may be libmicrohttpd's first one
 * or a later one, but from then on each call of the handler for this request
 * must get here. Code that stands before it decides who may come here, such as
 * a login (docs/MOUNT-GUIDE.md). Threads: those that libmicrohttpd calls the
 * handler on.
 *
 * @param server   NULL, in a program that may run without: it is yours
 * @param request  its req_cls: what the program keeps there is handed to the
 *                 auth hook (mcps_mhd_req_cls()), and neither read through nor
 *                 changed
 * @param[out] result  an enum MHD_Result, to be returned
 * @return true: it is ours, return @p result; false: it is yours
 */
MCPS_API MCPS_MUST_USE bool mcps_mhd_handle(mcps_server *server,
                                            struct MHD_Connection *connection,
                                            const char *url, const char *method,
                                            const char *data, size_t *size,
                                            void **request, int *result);

/**
 * Whether mcps_mhd_handle() has taken over the request that @p connection is
 * at, in an earlier call of the access handler. A program that checks logins
 * before mcps_mhd_handle() and remembers nothing with its requests checks only
 * those that are not owned yet, so that each is checked once. On the
 * connection's thread: in the access handler or the completion callback.
 */
MCPS_API bool mcps_mhd_owns(mcps_server *server,
                            struct MHD_Connection *connection);

/**
 * A request is over. The first thing that the MHD_OPTION_NOTIFY_COMPLETED
 * callback does, with what it got.
 *
 * @param server  NULL is fine: it is yours
 * @return true: it was ours, and nothing is left to do; false: it is yours, or
 *         it was ours and @p request still has a pointer of yours to release
 */
MCPS_API bool mcps_mhd_completed(mcps_server *server,
                                 struct MHD_Connection *connection,
                                 void **request);

/**
 * Optional: see targets as they were sent. The first thing that an
 * MHD_OPTION_URI_LOG_CALLBACK does, with what it got; it returns what it likes.
 *
 * libmicrohttpd unescapes paths, so that "/%6dcp" and "/mcp%00x" are "/mcp" to
 * an access handler, but not to a proxy that lets some paths through and
 * others not. With this they are 404, as in a daemon of ours.
 */
MCPS_API void mcps_mhd_target(mcps_server *server,
                              struct MHD_Connection *connection,
                              const char *uri);

/**
 * The connection that a request came by, for an auth hook: libmicrohttpd's
 * functions find client certificates, cookies and the like with it. To be used
 * on the hook's thread and until the hook returns, MCPS_LATER included: what
 * is needed after that is copied before. The hook answers nothing itself: no
 * MHD_queue_response() or the like.
 *
 * @return NULL when the request came by mcps_admit()
 */
MCPS_API struct MHD_Connection *
mcps_mhd_connection(const mcps_request *request);

/**
 * The pointer in the program's req_cls when mcps_mhd_handle() was first called
 * for this request, for an auth hook: so a login that was checked before says
 * who it is. NULL for a request that did not come by mcps_mhd_handle().
 */
MCPS_API void *mcps_mhd_req_cls(const mcps_request *request);

/**
 * How many requests of ours are under way, until their answers are sent. After
 * mcps_server_drain() a program that calls MHD_run() itself goes on with it
 * until there are none. For other programs mcps_server_drain() waits for them,
 * two seconds at most. Any thread.
 */
MCPS_API unsigned mcps_mhd_open_requests(mcps_server *server);

/* ---- sessions alone: a program with JSON-RPC code of its own ---- */

/**
 * Carry out the JSON-RPC of one POST whose session is known. Called on the
 * connection's thread.
 *
 * @param admission  tells the session (mcps_admission_session(), whose revision
 *                   an initialize is answered with) and the caller
 * @param body  strict JSON, NUL-terminated: one message, or a batch where the
 *              revision has those; valid until this returns
 * @return the body of the answer, allocated with malloc(); NULL: there is none,
 *         because all messages were notifications or responses
 */
typedef char *(*mcps_mhd_answer_fn)(void *arg, const mcps_admission *admission,
                                    const char *body);

/**
 * Answer one request by mcps_admit() (<mcps/admit.h>) and @p answer: all of an
 * access handler, for a daemon with MHD_ALLOW_SUSPEND_RESUME and a thread of
 * its own, such as MHD_USE_POLL_INTERNAL_THREAD. It collects the body (up to
 * options.max_body), suspends the connection while the store is waited for,
 * refuses what is not admitted, and sends the answer unless the session has
 * ended meanwhile. A GET is 405: there are no streams. The daemon's
 * MHD_OPTION_NOTIFY_COMPLETED callback calls mcps_mhd_admit_completed().
 *
 * @param server   was started; it need not be attached to the daemon
 * @param request  the handler's req_cls, which belongs to this function
 * @return an enum MHD_Result, to be returned by the handler
 */
MCPS_API MCPS_MUST_USE int mcps_mhd_admit(mcps_server *server,
                                          struct MHD_Connection *connection,
                                          const char *method, const char *data,
                                          size_t *size, void **request,
                                          mcps_mhd_answer_fn answer, void *arg);

/** Release what mcps_mhd_admit() keeps at @p request, the req_cls of a request
 * that has completed. NULL, and a pointer to NULL, are ignored. */
MCPS_API void mcps_mhd_admit_completed(void **request);

MCPS_END_DECLS

#endif
