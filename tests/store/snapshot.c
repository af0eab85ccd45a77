#define _DEFAULT_SOURCE
#include "store/snapshot.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_SIZE = 16 };

/* Two hex digits a byte, or nothing for what has no bytes. */
static void hash_file(int directory, const char *name,
                      char text[2 * HASH_SIZE + 1])
{
	crypto_generichash_state state;
	uint8_t bytes[4096], hash[HASH_SIZE];
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW);
	ssize_t got;

	ck_assert_int_ge(fd, 0);
	crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
	while ((got = read(fd, bytes, sizeof bytes)) > 0)
		crypto_generichash_update(&state, bytes,
		                          (unsigned long long)got);
	ck_assert_int_eq(got, 0);
	close(fd);
	crypto_generichash_final(&state, hash, HASH_SIZE);
	sodium_bin2hex(text, 2 * HASH_SIZE + 1, hash, HASH_SIZE);
}

static void add_line(FILE *out, int directory, const char *name)
{
	char hash[2 * HASH_SIZE + 1] = "";
	struct stat about;

	ck_assert_int_eq(fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW),
	                 0);
	if (S_ISREG(about.st_mode))
		hash_file(directory, name, hash);
	fprintf(out, "%s %06o %jd %jd.%09ld %s\n", name,
	        (unsigned)about.st_mode, (intmax_t)about.st_size,
	        (intmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec, hash);
}

static int is_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

char *snapshot_take(const char *directory)
{
	struct dirent **names;
	int count = scandir(directory, &names, is_name, alphasort);
	int fd = open(directory, O_RDONLY | O_DIRECTORY);
	struct stat about;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_int_ge(count, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fstat(fd, &about), 0);
	fprintf(out, "%06o\n", (unsigned)about.st_mode);
	for (int i = 0; i < count; i++) {
		add_line(out, fd, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	close(fd);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}
