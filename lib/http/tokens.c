#include "http/tokens.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct token {
	uint8_t hash[crypto_hash_sha256_BYTES];
	struct principal *principal;
};

struct tokens {
	struct token *list;
	size_t count;
};

void mcps__tokens_free(struct tokens *tokens)
{
	if (tokens == NULL)
		return;
	for (size_t i = 0; i < tokens->count; i++)
		mcps__principal_unref(tokens->list[i].principal);
	mcps__free(tokens->list);
	mcps__free(tokens);
}

struct principal *mcps__tokens_find(const struct tokens *tokens,
                                    const char *token)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	struct principal *found = NULL;

	crypto_hash_sha256(hash, (const uint8_t *)token, strlen(token));
	for (size_t i = 0; i < tokens->count; i++)
		if (sodium_memcmp(hash, tokens->list[i].hash, sizeof hash) == 0)
			found = tokens->list[i].principal;
	return found != NULL ? mcps__principal_ref(found) : NULL;
}

/* ---- reading ---- */

static bool add_scopes(struct principal *principal, char *list)
{
	char *rest = list;
	char *scope;

	while ((scope = strtok_r(rest, ",", &rest)) != NULL)
		if (!mcps__principal_add_scope(principal, scope))
			return false;
	return true;
}

static bool read_hash(uint8_t *out, const char *text)
{
	size_t have;

	return strlen(text) == 2 * crypto_hash_sha256_BYTES &&
	       sodium_hex2bin(out, crypto_hash_sha256_BYTES, text, strlen(text),
	                      NULL, &have, NULL) == 0 &&
	       have == crypto_hash_sha256_BYTES;
}

static mcps_status add_token(struct tokens *tokens, const uint8_t *hash,
                             const char *subject, char *scopes)
{
	struct token *list =
		mcps__realloc(tokens->list, (tokens->count + 1) * sizeof *list);
	struct principal *principal;

	if (list == NULL)
		return MCPS_E_NOMEM;
	tokens->list = list;
	principal = mcps__principal_new(NULL, subject);
	if (principal == NULL)
		return MCPS_E_NOMEM;
	if (scopes != NULL && !add_scopes(principal, scopes)) {
		mcps__principal_unref(principal);
		return MCPS_E_NOMEM;
	}
	memcpy(list[tokens->count].hash, hash, crypto_hash_sha256_BYTES);
	list[tokens->count++].principal = principal;
	return MCPS_OK;
}

static mcps_status read_line(struct tokens *tokens, char *line,
                             const char *path, int number,
                             struct mcps_error *error)
{
	static const char blanks[] = " \t\r\n";
	uint8_t hash[crypto_hash_sha256_BYTES];
	char *rest = NULL;
	char *hex, *subject, *scopes;

	line[strcspn(line, "#")] = '\0';
	hex = strtok_r(line, blanks, &rest);
	if (hex == NULL)
		return MCPS_OK;
	subject = strtok_r(NULL, blanks, &rest);
	scopes = strtok_r(NULL, blanks, &rest);
	if (!read_hash(hash, hex))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "token file %s, line %d: does not begin with "
		                  "the 64 hex digits of a SHA-256",
		                  path, number);
	if (subject == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "token file %s, line %d: no subject", path,
		                  number);
	if (strtok_r(NULL, blanks, &rest) != NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "token file %s, line %d: more than a hash, a "
		                  "subject and scopes",
		                  path, number);
	return add_token(tokens, hash, subject, scopes);
}

static mcps_status read_lines(struct tokens *tokens, FILE *file,
                              const char *path, struct mcps_error *error)
{
	mcps_status status = MCPS_OK;
	char *line = NULL;
	size_t room = 0;

	for (int number = 1; status == MCPS_OK; number++) {
		if (getline(&line, &room, file) < 0)
			break;
		status = read_line(tokens, line, path, number, error);
	}
	free(line); /* getline's, not ours */
	if (status == MCPS_OK && ferror(file))
		return mcps__fail(error, MCPS_E_SYSTEM, "token file %s: %s",
		                  path, strerror(errno));
	return status;
}

mcps_status mcps__tokens_read(struct tokens **out, const char *path,
                              struct mcps_error *error)
{
	struct tokens *tokens;
	FILE *file = fopen(path, "re");
	mcps_status status;

	*out = NULL;
	if (file == NULL)
		return mcps__fail(error, mcps__file_refusal(errno),
		                  "token file %s: %s", path, strerror(errno));
	tokens = mcps__calloc(1, sizeof *tokens);
	status = tokens != NULL ? read_lines(tokens, file, path, error)
	                        : MCPS_E_NOMEM;
	fclose(file);
	if (status == MCPS_OK)
		*out = tokens;
	else
		mcps__tokens_free(tokens);
	return status;
}
