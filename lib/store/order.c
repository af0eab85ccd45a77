#include "store/order.h"

#include <stdbool.h>
#include <stddef.h>

/* splitmix64: a shuffle of the serial numbers, the same in every run. */
static uint64_t order_priority(const struct order_node *node)
{
	uint64_t mixed = node->serial + 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return mixed ^ (mixed >> 31);
}

static bool order_is_before(const struct order_node *a,
                            const struct order_node *b)
{
	if (a->group != b->group)
		return a->group < b->group;
	if (a->at != b->at)
		return a->at < b->at;
	return a->serial < b->serial;
}

/* Part the tree NODE into what is before AT and what is after it. */
static void order_split(struct order_node *node, const struct order_node *at,
                        struct order_node **low, struct order_node **high)
{
	while (node != NULL) {
		if (order_is_before(node, at)) {
			*low = node;
			low = &node->right;
			node = node->right;
		} else {
			*high = node;
			high = &node->left;
			node = node->left;
		}
	}
	*low = NULL;
	*high = NULL;
}

static struct order_node *order_join(struct order_node *low,
                                     struct order_node *high)
{
	struct order_node *root = NULL;
	struct order_node **link = &root;

	while (low != NULL && high != NULL) {
		if (order_priority(low) > order_priority(high)) {
			*link = low;
			link = &low->right;
			low = low->right;
		} else {
			*link = high;
			link = &high->left;
			high = high->left;
		}
	}
	*link = low != NULL ? low : high;
	return root;
}

void mcps__order_add(struct order *order, struct order_node *node)
{
	struct order_node **link = &order->root;

	while (*link != NULL && order_priority(*link) >= order_priority(node))
		link = order_is_before(*link, node) ? &(*link)->right
		                                    : &(*link)->left;
	order_split(*link, node, &node->left, &node->right);
	*link = node;
}

void mcps__order_remove(struct order *order, struct order_node *node)
{
	struct order_node **link = &order->root;

	while (*link != NULL && *link != node)
		link = order_is_before(*link, node) ? &(*link)->right
		                                    : &(*link)->left;
	if (*link == node)
		*link = order_join(node->left, node->right);
}

/* The first node that is not before AT. */
static struct order_node *order_lower_bound(const struct order *order,
                                            const struct order_node *at)
{
	struct order_node *node = order->root;
	struct order_node *found = NULL;

	while (node != NULL) {
		if (order_is_before(node, at)) {
			node = node->right;
		} else {
			found = node;
			node = node->left;
		}
	}
	return found != NULL && found->group == at->group ? found : NULL;
}

struct order_node *mcps__order_first(const struct order *order, int64_t group)
{
	struct order_node at = { .group = group, .at = INT64_MIN };

	return order_lower_bound(order, &at);
}

struct order_node *mcps__order_next(const struct order *order,
                                    const struct order_node *node)
{
	struct order_node at = *node;

	at.serial++;
	return order_lower_bound(order, &at);
}
