/* The sources put together, and what they say turned into values. */
#include "app/options.h"

#include "app/option_value.h"
#include "app/own_options.h"

#include <stdlib.h>
#include <string.h>

enum {
	DRAIN_MS = 6000, /* a stop ends within 7.5 s; docker kills after 10 */
	/* A predecessor drains, and then needs up to 1.5 s to close its
	 * store. */
	LOCK_WAIT_MORE_MS = 7000,
};

static void options_begin(struct app_options *options,
                          const mcps_server *server)
{
	*options = (struct app_options){
		.server = *mcps_server_get_options(server),
		.daemon = { .size = sizeof options->daemon },
		.drain_ms = DRAIN_MS,
		.log_level = MCPS_LOG_INFO,
	};
	mcps__own_options_begin(options);
	if (options->server.store_ballast == MCPS_NO_STORE_BALLAST)
		options->server.store_ballast = 0;
	if (options->server.retry_ms == MCPS_NO_RETRY)
		options->server.retry_ms = 0;
}

/* What --dev says unless somebody says otherwise. */
static void options_develop(struct app_options *options)
{
	options->server.store = "memory:";
	options->server.cors = true;
	options->server.log_calls = true;
	options->log_level = MCPS_LOG_DEBUG;
}

/* ---- values ---- */

/* "--listen (command line)", "MCPS_LISTEN", "/etc/x.conf:12: listen". */
static void options_name_place(const struct settings *settings,
                               const struct option *option, char *text,
                               size_t size)
{
	const struct setting *setting =
		&settings->of[mcps__option_index(option)];
	char variable[VARIABLE_SIZE];

	mcps__option_variable(option, variable);
	if (setting->source == SOURCE_FLAG)
		snprintf(text, size, "--%s", option->name);
	else if (setting->source == SOURCE_FILE)
		snprintf(text, size, "%s:%d: %s", settings->file, setting->line,
		         option->name);
	else
		snprintf(text, size, "environment: %s",
		         setting->variable != NULL ? setting->variable
		                                   : variable);
}

static enum exit_code options_code_of(const struct setting *setting)
{
	return setting->source == SOURCE_FLAG ? EXIT_USAGE : EXIT_CONFIGURATION;
}

static bool options_convert(struct app_options *options,
                            const struct settings *settings,
                            const struct option *option, struct fatal *fatal)
{
	const struct setting *setting =
		&settings->of[mcps__option_index(option)];
	char reason[OPTION_REASON_SIZE], place[256];

	for (size_t i = 0; i < setting->said.count; i++) {
		if (mcps__option_set(option, options, setting->said.texts[i],
		                     reason))
			continue;
		options_name_place(settings, option, place, sizeof place);
		return mcps__fatal(fatal, options_code_of(setting),
		                   "%s: \"%.120s\": %s", place,
		                   setting->said.texts[i], reason);
	}
	return true;
}

static bool options_convert_all(struct app_options *options,
                                const struct settings *settings,
                                struct fatal *fatal)
{
	for (size_t i = 0; i < mcps__option_count; i++)
		if (!options_convert(options, settings, &mcps__option_table[i],
		                     fatal))
			return false;
	return true;
}

/* ---- sources ---- */

static const struct option *option_named(const char *name)
{
	return mcps__option_find(name, strlen(name), NULL);
}

/* Which file is to be read is said by the better sources. */
static bool options_read_file(struct settings *settings, struct fatal *fatal)
{
	const struct text_list *said =
		&settings->of[mcps__option_index(option_named("config"))].said;

	if (said->count == 0)
		return true;
	settings->file = strdup(said->texts[0]);
	if (settings->file == NULL)
		return false;
	return mcps__config_file_read(settings, settings->file, fatal);
}

static bool options_is_wanted(const struct settings *settings, const char *name)
{
	return settings->of[mcps__option_index(option_named(name))]
	               .said.count != 0;
}

/* Listeners must leave connections for calls. FATAL names the option that
 * somebody set. */
static bool options_check_streams(const struct app_options *options,
                                  const struct settings *settings,
                                  struct fatal *fatal)
{
	uint32_t connections = options->daemon.max_connections != 0
	                               ? options->daemon.max_connections
	                               : MCPS_DAEMON_MAX_CONNECTIONS;
	const struct option *wrong = option_named(
		options_is_wanted(settings, "max-streams") ? "max-streams"
							   : "max-connections");
	char place[256];

	if (options->server.max_streams < connections)
		return true;
	options_name_place(settings, wrong, place, sizeof place);
	return mcps__fatal(
		fatal,
		options_code_of(&settings->of[mcps__option_index(wrong)]),
		"%s: %u streams leave none of the %u connections for calls",
		place, options->server.max_streams, connections);
}

/* The predecessor of this process is taken to have the same drain. An author
 * may have configured another time. */
static void options_fill_lock_wait(struct app_options *options,
                                   const struct settings *settings)
{
	if (options->server.lock_wait_ms == 0 &&
	    !options_is_wanted(settings, "lock-wait"))
		options->server.lock_wait_ms =
			options->drain_ms + LOCK_WAIT_MORE_MS;
}

/* Whoever asks for help gets it, whatever else is wrong. */
static bool options_asks(struct app_options *options,
                         const struct settings *settings)
{
	options->help = options_is_wanted(settings, "help");
	options->version = options_is_wanted(settings, "version");
	return options->help || options->version;
}

bool mcps__app_options_read(struct app_options *options,
                            struct settings *settings,
                            const mcps_server *server,
                            const struct app_sources *sources,
                            struct fatal *fatal)
{
	options_begin(options, server);
	mcps__fatal(fatal, EXIT_RUNTIME, "out of memory");
	if (!mcps__command_line_read(settings, sources, fatal))
		return false;
	if (options_asks(options, settings))
		return true;
	if (!mcps__environment_read(settings, sources->environment, fatal) ||
	    !options_read_file(settings, fatal) || settings->no_memory ||
	    !options_convert(options, settings, option_named("dev"), fatal))
		return false;
	if (options->dev)
		options_develop(options);
	if (!options_convert_all(options, settings, fatal))
		return false;
	options_fill_lock_wait(options, settings);
	return options_check_streams(options, settings, fatal);
}

void mcps__app_options_free(struct app_options *options)
{
	mcps__text_list_free(&options->hosts);
	mcps__text_list_free(&options->origins);
	mcps__text_list_free(&options->proxies);
}
