#include "consumers/dunning/dry_run.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/money.h"

void dry_run_init(struct dry_run *run, const struct policies *policies, int32_t today)
{
	*run = (struct dry_run){ .policies = policies, .today = today };
}

/* ---- a group ---- */

static enum dunning_action action_of(const struct dry_item *item)
{
	if (item->kind == NEXT_STEP)
		return (enum dunning_action)item->step->action;
	return item->kind == NEXT_EXHAUSTED && item->end == NEXT_END_REVIEW ? ACTION_REVIEW : ACTION_NONE;
}

static void fill(struct dry_item *item, const struct portfolio_group *group, const struct next_answer *answer, int32_t today)
{
	*item = (struct dry_item){ .customer_id = group->group.customer_id,
				   .group_id = group->group_id,
				   .creditor_id = group->group.creditor_id,
				   .kind = answer->kind,
				   .wait = (enum dunning_wait)answer->wait,
				   .ask_on = answer->ask_on,
				   .policy = answer->policy,
				   .step = answer->step,
				   .channel = (enum channel)answer->channel,
				   .debts_count = answer->listed_count,
				   .net_minor = answer->net_minor };
	memcpy(item->currency, group->group.currency, sizeof(item->currency));
	if (item->kind == NEXT_EXHAUSTED)
		item->end = next_end_of(item->step, &group->group);
	if (item->kind == NEXT_EXHAUSTED && item->end == NEXT_END_RETRY) {
		item->kind = NEXT_WAIT;
		item->wait = WAIT_RETRY;
		item->ask_on = today + item->step->retry_days;
	}
	item->action = action_of(item);
}

void dry_run_ask(struct dry_run *run, const struct portfolio_group *group, struct next_answer *ret_answer,
		 struct dry_item *ret_item)
{
	if (!uuid_equal(&run->customer_id, &group->group.customer_id)) {
		run->customer_id = group->group.customer_id;
		run->demands = group->demands;
	}
	portfolio_ask(group, &run->demands, run->policies, run->today, ret_answer);
	fill(ret_item, group, ret_answer, run->today);
	if (ret_item->kind == NEXT_STEP && portfolio_is_demand(ret_answer, ret_item->action))
		demands_add(&run->demands, run->today);
}

/* ---- two answers ---- */

static bool has_step(const struct dry_item *item)
{
	return item->kind == NEXT_STEP || item->kind == NEXT_EXHAUSTED;
}

static bool is_other_way(const struct dry_item *a, const struct dry_item *b)
{
	return a->action != b->action || a->channel != b->channel || a->step->message_class != b->step->message_class ||
	       strcmp(a->step->template_name, b->step->template_name) != 0;
}

static int32_t number_of(const struct dry_item *item)
{
	return item->step == NULL ? 0 : item->step->number;
}

enum dry_difference dry_difference(const struct dry_item *a, const struct dry_item *b)
{
	if (has_step(a) != has_step(b))
		return has_step(a) ? DRY_ENDS : DRY_BEGINS;
	if (!has_step(a))
		return a->kind != b->kind || a->wait != b->wait || number_of(a) != number_of(b) ? DRY_OTHER_REASON : DRY_SAME;
	if (number_of(a) != number_of(b) || strcmp(a->policy->name, b->policy->name) != 0)
		return DRY_OTHER_STEP;
	if (is_other_way(a, b))
		return DRY_OTHER_WAY;
	return a->debts_count != b->debts_count || a->net_minor != b->net_minor ? DRY_OTHER_DEBTS : DRY_SAME;
}

/* ---- totals ---- */

void dry_totals_count(struct dry_totals *totals, const struct portfolio_group *group)
{
	if (!uuid_equal(&totals->customer_id, &group->group.customer_id))
		totals->persons++;
	totals->customer_id = group->group.customer_id;
	totals->groups++;
	totals->debts += group->debts_count;
	totals->under_way += uuid_is_none(&group->group.step_id) ? 0 : 1;
}

static bool is_in(const struct dry_row *row, const struct dry_item *item)
{
	return row->step == item->step && row->action == item->action && row->channel == item->channel &&
	       memcmp(row->currency, item->currency, sizeof(row->currency)) == 0;
}

static struct dry_row *row_of(struct dry_totals *totals, const struct dry_item *item)
{
	struct dry_row *row;

	for (uint32_t index = 0; index < totals->rows_count; index++) {
		if (is_in(&totals->rows[index], item))
			return &totals->rows[index];
	}
	if (totals->rows_count == DRY_ROWS_MAX)
		return &totals->rows[DRY_ROWS_MAX - 1];
	row = &totals->rows[totals->rows_count++];
	*row = (struct dry_row){ .policy = item->policy, .step = item->step, .action = item->action, .channel = item->channel };
	memcpy(row->currency, item->currency, sizeof(row->currency));
	return row;
}

static void count_rule(struct dry_totals *totals, const char *rule)
{
	uint32_t index = 0;

	while (index < totals->rules_count && strcmp(totals->rules[index].rule, rule) != 0)
		index++;
	if (index == COUNT(totals->rules))
		return;
	if (index == totals->rules_count)
		totals->rules[totals->rules_count++].rule = rule;
	totals->rules[index].groups++;
}

static int64_t plus(int64_t sum, int64_t minor)
{
	return money_add(sum, minor, &sum) ? sum : INT64_MAX;
}

void dry_totals_add(struct dry_totals *totals, const struct dry_item *item)
{
	struct dry_row *row;

	if (item->kind == NEXT_WAIT)
		totals->waits[item->wait]++;
	if (item->kind != NEXT_STEP && item->kind != NEXT_EXHAUSTED)
		return;
	row = row_of(totals, item);
	totals->steps++;
	row->groups++;
	row->debts += item->debts_count;
	row->net_minor = plus(row->net_minor, item->net_minor);
	row->later += item->guard == DRY_LATER ? 1 : 0;
	row->stopped += item->guard == DRY_STOPPED ? 1 : 0;
	for (size_t index = 0; index < DRY_RULES_MAX && item->rules[index] != NULL && item->guard == DRY_STOPPED; index++)
		count_rule(totals, item->rules[index]);
}

static int sign(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_rows(const void *a_arg, const void *b_arg)
{
	const struct dry_row *a = a_arg, *b = b_arg;
	int by = strcmp(a->policy->name, b->policy->name);

	by = by != 0 ? by : sign(a->step->number, b->step->number);
	by = by != 0 ? by : strcmp(a->step->arm, b->step->arm);
	by = by != 0 ? by : sign(a->action, b->action);
	by = by != 0 ? by : sign(a->channel, b->channel);
	return by != 0 ? by : strcmp(a->currency, b->currency);
}

void dry_totals_sort(struct dry_totals *totals)
{
	qsort(totals->rows, totals->rows_count, sizeof(totals->rows[0]), compare_rows);
}

int64_t dry_row_cost(const struct dry_row *row, const int64_t prices[CHANNEL_COUNT])
{
	int64_t cost;

	if (row->action != ACTION_SEND)
		return 0;
	return __builtin_mul_overflow(row->groups - row->stopped, prices[row->channel], &cost) ? INT64_MAX : cost;
}
