#include "mhd/socket.h"

#include "base/memory.h"
#include "http/endpoint.h"

static const struct {
	int64_t within_ms; /* 0: for ever */
	bool adds_idle;    /* the idle time comes on top */
	bool looks;        /* a client that has closed its side is gone */
	bool is_idle;
	bool may_lapse; /* that its time is over is nothing unusual */
} phases[] = {
	[SOCKET_NEW] = { 10 * 1000, false, true, true, false },
	[SOCKET_IDLE] = { 10 * 1000, true, true, true, true },
	[SOCKET_BODY] = { 120 * 1000, false, true, false, false },
	[SOCKET_SKIP] = { 5 * 1000, false, true, false, false },
	[SOCKET_WORKING] = { 0, false, false, false, false },
	/* Some close their side early and still read. */
	[SOCKET_ANSWER] = { 300 * 1000, false, false, false, false },
	/* Who lost its connection resumes. */
	[SOCKET_EVENTS] = { 60 * 1000, false, false, false, false },
};

void mcps__socket_enter(struct sockets *sockets, struct deadline *deadline,
                        enum socket_phase phase)
{
	int64_t within_ms = phases[phase].within_ms;

	if (deadline == NULL)
		return;
	deadline->is_idle = phases[phase].is_idle;
	deadline->may_lapse = phases[phase].may_lapse;
	if (within_ms == 0) {
		mcps__deadline_lift(deadline);
		return;
	}
	if (phases[phase].adds_idle)
		within_ms += sockets->idle_s * INT64_C(1000);
	mcps__deadline_set(&sockets->deadlines, deadline, sockets->now_ms,
	                   within_ms, phases[phase].looks);
}

struct deadline *mcps__socket_deadline(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
}

int mcps__socket_descriptor(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
	                               MHD_CONNECTION_INFO_CONNECTION_FD)
	        ->connect_fd;
}

static void socket_count_open(struct sockets *sockets)
{
	struct fullness *all = sockets->fullness;

	if (++sockets->count != sockets->most)
		return;
	if (atomic_fetch_add(&all->full_loops, 1) + 1 == all->loops)
		mcps__endpoint_report(all->endpoint, INCIDENT_CONNECTIONS);
}

static void socket_count_closed(struct sockets *sockets)
{
	if (sockets->count-- == sockets->most)
		atomic_fetch_sub(&sockets->fullness->full_loops, 1);
}

static void socket_begin(struct sockets *sockets,
                         struct MHD_Connection *connection, void **slot)
{
	struct deadline *deadline = mcps__malloc(sizeof *deadline);

	socket_count_open(sockets);
	*slot = deadline;
	if (deadline == NULL)
		return;
	mcps__deadlines_add(&sockets->deadlines, deadline,
	                    mcps__socket_descriptor(connection));
	mcps__socket_enter(sockets, deadline, SOCKET_NEW);
}

/* libmicrohttpd closes the descriptor after this. */
static void socket_end(struct sockets *sockets, void **slot)
{
	struct deadline *deadline = *slot;

	socket_count_closed(sockets);
	*slot = NULL;
	if (deadline == NULL)
		return;
	mcps__deadlines_remove(&sockets->deadlines, deadline);
	mcps__free(deadline);
}

void mcps__socket_notified(void *arg, struct MHD_Connection *connection,
                           void **slot,
                           enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		socket_begin(arg, connection, slot);
	else
		socket_end(arg, slot);
}
