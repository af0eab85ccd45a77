#include "catalog/entry.h"

#include <mcps/sys/sized.h>

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"

#include <stdio.h>
#include <string.h>

_Static_assert(ENTRY_REVISIONS >= 4, "one text for each revision");

/* ---- checking ---- */

/* RFC 6749, 3.3: they go into a header between quotes. */
static bool entry_are_scopes(const char *scopes)
{
	for (; *scopes != '\0'; scopes++)
		if (*scopes < ' ' || *scopes > '~' || *scopes == '"' ||
		    *scopes == '\\')
			return false;
	return true;
}

mcps_status mcps__entry_read(void *out, size_t known, const void *declared,
                             enum entry_kind kind, const char *name,
                             struct mcps_error *error)
{
	static const char *const remedies[] = {
		"sizeof(mcps_tool), or use mcps_add_tool()",
		"sizeof(mcps_resource), or use mcps_add_resource()",
		"sizeof(mcps_template), or use mcps_add_template()",
		"sizeof(mcps_prompt), or use mcps_add_prompt()",
	};
	char what[160];

	snprintf(what, sizeof what, "%s \"%.120s\"", mcps__entry_word(kind),
	         name != NULL ? name : "");
	return mcps_sized_copy(out, known, declared, what, remedies[kind],
	                       error);
}

mcps_status mcps__entry_check(const struct entry_head *head,
                              struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (head->scopes != NULL && !entry_are_scopes(head->scopes))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s \"%s\": scopes are visible ASCII "
		                  "without quotes, separated by blanks",
		                  mcps__entry_word(head->kind), head->name);
	status = mcps__show_check(head->icons, head->annotations, head->meta,
	                          &why);
	if (status == MCPS_OK)
		return MCPS_OK;
	return mcps__fail(error, status, "%s \"%s\": %s",
	                  mcps__entry_word(head->kind), head->name, why.text);
}

const char *mcps__entry_word(enum entry_kind kind)
{
	static const char *const words[] = { "tool", "resource",
		                             "resource template", "prompt" };

	return words[kind];
}

/* ---- making ---- */

bool mcps__entry_copy(char **out, const char *text)
{
	*out = NULL;
	if (text == NULL)
		return true;
	*out = mcps__strdup(text);
	return *out != NULL;
}

/* All scopes at once, so that the client asks for them once (2025-11-25,
 * Authorization, Scope Challenge Handling). */
static bool entry_write_challenge(struct entry *entry)
{
	static const char head[] =
		"Bearer error=\"insufficient_scope\", scope=\"";
	size_t room;

	if (entry->scopes == NULL)
		return true;
	room = sizeof head + strlen(entry->scopes) + 1;
	entry->challenge = mcps__malloc(room);
	if (entry->challenge == NULL)
		return false;
	snprintf(entry->challenge, room, "%s%s\"", head, entry->scopes);
	return true;
}

bool mcps__entry_init(struct entry *entry, const struct entry_head *head,
                      void (*finish)(struct entry *entry))
{
	atomic_init(&entry->refs, 1);
	entry->kind = head->kind;
	entry->data = head->data;
	entry->quick = head->quick;
	entry->timeout_ms = head->timeout_ms;
	entry->finish = finish;
	return mcps__entry_copy(&entry->name, head->name) &&
	       mcps__entry_copy(&entry->scopes, head->scopes) &&
	       entry_write_challenge(entry);
}

bool mcps__entry_show(struct entry *entry, const void *declared,
                      void (*show)(const struct entry *entry,
                                   const void *declared,
                                   const struct revision *revision,
                                   struct buffer *out))
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		show(entry, declared, &mcps__revisions[i], &entry->shown[i]);
		if (entry->shown[i].failed)
			return false;
	}
	return true;
}

/* ---- using ---- */

struct entry *mcps__entry_ref(struct entry *entry)
{
	atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
	return entry;
}

void mcps__entry_unref(struct entry *entry)
{
	if (entry == NULL ||
	    atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel) !=
	            1)
		return;
	entry->finish(entry);
	mcps__free(entry->name);
	mcps__free(entry->scopes);
	mcps__free(entry->challenge);
	for (size_t i = 0; i < mcps__revision_count; i++)
		mcps__buffer_finish(&entry->shown[i]);
	mcps__free(entry);
}

const struct buffer *mcps__entry_shown(const struct entry *entry,
                                       const struct revision *revision)
{
	return &entry->shown[revision - mcps__revisions];
}

bool mcps__entry_completes(const struct entry *entry)
{
	if (entry->kind == ENTRY_PROMPT)
		return ((const struct prompt *)entry)->complete != NULL;
	if (entry->kind == ENTRY_TEMPLATE)
		return ((const struct resource *)entry)->complete != NULL;
	return false;
}
