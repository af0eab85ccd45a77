#include "app/settings.h"

#include <stdlib.h>
#include <string.h>

bool mcps__text_list_add(struct text_list *list, const char *text,
                         size_t length)
{
	char **longer =
		realloc(list->texts, (list->count + 1) * sizeof *longer);
	char *copy = strndup(text, length);

	if (longer != NULL)
		list->texts = longer;
	if (longer == NULL || copy == NULL) {
		free(copy);
		return false;
	}
	longer[list->count++] = copy;
	return true;
}

void mcps__text_list_free(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
	*list = (struct text_list){ 0 };
}

void mcps__settings_say(struct settings *settings, size_t index,
                        const struct setting *where, const char *text,
                        bool is_list)
{
	struct setting *setting = &settings->of[index];
	struct text_list said = setting->said;

	if (where->source < setting->source)
		return;
	if (where->source > setting->source || !is_list)
		mcps__text_list_free(&said);
	*setting = *where;
	setting->said = said;
	if (!mcps__text_list_add(&setting->said, text, strlen(text)))
		settings->no_memory = true;
}

bool mcps__settings_equal(const struct setting *a, const struct setting *b)
{
	if (a->said.count != b->said.count)
		return false;
	for (size_t i = 0; i < a->said.count; i++)
		if (strcmp(a->said.texts[i], b->said.texts[i]) != 0)
			return false;
	return true;
}

void mcps__settings_free(struct settings *settings)
{
	for (size_t i = 0; i < OPTIONS_MOST; i++)
		mcps__text_list_free(&settings->of[i].said);
	free(settings->file);
	*settings = (struct settings){ 0 };
}
