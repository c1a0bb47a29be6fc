/* How a preview is written: totals for people, a line for each group for other programs. */
#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "dunning_dry_run.h"

void print_amount(FILE *file, int64_t minor, const char *currency)
{
	const struct currency *found = currency_find(str_of(currency));
	char text[32];

	if (found == NULL) {
		fprintf(file, "%lld %s", (long long)minor, currency);
		return;
	}
	money_format(text, minor, found);
	fprintf(file, "%s %s", text, currency);
}

const char *way_of(enum dunning_action action, enum channel channel)
{
	if (action == ACTION_NONE)
		return "passes over";
	return action == ACTION_SEND ? channel_name(channel) : dunning_action_name(action);
}

/* ---- totals ---- */

static void print_row(FILE *file, const struct dry_row *row, bool was_guard_asked, const int64_t prices[CHANNEL_COUNT])
{
	fprintf(file, "%-24s %4d  %-16s %-11s %9lld %9lld", row->policy->name, (int)row->step->number,
		row->step->arm[0] == '\0' ? "-" : row->step->arm, way_of(row->action, row->channel), (long long)row->groups,
		(long long)row->debts);
	if (was_guard_asked)
		fprintf(file, " %9lld %9lld", (long long)row->stopped, (long long)row->later);
	fprintf(file, " %9lld  ", (long long)dry_row_cost(row, prices));
	print_amount(file, row->net_minor, row->currency);
	fprintf(file, "\n");
}

static void print_waits(FILE *file, const struct dry_totals *totals)
{
	const char *separator = "waiting: ";

	for (int wait = 1; wait < DUNNING_WAIT_COUNT; wait++) {
		if (totals->waits[wait] == 0)
			continue;
		fprintf(file, "%s%s %lld", separator, dunning_wait_name((enum dunning_wait)wait), (long long)totals->waits[wait]);
		separator = ", ";
	}
	if (separator[0] == ',')
		fprintf(file, "\n");
}

static void print_rules(FILE *file, const struct dry_totals *totals)
{
	for (uint32_t index = 0; index < totals->rules_count; index++)
		fprintf(file, "%s%s %lld%s", index == 0 ? "stopped by rule: " : "", totals->rules[index].rule,
			(long long)totals->rules[index].groups, index + 1 < totals->rules_count ? ", " : "\n");
}

void print_totals(FILE *file, const struct dry_totals *totals, bool was_guard_asked, const int64_t prices[CHANNEL_COUNT])
{
	int64_t cost = 0;

	fprintf(file, "%-24s %4s  %-16s %-11s %9s %9s", "policy", "step", "arm", "by", "groups", "debts");
	if (was_guard_asked)
		fprintf(file, " %9s %9s", "stopped", "later");
	fprintf(file, " %9s  %s\n", "cost", "owed");
	for (uint32_t index = 0; index < totals->rows_count; index++) {
		print_row(file, &totals->rows[index], was_guard_asked, prices);
		if (!money_add(cost, dry_row_cost(&totals->rows[index], prices), &cost))
			cost = INT64_MAX;
	}
	fprintf(file,
		"%lld of %lld groups get a step (%lld persons, %lld debts); %lld have one under way; all together cost %lld\n",
		(long long)totals->steps, (long long)totals->groups, (long long)totals->persons, (long long)totals->debts,
		(long long)totals->under_way, (long long)cost);
	print_waits(file, totals);
	print_rules(file, totals);
}

/* ---- by person ---- */

void print_person_heading(FILE *file)
{
	fprintf(file, "customer_id,group_id,creditor_id,currency,outcome,reason,ask_on,policy,version,step,arm,by,template,"
		      "message_class,debts,net_minor,guard,until,rules,cost_minor\n");
}

static const char *outcome_of(const struct dry_item *item)
{
	if (item->kind == NEXT_WAIT)
		return "wait";
	return item->action == ACTION_NONE ? "passed_over" : "step";
}

static void print_step(FILE *file, const struct dry_item *item)
{
	const bool is_message = item->action == ACTION_SEND;

	if (item->step == NULL) {
		fprintf(file, ",,,,,,,0,%lld", (long long)item->net_minor);
		return;
	}
	fprintf(file, "%s,%d,%d,%s,%s,%s,%s,%u,%lld", item->policy->name, (int)item->policy->version, (int)item->step->number,
		item->step->arm, item->kind == NEXT_WAIT ? "" : way_of(item->action, item->channel),
		is_message ? item->step->template_name : "",
		is_message ? message_class_name((enum message_class)item->step->message_class) : "", (unsigned)item->debts_count,
		(long long)item->net_minor);
}

static void print_guard(FILE *file, const struct dry_item *item)
{
	static const char *const words[] = {
		[DRY_NOT_ASKED] = "", [DRY_ALLOWED] = "allow", [DRY_LATER] = "later", [DRY_STOPPED] = "stop"
	};
	char until[32] = "";

	if (item->until_ms != 0)
		instant_format(until, item->until_ms);
	fprintf(file, "%s,%s,", words[item->guard], until);
	for (size_t index = 0; index < DRY_RULES_MAX && item->rules[index] != NULL; index++)
		fprintf(file, "%s%s", index == 0 ? "" : " ", item->rules[index]);
}

/* None of the fields needs quotes: they are ids, words and numbers. */
void print_person(FILE *file, const struct dry_item *item, const int64_t prices[CHANNEL_COUNT])
{
	const bool is_paid = item->action == ACTION_SEND && item->guard != DRY_STOPPED;
	char customer_id[UUID_TEXT_SIZE + 1], group_id[UUID_TEXT_SIZE + 1], creditor_id[UUID_TEXT_SIZE + 1], ask_on[16] = "";

	uuid_format(customer_id, &item->customer_id);
	uuid_format(group_id, &item->group_id);
	uuid_format(creditor_id, &item->creditor_id);
	if (item->ask_on != 0)
		day_format(ask_on, item->ask_on);
	fprintf(file, "%s,%s,%s,%s,%s,%s,%s,", customer_id, group_id, creditor_id, item->currency, outcome_of(item),
		item->kind == NEXT_WAIT ? dunning_wait_name(item->wait) : "", ask_on);
	print_step(file, item);
	fprintf(file, ",");
	print_guard(file, item);
	fprintf(file, ",%lld\n", is_paid ? (long long)prices[item->channel] : 0);
}

/* ---- differences ---- */

const char *word_of_difference(enum dry_difference difference)
{
	static const char *const words[DRY_DIFFERENCE_COUNT] = {
		[DRY_SAME] = "the same",
		[DRY_BEGINS] = "a step instead of none",
		[DRY_ENDS] = "none instead of a step",
		[DRY_OTHER_STEP] = "another step",
		[DRY_OTHER_WAY] = "the same step in another way",
		[DRY_OTHER_DEBTS] = "the same step about other debts",
		[DRY_OTHER_REASON] = "no step, for another reason",
	};

	return words[difference];
}

void print_difference_heading(FILE *file)
{
	fprintf(file, "customer_id,group_id,creditor_id,currency,difference,policy_1,step_1,by_1,debts_1,net_minor_1,reason_1,"
		      "policy_2,step_2,by_2,debts_2,net_minor_2,reason_2\n");
}

static void print_side(FILE *file, const struct dry_item *item)
{
	const bool is_step = item->kind == NEXT_STEP || item->kind == NEXT_EXHAUSTED;
	const char *reason = item->kind == NEXT_WAIT ? dunning_wait_name(item->wait) : "";

	if (item->step == NULL)
		fprintf(file, ",,,,,,%s", reason);
	else
		fprintf(file, ",%s,%d,%s,%u,%lld,%s", item->policy->name, (int)item->step->number,
			is_step ? way_of(item->action, item->channel) : "", (unsigned)item->debts_count,
			(long long)item->net_minor, reason);
}

void print_difference(FILE *file, const struct dry_item *a, const struct dry_item *b, enum dry_difference difference)
{
	char customer_id[UUID_TEXT_SIZE + 1], group_id[UUID_TEXT_SIZE + 1], creditor_id[UUID_TEXT_SIZE + 1];

	uuid_format(customer_id, &a->customer_id);
	uuid_format(group_id, &a->group_id);
	uuid_format(creditor_id, &a->creditor_id);
	fprintf(file, "%s,%s,%s,%s,\"%s\"", customer_id, group_id, creditor_id, a->currency, word_of_difference(difference));
	print_side(file, a);
	print_side(file, b);
	fprintf(file, "\n");
}
