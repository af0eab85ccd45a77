/* The lock that keeps a second process out, also while the connection is
 * being opened again. */
#define _DEFAULT_SOURCE /* flock */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PAUSE_MS = 20 };

static void lock_pause(void)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	nanosleep(&pause, NULL);
}

/* For whoever is locked out: the number of the process that is not. A note
 * that cannot be written is missed by nobody else. */
static void note_holder(int fd)
{
	char text[24];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) < 0)
		return;
}

long mcps__sqlite_lock_holder(int fd)
{
	char text[24] = "";
	long holder;

	if (pread(fd, text, sizeof text - 1, 0) <= 0)
		return 0;
	holder = strtol(text, NULL, 10);
	return holder > 0 ? holder : 0;
}

/* " (pid 123)", or nothing. */
static const char *holder_text(int fd, char text[32])
{
	long holder = mcps__sqlite_lock_holder(fd);

	text[0] = '\0';
	if (holder != 0)
		snprintf(text, 32, " (pid %ld)", holder);
	return text;
}

/* Try until it is ours or the time is over. */
static bool lock_take(const struct sqlite_store *store, int fd)
{
	int64_t wait_ms = store->settings.lock_wait_ms;
	int64_t until = mcps__steady_ms(&mcps__system_clock) + wait_ms;
	bool is_said = wait_ms == 0;
	char holder[32];

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (errno == EWOULDBLOCK && !is_said)
			mcps__log(&store->settings.log, MCPS_LOG_INFO, "store",
			          "store is in use by another process%s, "
			          "waiting up_to_ms=%" PRId64,
			          holder_text(fd, holder), wait_ms);
		is_said = is_said || errno == EWOULDBLOCK;
		if (mcps__steady_ms(&mcps__system_clock) >= until) {
			errno = EWOULDBLOCK;
			return false;
		}
		lock_pause();
	}
	note_holder(fd);
	return true;
}

mcps_status mcps__sqlite_file_lock(struct sqlite_store *store,
                                   struct mcps_error *error)
{
	char *name = mcps__sqlite_file_beside(store, ".lock");
	mcps_status status = MCPS_OK;
	struct stat about;
	char holder[32];

	if (name == NULL)
		return mcps__sqlite_no_memory(error);
	store->lock = mcps__sqlite_file_open(name, O_CREAT, &about);
	if (store->lock < 0)
		status = mcps__sqlite_file_failed(error, name);
	else if (lock_take(store, store->lock))
		status = MCPS_OK;
	else if (errno == EWOULDBLOCK)
		status = mcps__fail(error, MCPS_E_LOCKED,
		                    "sqlite: %.100s is in use by another "
		                    "process%s; stop that one first",
		                    store->path,
		                    holder_text(store->lock, holder));
	else
		status = mcps__sqlite_system_failed(error, name, "lock it");
	mcps__free(name);
	return status;
}
