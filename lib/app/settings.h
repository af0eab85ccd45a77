/* What was said about each option, before anybody looks at what it means: the
 * texts of the best source that said anything. */
#ifndef MCPS_APP_SETTINGS_H
#define MCPS_APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_MOST = 128, OWN_OPTIONS_MOST = 32 };

/* Later ones count for more. */
enum source { SOURCE_NONE, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct text_list {
	char **texts;
	size_t count;
};

struct setting {
	enum source source;
	int line;              /* of the file */
	const char *variable;  /* of the environment, if not the usual one;
	                        * static */
	struct text_list said; /* more than one only for lists */
};

struct settings { /* all zero: nothing was said */
	struct setting of[OPTIONS_MOST];
	char *file;
	bool no_memory;
};

/* SOURCE says TEXT about option INDEX: it replaces what lesser sources said,
 * and is ignored after a better one; of the same source it is added to a list,
 * or replaces what was said before. */
void mcps__settings_say(struct settings *settings, size_t index,
                        const struct setting *where, const char *text,
                        bool is_list);

bool mcps__settings_equal(const struct setting *a, const struct setting *b);
void mcps__settings_free(struct settings *settings);

/* ---- lists of texts ---- */

/* False: no memory. */
bool mcps__text_list_add(struct text_list *list, const char *text,
                         size_t length);
void mcps__text_list_free(struct text_list *list);

#endif
