/* Carrying out decisions: which session, and what the store must say first. */
#include "http/exchange_internal.h"

#include "base/container.h"
#include "session/table.h"

static void exchange_store_told(struct session_wait *wait,
                                enum session_found found,
                                struct session *session, mcps_status status);

static const struct http_value *
exchange_session_id(const struct exchange *exchange)
{
	return &exchange->request.headers[HEADER_SESSION_ID];
}

/* ---- the view ---- */

/* A program with JSON-RPC of its own has streams of its own. */
static bool exchange_resumes(const struct exchange *exchange)
{
	const struct http_value *last =
		&exchange->request.headers[HEADER_LAST_EVENT_ID];
	struct event_id id;

	return exchange->view.kind == ADMIT_GET &&
	       !exchange->glue.admits_only && last->text != NULL &&
	       mcps__event_id_read(&id, last->text, last->length);
}

static void exchange_view_begin(struct exchange *exchange)
{
	const struct http_value *id = exchange_session_id(exchange);
	struct admit_view *view = &exchange->view;

	view->policy = exchange->endpoint->policy;
	view->is_anonymous = exchange->principal->anonymous;
	view->has_id = id->text != NULL;
	view->resumes = exchange_resumes(exchange);
	if (!view->has_id)
		return;
	view->is_well_formed = mcps__id_is_well_formed(id->text, id->length);
}

/* What the id says of itself matters only once memory does not know it. */
static void exchange_view_claim(struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	const struct http_value *id = exchange_session_id(exchange);
	struct id_owner owner = { exchange->principal->digest,
		                  sessions->options.resource };
	struct id_claim *claim = &exchange->claim;
	struct id_keys keys;

	if (!exchange->view.has_id)
		return;
	mcps__sessions_get_keys(sessions, &keys);
	mcps__id_read(claim, &keys, &owner, id->text, id->length);
	exchange->view.is_signed = claim->is_signed;
	exchange->view.is_too_old =
		claim->is_signed &&
		mcps__sessions_now(sessions) - claim->issued_ms >
			sessions->options.max_age_ms;
}

static void exchange_view_session(struct exchange *exchange,
                                  const struct session *session)
{
	const struct initialize *initialize = exchange->initialize;

	exchange->view.fits =
		initialize != NULL && session != NULL &&
		initialize->revision->number == session->revision &&
		initialize->capabilities == session->capabilities;
}

/* ---- what sessions begin with ---- */

static void exchange_init_of_initialize(struct session_init *init,
                                        const struct initialize *initialize)
{
	*init = (struct session_init){
		.revision = initialize->revision->number,
		.capabilities = initialize->capabilities,
		.client_name = initialize->client_name,
		.client_version = initialize->client_version,
	};
}

/* What the signed id says, else what the header says and no capabilities. */
static void exchange_init_of_recreation(struct session_init *init,
                                        const struct exchange *exchange)
{
	const struct http_value *header =
		&exchange->request.headers[HEADER_PROTOCOL_VERSION];
	const struct id_claim *claim = &exchange->claim;
	const struct revision *revision = NULL;

	*init = (struct session_init){ 0 };
	if (claim->is_signed) {
		revision = mcps__revision_by_number(claim->revision);
		init->capabilities = claim->capabilities;
		init->created_ms = claim->issued_ms;
	}
	if (revision == NULL && header->text != NULL)
		revision = mcps__revision_find(header->text, header->length);
	if (revision == NULL)
		revision = mcps__revision_assumed();
	init->revision = revision->number;
}

/* A signed id is too old by itself one day: its tombstone stays until then, and
 * for the last moment in which it is not. */
static int64_t exchange_tombstone_until(const struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;

	if (exchange->claim.is_signed)
		return exchange->claim.issued_ms +
		       sessions->options.max_age_ms + 1;
	return mcps__sessions_now(sessions) + SESSION_TOMBSTONE_MS;
}

/* ---- performing ---- */

static void exchange_serve(struct exchange *exchange, struct session *session)
{
	exchange->session = session;
	exchange->stage = STAGE_DISPATCH;
}

/* The session is gone but for its key: it is in no table, and whatever is
 * asked of it, it has ended. */
static void exchange_serve_rest(struct exchange *exchange)
{
	const struct http_value *header =
		&exchange->request.headers[HEADER_PROTOCOL_VERSION];
	const struct revision *revision = NULL;
	struct session *session =
		mcps__session_new(exchange->key, exchange->principal,
	                          &exchange->endpoint->sessions->options.layer);

	if (session == NULL) {
		mcps__exchange_refuse(exchange, MCPS_E_NOMEM, NULL, NULL);
		return;
	}
	if (header->text != NULL)
		revision = mcps__revision_find(header->text, header->length);
	if (revision == NULL)
		revision = mcps__revision_assumed();
	session->revision = revision->number;
	session->phase = SESSION_OVER;
	mcps__session_end_calls(session);
	exchange_serve(exchange, session);
}

static bool exchange_decision_is_final(enum admit_decision decision)
{
	return decision == DECISION_SERVE || decision == DECISION_REST ||
	       decision == DECISION_NO_ID || decision == DECISION_GONE;
}

/* Nothing to ask the store: true, and the exchange has its next stage. */
static bool exchange_finish_decision(struct exchange *exchange,
                                     struct session *session)
{
	if (!exchange_decision_is_final(exchange->decision))
		return false;
	if (exchange->decision == DECISION_SERVE) {
		exchange_serve(exchange, session);
		return true;
	}
	mcps__session_unref(session);
	if (exchange->decision == DECISION_REST) {
		exchange_serve_rest(exchange);
		return true;
	}
	mcps__exchange_refuse(exchange,
	                      exchange->decision == DECISION_GONE
	                              ? MCPS_E_GONE
	                              : MCPS_E_NO_SESSION,
	                      NULL, NULL);
	return true;
}

/* Ask the store. Parked from here on: exchange_store_told() goes on with it,
 * perhaps before this returns. */
static void exchange_ask_store(struct exchange *exchange,
                               struct session *session)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	struct session_wait *wait = &exchange->wait;
	struct session_init init;

	wait->fn = exchange_store_told;
	switch (exchange->decision) {
	case DECISION_LOAD:
		mcps__sessions_load(sessions, exchange->key,
		                    exchange->principal, wait);
		break;
	case DECISION_CREATE:
		exchange_init_of_initialize(&init, exchange->initialize);
		mcps__sessions_create(sessions, exchange->principal, &init,
		                      exchange->plan.session_id, wait);
		break;
	case DECISION_RECREATE:
		exchange_init_of_recreation(&init, exchange);
		mcps__sessions_recreate(sessions, exchange->key,
		                        exchange->principal, &init, wait);
		break;
	case DECISION_RENEW:
		mcps__sessions_save(sessions, session, 0, SESSION_INITIALIZED,
		                    wait);
		break;
	case DECISION_END:
		mcps__sessions_end(sessions, session,
		                   exchange_tombstone_until(exchange), wait);
		break;
	case DECISION_TOMBSTONE:
		mcps__sessions_tombstone(
			sessions, exchange->key, exchange->principal,
			exchange_tombstone_until(exchange), wait);
		break;
	case DECISION_SERVE:
	case DECISION_REST:
	case DECISION_NO_ID:
	case DECISION_GONE:
		break;
	}
	mcps__session_unref(session);
}

/* The decisions that add a row to the store: a session or a tombstone. */
static bool exchange_decision_adds_row(enum admit_decision decision)
{
	return decision == DECISION_CREATE || decision == DECISION_RECREATE ||
	       decision == DECISION_TOMBSTONE;
}

/* Take one of RATE by the name of the caller. Returns how long to wait. */
static uint32_t exchange_take_session(struct exchange *exchange,
                                      struct rate *rate, const void *name,
                                      size_t length, enum incident limit)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	uint32_t wait_ms = mcps__rate_take(
		rate, name, length, mcps__steady_ms(sessions->options.clock));

	if (wait_ms != 0)
		mcps__incident_happened(sessions->options.incidents, limit);
	return wait_ms;
}

/* The address comes first: a flood from one address must not use up what all
 * anonymous callers may begin together. */
static uint32_t exchange_take_anonymous(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;
	uint32_t wait_ms = 0;

	if (mcps__client_limits_sessions(&exchange->client))
		wait_ms = exchange_take_session(
			exchange, endpoint->session_rate_of_address,
			exchange->caller.key, sizeof exchange->caller.key,
			INCIDENT_ADDRESS_SESSIONS);
	if (wait_ms == 0)
		wait_ms = exchange_take_session(
			exchange, endpoint->session_rate_of_anonymous, "", 0,
			INCIDENT_ANONYMOUS_SESSIONS);
	return wait_ms;
}

/* A rate limit on new rows bounds what a caller can store over time. */
static bool exchange_pass_session_rate(struct exchange *exchange)
{
	const struct principal *principal = exchange->principal;
	uint32_t wait_ms;

	if (!exchange_decision_adds_row(exchange->decision))
		return true;
	wait_ms = principal->anonymous
	                  ? exchange_take_anonymous(exchange)
	                  : exchange_take_session(
				    exchange,
				    exchange->endpoint->session_rate_of_caller,
				    principal->digest, sizeof principal->digest,
				    INCIDENT_SESSION_RATE);
	if (wait_ms == 0)
		return true;
	mcps__exchange_refuse(exchange, MCPS_E_LIMIT, "too many sessions begun",
	                      NULL);
	exchange->plan.retry_after_s = (wait_ms + 999) / 1000;
	return false;
}

/* True: decided. False: the store was asked. */
static bool admit(struct exchange *exchange, enum session_found found,
                  struct session *session)
{
	exchange_view_session(exchange, session);
	exchange->decision = mcps__admit(&exchange->view, found);
	if (exchange_finish_decision(exchange, session))
		return true;
	if (!exchange_pass_session_rate(exchange)) {
		mcps__session_unref(session);
		return true;
	}
	if (exchange->decision == DECISION_END ||
	    exchange->decision == DECISION_LOAD)
		exchange_view_claim(exchange);
	mcps__exchange_park(exchange);
	exchange_ask_store(exchange, session);
	return false;
}

/* The id that initialize answers with: a new one, or the one that was sent. */
static void exchange_serve_stored(struct exchange *exchange,
                                  struct session *session)
{
	const struct http_value *id = exchange_session_id(exchange);

	if (exchange->decision == DECISION_RENEW) {
		memcpy(exchange->plan.session_id, id->text, id->length);
		exchange->plan.session_id[id->length] = '\0';
	}
	exchange_serve(exchange, session);
}

static void exchange_store_told(struct session_wait *wait,
                                enum session_found found,
                                struct session *session, mcps_status status)
{
	struct exchange *exchange = container_of(wait, struct exchange, wait);

	switch (mcps__admit_outcome(exchange->decision, found, status)) {
	case ADMIT_OUTCOME_SERVE:
		exchange_serve_stored(exchange, session);
		break;
	case ADMIT_OUTCOME_AGAIN:
		if (!admit(exchange, found, session))
			return;
		break;
	case ADMIT_OUTCOME_ENDED:
		exchange->plan.ready = true;
		exchange->plan.status = 204;
		exchange->plan.kind = PLAN_EMPTY;
		exchange->stage = STAGE_DONE;
		break;
	case ADMIT_OUTCOME_GONE:
		mcps__session_unref(session);
		mcps__exchange_refuse(exchange, MCPS_E_GONE, NULL, NULL);
		break;
	case ADMIT_OUTCOME_FAILED:
		mcps__exchange_refuse(exchange, status, NULL, NULL);
		break;
	}
	mcps__exchange_wake(exchange);
}

void mcps__exchange_hold(struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	const struct http_value *id = exchange_session_id(exchange);

	if (id->text == NULL)
		return;
	mcps__sessions_key(sessions, exchange->key, exchange->principal,
	                   id->text, id->length);
	if (exchange->request.method == HTTP_POST)
		exchange->held = mcps__table_hold(sessions, exchange->key);
}

bool mcps__exchange_admit(struct exchange *exchange)
{
	enum session_found found = FOUND_NOT_LOADED;
	struct session *session = NULL;

	exchange_view_begin(exchange);
	if (exchange->view.has_id)
		found = mcps__sessions_find(exchange->endpoint->sessions,
		                            exchange->key, &session);
	mcps__session_unref(exchange->held); /* SESSION is held instead */
	exchange->held = NULL;
	return admit(exchange, found, session);
}
