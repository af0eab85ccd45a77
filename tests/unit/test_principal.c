/* Callers: who is the same and who is not. */
#include "session/principal.h"
#include "suite.h"

#include <sodium.h>
#include <string.h>

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
}

static bool is_same(const struct principal *a, const struct principal *b)
{
	return memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

struct who {
	const char *issuer, *subject, *client;
};

static struct principal *make(const struct who *who)
{
	struct principal *principal =
		mcps__principal_new(who->issuer, who->subject);

	ck_assert_ptr_nonnull(principal);
	if (who->client != NULL)
		mcps__principal_bind_client(principal, who->client);
	return principal;
}

static const struct who people[] = {
	{ NULL, "alice", NULL },     { "", "alice", NULL },
	{ "i", "alice", NULL },      { "I", "alice", NULL },
	{ "i", "bob", NULL },        { "ia", "lice", NULL },
	{ "i", "alice", "c" },       { "i", "alice", "" },
	{ "i", "alice", "c2" },      { "ialice", "", NULL },
	{ NULL, "anonymous", NULL }, { "anonymous", "", NULL },
};

enum { PEOPLE = sizeof people / sizeof *people };

START_TEST(different_names_are_different_callers)
{
	for (int a = 0; a < PEOPLE; a++)
		for (int b = 0; b < PEOPLE; b++) {
			struct principal *one = make(&people[a]);
			struct principal *two = make(&people[b]);

			ck_assert_int_eq(is_same(one, two), a == b);
			mcps__principal_unref(one);
			mcps__principal_unref(two);
		}
}
END_TEST

START_TEST(nobody_is_named_like_the_anonymous_caller)
{
	struct principal *nobody = mcps__principal_anonymous();
	struct principal *again = mcps__principal_anonymous();

	ck_assert(nobody->anonymous);
	ck_assert_ptr_null(nobody->subject);
	ck_assert(is_same(nobody, again));
	for (int i = 0; i < PEOPLE; i++) {
		struct principal *somebody = make(&people[i]);

		ck_assert(!somebody->anonymous);
		ck_assert_str_eq(somebody->subject, people[i].subject);
		ck_assert(!is_same(nobody, somebody));
		mcps__principal_unref(somebody);
	}
	mcps__principal_unref(nobody);
	mcps__principal_unref(again);
}
END_TEST

START_TEST(scopes_do_not_change_who_it_is)
{
	struct principal *one = make(&people[2]);
	struct principal *two = make(&people[2]);

	ck_assert(mcps__principal_add_scope(one, "read"));
	ck_assert(mcps__principal_add_scope(one, "write"));
	ck_assert(is_same(one, two));
	ck_assert(mcps__principal_has_scope(one, "read"));
	ck_assert(mcps__principal_has_scope(one, "write"));
	ck_assert(!mcps__principal_has_scope(one, "rea"));
	ck_assert(!mcps__principal_has_scope(one, "reads"));
	ck_assert(!mcps__principal_has_scope(one, "Read"));
	ck_assert(!mcps__principal_has_scope(one, ""));
	ck_assert(!mcps__principal_has_scope(two, "read"));
	mcps__principal_unref(one);
	mcps__principal_unref(two);
}
END_TEST

START_TEST(a_list_of_scopes_wants_each_of_them)
{
	struct principal *one = make(&people[2]);

	ck_assert(mcps__principal_has_scopes(one, ""));
	ck_assert(!mcps__principal_has_scopes(one, "read"));
	ck_assert(mcps__principal_add_scope(one, "read"));
	ck_assert(mcps__principal_has_scopes(one, "read"));
	ck_assert(mcps__principal_has_scopes(one, " read  read "));
	ck_assert(!mcps__principal_has_scopes(one, "read write"));
	ck_assert(!mcps__principal_has_scopes(one, "re"));
	ck_assert(mcps__principal_add_scope(one, "write"));
	ck_assert(mcps__principal_has_scopes(one, "write read"));
	mcps__principal_unref(one);
}
END_TEST

START_TEST(the_last_reference_frees_it)
{
	struct principal *one = make(&people[0]);

	ck_assert_ptr_eq(mcps__principal_ref(one), one);
	mcps__principal_unref(one);
	ck_assert_str_eq(one->subject, "alice");
	mcps__principal_unref(one);
	mcps__principal_unref(NULL);
}
END_TEST

TEST_MAIN("principal")
{
	test_fixture(set_up, NULL);
	test_add(different_names_are_different_callers);
	test_add(nobody_is_named_like_the_anonymous_caller);
	test_add(scopes_do_not_change_who_it_is);
	test_add(a_list_of_scopes_wants_each_of_them);
	test_add(the_last_reference_frees_it);
}
