/* A damaged store: a file that was written in good order, with a few changes
 * to its bytes and pages. Whatever is asked of it, it says what was stored or
 * that there is nothing, and goes on. */
#include "fuzz/target.h"

#include "fuzz/row_model.h"
#include "store/backends.h"
#include "store/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_SIZE = 4096, CHANGES_MAX = 16 };

/* The store as it was written, and what is in it. */
static struct {
	uint8_t *file;
	size_t size;
	struct row_model model;
} good;

/* ---- the good store ---- */

static const char *path(const char *suffix)
{
	static char name[512];

	strcpy(name, in_directory("fuzz.db"));
	return strcat(name, suffix);
}

/* The same in every run, or what was found could not be had again. */
static mcps_status not_random(void *arg, void *bytes, size_t length)
{
	static const uint8_t pattern[] = "It is what it was.";
	uint8_t *to = bytes;

	(void)arg;
	for (size_t i = 0; i < length; i++)
		to[i] = pattern[i % sizeof pattern];
	return MCPS_OK;
}

static const struct random_source no_random = { not_random, NULL };

static mcps_store *open_store(void)
{
	const struct store_settings settings = { .random = &no_random };
	mcps_store *store = NULL;
	mcps_status status = mcps__sqlite_store_open(
		&store, in_directory("fuzz.db"), &settings, NULL);

	require((status == MCPS_OK) == (store != NULL));
	return store;
}

static void read_good(void)
{
	int fd = open(path(""), O_RDONLY);
	struct stat about;

	require(fd >= 0 && fstat(fd, &about) == 0);
	good.size = (size_t)about.st_size;
	good.file = malloc(good.size);
	require(good.file != NULL);
	require(read(fd, good.file, good.size) == about.st_size);
	close(fd);
}

static void make_good(void)
{
	mcps_store *store;

	directory_in_memory();
	directory_make();
	require(atexit(directory_remove) == 0);
	store = open_store();
	require(store != NULL);
	row_model_make(&good.model, store);
	mcps_store_close(store);
	read_good();
}

/* ---- damage ---- */

struct image {
	uint8_t *bytes;
	size_t size;
};

static uint8_t *page_of(const struct image *image, unsigned n)
{
	return image->bytes + n % (image->size / PAGE_SIZE) * PAGE_SIZE;
}

static unsigned get_u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Where cell N of a b-tree page is; the page's head if it is none. */
static unsigned cell_of(const uint8_t *page, bool is_first, unsigned n)
{
	const uint8_t *head = page + (is_first ? 100 : 0);
	unsigned count = get_u16(head + 3);
	unsigned pointers = head[0] == 2 || head[0] == 5 ? 12 : 8;
	unsigned at = (unsigned)(head - page) + pointers;

	if (count == 0 || count > PAGE_SIZE / 2)
		return 0;
	at += 2 * (n % count);
	return at + 1 < PAGE_SIZE ? get_u16(page + at) % PAGE_SIZE : 0;
}

/* One change: how, on which page, where there, to which byte.
 *
 *   0  set a byte                      3  exchange two pages
 *   1  the same, inside of a cell      4  one page is a copy of another
 *   2  flip a bit of a cell            5  zeroes to the end of the page
 *                                      6  cut the file before the page */
static void change(struct image *image, const uint8_t *how)
{
	unsigned where = get_u16(how + 2);
	uint8_t *page = page_of(image, how[1]);
	uint8_t *other = page_of(image, how[4]);
	uint8_t *cell = page + cell_of(page, page == image->bytes, how[2]);
	uint8_t kept[PAGE_SIZE];

	if (how[3] < image->bytes + image->size - cell)
		cell += how[3];
	switch (how[0] % 7) {
	case 0:
		page[where % PAGE_SIZE] = how[4];
		break;
	case 1:
		*cell = how[4];
		break;
	case 2:
		*cell ^= (uint8_t)(1u << how[4] % 8);
		break;
	case 3:
		memcpy(kept, page, PAGE_SIZE);
		memcpy(page, other, PAGE_SIZE);
		memcpy(other, kept, PAGE_SIZE);
		break;
	case 4:
		memmove(page, other, PAGE_SIZE);
		break;
	case 5:
		where %= PAGE_SIZE;
		memset(page + where, 0, PAGE_SIZE - where);
		break;
	case 6:
		if (page > image->bytes)
			image->size = (size_t)(page - image->bytes);
		break;
	}
}

static void write_image(const struct image *image)
{
	int fd = open(path(""), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	require(fd >= 0);
	require(write(fd, image->bytes, image->size) == (ssize_t)image->size);
	close(fd);
	unlink(path("-wal"));
}

static void write_damaged(const uint8_t *changes, size_t length)
{
	struct image image = { malloc(good.size), good.size };

	require(image.bytes != NULL);
	memcpy(image.bytes, good.file, good.size);
	for (int i = 0; i < CHANGES_MAX && length >= 5; i++) {
		change(&image, changes);
		changes += 5;
		length -= 5;
	}
	write_image(&image);
	free(image.bytes);
}

/* ---- */

enum { ALSO_REOPEN = 1, ALSO_RESTART = 2, ALSO_WRITES = 4 };

/* Ask, write, ask again; on the same connection, on another one, and after
 * the file was closed. */
static void use(struct row_model *model, unsigned writes, unsigned also)
{
	mcps_store *store = open_store();
	bool is_known;

	if (store == NULL)
		return; /* refused as a whole */
	row_model_check(model, store);
	is_known = row_model_write(model, store, writes);
	if (is_known)
		row_model_check(model, store);
	store->ops->idle(store);
	if (is_known && (also & ALSO_REOPEN) != 0 &&
	    store->ops->reopen(store) == MCPS_OK)
		row_model_check(model, store);
	mcps_store_close(store);
	if (!is_known || (also & ALSO_RESTART) == 0)
		return;
	store = open_store();
	if (store != NULL)
		row_model_check(model, store);
	mcps_store_close(store);
}

/* Two bytes say what to write, one what else to do, and, above its second bit,
 * to write; the rest is damage. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct row_model model;

	if (good.file == NULL)
		make_good();
	if (size < 3)
		return 0;
	model = good.model;
	write_damaged(data + 3, size - 3);
	use(&model, get_u16(data) | (unsigned)data[2] / ALSO_WRITES << 16,
	    data[2]);
	return 0;
}
