/* Requests that tests pass to mcps_admit() without HTTP, and the server that
 * decides about them. The test programs for admission share this file. */
#ifndef MCPS_TESTS_ADMIT_CASE_H
#define MCPS_TESTS_ADMIT_CASE_H

#include <mcps/admit.h>
#include <pthread.h>

#define INITIALIZE_AS(version)                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","             \
	"\"params\":{\"protocolVersion\":\"" version "\",\"capabilities\":{}," \
	"\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"
#define INITIALIZE INITIALIZE_AS("2025-06-18")
#define PING       "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}"
#define GONE                                                              \
	"{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"error\":{\"code\":-32001,"   \
	"\"message\":\"Session not found (HTTP 404): initialize again\"," \
	"\"data\":{\"reason\":\"mcp_"                                     \
	"session_terminated\"}}}"

/* The server of the test that runs, and the store that it opens. */
extern mcps_server *admit_server;
extern char admit_store[256];

/* A fixture: start a server with a store in memory and no auth hook; drain and
 * free it. admit_start_with() starts one on admit_store with the hook AUTH. */
void admit_set_up(void);
void admit_tear_down(void);
void admit_start_with(mcps_auth_fn auth);

/* The members in the first three lines are set by the test; NULL means the
 * default or absent. The others belong to admit_case.c. */
struct request {
	const char *method, *body;
	const char *session_id, *version, *host, *token, *subject;
	const char *peer, *forwarded_for;
	mcps_admission *admission;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	unsigned parks, dones;
};

/* Callbacks of a struct mcps_admit_view whose ARG is a struct request. */
const char *admit_find_header(void *arg, const char *name);
void admit_on_done(void *arg);

/* Begin an admission and return at once, perhaps with MCPS_LATER. */
mcps_status admit_ask(struct request *self);
/* While STATUS is MCPS_LATER, wait until the admission can continue. */
mcps_status admit_await(struct request *self, mcps_status status);
/* Begin an admission, wait until it is decided, and return the result. */
enum mcps_admission_result admit_run(struct request *self);
/* Free the admission, after as many calls of done as of park. */
void admit_finish(struct request *self);

/* A header of the answer; NULL: absent. */
const char *admit_header(struct request *self, const char *name);

/* The request must be answered with this HTTP status and a body that contains
 * BODY; NULL: an empty body. */
void admit_assert_answer(struct request *self, int status, const char *body);
#define answers(status, body, ...) \
	admit_assert_answer(&(struct request){ __VA_ARGS__ }, (status), (body))

/* Open a session with this request, or with INITIALIZE, SUBJECT and the session
 * id ID; returns the id of the session, which the caller frees. */
char *admit_open_with(struct request self);
char *admit_open_session(const char *subject, const char *id);

/* The request must be served; returns its session. */
struct mcps_session_view admit_serve(struct request *self);

#endif
