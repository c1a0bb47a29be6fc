#include "base/must.h"
#include "producers/explain/explain.h"

static struct explain_group *find_group(struct explanation *explanation, const struct uuid *group_id)
{
	for (size_t index = 0; index < explanation->groups_count; index++) {
		if (uuid_equal(&explanation->groups[index].facts.group_id, group_id))
			return &explanation->groups[index];
	}
	MUST_NOT_REACH("a group that is not played");
}

static void keep(struct play_line *kept, bool *is_kept, const struct play_line *line)
{
	if (*is_kept)
		return;
	*is_kept = true;
	*kept = *line;
	kept->group = NULL;
}

/* The first step of each group, and what holds it back. */
static void note_line(void *explanation_arg, const struct play_line *line)
{
	struct explain_group *group = find_group(explanation_arg, &line->group->group_id);

	if (group->is_planned)
		return;
	switch (line->said) {
	case PLAY_STEP:
	case PLAY_PASSED_OVER:
		keep(&group->planned, &group->is_planned, line);
		return;
	case PLAY_WAIT:
		if (group->today.kind != NEXT_WAIT)
			keep(&group->held, &group->is_held, line);
		return;
	case PLAY_TAKEN:
		return;
	}
}

static bool is_for(const struct policies *policies, const struct portfolio_group *group, const struct dunned_debt *debt,
		   int32_t today)
{
	const struct segment_facts segment = {
		.country = group->person.country,
		.language = group->person.locale,
		.customer_kind = group->person.kind,
		.currency = group->group.currency,
		.creditor_id = group->group.creditor_id,
		.portfolio_id = debt->portfolio_id,
		.balance_minor = debt->balance_minor,
		.days_past_due = days_past_due(debt, today),
		.is_charged_off = debt->lifecycle == LIFECYCLE_CHARGED_OFF,
	};

	return debt->balance_minor > 0 && policies_for(policies, &segment) != NULL;
}

static void plan_group(const struct explanation *explanation, struct explain_group *group)
{
	portfolio_ask(&group->facts, &group->facts.demands, &explanation->policies, explanation->today, &group->today);
	group->is_planned = group->is_held = group->has_policy = false;
	for (uint32_t index = 0; index < group->facts.debts_count; index++) {
		if (is_for(&explanation->policies, &group->facts, &group->facts.debts[index].state, explanation->today))
			group->has_policy = true;
	}
}

void explain_plan(struct explanation *explanation)
{
	const struct play play = { .policies = &explanation->policies,
				   .from = explanation->today,
				   .days = PLAY_DAYS_MAX,
				   .tell = note_line,
				   .tell_arg = explanation };

	for (size_t index = 0; index < explanation->groups_count; index++) {
		plan_group(explanation, &explanation->groups[index]);
		memcpy(&explanation->played[index], &explanation->groups[index].facts,
		       portfolio_group_size(&explanation->groups[index].facts));
	}
	if (explanation->groups_count > 0)
		play_person(&play, explanation->played, explanation->groups_count);
	for (size_t index = 0; index < explanation->groups_count; index++) {
		struct explain_group *group = &explanation->groups[index];
		const bool is_message = group->is_planned && group->planned.action == ACTION_SEND;

		group->asked_as = is_message ? (enum message_class)group->planned.step->message_class : MESSAGE_CLASS_REMINDER;
	}
}

bool explain_asks_about(enum channel channel)
{
	return message_channel_by_name(str_of(channel_name(channel))) != CHANNEL_NONE;
}
