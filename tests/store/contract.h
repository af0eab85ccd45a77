/* The duties of every store back end, as tests: <mcps/sys/store.h> sentence by
 * sentence. A back end joins by an opener of its own. */
#ifndef MCPS_TESTS_STORE_CONTRACT_H
#define MCPS_TESTS_STORE_CONTRACT_H

#include "base/error.h"

#include <check.h>
#include <mcps/sys/store.h>
#include <stdbool.h>
#include <stdint.h>

struct contract_backend {
	const char *name;
	mcps_store *(*open)(void); /* a new, empty store */
	void (*clean)(void);       /* after it was closed; may be NULL */
};

/* Run the suite, as test_main() does. */
int contract_run(const struct contract_backend *backend);

void contract_transaction_case(void);
void contract_principal_case(void);
void contract_clock_case(void);
void contract_session_case(void);
void contract_tombstone_case(void);
void contract_trim_case(void);
void contract_state_case(void);
void contract_sweep_case(void);
void contract_stream_case(void);
void contract_stream_end_case(void);
void contract_event_case(void);

/* ---- for the tests ---------------------------------------------------- */

/* Set-up and tear-down of every test: a store of the back end. */
void contract_open(void);
void contract_close(void);
extern mcps_store *store;

#define ok(call)            ck_assert_int_eq((call), MCPS_OK)
#define gives(call, status) ck_assert_int_eq((call), (status))

#define SESSION   MCPS_STATE_OF_SESSION
#define PRINCIPAL MCPS_STATE_OF_PRINCIPAL

void begin(void);
void commit(void);

/* The n-th key, digest. The result is overwritten by the next call. */
const uint8_t *key(unsigned n);
const uint8_t *digest(unsigned n);

/* Each in a transaction of its own, which must work. */
int64_t intern(unsigned n);
int64_t insert(unsigned n, int64_t principal, int64_t seen_ms);
void end(unsigned n, int64_t until_ms);
/* How many rows a sweep removed; its limit is 100 unless HOW has one. */
size_t sweep(struct mcps_sweep how);
void put_state(enum mcps_state_owner scope, int64_t owner, const char *name,
               const char *value, int64_t expires_ms);

/* A live row with every member set. */
struct mcps_session_row make_row(unsigned n, int64_t principal,
                                 int64_t seen_ms);

/* Streams and events, each in a transaction of its own. event appends DATA,
 * which must work, and answers with its number. */
mcps_status open_stream(uint64_t id, int64_t session, int64_t opened_ms);
/* One of no call, where MOST others may be; the id of the one that went, 0:
 * none. It must work. */
uint64_t listen_to(uint64_t id, int64_t session, uint32_t most);
mcps_status append(uint64_t stream, const char *data, int64_t at_ms, bool ends,
                   uint64_t session_bytes);
uint64_t event(uint64_t stream, const char *data, int64_t at_ms);

/* The bytes that COUNT small events count. */
#define SMALL(count) ((uint64_t)(count)*MCPS_EVENT_LEAST)

/* The arguments that a callback was given. */
struct seen {
	unsigned calls;
	struct mcps_session_row session;
	struct mcps_principal_row principal;
	struct mcps_state_row state;
	struct mcps_stream_row stream; /* its request is in name */
	bool has_ended_key;
	uint8_t ended_key[MCPS_SESSION_KEY_SIZE];
	struct mcps_event_row event; /* the last one, its data in bytes */
	char events[512];            /* each as "seq:data " */
	size_t length;
	uint8_t bytes[128 * 1024]; /* data or value */
	char name[256];            /* the key of a state */
	unsigned order[64];        /* n of each session */
	unsigned stop_after;       /* then answer STATUS_STOP; 0: never */
};

mcps_status see_meta(void *arg, const void *value, size_t length);
mcps_status see_principal(void *arg, const struct mcps_principal_row *row);
mcps_status see_session(void *arg, const struct mcps_session_row *row);
mcps_status see_state(void *arg, const struct mcps_state_row *row);
mcps_status see_stream(void *arg, const struct mcps_stream_row *row);
mcps_status see_event(void *arg, const struct mcps_event_row *row);

/* Read one row; SEEN (static, overwritten by the next call) says what came. */
const struct seen *load(unsigned n);
const struct seen *look_up(unsigned n);
const struct seen *get_state(enum mcps_state_owner scope, int64_t owner,
                             const char *name);
const struct seen *list(int64_t principal);
const struct seen *get_stream(uint64_t id);
const char *replay(uint64_t stream, uint64_t after);
int64_t live_sessions(unsigned n);
bool is_live(unsigned n);
bool is_ended(unsigned n);
bool is_absent(unsigned n);

#endif
