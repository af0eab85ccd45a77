#include "fuzz/sessions_model.h"

#include "fuzz/target.h"

#include <stdlib.h>
#include <string.h>

/* Last seen is stored once a minute. */
#define TOUCH_MS INT64_C(60000)

static int64_t now(const struct model *model)
{
	return server_now(model->server);
}

static const struct sessions_options *options(const struct model *model)
{
	return &model->server->sessions.options;
}

void model_init(struct model *model, struct server *server)
{
	memset(model, 0, sizeof *model);
	model->server = server;
	strcpy(model->slots[0].id, "chosen-by-a-client");
	strcpy(model->slots[1].id, "not well formed");
	for (int i = 2; i < SLOTS; i++) {
		strcpy(model->slots[i].id, "never-heard-of-0");
		model->slots[i].id[15] = (char)('0' + i);
	}
}

/* ---- what is known ---- */

static const struct model_record *record_of(const struct model *model,
                                            int caller, int slot)
{
	return &model->records[caller][slot];
}

static bool is_signed(const struct model *model, int caller, int slot)
{
	const struct model_slot *is = &model->slots[slot];

	return is->is_minted && is->minted_for == caller &&
	       is->key == model->key;
}

static bool is_too_old(const struct model *model, int slot)
{
	return now(model) - model->slots[slot].issued_ms >
	       options(model)->max_age_ms;
}

static bool may_recreate(const struct model *model, int caller, int slot)
{
	enum mcps_unknown_ids policy = model->server->options.policy;

	if (policy == MCPS_UNKNOWN_NEVER)
		return false;
	if (is_signed(model, caller, slot))
		return !is_too_old(model, slot);
	return policy == MCPS_UNKNOWN_AUTHENTICATED && caller != ANONYMOUS &&
	       mcps__id_is_well_formed(model->slots[slot].id,
	                               strlen(model->slots[slot].id));
}

/* The store is told of a use within a minute. While a use may be unknown to it
 * nothing is idle. */
static bool is_idle(const struct model *model,
                    const struct model_record *record)
{
	int64_t most = options(model)->idle_ms + 60000;
	int64_t unstored_ms = atomic_load(&model->server->sessions.unstored_ms);

	return now(model) - record->seen_ms > most &&
	       now(model) - unstored_ms > most;
}

static bool is_aged(const struct model *model,
                    const struct model_record *record)
{
	return now(model) - record->created_late_ms >
	       options(model)->max_age_ms;
}

static bool is_surely_live(const struct model *model,
                           const struct model_record *record)
{
	return record->is_live && !record->is_doubtful &&
	       now(model) - record->seen_stored_ms <= options(model)->idle_ms &&
	       now(model) - record->created_ms <= options(model)->max_age_ms;
}

/* An aged one has ended, even if it is idle, too. */
static bool is_surely_unknown(const struct model *model,
                              const struct model_record *record)
{
	if (record->is_doubtful || record->is_ended)
		return false;
	return !record->is_live ||
	       (is_idle(model, record) &&
	        now(model) - record->created_ms <= options(model)->max_age_ms);
}

/* Beyond the bound the oldest ids are forgotten, and none that is as old is
 * recreated. */
static bool may_have_forgotten(const struct model *model, int caller)
{
	uint32_t most = options(model)->max_tombstones;

	return most != 0 && model->ends[caller] > most;
}

enum expectation model_expect(const struct model *model, int caller, int slot)
{
	const struct model_record *record = record_of(model, caller, slot);

	if (record->is_ended)
		return now(model) < record->until_ms ? EXPECT_GONE
		                                     : EXPECT_ANYTHING;
	if (is_surely_live(model, record))
		return EXPECT_SAME;
	if (!is_surely_unknown(model, record))
		return EXPECT_ANYTHING;
	if (!may_recreate(model, caller, slot))
		return EXPECT_GONE;
	return may_have_forgotten(model, caller) ? EXPECT_ANYTHING : EXPECT_NEW;
}

bool model_is_over(const struct model *model, int caller, int slot)
{
	const struct model_record *record = record_of(model, caller, slot);

	return is_idle(model, record) || is_aged(model, record);
}

/* ---- what happens ---- */

void model_seen(struct model *model, int caller, int slot)
{
	model->records[caller][slot].seen_ms = now(model);
}

/* It is there now, perhaps since now. */
static void record_begins(struct model *model, int caller, int slot)
{
	const struct model_slot *is = &model->slots[slot];
	struct model_record *record = &model->records[caller][slot];

	if (!record->is_live) {
		record->created_ms = is->is_minted ? is->issued_ms : now(model);
		record->seen_stored_ms = now(model) - TOUCH_MS;
	}
	if (record->is_doubtful || record->is_ended)
		record->created_ms = record->seen_stored_ms = INT64_MIN / 2;
	record->created_late_ms = now(model);
	record->is_live = true;
	record->is_ended = false;
	record->is_doubtful = false;
	record->may_be_new = true;
}

void model_served(struct model *model, int caller, int slot, bool stores)
{
	struct model_record *record = &model->records[caller][slot];

	if (!is_surely_live(model, record))
		record_begins(model, caller, slot);
	if (stores && now(model) > model->touches_doubtful_until &&
	    record->seen_stored_ms < now(model) - TOUCH_MS)
		record->seen_stored_ms = now(model) - TOUCH_MS;
}

void model_lost_track(struct model *model, int caller, int slot)
{
	struct model_record *record = &model->records[caller][slot];

	model->ends[caller]++;
	record->may_be_new = true;
	record->created_late_ms = now(model);
	if (!record->is_ended)
		record->is_doubtful = true;
}

/* Nobody else ever had it. */
static void note_incarnation(struct model *model, int caller, int slot,
                             uint64_t incarnation)
{
	for (size_t i = 0; i < model->incarnation_count; i++)
		require(model->incarnations[i].number != incarnation);
	require(model->incarnation_count < INCARNATIONS);
	model->incarnations[model->incarnation_count].number = incarnation;
	model->incarnations[model->incarnation_count].caller = caller;
	model->incarnations[model->incarnation_count].slot = slot;
	model->incarnation_count++;
}

void model_counted(struct model *model, int caller, int slot,
                   uint64_t incarnation, int64_t value, int added)
{
	struct model_record *record = &model->records[caller][slot];

	if (!record->has_incarnation || record->incarnation != incarnation) {
		require(record->may_be_new);
		note_incarnation(model, caller, slot, incarnation);
		record->has_incarnation = true;
		record->incarnation = incarnation;
		record->value = 0;
	}
	record->may_be_new = false;
	require(value >= record->value + added);
	require(value <= record->value + added + record->unknown);
	record->value = value;
	record->unknown = 0;
}

/* It begins the key of its row. */
static int64_t issued_at(const char *id)
{
	static const uint8_t none[ID_KEY_SIZE];
	const struct id_owner owner = { none, "" };
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	int64_t issued = 0;

	mcps__id_row_key(key, none, &owner, id, strlen(id));
	for (int i = 0; i < 6; i++)
		issued = issued << 8 | key[i];
	return issued;
}

void model_created(struct model *model, int caller, int slot, const char *id)
{
	struct model_slot *is = &model->slots[slot];

	for (int i = 0; i < SLOTS; i++)
		require(strcmp(model->slots[i].id, id) != 0);
	require(strlen(id) == ID_TEXT_LENGTH);
	for (int i = 0; i < CALLERS; i++) {
		/* A session under the former id may yet end of old age. */
		if (!model->records[i][slot].is_ended)
			model->ends[i]++;
		model->records[i][slot] = (struct model_record){ 0 };
	}
	strcpy(is->id, id);
	is->turn++;
	is->is_minted = true;
	is->minted_for = caller;
	is->issued_ms = issued_at(id);
	is->key = model->key;
	record_begins(model, caller, slot);
	model->records[caller][slot].seen_stored_ms = is->issued_ms;
	model_seen(model, caller, slot);
}

/* A minted id is too old by itself when its tombstone goes. */
static int64_t tombstone_until(const struct model *model, int slot)
{
	const struct model_slot *is = &model->slots[slot];

	return is->is_minted ? is->issued_ms + options(model)->max_age_ms + 1
	                     : now(model) + SESSION_TOMBSTONE_MS;
}

void model_ended(struct model *model, int caller, int slot)
{
	struct model_record *record = &model->records[caller][slot];

	model->ends[caller]++;
	if (!record->is_ended ||
	    record->until_ms < tombstone_until(model, slot))
		record->until_ms = tombstone_until(model, slot);
	record->is_live = false;
	record->is_doubtful = false;
	record->is_ended = true;
}

/* "A signed id of P still gets its tombstone." */
void model_not_found(struct model *model, int caller, int slot)
{
	if (is_signed(model, caller, slot) && !is_too_old(model, slot))
		model_ended(model, caller, slot);
}

void model_revoked(struct model *model, int caller, bool worked)
{
	model->ends[caller] += SLOTS;
	for (int slot = 0; slot < SLOTS; slot++) {
		struct model_record *record = &model->records[caller][slot];

		if (worked && is_surely_live(model, record)) {
			model_ended(model, caller, slot);
			record->until_ms = now(model) + SESSION_TOMBSTONE_MS;
		} else if (!record->is_ended) {
			record->is_doubtful = true;
		}
	}
}

void model_swept(struct model *model)
{
	for (int caller = 0; caller < CALLERS; caller++)
		for (int slot = 0; slot < SLOTS; slot++) {
			const struct model_record *record =
				record_of(model, caller, slot);
			int64_t age = now(model) - record->created_ms;

			if (!record->is_ended &&
			    age > options(model)->max_age_ms)
				model->ends[caller]++;
		}
}

void model_store_failed(struct model *model)
{
	model->touches_doubtful_until = now(model) + TOUCH_MS;
}

void model_lost_store(struct model *model)
{
	memset(model->records, 0, sizeof model->records);
	memset(model->ends, 0, sizeof model->ends);
}

void model_lost_key(struct model *model)
{
	model->key++;
}
