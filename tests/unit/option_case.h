/* Options read from arguments, variables and a config file. The test programs
 * for options share this file. */
#ifndef MCPS_TESTS_OPTION_CASE_H
#define MCPS_TESTS_OPTION_CASE_H

#include "app/option_table.h"

/* A temporary directory, and the path of the config file in it. */
extern char option_directory[];
extern char option_path[64];
/* The server whose configuration supplies the defaults. */
extern mcps_server *option_server;
/* The result of the last option_read(). */
extern struct app_options option_values;
extern struct settings option_settings;
extern struct fatal option_fatal;

/* A fixture. */
void option_set_up(void);
void option_tear_down(void);

/* Write the config file at option_path. */
void option_write_file(const char *text);

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE      ((const char *const[]){ NULL })

/* Read up to three arguments and three variables; NULL ends each list. False:
 * option_fatal says why. */
bool option_read(const char *const *arguments, const char *const *variables);
/* Read a config file with this text. */
bool option_read_file(const char *text);

#endif
