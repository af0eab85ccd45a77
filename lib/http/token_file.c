/* Reading the token file: a line for each token, its SHA-256 in hex, a subject,
 * and scopes. A line is either a comment or an entry: nothing is cut off, so
 * that two subjects cannot become one. */
#define _DEFAULT_SOURCE /* strsep */
#include "base/error.h"
#include "base/input_file.h"
#include "http/token_table.h"

#include <string.h>

enum { FILE_MOST = 64 * 1024 * 1024 };

struct place {
	const char *path;
	int line;
	struct mcps_error *error;
};

struct token_line {
	char *hash;
	char *subject;
	char *scopes; /* NULL: none */
};

static mcps_status token_file_refuse(const struct place *place, const char *why)
{
	return mcps__fail(place->error, MCPS_E_INVAL,
	                  "token file %.120s, line %d: %s", place->path,
	                  place->line, why);
}

static mcps_status token_file_no_memory(const struct place *place)
{
	return mcps__fail(place->error, MCPS_E_NOMEM,
	                  "token file %.120s: no memory", place->path);
}

/* ---- one line ---- */

static bool token_file_add_scopes(struct principal *principal, char *list)
{
	char *rest = list;
	char *scope;

	while ((scope = strtok_r(rest, ",", &rest)) != NULL)
		if (!mcps__principal_add_scope(principal, scope))
			return false;
	return true;
}

static bool token_file_read_hash(uint8_t *out, const char *text)
{
	size_t have;

	return strlen(text) == 2 * TOKEN_HASH_SIZE &&
	       sodium_hex2bin(out, TOKEN_HASH_SIZE, text, strlen(text), NULL,
	                      &have, NULL) == 0 &&
	       have == TOKEN_HASH_SIZE;
}

/* The words of a line. Without a hash: the line is blank or a comment. */
static mcps_status token_file_split(struct token_line *parts, char *line,
                                    const struct place *place)
{
	static const char blanks[] = " \t\r";
	char *words[4] = { NULL };
	char *rest = NULL;

	*parts = (struct token_line){ 0 };
	words[0] = strtok_r(line, blanks, &rest);
	if (words[0] == NULL || words[0][0] == '#')
		return MCPS_OK;
	for (int i = 1; i < 4 && words[i - 1] != NULL; i++) {
		words[i] = strtok_r(NULL, blanks, &rest);
		if (words[i] != NULL && words[i][0] == '#')
			return token_file_refuse(
				place, "a comment needs a line of its "
				       "own, and no word may begin "
				       "with #");
	}
	if (words[3] != NULL)
		return token_file_refuse(
			place, "more than a hash, a subject and scopes");
	*parts = (struct token_line){ words[0], words[1], words[2] };
	return MCPS_OK;
}

static mcps_status add_token(struct tokens *tokens,
                             const struct token_line *parts,
                             const uint8_t *hash, const struct place *place)
{
	struct principal *principal;
	size_t compared = 0;
	struct token *slot;

	if (mcps__tokens_reserve(tokens) != MCPS_OK)
		return token_file_no_memory(place);
	slot = mcps__tokens_slot(tokens, hash, &compared);
	if (slot->principal != NULL)
		return mcps__fail(place->error, MCPS_E_INVAL,
		                  "token file %.120s, line %d: has the hash of "
		                  "line %d; one token is one caller",
		                  place->path, place->line, slot->line);
	principal = mcps__principal_new(NULL, parts->subject);
	if (principal == NULL)
		return token_file_no_memory(place);
	if (parts->scopes != NULL &&
	    !token_file_add_scopes(principal, parts->scopes)) {
		mcps__principal_unref(principal);
		return token_file_no_memory(place);
	}
	memcpy(slot->hash, hash, TOKEN_HASH_SIZE);
	slot->principal = principal;
	slot->line = place->line;
	tokens->count++;
	return MCPS_OK;
}

static mcps_status token_file_read_line(struct tokens *tokens, char *line,
                                        const struct place *place)
{
	uint8_t hash[TOKEN_HASH_SIZE];
	struct token_line parts;
	mcps_status status = token_file_split(&parts, line, place);

	if (status != MCPS_OK || parts.hash == NULL)
		return status;
	if (!token_file_read_hash(hash, parts.hash))
		return token_file_refuse(
			place, "does not begin with the 64 hex digits of "
			       "a SHA-256");
	if (parts.subject == NULL)
		return token_file_refuse(place, "no subject");
	return add_token(tokens, &parts, hash, place);
}

/* ---- the whole file ---- */

static mcps_status token_file_read_lines(struct tokens *tokens, char *text,
                                         const char *path,
                                         struct mcps_error *error)
{
	struct place place = { path, 0, error };
	mcps_status status = MCPS_OK;
	char *line;

	while (status == MCPS_OK && (line = strsep(&text, "\n")) != NULL) {
		place.line++;
		status = token_file_read_line(tokens, line, &place);
	}
	return status;
}

mcps_status mcps__tokens_read(struct tokens **out, const char *path,
                              const struct log_sink *log,
                              struct mcps_error *error)
{
	static const struct input_rules rules = {
		.what = "token file",
		.most = FILE_MOST,
		.follows_links = true, /* Kubernetes mounts secrets as links */
	};
	struct tokens *tokens = NULL;
	struct input_file file;
	mcps_status status;

	*out = NULL;
	status = mcps__input_file_read(&file, path, &rules, error);
	if (status != MCPS_OK)
		return status;
	status = mcps__tokens_new(&tokens);
	if (status != MCPS_OK)
		mcps__fail(error, status,
		           "token file %.120s: no memory or no random bytes",
		           path);
	else
		status = token_file_read_lines(tokens, file.text, path, error);
	mcps__input_file_free(&file);
	if (status != MCPS_OK) {
		mcps__tokens_free(tokens);
		return status;
	}
	/* Users that can read the file can try out guesses; users that can
	 * write it can be any caller. */
	mcps__input_file_warn(&file, path, rules.what, "http", log);
	if (tokens->count == 0)
		mcps__log(log, MCPS_LOG_WARN, "http",
		          "token file %s: has no token, so every caller is "
		          "refused",
		          path);
	*out = tokens;
	return MCPS_OK;
}
