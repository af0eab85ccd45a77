/* For programs with JSON-RPC code of their own: the answer to what they carried
 * out while its session ended. Room for it is made before. */
#include "http/exchange_internal.h"

/* One after the other the requests of a body: *TOKEN is 0 before the first.
 * False: there are no more. */
static bool exchange_next_request(const struct exchange *exchange,
                                  uint32_t *token, struct message *message)
{
	const struct scan *scan = &exchange->scan;

	if (exchange->batch == 0) {
		*message = exchange->message;
		return (*token)++ == 0 && message->scan != NULL &&
		       message->kind == MESSAGE_REQUEST;
	}
	for (;;) {
		*token = *token == 0 ? 1 : scan->tokens[*token].next;
		if (*token >= scan->count)
			return false;
		if (mcps__message_read(message, scan, *token, NULL) ==
		            MCPS_OK &&
		    message->kind == MESSAGE_REQUEST)
			return true;
	}
}

static struct reply_id exchange_id_of(const struct message *message)
{
	struct reply_id id;

	id.text = mcps__message_id(message, &id.length);
	return id;
}

bool mcps__exchange_reserve_outcome(struct exchange *exchange)
{
	struct message message;
	uint32_t token = 0;
	size_t size = 2;

	while (exchange_next_request(exchange, &token, &message))
		size += 1 + REPLY_OUTCOME_MAX + exchange_id_of(&message).length;
	if (size == 2 || mcps__buffer_reserve(&exchange->plan.body, size))
		return true;
	mcps__exchange_refuse(exchange, MCPS_E_NOMEM, NULL, NULL);
	return false;
}

bool mcps__exchange_fail_outcome(struct exchange *exchange)
{
	struct buffer *out = &exchange->plan.body;
	struct message message;
	uint32_t token = 0;
	unsigned count = 0;

	mcps__buffer_reset(out);
	while (exchange_next_request(exchange, &token, &message)) {
		if (exchange->batch != 0)
			mcps__buffer_add_byte(out, count == 0 ? '[' : ',');
		mcps__reply_outcome(out, exchange_id_of(&message), NULL);
		count++;
	}
	if (count == 0)
		return false;
	if (exchange->batch != 0)
		mcps__buffer_add_byte(out, ']');
	exchange->plan.ready = true;
	exchange->plan.status = 200;
	exchange->plan.kind = PLAN_JSON;
	exchange->stage = STAGE_DONE;
	return true;
}
