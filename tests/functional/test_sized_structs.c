/* Structs whose first member is their size: each is accepted from a program
 * that was compiled against an older or a newer header. */
#define _GNU_SOURCE
#include "suite.h"

#include <mcps/mcps.h>
#include <mcps/sys/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room after a struct for members of a newer version. */
enum { MORE = 24 };

/* A struct as a caller fills it, and bytes after it. */
union bytes {
	unsigned char at[1024];
	size_t size;
	mcps_tool tool;
	mcps_resource resource;
	mcps_template pattern;
	mcps_prompt prompt;
	struct mcps_server_options options;
	struct mcps_daemon_options daemon;
	struct mcps_store_options store;
	struct mcps_program program;
	struct mcps_admit_view view;
	struct mcps_store_ops ops;
};

struct subject {
	const char *name; /* what a sentence about it begins with */
	size_t known;     /* its size in this version */
	size_t older;     /* without its last member */
	void (*fill)(union bytes *given);
	/* Hand it to the library: a sentence in TEXT if that refuses it. */
	mcps_status (*use)(const union bytes *given, char *text, size_t size);
};

/* ---- tools, resources, templates, prompts, options of a server ---- */

static mcps_status run(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "done");
}

static mcps_status read_it(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "done");
}

static mcps_status ask(mcps_call *call)
{
	return mcps_text(call, "done");
}

static void fill_tool(union bytes *given)
{
	given->tool = (mcps_tool){ .name = "a", .run = run };
}

static void fill_resource(union bytes *given)
{
	given->resource =
		(mcps_resource){ .uri = "a:b", .name = "b", .text = "text" };
}

static void fill_template(union bytes *given)
{
	given->pattern = (mcps_template){ .uri_template = "a:{x}",
		                          .name = "a",
		                          .read = read_it };
}

static void fill_prompt(union bytes *given)
{
	given->prompt = (mcps_prompt){ .name = "p", .run = ask };
}

static void fill_options(union bytes *given)
{
	given->options = (struct mcps_server_options){ .title = "T" };
}

/* Start SERVER, which remembers a mistake of the set-up. */
static mcps_status start(mcps_server *server, char *text, size_t size)
{
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status = mcps_server_start(server, &error);

	snprintf(text, size, "%s", error.text);
	mcps_server_free(server);
	return status;
}

#define USE(name, add, member)                                              \
	static mcps_status use_##name(const union bytes *given, char *text, \
	                              size_t size)                          \
	{                                                                   \
		mcps_server *server = mcps_server_new("test", "1");         \
                                                                            \
		(void)add(server, &given->member);                          \
		return start(server, text, size);                           \
	}

USE(tool, mcps_server_add_tool, tool)
USE(resource, mcps_server_add_resource, resource)
USE(template, mcps_server_add_template, pattern)
USE(prompt, mcps_server_add_prompt, prompt)

static mcps_status use_options(const union bytes *given, char *text,
                               size_t size)
{
	mcps_server *server = mcps_server_new("test", "1");

	mcps_server_configure(server, &given->options);
	return start(server, text, size);
}

/* ---- a daemon, a store, its table, a program, a request ---- */

static void fill_daemon(union bytes *given)
{
	given->daemon = (struct mcps_daemon_options){ .listen = "127.0.0.1:0" };
}

static mcps_status use_daemon(const union bytes *given, char *text, size_t size)
{
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status = mcps_daemon_check(&given->daemon, &error);

	snprintf(text, size, "%s", error.text);
	return status;
}

static void fill_store(union bytes *given)
{
	given->store = (struct mcps_store_options){ .lock_wait_ms = 1 };
}

static mcps_status use_store(const union bytes *given, char *text, size_t size)
{
	struct mcps_error error = { MCPS_OK, "" };
	mcps_store *store;
	mcps_status status =
		mcps_store_open(&store, "memory:", &given->store, &error);

	snprintf(text, size, "%s", error.text);
	mcps_store_close(store);
	return status;
}

static void fill_ops(union bytes *given)
{
	mcps_store *store;

	ck_assert_int_eq(mcps_store_open(&store, "memory:", NULL, NULL),
	                 MCPS_OK);
	given->ops = *store->ops;
	mcps_store_close(store);
}

static mcps_status use_ops(const union bytes *given, char *text, size_t size)
{
	const struct mcps_store store = { .ops = &given->ops };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status = mcps_store_check(&store, &error);

	snprintf(text, size, "%s", error.text);
	return status;
}

static void fill_program(union bytes *given)
{
	given->program = (struct mcps_program){ .options = NULL };
}

/* What the program writes to stderr is the sentence. */
static mcps_status use_program(const union bytes *given, char *text,
                               size_t size)
{
	char *argv[] = { (char[]){ "test" }, (char[]){ "--version" }, NULL };
	FILE *said = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t length;
	int code;

	dup2(fileno(said), STDERR_FILENO);
	code = mcps_program_main(mcps_server_new("test", "1"), &given->program,
	                         2, argv);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(said);
	length = fread(text, 1, size - 1, said);
	text[length] = '\0';
	fclose(said);
	return code == 0 ? MCPS_OK : MCPS_E_INVAL;
}

static const char *find_header(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "Host") == 0 ? "localhost" : NULL;
}

static void on_done(void *arg)
{
	(void)arg;
}

/* It is refused before anything waits: there is no session id. */
static void fill_view(union bytes *given)
{
	given->view = (struct mcps_admit_view){ .method = "GET",
		                                .header = find_header,
		                                .done = on_done };
}

static mcps_status use_view(const union bytes *given, char *text, size_t size)
{
	mcps_server *server = mcps_server_new("test", "1");
	mcps_admission *admission = NULL;
	mcps_status status = mcps_server_start(server, NULL);

	ck_assert_int_eq(status, MCPS_OK);
	status = mcps_admit(&admission, server, &given->view);
	if (size > 0)
		text[0] = '\0'; /* it has no sentence */
	mcps_admission_free(admission);
	mcps_server_free(server);
	return status;
}

/* ---- all of them ---- */

#define SUBJECT(name, word, type, last)                                \
	{                                                              \
		name, sizeof(type), offsetof(type, last), fill_##word, \
			use_##word                                     \
	}

static const struct subject subjects[] = {
	SUBJECT("tool \"a\": ", tool, mcps_tool, meta),
	SUBJECT("resource \"a:b\": ", resource, mcps_resource, meta),
	SUBJECT("resource template \"a:{x}\": ", template, mcps_template, meta),
	SUBJECT("prompt \"p\": ", prompt, mcps_prompt, meta),
	SUBJECT("server options: ", options, struct mcps_server_options,
	        development),
	SUBJECT("daemon options: ", daemon, struct mcps_daemon_options,
	        socket_mode),
	SUBJECT("store options: ", store, struct mcps_store_options,
	        allow_mounted_file),
	SUBJECT("table of a store: ", ops, struct mcps_store_ops, rebuilds),
	SUBJECT("program: ", program, struct mcps_program, arg),
	SUBJECT("", view, struct mcps_admit_view, arg),
};

enum { SUBJECTS = sizeof subjects / sizeof *subjects };

/* The struct of SUBJECT with SIZE, and AFTER in each byte that follows. */
static void prepare(union bytes *given, const struct subject *subject,
                    size_t size, unsigned char after)
{
	memset(given, 0, sizeof *given);
	subject->fill(given);
	given->size = size;
	memset(given->at + size, after, sizeof *given - size);
}

static void check_refused(const struct subject *subject,
                          const union bytes *given, const char *why)
{
	char text[1024];

	ck_assert_int_eq(subject->use(given, text, sizeof text), MCPS_E_INVAL);
	if (subject->name[0] == '\0')
		return;
	ck_assert_msg(strstr(text, subject->name) != NULL, "%s", text);
	ck_assert_msg(strstr(text, why) != NULL, "%s", text);
}

static void check_accepted(const struct subject *subject,
                           const union bytes *given)
{
	char text[1024];
	mcps_status status = subject->use(given, text, sizeof text);

	ck_assert_msg(status == MCPS_OK, "%s%d: %s", subject->name, status,
	              text);
}

START_TEST(struct_of_this_version_is_accepted)
{
	const struct subject *subject = &subjects[_i];
	union bytes given;

	prepare(&given, subject, subject->known, 0xff);
	check_accepted(subject, &given);
}
END_TEST

/* The bytes where the last member would be are not read. */
START_TEST(struct_of_an_older_version_is_accepted)
{
	union bytes given;

	prepare(&given, &subjects[_i], subjects[_i].older, 0xff);
	check_accepted(&subjects[_i], &given);
}
END_TEST

START_TEST(view_that_ends_before_what_is_needed_is_refused)
{
	const struct subject view = { "", sizeof(struct mcps_admit_view),
		                      offsetof(struct mcps_admit_view, done),
		                      fill_view, use_view };
	union bytes given;

	prepare(&given, &view, view.older, 0xff);
	check_refused(&view, &given, "");
}
END_TEST

START_TEST(struct_of_a_newer_version_is_accepted_if_it_sets_nothing_new)
{
	const struct subject *subject = &subjects[_i];
	union bytes given;

	prepare(&given, subject, subject->known, 0);
	given.size = subject->known + MORE;
	memset(given.at + given.size, 0xff, sizeof given - given.size);
	check_accepted(subject, &given);
}
END_TEST

START_TEST(struct_of_a_newer_version_that_sets_an_unknown_member_is_refused)
{
	const struct subject *subject = &subjects[_i];
	union bytes given;

	prepare(&given, subject, subject->known, 0);
	given.size = subject->known + MORE;
	given.at[given.size - 1] = 1;
	check_refused(subject, &given, "a newer version of mcps");
}
END_TEST

START_TEST(struct_without_its_size_is_refused_and_told_what_to_set)
{
	const struct subject *subject = &subjects[_i];
	union bytes given;

	prepare(&given, subject, subject->known, 0);
	given.size = 0;
	check_refused(subject, &given, "its size is 0: set it to sizeof(");
	given.size = (size_t)-1; /* never set */
	check_refused(subject, &given, ": set it to sizeof(");
}
END_TEST

TEST_MAIN("sized_structs")
{
	test_add_loop(struct_of_this_version_is_accepted, SUBJECTS);
	test_add_loop(struct_of_an_older_version_is_accepted, SUBJECTS);
	test_add_loop(
		struct_of_a_newer_version_is_accepted_if_it_sets_nothing_new,
		SUBJECTS);
	test_add_loop(
		struct_of_a_newer_version_that_sets_an_unknown_member_is_refused,
		SUBJECTS);
	test_add_loop(struct_without_its_size_is_refused_and_told_what_to_set,
	              SUBJECTS);
	test_add(view_that_ends_before_what_is_needed_is_refused);
}
