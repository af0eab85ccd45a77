/* What a server opens at its start: the store, and the key beside it. */
#ifndef MCPS_SERVER_STORE_H
#define MCPS_SERVER_STORE_H

#include "base/log.h"
#include "session/keys.h"

#include <mcps/server.h>

MCPS_MUST_USE mcps_status mcps__server_open_store(
	mcps_store **out, const struct mcps_server_options *options,
	const struct log_sink *log, struct mcps_error *error);

/* The keys of ids: options->key_file, else beside the database, else keys
 * that die with the process. STORE is the store's own name: a key file that
 * knows another one tells that a store was lost, which is logged. */
MCPS_MUST_USE mcps_status mcps__server_open_keys(
	struct id_keys *keys, const struct mcps_server_options *options,
	const uint8_t *store, const struct log_sink *log,
	struct mcps_error *error);

/* Read that file again, for a server that runs. A missing file is
 * MCPS_E_INVAL: with a new key, signed ids would turn into unsigned ones. */
MCPS_MUST_USE mcps_status mcps__server_reread_keys(
	struct id_keys *keys, const struct mcps_server_options *options,
	const uint8_t *store, const struct log_sink *log,
	struct mcps_error *error);

/* LOG, or a sink that writes nothing if the key file has the default place and
 * its directory can be written by the group: the store warns of that, and one
 * warning is enough. */
const struct log_sink *
mcps__server_key_log(const struct mcps_server_options *options,
                     const struct log_sink *log);

/* The path of that file in PATH (PATH_MAX bytes); "": there is none. */
void mcps__server_key_path(char *path,
                           const struct mcps_server_options *options);

/* Whether the keys are in a file, so that it can be read again. */
bool mcps__server_has_key_file(const struct mcps_server_options *options);

#endif
