/* A whole server: whether it is ready, and what a damaged store does to its
 * start. */
#include "fault/files.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/server.h>
#include <mcps/sys/store.h>
#include <stdio.h>
#include <string.h>

static mcps_server *server;

static void new_server(void)
{
	server = mcps_server_new("test", "1");
	ck_assert_ptr_nonnull(server);
	mcps_server_set_store(server, url_in_directory("test.db"));
}

static void set_up(void)
{
	directory_make();
	new_server();
}

static void tear_down(void)
{
	mcps_server_free(server);
	directory_remove();
}

static mcps_status start(struct mcps_error *error)
{
	return mcps_server_start(server, error);
}

START_TEST(a_server_is_ready_from_its_start_to_its_drain)
{
	ck_assert(!mcps_server_is_ready(server));
	ck_assert_int_eq(start(NULL), MCPS_OK);
	ck_assert(mcps_server_is_ready(server));
	ck_assert(mcps_server_drain(server, 0));
	ck_assert(!mcps_server_is_ready(server));
}
END_TEST

START_TEST(a_server_that_did_not_start_is_not_ready)
{
	file_write("test.db", "something else altogether", 25);
	ck_assert_int_eq(start(NULL), MCPS_E_CORRUPT);
	ck_assert(!mcps_server_is_ready(server));
}
END_TEST

/* A store of the host's own that says that commits fail. */
static struct mcps_store_ops ops;
static mcps_status (*real_commit)(mcps_store *);
static bool is_failing;

static mcps_status commit(mcps_store *store)
{
	if (!is_failing)
		return real_commit(store);
	store->ops->rollback(store);
	return MCPS_E_STORE;
}

START_TEST(a_server_whose_store_fails_is_not_ready_until_it_works)
{
	mcps_store *store;

	ck_assert_int_eq(mcps_store_open(&store, "memory:", NULL, NULL),
	                 MCPS_OK);
	ops = *store->ops;
	real_commit = ops.commit;
	ops.commit = commit;
	store->ops = &ops;
	mcps_server_take_store(server, store);
	ck_assert_int_eq(start(NULL), MCPS_OK);
	is_failing = true;
	ck_assert_int_ne(mcps_server_revoke(server, "issuer", "somebody"),
	                 MCPS_OK);
	ck_assert(!mcps_server_is_ready(server));
	is_failing = false;
	ck_assert_int_eq(mcps_server_revoke(server, "issuer", "somebody"),
	                 MCPS_OK);
	ck_assert(mcps_server_is_ready(server));
}
END_TEST

/* --on-corrupt=quarantine must not rename what somebody mistyped. */
START_TEST(a_file_of_somebody_else_is_never_set_aside)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct file_copy after;

	file_write("test.db", "something else altogether", 25);
	mcps_configure(server, .store = url_in_directory("test.db"),
	               .on_corrupt = MCPS_ON_CORRUPT_QUARANTINE);
	ck_assert_int_eq(start(&error), MCPS_E_CORRUPT);
	after = file_read("test.db");
	ck_assert_uint_eq(after.size, 25);
	ck_assert_mem_eq(after.bytes, "something else altogether", 25);
	file_free(&after);
	ck_assert_uint_eq(files_count("test.db"), 1); /* not even a key */
}
END_TEST

static void check_quarantined(void)
{
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(start(&error) == MCPS_OK, "%s", error.text);
	ck_assert_uint_eq(files_count("test.db.corrupt-"), 1);
	ck_assert(file_is_there("test.db.key"));
	ck_assert(file_is_there("test.db.ballast"));
}

/* A store that lost its first page; its lock says that it was one. */
static void damage_store(void)
{
	ck_assert_int_eq(start(NULL), MCPS_OK);
	mcps_server_free(server);
	file_write("test.db", "something else altogether", 25);
	ck_assert_int_eq(remove(in_directory("test.db.ballast")), 0);
	new_server();
}

START_TEST(a_damaged_store_is_set_aside_by_option)
{
	damage_store();
	mcps_configure(server, .store = url_in_directory("test.db"),
	               .on_corrupt = MCPS_ON_CORRUPT_QUARANTINE);
	check_quarantined();
}
END_TEST

START_TEST(a_damaged_store_is_set_aside_by_the_program)
{
	damage_store();
	mcps_server_set_on_corrupt(server, MCPS_ON_CORRUPT_QUARANTINE);
	check_quarantined();
}
END_TEST

START_TEST(the_ballast_can_be_done_without)
{
	mcps_configure(server, .store = url_in_directory("test.db"),
	               .store_ballast = MCPS_NO_STORE_BALLAST);
	ck_assert_int_eq(start(NULL), MCPS_OK);
	ck_assert(!file_is_there("test.db.ballast"));
}
END_TEST

TEST_MAIN("server")
{
	test_fixture(set_up, tear_down);
	test_add(a_server_is_ready_from_its_start_to_its_drain);
	test_add(a_server_that_did_not_start_is_not_ready);
	test_add(a_server_whose_store_fails_is_not_ready_until_it_works);
	test_add(a_file_of_somebody_else_is_never_set_aside);
	test_add(a_damaged_store_is_set_aside_by_option);
	test_add(a_damaged_store_is_set_aside_by_the_program);
	test_add(the_ballast_can_be_done_without);
}
