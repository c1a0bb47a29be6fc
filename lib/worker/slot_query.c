#include "worker/slot_query.h"

#include <stdlib.h>

#include "base/must.h"

#define LIST_SIZE_MAX   ((size_t)64 << 20)
#define PARAMS_SIZE_MAX ((size_t)256 << 20)

void slot_loader_init(struct slot_loader *loader)
{
	for (size_t index = 0; index < SLOT_QUERIES_MAX; index++)
		buf_init(&loader->lists[index], LIST_SIZE_MAX);
	db_params_init(&loader->params, PARAMS_SIZE_MAX);
}

void slot_loader_release(struct slot_loader *loader)
{
	for (size_t index = 0; index < SLOT_QUERIES_MAX; index++)
		buf_release(&loader->lists[index]);
	db_params_release(&loader->params);
}

static struct slot **list_slots(const struct buf *list)
{
	return (struct slot **)(void *)list->data;
}

static size_t list_count(const struct buf *list)
{
	return list->size / sizeof(struct slot *);
}

static int compare_ids(const void *a, const void *b)
{
	struct slot *const *first = a;
	struct slot *const *second = b;

	return uuid_compare(&(*first)->id, &(*second)->id);
}

/*
 * Sorts by id: all transactions lock rows in the same order, and neighbouring entries of an index are read together. New ids are
 * often in order already. The id of a natural key is a hash, unrelated to its place in an index: such slots keep their order.
 */
static void sort_list(struct slot **slots, size_t count)
{
	size_t sorted = 1;

	if (count < 2 || slots[0]->text.size > 0)
		return;
	while (sorted < count && uuid_compare(&slots[sorted - 1]->id, &slots[sorted]->id) <= 0)
		sorted++;
	if (sorted < count)
		qsort(slots, count, sizeof(*slots), compare_ids);
}

static void sort_into_lists(struct slot_loader *loader, const struct slot_query *queries, size_t queries_count,
			    struct slot **slots, size_t count)
{
	for (size_t query = 0; query < queries_count; query++)
		buf_reset(&loader->lists[query]);
	for (size_t index = 0; index < count; index++) {
		bool found = false;

		for (size_t query = 0; query < queries_count; query++) {
			if (queries[query].entity != slots[index]->entity)
				continue;
			buf_add(&loader->lists[query], &slots[index], sizeof(slots[index]));
			found = true;
		}
		MUST(found);
		slots[index]->loaded = true;
		slots[index]->exists = false;
		slots[index]->stored = false;
	}
	for (size_t query = 0; query < queries_count; query++) {
		MUST(!loader->lists[query].overflow);
		sort_list(list_slots(&loader->lists[query]), list_count(&loader->lists[query]));
	}
}

static int send_query(struct slot_loader *loader, struct db *db, const struct slot_query *query, const struct buf *list,
		      void *self, struct err *err)
{
	struct slot **slots = list_slots(list);

	db_params_reset(&loader->params);
	if (query->ask != NULL)
		query->ask(self, &loader->params, slots, list_count(list));
	else
		slots_add_ids(&loader->params, slots, list_count(list));
	return db_send(db, query->template != NULL ? db_template_statement(query->template) : query->statement, &loader->params,
		       err);
}

static int read_row(const struct slot_query *query, void *self, const struct db_result *result, int row, struct slot *slot,
		    struct err *err)
{
	if (query->template != NULL)
		db_columns_read(query->template->columns, result, row,
				db_result_columns(result) - db_columns_count(query->template->columns), slot->state);
	return query->read != NULL ? query->read(self, result, row, slot, err) : 0;
}

static int receive_query(struct db *db, const struct slot_query *query, const struct buf *list, void *self, struct err *err)
{
	struct db_result result = { 0 };
	int rc = db_receive(db, &result, err);

	for (int row = 0; rc == 0 && row < result.rows; row++) {
		int64_t number = db_int64(&result, row, 0);
		struct slot *slot;

		MUST(number >= 1);
		MUST((size_t)number <= list_count(list));
		slot = list_slots(list)[number - 1];
		slot->exists = true;
		slot->stored = true;
		rc = read_row(query, self, &result, row, slot, err);
	}
	db_result_release(&result);
	return rc;
}

int slot_queries_run(struct slot_loader *loader, struct db *db, const struct slot_query *queries, size_t queries_count,
		     void *self, struct slot **slots, size_t count, struct err *err)
{
	struct err end_err = ERR_INIT;
	int rc;

	MUST(queries_count <= SLOT_QUERIES_MAX);
	sort_into_lists(loader, queries, queries_count, slots, count);
	if (db_pipeline_begin(db, err) < 0)
		return -1;
	rc = 0;
	for (size_t query = 0; rc == 0 && query < queries_count; query++) {
		if (list_count(&loader->lists[query]) > 0)
			rc = send_query(loader, db, &queries[query], &loader->lists[query], self, err);
	}
	if (rc == 0)
		rc = db_pipeline_flush(db, err);
	for (size_t query = 0; rc == 0 && query < queries_count; query++) {
		if (list_count(&loader->lists[query]) > 0)
			rc = receive_query(db, &queries[query], &loader->lists[query], self, err);
	}
	if (db_pipeline_end(db, rc == 0 ? err : &end_err) < 0)
		rc = -1;
	return rc;
}

static struct slot **select_slots(struct buf *list, const struct workset *set, const struct entity *entity, bool also_new,
				  size_t *ret_count)
{
	buf_reset(list);
	for (size_t index = 0; index < set->slots_count; index++) {
		struct slot *slot = set->slots[index];

		if (slot->entity == entity && slot->changed && (slot->stored || also_new))
			buf_add(list, &slot, sizeof(slot));
	}
	MUST(!list->overflow);
	*ret_count = list_count(list);
	return list_slots(list);
}

struct slot **slots_changed(struct buf *list, const struct workset *set, const struct entity *entity, size_t *ret_count)
{
	return select_slots(list, set, entity, true, ret_count);
}

struct slot **slots_to_update(struct buf *list, const struct workset *set, const struct entity *entity, size_t *ret_count)
{
	return select_slots(list, set, entity, false, ret_count);
}

void slot_note_event(const struct workset *set, const struct entity *entity, const struct uuid *id,
		     const struct logged_event *logged)
{
	struct slot *slot = workset_find(set, entity, id);

	if (slot == NULL || !slot->changed)
		return;
	slot->changed_at_ms = logged->at_ms;
	slot->changed_seq = logged->seq;
}

void slots_note_events(const struct workset *set, const struct entity *entity, const struct logged_event *events,
		       size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;

		if (message_is_numbered(event->type))
			slot_note_event(set, entity, message_uuid(event->type->aggregate_field, event->body), &events[index]);
	}
}

void slots_add_changed_at(struct db_params *params, struct slot **slots, size_t count)
{
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t index = 0; index < count; index++)
		db_array_instant(params, slots[index]->changed_at_ms);
}

void slots_add_changed_seq(struct db_params *params, struct slot **slots, size_t count)
{
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t index = 0; index < count; index++)
		db_array_int64(params, slots[index]->changed_seq);
}

void slots_add_ids(struct db_params *params, struct slot **slots, size_t count)
{
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &slots[index]->id);
}

void slots_add_columns(struct db_params *params, const struct db_columns *columns, struct slot **slots, size_t count)
{
	for (const struct db_column *column = db_columns_next(columns, NULL); column != NULL;
	     column = db_columns_next(columns, column)) {
		db_array_begin(params, column->type);
		for (size_t index = 0; index < count; index++)
			db_array_column(params, column, slots[index]->state);
	}
}
