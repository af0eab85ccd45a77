#include "mcp/catalogue.h"

#include "base/memory.h"

#include <sodium.h>
#include <string.h>

/* ---- names ---- */

static size_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

struct offer *mcps__catalogue_find(const struct catalogue *catalogue,
                                   enum offer_kind kind, const char *name)
{
	const struct shelf *shelf = &catalogue->shelves[kind];
	size_t mask = shelf->slot_count - 1;

	if (shelf->slot_count == 0)
		return NULL;
	for (size_t i = hash_of(name) & mask; shelf->slots[i] != NULL;
	     i = (i + 1) & mask)
		if (strcmp(shelf->slots[i]->name, name) == 0)
			return shelf->slots[i];
	return NULL;
}

/* ---- making ---- */

static void slot_fill(struct shelf *shelf, struct offer *offer)
{
	size_t mask = shelf->slot_count - 1;
	size_t i = hash_of(offer->name) & mask;

	while (shelf->slots[i] != NULL)
		i = (i + 1) & mask;
	shelf->slots[i] = offer;
}

static bool shelf_grow(struct shelf *shelf)
{
	size_t room = shelf->room != 0 ? 2 * shelf->room : 8;
	struct offer **offers = mcps__calloc(room, sizeof(struct offer *));
	struct offer **slots = mcps__calloc(2 * room, sizeof(struct offer *));

	if (offers == NULL || slots == NULL) {
		mcps__free(offers);
		mcps__free(slots);
		return false;
	}
	if (shelf->count != 0)
		memcpy(offers, shelf->offers,
		       shelf->count * sizeof(struct offer *));
	mcps__free(shelf->offers);
	mcps__free(shelf->slots);
	shelf->offers = offers;
	shelf->room = room;
	shelf->slots = slots;
	shelf->slot_count = 2 * room;
	for (size_t i = 0; i < shelf->count; i++)
		slot_fill(shelf, offers[i]);
	return true;
}

bool mcps__catalogue_add(struct catalogue *catalogue, struct offer *offer)
{
	struct shelf *shelf = &catalogue->shelves[offer->kind];

	if (shelf->count == shelf->room && !shelf_grow(shelf))
		return false;
	slot_fill(shelf, offer);
	shelf->offers[shelf->count++] = mcps__offer_ref(offer);
	return true;
}

struct catalogue *mcps__catalogue_copy(const struct catalogue *from,
                                       const struct offer *removed)
{
	struct catalogue *made = mcps__calloc(1, sizeof *made);

	if (made == NULL || from == NULL)
		return made;
	for (int kind = 0; kind < OFFER_KINDS; kind++) {
		const struct shelf *shelf = &from->shelves[kind];

		for (size_t i = 0; i < shelf->count; i++) {
			if (shelf->offers[i] == removed ||
			    mcps__catalogue_add(made, shelf->offers[i]))
				continue;
			mcps__catalogue_free(made);
			return NULL;
		}
	}
	return made;
}

void mcps__catalogue_free(struct catalogue *catalogue)
{
	if (catalogue == NULL)
		return;
	for (int kind = 0; kind < OFFER_KINDS; kind++) {
		struct shelf *shelf = &catalogue->shelves[kind];

		for (size_t i = 0; i < shelf->count; i++)
			mcps__offer_unref(shelf->offers[i]);
		mcps__free(shelf->offers);
		mcps__free(shelf->slots);
	}
	mcps__free(catalogue);
}

/* ---- the digest ---- */

static void add_shelf(crypto_generichash_state *state,
                      const struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->count; i++) {
		const struct buffer *shown = mcps__offer_shown(
			shelf->offers[i], mcps__revision_newest());

		crypto_generichash_update(state, (const uint8_t *)shown->data,
		                          shown->length);
	}
}

static void add_list(uint8_t *out, size_t size, const struct shelf *shelves,
                     size_t count)
{
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	for (size_t i = 0; i < count; i++)
		add_shelf(&state, &shelves[i]);
	crypto_generichash_final(&state, digest, sizeof digest);
	memcpy(out, digest, size);
}

/* Few bytes, for that is the room a stored session has: two lists that differ
 * look alike once in millions, and then somebody is not told at once. */
void mcps__catalogue_digest(struct catalogue *catalogue)
{
	const struct shelf *shelves = catalogue->shelves;
	uint8_t *out = catalogue->digest;

	add_list(out + LISTS_TOOLS, LISTS_RESOURCES - LISTS_TOOLS,
	         &shelves[OFFER_TOOL], 1);
	add_list(out + LISTS_RESOURCES, LISTS_PROMPTS - LISTS_RESOURCES,
	         &shelves[OFFER_RESOURCE], 2);
	add_list(out + LISTS_PROMPTS, MCPS_LISTS_DIGEST_SIZE - LISTS_PROMPTS,
	         &shelves[OFFER_PROMPT], 1);
}

const struct offer *
mcps__catalogue_find_scoped(const struct catalogue *catalogue)
{
	for (int kind = 0; kind < OFFER_KINDS; kind++) {
		const struct shelf *shelf = &catalogue->shelves[kind];

		for (size_t i = 0; i < shelf->count; i++)
			if (shelf->offers[i]->scopes != NULL)
				return shelf->offers[i];
	}
	return NULL;
}
