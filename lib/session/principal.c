#include "session/principal.h"

#include "base/little_endian.h"
#include "base/memory.h"
#include "store/backends.h"

#include <sodium.h>
#include <string.h>

/* Each field is preceded by its length, so that no two lists of fields have
 * the same bytes. */
static void principal_hash_field(crypto_generichash_state *state,
                                 const char *text)
{
	uint64_t length = text != NULL ? strlen(text) : UINT64_MAX;
	uint8_t bytes[LITTLE_ENDIAN_64];

	mcps__put_le64(bytes, length);
	crypto_generichash_update(state, bytes, sizeof bytes);
	if (text != NULL)
		crypto_generichash_update(state, (const uint8_t *)text,
		                          (unsigned long long)length);
}

static void principal_digest_make(uint8_t *digest, const char *kind,
                                  const char *issuer, const char *subject)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, MCPS_PRINCIPAL_DIGEST_SIZE);
	principal_hash_field(&state, kind);
	principal_hash_field(&state, issuer);
	principal_hash_field(&state, subject);
	crypto_generichash_final(&state, digest, MCPS_PRINCIPAL_DIGEST_SIZE);
}

static struct principal *principal_alloc(void)
{
	struct principal *principal = mcps__calloc(1, sizeof *principal);

	if (principal != NULL)
		atomic_init(&principal->refs, 1);
	return principal;
}

struct principal *mcps__principal_anonymous(void)
{
	struct principal *principal = principal_alloc();

	if (principal == NULL)
		return NULL;
	principal->anonymous = true;
	principal_digest_make(principal->digest, "anonymous", NULL, NULL);
	return principal;
}

struct principal *mcps__principal_new(const char *issuer, const char *subject)
{
	struct principal *principal = principal_alloc();

	if (principal == NULL)
		return NULL;
	principal->subject = mcps__strdup(subject);
	if (principal->subject == NULL) {
		mcps__principal_unref(principal);
		return NULL;
	}
	principal_digest_make(principal->digest, "subject", issuer, subject);
	return principal;
}

void mcps__principal_bind_client(struct principal *principal,
                                 const char *client_id)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, MCPS_PRINCIPAL_DIGEST_SIZE);
	principal_hash_field(&state, "client");
	crypto_generichash_update(&state, principal->digest,
	                          sizeof principal->digest);
	principal_hash_field(&state, client_id);
	crypto_generichash_final(&state, principal->digest,
	                         sizeof principal->digest);
}

static size_t principal_scope_count(const struct principal *principal)
{
	size_t count = 0;

	while (principal->scopes != NULL && principal->scopes[count] != NULL)
		count++;
	return count;
}

bool mcps__principal_add_scope(struct principal *principal, const char *scope)
{
	size_t count = principal_scope_count(principal);
	char **scopes =
		mcps__realloc(principal->scopes, (count + 2) * sizeof *scopes);

	if (scopes == NULL)
		return false;
	principal->scopes = scopes;
	scopes[count] = mcps__strdup(scope);
	scopes[count + 1] = NULL;
	return scopes[count] != NULL;
}

static bool principal_has_scope(const struct principal *principal,
                                const char *scope, size_t length)
{
	size_t count = principal_scope_count(principal);

	for (size_t i = 0; i < count; i++)
		if (strlen(principal->scopes[i]) == length &&
		    memcmp(principal->scopes[i], scope, length) == 0)
			return true;
	return false;
}

bool mcps__principal_has_scope(const struct principal *principal,
                               const char *scope)
{
	return principal_has_scope(principal, scope, strlen(scope));
}

bool mcps__principal_has_scopes(const struct principal *principal,
                                const char *scopes)
{
	for (;;) {
		size_t length;

		scopes += strspn(scopes, " ");
		length = strcspn(scopes, " ");
		if (length == 0)
			return true;
		if (!principal_has_scope(principal, scopes, length))
			return false;
		scopes += length;
	}
}

struct row_read {
	struct mcps_principal_row *out;
	size_t size; /* as the back end knows it */
};

static mcps_status principal_take_row(void *arg,
                                      const struct mcps_principal_row *row)
{
	const struct row_read *read = arg;

	memcpy(read->out, row, read->size);
	return MCPS_OK;
}

mcps_status mcps__principal_read(mcps_store *store, const uint8_t *digest,
                                 struct mcps_principal_row *out)
{
	struct row_read read = { out, sizeof *out };

	*out = (struct mcps_principal_row){ 0 };
	if (!STORE_HAS(store, tombstone_trim))
		read.size =
			offsetof(struct mcps_principal_row, tombstones_from_ms);
	return store->ops->principal_get(store, digest, principal_take_row,
	                                 &read);
}

struct principal *mcps__principal_ref(struct principal *principal)
{
	atomic_fetch_add_explicit(&principal->refs, 1, memory_order_relaxed);
	return principal;
}

void mcps__principal_unref(struct principal *principal)
{
	if (principal == NULL ||
	    atomic_fetch_sub_explicit(&principal->refs, 1,
	                              memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; principal->scopes && principal->scopes[i]; i++)
		mcps__free(principal->scopes[i]);
	mcps__free(principal->scopes);
	mcps__free(principal->subject);
	mcps__free(principal);
}
