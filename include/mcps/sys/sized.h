/* Structs whose first member is their size: for libraries on top of mcps.
 *
 * The caller that fills such a struct may be compiled against another version
 * of the header. New members are added at the end only. A smaller struct is
 * therefore one of an older version: members that it lacks are zero, which is
 * each member's default. A larger struct is one of a newer version: it is
 * accepted as long as the members that this version does not know are zero,
 * because nothing is lost then. All structs of mcps with a member "size" are
 * read like this.
 */
#ifndef MCPS_SYS_SIZED_H
#define MCPS_SYS_SIZED_H

#include <mcps/status.h>
#include <stddef.h>

MCPS_BEGIN_DECLS

/** A size above this one was never set: it is what happened to be in memory. */
enum { MCPS_SIZED_MAX = 16384 };

/**
 * Copy a struct of the caller's version, and set the size of the copy to
 * @p known. Any thread.
 *
 * @param[out] out  the copy; zero on failure
 * @param known   sizeof *out
 * @param given   the caller's struct, which begins with a size_t
 * @param what    names the struct at the beginning of a sentence, such as
 *                "daemon options"
 * @param remedy  what its size must be, such as "sizeof(struct
 *                mcps_daemon_options)"
 * @param[out] error  a sentence that names the struct; may be NULL
 * @return MCPS_OK; MCPS_E_INVAL: the size is not set, or a member that this
 *         version does not know is not zero
 */
MCPS_API mcps_status mcps_sized_copy(void *out, size_t known, const void *given,
                                     const char *what, const char *remedy,
                                     struct mcps_error *error);

/** The same check without a copy, for a table that is used where it is. Its
 * members must not be read beyond its size. */
MCPS_API mcps_status mcps_sized_check(size_t known, const void *given,
                                      const char *what, const char *remedy,
                                      struct mcps_error *error);

MCPS_END_DECLS

#endif
