/* Who is calling: (issuer, subject) as the auth hook told, never the bytes of
 * a credential, so that a refreshed token is the same caller. */
#ifndef MCPS_SESSION_PRINCIPAL_H
#define MCPS_SESSION_PRINCIPAL_H

#include <mcps/status.h>
#include <mcps/sys/store.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Shared by exchanges, calls and store jobs, each with a reference. */
struct principal {
	atomic_uint refs;
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE];
	bool anonymous;
	char *subject; /* NULL: anonymous */
	char **scopes; /* NULL-terminated; may be NULL */
};

/* Everybody whom no auth hook identified. NULL: out of memory. */
struct principal *mcps__principal_anonymous(void);

/* ISSUER may be NULL. NULL: out of memory. */
struct principal *mcps__principal_new(const char *issuer, const char *subject);
/* Narrow it down to one client program of the subject. */
void mcps__principal_bind_client(struct principal *principal,
                                 const char *client_id);
bool mcps__principal_add_scope(struct principal *principal, const char *scope);
bool mcps__principal_has_scope(const struct principal *principal,
                               const char *scope);

/* Whether it has each of SCOPES, a list separated by blanks. */
bool mcps__principal_has_scopes(const struct principal *principal,
                                const char *scopes);

/* Read the stored row of the principal of DIGEST: ref 0 if nothing. Members
 * that an older back end does not know are 0. */
MCPS_MUST_USE mcps_status mcps__principal_read(mcps_store *store,
                                               const uint8_t *digest,
                                               struct mcps_principal_row *out);

struct principal *mcps__principal_ref(struct principal *principal);
void mcps__principal_unref(struct principal *principal); /* NULL is fine */

#endif
