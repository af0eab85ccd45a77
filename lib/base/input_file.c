#define _DEFAULT_SOURCE /* explicit_bzero */
#include "base/input_file.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mcps_status input_file_refuse(const char *path,
                                     const struct input_rules *rules,
                                     const char *why, struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_INVAL, "%s %.120s: %s", rules->what,
	                  path, why);
}

static mcps_status input_file_system_failed(const char *path,
                                            const struct input_rules *rules,
                                            struct mcps_error *error)
{
	return mcps__fail(error, mcps__file_refusal(errno), "%s %.120s: %s",
	                  rules->what, path, strerror(errno));
}

/* ---- opening ---- */

static mcps_status input_file_check_kind(const struct stat *about,
                                         const char *path,
                                         const struct input_rules *rules,
                                         struct mcps_error *error)
{
	if (S_ISLNK(about->st_mode))
		return input_file_refuse(
			path, rules, "is a symbolic link; name the file itself",
			error);
	return S_ISREG(about->st_mode)
	               ? MCPS_OK
	               : input_file_refuse(path, rules, "not a regular file",
	                                   error);
}

/* The kind is checked before the file is opened, because opening some devices
 * does something, and again afterwards, because the name may have changed its
 * file in between. */
static mcps_status input_file_open_regular(int *fd, const char *path,
                                           const struct input_rules *rules,
                                           struct input_file *file,
                                           struct mcps_error *error)
{
	const int link_flag = rules->follows_links ? 0 : O_NOFOLLOW;
	struct stat about;
	mcps_status status;

	if (fstatat(AT_FDCWD, path, &about,
	            rules->follows_links ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
		file->is_missing = errno == ENOENT;
		return input_file_system_failed(path, rules, error);
	}
	status = input_file_check_kind(&about, path, rules, error);
	if (status != MCPS_OK)
		return status;
	*fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | link_flag);
	if (*fd < 0) {
		file->is_missing = errno == ENOENT;
		return input_file_system_failed(path, rules, error);
	}
	return MCPS_OK;
}

/* Root decides which group may read what it gives away. */
static enum file_share input_file_share(const struct stat *about)
{
	bool is_given = about->st_uid == 0 && geteuid() != 0;

	return mcps__file_share(about, is_given ? FILE_SHARE_USE & ~S_IRGRP
	                                        : FILE_SHARE_USE);
}

static mcps_status input_file_check_opened(int fd, const char *path,
                                           const struct input_rules *rules,
                                           struct input_file *file,
                                           struct mcps_error *error)
{
	struct stat about;
	mcps_status status;

	if (fstat(fd, &about) != 0)
		return input_file_system_failed(path, rules, error);
	status = input_file_check_kind(&about, path, rules, error);
	if (status != MCPS_OK)
		return status;
	if ((uintmax_t)about.st_size > rules->most)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s %.120s: longer than %zu bytes",
		                  rules->what, path, rules->most);
	file->length = (size_t)about.st_size;
	file->mode = (unsigned)about.st_mode & 07777;
	file->group = (unsigned)about.st_gid;
	file->share = input_file_share(&about);
	if (rules->is_private && file->share == FILE_SHARE_OTHERS)
		return mcps__fail(error, MCPS_E_PERMISSION,
		                  "%s %.120s: others can use it (mode %04o); "
		                  "run chmod 600 on it",
		                  rules->what, path, file->mode);
	return MCPS_OK;
}

/* ---- reading ---- */

/* One byte more than the length that the file had would show that it grows. */
static mcps_status input_file_read_text(int fd, const char *path,
                                        const struct input_rules *rules,
                                        struct input_file *file,
                                        struct mcps_error *error)
{
	size_t room = file->length + 1;
	size_t have = 0;

	while (have < room) {
		ssize_t got = read(fd, file->text + have, room - have);

		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
		else if (errno != EINTR)
			return input_file_system_failed(path, rules, error);
	}
	if (have != file->length)
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "%s %.120s: changed while it was read; try "
		                  "again",
		                  rules->what, path);
	file->text[have] = '\0';
	return MCPS_OK;
}

static mcps_status input_file_check_text(const struct input_file *file,
                                         const char *path,
                                         const struct input_rules *rules,
                                         struct mcps_error *error)
{
	const char *nul = memchr(file->text, '\0', file->length);
	int line = 1;

	if (nul == NULL)
		return MCPS_OK;
	for (const char *c = file->text; c < nul; c++)
		line += *c == '\n';
	return mcps__fail(error, MCPS_E_INVAL,
	                  "%s %.120s, line %d: contains a NUL byte, so this is "
	                  "not a text file",
	                  rules->what, path, line);
}

static mcps_status input_file_read_opened(int fd, const char *path,
                                          const struct input_rules *rules,
                                          struct input_file *file,
                                          struct mcps_error *error)
{
	mcps_status status =
		input_file_check_opened(fd, path, rules, file, error);

	if (status != MCPS_OK)
		return status;
	file->text = mcps__malloc(file->length + 1);
	if (file->text == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "%s %.120s: no memory",
		                  rules->what, path);
	status = input_file_read_text(fd, path, rules, file, error);
	if (status == MCPS_OK)
		status = input_file_check_text(file, path, rules, error);
	return status;
}

mcps_status mcps__input_file_read(struct input_file *file, const char *path,
                                  const struct input_rules *rules,
                                  struct mcps_error *error)
{
	mcps_status status;
	int fd = -1;

	*file = (struct input_file){ 0 };
	status = input_file_open_regular(&fd, path, rules, file, error);
	if (status != MCPS_OK)
		return status;
	status = input_file_read_opened(fd, path, rules, file, error);
	close(fd);
	if (status != MCPS_OK)
		mcps__input_file_free(file);
	return status;
}

void mcps__input_file_warn(const struct input_file *file, const char *path,
                           const char *what, const char *module,
                           const struct log_sink *log)
{
	const char *use =
		(file->mode & FILE_SHARE_WRITE) != 0 ? "change" : "read";

	if (file->share == FILE_SHARE_OTHERS)
		mcps__log(log, MCPS_LOG_WARN, module,
		          "%s %s: others can %s it (mode %04o); run chmod 600 "
		          "on it",
		          what, path, use, file->mode);
	if (file->share == FILE_SHARE_OWN_GROUP)
		mcps__log(log, MCPS_LOG_WARN, module,
		          "%s %s: its group %u can %s it (mode %04o), which is "
		          "accepted because this process is in that group",
		          what, path, file->group, use, file->mode);
}

void mcps__input_file_free(struct input_file *file)
{
	if (file->text != NULL)
		explicit_bzero(file->text, file->length + 1);
	mcps__free(file->text);
	file->text = NULL;
}
