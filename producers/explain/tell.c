/* What comes next for a customer, in sentences. */
#include "base/day.h"
#include "base/money.h"
#include "consumers/dunning/in_words.h"
#include "producers/explain/explain.h"
#include "producers/explain/sentences.h"

#define TEXT_SIZE_MAX ((size_t)64 << 10)
#define DAY_SIZE      16

/* One thing that is being told. Its texts stand in a buffer that may move, so they are places in it until the end. */
struct part {
	size_t at, size;
};
struct telling {
	const struct explanation *explanation;
	explain_teller *tell;
	void *tell_arg;
	struct buf text;
	size_t begun_at;
	char when[32];
	struct part sentence;
	struct part reasons[EXPLAIN_REASONS_MAX], rules[EXPLAIN_REASONS_MAX];
	size_t reasons_count;
};

static void begin(struct telling *telling)
{
	buf_reset(&telling->text);
	telling->begun_at = 0;
	telling->when[0] = '\0';
	telling->sentence = (struct part){ 0 };
	telling->reasons_count = 0;
}

/* What was written since the part before. */
static struct part cut(struct telling *telling)
{
	const struct part part = { .at = telling->begun_at, .size = telling->text.size - telling->begun_at };

	telling->begun_at = telling->text.size;
	return part;
}

/* The reason that was written, and its rules. Beyond EXPLAIN_REASONS_MAX reasons are left out. */
static void add_reason(struct telling *telling, const char *const *rules, size_t rules_count)
{
	const struct part sentence = cut(telling);

	if (telling->reasons_count == EXPLAIN_REASONS_MAX)
		return;
	for (size_t index = 0; index < rules_count; index++)
		buf_add_format(&telling->text, "%s%s", index == 0 ? "" : " ", rules[index]);
	telling->reasons[telling->reasons_count] = sentence;
	telling->rules[telling->reasons_count++] = cut(telling);
}

static struct str str_at(const struct telling *telling, struct part part)
{
	return (struct str){ .data = part.size == 0 ? "" : (const char *)telling->text.data + part.at, .size = part.size };
}

static void end(struct telling *telling, struct explain_next *next)
{
	MUST(!telling->text.overflow);
	next->when = str_of(telling->when);
	next->sentence = str_at(telling, telling->sentence);
	for (size_t index = 0; index < telling->reasons_count; index++)
		next->reasons[index] = (struct explain_reason){ .sentence = str_at(telling, telling->reasons[index]),
								.rules = str_at(telling, telling->rules[index]) };
	next->reasons_count = telling->reasons_count;
	telling->tell(telling->tell_arg, next);
}

static void add_day(struct buf *text, int32_t day)
{
	char formatted[DAY_SIZE];

	day_format(formatted, day);
	buf_add_text(text, formatted);
}

static void add_id(struct buf *text, const struct uuid *id)
{
	char formatted[UUID_TEXT_SIZE + 1];

	uuid_format(formatted, id);
	buf_add_text(text, formatted);
}

static void add_words(struct buf *text, const char *word)
{
	for (; *word != '\0'; word++)
		buf_add_u8(text, *word == '_' ? ' ' : (uint8_t)*word);
}

/* "reminder by email (template first_reminder)", "a person calls". */
static void add_action(struct buf *text, const struct policy_step *step, enum dunning_action action, enum channel channel)
{
	if (action != ACTION_SEND) {
		buf_add_text(text, task_in_words(action));
		return;
	}
	add_words(text, message_class_name((enum message_class)step->message_class));
	buf_add_format(text, " by %s (template %s)", channel_name(channel), step->template_name);
}

/* ---- the next step of a group ---- */

/* "step 2 of house is due on 2026-12-01: reminder by email (template x), about 100.00 EUR of 1 debt" */
static void add_planned(struct buf *text, const struct explain_group *group)
{
	const struct play_line *planned = &group->planned;

	buf_add_format(text, "tep %d of %s ", (int)planned->step->number, planned->policy->name);
	if (planned->said == PLAY_PASSED_OVER) {
		buf_add_text(text, "has failed for good and is passed over on ");
		add_day(text, planned->day);
		return;
	}
	buf_add_text(text, "is due on ");
	add_day(text, planned->day);
	buf_add_text(text, ": ");
	add_action(text, planned->step, planned->action, planned->channel);
	buf_add_text(text, ", about ");
	sentence_amount(text, planned->net_minor, str_of(group->facts.group.currency));
	buf_add_text(text, " of ");
	count_in_words(text, planned->debts_count, "debt");
}

static void tell_follows(struct buf *text, const struct explain_group *group)
{
	if (!group->is_planned)
		return;
	buf_add_text(text, " As things are, s");
	add_planned(text, group);
	buf_add_text(text, ".");
}

/* NULL: it is not among those that were read. */
static const struct explain_waiting *find_waiting(const struct explanation *explanation, const struct uuid *id)
{
	for (size_t index = 0; index < explanation->waiting_count; index++) {
		if (uuid_equal(&explanation->waiting[index].id, id))
			return &explanation->waiting[index];
	}
	return NULL;
}

static void tell_under_way(struct telling *telling, const struct explain_group *group)
{
	const struct uuid *step_id = &group->facts.group.step_id;
	const struct explain_waiting *waiting = find_waiting(telling->explanation, step_id);
	struct buf *text = &telling->text;

	buf_add_format(text, "Step %d of %s is under way", (int)group->facts.under_way.number, group->facts.under_way.policy);
	if (waiting != NULL) {
		buf_add_text(text, ": asked for on ");
		add_day(text, waiting->asked_on);
		day_format(telling->when, waiting->asked_on);
	}
	buf_add_text(text, waiting != NULL && waiting->action != ACTION_SEND ? " as task " : " as message ");
	add_id(text, step_id);
	buf_add_text(text, ".");
	tell_follows(text, group);
}

static void tell_wait(struct telling *telling, const struct explain_group *group)
{
	const struct next_answer *today = &group->today;
	struct buf *text = &telling->text;

	if (today->step == NULL)
		buf_add_text(text, "Dunning waits: ");
	else
		buf_add_format(text, "Step %d of %s waits: ", (int)today->step->number, today->policy->name);
	buf_add_text(text, wait_in_words((enum dunning_wait)today->wait));
	if (today->ask_on != 0) {
		buf_add_text(text, "; the answer may be another one on ");
		add_day(text, today->ask_on);
		day_format(telling->when, today->ask_on);
	}
	buf_add_text(text, ".");
	tell_follows(text, group);
}

/* Nothing is planned, since the step that comes has to wait. */
static void tell_held(struct telling *telling, const struct explain_group *group)
{
	struct buf *text = &telling->text;

	buf_add_text(text, "Nothing is planned: ");
	if (group->held.step != NULL)
		buf_add_format(text, "step %d of %s would come, but ", (int)group->held.step->number, group->held.policy->name);
	buf_add_text(text, "from ");
	add_day(text, group->held.day);
	buf_add_format(text, " on dunning waits: %s.", wait_in_words(group->held.wait));
	day_format(telling->when, group->held.day);
}

static int64_t owed_by(const struct explain_group *group)
{
	int64_t owed = 0;

	for (uint32_t index = 0; index < group->facts.debts_count; index++) {
		if (!money_add(owed, group->facts.debts[index].state.balance_minor, &owed))
			owed = INT64_MAX;
	}
	return owed;
}

static bool by_promise(const struct dunned_debt *debt)
{
	return debt->is_promised != 0;
}

static bool by_hold(const struct dunned_debt *debt)
{
	return debt->is_held != 0;
}

static bool is_arranged(const struct dunned_debt *debt)
{
	return debt->lifecycle == LIFECYCLE_ARRANGED;
}

/* All that is owed is left out for this reason. */
static bool all_left_out(const struct explain_group *group, bool (*is_left_out)(const struct dunned_debt *debt))
{
	for (uint32_t index = 0; index < group->facts.debts_count; index++) {
		const struct dunned_debt *debt = &group->facts.debts[index].state;

		if (debt->balance_minor > 0 && !is_left_out(debt))
			return false;
	}
	return true;
}

static const char *why_nothing(const struct explanation *explanation, const struct explain_group *group)
{
	if (owed_by(group) == 0)
		return "nothing is owed";
	if (explanation->policies.count == 0)
		return "no policy was published";
	if (!group->has_policy)
		return "no policy is for these debts";
	if (all_left_out(group, by_promise))
		return "the person has promised to pay";
	if (all_left_out(group, is_arranged))
		return "the person pays by a plan or a settlement";
	if (all_left_out(group, by_hold))
		return "a hold stops it";
	return "the policy has no further step for them within a year";
}

static void tell_step(struct telling *telling, const struct explain_group *group)
{
	if (!uuid_is_none(&group->facts.group.step_id)) {
		tell_under_way(telling, group);
	} else if (group->today.kind == NEXT_WAIT) {
		tell_wait(telling, group);
	} else if (group->is_planned) {
		buf_add_u8(&telling->text, 'S');
		add_planned(&telling->text, group);
		buf_add_text(&telling->text, ".");
	} else if (group->is_held) {
		tell_held(telling, group);
	} else {
		buf_add_format(&telling->text, "Nothing is planned: %s.", why_nothing(telling->explanation, group));
	}
	if (group->is_planned)
		day_format(telling->when, group->planned.day);
	telling->sentence = cut(telling);
}

/* ---- why ---- */

static const struct dunned_debt *find_highest(const struct explain_group *group)
{
	const struct dunned_debt *highest = &group->facts.debts[0].state;

	for (uint32_t index = 1; index < group->facts.debts_count; index++) {
		if (group->facts.debts[index].state.level > highest->level)
			highest = &group->facts.debts[index].state;
	}
	return highest;
}

/* The first one is the oldest. */
static void reason_debts(struct telling *telling, const struct explain_group *group)
{
	const struct dunned_debt *oldest = &group->facts.debts[0].state, *highest = find_highest(group);
	const int32_t past_due = days_past_due(oldest, telling->explanation->today - 1);
	struct buf *text = &telling->text;

	count_in_words(text, group->facts.debts_count, "debt");
	buf_add_text(text, ", of which ");
	sentence_amount(text, owed_by(group), str_of(group->facts.group.currency));
	buf_add_text(text, " is owed; the oldest was due on ");
	add_day(text, oldest->due_on);
	buf_add_text(text, " and is ");
	count_in_words(text, past_due, "day");
	buf_add_format(text, " past due; the highest level is %d", (int)highest->level);
	if (highest->level > 0) {
		buf_add_format(text, " of %s, since ", highest->policy);
		add_day(text, highest->level_on);
	}
	buf_add_text(text, ".");
	add_reason(telling, NULL, 0);
}

static void reason_policy(struct telling *telling, const struct explain_group *group)
{
	const struct play_line *planned = &group->planned;
	struct buf *text = &telling->text;

	if (!group->is_planned)
		return;
	buf_add_format(text, "By policy %s, version %d, step %d comes ", planned->policy->name, (int)planned->policy->version,
		       (int)planned->step->number);
	trigger_in_words(text, planned->step);
	buf_add_text(text, "; it is assumed that nothing else happens before, and that what is under way is taken.");
	add_reason(telling, NULL, 0);
}

static void reason_wait(struct telling *telling, const struct explain_group *group)
{
	const bool waits = group->today.kind == NEXT_WAIT && uuid_is_none(&group->facts.group.step_id);
	const enum dunning_wait wait = waits ? (enum dunning_wait)group->today.wait : group->held.wait;
	const char *const rule = dunning_wait_name(wait);

	if (!waits && !group->is_held)
		return;
	if (waits) {
		buf_add_text(&telling->text, "It waits");
	} else {
		buf_add_text(&telling->text, "It will wait from ");
		add_day(&telling->text, group->held.day);
		buf_add_text(&telling->text, " on");
	}
	buf_add_format(&telling->text, ", because %s.", wait_in_words(wait));
	add_reason(telling, &rule, 1);
}

static bool concerns(const struct explain_stop *stop, const struct explain_group *group)
{
	if (uuid_is_none(&stop->debt_id))
		return true;
	for (uint32_t index = 0; index < group->facts.debts_count; index++) {
		if (uuid_equal(&group->facts.debts[index].debt_id, &stop->debt_id))
			return true;
	}
	return false;
}

static void reason_stops(struct telling *telling, const struct explain_group *group)
{
	for (size_t index = 0; index < telling->explanation->stops_count; index++) {
		const struct explain_stop *stop = &telling->explanation->stops[index];
		const char *const rule = dunning_stop_kind_name(stop->kind);

		if (!concerns(stop, group))
			continue;
		buf_add_format(&telling->text, "A circumstance (%s, ", rule);
		add_id(&telling->text, &stop->circumstance_id);
		buf_add_text(&telling->text, ") stops ");
		buf_add_text(&telling->text, uuid_is_none(&stop->debt_id) ? "all debts of the person" : "debt ");
		if (!uuid_is_none(&stop->debt_id))
			add_id(&telling->text, &stop->debt_id);
		buf_add_text(&telling->text, ".");
		add_reason(telling, &rule, 1);
	}
}

static void reason_left_out(struct telling *telling, const struct explain_group *group, const char *const *rule, const char *why,
			    bool (*is_left_out)(const struct dunned_debt *debt))
{
	uint32_t count = 0;

	for (uint32_t index = 0; index < group->facts.debts_count; index++)
		count += is_left_out(&group->facts.debts[index].state);
	if (count == 0)
		return;
	buf_add_text(&telling->text, why);
	count_in_words(&telling->text, count, "debt");
	buf_add_format(&telling->text, ", which %s not asked for.", count == 1 ? "is" : "are");
	add_reason(telling, rule, 1);
}

/* ---- channels ---- */

static void tell_verdict(struct buf *text, const struct contact_answer *answer)
{
	const struct guard_verdict *verdict = &answer->verdict;

	if (answer->refusal != NULL) {
		buf_add_text(text, "may not be sent now: ");
		add_words(text, answer->refusal);
		return;
	}
	buf_add_text(text, verdict->verdict == VERDICT_ALLOW   ? "may be sent now"
			   : verdict->verdict == VERDICT_DEFER ? "has to wait"
							       : "may not be sent");
	if (verdict->verdict != VERDICT_DENY && verdict->until_ms != 0) {
		buf_add_text(text, " until ");
		sentence_instant(text, verdict->until_ms);
	}
}

static void reason_channel(struct telling *telling, const struct explain_group *group, enum channel channel)
{
	const struct contact_answer *answer = &group->channels[channel];
	struct buf *text = &telling->text;

	buf_add_text(text, "By the rules, a ");
	add_words(text, message_class_name(group->asked_as));
	buf_add_format(text, " by %s ", channel_name(channel));
	tell_verdict(text, answer);
	buf_add_text(text, ".");
	if (answer->refusal != NULL)
		add_reason(telling, &answer->refusal, 1);
	else
		add_reason(telling, answer->verdict.rules,
			   answer->verdict.verdict == VERDICT_ALLOW ? 0 : answer->verdict.rules_count);
}

static void tell_group(struct telling *telling, const struct explain_group *group)
{
	static const char *const promise = "promise", *const plan = "plan", *const hold = "hold";
	struct explain_next next = { .kind = "group",
				     .creditor_id = &group->facts.group.creditor_id,
				     .currency = group->facts.group.currency };

	begin(telling);
	tell_step(telling, group);
	reason_debts(telling, group);
	reason_policy(telling, group);
	reason_wait(telling, group);
	reason_stops(telling, group);
	reason_left_out(telling, group, &promise, "A promise to pay is open about ", by_promise);
	reason_left_out(telling, group, &plan, "A payment plan or a settlement is open about ", is_arranged);
	reason_left_out(telling, group, &hold, "A hold stops contact or dunning about ", by_hold);
	for (int channel = 1; group->is_asked && channel < CHANNEL_COUNT; channel++) {
		if (explain_asks_about((enum channel)channel))
			reason_channel(telling, group, (enum channel)channel);
	}
	end(telling, &next);
}

/* ---- messages and tasks ---- */

static void tell_state(struct telling *telling, const struct explain_waiting *waiting)
{
	struct buf *text = &telling->text;

	switch (waiting->state) {
	case COMMUNICATION_SCHEDULED:
		buf_add_text(text, "is scheduled: the guard is asked at ");
		sentence_instant(text, waiting->release_at_ms);
		instant_format(telling->when, waiting->release_at_ms);
		return;
	case COMMUNICATION_RELEASED:
		buf_add_text(text, "is released: it leaves as soon as its gateway takes it");
		return;
	case COMMUNICATION_RETRY_WAIT:
		buf_add_text(text, "was not accepted and is tried again");
		return;
	case COMMUNICATION_UNKNOWN:
		buf_add_text(text, "may have been sent: nobody knows, and a person has to find out");
		return;
	case COMMUNICATION_NONE:
	case COMMUNICATION_SUBMITTED:
	case COMMUNICATION_FAILED:
	case COMMUNICATION_EXPIRED:
	case COMMUNICATION_REJECTED:
	case COMMUNICATION_DELIVERED:
	case COMMUNICATION_CANCELLED:
	case COMMUNICATION_SUPPRESSED:
	case COMMUNICATION_MERGED:
	case COMMUNICATION_STATE_COUNT:
		MUST_NOT_REACH("the message waits");
	}
}

static void tell_message(struct telling *telling, const struct explain_waiting *waiting)
{
	const char *const rules = waiting->rules;
	struct buf *text = &telling->text;

	buf_add_text(text, "Message ");
	add_id(text, &waiting->id);
	buf_add_text(text, " (");
	add_words(text, message_class_name(waiting->message_class));
	buf_add_format(text, " by %s) ", channel_name(waiting->channel));
	tell_state(telling, waiting);
	if (waiting->state != COMMUNICATION_UNKNOWN && waiting->send_by_ms != 0) {
		buf_add_text(text, "; it is not sent after ");
		sentence_instant(text, waiting->send_by_ms);
	}
	buf_add_text(text, ".");
	telling->sentence = cut(telling);
	if (waiting->state == COMMUNICATION_SCHEDULED && rules[0] != '\0') {
		buf_add_text(text, "The guard has let it wait.");
		add_reason(telling, &rules, 1);
	}
}

/* " is open since 2026-03-01", " of 2026-03-01 is put off until 2026-03-09" */
static void tell_task_state(struct telling *telling, const struct explain_waiting *waiting)
{
	struct buf *text = &telling->text;

	buf_add_text(text, waiting->back_on == 0 ? " is open since " : " of ");
	add_day(text, waiting->asked_on);
	if (waiting->back_on == 0)
		return;
	if (waiting->task_state == TASK_STATE_TAKEN) {
		buf_add_text(text, " is taken by user ");
		add_id(text, &waiting->taken_by);
		buf_add_text(text, ", and is open again on ");
	} else {
		buf_add_text(text, " is put off until ");
	}
	add_day(text, waiting->back_on);
	day_format(telling->when, waiting->back_on);
}

static void tell_task(struct telling *telling, const struct explain_waiting *waiting)
{
	struct buf *text = &telling->text;

	buf_add_text(text, "Task ");
	add_id(text, &waiting->id);
	tell_task_state(telling, waiting);
	buf_add_format(text, ": %s.", waiting->task_kind == TASK_KIND_TRACE ? trace_in_words() : task_in_words(waiting->action));
	telling->sentence = cut(telling);
}

static void tell_waiting(struct telling *telling, const struct explain_waiting *waiting)
{
	const bool is_message = waiting->action == ACTION_SEND;
	struct explain_next next = { .kind = is_message ? "message" : "task", .id = &waiting->id, .currency = "" };

	if (waiting->has_group) {
		next.creditor_id = &waiting->creditor_id;
		next.currency = waiting->currency;
	}
	begin(telling);
	if (is_message)
		tell_message(telling, waiting);
	else
		tell_task(telling, waiting);
	if (waiting->has_group) {
		buf_add_format(&telling->text,
			       waiting->task_kind == TASK_KIND_TRACE ? "Step %d of %s waits for it." : "It is step %d of %s.",
			       (int)waiting->step, waiting->policy);
		add_reason(telling, NULL, 0);
	}
	end(telling, &next);
}

static void tell_nothing(struct telling *telling)
{
	struct explain_next next = { .kind = "nothing", .currency = "" };

	begin(telling);
	buf_add_text(&telling->text, "Nothing is planned: the person owes nothing that dunning is about.");
	telling->sentence = cut(telling);
	end(telling, &next);
}

void explain_tell(const struct explanation *explanation, explain_teller *tell, void *tell_arg)
{
	struct telling telling = { .explanation = explanation, .tell = tell, .tell_arg = tell_arg };

	buf_init(&telling.text, TEXT_SIZE_MAX);
	for (size_t index = 0; index < explanation->groups_count; index++)
		tell_group(&telling, &explanation->groups[index]);
	if (explanation->groups_count == 0)
		tell_nothing(&telling);
	for (size_t index = 0; index < explanation->waiting_count; index++)
		tell_waiting(&telling, &explanation->waiting[index]);
	buf_release(&telling.text);
}
