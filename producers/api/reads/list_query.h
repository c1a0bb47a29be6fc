#ifndef API_READS_LIST_QUERY_H
#define API_READS_LIST_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/api/http/call.h"
#include "producers/api/reads/cursor.h"
#include "producers/api/reads/questions.h"
#include "producers/api/reads/resource.h"

/*
 * What the query of a list says: filters, `sort`, `limit`, `cursor`. Everything that is wrong with it is told at once. Pure.
 *
 *   list_query_init; list_query_take for each argument; list_query_finish
 */
#define LIST_LIMIT_DEFAULT 50
#define LIST_LIMIT_MAX     200
#define LIST_FAULTS_MAX    8
#define LIST_FAULT_TEXT    160

struct list_query {
	const struct resource *resource;
	uint32_t given; /* bits of filters */
	struct question_value filters[RESOURCE_FILTERS_MAX];
	bool has_since; /* what was changed since then: in the order of its log */
	int64_t since_ms;
	size_t sort; /* of resource->sorts; without has_since */
	bool descends;
	int64_t limit;
	bool has_cursor;
	struct str cursor_text;
	struct cursor cursor; /* after list_query_finish: of the first page too, before everything */
	uint8_t context[DIGEST_SIZE];

	uint32_t seen; /* bits of sort, limit, cursor */
	struct fault faults[LIST_FAULTS_MAX];
	size_t faults_count;
	char texts[LIST_FAULTS_MAX][LIST_FAULT_TEXT]; /* of some faults: what they say */
};

void list_query_init(struct list_query *query, const struct resource *resource);

/* Borrows both. */
void list_query_take(struct list_query *query, struct str name, struct str value);

/* Within which bounds: a cursor is good in the same ones only. */
struct list_bounds {
	const struct uuid *owner;     /* only this customer's; NULL: anybody's */
	const struct uuid *parent;    /* what they hang on; NULL: nothing */
	const struct str *creditors;  /* only what is about these, ids behind each other; NULL: about any */
	const struct str *portfolios; /* and in these; NULL: in any, and in none */
};

/* False: there are faults. */
bool list_query_finish(struct list_query *query, const struct list_bounds *bounds, const uint8_t cursor_key[32]);

#endif
