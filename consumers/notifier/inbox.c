#include "consumers/notifier/inbox.h"

#include "schemas/communications.h"

#define PARAMS_SIZE_MAX ((size_t)16 << 20)

/*
 * ON CONFLICT: a message that could not leave in its time, or got another one, is released again; its last release counts. Its last
 * try, if there was one, certainly did not send it, and was not the last one that it gets: a message whose end is reported is not
 * put into the queue.
 */
static const struct db_statement statement_queue = {
	"notifier_queue",
	"INSERT INTO notifier.dispatch AS d (communication_id, customer_id, channel, send_by, contact_point_id, next_at)"
	" SELECT DISTINCT ON (communication_id) communication_id, customer_id, channel, send_by, contact_point_id, engine.now()"
	" FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[]) WITH ORDINALITY"
	" u(communication_id, customer_id, channel, send_by, contact_point_id, n) ORDER BY communication_id, n DESC"
	" ON CONFLICT (communication_id) DO UPDATE SET state = 'queued', send_by = excluded.send_by,"
	" contact_point_id = excluded.contact_point_id, next_at = excluded.next_at, last_gateway = NULL, asks = 0"
	" WHERE d.state = 'done' AND NOT EXISTS (SELECT FROM notifier.attempt a WHERE a.communication_id = d.communication_id"
	" AND a.attempt = d.attempts AND a.outcome IS DISTINCT FROM 'not_accepted' AND NOT a.not_sent)",
};

/* It waits for its new time: until its next release nothing is done about it, and its old send_by ends nothing. */
static const struct db_statement statement_take_back = {
	"notifier_take_back",
	"UPDATE notifier.dispatch SET state = 'done' WHERE communication_id = ANY ($1::uuid[]) AND state IN ('queued', "
	"'waiting')",
};

/* A person found out that the unknown attempt was not sent: there may be another. A repeated event finds nothing to change. */
static const struct db_statement statement_send_again = {
	"notifier_send_again",
	"WITH resolved AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::integer[]) u(communication_id, attempt)),"
	" noted AS (UPDATE notifier.attempt a SET not_sent = true FROM resolved r WHERE a.communication_id = r.communication_id"
	" AND a.attempt = r.attempt AND coalesce(a.outcome, '') = 'unknown' AND NOT a.not_sent RETURNING a.communication_id)"
	" UPDATE notifier.dispatch d SET state = 'waiting', next_at = engine.now(), last_gateway = NULL, asks = 0 FROM noted n"
	" WHERE d.communication_id = n.communication_id AND d.state = 'done'",
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

static const struct communication_progressed *sent_again(const struct read_event *event)
{
	const struct communication_progressed *progressed = event->type == &communication_progressed_type ? event->body : NULL;

	return progressed != NULL && str_is(progressed->previous_state, "unknown") && str_is(progressed->state, "retry_wait")
		       ? progressed
		       : NULL;
}

static int send_again(struct inbox *inbox, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
	size_t found = 0;

	db_params_reset(&inbox->params);
	db_array_begin(&inbox->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		if (sent_again(&events[i]) != NULL) {
			db_array_uuid(&inbox->params, &sent_again(&events[i])->communication_id);
			found++;
		}
	}
	db_array_begin(&inbox->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++) {
		if (sent_again(&events[i]) != NULL)
			db_array_int32(&inbox->params, sent_again(&events[i])->attempt);
	}
	if (found == 0)
		return 0;
	inbox->queued += found;
	return db_run(db, &statement_send_again, &inbox->params, NULL, err);
}

static int queue_released(struct inbox *inbox, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
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

/* Whether the messages' last release in these events comes after event `index`. */
static bool is_released_after(const struct read_event *events, size_t count, size_t index)
{
	const struct communication_rescheduled *rescheduled = events[index].body;

	for (size_t i = index + 1; i < count; i++) {
		if (released(&events[i]) != NULL &&
		    uuid_equal(&released(&events[i])->communication_id, &rescheduled->communication_id))
			return true;
	}
	return false;
}

/* `only_last`: those that the same events do not release again. */
static int take_back(struct inbox *inbox, struct db *db, const struct read_event *events, size_t count, bool only_last,
		     struct err *err)
{
	size_t found = 0;

	db_params_reset(&inbox->params);
	db_array_begin(&inbox->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++) {
		if (events[i].type != &communication_rescheduled_type || (only_last && is_released_after(events, count, i)))
			continue;
		db_array_uuid(&inbox->params, &((const struct communication_rescheduled *)events[i].body)->communication_id);
		found++;
	}
	return found == 0 ? 0 : db_run(db, &statement_take_back, &inbox->params, NULL, err);
}

/* What got another time is taken back before it is queued for its next release, and after the release that came before. */
static int apply(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
	struct inbox *inbox = self;

	if (take_back(inbox, db, events, count, false, err) != 0 || queue_released(inbox, db, events, count, err) != 0 ||
	    take_back(inbox, db, events, count, true, err) != 0)
		return -1;
	return send_again(inbox, db, events, count, err);
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
