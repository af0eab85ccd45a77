/* The power fails at a random moment of a server's life. Whatever of the
 * unsynced writes reached the disk, the store opens again; what a client was
 * told is true, and an ended session stays ended. */
#include "ledger.h"
#include "store/directory.h"
#include "vfs_shim.h"
#include "suite.h"

enum { STEPS = 30, SHORT = 200, SEEDS_PER_TEST = 10 };

static struct ledger ledger;
static unsigned foreign_used;
static unsigned first_seed;

static void step(uint64_t *seed)
{
	static const char *const foreign[] = { "one", "two", "three", "four" };
	unsigned dice = vfs_shim_random(seed) % 16;
	unsigned which = vfs_shim_random(seed) % 16;

	if (dice < 4) {
		ledger_begin(&ledger);
	} else if (dice < 11) {
		ledger_count(&ledger, which);
	} else if (dice < 14) {
		ledger_end(&ledger, which);
	} else if (dice < 15) {
		if (foreign_used < 4)
			ledger_begin_foreign(&ledger, foreign[foreign_used++]);
	} else if (!vfs_shim_is_cut()) {
		(void)ledger_restart(&ledger);
	}
}

/* Until the power fails. */
static void live(uint64_t seed)
{
	if (ledger_open(&ledger) != MCPS_OK)
		return;
	for (int i = 0; i < STEPS && !vfs_shim_is_cut(); i++)
		step(&seed);
	if (!ledger.harness.is_stopped)
		harness_stop(&ledger.harness);
}

static void lose_power(uint64_t seed)
{
	foreign_used = 0;
	directory_make();
	vfs_shim_install();
	vfs_shim_power_on();
	vfs_shim_cut_at(1 + vfs_shim_random(&seed) % 400);
	live(seed);
	ledger.harness.is_stopped = true;
	for (int again = 0; again < 3; again++) {
		vfs_shim_survive(seed + (uint64_t)again);
		ck_assert_int_eq(ledger_restart(&ledger), MCPS_OK);
		ledger_check(&ledger);
		ledger_begin(&ledger);
		vfs_shim_cut_at(1 + vfs_shim_random(&seed) % 30);
		ledger_count(&ledger, ledger.count - 1);
		ledger_end(&ledger, 0);
		harness_stop(&ledger.harness);
	}
	vfs_shim_survive(seed);
	ledger_check_file();
	ck_assert_int_eq(ledger_restart(&ledger), MCPS_OK);
	ledger_check(&ledger);
	ledger_close(&ledger);
	vfs_shim_remove();
	ledger_check_file();
	directory_remove();
}

/* Several seeds in one process: it takes long to make one. To see which one
 * failed: MCPS_FAULT_SEED=... MCPS_FAULT_ROUNDS=10 CK_FORK=no. */
START_TEST(nothing_that_was_told_is_lost_with_the_power)
{
	for (unsigned i = 0; i < SEEDS_PER_TEST; i++)
		lose_power(first_seed + (unsigned)_i * SEEDS_PER_TEST + i);
}
END_TEST

TEST_MAIN("power loss")
{
	unsigned rounds = fault_number("MCPS_FAULT_ROUNDS", SHORT);

	first_seed = fault_number("MCPS_FAULT_SEED", 1);
	directory_in_memory();
	test_timeout(600);
	test_add_loop(nothing_that_was_told_is_lost_with_the_power,
	              (int)(rounds / SEEDS_PER_TEST));
}
