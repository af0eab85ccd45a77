/* Prompts: what is checked of them, and how they are listed. */
#include "catalog/entry.h"

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"

#include <string.h>

/* ---- checking ---- */

static bool prompt_is_name(const char *name)
{
	size_t length = 0;

	if (name == NULL)
		return false;
	for (; name[length] != '\0'; length++)
		if ((unsigned char)name[length] < ' ' || name[length] == 0x7f)
			return false;
	return length >= 1 && length <= 128;
}

static const char *prompt_arguments_fault(const mcps_argument *arguments)
{
	const mcps_argument *other;

	if (arguments == NULL)
		return NULL;
	for (const mcps_argument *at = arguments; at->name != NULL; at++) {
		if (!prompt_is_name(at->name))
			return "the name of an argument is 1 to 128 bytes "
			       "without control characters";
		for (other = arguments; other < at; other++)
			if (strcmp(other->name, at->name) == 0)
				return "two arguments have one name";
	}
	return NULL;
}

static const char *prompt_fault(const mcps_prompt *declared)
{
	if (!prompt_is_name(declared->name))
		return "a name is 1 to 128 bytes without control characters";
	if (declared->run == NULL)
		return "it has no run function";
	return prompt_arguments_fault(declared->arguments);
}

/* ---- showing ---- */

static void prompt_show_argument(struct buffer *out,
                                 const mcps_argument *argument,
                                 const struct revision *revision)
{
	mcps__buffer_add_byte(out, '{');
	mcps__show_text(out, "name", argument->name);
	if (revision->has_title)
		mcps__show_text(out, "title", argument->title);
	mcps__show_text(out, "description", argument->description);
	if (argument->required)
		mcps__buffer_add_literal(out, ",\"required\":true");
	mcps__buffer_add_byte(out, '}');
}

static void prompt_show(const struct entry *entry, const void *from,
                        const struct revision *revision, struct buffer *out)
{
	const mcps_prompt *declared = from;
	const mcps_argument *argument = declared->arguments;

	(void)entry;
	mcps__buffer_add_byte(out, '{');
	mcps__show_text(out, "name", declared->name);
	if (revision->has_title)
		mcps__show_text(out, "title", declared->title);
	mcps__show_text(out, "description", declared->description);
	mcps__show_icons(out, declared->icons, revision);
	if (argument != NULL && argument->name != NULL) {
		mcps__buffer_add_literal(out, ",\"arguments\":[");
		for (; argument->name != NULL; argument++) {
			if (argument != declared->arguments)
				mcps__buffer_add_byte(out, ',');
			prompt_show_argument(out, argument, revision);
		}
		mcps__buffer_add_byte(out, ']');
	}
	mcps__show_meta(out, declared->meta, revision);
	mcps__buffer_add_byte(out, '}');
}

/* ---- making ---- */

static void prompt_finish(struct entry *entry)
{
	struct prompt *prompt = (struct prompt *)entry;

	for (size_t i = 0; i < prompt->count; i++)
		mcps__free(prompt->arguments[i].name);
	mcps__free(prompt->arguments);
	mcps__free(prompt->description);
}

static bool prompt_copy_arguments(struct prompt *prompt,
                                  const mcps_argument *arguments)
{
	size_t count = 0;

	while (arguments != NULL && arguments[count].name != NULL)
		count++;
	if (count == 0)
		return true;
	prompt->arguments = mcps__calloc(count, sizeof *prompt->arguments);
	if (prompt->arguments == NULL)
		return false;
	for (; prompt->count < count; prompt->count++) {
		struct prompt_argument *made =
			&prompt->arguments[prompt->count];

		if (!mcps__entry_copy(&made->name,
		                      arguments[prompt->count].name))
			return false;
		made->required = arguments[prompt->count].required;
	}
	return true;
}

static mcps_status prompt_make(struct entry **out, const mcps_prompt *declared,
                               struct mcps_error *error)
{
	const struct entry_head head = {
		.kind = ENTRY_PROMPT,
		.name = declared->name,
		.scopes = declared->scopes,
		.data = declared->data,
		.quick = declared->quick,
		.timeout_ms = declared->timeout_ms,
		.icons = declared->icons,
		.meta = declared->meta,
	};
	struct prompt *prompt;
	const char *fault;
	mcps_status status;

	fault = prompt_fault(declared);
	if (fault != NULL)
		return mcps__fail(error, MCPS_E_INVAL, "prompt \"%s\": %s",
		                  declared->name != NULL ? declared->name : "",
		                  fault);
	status = mcps__entry_check(&head, error);
	if (status != MCPS_OK)
		return status;
	prompt = mcps__calloc(1, sizeof *prompt);
	if (prompt == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	prompt->run = declared->run;
	prompt->complete = declared->complete;
	if (!mcps__entry_init(&prompt->entry, &head, prompt_finish) ||
	    !mcps__entry_copy(&prompt->description, declared->description) ||
	    !prompt_copy_arguments(prompt, declared->arguments) ||
	    !mcps__entry_show(&prompt->entry, declared, prompt_show)) {
		mcps__entry_unref(&prompt->entry);
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	}
	*out = &prompt->entry;
	return MCPS_OK;
}

mcps_status mcps__prompt_make(struct entry **out, const mcps_prompt *declared,
                              struct mcps_error *error)
{
	mcps_prompt whole;
	mcps_status status =
		mcps__entry_read(&whole, sizeof whole, declared, ENTRY_PROMPT,
	                         declared->name, error);

	*out = NULL;
	return status == MCPS_OK ? prompt_make(out, &whole, error) : status;
}
