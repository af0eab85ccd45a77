/* The seal: a file beside the database that says that it was checked from end
 * to end since this machine was booted, and that only we have written to it
 * since. While it holds, opening the store spares the check, whose time grows
 * with the store (docs/adr/0009-the-seal.md).
 *
 * What must agree: the boot, which tells that the kernel still has all that was
 * ever written; device, inode, size and time of the file; the inode of its log.
 * That time is ours: its nanoseconds are random, so that whoever else writes,
 * even at the same tick of the kernel's clock, leaves another one. The seal
 * need not be synced, as it ends with the boot. Whatever goes wrong here means
 * no seal, and one check more. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SEAL_MAX = 256 };

struct seal {
	char text[SEAL_MAX];
	size_t of_file; /* what of the text is about the file alone */
	size_t length;
};

static bool seal_is_missing(const struct sqlite_store *store,
                            const char *suffix)
{
	char *name = mcps__sqlite_file_beside(store, suffix);
	struct stat about;
	bool missing =
		name != NULL && lstat(name, &about) != 0 && errno == ENOENT;

	mcps__free(name);
	return missing;
}

/* What a seal would say now. *HAS_LOG: the log is there, and not empty. */
static bool seal_make(const struct sqlite_store *store, struct seal *seal,
                      bool *has_log)
{
	char boot[BOOT_ID_TEXT + 1];
	struct stat file, log = { 0 };

	if (!mcps__boot_id_text(boot) || lstat(store->path, &file) != 0 ||
	    (lstat(store->log_path, &log) != 0 && errno != ENOENT))
		return false;
	seal->of_file = (size_t)snprintf(
		seal->text, sizeof seal->text, "%s %ju:%ju %jd %jd.%09ld\n",
		boot, (uintmax_t)file.st_dev, (uintmax_t)file.st_ino,
		(intmax_t)file.st_size, (intmax_t)file.st_mtim.tv_sec,
		file.st_mtim.tv_nsec);
	seal->length = seal->of_file +
	               (size_t)snprintf(seal->text + seal->of_file,
	                                sizeof seal->text - seal->of_file,
	                                "log %ju\n", (uintmax_t)log.st_ino);
	*has_log = log.st_size > 0;
	return seal->length < sizeof seal->text;
}

/* Changes nothing, not even a mode. */
static size_t seal_read(const struct sqlite_store *store, char *text)
{
	char *name = mcps__sqlite_file_beside(store, ".seal");
	int fd = name != NULL ? open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	                                           O_CLOEXEC)
	                      : -1;
	ssize_t n = fd >= 0 ? read(fd, text, SEAL_MAX) : -1;

	if (fd >= 0)
		close(fd);
	mcps__free(name);
	return n > 0 ? (size_t)n : 0;
}

bool mcps__sqlite_seal_holds(const struct sqlite_store *store)
{
	char found[SEAL_MAX];
	size_t length = seal_read(store, found);
	struct seal seal;
	bool has_log;

	if (!seal_make(store, &seal, &has_log) ||
	    !seal_is_missing(store, "-journal"))
		return false;
	if (!has_log)
		seal.length = seal.of_file;
	return length >= seal.length &&
	       memcmp(found, seal.text, seal.length) == 0;
}

/* Give the file a time of ours; false where such times are not kept. */
static bool seal_stamp(const struct sqlite_store *store)
{
	struct timespec times[2] = { { 0, UTIME_OMIT } };
	struct stat about;
	uint32_t random;

	if (clock_gettime(CLOCK_REALTIME, &times[1]) != 0 ||
	    mcps__random_fill(&mcps__system_random, &random, sizeof random) !=
	            MCPS_OK)
		return false;
	times[1].tv_nsec = (long)(random % 1000000000);
	return utimensat(AT_FDCWD, store->path, times, AT_SYMLINK_NOFOLLOW) ==
	               0 &&
	       lstat(store->path, &about) == 0 &&
	       about.st_mtim.tv_nsec == times[1].tv_nsec;
}

static void seal_write(const struct sqlite_store *store,
                       const struct seal *seal)
{
	char *name = mcps__sqlite_file_beside(store, ".seal");
	struct stat about;
	int fd = name != NULL ? mcps__sqlite_file_open(name, O_CREAT | O_TRUNC,
	                                               &about)
	                      : -1;

	if (fd >= 0 &&
	    write(fd, seal->text, seal->length) != (ssize_t)seal->length)
		unlink(name);
	if (fd >= 0)
		close(fd);
	mcps__free(name);
}

void mcps__sqlite_seal_set(struct sqlite_store *store)
{
	struct seal seal;
	bool has_log;

	if (store->is_whole && seal_stamp(store) &&
	    seal_make(store, &seal, &has_log))
		seal_write(store, &seal);
}

void mcps__sqlite_seal_break(struct sqlite_store *store)
{
	char *name;

	if (!store->is_whole)
		return;
	store->is_whole = false;
	name = mcps__sqlite_file_beside(store, ".seal");
	if (name != NULL)
		unlink(name);
	mcps__free(name);
}
