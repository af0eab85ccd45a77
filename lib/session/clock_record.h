/* The record of session time (session/time.h) in the store, and how session
 * time goes on from there when the next process starts. */
#ifndef MCPS_SESSION_CLOCK_RECORD_H
#define MCPS_SESSION_CLOCK_RECORD_H

#include "base/clock.h"

#include <mcps/sys/store.h>

/* The running process writes a record at least this often, with the sweep. A
 * killed process has used at most this much session time that no record knows.
 */
enum { CLOCK_RECORD_EVERY_MS = 60000 };

/* The clocks of the machine at one moment. */
struct clock_reading {
	int64_t wall_ms;
	int64_t boot_ms; /* the boot clock */
	bool has_boot_id;
	uint8_t boot_id[BOOT_ID_SIZE]; /* of the boot that boot_ms counts from
	                                */
};

/* Session time and the clocks at one moment. The wall time of a record is the
 * latest one that the wall clock has ever shown, brought forward by the boot
 * clock. After a wall clock was set back, and forward again, the next downtime
 * therefore does not look longer than it was. */
struct clock_record {
	int64_t session_ms;
	struct clock_reading at;
};

void mcps__clock_read(struct clock_reading *out,
                      const struct clock_source *source);

/* Session time of a process that starts: pure.
 *
 * STORED is the record of the process before it. NULL: the store is new, and
 * session time begins at the wall time of NOW. Otherwise session time goes on
 * from the record by the time that has passed, but by at most MAX_GAP_MS (0: no
 * limit). In the same boot the boot clock shows exactly how much has passed. In
 * another boot, or if the boot clock went back, the wall clock shows it; then
 * at least CLOCK_RECORD_EVERY_MS count, as the last process may have used that
 * much after its last record.
 *
 * Returns true if the next process can go on from STORED as well as from *OUT.
 * Otherwise *OUT must be stored before a request is served. */
bool mcps__clock_resume(struct clock_record *out,
                        const struct clock_record *stored,
                        const struct clock_reading *now, int64_t max_gap_ms);

/* Read the record of STORE; *FOUND: there is one. Stores of mcps before this
 * record have only the session time, which followed the wall clock then. */
MCPS_MUST_USE mcps_status mcps__clock_load(mcps_store *store,
                                           struct clock_record *out,
                                           bool *found);

/* Write it; inside a transaction. */
MCPS_MUST_USE mcps_status mcps__clock_save(mcps_store *store,
                                           const struct clock_record *record);

#endif
