/* The lock that keeps a second process out, also while the connection is
 * being opened again: the file PATH.lock, locked as long as the store is open.
 * The file stays. It says which process had the store last, and that it is a
 * lock of ours: that is known of PATH, too, if its first page is lost. */
#define _DEFAULT_SOURCE /* flock */
#include "base/clock.h"
#include "base/error.h"
#include "base/file_share.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_PAUSE_MS = 20, NOTE_SIZE = 32 };

/* Behind the number of a process. */
static const char signature[] = " mcps store\n";

/* ---- the note ---- */

/* One write of the same length each time: at no moment is it half a note. */
static bool lock_note_write(int fd)
{
	char text[NOTE_SIZE];
	int length = snprintf(text, sizeof text, "%10ld%s", (long)getpid(),
	                      signature);

	return pwrite(fd, text, (size_t)length, 0) == length &&
	       ftruncate(fd, length) == 0;
}

static size_t lock_note_read(int fd, char text[NOTE_SIZE])
{
	ssize_t got = pread(fd, text, NOTE_SIZE - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

static long lock_note_holder(int fd)
{
	char text[NOTE_SIZE];
	long holder;

	lock_note_read(fd, text);
	holder = strtol(text, NULL, 10);
	return holder > 0 ? holder : 0;
}

/* Earlier versions wrote the number alone. As this does not say much, the file
 * must also have the mode that it was made with. The first moment of a lock,
 * before its note is written, counts as that, too. */
static enum sqlite_lock_kind lock_note_kind(int fd, const struct stat *about)
{
	char text[NOTE_SIZE];
	size_t length = lock_note_read(fd, text);
	char *end;

	(void)strtol(text, &end, 10);
	if (end != text && strcmp(end, signature) == 0)
		return SQLITE_LOCK_SIGNED;
	if (mcps__file_share(about, FILE_SHARE_USE) != FILE_SHARE_OTHERS &&
	    about->st_uid == geteuid() &&
	    (length == 0 || (end != text && strcmp(end, "\n") == 0)))
		return SQLITE_LOCK_PLAIN;
	return SQLITE_LOCK_FOREIGN;
}

/* ---- looking ---- */

/* A descriptor of the lock, or -1 with the kind that tells why. */
static int lock_look(const struct sqlite_store *store, int flags,
                     enum sqlite_lock_kind *kind)
{
	struct stat about;
	int fd = -1;

	*kind = SQLITE_LOCK_FOREIGN;
	if (lstat(store->lock_path, &about) != 0) {
		if (errno == ENOENT)
			*kind = SQLITE_LOCK_MISSING;
		return -1;
	}
	if (!S_ISREG(about.st_mode))
		return -1;
	fd = open(store->lock_path,
	          flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		*kind = lock_note_kind(fd, &about);
	return fd;
}

enum sqlite_lock_kind mcps__sqlite_lock_kind(const struct sqlite_store *store)
{
	enum sqlite_lock_kind kind;
	int fd = lock_look(store, O_RDONLY, &kind);

	if (fd >= 0)
		close(fd);
	return kind;
}

/* A shared lock for a moment says whether somebody holds the exclusive one;
 * who tries for that just then tries again. */
bool mcps__sqlite_lock_is_held(const struct sqlite_store *store, long *holder)
{
	enum sqlite_lock_kind kind;
	int fd = lock_look(store, O_RDONLY, &kind);
	bool is_held = false;

	*holder = 0;
	if (fd < 0)
		return false;
	if ((kind == SQLITE_LOCK_SIGNED || kind == SQLITE_LOCK_PLAIN) &&
	    flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		is_held = true;
		*holder = lock_note_holder(fd);
	}
	close(fd);
	return is_held;
}

/* ---- taking ---- */

static void lock_pause(void)
{
	const struct timespec pause = { 0, LOCK_PAUSE_MS * 1000000L };

	nanosleep(&pause, NULL);
}

/* " (pid 123)", or nothing. */
static const char *lock_holder_text(int fd, char text[32])
{
	long holder = lock_note_holder(fd);

	text[0] = '\0';
	if (holder != 0)
		snprintf(text, 32, " (pid %ld)", holder);
	return text;
}

/* Try until it is ours or the time is over. */
static bool lock_try(const struct sqlite_store *store)
{
	int64_t wait_ms = store->settings.lock_wait_ms;
	int64_t until = mcps__steady_ms(&mcps__system_clock) + wait_ms;
	bool is_said = wait_ms == 0;
	char holder[32];

	while (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (errno == EWOULDBLOCK && !is_said)
			mcps__log(&store->settings.log, MCPS_LOG_INFO, "store",
			          "store is in use by another process%s, "
			          "waiting up_to_ms=%" PRId64,
			          lock_holder_text(store->lock, holder),
			          wait_ms);
		is_said = is_said || errno == EWOULDBLOCK;
		if (mcps__steady_ms(&mcps__system_clock) >= until) {
			errno = EWOULDBLOCK;
			return false;
		}
		lock_pause();
	}
	return true;
}

static mcps_status lock_take(const struct sqlite_store *store,
                             struct mcps_error *error)
{
	char holder[32];

	if (lock_try(store))
		return MCPS_OK;
	if (errno != EWOULDBLOCK)
		return mcps__sqlite_system_failed(error, store->lock_path,
		                                  "lock it");
	return mcps__fail(error, MCPS_E_LOCKED,
	                  "sqlite: %.100s is in use by another process%s; stop "
	                  "that one first",
	                  store->path, lock_holder_text(store->lock, holder));
}

mcps_status mcps__sqlite_lock_existing(struct sqlite_store *store,
                                       struct mcps_error *error)
{
	enum sqlite_lock_kind kind = mcps__sqlite_lock_kind(store);

	if (kind != SQLITE_LOCK_SIGNED && kind != SQLITE_LOCK_PLAIN)
		return MCPS_OK;
	store->lock = lock_look(store, O_RDWR, &kind);
	if (store->lock < 0)
		return kind == SQLITE_LOCK_MISSING
		               ? MCPS_OK
		               : mcps__sqlite_file_failed(error,
		                                          store->lock_path);
	return lock_take(store, error);
}

mcps_status mcps__sqlite_lock_make(struct sqlite_store *store,
                                   struct mcps_error *error)
{
	struct stat about;

	store->lock = mcps__sqlite_file_open(store->lock_path, O_CREAT, &about);
	if (store->lock < 0)
		return mcps__sqlite_file_failed(error, store->lock_path);
	return lock_take(store, error);
}

/* Synced if it is new: it must be there before the file that it speaks for. A
 * note that cannot be written is no reason not to serve. */
void mcps__sqlite_lock_sign(const struct sqlite_store *store)
{
	enum sqlite_lock_kind kind = mcps__sqlite_lock_kind(store);
	struct stat about;

	if (fstat(store->lock, &about) == 0)
		(void)mcps__sqlite_file_tighten(store->lock, &about);
	if (lock_note_write(store->lock) && kind != SQLITE_LOCK_SIGNED)
		(void)fsync(store->lock);
}
