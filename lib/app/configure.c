/* What the operator said, told to the server; and told again, as far as it can
 * change, when it runs. */
#include "app/option_table.h"
#include "app/program.h"

/* The author's lists stay; the operator's come on top. */
static void
configure_add_each(mcps_server *server, const struct text_list *list,
                   void (*add)(mcps_server *server, const char *entry))
{
	for (size_t i = 0; i < list->count; i++)
		add(server, list->texts[i]);
}

static void configure_set_log(struct program *program,
                              const struct app_options *options)
{
	atomic_store(&program->log.level, options->log_level);
	atomic_store(&program->log.format, options->log_format);
}

void mcps__program_configure(struct program *program)
{
	struct app_options *options = &program->options;
	mcps_server *server = program->server;

	configure_set_log(program, options);
	/* All levels: which are written may change. */
	options->server.log = mcps__app_log;
	options->server.log_arg = &program->log;
	options->server.log_level = MCPS_LOG_DEBUG;
	/* There zero would mean the default. */
	if (options->server.store_ballast == 0)
		options->server.store_ballast = MCPS_NO_STORE_BALLAST;
	if (options->server.retry_ms == 0)
		options->server.retry_ms = MCPS_NO_RETRY;
	options->server.development = options->dev;
	mcps_server_configure(server, &options->server);
	configure_add_each(server, &options->hosts, mcps_server_allow_host);
	configure_add_each(server, &options->origins, mcps_server_allow_origin);
	configure_add_each(server, &options->proxies, mcps_server_trust_proxy);
	if (options->tokens != NULL)
		mcps_server_set_token_file(server, options->tokens);
	options->daemon.listen_fd = program->listen_fds.endpoint;
}

/* ---- again ---- */

static void configure_warn_of_others(struct program *program,
                                     const struct settings *settings)
{
	for (size_t i = 0; i < mcps__option_count; i++)
		if (!mcps__option_table[i].is_live &&
		    !mcps__settings_equal(&program->settings.of[i],
		                          &settings->of[i]))
			mcps__app_say(&program->log, MCPS_LOG_WARN,
			              "option %s has changed, which takes "
			              "effect at the next start",
			              mcps__option_table[i].name);
}

static void configure_reload(struct program *program)
{
	struct settings settings = { 0 };
	struct fatal fatal;
	struct app_options options;

	if (mcps__app_options_read(&options, &settings, program->server,
	                           &program->sources, &fatal)) {
		configure_set_log(program, &options);
		configure_warn_of_others(program, &settings);
	} else {
		mcps__app_say(&program->log, MCPS_LOG_WARN,
		              "options stay as they were: %s", fatal.text);
	}
	mcps__app_options_free(&options);
	mcps__settings_free(&settings);
}

void mcps__program_reload(struct program *program)
{
	struct mcps_error error;

	mcps__notify(&program->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
	             mcps__notify_now_us());
	configure_reload(program);
	if (mcps_server_reload(program->server, &error) == MCPS_OK)
		mcps__app_say(&program->log, MCPS_LOG_INFO,
		              "tokens and keys were read again");
	else
		mcps__app_say(&program->log, MCPS_LOG_WARN,
		              "tokens or keys stay as they were: %s",
		              error.text);
	if (program->own.reload != NULL)
		program->own.reload(program->own.arg, program->server);
	mcps__notify(&program->notify, "READY=1");
}
