/* cc hello.c $(pkg-config --cflags --libs mcps-app) -o hello
 * ./hello --store sqlite:hello.db */
#include <inttypes.h>
#include <mcps/mcps.h>

struct greeting {
	const char *name;
	int64_t times;
};

static const mcps_field greeting_fields[] = {
	MCPS_FIELD(struct greeting, name, "Whom to greet", .max_length = 80),
	MCPS_FIELD(struct greeting, times, "How often", .optional = true,
	           .default_json = "1", .minimum = 1, .maximum = 10),
	MCPS_FIELDS_END
};

static mcps_status greet(mcps_call *call, const void *args)
{
	const struct greeting *in = args;
	int64_t so_far = 0;

	for (int64_t i = 1; i <= in->times; i++) {
		if (mcps_cancelled(call))
			return MCPS_E_CANCELLED;
		mcps_progress(call, (double)i, (double)in->times, "greeting %s",
		              in->name);
	}
	/* Survives a restart: it is committed with this call's result. */
	if (mcps_state_add(call, "greetings", in->times, &so_far) != MCPS_OK)
		return mcps_fail(call, "cannot remember you right now");
	return mcps_text(call, "Hello, %s! That makes %" PRId64 ".", in->name,
	                 so_far);
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("hello", "1.0.0");

	mcps_add_tool(server, struct greeting, .name = "greet",
	              .fields = greeting_fields,
	              .description = "Greet somebody politely", .run = greet);
	return mcps_main(server, argc, argv);
}
