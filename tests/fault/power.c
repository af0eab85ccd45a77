#include "power.h"

#include "vfs_shim.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum change_kind { CHANGE_WRITE, CHANGE_TRUNCATE };

struct change {
	struct change *next;
	enum change_kind kind;
	size_t offset; /* or the size */
	size_t length;
	uint8_t bytes[];
};

struct image {
	uint8_t *bytes;
	size_t size;
};

struct power_file {
	struct power_file *next;
	struct change *first;
	struct change **end;
	struct image synced;
	bool has_entry;  /* its name was synced, too */
	bool is_deleted; /* since then, but that was not synced */
	char path[];
};

/* How much of what was not synced gets through. */
enum survival {
	SURVIVE_CHANGES, /* whole changes, each or not */
	SURVIVE_SECTORS, /* single sectors, each or not */
	SURVIVE_FIRST,   /* the first changes, the last of them torn */
	SURVIVE_MOST,    /* most sectors */
	SURVIVAL_COUNT
};

static struct power_file *files;

uint32_t vfs_shim_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

/* ---- images ---- */

static void image_resize(struct image *image, size_t size)
{
	uint8_t *bytes = realloc(image->bytes, size + 1);

	ck_assert_ptr_nonnull(bytes);
	if (size > image->size)
		memset(bytes + image->size, 0, size - image->size);
	image->bytes = bytes;
	image->size = size;
}

static void image_write(struct image *image, size_t offset, const void *bytes,
                        size_t length)
{
	if (image->bytes == NULL || offset + length > image->size)
		image_resize(image, offset + length);
	if (length != 0)
		memcpy(image->bytes + offset, bytes, length);
}

static bool image_read(struct image *image, const char *path)
{
	struct stat about;
	FILE *file = fopen(path, "rb");

	if (file == NULL)
		return false;
	ck_assert_int_eq(fstat(fileno(file), &about), 0);
	image_resize(image, (size_t)about.st_size);
	ck_assert_uint_eq(fread(image->bytes, 1, image->size, file),
	                  image->size);
	fclose(file);
	return true;
}

/* In place: the file keeps its mode. */
static void image_store(const struct image *image, const char *path)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(image->bytes, 1, image->size, file),
	                  image->size);
	ck_assert_int_eq(fclose(file), 0);
}

/* ---- what happens ---- */

static void changes_free(struct power_file *file)
{
	while (file->first != NULL) {
		struct change *change = file->first;

		file->first = change->next;
		free(change);
	}
	file->end = &file->first;
}

static void change_add(struct power_file *file, enum change_kind kind,
                       size_t offset, const void *bytes, size_t length)
{
	struct change *change = calloc(1, sizeof *change + length);

	ck_assert_ptr_nonnull(change);
	change->kind = kind;
	change->offset = offset;
	change->length = length;
	if (length != 0)
		memcpy(change->bytes, bytes, length);
	*file->end = change;
	file->end = &change->next;
}

static struct power_file *find(const char *path)
{
	struct power_file *file = files;

	while (file != NULL && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

struct power_file *power_open(const char *path)
{
	struct power_file *file = find(path);

	if (file != NULL) {
		file->is_deleted = false;
		return file;
	}
	file = calloc(1, sizeof *file + strlen(path) + 1);
	ck_assert_ptr_nonnull(file);
	strcpy(file->path, path);
	file->end = &file->first;
	file->has_entry = image_read(&file->synced, path);
	file->next = files;
	files = file;
	return file;
}

void power_write(struct power_file *file, const void *bytes, size_t length,
                 int64_t offset)
{
	change_add(file, CHANGE_WRITE, (size_t)offset, bytes, length);
}

void power_truncate(struct power_file *file, int64_t size)
{
	change_add(file, CHANGE_TRUNCATE, (size_t)size, NULL, 0);
}

static void change_apply(const struct change *change, struct image *image)
{
	if (change->kind == CHANGE_TRUNCATE)
		image_resize(image, change->offset);
	else
		image_write(image, change->offset, change->bytes,
		            change->length);
}

/* SQLite syncs the directory with the first sync of a new journal. */
void power_sync(struct power_file *file)
{
	for (struct change *change = file->first; change != NULL;
	     change = change->next)
		change_apply(change, &file->synced);
	changes_free(file);
	file->has_entry = true;
}

/* A file of that name that is made later is another one: as if the first had
 * been emptied. */
void power_delete(const char *path, bool is_synced)
{
	struct power_file *file = find(path);

	if (file == NULL)
		return;
	changes_free(file);
	if (is_synced) {
		image_resize(&file->synced, 0);
		file->has_entry = false;
	} else {
		file->is_deleted = true;
		power_truncate(file, 0);
	}
}

/* ---- what survives ---- */

static bool one_in(uint64_t *seed, unsigned number)
{
	return vfs_shim_random(seed) % number == 0;
}

static void apply_sectors(const struct change *change, struct image *image,
                          uint64_t *seed, bool most)
{
	size_t at = 0;

	while (at < change->length) {
		size_t offset = change->offset + at;
		size_t length = POWER_SECTOR - offset % POWER_SECTOR;

		if (length > change->length - at)
			length = change->length - at;
		if (one_in(seed, most ? 10 : 2) != most)
			image_write(image, offset, change->bytes + at, length);
		at += length;
	}
	if (change->kind == CHANGE_TRUNCATE && one_in(seed, 2))
		change_apply(change, image);
}

static size_t count(const struct change *change)
{
	size_t number = 0;

	for (; change != NULL; change = change->next)
		number++;
	return number;
}

static void survive_first(const struct power_file *file, struct image *image,
                          uint64_t *seed)
{
	size_t whole =
		vfs_shim_random(seed) % (uint32_t)(count(file->first) + 1);
	const struct change *change = file->first;

	for (; change != NULL && whole > 0; change = change->next, whole--)
		change_apply(change, image);
	if (change != NULL)
		apply_sectors(change, image, seed, false);
}

static void survive_each(const struct power_file *file, struct image *image,
                         enum survival survival, uint64_t *seed)
{
	for (const struct change *change = file->first; change != NULL;
	     change = change->next)
		if (survival != SURVIVE_CHANGES)
			apply_sectors(change, image, seed,
			              survival == SURVIVE_MOST);
		else if (one_in(seed, 2))
			change_apply(change, image);
}

static void survive(struct power_file *file, enum survival survival,
                    uint64_t *seed)
{
	struct image image = { NULL, 0 };

	if ((!file->has_entry || file->is_deleted) && one_in(seed, 2)) {
		remove(file->path);
		return;
	}
	image_write(&image, 0, file->synced.bytes, file->synced.size);
	if (survival == SURVIVE_FIRST)
		survive_first(file, &image, seed);
	else
		survive_each(file, &image, survival, seed);
	image_store(&image, file->path);
	free(image.bytes);
}

void power_survive(uint64_t seed)
{
	enum survival survival =
		(enum survival)(vfs_shim_random(&seed) % SURVIVAL_COUNT);

	for (struct power_file *file = files; file != NULL; file = file->next)
		survive(file, survival, &seed);
}

void power_forget(void)
{
	while (files != NULL) {
		struct power_file *file = files;

		files = file->next;
		changes_free(file);
		free(file->synced.bytes);
		free(file);
	}
}
