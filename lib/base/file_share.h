/* The users that the mode of a file lets in, besides root and the user of this
 * process. The store, the key file and the token file ask here, so that they
 * agree. */
#ifndef MCPS_BASE_FILE_SHARE_H
#define MCPS_BASE_FILE_SHARE_H

#include <sys/stat.h>

enum file_share {
	FILE_SHARE_NONE,      /* no other user */
	FILE_SHARE_OWN_GROUP, /* members of its group, which this process is in.
	                       * A Kubernetes volume with fsGroup is like that
	                       */
	FILE_SHARE_OTHERS,    /* some other user */
};

/* The bits that let other users use a file, and write to it. */
#define FILE_SHARE_USE   (S_IRWXG | S_IRWXO)
#define FILE_SHARE_WRITE (S_IWGRP | S_IWOTH)

/**
 * Tell who gets in by the BITS of a mode. A file that belongs to another user
 * than root and the one of this process is never FILE_SHARE_OWN_GROUP, because
 * that user gets in as well. Access control lists are not looked at: with one
 * of them, the bits of the group are the most that it grants. Any thread.
 */
enum file_share mcps__file_share(const struct stat *about, mode_t bits);

#endif
