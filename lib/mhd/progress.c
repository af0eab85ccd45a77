#include "mhd/progress.h"

#include "base/container.h"

#include <poll.h>

/* A loop counts its rounds. While it sleeps it has nothing to do; a round that
 * does not end, such as one in which a quick tool blocks, is a loop that does
 * not run. */
static bool progress_loop_is_stuck(struct stall *stall, const struct loop *loop,
                                   int64_t now_ms)
{
	return mcps__stall_look(stall, mcps__loop_is_busy(loop),
	                        mcps__loop_rounds(loop),
	                        now_ms) >= RUN_WITHIN_MS;
}

static uint64_t progress_accepted(const struct loop_progress *progress)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < progress->count; i++)
		sum += mcps__loop_accepted(&progress->loops[i]);
	return sum;
}

/* A client stays in the kernel's queue until it is accepted, even if it has
 * left: one that was seen there is still there if none was accepted. */
static bool progress_clients_wait(int listener)
{
	struct pollfd watched = { .fd = listener, .events = POLLIN };

	return poll(&watched, 1, 0) > 0 && (watched.revents & POLLIN) != 0;
}

static const char *progress_check(struct readiness_probe *probe, int64_t now_ms)
{
	struct loop_progress *self =
		container_of(probe, struct loop_progress, probe);
	const char *reason = NULL;
	/* Read before the queue is looked at: a client that is accepted in
	 * between counts as progress at the next look. */
	uint64_t accepted = progress_accepted(self);

	if (mcps__stall_look(&self->accepting,
	                     progress_clients_wait(self->listener), accepted,
	                     now_ms) >= ACCEPT_WITHIN_MS)
		reason = "no connection was accepted for 30 s although "
			 "clients wait";
	for (unsigned i = 0; i < self->count; i++)
		if (progress_loop_is_stuck(&self->running[i], &self->loops[i],
		                           now_ms))
			reason = "a network thread has not run for 5 s "
				 "although work is waiting";
	return reason;
}

void mcps__progress_init(struct loop_progress *progress,
                         const struct loop *loops, unsigned count, int listener)
{
	*progress = (struct loop_progress){ .probe.check = progress_check,
		                            .loops = loops,
		                            .count = count,
		                            .listener = listener };
}
