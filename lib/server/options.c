#include "server/options.h"

#include <mcps/sys/sized.h>

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"
#include "http/allow.h"
#include "http/proxies.h"

#include <string.h>

/* ---- defaults: zero means them ---- */

#define DAY_S 86400u

static void options_fill_u32(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static void options_fill(struct mcps_server_options *options)
{
	options_fill_u32(&options->max_session_idle_s, 7 * DAY_S);
	options_fill_u32(&options->max_session_age_s, 30 * DAY_S);
	options_fill_u32(&options->max_sessions_in_memory, 100000);
	options_fill_u32(&options->max_sessions_per_caller, 1000);
	options_fill_u32(&options->max_anonymous_sessions, 100000);
	options_fill_u32(&options->workers, 4);
	options_fill_u32(&options->max_waiting_calls, 1024);
	options_fill_u32(&options->max_entries_per_page, 250);
	options_fill_u32(&options->max_subscriptions_per_session, 64);
	options_fill_u32(&options->max_nesting, 64);
	options_fill_u32(&options->max_keys, 1024);
	options_fill_u32(&options->max_batch, 50);
	options_fill_u32(&options->session_rate_per_caller, 50);
	options_fill_u32(&options->session_burst_per_caller, 1000);
	options_fill_u32(&options->max_calls_per_caller, 64);
	options_fill_u32(&options->max_streams_per_caller, 1000);
	options_fill_u32(&options->stream_after_ms, 1000);
	options_fill_u32(&options->heartbeat_s, 15);
	options_fill_u32(&options->max_event_age_s, 900);
	options_fill_u32(&options->max_streams_per_session, 8);
	options_fill_u32(&options->retry_ms, 5000);
	options_fill_u32(&options->max_tombstones_per_caller, 100000);
	options_fill_u32(&options->session_rate_per_address, 20);
	options_fill_u32(&options->session_burst_per_address, 200);
	options_fill_u32(&options->anonymous_session_rate, 500);
	options_fill_u32(&options->anonymous_session_burst, 5000);
	options_fill_u32(&options->max_gap_s, DAY_S);
	if (options->store_ballast == 0)
		options->store_ballast = 2u * 1024 * 1024;
	if (options->max_event_bytes_per_session == 0)
		options->max_event_bytes_per_session = 8u * 1024 * 1024;
	if (options->max_result == 0)
		options->max_result = 16u * 1024 * 1024;
	if (options->max_bodies == 0)
		options->max_bodies = 256u * 1024 * 1024;
	if (options->max_answers == 0)
		options->max_answers = 256u * 1024 * 1024;
	if (options->max_body == 0)
		options->max_body = 4u * 1024 * 1024;
	if (options->unknown_ids == MCPS_UNKNOWN_DEFAULT)
		options->unknown_ids = MCPS_UNKNOWN_AUTHENTICATED;
	if (options->eras == MCPS_ERAS_DEFAULT)
		options->eras = MCPS_ERAS_LEGACY;
}

void mcps__options_init(struct mcps_server_options *options)
{
	memset(options, 0, sizeof *options);
	options->size = sizeof *options;
	options_fill(options);
}

/* ---- texts ---- */

enum { TEXT_COUNT = 8 };

/* Bring an entry of a list into its form, in place. */
typedef mcps_status (*entry_fn)(char *entry, struct mcps_error *error);

static void options_texts_of(struct mcps_server_options *options,
                             const char **texts[TEXT_COUNT])
{
	const char **all[TEXT_COUNT] = {
		&options->title,        &options->description,
		&options->instructions, &options->website_url,
		&options->path,         &options->resource,
		&options->store,        &options->key_file,
	};

	memcpy(texts, all, sizeof all);
}

mcps_status mcps__options_set_text(const char **text, const char *value)
{
	char *copy = value != NULL ? mcps__strdup(value) : NULL;

	if (value != NULL && copy == NULL)
		return MCPS_E_NOMEM;
	mcps__free((void *)*text);
	*text = copy;
	return MCPS_OK;
}

static void options_list_free(const char *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		mcps__free((void *)list[i]);
	mcps__free((void *)list);
}

static mcps_status options_list_copy(const char *const **list)
{
	const char *const *given = *list;
	size_t count = 0;
	char **copy;

	*list = NULL;
	while (given != NULL && given[count] != NULL)
		count++;
	if (count == 0)
		return MCPS_OK;
	copy = mcps__calloc(count + 1, sizeof *copy);
	*list = (const char *const *)copy;
	for (size_t i = 0; copy != NULL && i < count; i++) {
		copy[i] = mcps__strdup(given[i]);
		if (copy[i] == NULL)
			return MCPS_E_NOMEM;
	}
	return copy != NULL ? MCPS_OK : MCPS_E_NOMEM;
}

mcps_status mcps__options_append(const char *const **list, const char *value)
{
	size_t count = 0;
	char **longer;

	while (*list != NULL && (*list)[count] != NULL)
		count++;
	longer = mcps__realloc((void *)*list, (count + 2) * sizeof *longer);
	if (longer == NULL)
		return MCPS_E_NOMEM;
	*list = (const char *const *)longer;
	longer[count] = mcps__strdup(value);
	longer[count + 1] = NULL;
	return longer[count] != NULL ? MCPS_OK : MCPS_E_NOMEM;
}

/* The last entry of LIST, as READ has it; without it if that refuses. */
static mcps_status options_read_last(const char *const *list, entry_fn read,
                                     struct mcps_error *error)
{
	char **last = (char **)list;
	mcps_status status;

	while (last[1] != NULL)
		last++;
	status = read(*last, error);
	if (status == MCPS_OK)
		return status;
	mcps__free(*last);
	*last = NULL;
	return status;
}

static mcps_status options_allow(const char *const **list, const char *value,
                                 entry_fn read, struct mcps_error *error)
{
	mcps_status status = mcps__options_append(list, value);

	if (status != MCPS_OK)
		return mcps__fail(error, status, "out of memory");
	return options_read_last(*list, read, error);
}

mcps_status mcps__options_allow_host(struct mcps_server_options *options,
                                     const char *host, struct mcps_error *error)
{
	return options_allow(&options->hosts, host, mcps__allow_host, error);
}

mcps_status mcps__options_allow_origin(struct mcps_server_options *options,
                                       const char *origin,
                                       struct mcps_error *error)
{
	return options_allow(&options->origins, origin, mcps__allow_origin,
	                     error);
}

static mcps_status options_read_all(const char *const *list, entry_fn read,
                                    struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	for (size_t i = 0; status == MCPS_OK && list != NULL && list[i]; i++)
		status = read((char *)list[i], error);
	return status;
}

void mcps__options_finish(struct mcps_server_options *options)
{
	const char **texts[TEXT_COUNT];

	options_texts_of(options, texts);
	for (int i = 0; i < TEXT_COUNT; i++) {
		mcps__free((void *)*texts[i]);
		*texts[i] = NULL;
	}
	options_list_free(options->hosts);
	options_list_free(options->origins);
	options_list_free(options->trusted_proxies);
	options->hosts = options->origins = options->trusted_proxies = NULL;
}

/* Everything that is borrowed becomes a copy, or NULL. */
static mcps_status options_copy_all(struct mcps_server_options *options)
{
	const char **texts[TEXT_COUNT];
	mcps_status status = MCPS_OK;

	options_texts_of(options, texts);
	for (int i = 0; i < TEXT_COUNT; i++) {
		const char *given = *texts[i];

		*texts[i] = NULL;
		if (mcps__options_set_text(texts[i], given) != MCPS_OK)
			status = MCPS_E_NOMEM;
	}
	if (options_list_copy(&options->hosts) != MCPS_OK)
		status = MCPS_E_NOMEM;
	if (options_list_copy(&options->origins) != MCPS_OK)
		status = MCPS_E_NOMEM;
	if (options_list_copy(&options->trusted_proxies) != MCPS_OK)
		status = MCPS_E_NOMEM;
	return status;
}

/* ---- checks ---- */

enum { RETRY_MOST_MS = 3600 * 1000 };

mcps_status mcps__options_check_proxy(const char *proxy,
                                      struct mcps_error *error)
{
	if (mcps__proxy_is_valid(proxy))
		return MCPS_OK;
	return mcps__fail(
		error, MCPS_E_INVAL,
		"trusted proxy \"%.100s\": it must be an address, a range "
		"such as 10.0.0.0/8, or \"unix\"",
		proxy);
}

static mcps_status options_check_proxies(const char *const *proxies,
                                         struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	for (size_t i = 0;
	     proxies != NULL && proxies[i] != NULL && status == MCPS_OK; i++)
		status = mcps__options_check_proxy(proxies[i], error);
	return status;
}

static mcps_status options_check(const struct mcps_server_options *options,
                                 struct mcps_error *error)
{
	const char *path = options->path;
	struct mcps_error why = { MCPS_OK, "" };

	if (path != NULL && (path[0] != '/' || strpbrk(path, "?# ") != NULL))
		return mcps__fail(
			error, MCPS_E_INVAL,
			"path of the endpoint: \"%s\" must begin with / "
			"and have no ?, # or space",
			path);
	if (options->on_corrupt > MCPS_ON_CORRUPT_QUARANTINE)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option on_corrupt: no such policy");
	if (options->unknown_ids > MCPS_UNKNOWN_AUTHENTICATED)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option unknown_ids: no such policy");
	if (options->eras != MCPS_ERAS_DEFAULT &&
	    options->eras != MCPS_ERAS_LEGACY)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option eras: only legacy is served");
	if (options->workers > 1024)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option workers: at most 1024, not %u",
		                  options->workers);
	if (options->max_subscriptions_per_session > 1024)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option max_subscriptions_per_session: at "
		                  "most 1024, not %u",
		                  options->max_subscriptions_per_session);
	if (options->max_streams_per_session > 1024)
		return mcps__fail(
			error, MCPS_E_INVAL,
			"option max_streams_per_session: at most 1024, not "
			"%u",
			options->max_streams_per_session);
	if (options->retry_ms > RETRY_MOST_MS &&
	    options->retry_ms != MCPS_NO_RETRY)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option retry_ms: at most %d, not %u",
		                  RETRY_MOST_MS, options->retry_ms);
	if (options->max_gap_s != 0 && options->max_gap_s < 60)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option max_gap_s: at least 60, not %u",
		                  options->max_gap_s);
	if (mcps__show_check(options->icons, NULL, NULL, &why) != MCPS_OK)
		return mcps__fail(error, MCPS_E_INVAL, "option icons: %s",
		                  why.text);
	if (options->max_nesting > 256)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "option max_nesting: at most 256, not %u",
		                  options->max_nesting);
	return options_check_proxies(options->trusted_proxies, error);
}

mcps_status mcps__options_set(struct mcps_server_options *options,
                              const struct mcps_server_options *given,
                              struct mcps_error *error)
{
	struct mcps_server_options fresh;
	mcps_status status = mcps_sized_copy(
		&fresh, sizeof fresh, given, "server options",
		"sizeof(struct mcps_server_options), or use mcps_configure()",
		error);

	if (status == MCPS_OK)
		status = options_check(&fresh, error);
	if (status != MCPS_OK)
		return status;
	options_fill(&fresh);
	status = options_copy_all(&fresh);
	mcps__options_finish(options);
	*options = fresh;
	if (status != MCPS_OK)
		return mcps__fail(error, status, "out of memory");
	status = options_read_all(fresh.hosts, mcps__allow_host, error);
	return status == MCPS_OK ? options_read_all(fresh.origins,
	                                            mcps__allow_origin, error)
	                         : status;
}
