/* A set of nodes kept in order, embedded in what it orders: adding and
 * removing cost O(log n) and never allocate, so that undoing a change cannot
 * fail. (A treap: a search tree whose shape follows from pseudo-random
 * priorities.) */
#ifndef MCPS_STORE_ORDER_H
#define MCPS_STORE_ORDER_H

#include <stdint.h>

/* Ordered by group, then at, then serial, which is different in each. */
struct order_node {
	struct order_node *left;
	struct order_node *right;
	int64_t group;
	int64_t at;
	uint64_t serial;
	void *row; /* what it is embedded in */
};

/* All zero is an empty one. */
struct order {
	struct order_node *root;
};

void mcps__order_add(struct order *order, struct order_node *node);
void mcps__order_remove(struct order *order, struct order_node *node);

/* The first node of GROUP, or NULL. */
struct order_node *mcps__order_first(const struct order *order, int64_t group);

/* The node after NODE in the same group, or NULL. */
struct order_node *mcps__order_next(const struct order *order,
                                    const struct order_node *node);

#endif
