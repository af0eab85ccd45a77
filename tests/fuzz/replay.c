/* A main() for fuzz targets without a fuzzer: runs the target once on each
 * file of its corpus, so that every compiler and every "make check" sees the
 * inputs that once were trouble. fuzz_NAME reads tests/fuzz/corpus/NAME, or
 * the files that are named as arguments. */
#include "fuzz/target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *input = malloc(INPUT_MAX);
	uint8_t *exact = NULL;
	size_t length;

	if (file == NULL || input == NULL) {
		perror(path);
		exit(1);
	}
	length = fread(input, 1, INPUT_MAX, file);
	fclose(file);
	/* A block of exactly this size: a sanitizer sees one byte too far. */
	exact = malloc(length != 0 ? length : 1);
	if (exact == NULL)
		abort();
	memcpy(exact, input, length);
	free(input);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
	return 1;
}

static int replay_directory(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char file[4096];
	int count = 0;

	if (directory == NULL) {
		perror(path);
		return 0;
	}
	while ((entry = readdir(directory)) != NULL) {
		int length = snprintf(file, sizeof file, "%s/%s", path,
		                      entry->d_name);

		if (entry->d_name[0] != '.' && length < (int)sizeof file)
			count += replay_file(file);
	}
	closedir(directory);
	return count;
}

/* "…/fuzz_scan" is about "scan". */
static const char *target_name(const char *program)
{
	const char *found = strstr(program, "fuzz_");

	for (const char *next = found; next != NULL;
	     next = strstr(next + 1, "fuzz_"))
		found = next;
	return found != NULL ? found + strlen("fuzz_") : program;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	char corpus[4096];
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += replay_file(argv[i]);
	if (argc < 2) {
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s",
		         top != NULL ? top : ".", target_name(argv[0]));
		count = replay_directory(corpus);
	}
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
