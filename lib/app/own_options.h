/* Options of the program's own: they join the table of ours, and so are flags,
 * variables, names in the file and lines of --help as these are. */
#ifndef MCPS_APP_OWN_OPTIONS_H
#define MCPS_APP_OWN_OPTIONS_H

#include "app/options.h"

#include <mcps/app.h>

/* Add OPTIONS, which ends with one without a name (NULL: none) and stays valid,
 * to the table. False: FATAL says what is wrong with one. */
bool mcps__own_options_add(const struct mcps_program_option *options,
                           struct fatal *fatal);
/* The table has ours alone again. */
void mcps__own_options_remove(void);

/* Fill in the values that the program's variables have now. */
void mcps__own_options_begin(struct app_options *options);
/* Set the program's variables. Texts stay those of the settings. */
void mcps__own_options_store(const struct app_options *options);

#endif
