#include "policy_text.h"

#include "consumers/dunning/in_words.h"

/* ---- for whom ---- */

static void add_days(struct buf *text, int32_t from, int32_t to)
{
	if (to > 0)
		buf_add_format(text, ", %d to %d days past due", (int)from, (int)to);
	else if (from > 0)
		buf_add_format(text, ", %d days past due or more", (int)from);
}

static void add_segment(struct buf *text, const struct policy *policy)
{
	static const char *const kinds[CUSTOMER_KIND_COUNT] = {
		[CUSTOMER_KIND_NONE] = "persons and companies",
		[CUSTOMER_KIND_NATURAL] = "persons",
		[CUSTOMER_KIND_LEGAL] = "companies",
	};

	buf_add_format(text, "  for %s", kinds[policy->customer_kind]);
	if (policy->jurisdiction[0] != '\0')
		buf_add_format(text, " in %s", policy->jurisdiction);
	for (uint32_t index = 0; index < policy->languages_count; index++)
		buf_add_format(text, "%s%s", index == 0 ? " whose language is " : ", ", policy->languages[index]);
	buf_add_text(text, policy->is_charged_off ? "; debts that are charged off" : "; debts that are not charged off");
	if (policy->currency[0] != '\0')
		buf_add_format(text, ", in %s", policy->currency);
	add_days(text, policy->days_from, policy->days_to);
	if (policy->balance_from > 0)
		buf_add_format(text, ", of %lld minor units or more", (long long)policy->balance_from);
	if (policy->balance_to > 0)
		buf_add_format(text, ", below %lld minor units", (long long)policy->balance_to);
	if (policy->creditors_count > 0)
		buf_add_format(text, ", of %u creditors", (unsigned)policy->creditors_count);
	if (policy->portfolios_count > 0)
		buf_add_format(text, ", in %u portfolios", (unsigned)policy->portfolios_count);
	buf_add_text(text, "\n");
}

static void add_rules(struct buf *text, const struct policy *policy)
{
	buf_add_format(text, "  priority %d; below %lld minor units nothing is done; demands: %d a day, %d in seven days\n",
		       (int)policy->priority, (long long)policy->tolerance_minor, (int)policy->demands_a_day,
		       (int)policy->demands_a_week);
	buf_add_format(text, "  catch-up %s; new debts %s; a reopened debt: %s\n",
		       dunning_catch_up_name((enum dunning_catch_up)policy->catch_up),
		       dunning_new_debts_name((enum dunning_new_debts)policy->new_debts),
		       dunning_reopened_name((enum dunning_reopened)policy->reopened));
	for (uint32_t index = 0; index < policy->arms_count; index++)
		buf_add_format(text, "%s%s %d", index == 0 ? "  arms: " : ", ", policy->arms[index].name,
			       (int)policy->arms[index].weight);
	buf_add_text(text, policy->arms_count > 0 ? "\n" : "");
}

/* ---- a step ---- */

static void add_conditions(struct buf *text, const struct policy_step *step)
{
	if (step->arm[0] != '\0')
		buf_add_format(text, ", only in the arm %s", step->arm);
	if (step->min_balance_minor > 0)
		buf_add_format(text, ", from %lld minor units on", (long long)step->min_balance_minor);
	if (step->min_age_days > 0)
		buf_add_format(text, ", of debts %d days old or more", (int)step->min_age_days);
	add_days(text, step->days_from, step->days_to);
}

static void add_message(struct buf *text, const struct policy_step *step)
{
	buf_add_format(text, "send %s (%s) by ", step->template_name,
		       message_class_name((enum message_class)step->message_class));
	for (uint32_t index = 0; index < step->channels_count; index++)
		buf_add_format(text, "%s%s", index == 0 ? "" : ", else ", channel_name((enum channel)step->channels[index]));
	buf_add_text(text, " within ");
	count_in_words(text, step->send_days, "day");
}

static void add_action(struct buf *text, const struct policy_step *step)
{
	if (step->action == ACTION_SEND)
		add_message(text, step);
	else
		buf_add_text(text, task_in_words((enum dunning_action)step->action));
}

static void add_failure(struct buf *text, const struct policy_step *step)
{
	switch ((enum dunning_otherwise)step->otherwise) {
	case OTHERWISE_RETRY:
		buf_add_text(text, "; if it fails: again after ");
		count_in_words(text, step->retry_days, "day");
		buf_add_format(text, ", %d times in all", (int)step->tries_max);
		break;
	case OTHERWISE_REVIEW:
		buf_add_text(text, step->action == ACTION_SEND ? "; if it fails: a person looks at it" : "");
		break;
	case OTHERWISE_MOVE_ON:
		buf_add_text(text, step->action == ACTION_SEND ? "; if it fails: the next step" : "");
		break;
	case OTHERWISE_NONE:
	case DUNNING_OTHERWISE_COUNT:
		break;
	}
	if (step->wait_days > 0) {
		buf_add_text(text, "; nothing for ");
		count_in_words(text, step->wait_days, "day");
		buf_add_text(text, " after it");
	}
}

void policy_text(struct buf *text, const struct policy *policy, struct str title)
{
	buf_add_format(text, "%s/%d  %.*s\n", policy->name, (int)policy->version, (int)title.size, title.data);
	add_segment(text, policy);
	add_rules(text, policy);
	for (uint32_t index = 0; index < policy->steps_count; index++) {
		const struct policy_step *step = &policy->steps[index];

		buf_add_format(text, "  %2d  ", (int)step->number);
		trigger_in_words(text, step);
		add_conditions(text, step);
		buf_add_text(text, ": ");
		add_action(text, step);
		add_failure(text, step);
		buf_add_text(text, "\n");
	}
}
