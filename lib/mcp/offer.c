#include "mcp/offer.h"

#include "base/error.h"
#include "base/memory.h"
#include "mcp/show.h"

#include <stdio.h>
#include <string.h>

_Static_assert(OFFER_REVISIONS >= 4, "one text for each revision");

/* ---- checking ---- */

/* RFC 6749, 3.3: they go into a header between quotes. */
static bool are_scopes(const char *scopes)
{
	for (; *scopes != '\0'; scopes++)
		if (*scopes < ' ' || *scopes > '~' || *scopes == '"' ||
		    *scopes == '\\')
			return false;
	return true;
}

mcps_status mcps__offer_check_size(enum offer_kind kind, const char *name,
                                   size_t size, size_t wanted,
                                   struct mcps_error *error)
{
	static const char *const types[] = { "mcps_tool", "mcps_resource",
		                             "mcps_template", "mcps_prompt" };
	static const char *const macros[] = { "mcps_add_tool",
		                              "mcps_add_resource",
		                              "mcps_add_template",
		                              "mcps_add_prompt" };

	if (size == wanted)
		return MCPS_OK;
	if (name == NULL)
		name = "";
	if (size == 0)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s \"%.128s\": its size is 0: set it to "
		                  "sizeof(%s), or use %s()",
		                  mcps__offer_word(kind), name, types[kind],
		                  macros[kind]);
	return mcps__fail(error, MCPS_E_INVAL,
	                  "%s \"%.128s\" was compiled against another version "
	                  "of mcps: its size is %zu, not %zu",
	                  mcps__offer_word(kind), name, size, wanted);
}

mcps_status mcps__offer_check(const struct offer_head *head,
                              struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (head->scopes != NULL && !are_scopes(head->scopes))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s \"%s\": scopes are visible ASCII "
		                  "without quotes, separated by blanks",
		                  mcps__offer_word(head->kind), head->name);
	status = mcps__show_check(head->icons, head->annotations, head->meta,
	                          &why);
	if (status == MCPS_OK)
		return MCPS_OK;
	return mcps__fail(error, status, "%s \"%s\": %s",
	                  mcps__offer_word(head->kind), head->name, why.text);
}

const char *mcps__offer_word(enum offer_kind kind)
{
	static const char *const words[] = { "tool", "resource",
		                             "resource template", "prompt" };

	return words[kind];
}

/* ---- making ---- */

bool mcps__offer_copy(char **out, const char *text)
{
	*out = NULL;
	if (text == NULL)
		return true;
	*out = mcps__strdup(text);
	return *out != NULL;
}

/* All scopes at once, so that the client asks for them once (2025-11-25,
 * Authorization, Scope Challenge Handling). */
static bool write_challenge(struct offer *offer)
{
	static const char head[] =
		"Bearer error=\"insufficient_scope\", scope=\"";
	size_t room;

	if (offer->scopes == NULL)
		return true;
	room = sizeof head + strlen(offer->scopes) + 1;
	offer->challenge = mcps__malloc(room);
	if (offer->challenge == NULL)
		return false;
	snprintf(offer->challenge, room, "%s%s\"", head, offer->scopes);
	return true;
}

bool mcps__offer_init(struct offer *offer, const struct offer_head *head,
                      void (*finish)(struct offer *offer))
{
	atomic_init(&offer->refs, 1);
	offer->kind = head->kind;
	offer->data = head->data;
	offer->quick = head->quick;
	offer->timeout_ms = head->timeout_ms;
	offer->finish = finish;
	return mcps__offer_copy(&offer->name, head->name) &&
	       mcps__offer_copy(&offer->scopes, head->scopes) &&
	       write_challenge(offer);
}

bool mcps__offer_show(struct offer *offer, const void *declared,
                      void (*show)(const struct offer *offer,
                                   const void *declared,
                                   const struct revision *revision,
                                   struct buffer *out))
{
	for (size_t i = 0; i < mcps__revision_count; i++) {
		show(offer, declared, &mcps__revisions[i], &offer->shown[i]);
		if (offer->shown[i].failed)
			return false;
	}
	return true;
}

/* ---- using ---- */

struct offer *mcps__offer_ref(struct offer *offer)
{
	atomic_fetch_add_explicit(&offer->refs, 1, memory_order_relaxed);
	return offer;
}

void mcps__offer_unref(struct offer *offer)
{
	if (offer == NULL ||
	    atomic_fetch_sub_explicit(&offer->refs, 1, memory_order_acq_rel) !=
	            1)
		return;
	offer->finish(offer);
	mcps__free(offer->name);
	mcps__free(offer->scopes);
	mcps__free(offer->challenge);
	for (size_t i = 0; i < mcps__revision_count; i++)
		mcps__buffer_finish(&offer->shown[i]);
	mcps__free(offer);
}

const struct buffer *mcps__offer_shown(const struct offer *offer,
                                       const struct revision *revision)
{
	return &offer->shown[revision - mcps__revisions];
}

bool mcps__offer_completes(const struct offer *offer)
{
	if (offer->kind == OFFER_PROMPT)
		return ((const struct prompt *)offer)->complete != NULL;
	if (offer->kind == OFFER_TEMPLATE)
		return ((const struct resource *)offer)->complete != NULL;
	return false;
}
