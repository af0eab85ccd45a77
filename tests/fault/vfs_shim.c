#include "vfs_shim.h"

#include "power.h"

#include <check.h>
#include <sqlite3.h>
#include <string.h>

struct shim_file {
	sqlite3_file base;
	struct power_file *power; /* NULL: not watched */
	sqlite3_file *real;       /* behind this struct */
};

static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	enum vfs_op op; /* which fails */
	unsigned left;  /* calls of it until then; 0: none is to fail */
	int code;
	bool for_ever;
	bool has_failed;
	bool is_watched; /* changes are kept for power.c */
	bool is_cut;
	unsigned changes;
	unsigned cut_at; /* 0: never */
} shim;

static struct shim_file *shim_file(sqlite3_file *file)
{
	return (struct shim_file *)file; /* its first member */
}

/* SQLITE_OK, or the failure that was ordered. */
static int take_order(enum vfs_op op)
{
	if (shim.is_cut)
		return SQLITE_IOERR;
	if (op != shim.op || shim.left == 0)
		return SQLITE_OK;
	if (--shim.left > 0)
		return SQLITE_OK;
	shim.has_failed = true;
	if (shim.for_ever)
		shim.left = 1;
	return shim.code;
}

/* The power fails during a change: it was begun, but nobody is told. */
static bool is_last_change(void)
{
	shim.changes++;
	if (!shim.is_cut && shim.changes == shim.cut_at)
		shim.is_cut = true;
	return shim.is_cut;
}

/* ---- files ---- */

static int shim_close(sqlite3_file *file)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xClose(self->real);
}

static int shim_read(sqlite3_file *file, void *bytes, int length,
                     sqlite3_int64 offset)
{
	struct shim_file *self = shim_file(file);
	int code = take_order(VFS_READ);

	return code == SQLITE_OK ? self->real->pMethods->xRead(
					   self->real, bytes, length, offset)
	                         : code;
}

static int shim_write(sqlite3_file *file, const void *bytes, int length,
                      sqlite3_int64 offset)
{
	struct shim_file *self = shim_file(file);
	int code;

	if (shim.is_cut)
		return SQLITE_IOERR_WRITE;
	if (self->power != NULL)
		power_write(self->power, bytes, (size_t)length, offset);
	if (is_last_change())
		return SQLITE_IOERR_WRITE;
	code = take_order(VFS_WRITE);
	if (code == SQLITE_OK)
		return self->real->pMethods->xWrite(self->real, bytes, length,
		                                    offset);
	self->real->pMethods->xWrite(self->real, bytes, length / 2, offset);
	return code;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *self = shim_file(file);
	int code = take_order(VFS_TRUNCATE);

	if (code != SQLITE_OK)
		return code;
	if (self->power != NULL)
		power_truncate(self->power, size);
	if (is_last_change())
		return SQLITE_IOERR_TRUNCATE;
	return self->real->pMethods->xTruncate(self->real, size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
	struct shim_file *self = shim_file(file);
	int code = take_order(VFS_SYNC);

	if (code != SQLITE_OK)
		return code;
	if (is_last_change())
		return SQLITE_IOERR_FSYNC;
	if (self->power == NULL)
		return self->real->pMethods->xSync(self->real, flags);
	power_sync(self->power); /* the real disk has nothing to do with it */
	return SQLITE_OK;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xFileSize(self->real, size);
}

static int shim_lock(sqlite3_file *file, int level)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xLock(self->real, level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xUnlock(self->real, level);
}

static int shim_reserved(sqlite3_file *file, int *is_reserved)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xCheckReservedLock(self->real,
	                                                is_reserved);
}

static int shim_control(sqlite3_file *file, int op, void *arg)
{
	struct shim_file *self = shim_file(file);

	return self->real->pMethods->xFileControl(self->real, op, arg);
}

static int shim_sector_size(sqlite3_file *file)
{
	(void)file;
	return POWER_SECTOR;
}

/* It promises nothing. */
static int shim_characteristics(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = shim_close,
	.xRead = shim_read,
	.xWrite = shim_write,
	.xTruncate = shim_truncate,
	.xSync = shim_sync,
	.xFileSize = shim_size,
	.xLock = shim_lock,
	.xUnlock = shim_unlock,
	.xCheckReservedLock = shim_reserved,
	.xFileControl = shim_control,
	.xSectorSize = shim_sector_size,
	.xDeviceCharacteristics = shim_characteristics,
};

/* ---- the file system ---- */

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                     int flags, int *out)
{
	struct shim_file *self = shim_file(file);
	int code = take_order(VFS_OPEN);

	(void)vfs;
	memset(self, 0, sizeof *self);
	if (code != SQLITE_OK)
		return code;
	self->real = (sqlite3_file *)(self + 1);
	if (shim.is_watched && name != NULL)
		self->power = power_open(name);
	code = shim.real->xOpen(shim.real, name, self->real, flags, out);
	if (code == SQLITE_OK)
		self->base.pMethods = &methods;
	return code;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_directory)
{
	int code = take_order(VFS_DELETE);

	(void)vfs;
	if (code != SQLITE_OK)
		return code;
	if (shim.is_watched)
		power_delete(name, sync_directory != 0);
	if (is_last_change())
		return SQLITE_IOERR_DELETE;
	return shim.real->xDelete(shim.real, name, sync_directory);
}

void vfs_shim_install(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	ck_assert_ptr_nonnull(real);
	memset(&shim, 0, sizeof shim);
	shim.real = real;
	shim.vfs = *real;
	shim.vfs.iVersion = 2;
	shim.vfs.pNext = NULL;
	shim.vfs.zName = "shim";
	shim.vfs.szOsFile += (int)sizeof(struct shim_file);
	shim.vfs.xOpen = shim_open;
	shim.vfs.xDelete = shim_delete;
	ck_assert_int_eq(sqlite3_vfs_register(&shim.vfs, 1), SQLITE_OK);
}

void vfs_shim_remove(void)
{
	ck_assert_int_eq(sqlite3_vfs_unregister(&shim.vfs), SQLITE_OK);
	ck_assert_int_eq(sqlite3_vfs_register(shim.real, 1), SQLITE_OK);
	power_forget();
}

/* ---- orders ---- */

void vfs_shim_fail(enum vfs_op op, unsigned nth, int code, bool for_ever)
{
	shim.op = op;
	shim.left = nth;
	shim.code = code;
	shim.for_ever = for_ever;
	shim.has_failed = false;
}

bool vfs_shim_heal(void)
{
	bool has_failed = shim.has_failed;

	shim.left = 0;
	shim.has_failed = false;
	return has_failed;
}

void vfs_shim_power_on(void)
{
	power_forget();
	shim.is_watched = true;
	shim.is_cut = false;
	shim.changes = 0;
	shim.cut_at = 0;
}

void vfs_shim_cut_at(unsigned nth)
{
	shim.cut_at = shim.changes + nth;
}

bool vfs_shim_is_cut(void)
{
	return shim.is_cut;
}

unsigned vfs_shim_changes(void)
{
	return shim.changes;
}

void vfs_shim_survive(uint64_t seed)
{
	power_survive(seed);
	vfs_shim_power_on();
}
