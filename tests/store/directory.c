#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include "directory.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_SIZE = 512, PATH_COUNT = 4 };

static char directory[PATH_SIZE / 2];

void directory_make(void)
{
	const char *above = getenv("TMPDIR");

	snprintf(directory, sizeof directory, "%s/store-test-XXXXXX",
	         above != NULL && *above != '\0' ? above : "/tmp");
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		abort();
	}
}

void directory_in_memory(void)
{
	static const char place[] = "/dev/shm";

	if (access(place, W_OK | X_OK) == 0)
		(void)setenv("TMPDIR", place, 0);
}

static int remove_one(const char *path, const struct stat *about, int kind,
                      struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

void directory_remove(void)
{
	if (nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0) {
		perror(directory);
		abort();
	}
}

static const char *join(const char *before, const char *name)
{
	static char paths[PATH_COUNT][PATH_SIZE];
	static unsigned next;
	char *path = paths[next++ % PATH_COUNT];

	snprintf(path, PATH_SIZE, "%s%s/%s", before, directory, name);
	return path;
}

const char *in_directory(const char *name)
{
	return join("", name);
}

const char *url_in_directory(const char *name)
{
	return join("sqlite:", name);
}
