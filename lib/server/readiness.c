#include "server/readiness.h"

#include "base/clock.h"
#include "base/log.h"
#include "server/server_internal.h"

void mcps__server_add_probe(mcps_server *server, struct readiness_probe *probe)
{
	struct readiness *readiness = &server->readiness;

	pthread_mutex_lock(&readiness->lock);
	probe->next = readiness->first;
	readiness->first = probe;
	pthread_mutex_unlock(&readiness->lock);
}

void mcps__server_remove_probe(mcps_server *server,
                               struct readiness_probe *probe)
{
	struct readiness *readiness = &server->readiness;
	struct readiness_probe **at = &readiness->first;

	pthread_mutex_lock(&readiness->lock);
	while (*at != NULL && *at != probe)
		at = &(*at)->next;
	if (*at != NULL)
		*at = probe->next;
	pthread_mutex_unlock(&readiness->lock);
}

/* All probes are asked, because each has to see how things go on. */
const char *mcps__readiness_check(struct readiness *readiness, int64_t now_ms)
{
	const char *reason = NULL;

	pthread_mutex_lock(&readiness->lock);
	for (struct readiness_probe *probe = readiness->first; probe != NULL;
	     probe = probe->next) {
		const char *found = probe->check(probe, now_ms);

		if (reason == NULL)
			reason = found;
	}
	pthread_mutex_unlock(&readiness->lock);
	return reason;
}

void mcps__readiness_watch(struct readiness *readiness, int64_t now_ms,
                           const struct log_sink *log)
{
	const char *reason = mcps__readiness_check(readiness, now_ms);

	if (reason != NULL && reason != readiness->logged)
		mcps__log(log, MCPS_LOG_ERROR, "http", "not ready: %s", reason);
	if (reason == NULL && readiness->logged != NULL)
		mcps__log(log, MCPS_LOG_INFO, "http", "ready again");
	readiness->logged = reason;
}

const char *mcps_server_not_ready_reason(const mcps_server *server)
{
	if (server == NULL)
		return "there is no server";
	if (!atomic_load(&server->is_running))
		return "the server was not started";
	/* It only logs. */
	if (mcps__server_was_forked((mcps_server *)server))
		return mcps__forked;
	if (atomic_load(&server->is_retired) ||
	    atomic_load(&server->endpoint.is_stopping))
		return "stopping";
	if (!mcps__writer_healthy(server->writer))
		return "the session store does not work";
	/* The lock in it is no state of the server. */
	return mcps__readiness_check((struct readiness *)&server->readiness,
	                             mcps__steady_ms(&mcps__system_clock));
}

bool mcps_server_is_ready(const mcps_server *server)
{
	return mcps_server_not_ready_reason(server) == NULL;
}
