/* Icons and annotations: they describe tools, resources, prompts and single
 * content blocks to clients. */
#ifndef MCPS_CONTENT_H
#define MCPS_CONTENT_H

#include <mcps/export.h>

MCPS_BEGIN_DECLS

/** Against which background an icon is to be seen. */
enum mcps_theme { MCPS_THEME_ANY, MCPS_THEME_LIGHT, MCPS_THEME_DARK };

/** An icon (2025-11-25 and later; older clients do not see it). Lists of icons
 * end with one whose src is NULL. */
typedef struct mcps_icon {
	const char *src;       /* an https:, http: or data: URI */
	const char *mime_type; /* "image/png"; may be NULL */
	const char *sizes;     /* "48x48 96x96" or "any"; NULL: not said */
	enum mcps_theme theme;
} mcps_icon;

/** The last one of a list. */
#define MCPS_ICONS_END      \
	{                   \
		.src = NULL \
	}

/** For whom something is. */
enum mcps_audience { MCPS_FOR_USER = 1, MCPS_FOR_ASSISTANT = 2 };

/** Hints on how to use or show something; what is zero is not said. */
typedef struct mcps_annotations {
	unsigned audience;         /* enum mcps_audience, or both */
	double priority;           /* above 0, up to 1: as good as required */
	const char *last_modified; /* ISO 8601: "2025-01-12T15:00:58Z";
	                            * 2025-06-18 and later */
} mcps_annotations;

MCPS_END_DECLS

#endif
