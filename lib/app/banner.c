#include "app/banner.h"

#include "app/client_config.h"

#include <string.h>

static bool banner_text_begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool banner_is_unix(const struct banner *banner)
{
	return banner_text_begins(banner->address, "unix:");
}

/* Others than this machine get there. */
static bool banner_is_open(const struct banner *banner)
{
	return !banner_is_unix(banner) &&
	       !banner_text_begins(banner->address, "127.") &&
	       !banner_text_begins(banner->address, "[::1]:");
}

static const char *banner_sessions_text(const char *store)
{
	return banner_text_begins(store, "memory:")
	               ? " (they end with this process; --store sqlite:FILE "
	                 "keeps them)"
	               : "";
}

static const char *banner_callers_text(const struct banner *banner)
{
	if (banner->knows_callers)
		return "must identify themselves";
	if (banner_is_unix(banner))
		return "anonymous: who may open the socket may call (--tokens "
		       "FILE to know them)";
	return banner_is_open(banner)
	               ? "anonymous: WHOEVER REACHES THIS ADDRESS MAY CALL "
	                 "(--tokens FILE to know them)"
	               : "anonymous, from this machine (--tokens FILE to know "
	                 "them)";
}

static void banner_connect_text(FILE *out, const struct banner *banner,
                                const char *url)
{
	const char *header =
		banner->by_token ? " --header \"Authorization: Bearer $TOKEN\""
				 : "";

	if (banner_is_unix(banner))
		fprintf(out,
		        "  connect   through a proxy to that socket, or: curl "
		        "--unix-socket %s http://localhost%s\n",
		        banner->address + strlen("unix:"), banner->path);
	else
		fprintf(out,
		        "  connect   claude mcp add --transport http %s "
		        "%s%s\n"
		        "            other clients: %s client-config "
		        "--for=vscode|cursor|codex|claude-desktop\n",
		        banner->name, url, header, banner->name);
}

void mcps__app_banner(FILE *out, const struct banner *banner)
{
	char url[512];

	mcps__endpoint_url(url, sizeof url, banner->address, banner->path);
	fprintf(out, "%s %s is ready at %s\n", banner->name, banner->version,
	        banner_is_unix(banner) ? banner->address : url);
	if (banner->is_dev)
		fputs("  for       development, NOT FOR PRODUCTION (--dev)\n",
		      out);
	fprintf(out, "  listens   %s%s\n", banner->address,
	        banner->is_passed ? " (a socket passed by a supervisor)" : "");
	if (banner->health != NULL)
		fprintf(out, "  health    %s (/livez, /readyz)\n",
		        banner->health);
	fprintf(out, "  sessions  %s%s\n", banner->store,
	        banner_sessions_text(banner->store));
	fprintf(out, "  callers   %s\n", banner_callers_text(banner));
	banner_connect_text(out, banner, url);
	fflush(out);
}
