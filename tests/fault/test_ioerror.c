/* The k-th input or output fails, for k = 1, 2, ... until a whole life of a
 * server passes: nobody is told what is not so, and when the disk works again
 * so does the server, without a restart. */
#include "ledger.h"
#include "store/directory.h"
#include "vfs_shim.h"
#include "suite.h"

#include <sqlite3.h>

enum { MOST = 2000, STRIDE = 7 };

static const struct fault {
	const char *name;
	enum vfs_op op;
	int code;
	bool for_ever;
} faults[] = {
	{ "one write", VFS_WRITE, SQLITE_IOERR_WRITE, false },
	{ "writes", VFS_WRITE, SQLITE_IOERR_WRITE, true },
	{ "one write for lack of space", VFS_WRITE, SQLITE_FULL, false },
	{ "writes for lack of space", VFS_WRITE, SQLITE_FULL, true },
	{ "one sync", VFS_SYNC, SQLITE_IOERR_FSYNC, false },
	{ "syncs", VFS_SYNC, SQLITE_IOERR_FSYNC, true },
	{ "one open", VFS_OPEN, SQLITE_CANTOPEN, false },
	{ "opens", VFS_OPEN, SQLITE_CANTOPEN, true },
	{ "one truncation", VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, false },
	{ "truncations", VFS_TRUNCATE, SQLITE_IOERR_TRUNCATE, true },
	{ "one read", VFS_READ, SQLITE_IOERR_READ, false },
	{ "reads", VFS_READ, SQLITE_IOERR_READ, true },
	{ "one deletion", VFS_DELETE, SQLITE_IOERR_DELETE, false },
	{ "deletions", VFS_DELETE, SQLITE_IOERR_DELETE, true },
};
enum { FAULT_COUNT = sizeof faults / sizeof *faults };

static struct ledger ledger;

/* Steps that need a running server are left out while there is none. */
static void live(void)
{
	if (ledger_open(&ledger) != MCPS_OK &&
	    ledger_restart(&ledger) != MCPS_OK)
		return;
	ledger_begin(&ledger);
	ledger_count(&ledger, 0);
	ledger_begin(&ledger);
	ledger_end(&ledger, 1);
	ledger_begin_foreign(&ledger, "somebody's");
	ledger_count(&ledger, 1);
	if (ledger_restart(&ledger) != MCPS_OK &&
	    ledger_restart(&ledger) != MCPS_OK)
		return;
	ledger_count(&ledger, 0);
	ledger_begin(&ledger);
	ledger_end(&ledger, 0);
	ledger_end(&ledger, 0);
}

/* The disk works again. The first request may still be told to come back:
 * it makes the server open the store again. */
static void recover(void)
{
	if (ledger.harness.is_stopped)
		ck_assert_int_eq(ledger_restart(&ledger), MCPS_OK);
	ledger_begin(&ledger);
	ledger_begin(&ledger);
	ledger_check(&ledger);
	ck_assert(mcps__writer_healthy(ledger.harness.writer));
	ck_assert_int_eq(ledger_restart(&ledger), MCPS_OK);
	ledger_check(&ledger);
	ledger_close(&ledger);
	ledger_check_file();
}

/* Whether the K-th call was reached. */
static bool live_with(const struct fault *fault, unsigned k)
{
	bool has_failed;

	directory_make();
	vfs_shim_install();
	vfs_shim_fail(fault->op, k, fault->code, fault->for_ever);
	live();
	has_failed = vfs_shim_heal();
	recover();
	vfs_shim_remove();
	directory_remove();
	return has_failed;
}

/* In turns, so that a process does not take too long. */
START_TEST(nobody_is_told_what_is_not_so)
{
	const struct fault *fault = &faults[_i / STRIDE];
	unsigned k = 1 + (unsigned)_i % STRIDE;

	while (live_with(fault, k))
		k += STRIDE * fault_step();
	ck_assert_uint_lt(k, MOST);
}
END_TEST

TEST_MAIN("input and output")
{
	directory_in_memory();
	test_timeout(600);
	test_add_loop(nobody_is_told_what_is_not_so, FAULT_COUNT * STRIDE);
}
