#include "catalog/catalog.h"

#include "base/memory.h"

#include <sodium.h>
#include <string.h>

/* ---- names ---- */

static size_t catalog_hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

struct entry *mcps__catalog_find(const struct catalog *catalog,
                                 enum entry_kind kind, const char *name)
{
	const struct entry_list *list = &catalog->lists[kind];
	size_t mask = list->slot_count - 1;

	if (list->slot_count == 0)
		return NULL;
	for (size_t i = catalog_hash_of(name) & mask; list->slots[i] != NULL;
	     i = (i + 1) & mask)
		if (strcmp(list->slots[i]->name, name) == 0)
			return list->slots[i];
	return NULL;
}

/* ---- making ---- */

static void catalog_slot_fill(struct entry_list *list, struct entry *entry)
{
	size_t mask = list->slot_count - 1;
	size_t i = catalog_hash_of(entry->name) & mask;

	while (list->slots[i] != NULL)
		i = (i + 1) & mask;
	list->slots[i] = entry;
}

static bool entry_list_grow(struct entry_list *list)
{
	size_t room = list->room != 0 ? 2 * list->room : 8;
	struct entry **entries = mcps__calloc(room, sizeof(struct entry *));
	struct entry **slots = mcps__calloc(2 * room, sizeof(struct entry *));

	if (entries == NULL || slots == NULL) {
		mcps__free(entries);
		mcps__free(slots);
		return false;
	}
	if (list->count != 0)
		memcpy(entries, list->entries,
		       list->count * sizeof(struct entry *));
	mcps__free(list->entries);
	mcps__free(list->slots);
	list->entries = entries;
	list->room = room;
	list->slots = slots;
	list->slot_count = 2 * room;
	for (size_t i = 0; i < list->count; i++)
		catalog_slot_fill(list, entries[i]);
	return true;
}

bool mcps__catalog_add(struct catalog *catalog, struct entry *entry)
{
	struct entry_list *list = &catalog->lists[entry->kind];

	if (list->count == list->room && !entry_list_grow(list))
		return false;
	catalog_slot_fill(list, entry);
	list->entries[list->count++] = mcps__entry_ref(entry);
	return true;
}

struct catalog *mcps__catalog_copy(const struct catalog *from,
                                   const struct entry *removed)
{
	struct catalog *made = mcps__calloc(1, sizeof *made);

	if (made == NULL || from == NULL)
		return made;
	for (int kind = 0; kind < ENTRY_KINDS; kind++) {
		const struct entry_list *list = &from->lists[kind];

		for (size_t i = 0; i < list->count; i++) {
			if (list->entries[i] == removed ||
			    mcps__catalog_add(made, list->entries[i]))
				continue;
			mcps__catalog_free(made);
			return NULL;
		}
	}
	return made;
}

void mcps__catalog_free(struct catalog *catalog)
{
	if (catalog == NULL)
		return;
	for (int kind = 0; kind < ENTRY_KINDS; kind++) {
		struct entry_list *list = &catalog->lists[kind];

		for (size_t i = 0; i < list->count; i++)
			mcps__entry_unref(list->entries[i]);
		mcps__free(list->entries);
		mcps__free(list->slots);
	}
	mcps__free(catalog);
}

/* ---- the digest ---- */

static void catalog_digest_list(crypto_generichash_state *state,
                                const struct entry_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct buffer *shown = mcps__entry_shown(
			list->entries[i], mcps__revision_newest());

		crypto_generichash_update(state, (const uint8_t *)shown->data,
		                          shown->length);
	}
}

static void catalog_add_list(uint8_t *out, size_t size,
                             const struct entry_list *lists, size_t count)
{
	crypto_generichash_state state;
	uint8_t digest[crypto_generichash_BYTES];

	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	for (size_t i = 0; i < count; i++)
		catalog_digest_list(&state, &lists[i]);
	crypto_generichash_final(&state, digest, sizeof digest);
	memcpy(out, digest, size);
}

/* Few bytes, for that is the room a stored session has: two lists that differ
 * look alike once in millions, and then somebody is not told at once. */
void mcps__catalog_digest(struct catalog *catalog)
{
	const struct entry_list *lists = catalog->lists;
	uint8_t *out = catalog->digest;

	catalog_add_list(out + LISTS_TOOLS, LISTS_RESOURCES - LISTS_TOOLS,
	                 &lists[ENTRY_TOOL], 1);
	catalog_add_list(out + LISTS_RESOURCES, LISTS_PROMPTS - LISTS_RESOURCES,
	                 &lists[ENTRY_RESOURCE], 2);
	catalog_add_list(out + LISTS_PROMPTS,
	                 MCPS_LISTS_DIGEST_SIZE - LISTS_PROMPTS,
	                 &lists[ENTRY_PROMPT], 1);
}

const struct entry *mcps__catalog_find_scoped(const struct catalog *catalog)
{
	for (int kind = 0; kind < ENTRY_KINDS; kind++) {
		const struct entry_list *list = &catalog->lists[kind];

		for (size_t i = 0; i < list->count; i++)
			if (list->entries[i]->scopes != NULL)
				return list->entries[i];
	}
	return NULL;
}
