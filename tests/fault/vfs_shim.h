/* A file system for SQLite that fails when the test says so, and that can lose
 * its power. It stands before the real one as the default; one thread. */
#ifndef MCPS_TESTS_VFS_SHIM_H
#define MCPS_TESTS_VFS_SHIM_H

#include <stdbool.h>
#include <stdint.h>

enum vfs_op {
	VFS_OPEN,
	VFS_READ,
	VFS_WRITE,
	VFS_SYNC,
	VFS_TRUNCATE,
	VFS_DELETE,
	VFS_OP_COUNT
};

/* Before a store is opened, and after the last one was closed. */
void vfs_shim_install(void);
void vfs_shim_remove(void);

/* The NTH call of OP from now on (the first is 1) fails with CODE, an SQLite
 * one; with FOR_EVER all that follow, too. A write that fails was done by
 * half. */
void vfs_shim_fail(enum vfs_op op, unsigned nth, int code, bool for_ever);

/* Nothing fails any more; whether something has. */
bool vfs_shim_heal(void);

/* From now on what is not synced can be lost. */
void vfs_shim_power_on(void);

/* At the NTH change from now on (write, sync, truncation, deletion) the power
 * fails: nothing works until vfs_shim_survive(). */
void vfs_shim_cut_at(unsigned nth);
bool vfs_shim_is_cut(void);
unsigned vfs_shim_changes(void);

/* Everything is closed, the power comes back: each change that was not synced
 * has reached the disk, or not, or by some of its sectors, as SEED decides. */
void vfs_shim_survive(uint64_t seed);

/* Numbers that depend on *SEED alone. */
uint32_t vfs_shim_random(uint64_t *seed);

#endif
