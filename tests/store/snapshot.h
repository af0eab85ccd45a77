/* The contents of a directory as a text, to compare two moments. */
#ifndef MCPS_TESTS_STORE_SNAPSHOT_H
#define MCPS_TESTS_STORE_SNAPSHOT_H

/* A line for each file of DIRECTORY, sorted by name: its name, kind, mode,
 * size, time of change to the nanosecond, and a hash of its bytes. To be
 * freed. The directory's own mode stands in the first line. */
char *snapshot_take(const char *directory);

#endif
