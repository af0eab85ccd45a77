/* Streams and their events in SQLite: what their files share. */
#ifndef MCPS_STORE_SQLITE_STREAM_H
#define MCPS_STORE_SQLITE_STREAM_H

#include "store/sqlite_store.h"

/* ---- sqlite_stream_row.c ---- */

struct stream_copy {
	bool found;
	int64_t ref;
	struct mcps_stream_row row; /* without first and ended_key; its request
	                             * is below */
	char request[STORE_REQUEST_MAX];
};

/* Copy the id of the request that a stream answers. */
void mcps__sqlite_stream_keep_request(struct stream_copy *copy,
                                      const void *request, size_t length);

mcps_status mcps__sqlite_stream_find(struct sqlite_store *, uint64_t id,
                                     struct stream_copy *copy);
mcps_status mcps__sqlite_stream_find_ref(struct sqlite_store *, int64_t ref,
                                         struct stream_copy *copy);

mcps_status mcps__sqlite_stream_add(struct sqlite_store *,
                                    const struct stream_copy *copy);

/* Write what of a stream changes: seen_ms, last, is_ended. */
mcps_status mcps__sqlite_stream_write(struct sqlite_store *,
                                      const struct stream_copy *copy);

/* The same while seen_ms, which has an index, stays as it was. */
mcps_status mcps__sqlite_stream_advance(struct sqlite_store *,
                                        const struct stream_copy *copy);

/* ---- sqlite_stream.c ---- */

mcps_status mcps__sqlite_stream_insert(mcps_store *,
                                       const struct mcps_stream_row *row,
                                       uint32_t most, uint64_t *gone);
mcps_status mcps__sqlite_stream_get(mcps_store *, uint64_t id, mcps_stream_fn,
                                    void *arg);
mcps_status mcps__sqlite_stream_touch(mcps_store *, uint64_t id,
                                      int64_t seen_ms);

/* Remove those streams of a session that ends that answer no call, with their
 * events, and keep its key for the others. */
mcps_status mcps__sqlite_stream_clear(struct sqlite_store *, int64_t session,
                                      const uint8_t *key);

/* Remove streams seen at LAST_MS or before, at most LIMIT rows, of which each
 * event is one. *REMOVED grows by as many. */
mcps_status mcps__sqlite_stream_sweep(struct sqlite_store *, int64_t last_ms,
                                      size_t limit, size_t *removed);

/* ---- sqlite_ended.c: sessions that have ended and left streams ---- */

mcps_status mcps__sqlite_ended_add(struct sqlite_store *, int64_t session,
                                   const uint8_t *key);
mcps_status mcps__sqlite_ended_find(struct sqlite_store *, int64_t session,
                                    uint8_t *key, bool *found);

/* A stream of SESSION is gone: if it was the last one, the session is
 * forgotten. */
mcps_status mcps__sqlite_ended_forget(struct sqlite_store *, int64_t session);

/* ---- sqlite_event.c ---- */

mcps_status mcps__sqlite_event_append(mcps_store *, uint64_t stream,
                                      const struct mcps_event_row *rows,
                                      size_t count, bool ends,
                                      uint64_t session_bytes, uint64_t *seq);
mcps_status mcps__sqlite_event_replay(mcps_store *, uint64_t stream,
                                      uint64_t after, mcps_event_fn, void *arg);

/* The lowest seq that a stream holds; last + 1 if it holds none. */
mcps_status mcps__sqlite_event_first(struct sqlite_store *,
                                     const struct stream_copy *stream,
                                     uint64_t *first);

/* Remove the oldest events of a stream, at most LIMIT. */
mcps_status mcps__sqlite_event_cut(struct sqlite_store *,
                                   const struct stream_copy *stream,
                                   size_t limit, size_t *removed);

/* Remove the events appended at LAST_MS or before, oldest first. */
mcps_status mcps__sqlite_event_sweep(struct sqlite_store *, int64_t last_ms,
                                     size_t limit, size_t *removed);

/* ---- sqlite_usage.c: how many bytes of events each session holds ---- */

struct usage {
	int64_t session;
	int64_t bytes;
};

/* Read it before the events change that it counts: without a row that can be
 * believed it is summed up. */
mcps_status mcps__sqlite_usage_read(struct sqlite_store *, int64_t session,
                                    struct usage *usage);
mcps_status mcps__sqlite_usage_sum(struct sqlite_store *, struct usage *usage);
mcps_status mcps__sqlite_usage_write(struct sqlite_store *,
                                     const struct usage *usage);
mcps_status mcps__sqlite_usage_clear(struct sqlite_store *, int64_t session);

#endif
