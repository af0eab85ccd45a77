#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__ /* known once a header of the C library was included */
#include <malloc.h>
#endif

static struct memory_hook hook;

void mcps__memory_set_hook(const struct memory_hook *replacement)
{
	static const struct memory_hook none;

	hook = replacement != NULL ? *replacement : none;
}

void *mcps__realloc(void *old, size_t size)
{
	if (hook.realloc != NULL)
		return hook.realloc(hook.arg, old, size);
	return realloc(old, size);
}

void *mcps__malloc(size_t size)
{
	return mcps__realloc(NULL, size);
}

void *mcps__calloc(size_t count, size_t size)
{
	void *memory;

	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	memory = mcps__malloc(count * size);
	return memory != NULL ? memset(memory, 0, count * size) : NULL;
}

char *mcps__strndup(const char *text, size_t length)
{
	char *copy = mcps__malloc(length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *mcps__strdup(const char *text)
{
	return mcps__strndup(text, strlen(text));
}

void mcps__free(void *memory)
{
	free(memory);
}

void mcps__memory_give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}
