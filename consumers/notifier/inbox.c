#include "consumers/notifier/inbox.h"

#include "schemas/communications.h"

#define PARAMS_SIZE_MAX ((size_t)16 << 20)

/* ON CONFLICT: a message is released once, but a duplicate must not stop the reader. */
static const struct db_statement statement_queue = {
	"notifier_queue",
	"INSERT INTO notifier.dispatch (communication_id, customer_id, channel, send_by, contact_point_id, next_at)"
	" SELECT communication_id, customer_id, channel, send_by, contact_point_id, engine.now()"
	" FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[])"
	" u(communication_id, customer_id, channel, send_by, contact_point_id)"
	" ON CONFLICT (communication_id) DO NOTHING",
};

static const struct communication_released *released(const struct read_event *event)
{
	return event->type == &communication_released_type ? event->body : NULL;
}

static size_t add_columns(struct db_params *params, const struct read_event *events, size_t count)
{
	size_t found = 0;

	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		if (released(&events[i]) != NULL) {
			db_array_uuid(params, &released(&events[i])->communication_id);
			found++;
		}
	}
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		if (released(&events[i]) != NULL)
			db_array_uuid(params, &released(&events[i])->customer_id);
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++) {
		if (released(&events[i]) != NULL)
			db_array_text(params, released(&events[i])->channel);
	}
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t i = 0; i < count; i++) {
		if (released(&events[i]) != NULL)
			db_array_instant(params, released(&events[i])->send_by);
	}
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		if (released(&events[i]) == NULL)
			continue;
		if (released(&events[i])->has_contact_point_id)
			db_array_uuid(params, &released(&events[i])->contact_point_id);
		else
			db_array_null(params);
	}
	return found;
}

static int apply(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
	struct inbox *inbox = self;
	size_t found;

	db_params_reset(&inbox->params);
	found = add_columns(&inbox->params, events, count);
	if (found == 0)
		return 0;
	if (inbox->params.overflow)
		return err_set(err, ERR_POISON, "notifier: a batch of events is too large");
	if (db_run(db, &statement_queue, &inbox->params, NULL, err) != 0)
		return -1;
	inbox->queued += found;
	return 0;
}

void inbox_init(struct inbox *inbox)
{
	inbox->queued = 0;
	db_params_init(&inbox->params, PARAMS_SIZE_MAX);
}

void inbox_release(struct inbox *inbox)
{
	db_params_release(&inbox->params);
}

struct reader inbox_reader(struct inbox *inbox)
{
	static const char *const modules[] = { "communications", NULL };

	return (struct reader){ .name = "notifier", .modules = modules, .apply = apply, .self = inbox };
}
