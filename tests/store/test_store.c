/* Opening by URL, completeness of back ends, and the contract of each back end
 * that is built in. */
#include "agreement.h"
#include "allocation_case.h"
#include "contract.h"
#include "directory.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static mcps_store *open_url(const char *url)
{
	mcps_store *opened;
	struct mcps_error error = { .text = "" };
	mcps_status status = mcps_store_open(&opened, url, NULL, &error);

	ck_assert_msg(status == MCPS_OK, "%s", error.text);
	return opened;
}

static mcps_store *open_memory(void)
{
	return open_url("memory:");
}

static mcps_store *open_sqlite(void)
{
	directory_make();
	return open_url(url_in_directory("test.db"));
}

static const struct contract_backend backends[] = {
	{ "store contract: memory", open_memory, NULL },
	{ "store contract: sqlite", open_sqlite, directory_remove },
};

/* ---- URLs ------------------------------------------------------------- */

static void assert_refused(const char *url,
                           const struct mcps_store_options *options,
                           const char *why)
{
	mcps_store *opened = (mcps_store *)&opened;
	struct mcps_error error;

	gives(mcps_store_open(&opened, url, options, &error), MCPS_E_INVAL);
	ck_assert_ptr_null(opened);
	ck_assert_int_eq(error.status, MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, why));
	gives(mcps_store_open(&opened, url, options, NULL), MCPS_E_INVAL);
}

START_TEST(a_url_names_its_back_end)
{
	mcps_store *opened = open_url("memory:");

	ck_assert_str_eq(opened->ops->name, "memory");
	ck_assert(opened->ops->exclusive);
	mcps_store_close(opened);
}
END_TEST

START_TEST(a_url_that_names_none_is_refused)
{
	assert_refused(NULL, NULL, "missing");
	assert_refused("", NULL, "unknown scheme");
	assert_refused("oracle://secret@host", NULL, "unknown scheme");
	assert_refused("/var/lib/store.db", NULL, "unknown scheme");
	assert_refused("memory:x", NULL, "nothing may follow");
	assert_refused("sqlite:", NULL, "a path must follow");
	assert_refused("sqlite:/tmp/", NULL, "names a directory");
}
END_TEST

START_TEST(a_refusal_does_not_show_the_url)
{
	struct mcps_error error;
	mcps_store *opened;

	gives(mcps_store_open(&opened, "oracle://secret@host", NULL, &error),
	      MCPS_E_INVAL);
	ck_assert_ptr_null(strstr(error.text, "secret"));
}
END_TEST

START_TEST(options_of_any_known_size_are_taken)
{
	struct mcps_store_options options = { .size = sizeof options };
	mcps_store *opened;

	ok(mcps_store_open(&opened, "memory:", &options, NULL));
	mcps_store_close(opened);
	options.size = sizeof options.size; /* a caller who knew no more */
	ok(mcps_store_open(&opened, "memory:", &options, NULL));
	mcps_store_close(opened);
	options.size = 0;
	assert_refused("memory:", &options, "its size is 0");
}
END_TEST

START_TEST(closing_nothing_is_fine)
{
	mcps_store_close(NULL);
	ck_assert(true);
}
END_TEST

/* ---- completeness ----------------------------------------------------- */

static void assert_incomplete(const struct mcps_store_ops *ops,
                              const char *missing)
{
	const struct mcps_store incomplete = { .ops = ops };
	struct mcps_error error;

	gives(mcps_store_check(&incomplete, &error), MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, missing));
}

START_TEST(a_missing_function_is_named)
{
	mcps_store *whole = open_url("memory:");
	struct mcps_store_ops ops;

#define WITHOUT(member)                           \
	do {                                      \
		ops = *whole->ops;                \
		ops.member = NULL;                \
		assert_incomplete(&ops, #member); \
	} while (0)
	WITHOUT(begin);
	WITHOUT(commit);
	WITHOUT(rollback);
	WITHOUT(savepoint);
	WITHOUT(release);
	WITHOUT(rollback_to);
	WITHOUT(meta_get);
	WITHOUT(meta_put);
	WITHOUT(principal_get);
	WITHOUT(principal_intern);
	WITHOUT(principal_revoke);
	WITHOUT(session_load);
	WITHOUT(session_insert);
	WITHOUT(session_save);
	WITHOUT(session_touch);
	WITHOUT(session_guard);
	WITHOUT(session_end);
	WITHOUT(session_tombstone);
	WITHOUT(session_remove);
	WITHOUT(session_list);
	WITHOUT(sweep);
	WITHOUT(state_get);
	WITHOUT(state_put);
	WITHOUT(state_delete);
	WITHOUT(state_usage);
	WITHOUT(close);
	WITHOUT(name);
	WITHOUT(stream_insert);
	WITHOUT(stream_get);
	WITHOUT(stream_touch);
	WITHOUT(event_append);
	WITHOUT(event_replay);
#undef WITHOUT
	mcps_store_close(whole);
}
END_TEST

START_TEST(a_back_end_without_a_table_is_refused)
{
	struct mcps_error error;

	gives(mcps_store_check(NULL, &error), MCPS_E_INVAL);
	assert_incomplete(NULL, "no table");
}
END_TEST

START_TEST(an_older_table_may_lack_optional_functions_only)
{
	mcps_store *whole = open_url("memory:");
	struct mcps_store_ops ops = *whole->ops;
	const struct mcps_store older = { .ops = &ops };
	struct mcps_error error;

	ops.size = offsetof(struct mcps_store_ops, reopen);
	ok(mcps_store_check(&older, &error));
	ops.size = offsetof(struct mcps_store_ops, close);
	assert_incomplete(&ops, "close");
	ops.size = sizeof ops.size;
	assert_incomplete(&ops, "begin");
	ops.size = 0;
	assert_incomplete(&ops, "its size is 0");
	mcps_store_close(whole);
}
END_TEST

START_TEST(a_back_end_may_have_no_streams_at_all)
{
	mcps_store *whole = open_url("memory:");
	struct mcps_store_ops ops = *whole->ops;
	const struct mcps_store without = { .ops = &ops };

	ops.stream_insert = NULL;
	ops.stream_get = NULL;
	ops.stream_touch = NULL;
	ops.event_append = NULL;
	assert_incomplete(&ops, "stream_insert");
	ops.event_replay = NULL;
	ok(mcps_store_check(&without, NULL));
	ops = *whole->ops;
	ops.size = offsetof(struct mcps_store_ops, event_replay);
	assert_incomplete(&ops, "event_replay");
	ops.size = offsetof(struct mcps_store_ops, stream_insert);
	ok(mcps_store_check(&without, NULL));
	mcps_store_close(whole);
}
END_TEST

START_TEST(a_newer_table_is_refused)
{
	mcps_store *whole = open_url("memory:");
	struct {
		struct mcps_store_ops known;
		void (*unknown)(void);
	} ops = { *whole->ops, abort };

	ops.known.size = sizeof ops;
	assert_incomplete(&ops.known, "newer");
	mcps_store_close(whole);
}
END_TEST

/* ---- the reference and the others ------------------------------------- */

/* Each test another history; on disk, one transaction costs a sync. */
START_TEST(sqlite_does_what_memory_does)
{
	mcps_store *memory = open_memory();
	mcps_store *sqlite = open_sqlite();

	agreement_check(memory, sqlite, (unsigned)_i, 300);
	mcps_store_close(memory);
	mcps_store_close(sqlite);
	directory_remove();
}
END_TEST

static void add_tests(void)
{
	test_case("open");
	test_add(a_url_names_its_back_end);
	test_add(a_url_that_names_none_is_refused);
	test_add(a_refusal_does_not_show_the_url);
	test_add(options_of_any_known_size_are_taken);
	test_add(closing_nothing_is_fine);
	test_add(a_missing_function_is_named);
	test_add(a_back_end_without_a_table_is_refused);
	test_add(an_older_table_may_lack_optional_functions_only);
	test_add(a_back_end_may_have_no_streams_at_all);
	test_add(a_newer_table_is_refused);
	test_add_loop(sqlite_does_what_memory_does, 8);
	allocation_case();
}

int main(void)
{
	int status = test_main("store", add_tests);

	for (int i = 0; i < COUNT(backends); i++)
		if (contract_run(&backends[i]) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	return status;
}
