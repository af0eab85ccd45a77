/* From an embedded member to the struct around it. */
#ifndef MCPS_BASE_CONTAINER_H
#define MCPS_BASE_CONTAINER_H

#include <stddef.h>

#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
