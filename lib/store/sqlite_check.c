/* Damage that SQLite can see by itself, and what of it is mended.
 *
 * An index says nothing that its table does not say, so a damaged index costs
 * nothing but the time to make it again; damage of a table costs rows. The text
 * of "PRAGMA quick_check" does not tell the two apart for us: which problems it
 * reports, and in which words, depends on the version. Therefore only indexes
 * were damaged if nothing is reported any more once all of them are rebuilt.
 * REINDEX alone would also write the tables without a rowid again, which are
 * indexes to SQLite: of the rows that it can still read, and nobody would miss
 * the others.
 *
 * Version 3.46 counts the entries of some indexes, 3.40 of none: all are
 * counted here. */
#include "base/buffer.h"
#include "store/sqlite_check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* ---- finding ---- */

/* SQLite reports a page that it could not read among the damage. */
static bool sqlite_check_is_unread(const char *answer)
{
	return strstr(answer, "unable to get the page") != NULL ||
	       strstr(answer, "failed to get page") != NULL;
}

/* A report may begin with a line that says nothing. */
static int sqlite_check_pages(struct sqlite_store *store, char *what,
                              size_t size)
{
	char answer[160];
	const char *line;
	int code = mcps__sqlite_ask_text(store, "PRAGMA quick_check(1)", answer,
	                                 sizeof answer);

	if (code != SQLITE_OK)
		return code;
	if (sqlite_check_is_unread(answer))
		return SQLITE_IOERR_READ;
	if (strcmp(answer, "ok") == 0)
		return SQLITE_OK;
	line = strchr(answer, '\n');
	snprintf(what, size, "%s", line != NULL ? line + 1 : answer);
	return SQLITE_OK;
}

/* Whether an index has as many entries as its table has rows for it. The first
 * count has no WHERE, or it would be taken from the index; nor is the second
 * count(*), which is taken from any. */
static int sqlite_check_count_entries(struct sqlite_store *store,
                                      const char *table, const char *index,
                                      const char *sql, bool *agrees)
{
	static const char word[] = " WHERE ";
	const char *where = strstr(sql, word);
	int64_t difference = 0;
	char *question;
	int code = SQLITE_NOMEM;

	question = sqlite3_mprintf(
		"SELECT (SELECT total(%s) FROM \"%w\" NOT INDEXED) - "
		"(SELECT total(1) FROM \"%w\" INDEXED BY \"%w\"%s)",
		where != NULL ? where + strlen(word) : "1", table, table, index,
		where != NULL ? where : "");
	if (question != NULL)
		code = mcps__sqlite_ask_int(store, question, &difference);
	sqlite3_free(question);
	*agrees = difference == 0;
	return code;
}

static int sqlite_check_counts(struct sqlite_store *store, char *what,
                               size_t size)
{
	sqlite3_stmt *list = NULL;
	bool agrees = true;
	int code = sqlite3_prepare_v2(
		store->db,
		"SELECT tbl_name, name, sql FROM sqlite_schema "
		"WHERE type = 'index' AND sql IS NOT NULL",
		-1, &list, NULL);

	while (code == SQLITE_OK && agrees &&
	       (code = sqlite3_step(list)) == SQLITE_ROW) {
		const char *index = (const char *)sqlite3_column_text(list, 1);
		const char *table = (const char *)sqlite3_column_text(list, 0);
		const char *sql = (const char *)sqlite3_column_text(list, 2);

		if (table == NULL || index == NULL || sql == NULL)
			code = SQLITE_NOMEM;
		else
			code = sqlite_check_count_entries(store, table, index,
			                                  sql, &agrees);
		if (code == SQLITE_OK && !agrees)
			snprintf(what, size, "wrong # of entries in index %s",
			         index);
	}
	sqlite3_finalize(list);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

int mcps__sqlite_find_damage(struct sqlite_store *store, char *what,
                             size_t size)
{
	int code;

	*what = '\0';
	code = sqlite_check_pages(store, what, size);
	if (code == SQLITE_OK && *what == '\0')
		code = sqlite_check_counts(store, what, size);
	return code;
}

/* ---- mending ---- */

int mcps__sqlite_rebuild_indexes(struct sqlite_store *store)
{
	struct buffer sql = { 0 };
	sqlite3_stmt *list = NULL;
	int code =
		sqlite3_prepare_v2(store->db,
	                           "SELECT name FROM sqlite_schema "
	                           "WHERE type = 'index' AND sql IS NOT NULL",
	                           -1, &list, NULL);

	while (code == SQLITE_OK && sqlite3_step(list) == SQLITE_ROW)
		mcps__buffer_add_format(
			&sql, "REINDEX \"%s\";",
			(const char *)sqlite3_column_text(list, 0));
	mcps__buffer_add_byte(&sql, '\0');
	if (code == SQLITE_OK)
		code = sqlite3_finalize(list);
	if (code == SQLITE_OK && sql.failed)
		code = SQLITE_NOMEM;
	if (code == SQLITE_OK)
		code = mcps__sqlite_exec(store, sql.data);
	mcps__buffer_finish(&sql);
	return code;
}

void mcps__sqlite_note_rebuilt(struct sqlite_store *store, const char *reason)
{
	atomic_fetch_add(&store->rebuilds, 1);
	mcps__log(&store->settings.log, MCPS_LOG_WARN, "store",
	          "sqlite indexes were damaged and are rebuilt reason=\"%s\"",
	          reason);
}

/* The rows themselves are damaged, or contradict each other. */
static bool sqlite_check_is_beyond_indexes(int code)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
		return true;
	default:
		return false;
	}
}

static int sqlite_check_rebuild(struct sqlite_store *store, bool *is_sound)
{
	char left[80];
	int code = mcps__sqlite_rebuild_indexes(store);

	if (code == SQLITE_OK)
		code = mcps__sqlite_find_damage(store, left, sizeof left);
	*is_sound = code == SQLITE_OK && *left == '\0';
	return code;
}

int mcps__sqlite_mend(struct sqlite_store *store, bool *is_mended)
{
	int code = mcps__sqlite_exec(store, "BEGIN IMMEDIATE");

	*is_mended = false;
	if (code != SQLITE_OK)
		return code;
	code = sqlite_check_rebuild(store, is_mended);
	if (*is_mended)
		code = mcps__sqlite_exec(store, "COMMIT");
	if (sqlite3_get_autocommit(store->db) == 0)
		mcps__sqlite_exec(store, "ROLLBACK");
	*is_mended = *is_mended && code == SQLITE_OK;
	return sqlite_check_is_beyond_indexes(code) ? SQLITE_OK : code;
}

static mcps_status sqlite_check_mend_or_refuse(struct sqlite_store *store,
                                               const char *what,
                                               struct mcps_error *error)
{
	bool is_mended;
	int code;

	mcps__sqlite_seal_break(store);
	code = mcps__sqlite_mend(store, &is_mended);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code, "mend");
	if (!is_mended)
		return mcps__sqlite_damaged(store, error, what);
	mcps__sqlite_note_rebuilt(store, what);
	store->is_whole = true;
	return MCPS_OK;
}

mcps_status mcps__sqlite_check(struct sqlite_store *store,
                               struct mcps_error *error)
{
	char what[160];
	int code = mcps__sqlite_find_damage(store, what, sizeof what);

	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code, "check it");
	if (*what != '\0')
		return sqlite_check_mend_or_refuse(store, what, error);
	store->is_whole = true;
	return MCPS_OK;
}
