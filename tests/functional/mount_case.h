/* Shared by the tests of a server that is mounted in a program's daemon. */
#ifndef MCPS_TESTS_MOUNT_CASE_H
#define MCPS_TESTS_MOUNT_CASE_H

#include "functional/host_program.h"

#include <check.h>
#include <string.h>

enum { MOUNT_WORKERS = 12, MOUNT_DRAIN_MS = 60000 };

/* The name of the mode that runs. */
extern const char *mode_name;

/* Start a server for anonymous callers with these options, and the program in
 * that mode; one beyond the last is mcps_daemon instead of the program. */
void mount_start_with(int mode, struct mcps_server_options options);
#define mount_start(mode) \
	mount_start_with((mode), (struct mcps_server_options){ .path = NULL })
/* Drain, which has to succeed, and stop both. */
void mount_stop(void);

/* The program's pages. */
struct reply say_hello(struct wire *wire);
struct reply echo(struct wire *wire, const char *text);

/* Wait until so many requests of ours are open; false: it takes too long. */
bool mount_falls_to(unsigned requests);

#define assert_status(reply, wanted)                                       \
	ck_assert_msg((reply).status == (wanted), "%s: %d, %s", mode_name, \
	              (reply).status, (reply).body)
#define assert_says(reply, text)                                               \
	ck_assert_msg(strstr((reply).body, (text)) != NULL, "%s: no %s in %s", \
	              mode_name, (text), (reply).body)

#endif
