/* Whose file is it? Found out by looking alone, before anything is opened for
 * writing, locked, made or handed to SQLite, which would roll back the journal
 * of another program. A start, a start after a failure, the quarantine and a
 * look before a start all ask here.
 *
 *   at the path                                       | it is
 *   --------------------------------------------------|----------------------
 *   nothing, and no file of another program beside it | free: made by a start
 *   a database with our application id                | ours
 *   ... and a newer schema                            | refused
 *   a database without id, whose log begins with ours | ours
 *   any other database                                | refused
 *   an empty file beside a lock of ours               | ours: made by a start
 *   no database, beside a lock that is signed         | ours, damaged
 *   ... and beside a journal, too                     | ours: being made
 *   anything else                                     | refused
 *
 * A file that is refused stays as it is, and so does all that is beside it. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From SQLite's file format, 1.3 and 4. */
enum {
	HEADER_SIZE = 100,
	USER_VERSION_AT = 60,
	APPLICATION_ID_AT = 68,
	LOG_HEADER_SIZE = 32,
	FRAME_HEADER_SIZE = 24,
	LOG_MAGIC = 0x377f0682, /* or one more: the order of its checksums */
};
static const char magic[16] = "SQLite format 3";

static uint32_t probe_read_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

static bool probe_is_database(const uint8_t *header)
{
	return memcmp(header, magic, sizeof magic) == 0;
}

/* ---- reading without a trace ---- */

/* The first SIZE bytes of a regular file, as many as there are; -1 with errno.
 * Anything else is not even opened: opening some devices does something. */
static ssize_t probe_read_start(const char *path, uint8_t *bytes, size_t size)
{
	struct stat about;
	ssize_t got;
	int fd;

	if (lstat(path, &about) != 0)
		return -1;
	if (!S_ISREG(about.st_mode)) {
		errno = S_ISLNK(about.st_mode) ? ELOOP : EINVAL;
		return -1;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = pread(fd, bytes, size, 0);
	close(fd);
	return got;
}

/* Stores that were made by earlier versions, and never had their log copied
 * into their file, have their id in the log alone. Their first transaction is
 * the first in the log, and its first page is page 1. */
static bool probe_log_is_ours(const struct sqlite_store *store)
{
	uint8_t start[LOG_HEADER_SIZE + FRAME_HEADER_SIZE + HEADER_SIZE];
	const uint8_t *frame = start + LOG_HEADER_SIZE;
	const uint8_t *page = frame + FRAME_HEADER_SIZE;

	return probe_read_start(store->log_path, start, sizeof start) ==
	               (ssize_t)sizeof start &&
	       (probe_read_u32(start) & ~1u) == LOG_MAGIC &&
	       probe_read_u32(frame) == 1 && probe_is_database(page) &&
	       probe_read_u32(page + APPLICATION_ID_AT) ==
	               SQLITE_APPLICATION_ID;
}

/* ---- a database ---- */

static mcps_status probe_database(const struct sqlite_store *store,
                                  const uint8_t *header,
                                  struct mcps_error *error)
{
	uint32_t version = probe_read_u32(header + USER_VERSION_AT);
	uint32_t id = probe_read_u32(header + APPLICATION_ID_AT);

	if (id == 0 && probe_log_is_ours(store))
		return MCPS_OK;
	if (id != SQLITE_APPLICATION_ID)
		return mcps__sqlite_refuse_foreign(store, id, error);
	if (version > (uint32_t)store->schema->count)
		return mcps__sqlite_refuse_newer(store, version, error);
	return MCPS_OK;
}

mcps_status mcps__sqlite_refuse_foreign(const struct sqlite_store *store,
                                        uint32_t id, struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_CORRUPT,
	                  "sqlite: %.100s is a database of another program "
	                  "(application id 0x%08" PRIx32 "); nothing was "
	                  "changed, name another file",
	                  store->path, id);
}

mcps_status mcps__sqlite_refuse_newer(const struct sqlite_store *store,
                                      int64_t version, struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_CORRUPT,
	                  "sqlite: %.100s was made by a newer version (schema "
	                  "%" PRId64 ", this one knows %d); nothing was "
	                  "changed",
	                  store->path, version, store->schema->count);
}

/* ---- no database ---- */

static bool probe_is_there(const char *name)
{
	struct stat about;

	return lstat(name, &about) == 0;
}

/* Only our own starts leave a signed lock, and only beside a store. If the
 * power fails while its very first page is written, SQLite puts that right with
 * the journal. */
static mcps_status probe_damaged(const struct sqlite_store *store,
                                 enum sqlite_place *place,
                                 struct mcps_error *error)
{
	char *journal;

	if (mcps__sqlite_lock_kind(store) != SQLITE_LOCK_SIGNED)
		return mcps__fail(error, MCPS_E_CORRUPT,
		                  "sqlite: %.100s is not an mcps store; "
		                  "nothing was changed, name another file",
		                  store->path);
	journal = mcps__sqlite_file_beside(store, "-journal");
	if (journal == NULL)
		return mcps__sqlite_no_memory(error);
	*place = probe_is_there(journal) ? SQLITE_PLACE_OURS
	                                 : SQLITE_PLACE_DAMAGED;
	mcps__free(journal);
	return MCPS_OK;
}

static bool probe_lock_is_ours(enum sqlite_lock_kind kind)
{
	return kind == SQLITE_LOCK_SIGNED || kind == SQLITE_LOCK_PLAIN;
}

/* An empty file may mean something to somebody. */
static mcps_status probe_empty(const struct sqlite_store *store,
                               struct mcps_error *error)
{
	if (probe_lock_is_ours(mcps__sqlite_lock_kind(store)))
		return MCPS_OK;
	return mcps__fail(error, MCPS_E_CORRUPT,
	                  "sqlite: %.100s is empty, and nothing shows that it "
	                  "is an mcps store; nothing was changed, delete it or "
	                  "name another file",
	                  store->path);
}

static mcps_status probe_refuse_beside(const struct sqlite_store *store,
                                       const char *suffix,
                                       struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_CORRUPT,
	                  "sqlite: %.80s%s is there without a store, and is "
	                  "not known as ours; nothing was changed, delete it "
	                  "or name another file",
	                  store->path, suffix);
}

/* A new store would take these names. Beside a lock of ours they are what is
 * left of an earlier one. */
static mcps_status probe_free(const struct sqlite_store *store,
                              struct mcps_error *error)
{
	static const char *const suffixes[] = { "-wal", "-journal", ".seal",
		                                ".ballast", ".backup-part" };
	enum sqlite_lock_kind lock = mcps__sqlite_lock_kind(store);
	mcps_status status = MCPS_OK;

	if (lock == SQLITE_LOCK_FOREIGN)
		return probe_refuse_beside(store, ".lock", error);
	if (probe_lock_is_ours(lock))
		return MCPS_OK;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char *name = mcps__sqlite_file_beside(store, suffixes[i]);

		if (name == NULL)
			status = mcps__sqlite_no_memory(error);
		else if (probe_is_there(name))
			status = probe_refuse_beside(store, suffixes[i], error);
		mcps__free(name);
		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

/* ---- all of it ---- */

mcps_status mcps__sqlite_probe(const struct sqlite_store *store,
                               enum sqlite_place *place,
                               struct mcps_error *error)
{
	uint8_t header[HEADER_SIZE];
	ssize_t got = probe_read_start(store->path, header, sizeof header);

	if (got < 0 && errno == ENOENT) {
		*place = SQLITE_PLACE_FREE;
		return probe_free(store, error);
	}
	if (got < 0)
		return mcps__sqlite_file_failed(error, store->path);
	*place = SQLITE_PLACE_OURS;
	if (got == 0)
		return probe_empty(store, error);
	if (got < HEADER_SIZE || !probe_is_database(header))
		return probe_damaged(store, place, error);
	return probe_database(store, header, error);
}
