/* One snapshot of everything that the explanation of a customer rests on. */
#include "base/day.h"
#include "crypto/crypto.h"
#include "producers/explain/explain.h"

#define CAPS_DAYS       7 /* demands of earlier days count against no cap */
#define STATES_MAX      512
#define PARAMS_SIZE_MAX 4096
#define BODIES_SIZE_MAX ((size_t)EXPLAIN_EVENTS_MAX * 65536)

/* ---- life ---- */

void explain_events_init(struct explain_events *events)
{
	events->count = 0;
	events->has_more = false;
	buf_init(&events->bodies, BODIES_SIZE_MAX);
}

void explain_events_release(struct explain_events *events)
{
	buf_release(&events->bodies);
}

int explain_guard_init(struct explain_guard *guard, const uint8_t key[32], struct err *err)
{
	if (arena_init(&guard->arena, EXPLAIN_ARENA_SIZE, err) != 0)
		return -1;
	return communications_load_prepare(&guard->store, key, err);
}

void explain_guard_release(struct explain_guard *guard)
{
	slot_loader_release(&guard->store.loader);
	zones_release(&guard->store.zones);
	wipe(guard->store.key, sizeof(guard->store.key));
	arena_release(&guard->arena);
}

/* ---- statements about a customer ---- */

static int run(struct db *db, const struct db_statement *statement, const struct uuid *customer_id, int64_t limit,
	       struct db_result *ret_result, struct err *err)
{
	struct db_params params;
	int failed;

	db_params_init(&params, PARAMS_SIZE_MAX);
	db_param_uuid(&params, customer_id);
	db_param_int64(&params, limit);
	failed = db_run(db, statement, &params, ret_result, err);
	db_params_release(&params);
	return failed;
}

int explain_begin(struct db *db, const struct uuid *customer_id, bool *ret_is_known, struct err *err)
{
	static const struct db_statement find = { "explain_customer",
						  "SELECT 1 FROM customers.api_customer c WHERE c.customer_id = $1 "
						  "LIMIT $2" };
	struct db_result result = { .pg = NULL };

	if (portfolio_snapshot(db, err) != 0 || run(db, &find, customer_id, 1, &result, err) != 0)
		return -1;
	*ret_is_known = result.rows > 0;
	db_result_release(&result);
	return 0;
}

void explain_end(struct db *db)
{
	db_rollback(db);
}

/* ---- what happened ---- */

static void take_event(struct explain_events *events, const struct db_result *result, int row)
{
	struct explain_event *event = &events->items[events->count];
	struct str body = db_str(result, row, 5);
	bool fits = str_to_chars(event->module, sizeof(event->module), db_str(result, row, 1));

	MUST(fits);
	event->place = db_int64(result, row, 0);
	event->event_id = db_uuid(result, row, 2);
	event->subject_id = db_uuid(result, row, 3);
	event->at_ms = db_instant(result, row, 4);
	event->body_at = events->bodies.size;
	event->body_size = body.size;
	buf_add_str(&events->bodies, body);
	events->count++;
}

static int ask_events(struct db *db, const struct uuid *customer_id, int64_t before, struct db_result *ret_result,
		      struct err *err)
{
	static const struct db_statement newest = {
		"explain_events", "SELECT e.place, e.module, e.event_id, e.subject, e.at, public.dcs_event_body(e.body, "
				  "e.schema_id, e.key, e.subject) FROM api.timeline($1) e "
				  "WHERE e.place < $2 ORDER BY e.place DESC LIMIT $3"
	};
	struct db_params params;
	int failed;

	db_params_init(&params, PARAMS_SIZE_MAX);
	db_param_uuid(&params, customer_id);
	db_param_int64(&params, before);
	db_param_int64(&params, EXPLAIN_EVENTS_MAX + 1);
	failed = db_run(db, &newest, &params, ret_result, err);
	db_params_release(&params);
	return failed;
}

int explain_read_events(struct db *db, const struct uuid *customer_id, int64_t before, struct explain_events *events,
			struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (ask_events(db, customer_id, before, &result, err) != 0)
		return -1;
	events->has_more = result.rows > EXPLAIN_EVENTS_MAX;
	for (int row = 0; row < result.rows && row < EXPLAIN_EVENTS_MAX; row++)
		take_event(events, &result, row);
	db_result_release(&result);
	if (events->bodies.overflow)
		return err_set(err, ERR_FATAL, "the events of a customer do not fit");
	return 0;
}

/* ---- messages that have not left, and tasks ---- */

static const struct db_statement select_messages = {
	"explain_messages",
	"SELECT m.communication_id, g.creditor_id, g.currency, s.policy, s.step, s.asked_on, 'send', m.channel, m.message_class, "
	"m.state, m.release_at, m.send_by, CASE WHEN m.verdict <> 'allow' THEN array_to_string(m.rules, ' ') END "
	"FROM communications.api_communication m LEFT JOIN dunning.step s ON s.step_id = m.communication_id "
	"LEFT JOIN dunning.debt_group g ON g.group_id = s.group_id WHERE m.customer_id = $1 AND m.state IN "
	"('scheduled', 'released', 'retry_wait', 'unknown') ORDER BY m.created_at DESC, m.communication_id LIMIT $2"
};

static const struct db_statement select_tasks = {
	"explain_tasks",
	"SELECT t.task_id, t.creditor_id, t.currency, t.policy, t.step, t.opened_on, t.kind, t.state, t.back_on, t.taken_by "
	"FROM dunning.api_task t WHERE t.customer_id = $1 AND t.state IN ('open', 'taken', 'put_off') "
	"ORDER BY t.opened_on, t.task_id LIMIT $2"
};

enum {
	AT_ID,
	AT_CREDITOR,
	AT_CURRENCY,
	AT_POLICY,
	AT_STEP,
	AT_ASKED_ON,
	AT_ACTION, /* of a message */
	AT_CHANNEL,
	AT_CLASS,
	AT_STATE,
	AT_RELEASE,
	AT_SEND_BY,
	AT_RULES,
	AT_KIND = AT_ACTION, /* of a task */
	AT_TASK_STATE,
	AT_BACK_ON,
	AT_TAKEN_BY
};

static int64_t instant_or_0(const struct db_result *result, int row, int column)
{
	return db_is_null(result, row, column) ? 0 : db_instant(result, row, column);
}

static void take_step(struct explain_waiting *waiting, const struct db_result *result, int row)
{
	bool fits;

	waiting->has_group = !db_is_null(result, row, AT_CREDITOR);
	if (!waiting->has_group)
		return;
	fits = str_to_chars(waiting->currency, sizeof(waiting->currency), db_str(result, row, AT_CURRENCY)) &&
	       str_to_chars(waiting->policy, sizeof(waiting->policy), db_str(result, row, AT_POLICY));
	MUST(fits);
	waiting->creditor_id = db_uuid(result, row, AT_CREDITOR);
	waiting->step = db_int32(result, row, AT_STEP);
	waiting->asked_on = db_date(result, row, AT_ASKED_ON);
}

static void take_message(struct explain_waiting *waiting, const struct db_result *result, int row)
{
	bool fits;

	waiting->action = dunning_action_by_name(db_str(result, row, AT_ACTION));
	waiting->channel = channel_by_name(db_str(result, row, AT_CHANNEL));
	waiting->message_class = message_class_by_name(db_str(result, row, AT_CLASS));
	waiting->state = communication_state_by_name(db_str(result, row, AT_STATE));
	waiting->release_at_ms = instant_or_0(result, row, AT_RELEASE);
	waiting->send_by_ms = instant_or_0(result, row, AT_SEND_BY);
	fits = str_to_chars(waiting->rules, sizeof(waiting->rules),
			    str_prefix(db_str(result, row, AT_RULES), sizeof(waiting->rules) - 1));
	MUST(fits);
}

/* A search for the person is no step: it has no action. */
static void take_task(struct explain_waiting *waiting, const struct db_result *result, int row)
{
	waiting->action = dunning_action_by_name(db_str(result, row, AT_KIND));
	waiting->task_kind = task_kind_by_name(db_str(result, row, AT_KIND));
	waiting->task_state = task_state_by_name(db_str(result, row, AT_TASK_STATE));
	waiting->back_on = db_is_null(result, row, AT_BACK_ON) ? 0 : db_date(result, row, AT_BACK_ON);
	if (!db_is_null(result, row, AT_TAKEN_BY))
		waiting->taken_by = db_uuid(result, row, AT_TAKEN_BY);
}

typedef void take_function(struct explain_waiting *waiting, const struct db_result *result, int row);

static void take_waiting(struct explanation *explanation, take_function *take, const struct db_result *result, int row)
{
	struct explain_waiting *waiting = &explanation->waiting[explanation->waiting_count++];

	*waiting = (struct explain_waiting){ .id = db_uuid(result, row, AT_ID) };
	take_step(waiting, result, row);
	take(waiting, result, row);
}

static int read_waiting(struct db *db, const struct db_statement *statement, take_function *take, struct explanation *explanation,
			struct err *err)
{
	struct db_result result = { .pg = NULL };

	if (run(db, statement, &explanation->customer_id, EXPLAIN_WAITING_MAX + 1, &result, err) != 0)
		return -1;
	for (int row = 0; row < result.rows; row++) {
		if (explanation->waiting_count < EXPLAIN_WAITING_MAX)
			take_waiting(explanation, take, &result, row);
		else
			explanation->has_more_waiting = true;
	}
	db_result_release(&result);
	return 0;
}

/* ---- stops, the time, groups ---- */

static int read_stops(struct db *db, struct explanation *explanation, struct err *err)
{
	static const struct db_statement open = {
		"explain_stops", "SELECT s.circumstance_id, s.debt_id, s.kind FROM dunning.stop s WHERE s.customer_id = $1 "
				 "AND s.is_open ORDER BY s.circumstance_id LIMIT $2"
	};
	struct db_result result = { .pg = NULL };

	if (run(db, &open, &explanation->customer_id, EXPLAIN_STOPS_MAX, &result, err) != 0)
		return -1;
	for (int row = 0; row < result.rows; row++) {
		struct explain_stop *stop = &explanation->stops[explanation->stops_count++];

		*stop = (struct explain_stop){ .circumstance_id = db_uuid(&result, row, 0),
					       .kind = dunning_stop_kind_by_name(db_str(&result, row, 2)) };
		if (!db_is_null(&result, row, 1))
			stop->debt_id = db_uuid(&result, row, 1);
	}
	db_result_release(&result);
	return 0;
}

static int read_time(struct db *db, struct explanation *explanation, struct err *err)
{
	static const struct db_statement now = { "explain_now", "SELECT engine.now()" };
	struct db_result result = { .pg = NULL };
	int32_t business_date;

	if (portfolio_business_date(db, &business_date, err) != 0 || db_run(db, &now, NULL, &result, err) != 0)
		return -1;
	explanation->now_ms = db_instant(&result, 0, 0);
	db_result_release(&result);
	explanation->today = (business_date == DAY_MIN ? day_of_instant(explanation->now_ms) : business_date) + 1;
	return 0;
}

static int read_groups(struct db *db, struct explanation *explanation, struct err *err)
{
	struct portfolio *portfolio = &explanation->portfolio;
	const struct portfolio_group *group = NULL;
	int failed = portfolio_begin(portfolio, db, explanation->today - CAPS_DAYS, &explanation->customer_id, err);

	while (failed == 0 && (failed = portfolio_next(portfolio, &group, err)) == 0 && group != NULL) {
		if (explanation->groups_count == EXPLAIN_GROUPS_MAX) {
			explanation->has_more_groups = true;
			break;
		}
		memcpy(&explanation->groups[explanation->groups_count++].facts, group, portfolio_group_size(group));
	}
	portfolio_end(portfolio);
	return failed;
}

/* ---- channels ---- */

/* About the group's debts that owe something, as its next message would be. */
static struct contact_question question_of(const struct explanation *explanation, const struct explain_group *group,
					   struct uuid debt_ids[GUARD_DEBTS_MAX])
{
	size_t count = 0;

	for (uint32_t index = 0; index < group->facts.debts_count && count < GUARD_DEBTS_MAX; index++) {
		if (group->facts.debts[index].state.balance_minor > 0)
			debt_ids[count++] = group->facts.debts[index].debt_id;
	}
	return (struct contact_question){ .customer_id = explanation->customer_id,
					  .message_class = group->asked_as,
					  .at_ms = explanation->now_ms,
					  .business_date = explanation->today - 1,
					  .debt_ids = debt_ids,
					  .debt_ids_count = count };
}

/* Name and addresses, which are loaded too, do not stay in memory. */
static int ask_group(struct db *db, struct explain_guard *guard, const struct explanation *explanation,
		     struct explain_group *group, struct err *err)
{
	struct uuid debt_ids[GUARD_DEBTS_MAX];
	struct contact_question question = question_of(explanation, group, debt_ids);
	struct workset set;
	bool fits = workset_init(&set, &guard->arena, STATES_MAX);
	int failed = 0;

	for (int channel = 1; fits && channel < CHANNEL_COUNT; channel++) {
		question.channel = (enum channel)channel;
		fits = !explain_asks_about(question.channel) || contactability_touch(&question, &set);
	}
	if (!fits)
		failed = err_set(err, ERR_FATAL, "the facts of a person do not fit");
	else
		failed = communications_load(&guard->store, db, set.missing, set.missing_count, err);
	for (int channel = 1; failed == 0 && channel < CHANNEL_COUNT; channel++) {
		question.channel = (enum channel)channel;
		if (explain_asks_about(question.channel))
			group->is_asked = contactability_ask(&question, &set, &group->channels[channel]);
	}
	wipe(guard->arena.block, guard->arena.used);
	arena_reset(&guard->arena);
	return failed;
}

int explain_read_next(struct db *db, struct explain_guard *guard, struct explanation *explanation, struct err *err)
{
	explanation->groups_count = explanation->waiting_count = explanation->stops_count = 0;
	explanation->has_more_groups = explanation->has_more_waiting = false;
	if (read_time(db, explanation, err) != 0 || portfolio_policies(db, &explanation->policies, err) != 0 ||
	    read_groups(db, explanation, err) != 0 || read_waiting(db, &select_messages, take_message, explanation, err) != 0 ||
	    read_waiting(db, &select_tasks, take_task, explanation, err) != 0 || read_stops(db, explanation, err) != 0)
		return -1;
	explain_plan(explanation);
	for (size_t index = 0; explanation->asks_guard && index < explanation->groups_count; index++) {
		if (ask_group(db, guard, explanation, &explanation->groups[index], err) != 0)
			return -1;
	}
	return 0;
}
