#define _GNU_SOURCE /* SOCK_CLOEXEC */
/* A listening Unix socket. Its file outlives a process that was killed, so one
 * that nobody listens on is replaced if it belongs to this user. Any other file
 * stays as it is: it is somebody else's. */
#include "mhd/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char scheme[] = "unix:";

const char *mcps__listen_unix_path(const char *text)
{
	size_t length = sizeof scheme - 1;

	return strncmp(text, scheme, length) == 0 ? text + length : NULL;
}

static bool listen_unix_set_path(struct sockaddr_un *to, const char *path)
{
	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (path[0] == '\0' || strlen(path) >= sizeof to->sun_path) {
		errno = path[0] == '\0' ? EINVAL : ENAMETOOLONG;
		return false;
	}
	strcpy(to->sun_path, path);
	return true;
}

/* Returns true if nobody accepts there; with a full queue somebody does. */
static bool listen_unix_is_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool stale;

	if (fd < 0)
		return false;
	stale = connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 &&
	        errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* Returns true if what is there may be deleted. Else errno says why not:
 * EADDRINUSE if somebody listens, EEXIST if it is another file. */
static bool listen_unix_may_replace(const struct sockaddr_un *at)
{
	struct stat about;

	if (lstat(at->sun_path, &about) != 0)
		return false;
	if (S_ISSOCK(about.st_mode) && !listen_unix_is_stale(at)) {
		errno = EADDRINUSE;
		return false;
	}
	errno = EEXIST;
	return S_ISSOCK(about.st_mode) && about.st_uid == geteuid();
}

static int listen_unix_bind_at(int fd, const struct sockaddr_un *at)
{
	const struct sockaddr *name = (const struct sockaddr *)at;

	if (bind(fd, name, sizeof *at) == 0)
		return 0;
	if (errno != EADDRINUSE || !listen_unix_may_replace(at) ||
	    unlink(at->sun_path) != 0)
		return -1;
	return bind(fd, name, sizeof *at);
}

static int bind_and_listen(struct listener *out, int fd,
                           const struct sockaddr_un *at, unsigned mode,
                           int backlog)
{
	struct stat about;

	/* The file is born with the mode of its socket, less the umask: it is
	 * at no moment open to more than it will be. */
	if (fchmod(fd, mode) != 0 || listen_unix_bind_at(fd, at) != 0)
		return -1;
	if (stat(at->sun_path, &about) == 0) {
		out->device = about.st_dev;
		out->inode = about.st_ino;
	}
	return chmod(at->sun_path, mode) == 0 ? listen(fd, backlog) : -1;
}

int mcps__listen_unix(struct listener *out, const char *path, unsigned mode,
                      int backlog)
{
	struct sockaddr_un at;
	int failure, fd;

	if (!listen_unix_set_path(&at, path))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind_and_listen(out, fd, &at, mode, backlog) == 0)
		return fd;
	failure = errno;
	close(fd);
	if (out->inode != 0)
		(void)unlink(path);
	errno = failure;
	return -1;
}

static bool listen_unix_may_make(const char *path)
{
	char directory[sizeof((struct sockaddr_un *)0)->sun_path];
	char *slash;

	strcpy(directory, path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		strcpy(directory, ".");
	else
		slash[slash == directory] = '\0';
	return access(directory, W_OK | X_OK) == 0;
}

/* A symbolic link that leads nowhere is there, too. */
static bool listen_unix_is_missing(const char *path)
{
	struct stat about;

	return lstat(path, &about) != 0 && errno == ENOENT;
}

bool mcps__listen_unix_check(const char *path)
{
	struct sockaddr_un at;

	if (!listen_unix_set_path(&at, path) || !listen_unix_may_make(path))
		return false;
	return listen_unix_is_missing(path) || listen_unix_may_replace(&at);
}

void mcps__listener_hide(struct listener *listener)
{
	const char *path = mcps__listen_unix_path(listener->address);
	struct stat about;

	if (listener->inode == 0 || path == NULL || lstat(path, &about) != 0)
		return;
	if (about.st_dev == listener->device && about.st_ino == listener->inode)
		(void)unlink(path);
	listener->inode = 0;
}
