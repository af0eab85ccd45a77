/* A server for tests of what clients repeat: its tool "act" adds a line to the
 * file $EFFECTS_FILE each time it is carried out. A call can be told to last
 * until the test makes the file $EFFECTS_FILE.NAME, so that no test depends on
 * how long something takes.
 *
 *   EFFECTS_FILE=file tests/clients/effects --listen 127.0.0.1:PORT ... */
#include <mcps/mcps.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SLICE_MS = 10 };

struct act {
	const char *name;
	int64_t ms;
	bool tells, is_deaf, keeps, waits;
};

static const mcps_field fields[] = {
	MCPS_FIELD(struct act, name, "What the line says"),
	MCPS_FIELD(struct act, ms, "How long it takes", .optional = true,
	           .default_json = "0", .minimum = 0, .maximum = 60000),
	MCPS_FIELD(struct act, tells, "Report progress first", .optional = true,
	           .default_json = "false"),
	MCPS_FIELD(struct act, is_deaf, "Go on when nobody waits any more",
	           .optional = true, .default_json = "false"),
	MCPS_FIELD(struct act, keeps, "Change state, too", .optional = true,
	           .default_json = "false"),
	MCPS_FIELD(struct act, waits, "Last until a file of that name exists",
	           .optional = true, .default_json = "false"),
	MCPS_FIELDS_END
};

static mcps_status leave_line(const char *name)
{
	FILE *file = fopen(getenv("EFFECTS_FILE"), "a");

	if (file == NULL)
		return MCPS_E_SYSTEM;
	fprintf(file, "%s\n", name);
	return fclose(file) == 0 ? MCPS_OK : MCPS_E_SYSTEM;
}

static bool is_let_go(const struct act *in)
{
	char path[4096];

	snprintf(path, sizeof path, "%s.%s", getenv("EFFECTS_FILE"), in->name);
	return access(path, F_OK) == 0;
}

static void take_time(mcps_call *call, const struct act *in)
{
	const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000L };

	for (int64_t left = in->ms; in->waits ? !is_let_go(in) : left > 0;
	     left -= SLICE_MS) {
		if (!in->is_deaf && mcps_cancelled(call))
			return;
		nanosleep(&slice, NULL);
	}
}

static mcps_status act(mcps_call *call, const void *args)
{
	const struct act *in = args;
	mcps_status status = leave_line(in->name);

	if (status == MCPS_OK && in->keeps)
		status = mcps_state_add(call, "acts", 1, NULL);
	if (status != MCPS_OK)
		return status;
	if (in->tells)
		mcps_progress(call, 1, 2, NULL);
	take_time(call, in);
	return mcps_text(call, "acted");
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("mcps-effects", "1.0.0");

	if (server == NULL || getenv("EFFECTS_FILE") == NULL)
		return 1;
	mcps_add_tool(server, struct act, .name = "act",
	              .description = "Leave a line in a file", .fields = fields,
	              .run = act);
	return mcps_main(server, argc, argv);
}
