/* Opening a store by URL, and the check that a back end is complete. */
#include <mcps/sys/sized.h>

#include "base/error.h"
#include "store/backends.h"

#include <stdio.h>
#include <string.h>

struct scheme {
	const char *prefix;
	mcps_status (*open)(mcps_store **out, const char *rest,
	                    const struct store_settings *settings,
	                    struct mcps_error *error);
	mcps_status (*look)(const char *rest,
	                    const struct store_settings *settings,
	                    char *finding, size_t size,
	                    struct mcps_error *error);
};

static mcps_status store_open_memory(mcps_store **out, const char *rest,
                                     const struct store_settings *settings,
                                     struct mcps_error *error)
{
	if (*rest != '\0')
		return mcps__fail(error, MCPS_E_INVAL,
		                  "store URL: nothing may follow \"memory:\"");
	return mcps__memory_store_open(out, settings, error);
}

static mcps_status store_look_memory(const char *rest,
                                     const struct store_settings *settings,
                                     char *finding, size_t size,
                                     struct mcps_error *error)
{
	(void)settings;
	if (*rest != '\0')
		return store_open_memory(NULL, rest, NULL, error);
	snprintf(finding, size, "sessions end with the process");
	return MCPS_OK;
}

static mcps_status store_no_path(struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_INVAL,
	                  "store URL: a path must follow \"sqlite:\"");
}

static mcps_status store_look_sqlite(const char *rest,
                                     const struct store_settings *settings,
                                     char *finding, size_t size,
                                     struct mcps_error *error)
{
	return *rest != '\0' ? mcps__sqlite_store_look(rest, settings, finding,
	                                               size, error)
	                     : store_no_path(error);
}

static mcps_status store_open_sqlite(mcps_store **out, const char *rest,
                                     const struct store_settings *settings,
                                     struct mcps_error *error)
{
	if (*rest == '\0')
		return store_no_path(error);
	return mcps__sqlite_store_open(out, rest, settings, error);
}

static const struct scheme schemes[] = {
	{ "memory:", store_open_memory, store_look_memory },
	{ "sqlite:", store_open_sqlite, store_look_sqlite },
};

static mcps_status store_settings_make(struct store_settings *settings,
                                       const struct mcps_store_options *options,
                                       struct mcps_error *error)
{
	struct mcps_store_options all = { 0 };
	mcps_status status = MCPS_OK;

	if (options != NULL)
		status = mcps_sized_copy(
			&all, sizeof all, options, "store options",
			"sizeof(struct mcps_store_options)", error);
	if (status != MCPS_OK)
		return status;
	*settings = (struct store_settings){
		.lock_wait_ms = all.lock_wait_ms,
		.log = { all.log, all.log_arg, MCPS_LOG_DEBUG },
		.on_corrupt = all.on_corrupt,
		.ballast = all.ballast,
		.allow_mounted_file = all.allow_mounted_file,
	};
	return MCPS_OK;
}

/* NULL: there is none, ERROR says so. REST is what follows it. */
static const struct scheme *store_scheme_of(const char *url, const char **rest,
                                            struct mcps_error *error)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t length = strlen(schemes[i].prefix);

		*rest = url + length;
		if (strncmp(url, schemes[i].prefix, length) == 0)
			return &schemes[i];
	}
	/* The URL itself is not shown: others carry passwords. */
	mcps__fail(error, MCPS_E_INVAL,
	           "store URL: unknown scheme; it must begin with "
	           "\"sqlite:\" or be \"memory:\"");
	return NULL;
}

mcps_status mcps_store_open(mcps_store **out, const char *url,
                            const struct mcps_store_options *options,
                            struct mcps_error *error)
{
	struct store_settings settings;
	const struct scheme *scheme;
	mcps_status status;
	const char *rest;

	if (out == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "mcps_store_open() was called with NULL for "
		                  "out");
	*out = NULL;
	if (url == NULL)
		return mcps__fail(error, MCPS_E_INVAL, "store URL: missing");
	status = store_settings_make(&settings, options, error);
	if (status != MCPS_OK)
		return status;
	scheme = store_scheme_of(url, &rest, error);
	if (scheme == NULL)
		return MCPS_E_INVAL;
	return scheme->open(out, rest, &settings, error);
}

mcps_status mcps_store_look(const char *url,
                            const struct mcps_store_options *options,
                            char *finding, size_t size,
                            struct mcps_error *error)
{
	struct store_settings settings;
	const struct scheme *scheme;
	mcps_status status;
	const char *rest;
	char nowhere[512];

	if (finding == NULL) {
		finding = nowhere;
		size = sizeof nowhere;
	}
	if (size > 0)
		finding[0] = '\0';
	if (url == NULL)
		return mcps__fail(error, MCPS_E_INVAL, "store URL: missing");
	status = store_settings_make(&settings, options, error);
	if (status != MCPS_OK)
		return status;
	scheme = store_scheme_of(url, &rest, error);
	if (scheme == NULL)
		return MCPS_E_INVAL;
	return scheme->look(rest, &settings, finding, size, error);
}

void mcps_store_close(mcps_store *store)
{
	if (store != NULL)
		store->ops->close(store);
}

/* ---- completeness ---- */

struct member {
	const char *name;
	size_t offset;
};

#define MEMBER(name)                                         \
	{                                                    \
#name, offsetof(struct mcps_store_ops, name) \
	}

static const struct member required[] = {
	MEMBER(begin),
	MEMBER(commit),
	MEMBER(rollback),
	MEMBER(savepoint),
	MEMBER(release),
	MEMBER(rollback_to),
	MEMBER(meta_get),
	MEMBER(meta_put),
	MEMBER(principal_get),
	MEMBER(principal_intern),
	MEMBER(principal_revoke),
	MEMBER(session_load),
	MEMBER(session_insert),
	MEMBER(session_save),
	MEMBER(session_touch),
	MEMBER(session_guard),
	MEMBER(session_end),
	MEMBER(session_tombstone),
	MEMBER(session_remove),
	MEMBER(session_list),
	MEMBER(sweep),
	MEMBER(state_get),
	MEMBER(state_put),
	MEMBER(state_delete),
	MEMBER(state_usage),
	MEMBER(close),
};

/* All of them or none. */
static const struct member streams[] = {
	MEMBER(stream_insert), MEMBER(stream_get),   MEMBER(stream_touch),
	MEMBER(event_append),  MEMBER(event_replay),
};
#undef MEMBER

enum {
	REQUIRED_COUNT = sizeof required / sizeof *required,
	STREAMS_COUNT = sizeof streams / sizeof *streams,
};

static bool store_has_function(const struct mcps_store_ops *ops, size_t offset)
{
	void (*function)(void);

	if (ops->size < offset + sizeof function)
		return false;
	memcpy(&function, (const char *)ops + offset, sizeof function);
	return function != NULL;
}

/* The first of COUNT members that is missing, or NULL; how many there are. */
static const char *store_missing_function(const struct mcps_store_ops *ops,
                                          const struct member *members,
                                          size_t count, size_t *present)
{
	const char *name = NULL;

	*present = 0;
	for (size_t i = 0; i < count; i++) {
		if (store_has_function(ops, members[i].offset))
			++*present;
		else if (name == NULL)
			name = members[i].name;
	}
	return name;
}

mcps_status mcps_store_check(const mcps_store *store, struct mcps_error *error)
{
	const struct mcps_store_ops *ops = store != NULL ? store->ops : NULL;
	mcps_status status;
	const char *name;
	size_t present;

	if (ops == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "store: it has no table of functions");
	status = mcps_sized_check(sizeof *ops, ops, "table of a store",
	                          "sizeof(struct mcps_store_ops)", error);
	if (status != MCPS_OK)
		return status;
	name = store_missing_function(ops, required, REQUIRED_COUNT, &present);
	if (name == NULL) {
		name = store_missing_function(ops, streams, STREAMS_COUNT,
		                              &present);
		if (present == 0)
			name = NULL;
	}
	if (name != NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "store: function %s is missing", name);
	if (ops->name == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "store: the table has no name");
	return MCPS_OK;
}
