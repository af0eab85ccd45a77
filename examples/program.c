/* A program with options, a start and a stop of its own: notes that are kept in
 * a file of the program, which the option --notes names.
 *
 *     cc program.c $(pkg-config --cflags --libs mcps-app) -o program
 *     ./program --notes /var/lib/notes.txt       or: MCPS_NOTES=... ./program
 */
#include <errno.h>
#include <mcps/mcps.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct notebook {
	const char *path; /* option --notes */
	uint32_t most;    /* option --most-notes */
	atomic_uint taken;
	bool is_shouting; /* option --shout */
	FILE *file;
	mcps_server *server;
};

struct note {
	const char *text;
};

static const mcps_field note_fields[] = {
	MCPS_FIELD(struct note, text, "Text to remember", .max_length = 200),
	MCPS_FIELDS_END
};

static mcps_status take_note(mcps_call *call, const void *args)
{
	struct notebook *notebook = mcps_call_data(call);
	const struct note *note = args;

	if (atomic_fetch_add(&notebook->taken, 1) >= notebook->most)
		return mcps_fail(call, "the notebook is full");
	if (fprintf(notebook->file, "%s\n", note->text) < 0 ||
	    fflush(notebook->file) != 0) {
		mcps_server_log(notebook->server, MCPS_LOG_ERROR,
		                "cannot write to %s: %s", notebook->path,
		                strerror(errno));
		return mcps_fail(call, "the note cannot be written down");
	}
	return mcps_text(call, notebook->is_shouting ? "NOTED" : "Noted");
}

/* Once the options are known; what it returns decides whether to serve. */
static mcps_status start(void *arg, mcps_server *server,
                         struct mcps_error *error)
{
	struct notebook *notebook = arg;

	notebook->server = server;
	notebook->file = fopen(notebook->path, "a");
	if (notebook->file == NULL) {
		snprintf(error->text, sizeof error->text, "%s: %s",
		         notebook->path, strerror(errno));
		return MCPS_E_PERMISSION;
	}
	mcps_server_log(server, MCPS_LOG_INFO, "notes go to %s, at most %u",
	                notebook->path, notebook->most);
	mcps_add_tool(server, struct note, .name = "note",
	              .fields = note_fields, .description = "Take a note",
	              .run = take_note, .data = notebook);
	return MCPS_OK;
}

/* SIGHUP, such as after the file was rotated away. Calls are being served: a
 * real program would lock its file. */
static void reload(void *arg, mcps_server *server)
{
	const struct notebook *notebook = arg;

	mcps_server_log(server, MCPS_LOG_INFO, "still writing to %s",
	                notebook->path);
}

/* No handler runs any more. */
static void stop(void *arg)
{
	struct notebook *notebook = arg;

	fclose(notebook->file);
}

int main(int argc, char **argv)
{
	struct notebook notebook = { .path = "notes.txt", .most = 100 };
	const struct mcps_program_option options[] = {
		{ .name = "notes",
		  .argument = "FILE",
		  .help = "append notes to this file",
		  .kind = MCPS_OPTION_TEXT,
		  .value = &notebook.path },
		{ .name = "most-notes",
		  .argument = "NUMBER",
		  .help = "the most notes that are taken",
		  .kind = MCPS_OPTION_NUMBER,
		  .value = &notebook.most },
		{ .name = "shout",
		  .help = "answer in capitals",
		  .kind = MCPS_OPTION_FLAG,
		  .value = &notebook.is_shouting },
		{ .name = NULL }
	};
	const struct mcps_program program = {
		.size = sizeof program,
		.options = options,
		.start = start,
		.reload = reload,
		.stop = stop,
		.arg = &notebook,
	};

	return mcps_program_main(mcps_server_new("notebook", "1.0.0"), &program,
	                         argc, argv);
}
