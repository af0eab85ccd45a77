/* What a disk holds when its power fails: for each file the bytes that were
 * synced, and beside them the changes since, of which any part may have got
 * through. vfs_shim.c tells it what happens. */
#ifndef MCPS_TESTS_POWER_H
#define MCPS_TESTS_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POWER_SECTOR = 512 };

struct power_file;

/* What the file holds now counts as synced. Lives until power_forget(). */
struct power_file *power_open(const char *path);
void power_write(struct power_file *file, const void *bytes, size_t length,
                 int64_t offset);
void power_truncate(struct power_file *file, int64_t size);
void power_sync(struct power_file *file);
void power_delete(const char *path, bool is_synced);

/* Replace the real files by what survives. */
void power_survive(uint64_t seed);
void power_forget(void);

#endif
