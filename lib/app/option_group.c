#include "app/option_table.h"

static const struct {
	const char *title;
	const char *command;
} groups[GROUP_COUNT] = {
	[GROUP_OWN] = { "This program", NULL },
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
