/* Duplicate keys. Few keys are compared pairwise; many are sorted by merging,
 * which no choice of keys makes slower than n log n and which needs neither
 * memory nor a secret: the list runs through the `count` of the key tokens,
 * which is 0 before and after. */
#include "rpc/scan_internal.h"

enum { PAIRWISE_MOST = 12, SORT_RUNS = 32 };

struct sort {
	struct scan *scan;
	uint32_t repeated; /* the least key that equals an earlier one */
};

static uint32_t key_after(const struct scan *scan, uint32_t key)
{
	return scan->tokens[key + 1].next;
}

/* Mostly the lengths differ, and nothing needs to be read. */
static bool scan_keys_is_same(const struct scan *scan, uint32_t key,
                              uint32_t other)
{
	const struct scan_token *one = &scan->tokens[key];
	const struct scan_token *two = &scan->tokens[other];

	if (one->length != two->length &&
	    ((one->flags | two->flags) & SCAN_ESCAPED) == 0)
		return false;
	return mcps__scan_order(scan, key, other) == 0;
}

static uint32_t scan_keys_repeated_pairwise(const struct scan *scan,
                                            uint32_t object)
{
	uint32_t first = object + 1;
	uint32_t key = first;

	for (uint32_t left = scan->tokens[object].count; left > 0; left--) {
		for (uint32_t other = first; other != key;
		     other = key_after(scan, other)) {
			if (scan_keys_is_same(scan, key, other))
				return key;
		}
		key = key_after(scan, key);
	}
	return SCAN_NONE;
}

/* Merge two sorted lists, LEFT being the earlier in the text. Keys that end
 * up beside each other have been compared here: equal ones cannot be missed. */
static uint32_t scan_keys_merge(struct sort *sort, uint32_t left,
                                uint32_t right)
{
	struct scan_token *tokens = sort->scan->tokens;
	uint32_t head = 0;
	uint32_t *tail = &head;

	while (left != 0 && right != 0) {
		int order = mcps__scan_order(sort->scan, left, right);
		uint32_t *from = order <= 0 ? &left : &right;

		if (order == 0 &&
		    (sort->repeated == SCAN_NONE || right < sort->repeated))
			sort->repeated = right;
		*tail = *from;
		tail = &tokens[*from].count;
		*from = *tail;
	}
	*tail = left != 0 ? left : right;
	return head;
}

/* Run N is empty or a sorted list of 2^N keys: adding a key is counting. */
static void add_key(struct sort *sort, uint32_t runs[SORT_RUNS], uint32_t key)
{
	unsigned run = 0;

	for (; runs[run] != 0; run++) {
		key = scan_keys_merge(sort, runs[run], key);
		runs[run] = 0;
	}
	runs[run] = key;
}

static void scan_keys_merge_runs(struct sort *sort,
                                 const uint32_t runs[SORT_RUNS])
{
	uint32_t sorted = 0;

	for (unsigned run = 0; run < SORT_RUNS; run++) {
		if (runs[run] != 0)
			sorted = scan_keys_merge(sort, runs[run], sorted);
	}
}

static void scan_keys_forget_links(struct scan *scan, uint32_t object)
{
	uint32_t key = object + 1;

	for (uint32_t left = scan->tokens[object].count; left > 0; left--) {
		scan->tokens[key].count = 0;
		key = key_after(scan, key);
	}
}

static uint32_t scan_keys_repeated_sorted(struct scan *scan, uint32_t object)
{
	struct sort sort = { scan, SCAN_NONE };
	uint32_t runs[SORT_RUNS] = { 0 };
	uint32_t key = object + 1;

	for (uint32_t left = scan->tokens[object].count; left > 0; left--) {
		add_key(&sort, runs, key);
		key = key_after(scan, key);
	}
	scan_keys_merge_runs(&sort, runs);
	scan_keys_forget_links(scan, object);
	return sort.repeated;
}

uint32_t mcps__scan_repeated(struct scan *scan, uint32_t object)
{
	if (scan->tokens[object].kind != SCAN_OBJECT)
		return SCAN_NONE;
	if (scan->tokens[object].count <= PAIRWISE_MOST)
		return scan_keys_repeated_pairwise(scan, object);
	return scan_keys_repeated_sorted(scan, object);
}
