#include "app/option_table.h"

#include <ctype.h>
#include <string.h>

#define AT(member) offsetof(struct app_options, member)

_Static_assert(sizeof(enum mcps_unknown_ids) == sizeof(uint32_t),
               "OPTION_WORD writes it");
_Static_assert(sizeof(enum mcps_eras) == sizeof(uint32_t),
               "OPTION_WORD writes it");

/* Help is one sentence or two, without a full stop at the end. */
const struct option mcps__option_table[] = {
	{ .name = "listen",
	  .argument = "ADDRESS",
	  .kind = OPTION_TEXT,
	  .group = GROUP_ADDRESS,
	  .offset = AT(daemon.listen),
	  .otherwise = "127.0.0.1:8931",
	  .help = "HOST:PORT, [V6]:PORT, :PORT (all of IPv4; port 0: any free "
	          "one) or unix:PATH. A socket passed by a supervisor "
	          "(LISTEN_FDS) takes its place" },
	{ .name = "socket-mode",
	  .argument = "MODE",
	  .kind = OPTION_MODE,
	  .group = GROUP_ADDRESS,
	  .offset = AT(daemon.socket_mode),
	  .otherwise = "0600",
	  .most = 0777,
	  .help = "who may connect to a Unix socket, as for chmod" },
	{ .name = "path",
	  .argument = "PATH",
	  .kind = OPTION_TEXT,
	  .group = GROUP_ADDRESS,
	  .offset = AT(server.path),
	  .otherwise = "/mcp",
	  .help = "of the endpoint" },
	{ .name = "eras",
	  .argument = "legacy",
	  .kind = OPTION_WORD,
	  .group = GROUP_ADDRESS,
	  .offset = AT(server.eras),
	  .least = MCPS_ERAS_LEGACY,
	  .help = "the protocol revisions served: legacy are those with "
	          "sessions, up to 2025-11-25. Clients that also know later "
	          "ones fall back to these" },
	{ .name = "health",
	  .argument = "ADDRESS",
	  .kind = OPTION_TEXT,
	  .group = GROUP_ADDRESS,
	  .offset = AT(health),
	  .otherwise = "none",
	  .help = "where /livez and /readyz answer probes, as for --listen" },
	{ .name = "allow-host",
	  .argument = "NAME",
	  .kind = OPTION_LIST,
	  .group = GROUP_ADDRESS,
	  .offset = AT(hosts),
	  .otherwise = "none",
	  .help = "a host name that is this server's, beside localhost and "
	          "addresses; *: any. Several: repeat it, or put commas "
	          "between them" },
	{ .name = "allow-origin",
	  .argument = "URL",
	  .kind = OPTION_LIST,
	  .group = GROUP_ADDRESS,
	  .offset = AT(origins),
	  .otherwise = "none",
	  .help = "web pages that may call, such as https://example.com, "
	          "beside pages of this machine; moz-extension://*: all of a "
	          "scheme; *: any. Several: as for --allow-host" },
	{ .name = "cors",
	  .kind = OPTION_FLAG,
	  .group = GROUP_ADDRESS,
	  .offset = AT(server.cors),
	  .help = "let those pages read the answers" },

	{ .name = "store",
	  .argument = "URL",
	  .kind = OPTION_TEXT,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.store),
	  .otherwise = "memory:",
	  .help = "where sessions live: sqlite:FILE, or memory: (they end "
	          "with the process)" },
	{ .name = "on-corrupt",
	  .argument = "refuse|quarantine",
	  .kind = OPTION_WORD,
	  .group = GROUP_SESSIONS,
	  .offset = AT(quarantine),
	  .help = "a damaged store: do not start, or set it aside and begin "
	          "a new one" },
	{ .name = "store-ballast",
	  .argument = "yes|no",
	  .kind = OPTION_FLAG,
	  .group = GROUP_SESSIONS,
	  .offset = AT(ballast),
	  .help = "keep 2 MiB beside the store to give up when the disk is "
	          "full, so that sessions can still be ended" },
	{ .name = "key-file",
	  .argument = "FILE",
	  .kind = OPTION_TEXT,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.key_file),
	  .otherwise = "the store's, with .key after it",
	  .help = "the key that signs session ids; made if it is missing. "
	          "Only its owner may read it" },
	{ .name = "resource",
	  .argument = "NAME",
	  .kind = OPTION_TEXT,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.resource),
	  .otherwise = "the path",
	  .help = "what tells this endpoint from others with the same key "
	          "and store" },
	{ .name = "unknown-ids",
	  .argument = "never|issued|authenticated",
	  .kind = OPTION_WORD,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.unknown_ids),
	  .least = MCPS_UNKNOWN_NEVER,
	  .help = "which session ids that the store does not know begin "
	          "anew under the same id: none, those this server signed "
	          "for the caller, or also any of an identified caller" },
	{ .name = "session-idle",
	  .argument = "TIME",
	  .kind = OPTION_SECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.session_idle_s),
	  .least = 1,
	  .help = "sessions end when they were not used for so "
	          "long" },
	{ .name = "session-max-age",
	  .argument = "TIME",
	  .kind = OPTION_SECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.session_max_age_s),
	  .least = 1,
	  .help = "... and at this age in any case" },
	{ .name = "stream-after",
	  .argument = "TIME",
	  .kind = OPTION_MILLISECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.stream_after_ms),
	  .least = 1,
	  .help = "a call that runs longer is answered by an event stream, "
	          "which its client can resume" },
	{ .name = "heartbeat",
	  .argument = "TIME",
	  .kind = OPTION_SECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.heartbeat_s),
	  .least = 1,
	  .help = "between signs of life on streams that are silent" },
	{ .name = "retry",
	  .argument = "TIME",
	  .kind = OPTION_MILLISECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.retry_ms),
	  .most = 3600000,
	  .help = "tell clients to wait this long, or up to a fifth longer, "
	          "before they connect again for a stream that was lost; 0: "
	          "do not tell them" },
	{ .name = "event-age",
	  .argument = "TIME",
	  .kind = OPTION_SECONDS,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.event_age_s),
	  .least = 1,
	  .help = "so long events are kept for clients that resume" },
	{ .name = "event-bytes",
	  .argument = "SIZE",
	  .kind = OPTION_SIZE,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.event_bytes),
	  .least = 1,
	  .help = "... and so many bytes of each session" },
	{ .name = "session-streams",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.session_streams),
	  .least = 1,
	  .most = 1024,
	  .help = "streams of one session that answer no call; one more "
	          "takes the place of the oldest" },
	{ .name = "sessions-in-memory",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_SESSIONS,
	  .offset = AT(server.sessions_in_memory),
	  .least = 1,
	  .help = "most sessions held in memory; the others are in the "
	          "store alone" },

	{ .name = "tokens",
	  .argument = "FILE",
	  .kind = OPTION_TEXT,
	  .group = GROUP_CALLERS,
	  .offset = AT(tokens),
	  .otherwise = "everybody is anonymous",
	  .variable = "MCPS_TOKENS_FILE",
	  .help = "who may call: a line for each bearer token, its SHA-256 "
	          "in hex, a subject, and scopes with commas between them" },
	{ .name = "session-quota",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.session_quota),
	  .least = 1,
	  .help = "live sessions of one identified caller" },
	{ .name = "anonymous-quota",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.anonymous_quota),
	  .least = 1,
	  .help = "live sessions of all anonymous callers" },
	{ .name = "session-rate",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.session_rate),
	  .least = 1,
	  .help = "sessions that one identified caller may begin in a second" },
	{ .name = "session-burst",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.session_burst),
	  .least = 1,
	  .help = "... and at once" },
	{ .name = "session-rate-per-address",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.session_rate_per_address),
	  .least = 1,
	  .help = "sessions that anonymous callers of one address (IPv6: of "
	          "one /64) may begin in a second" },
	{ .name = "session-burst-per-address",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.session_burst_per_address),
	  .least = 1,
	  .help = "... and at once" },
	{ .name = "anonymous-session-rate",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.anonymous_session_rate),
	  .least = 1,
	  .help = "sessions that all anonymous callers together may begin in "
	          "a second" },
	{ .name = "anonymous-session-burst",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.anonymous_session_burst),
	  .least = 1,
	  .help = "... and at once" },
	{ .name = "caller-rate",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.caller_rate),
	  .otherwise = "no limit",
	  .help = "requests of one identified caller in a second" },
	{ .name = "caller-burst",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.caller_burst),
	  .otherwise = "as in a second",
	  .help = "... and at once" },
	{ .name = "address-rate",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.address_rate),
	  .otherwise = "no limit",
	  .help = "requests of one address in a second (behind a proxy that "
	          "is the proxy's)" },
	{ .name = "address-burst",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.address_burst),
	  .otherwise = "as in a second",
	  .help = "... and at once" },
	{ .name = "calls-per-caller",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.calls_per_caller),
	  .least = 1,
	  .help = "calls of one identified caller that run at the same time" },
	{ .name = "streams-per-caller",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_CALLERS,
	  .offset = AT(server.streams_per_caller),
	  .least = 1,
	  .help = "connections on which one identified caller listens" },

	{ .name = "max-body",
	  .argument = "SIZE",
	  .kind = OPTION_SIZE,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_body),
	  .least = 1,
	  .help = "of one request" },
	{ .name = "max-bodies",
	  .argument = "SIZE",
	  .kind = OPTION_SIZE,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_bodies),
	  .least = 1,
	  .help = "of all requests under way" },
	{ .name = "max-result",
	  .argument = "SIZE",
	  .kind = OPTION_SIZE,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_result),
	  .least = 1,
	  .help = "of one answer" },
	{ .name = "max-batch",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_batch),
	  .least = 1,
	  .help = "messages of one batch (revision 2025-03-26)" },
	{ .name = "max-nesting",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_nesting),
	  .least = 1,
	  .most = 256,
	  .help = "levels of JSON" },
	{ .name = "max-keys",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.max_keys),
	  .least = 1,
	  .help = "members of one JSON object" },
	{ .name = "page-size",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_LIMITS,
	  .offset = AT(server.page_size),
	  .least = 1,
	  .help = "entries of one answer to tools/list" },

	{ .name = "workers",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_WORK,
	  .offset = AT(server.workers),
	  .least = 1,
	  .most = 1024,
	  .help = "threads that run tools" },
	{ .name = "worker-queue",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_WORK,
	  .offset = AT(server.worker_queue),
	  .least = 1,
	  .help = "calls that may wait for one of them" },
	{ .name = "loops",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_WORK,
	  .offset = AT(daemon.loops),
	  .least = 1,
	  .most = 8,
	  .otherwise = "one per core, at most 8",
	  .help = "network threads" },
	{ .name = "connections",
	  .argument = "NUMBER",
	  .kind = OPTION_NUMBER,
	  .group = GROUP_WORK,
	  .offset = AT(daemon.connections),
	  .least = 1,
	  .otherwise = "16384, or what the descriptor limit leaves",
	  .help = "most at once" },
	{ .name = "connection-pool",
	  .argument = "SIZE",
	  .kind = OPTION_SIZE_32,
	  .group = GROUP_WORK,
	  .offset = AT(daemon.connection_pool),
	  .least = 1024,
	  .most = 1024 * 1024,
	  .otherwise = "16KiB",
	  .help = "memory of each connection; bounds the headers of a "
	          "request" },
	{ .name = "idle-timeout",
	  .argument = "TIME",
	  .kind = OPTION_SECONDS,
	  .group = GROUP_WORK,
	  .offset = AT(daemon.idle_timeout_s),
	  .least = 1,
	  .most = 86400,
	  .otherwise = "75s",
	  .help = "of connections without a request" },

	{ .name = "config",
	  .argument = "FILE",
	  .kind = OPTION_TEXT,
	  .group = GROUP_RUNNING,
	  .offset = AT(config),
	  .otherwise = "none",
	  .reach = REACH_NO_FILE,
	  .help = "a file of lines \"name = value\", the names being those of "
	          "these options; a line that begins with # is a comment" },
	{ .name = "drain",
	  .argument = "TIME",
	  .kind = OPTION_MILLISECONDS,
	  .group = GROUP_RUNNING,
	  .offset = AT(drain_ms),
	  .most = 3600000,
	  .help = "how long a stop may take: calls that still run then are "
	          "answered with 503" },
	{ .name = "log-level",
	  .argument = "debug|info|warn|error",
	  .kind = OPTION_WORD,
	  .group = GROUP_RUNNING,
	  .offset = AT(log_level),
	  .is_live = true,
	  .help = "the least that is worth a line on stderr" },
	{ .name = "log-format",
	  .argument = "text|json",
	  .kind = OPTION_WORD,
	  .group = GROUP_RUNNING,
	  .offset = AT(log_format),
	  .is_live = true,
	  .help = "lines for people, or JSON objects, one a line" },
	{ .name = "dev",
	  .kind = OPTION_FLAG,
	  .group = GROUP_RUNNING,
	  .offset = AT(dev),
	  .help = "for development, not for production: sessions in memory, "
	          "log level debug, and pages of this machine may read the "
	          "answers, unless other options say otherwise" },

	{ .name = "check",
	  .kind = OPTION_FLAG,
	  .group = GROUP_ABOUT,
	  .offset = AT(check),
	  .reach = REACH_FLAG_ONLY,
	  .help = "say what would be done, and whether it can be, without "
	          "doing it; the exit code tells, too" },
	{ .name = "help",
	  .kind = OPTION_FLAG,
	  .group = GROUP_ABOUT,
	  .offset = AT(help),
	  .reach = REACH_FLAG_ONLY,
	  .help = "print this and exit" },
	{ .name = "version",
	  .kind = OPTION_FLAG,
	  .group = GROUP_ABOUT,
	  .offset = AT(version),
	  .reach = REACH_FLAG_ONLY,
	  .help = "print the version and exit" },

	{ .name = "live",
	  .kind = OPTION_FLAG,
	  .group = GROUP_HEALTHCHECK,
	  .offset = AT(live),
	  .reach = REACH_FLAG_ONLY,
	  .help = "ask whether it lives (/livez), not whether it is ready "
	          "(/readyz)" },

	{ .name = "for",
	  .argument = "claude-code|vscode|cursor|codex|claude-desktop",
	  .kind = OPTION_WORD,
	  .group = GROUP_CLIENT_CONFIG,
	  .offset = AT(client),
	  .least = 1,
	  .reach = REACH_FLAG_ONLY,
	  .help = "which client" },
	{ .name = "url",
	  .argument = "URL",
	  .kind = OPTION_TEXT,
	  .group = GROUP_CLIENT_CONFIG,
	  .offset = AT(url),
	  .otherwise = "made from --listen and --path",
	  .help = "of the endpoint as the client sees it, such as "
	          "https://example.com/mcp behind a proxy" },
};

const size_t mcps__option_count =
	sizeof mcps__option_table / sizeof *mcps__option_table;
_Static_assert(sizeof mcps__option_table / sizeof *mcps__option_table <=
                       OPTIONS_MOST,
               "settings have room for them");

static const struct {
	const char *title;
	const char *command;
} groups[GROUP_COUNT] = {
	[GROUP_ADDRESS] = { "Where it is reached", NULL },
	[GROUP_SESSIONS] = { "Sessions", NULL },
	[GROUP_CALLERS] = { "Callers", NULL },
	[GROUP_LIMITS] = { "Limits of what is sent", NULL },
	[GROUP_WORK] = { "Threads and connections", NULL },
	[GROUP_RUNNING] = { "Running", NULL },
	[GROUP_ABOUT] = { "Instead of running", NULL },
	[GROUP_HEALTHCHECK] = { "For healthcheck", "healthcheck" },
	[GROUP_CLIENT_CONFIG] = { "For client-config", "client-config" },
};

const char *mcps__option_group_title(enum option_group group)
{
	return groups[group].title;
}

const char *mcps__option_group_command(enum option_group group)
{
	return groups[group].command;
}

/* ---- finding ---- */

static bool belongs(const struct option *option, const char *command)
{
	const char *wanted = groups[option->group].command;

	return wanted == NULL ||
	       (command != NULL && strcmp(wanted, command) == 0);
}

const struct option *mcps__option_find(const char *name, size_t length,
                                       const char *command)
{
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		if (strlen(option->name) == length &&
		    memcmp(option->name, name, length) == 0 &&
		    belongs(option, command))
			return option;
	}
	return NULL;
}

size_t mcps__option_index(const struct option *option)
{
	return (size_t)(option - mcps__option_table);
}

enum { NAME_MAX_LENGTH = 32, NEAR = 2 };

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters to insert, drop or change (Levenshtein). */
static size_t distance(const char *a, size_t a_length, const char *b,
                       size_t b_length)
{
	size_t row[NAME_MAX_LENGTH + 1];

	for (size_t j = 0; j <= b_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = least_of(change,
			                  least_of(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_length];
}

const struct option *mcps__option_resembling(const char *name, size_t length,
                                             const char *command)
{
	const struct option *best = NULL;
	size_t best_distance = NEAR + 1;

	if (length < 3 || length > NAME_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];
		size_t near = distance(name, length, option->name,
		                       strlen(option->name));

		if (near >= best_distance || !belongs(option, command))
			continue;
		best = option;
		best_distance = near;
	}
	return best;
}

void mcps__option_variable(const struct option *option,
                           char variable[VARIABLE_SIZE])
{
	static const char prefix[] = "MCPS_";
	size_t at = sizeof prefix - 1;

	memcpy(variable, prefix, at);
	for (const char *c = option->name; *c != '\0'; c++)
		variable[at++] = *c == '-' ? '_' : (char)toupper(*c);
	variable[at] = '\0';
}
