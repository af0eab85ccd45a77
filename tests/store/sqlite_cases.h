/* The tests of what only the SQLite back end has, by subject. */
#ifndef MCPS_TESTS_STORE_SQLITE_CASES_H
#define MCPS_TESTS_STORE_SQLITE_CASES_H

#include "contract.h"
#include "directory.h"
#include "store/sqlite_store.h"

#include <stddef.h>

/* The version of the schema that the library makes; and as text. */
#define SCHEMA_NOW      5
#define TEXT_OF_(macro) #macro
#define TEXT_OF(macro)  TEXT_OF_(macro)

void sqlite_file_case(void);
void sqlite_place_case(void);
void sqlite_foreign_case(void);
void sqlite_ours_case(void);
void sqlite_identity_case(void);
void sqlite_damage_case(void);
void sqlite_damage_age_case(void);
void sqlite_seal_case(void);
void sqlite_event_damage_case(void);
void sqlite_golden_case(void);
void sqlite_index_case(void);
void sqlite_failure_case(void);
void sqlite_migration_case(void);

/* Open test.db in the directory of the test into `store`; close it. */
void open_store(void);
void close_store(void);

/* Open it and fail with STATUS; the error. Nothing stays open. */
const struct mcps_error *open_fails(mcps_status status);

/* Look at the closed test.db, as a check before a start does. */
mcps_status look_at_store(struct mcps_error *error);

/* Run SQL on the closed test.db, past the back end. */
void run_sql(const char *sql);

/* Run SQL on a table of the closed test.db without changing an index of it. */
void run_behind(const char *index, const char *sql);

/* Make the next start believe that the closed test.db needs no check, as if it
 * had been damaged without a trace. */
void seal_again(void);

/* The answer to a question, on the closed test.db. */
int64_t ask_sql(const char *sql);

/* What was logged since the last call of log_forget. */
unsigned log_count(enum mcps_log_level level);
bool log_has(const char *words);
void log_forget(void);
extern const struct mcps_store_options logging_options;

/* The whole of a file, to be freed; and writing it. */
uint8_t *read_file(const char *path, size_t *length);
void write_file(const char *path, const void *bytes, size_t length);
unsigned file_mode(const char *name); /* of one in the directory */
bool file_exists(const char *path);

#endif
