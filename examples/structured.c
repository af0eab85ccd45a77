/* A tool whose result is data: JSON of a declared shape, beside the text that
 * older clients and people read.
 *
 *     cc structured.c $(pkg-config --cflags --libs mcps-app json-c) \
 *         -o structured
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <mcps/mcps.h>

struct pair {
	int64_t dividend, divisor;
};

static const mcps_field pair_fields[] = {
	MCPS_FIELD(struct pair, dividend, "What is divided"),
	MCPS_FIELD(struct pair, divisor, "By what, at least 1", .minimum = 1,
	           .maximum = 1000000),
	MCPS_FIELDS_END
};

/* That a result is like this is for the tool to see to. */
static const char output_schema[] =
	"{\"type\":\"object\",\"properties\":{"
	"\"quotient\":{\"type\":\"integer\"},"
	"\"remainder\":{\"type\":\"integer\"}},"
	"\"required\":[\"quotient\",\"remainder\"]}";

static mcps_status divide(mcps_call *call, const void *args)
{
	const struct pair *in = args;
	struct json_object *result = json_object_new_object();
	int64_t quotient = in->dividend / in->divisor;
	int64_t remainder = in->dividend % in->divisor;
	mcps_status status;

	if (result == NULL)
		return MCPS_E_NOMEM;
	json_object_object_add(result, "quotient",
	                       json_object_new_int64(quotient));
	json_object_object_add(result, "remainder",
	                       json_object_new_int64(remainder));
	/* The reference moves in, whatever it returns. */
	status = mcps_structured(call, result);
	if (status != MCPS_OK)
		return status;
	return mcps_text(call, "%" PRId64 ", remainder %" PRId64, quotient,
	                 remainder);
}

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("structured", "1.0.0");

	mcps_add_tool(server, struct pair, .name = "divide",
	              .fields = pair_fields,
	              .description = "Divide with remainder",
	              .output_schema = output_schema, .run = divide,
	              .hints = MCPS_READ_ONLY);
	return mcps_main(server, argc, argv);
}
