#include "functional/null_cases.h"

#include <mcps/sys/sized.h>
#include <mcps/sys/store.h>

/* ---- auth hooks ---- */

static void try_mcps_request_method(void)
{
	NOTHING(mcps_request_method(null));
}

static void try_mcps_request_path(void)
{
	NOTHING(mcps_request_path(null));
}

static void try_mcps_request_peer(void)
{
	ck_assert_str_eq(mcps_request_peer(null), ""); /* not known */
}

static void try_mcps_request_header(void)
{
	NOTHING(mcps_request_header(null, "Host"));
}

static void try_mcps_request_bearer(void)
{
	NOTHING(mcps_request_bearer(null));
}

static void try_mcps_grant_subject(void)
{
	INVALID(mcps_grant_subject(null, NULL, "s"));
}

static void try_mcps_grant_scope(void)
{
	INVALID(mcps_grant_scope(null, "s"));
}

static void try_mcps_grant_client(void)
{
	INVALID(mcps_grant_client(null, "c"));
}

static void try_mcps_grant_expires(void)
{
	INVALID(mcps_grant_expires(null, 1));
}

static void try_mcps_grant_finish(void)
{
	mcps_grant_finish(null, MCPS_OK);
}

/* ---- the daemon ---- */

static void try_mcps_daemon_start(void)
{
	mcps_daemon *daemon = (mcps_daemon *)&daemon; /* not NULL */

	INVALID(mcps_daemon_start(&daemon, null, NULL, NULL));
	NOTHING(daemon);
	INVALID(mcps_daemon_start(null, running, NULL, NULL));
}

static void try_mcps_listen(void)
{
	INVALID(mcps_listen(null, NULL, 0, NULL, NULL));
}

static void try_mcps_daemon_check(void)
{
	/* NULL is all defaults: whether the port is free is not ours. */
	(void)!mcps_daemon_check(null, NULL);
}

static void try_mcps_daemon_address(void)
{
	NOTHING(mcps_daemon_address(null));
}

static void try_mcps_daemon_stop(void)
{
	ck_assert(mcps_daemon_stop(null, 0)); /* no call is left */
}

/* ---- mounting ---- */

static void try_mcps_mhd_attach(void)
{
	INVALID(mcps_mhd_attach(null, null, NULL, NULL, NULL));
	INVALID(mcps_mhd_attach(running, null, NULL, NULL, NULL));
}

static void try_mcps_mhd_detach(void)
{
	ck_assert(mcps_mhd_detach(null, null, 0));
	ck_assert(mcps_mhd_detach(running, null, 0));
}

static void try_mcps_mhd_handle(void)
{
	void *request = NULL;
	size_t size = 0;
	int result;

	FALSE(mcps_mhd_handle(null, (struct MHD_Connection *)&size, "/mcp",
	                      "GET", NULL, &size, &request, &result));
	FALSE(mcps_mhd_handle(running, null, "/mcp", "GET", NULL, &size,
	                      &request, &result));
	FALSE(mcps_mhd_handle(running, (struct MHD_Connection *)&size, null,
	                      null, NULL, null, null, null));
}

static void try_mcps_mhd_completed(void)
{
	void *request = NULL;

	FALSE(mcps_mhd_completed(null, (struct MHD_Connection *)&request,
	                         &request));
	FALSE(mcps_mhd_completed(running, null, &request));
	FALSE(mcps_mhd_completed(running, (struct MHD_Connection *)&request,
	                         null));
}

static void try_mcps_mhd_target(void)
{
	size_t some = 0;

	mcps_mhd_target(null, (struct MHD_Connection *)&some, "/mcp");
	mcps_mhd_target(running, null, "/mcp");
	mcps_mhd_target(running, (struct MHD_Connection *)&some, null);
}

static void try_mcps_mhd_owns(void)
{
	size_t some = 0;

	FALSE(mcps_mhd_owns(null, (struct MHD_Connection *)&some));
	FALSE(mcps_mhd_owns(running, null));
}

static void try_mcps_mhd_connection(void)
{
	NOTHING(mcps_mhd_connection(null));
}

static void try_mcps_mhd_req_cls(void)
{
	NOTHING(mcps_mhd_req_cls(null));
}

static void try_mcps_mhd_open_requests(void)
{
	ck_assert_uint_eq(mcps_mhd_open_requests(null), 0);
}

/* ---- sessions alone ---- */

static char *answer_nothing(void *arg, const mcps_admission *admission,
                            const char *body)
{
	(void)arg;
	(void)admission;
	(void)body;
	return NULL;
}

static void try_mcps_mhd_admit(void)
{
	struct MHD_Connection *connection = (struct MHD_Connection *)&null;
	const mcps_mhd_answer_fn volatile no_function = NULL;
	void *request = NULL;
	size_t size = 0;

#define ADMIT(server, connection, method, size, request, answer)              \
	ck_assert_int_eq(mcps_mhd_admit(server, connection, method, "", size, \
	                                request, answer, NULL),               \
	                 0)
	ADMIT(null, connection, "GET", &size, &request, answer_nothing);
	ADMIT(running, null, "GET", &size, &request, answer_nothing);
	ADMIT(running, connection, null, &size, &request, answer_nothing);
	ADMIT(running, connection, "GET", null, &request, answer_nothing);
	ADMIT(running, connection, "GET", &size, null, answer_nothing);
	ADMIT(running, connection, "GET", &size, &request, no_function);
#undef ADMIT
	ck_assert_ptr_null(request);
}

static void try_mcps_mhd_admit_completed(void)
{
	void *request = NULL;

	mcps_mhd_admit_completed(null);
	mcps_mhd_admit_completed(&request);
}

static void try_mcps_admit(void)
{
	const struct mcps_admit_view view = { .size = sizeof view };
	mcps_admission *admission = (mcps_admission *)&view; /* not NULL */

	INVALID(mcps_admit(&admission, null, &view));
	NOTHING(admission);
	INVALID(mcps_admit(&admission, running, null));
	INVALID(mcps_admit(&admission, running, &view));
	INVALID(mcps_admit(null, running, &view));
}

static void try_mcps_admission_resume(void)
{
	INVALID(mcps_admission_resume(null));
}

static void try_mcps_admission_begin(void)
{
	INVALID(mcps_admission_begin(null));
}

static void try_mcps_admission_open_session(void)
{
	INVALID(mcps_admission_open_session(null));
}

static void try_mcps_admission_get_result(void)
{
	ck_assert_int_eq(mcps_admission_get_result(null), MCPS_ADMISSION_NONE);
}

static void try_mcps_admission_session(void)
{
	struct mcps_session_view view = { .created_ms = 1 };

	FALSE(mcps_admission_session(null, &view));
	ck_assert_int_eq(view.created_ms, 0);
	FALSE(mcps_admission_session(null, null));
}

static void try_mcps_admission_subject(void)
{
	NOTHING(mcps_admission_subject(null));
}

static void try_mcps_admission_status(void)
{
	ck_assert_int_eq(mcps_admission_status(null), 0);
}

static void try_mcps_admission_headers(void)
{
	NOTHING(mcps_admission_headers(null)->name); /* an empty list */
}

static void try_mcps_admission_body(void)
{
	size_t length = 1;

	NOTHING(mcps_admission_body(null, &length));
	ck_assert_uint_eq(length, 0);
	NOTHING(mcps_admission_body(null, null));
}

static void try_mcps_admission_free(void)
{
	mcps_admission_free(null);
}

/* ---- stores ---- */

static void try_mcps_store_open(void)
{
	mcps_store *store = (mcps_store *)&store; /* not NULL */

	INVALID(mcps_store_open(&store, null, NULL, NULL));
	NOTHING(store);
	INVALID(mcps_store_open(null, "memory:", NULL, NULL));
}

static void try_mcps_store_look(void)
{
	INVALID(mcps_store_look(null, NULL, NULL, 0, NULL));
}

static void try_mcps_store_close(void)
{
	mcps_store_close(null);
}

static void try_mcps_store_check(void)
{
	INVALID(mcps_store_check(null, NULL));
}

/* ---- the program ---- */

static void try_mcps_main(void)
{
	ck_assert_int_eq(mcps_main(null, 0, null), 1);
}

static void try_mcps_sized_check(void)
{
	size_t given = sizeof given;

	INVALID(mcps_sized_check(sizeof given, null, "w", "r", NULL));
	INVALID(mcps_sized_check(sizeof given, &given, null, "r", NULL));
	INVALID(mcps_sized_check(sizeof given, &given, "w", null, NULL));
}

static void try_mcps_sized_copy(void)
{
	size_t given = sizeof given, out = 1;

	INVALID(mcps_sized_copy(null, sizeof out, &given, "w", "r", NULL));
	INVALID(mcps_sized_copy(&out, sizeof out, null, "w", "r", NULL));
	ck_assert_uint_eq(out, 0);
	INVALID(mcps_sized_copy(&out, sizeof out, &given, null, "r", NULL));
	INVALID(mcps_sized_copy(&out, sizeof out, &given, "w", null, NULL));
}

static void try_mcps_program_main(void)
{
	ck_assert_int_eq(mcps_program_main(null, null, 0, null), 1);
}

const struct null_case null_other_cases[] = {
	NULL_CASE(mcps_request_method),
	NULL_CASE(mcps_request_path),
	NULL_CASE(mcps_request_peer),
	NULL_CASE(mcps_request_header),
	NULL_CASE(mcps_request_bearer),
	NULL_CASE(mcps_grant_subject),
	NULL_CASE(mcps_grant_scope),
	NULL_CASE(mcps_grant_client),
	NULL_CASE(mcps_grant_expires),
	NULL_CASE(mcps_grant_finish),
	NULL_CASE(mcps_daemon_start),
	NULL_CASE(mcps_listen),
	NULL_CASE(mcps_daemon_check),
	NULL_CASE(mcps_daemon_address),
	NULL_CASE(mcps_daemon_stop),
	NULL_CASE(mcps_mhd_attach),
	NULL_CASE(mcps_mhd_detach),
	NULL_CASE(mcps_mhd_handle),
	NULL_CASE(mcps_mhd_completed),
	NULL_CASE(mcps_mhd_target),
	NULL_CASE(mcps_mhd_owns),
	NULL_CASE(mcps_mhd_connection),
	NULL_CASE(mcps_mhd_req_cls),
	NULL_CASE(mcps_mhd_open_requests),
	NULL_CASE(mcps_mhd_admit),
	NULL_CASE(mcps_mhd_admit_completed),
	NULL_CASE(mcps_admit),
	NULL_CASE(mcps_admission_resume),
	NULL_CASE(mcps_admission_begin),
	NULL_CASE(mcps_admission_open_session),
	NULL_CASE(mcps_admission_get_result),
	NULL_CASE(mcps_admission_session),
	NULL_CASE(mcps_admission_subject),
	NULL_CASE(mcps_admission_status),
	NULL_CASE(mcps_admission_headers),
	NULL_CASE(mcps_admission_body),
	NULL_CASE(mcps_admission_free),
	NULL_CASE(mcps_store_open),
	NULL_CASE(mcps_store_look),
	NULL_CASE(mcps_store_close),
	NULL_CASE(mcps_store_check),
	NULL_CASE(mcps_main),
	NULL_CASE(mcps_program_main),
	NULL_CASE(mcps_sized_check),
	NULL_CASE(mcps_sized_copy),
};
const int null_other_count = sizeof null_other_cases / sizeof *null_other_cases;
