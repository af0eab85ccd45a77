// A tool in C++11. The macros of <mcps/tool.h> need compound literals, _Generic
// and designated initializers, which are C11: so the structs are filled by hand.
//
//     c++ -std=c++11 tool.cc $(pkg-config --cflags --libs mcps-app) -o tool
#include <mcps/mcps.h>

namespace
{

struct greeting {
	const char *name;
	int64_t times;
};

// One row; what is left out is zero. The library checks mark and struct_size.
mcps_field row(const char *name, mcps_kind kind, size_t offset,
               const char *description)
{
	mcps_field field = mcps_field();

	field.name = name;
	field.description = description;
	field.kind = kind;
	field.offset = offset;
	field.mark = MCPS_FIELD_MARK;
	field.struct_size = sizeof(greeting);
	return field;
}

mcps_field last_row()
{
	mcps_field field = mcps_field();

	field.mark = MCPS_FIELDS_END_MARK;
	return field;
}

extern "C" mcps_status greet(mcps_call *call, const void *args)
{
	const greeting *in = static_cast<const greeting *>(args);

	return mcps_text(call, "Hello, %s!", in->name);
}

} // namespace

int main(int argc, char **argv)
{
	// They must stay valid until the server is freed.
	static const mcps_field fields[] = {
		row("name", MCPS_STRING, offsetof(greeting, name),
		    "Whom to greet"),
		row("times", MCPS_INT, offsetof(greeting, times), "How often"),
		last_row(),
	};
	mcps_server *server = mcps_server_new("tool", "1.0.0");
	mcps_tool tool = mcps_tool();

	tool.size = sizeof tool;
	tool.name = "greet";
	tool.fields = fields;
	tool.args_size = sizeof(greeting);
	tool.run = greet;
	mcps_server_add_tool(server, &tool);
	return mcps_main(server, argc, argv);
}
