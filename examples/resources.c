/* Resources: a text, a file that is read for each request, and one resource for
 * each entry of a table, by a template with completion.
 *
 *     cc resources.c $(pkg-config --cflags --libs mcps-app) -o resources
 */
#include <mcps/mcps.h>
#include <stdio.h>
#include <string.h>

static const struct planet {
	const char *name;
	int moons;
} planets[] = {
	{ "mercury", 0 }, { "venus", 0 },    { "earth", 1 },
	{ "mars", 2 },    { "jupiter", 97 }, { "saturn", 146 },
	{ "uranus", 28 }, { "neptune", 16 },
};

enum { PLANETS = sizeof planets / sizeof *planets };

/* It changes, so it is read when it is asked for. */
static mcps_status read_uptime(mcps_call *call, const char *uri)
{
	char line[80] = "";
	FILE *file = fopen("/proc/uptime", "r");

	(void)uri;
	if (file == NULL)
		return MCPS_E_NO_RESOURCE;
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	fclose(file);
	return mcps_text(call, "%s", line);
}

/* mcps_call_param() tells what stands in the place of {name}. */
static mcps_status read_planet(mcps_call *call, const char *uri)
{
	const char *name = mcps_call_param(call, "name");

	(void)uri;
	for (int i = 0; i < PLANETS; i++)
		if (strcmp(planets[i].name, name) == 0)
			return mcps_text(call, "%s has %d moons", name,
			                 planets[i].moons);
	return MCPS_E_NO_RESOURCE;
}

static mcps_status complete_planet(mcps_call *call, const char *name,
                                   const char *value)
{
	mcps_status status = MCPS_OK;

	(void)name;
	for (int i = 0; i < PLANETS && status == MCPS_OK; i++)
		if (strncmp(planets[i].name, value, strlen(value)) == 0)
			status = mcps_suggest(call, planets[i].name);
	return status;
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("resources", "1.0.0");

	mcps_add_resource(server, .uri = "about:planets", .name = "about",
	                  .mime_type = "text/plain",
	                  .text = "The planets of the sun, without Pluto");
	mcps_add_resource(server, .uri = "about:uptime", .name = "uptime",
	                  .description = "How long this machine runs",
	                  .mime_type = "text/plain", .read = read_uptime);
	mcps_add_template(server, .uri_template = "planet:{name}",
	                  .name = "planet", .mime_type = "text/plain",
	                  .read = read_planet, .complete = complete_planet);
	return mcps_main(server, argc, argv);
}
