/* The registry: which entries may be added, and changes while others read. */
#include "catalog/registry.h"
#include "suite.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct registry registry;

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(mcps__registry_init(&registry), MCPS_OK);
}

static void tear_down(void)
{
	mcps__registry_finish(&registry);
}

static mcps_status run(mcps_call *call, const void *args)
{
	(void)call, (void)args;
	return MCPS_OK;
}

static mcps_status read_none(mcps_call *call, const char *uri)
{
	(void)call, (void)uri;
	return MCPS_OK;
}

static mcps_status say_nothing(mcps_call *call)
{
	(void)call;
	return MCPS_OK;
}

static mcps_status add_tool(const char *name)
{
	const mcps_tool tool = { .size = sizeof tool,
		                 .name = name,
		                 .run = run };

	return mcps__registry_add_tool(&registry, &tool, NULL);
}

static mcps_status take(mcps_status made, struct entry **entry,
                        struct mcps_error *error)
{
	return made == MCPS_OK ? mcps__registry_add(&registry, *entry, error)
	                       : made;
}

/* ---- what is refused ---- */

static const mcps_icon bad_icon[] = { { .src = "javascript:alert(1)" },
	                              MCPS_ICONS_END };
static const mcps_icon bad_size[] = { { .src = "https://e/i", .sizes = "48" },
	                              MCPS_ICONS_END };
static const mcps_annotations bad_priority = { .priority = 1.5 };
static const mcps_annotations bad_time = { .last_modified = "yesterday" };

#define RESOURCE .size = sizeof(mcps_resource), .name = "r"

static const struct {
	mcps_resource resource;
	const char *why;
} bad_resources[] = {
	{ { .size = 1 }, "its size is 1" },
	{ { RESOURCE, .text = "" }, "is no URI" },
	{ { RESOURCE, .uri = "not a uri", .text = "" }, "is no URI" },
	{ { .size = sizeof(mcps_resource), .uri = "a:b", .text = "" },
	  "has no name" },
	{ { RESOURCE, .uri = "a:b" }, "one of text, bytes and read" },
	{ { RESOURCE, .uri = "a:b", .text = "", .read = read_none },
	  "one of text, bytes and read" },
	{ { RESOURCE, .uri = "a:b", .text = "", .scopes = "a\"b" },
	  "scopes are visible ASCII" },
	{ { RESOURCE, .uri = "a:b", .text = "", .icons = bad_icon },
	  "https:, http: or data:" },
	{ { RESOURCE, .uri = "a:b", .text = "", .icons = bad_size }, "48x48" },
	{ { RESOURCE, .uri = "a:b", .text = "", .annotations = &bad_priority },
	  "from 0 to 1" },
	{ { RESOURCE, .uri = "a:b", .text = "", .annotations = &bad_time },
	  "ISO 8601" },
	{ { RESOURCE, .uri = "a:b", .text = "", .meta = "[]" }, "_meta" },
	{ { RESOURCE, .uri = "a:b", .text = "", .meta = "{" }, "_meta" },
};

START_TEST(a_bad_resource_is_refused_with_the_reason)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	ck_assert_int_eq(mcps__resource_make(
				 &entry, &bad_resources[_i].resource, &error),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(entry);
	ck_assert_msg(strstr(error.text, bad_resources[_i].why) != NULL, "%s",
	              error.text);
}
END_TEST

#define TEMPLATE .size = sizeof(mcps_template)

static const struct {
	mcps_template template;
	const char *why;
} bad_templates[] = {
	{ { .size = 1 }, "its size is 1" },
	{ { TEMPLATE, .name = "t", .read = read_none }, "no uri_template" },
	{ { TEMPLATE, .uri_template = "a:{x}", .read = read_none },
	  "has no name" },
	{ { TEMPLATE, .uri_template = "a:{x}", .name = "t" }, "no read" },
	{ { TEMPLATE, .uri_template = "a:{?x}", .name = "t",
	    .read = read_none },
	  "only {name}" },
};

START_TEST(a_bad_template_is_refused_with_the_reason)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	ck_assert_int_eq(mcps__template_make(
				 &entry, &bad_templates[_i].template, &error),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(entry);
	ck_assert_msg(strstr(error.text, bad_templates[_i].why) != NULL, "%s",
	              error.text);
}
END_TEST

static const mcps_argument twice[] = { { .name = "a" },
	                               { .name = "a" },
	                               MCPS_ARGUMENTS_END };
static const mcps_argument unnamed[] = { { .name = "" }, MCPS_ARGUMENTS_END };

#define PROMPT .size = sizeof(mcps_prompt)

static const struct {
	mcps_prompt prompt;
	const char *why;
} bad_prompts[] = {
	{ { .size = 1 }, "its size is 1" },
	{ { PROMPT, .run = say_nothing }, "1 to 128 bytes" },
	{ { PROMPT, .name = "a\nb", .run = say_nothing }, "1 to 128 bytes" },
	{ { PROMPT, .name = "p" }, "no run function" },
	{ { PROMPT, .name = "p", .run = say_nothing, .arguments = twice },
	  "two arguments" },
	{ { PROMPT, .name = "p", .run = say_nothing, .arguments = unnamed },
	  "the name of an argument" },
};

START_TEST(a_bad_prompt_is_refused_with_the_reason)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	ck_assert_int_eq(
		mcps__prompt_make(&entry, &bad_prompts[_i].prompt, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_null(entry);
	ck_assert_msg(strstr(error.text, bad_prompts[_i].why) != NULL, "%s",
	              error.text);
}
END_TEST

static const struct {
	mcps_tool tool;
	const char *why;
} bad_tools[] = {
	{ { .size = 1 }, "its size is 1" },
	{ { .size = sizeof(mcps_tool), .name = "a b", .run = run },
	  "A-Z a-z 0-9" },
	{ { .size = sizeof(mcps_tool), .name = "t" }, "no run function" },
	{ { .size = sizeof(mcps_tool),
	    .name = "t",
	    .run = run,
	    .output_schema = "{\"type\":\"string\"}" },
	  "output_schema: \"type\" must be \"object\"" },
	{ { .size = sizeof(mcps_tool),
	    .name = "t",
	    .run = run,
	    .input_schema = "{\"type\":\"object\"}" },
	  "nobody enforces its schema" },
	{ { .size = sizeof(mcps_tool),
	    .name = "t",
	    .run = run,
	    .icons = bad_icon },
	  "https:, http: or data:" },
};

START_TEST(a_bad_tool_is_refused_with_the_reason)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	ck_assert_int_eq(mcps__tool_make(&entry, &bad_tools[_i].tool, &error),
	                 MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, bad_tools[_i].why) != NULL, "%s",
	              error.text);
}
END_TEST

START_TEST(a_name_is_taken_once_in_each_kind)
{
	const mcps_prompt prompt = { PROMPT, .name = "n", .run = say_nothing };
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;

	ck_assert_int_eq(add_tool("n"), MCPS_OK);
	ck_assert_int_eq(add_tool("n"), MCPS_E_INVAL);
	ck_assert_int_eq(take(mcps__prompt_make(&entry, &prompt, &error),
	                      &entry, &error),
	                 MCPS_OK);
	ck_assert_int_eq(take(mcps__prompt_make(&entry, &prompt, &error),
	                      &entry, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(error.text, "prompt \"n\" is added twice");
}
END_TEST

/* ---- changing ---- */

static size_t listed(void)
{
	unsigned stripe;
	size_t count = mcps__registry_enter(&registry, &stripe)
	                       ->lists[ENTRY_TOOL]
	                       .count;

	mcps__registry_leave(&registry, stripe);
	return count;
}

START_TEST(a_thousand_tools_are_found_and_removed_again)
{
	char name[16];
	unsigned stripe;

	for (int i = 0; i < 1000; i++) {
		if (i == 500)
			mcps__registry_close(&registry);
		snprintf(name, sizeof name, "t%d", i);
		ck_assert_int_eq(add_tool(name), MCPS_OK);
	}
	ck_assert_uint_eq(listed(), 1000);
	for (int i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof name, "t%d", i);
		ck_assert_int_eq(
			mcps__registry_remove(&registry, ENTRY_TOOL, name),
			MCPS_OK);
	}
	ck_assert_uint_eq(listed(), 500);
	for (int i = 0; i < 1000; i++) {
		const struct catalog *now =
			mcps__registry_enter(&registry, &stripe);

		snprintf(name, sizeof name, "t%d", i);
		ck_assert((mcps__catalog_find(now, ENTRY_TOOL, name) != NULL) ==
		          (i % 2 == 1));
		mcps__registry_leave(&registry, stripe);
	}
	ck_assert_int_eq(mcps__registry_remove(&registry, ENTRY_TOOL, "t0"),
	                 MCPS_E_NOT_FOUND);
}
END_TEST

START_TEST(who_reads_keeps_what_was_there_when_he_began)
{
	const struct catalog *before;
	unsigned stripe, other;

	ck_assert_int_eq(add_tool("a"), MCPS_OK);
	mcps__registry_close(&registry);
	before = mcps__registry_enter(&registry, &stripe);
	ck_assert_int_eq(mcps__registry_remove(&registry, ENTRY_TOOL, "a"),
	                 MCPS_OK);
	ck_assert_int_eq(add_tool("b"), MCPS_OK);
	ck_assert_ptr_nonnull(mcps__catalog_find(before, ENTRY_TOOL, "a"));
	ck_assert_ptr_null(mcps__catalog_find(before, ENTRY_TOOL, "b"));
	ck_assert_ptr_null(mcps__catalog_find(
		mcps__registry_enter(&registry, &other), ENTRY_TOOL, "a"));
	mcps__registry_leave(&registry, other);
	mcps__registry_leave(&registry, stripe);
	ck_assert_int_eq(add_tool("c"), MCPS_OK);
	ck_assert_ptr_null(registry.retired);
}
END_TEST

static atomic_bool is_over;
static atomic_uint lookups;

static void *look(void *arg)
{
	(void)arg;
	while (!atomic_load(&is_over)) {
		unsigned stripe;
		const struct catalog *now =
			mcps__registry_enter(&registry, &stripe);
		const struct entry_list *list = &now->lists[ENTRY_TOOL];

		for (size_t i = 0; i < list->count; i++)
			if (mcps__catalog_find(now, ENTRY_TOOL,
			                       list->entries[i]->name) !=
			    list->entries[i])
				abort();
		mcps__registry_leave(&registry, stripe);
		atomic_fetch_add(&lookups, 1);
	}
	return NULL;
}

START_TEST(readers_and_changes_do_not_meet)
{
	pthread_t threads[4];

	mcps__registry_close(&registry);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, look, NULL),
		                 0);
	for (int i = 0; i < 300 || atomic_load(&lookups) < 300; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%d", i % 7);
		if (mcps__registry_remove(&registry, ENTRY_TOOL, name) !=
		    MCPS_OK)
			ck_assert_int_eq(add_tool(name), MCPS_OK);
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

TEST_MAIN("catalog")
{
	test_timeout(120);
	test_fixture(set_up, tear_down);
	test_add_loop(a_bad_resource_is_refused_with_the_reason,
	              COUNT(bad_resources));
	test_add_loop(a_bad_template_is_refused_with_the_reason,
	              COUNT(bad_templates));
	test_add_loop(a_bad_prompt_is_refused_with_the_reason,
	              COUNT(bad_prompts));
	test_add_loop(a_bad_tool_is_refused_with_the_reason, COUNT(bad_tools));
	test_add(a_name_is_taken_once_in_each_kind);
	test_add(a_thousand_tools_are_found_and_removed_again);
	test_add(who_reads_keeps_what_was_there_when_he_began);
	test_add(readers_and_changes_do_not_meet);
}
