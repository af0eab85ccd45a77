#include "base/incident.h"

#include <inttypes.h>
#include <stddef.h>

enum { LINE_EVERY_MS = 60000 };

static const struct {
	const char *name, *module, *sentence;
} incident_texts[INCIDENT_COUNT] = {
#define X(name, text, module, sentence) \
	[INCIDENT_##name] = { text, module, sentence },
	INCIDENT_MAP(X)
#undef X
};

void mcps__incidents_init(struct incidents *incidents,
                          const struct log_sink *log,
                          const struct clock_source *clock)
{
	incidents->log = log;
	incidents->clock = clock;
	for (int i = 0; i < INCIDENT_COUNT; i++) {
		atomic_init(&incidents->all[i].count, 0);
		atomic_init(&incidents->all[i].logged, 0);
		atomic_init(&incidents->all[i].next_line_ms, 0);
	}
}

/* Everyday incidents are no warning: clients look for a server, come
 * with an old session, or are told by 401 that they need a token. */
static const enum incident everyday[] = {
	INCIDENT_ANONYMOUS_ENDED,
	INCIDENT_ANONYMOUS_RECREATED,
	INCIDENT_CREDENTIAL_MISSING,
	INCIDENT_PATH_UNKNOWN,
	INCIDENT_METHOD_REFUSED,
	INCIDENT_CONTENT_TYPE_REFUSED,
	INCIDENT_CONTENT_ENCODING_REFUSED,
	INCIDENT_ACCEPT_REFUSED,
	INCIDENT_JSON_INVALID,
	INCIDENT_MESSAGE_INVALID,
	INCIDENT_REVISION_UNKNOWN,
	INCIDENT_SESSION_ID_MISSING,
	INCIDENT_SESSION_UNKNOWN,
};

static enum mcps_log_level incident_level(enum incident what)
{
	for (size_t i = 0; i < sizeof everyday / sizeof *everyday; i++)
		if (everyday[i] == what)
			return MCPS_LOG_INFO;
	return MCPS_LOG_WARN;
}

/* The thread that moves next_line_ms writes the line. */
static bool incident_take_line(struct incident_state *state, int64_t now,
                               uint_fast64_t *times, uint_fast64_t *count)
{
	int64_t due = atomic_load(&state->next_line_ms);

	if ((due != 0 && now < due) ||
	    !atomic_compare_exchange_strong(&state->next_line_ms, &due,
	                                    now + LINE_EVERY_MS))
		return false;
	*count = atomic_load(&state->count);
	*times = *count - atomic_exchange(&state->logged, *count);
	return true;
}

bool mcps__incident_is_due(struct incident_state *state, int64_t now_ms,
                           uint_fast64_t *times)
{
	uint_fast64_t count;

	atomic_fetch_add(&state->count, 1);
	return incident_take_line(state, now_ms, times, &count);
}

static void incident_log(struct incidents *incidents, enum incident what)
{
	uint_fast64_t count, times;

	if (!incident_take_line(&incidents->all[what],
	                        mcps__steady_ms(incidents->clock), &times,
	                        &count))
		return;
	mcps__log(incidents->log, incident_level(what),
	          incident_texts[what].module,
	          "%s: %s times=%" PRIuFAST64 " total=%" PRIuFAST64,
	          incident_texts[what].name, incident_texts[what].sentence,
	          times, count);
}

void mcps__incident_happened_times(struct incidents *incidents,
                                   enum incident what, uint32_t times)
{
	if (incidents == NULL || times == 0)
		return;
	atomic_fetch_add(&incidents->all[what].count, times);
	incident_log(incidents, what);
}

void mcps__incident_happened(struct incidents *incidents, enum incident what)
{
	mcps__incident_happened_times(incidents, what, 1);
}

void mcps__incident_note(struct incidents *incidents, enum incident what)
{
	if (incidents != NULL)
		atomic_fetch_add(&incidents->all[what].count, 1);
}

void mcps__incidents_flush(struct incidents *incidents)
{
	for (int i = 0; i < INCIDENT_COUNT; i++)
		if (atomic_load(&incidents->all[i].count) !=
		    atomic_load(&incidents->all[i].logged))
			incident_log(incidents, (enum incident)i);
}

uint64_t mcps__incident_count(const struct incidents *incidents,
                              enum incident what)
{
	return atomic_load(&incidents->all[what].count);
}

const char *mcps__incident_name(enum incident what)
{
	return incident_texts[what].name;
}
