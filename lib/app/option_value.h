/* Values of options: from a text, and to one. */
#ifndef MCPS_APP_OPTION_VALUE_H
#define MCPS_APP_OPTION_VALUE_H

#include "app/option_table.h"

enum { OPTION_REASON_SIZE = 256, OPTION_TEXT_SIZE = 512 };

/* Write what TEXT says into the member of OPTIONS; of a list, add its entries.
 * False: REASON says what TEXT should be. */
bool mcps__option_set(const struct option *option, struct app_options *options,
                      const char *text, char reason[OPTION_REASON_SIZE]);

/* The value that OPTIONS have, as one could write it; "": none. */
void mcps__option_text(const struct option *option,
                       const struct app_options *options,
                       char text[OPTION_TEXT_SIZE]);

#endif
