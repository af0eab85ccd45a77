#include "server/store.h"

#include "base/error.h"
#include "base/file_share.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

mcps_status mcps__server_open_store(mcps_store **out,
                                    const struct mcps_server_options *options,
                                    const struct log_sink *log,
                                    struct mcps_error *error)
{
	struct mcps_store_options wanted = {
		.size = sizeof wanted,
		.lock_wait_ms = options->lock_wait_ms,
		.log = log->write,
		.log_arg = log->arg,
		.on_corrupt = options->on_corrupt,
		.ballast = options->store_ballast != MCPS_NO_STORE_BALLAST
		                   ? options->store_ballast
		                   : 0,
		.allow_mounted_file = options->allow_mounted_store_file,
	};

	return mcps_store_open(
		out,
		options->store != NULL ? options->store : "memory:", &wanted,
		error);
}

/* "sqlite:PATH" has its key at PATH.key; "" where there is no file. */
void mcps__server_key_path(char *path,
                           const struct mcps_server_options *options)
{
	static const char scheme[] = "sqlite:";

	path[0] = '\0';
	if (options->key_file != NULL)
		snprintf(path, PATH_MAX, "%s", options->key_file);
	else if (options->store != NULL &&
	         strncmp(options->store, scheme, sizeof scheme - 1) == 0)
		snprintf(path, PATH_MAX, "%s.key",
		         options->store + sizeof scheme - 1);
}

bool mcps__server_has_key_file(const struct mcps_server_options *options)
{
	char path[PATH_MAX];

	mcps__server_key_path(path, options);
	return path[0] != '\0';
}

/* A key that is mounted as a secret cannot be written: then only the notice of
 * a lost store is lost. */
static void remember_store(const struct key_file *file, const char *path,
                           const uint8_t *store, const struct log_sink *log)
{
	struct mcps_error error;

	if (sodium_memcmp(file->store, store, STORE_NAME_SIZE) == 0)
		return;
	if (!sodium_is_zero(file->store, STORE_NAME_SIZE))
		mcps__log(log, MCPS_LOG_WARN, "session",
		          "the store is not the one this key was last used "
		          "with: sessions it held are recreated empty");
	if (mcps__keys_note_store(path, store, &error) != MCPS_OK)
		mcps__log(log, MCPS_LOG_INFO, "session",
		          "the key file cannot note which store it is used "
		          "with: %s",
		          error.text);
}

const struct log_sink *
mcps__server_key_log(const struct mcps_server_options *options,
                     const struct log_sink *log)
{
	static const struct log_sink nowhere = { NULL, NULL, MCPS_LOG_ERROR };
	char path[PATH_MAX];
	struct stat about;
	char *slash;

	mcps__server_key_path(path, options);
	if (options->key_file != NULL)
		return log;
	slash = strrchr(path, '/');
	if (slash == NULL)
		snprintf(path, sizeof path, ".");
	else
		slash[slash == path] = '\0';
	return stat(path, &about) == 0 &&
	                       mcps__file_share(&about, FILE_SHARE_WRITE) ==
	                               FILE_SHARE_OWN_GROUP
	               ? &nowhere
	               : log;
}

mcps_status mcps__server_open_keys(struct id_keys *keys,
                                   const struct mcps_server_options *options,
                                   const uint8_t *store,
                                   const struct log_sink *log,
                                   struct mcps_error *error)
{
	char path[PATH_MAX];
	struct key_file file;
	mcps_status status;

	mcps__server_key_path(path, options);
	if (path[0] == '\0') {
		status = mcps__keys_make(&file, &mcps__system_random, error);
	} else {
		status = mcps__keys_open(&file, path, &mcps__system_random,
		                         mcps__server_key_log(options, log),
		                         error);
		if (status == MCPS_OK)
			remember_store(&file, path, store, log);
	}
	if (status == MCPS_OK)
		*keys = file.keys;
	sodium_memzero(&file, sizeof file);
	return status;
}

mcps_status mcps__server_reread_keys(struct id_keys *keys,
                                     const struct mcps_server_options *options,
                                     const uint8_t *store,
                                     const struct log_sink *log,
                                     struct mcps_error *error)
{
	char path[PATH_MAX];
	struct key_file file;
	mcps_status status;
	bool is_missing;

	mcps__server_key_path(path, options);
	status = mcps__keys_read(&file, path, &is_missing,
	                         mcps__server_key_log(options, log), error);
	if (is_missing)
		mcps__fail(error, status,
		           "key file %.120s is missing; put it back, or "
		           "restart the server to make a new one",
		           path);
	if (status == MCPS_OK) {
		remember_store(&file, path, store, log);
		*keys = file.keys;
	}
	sodium_memzero(&file, sizeof file);
	return status;
}
