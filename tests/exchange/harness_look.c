/* Reads the store of a harness behind the double's back. */
#include "exchange/harness.h"

#include "base/container.h"

#include <stdlib.h>
#include <string.h>

enum look_change { LOOK_ONLY, LOOK_REVOKE, LOOK_END, LOOK_FORGET };

struct look {
	struct writer_job job;
	struct harness *harness;
	const char *caller;
	const char *id;
	const char *state;
	enum look_change change;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct mcps_session_row row;
	struct mcps_principal_row principal;
	char *value;
};

static mcps_status take_row(void *arg, const struct mcps_session_row *row)
{
	struct look *look = arg;

	look->row = *row;
	look->row.data = NULL;
	return MCPS_OK;
}

static mcps_status take_principal(void *arg,
                                  const struct mcps_principal_row *row)
{
	struct look *look = arg;

	look->principal = *row;
	return MCPS_OK;
}

static mcps_status take_state(void *arg, const struct mcps_state_row *row)
{
	struct look *look = arg;

	look->value = calloc(row->length + 1, 1);
	ck_assert_ptr_nonnull(look->value);
	memcpy(look->value, row->value, row->length);
	return MCPS_OK;
}

static mcps_status look_change(struct look *look, mcps_store *store)
{
	int64_t now = atomic_load(&look->harness->time.wall_ms);

	switch (look->change) {
	case LOOK_REVOKE:
		return store->ops->principal_revoke(store, look->principal.ref,
		                                    now + 1);
	case LOOK_END:
		return store->ops->session_end(store, look->key, now + DAY_MS);
	case LOOK_FORGET:
		return store->ops->session_remove(store, look->key);
	case LOOK_ONLY:
		break;
	}
	return MCPS_OK;
}

static mcps_status look_run(struct writer_job *job, mcps_store *behind)
{
	struct look *look = container_of(job, struct look, job);
	struct harness *self = look->harness;
	mcps_store *store = self->memory;
	struct principal *principal = harness_principal(look->caller);
	mcps_status status = store->ops->principal_get(store, principal->digest,
	                                               take_principal, look);

	(void)behind;
	if (status == MCPS_OK && look->id != NULL) {
		mcps__sessions_key(&self->sessions, look->key, principal,
		                   look->id, strlen(look->id));
		status = store->ops->session_load(store, look->key, take_row,
		                                  look);
	}
	if (status == MCPS_OK && look->state != NULL)
		status = store->ops->state_get(store, MCPS_STATE_OF_SESSION,
		                               look->row.ref, look->state,
		                               take_state, look);
	if (status == MCPS_OK)
		status = look_change(look, store);
	mcps__principal_unref(principal);
	return status;
}

static void look_at(struct look *look)
{
	struct writer *writer = look->harness->writer;
	mcps_status status;

	look->job.run = look_run;
	status = look->change == LOOK_ONLY
	                 ? mcps__writer_run_read(writer, &look->job)
	                 : mcps__writer_run(writer, &look->job);
	ck_assert_int_eq(status, MCPS_OK);
}

struct mcps_session_row harness_row(struct harness *self, const char *caller,
                                    const char *id)
{
	struct look look = { .harness = self, .caller = caller, .id = id };

	look_at(&look);
	return look.row;
}

const char *harness_state(struct harness *self, const char *caller,
                          const char *id, const char *key)
{
	struct look look = {
		.harness = self, .caller = caller, .id = id, .state = key
	};

	look_at(&look);
	return look.value != NULL ? harness_keep(self, look.value) : NULL;
}

int64_t harness_live(struct harness *self, const char *caller)
{
	struct look look = { .harness = self, .caller = caller };

	look_at(&look);
	return look.principal.live_sessions;
}

static void change(struct harness *self, const char *caller, const char *id,
                   enum look_change what)
{
	struct look look = {
		.harness = self, .caller = caller, .id = id, .change = what
	};

	look_at(&look);
}

void harness_revoke(struct harness *self, const char *caller)
{
	change(self, caller, NULL, LOOK_REVOKE);
}

void harness_end_row(struct harness *self, const char *caller, const char *id)
{
	change(self, caller, id, LOOK_END);
}

void harness_forget_row(struct harness *self, const char *caller,
                        const char *id)
{
	change(self, caller, id, LOOK_FORGET);
}
