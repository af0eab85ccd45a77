/* Writing the members that many objects of the protocol share: texts, icons,
 * annotations, _meta; and checking what they are written from. */
#ifndef MCPS_CATALOG_SHOW_H
#define MCPS_CATALOG_SHOW_H

#include "base/buffer.h"
#include "catalog/revision.h"

#include <mcps/resource.h>

/* Any of them may be NULL. MCPS_E_INVAL with what is wrong, MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__show_check(const mcps_icon *icons,
                                           const mcps_annotations *annotations,
                                           const char *meta,
                                           struct mcps_error *error);

/* Whether TEXT is one JSON object; MCPS_E_INVAL with what it is instead,
 * MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__show_check_object(const char *text,
                                                  struct mcps_error *error);

/* Each appends a comma and a member, or nothing if there is nothing to say, or
 * nothing that REVISION knows. */
void mcps__show_text(struct buffer *out, const char *name, const char *text);
void mcps__show_icons(struct buffer *out, const mcps_icon *icons,
                      const struct revision *revision);
void mcps__show_annotations(struct buffer *out,
                            const mcps_annotations *annotations,
                            const struct revision *revision);
void mcps__show_meta(struct buffer *out, const char *meta,
                     const struct revision *revision);

/* What a resource, a template and a link to one have in common: everything
 * but the URI, which stands before it. SIZE 0: not known. */
void mcps__show_resource(struct buffer *out, const mcps_resource *resource,
                         uint64_t size, const struct revision *revision);

/* Append a JSON text, checked before, on one line. */
void mcps__show_json(struct buffer *out, const char *text);

#endif
