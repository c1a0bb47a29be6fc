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
 * The query of a list: filters, `sort`, `limit`, `cursor`. All faults are reported together. Pure.
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
	bool has_since; /* updatedSince is given: changes, in the order of the log */
	int64_t since_ms;
	size_t sort; /* index in resource->sorts; unused with has_since */
	bool descends;
	int64_t limit;
	bool has_cursor;
	struct str cursor_text;
	struct cursor cursor; /* after list_query_finish; on the first page before all rows */
	uint8_t context[DIGEST_SIZE];

	uint32_t seen; /* bits of sort, limit, cursor */
	struct fault faults[LIST_FAULTS_MAX];
	size_t faults_count;
	char texts[LIST_FAULTS_MAX][LIST_FAULT_TEXT]; /* the details of some faults */
};

void list_query_init(struct list_query *query, const struct resource *resource);

/* Borrows both. */
void list_query_take(struct list_query *query, struct str name, struct str value);

/* The bounds of the list: a cursor is valid within the same bounds only. */
struct list_bounds {
	const struct uuid *owner;     /* this customer's only; NULL: any customer's */
	const struct uuid *parent;    /* the parent in the path; NULL: none */
	const struct str *creditors;  /* only rows about these creditors (consecutive ids); NULL: about any */
	const struct str *portfolios; /* and in these portfolios; NULL: in any or none */
};

/* False: there are faults. */
bool list_query_finish(struct list_query *query, const struct list_bounds *bounds, const uint8_t cursor_key[32]);

#endif
