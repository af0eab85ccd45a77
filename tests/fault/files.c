#define _DEFAULT_SOURCE
#include "files.h"

#include "store/directory.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool file_is_there(const char *name)
{
	struct stat about;

	return lstat(in_directory(name), &about) == 0;
}

struct file_copy file_read(const char *name)
{
	struct file_copy copy = { NULL, 0 };
	FILE *file = fopen(in_directory(name), "rb");
	struct stat about;

	if (file == NULL)
		return copy;
	ck_assert_int_eq(fstat(fileno(file), &about), 0);
	copy.size = (size_t)about.st_size;
	copy.bytes = malloc(copy.size + 1);
	ck_assert_ptr_nonnull(copy.bytes);
	ck_assert_uint_eq(fread(copy.bytes, 1, copy.size, file), copy.size);
	fclose(file);
	return copy;
}

void file_write(const char *name, const void *bytes, size_t size)
{
	FILE *file = fopen(in_directory(name), "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

void file_restore(const char *name, const struct file_copy *copy)
{
	remove(in_directory(name));
	if (copy->bytes != NULL)
		file_write(name, copy->bytes, copy->size);
}

void file_free(struct file_copy *copy)
{
	free(copy->bytes);
	*copy = (struct file_copy){ NULL, 0 };
}

static bool is_log(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && strcmp(name + length - 4, "-wal") == 0;
}

static unsigned each(const char *prefix, bool removes)
{
	DIR *directory = opendir(in_directory(""));
	struct dirent *entry;
	unsigned count = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		count += !is_log(entry->d_name);
		if (removes)
			remove(in_directory(entry->d_name));
	}
	closedir(directory);
	return count;
}

unsigned files_count(const char *prefix)
{
	return each(prefix, false);
}

void files_remove(const char *prefix)
{
	(void)each(prefix, true);
}
