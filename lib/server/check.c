#include "server/check.h"

#include "base/error.h"
#include "base/log.h"
#include "http/tokens.h"
#include "server/store.h"
#include "session/key_file.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct check {
	const struct check_subject *subject;
	mcps_finding_fn say;
	void *arg;
	mcps_status first;        /* failure */
	const char *subject_name; /* what is looked at now */
};

static void check_tell(struct check *check, mcps_status status,
                       const char *what, const char *text)
{
	bool is_worse =
		check->first == MCPS_OK || check->first == MCPS_E_LOCKED;

	if (status != MCPS_OK && is_worse)
		check->first = status;
	check->say(check->arg, status, what, text);
}

static void check_configuration(struct check *check)
{
	const struct mcps_error *error = check->subject->error;

	if (error->status != MCPS_OK)
		check_tell(check, error->status, "server", error->text);
}

/* A warning is no failure, but whoever asks wants to read it. */
static void check_tell_warning(void *arg, enum mcps_log_level level,
                               const char *module, const char *text)
{
	struct check *check = arg;

	(void)module;
	if (level >= MCPS_LOG_WARN)
		check_tell(check, MCPS_OK, check->subject_name, text);
}

static void check_store(struct check *check)
{
	const char *url = check->subject->options->store;
	const struct mcps_store_options wanted = {
		.size = sizeof wanted,
		.log = check_tell_warning,
		.log_arg = check,
		.allow_mounted_file =
			check->subject->options->allow_mounted_store_file,
	};
	struct mcps_error error = { MCPS_OK, "" };
	char finding[512];
	mcps_status status;

	if (check->subject->has_store)
		return;
	check->subject_name = "store";
	status = mcps_store_look(url != NULL ? url : "memory:", &wanted,
	                         finding, sizeof finding, &error);
	check_tell(check, status, "store",
	           status == MCPS_OK ? finding : error.text);
}

static void check_key(struct check *check)
{
	const struct log_sink log = { check_tell_warning, check,
		                      MCPS_LOG_WARN };
	struct mcps_error error = { MCPS_OK, "" };
	struct key_file file;
	char path[PATH_MAX], finding[PATH_MAX + 32];
	mcps_status status;
	bool is_missing;

	mcps__server_key_path(path, check->subject->options);
	if (path[0] == '\0') {
		check_tell(check, MCPS_OK, "key", "ends with the process");
		return;
	}
	check->subject_name = "key";
	status = mcps__keys_read(
		&file, path, &is_missing,
		mcps__server_key_log(check->subject->options, &log), &error);
	sodium_memzero(&file, sizeof file);
	if (is_missing)
		status = mcps__key_file_check_place(path, &error);
	snprintf(finding, sizeof finding, "%s %s", path,
	         is_missing ? "will be made" : "is there");
	check_tell(check, status, "key",
	           status == MCPS_OK ? finding : error.text);
}

static void check_tokens(struct check *check)
{
	const struct log_sink log = { check_tell_warning, check,
		                      MCPS_LOG_WARN };
	const char *path = check->subject->token_file;
	struct mcps_error error = { MCPS_OK, "" };
	struct tokens *tokens;
	mcps_status status;

	if (path == NULL)
		return;
	check->subject_name = "tokens";
	status = mcps__tokens_read(&tokens, path, &log, &error);
	mcps__tokens_free(tokens);
	check_tell(check, status, "tokens",
	           status == MCPS_OK ? path : error.text);
}

mcps_status mcps__check(const struct check_subject *subject,
                        mcps_finding_fn say, void *arg)
{
	struct check check = { subject, say, arg, MCPS_OK, "server" };

	if (sodium_init() < 0) {
		check_tell(&check, MCPS_E_SYSTEM, "server",
		           "libsodium does not start");
		return MCPS_E_SYSTEM;
	}
	check_configuration(&check);
	check_store(&check);
	check_key(&check);
	check_tokens(&check);
	return check.first;
}
