#include "consumers/dunning/columns.h"

#include "consumers/dunning/dunning.h"

static const struct db_column person_rows[] = {
	{ "version", DB_INT64(struct dunned_person, version) },
	{ "is_active", DB_FLAG(struct dunned_person, is_active) },
	{ "kind", DB_WORD(struct dunned_person, kind, customer_kind_words), .or_null = true },
	{ "country", DB_CHARS(struct dunned_person, country), .or_null = true },
	{ "region", DB_CHARS(struct dunned_person, region), .or_null = true },
	{ "timezone", DB_CHARS(struct dunned_person, timezone), .or_null = true },
	{ "locale", DB_CHARS(struct dunned_person, locale), .or_null = true },
	{ "emails", DB_INT32(struct dunned_person, usable[CHANNEL_EMAIL]) },
	{ "mobiles", DB_INT32(struct dunned_person, usable[CHANNEL_SMS]) },
	{ "telephones", DB_INT32(struct dunned_person, usable[CHANNEL_VOICE]) },
	{ "letters", DB_INT32(struct dunned_person, usable[CHANNEL_LETTER]) },
	{ "opted_out", DB_INT32(struct dunned_person, opted_out) },
	{ "inbound_on", DB_DATE(struct dunned_person, inbound_on), .or_null = true },
	{ "deceased", DB_INT32(struct dunned_person, deceased) },
	{ "bankruptcy", DB_INT32(struct dunned_person, bankruptcy) },
	{ "restriction", DB_INT32(struct dunned_person, restriction) },
	{ "traces", DB_INT32(struct dunned_person, traces) },
	{ "trace_id", DB_UUID(struct dunned_person, trace_id), .or_null = true },
	{ "is_traced", DB_FLAG(struct dunned_person, is_traced) },
};
const struct db_columns dunned_person_columns = DB_COLUMNS(person_rows, 0);

static const struct db_column debt_rows[] = {
	{ "customer_id", DB_UUID(struct dunned_debt, customer_id) },
	{ "creditor_id", DB_UUID(struct dunned_debt, creditor_id) },
	{ "portfolio_id", DB_UUID(struct dunned_debt, portfolio_id), .or_null = true },
	{ "group_id", DB_UUID(struct dunned_debt, group_id) },
	{ "version", DB_INT64(struct dunned_debt, version) },
	{ "currency", DB_CHARS(struct dunned_debt, currency) },
	{ "opened_on", DB_DATE(struct dunned_debt, opened_on) },
	{ "due_on", DB_DATE(struct dunned_debt, due_on) },
	{ "balance_minor", DB_INT64(struct dunned_debt, balance_minor) },
	{ "credit_minor", DB_INT64(struct dunned_debt, credit_minor) },
	{ "paused_days", DB_INT32(struct dunned_debt, paused_days) },
	{ "lifecycle", DB_SMALLINT(struct dunned_debt, lifecycle) },
	{ "disputes", DB_INT32(struct dunned_debt, disputes) },
	{ "is_promised", DB_FLAG(struct dunned_debt, is_promised) },
	{ "is_held", DB_FLAG(struct dunned_debt, is_held) },
	{ "policy", DB_CHARS(struct dunned_debt, policy), .or_null = true },
	{ "level", DB_INT32(struct dunned_debt, level) },
	{ "level_on", DB_DATE(struct dunned_debt, level_on), .or_null = true },
};
const struct db_columns dunned_debt_columns = DB_COLUMNS(debt_rows, 0);

static const struct db_column group_rows[] = {
	{ "customer_id", DB_UUID(struct dunned_group, customer_id) },
	{ "creditor_id", DB_UUID(struct dunned_group, creditor_id) },
	{ "currency", DB_CHARS(struct dunned_group, currency) },
	{ "version", DB_INT64(struct dunned_group, version) },
	{ "step_id", DB_UUID(struct dunned_group, step_id), .or_null = true },
	{ "asks", DB_INT32(struct dunned_group, asks) },
	{ "failed_policy", DB_CHARS(struct dunned_group, failed_policy), .or_null = true },
	{ "failed_step", DB_INT32(struct dunned_group, failed_step) },
	{ "next_channel", DB_INT32(struct dunned_group, next_channel) },
	{ "rounds", DB_INT32(struct dunned_group, rounds) },
	{ "retry_on", DB_DATE(struct dunned_group, retry_on), .or_null = true },
	{ "withdrawn_on", DB_DATE(struct dunned_group, withdrawn_on), .or_null = true },
	{ "stepped_on", DB_DATE(struct dunned_group, stepped_on), .or_null = true },
	{ "wait", DB_WORD(struct dunned_group, wait, dunning_wait_words), .or_null = true },
	{ "wait_policy", DB_CHARS(struct dunned_group, wait_policy), .or_null = true },
	{ "wait_step", DB_INT32(struct dunned_group, wait_step) },
};
const struct db_columns dunned_group_columns = DB_COLUMNS(group_rows, 0);

static const struct db_column step_rows[] = {
	{ "customer_id", DB_UUID(struct dunned_step, customer_id) },
	{ "group_id", DB_UUID(struct dunned_step, group_id) },
	{ "version", DB_INT64(struct dunned_step, version) },
	{ "policy", DB_CHARS(struct dunned_step, policy) },
	{ "step", DB_INT32(struct dunned_step, number) },
	{ "arm", DB_CHARS(struct dunned_step, arm), .or_null = true },
	{ "asked_on", DB_DATE(struct dunned_step, asked_on) },
	{ "action", DB_WORD(struct dunned_step, action, dunning_action_words) },
	{ "channel", DB_WORD(struct dunned_step, channel, channel_words), .or_null = true },
	{ "is_demand", DB_FLAG(struct dunned_step, is_demand) },
	{ "state", DB_WORD(struct dunned_step, state, step_state_words) },
	{ "taken_on", DB_DATE(struct dunned_step, taken_on), .or_null = true },
};
const struct db_columns dunned_step_columns = DB_COLUMNS(step_rows, 0);

static const struct db_column stop_rows[] = {
	{ "customer_id", DB_UUID(struct dunning_stop, customer_id) },
	{ "debt_id", DB_UUID(struct dunning_stop, debt_id), .or_null = true },
	{ "version", DB_INT64(struct dunning_stop, version) },
	{ "kind", DB_WORD(struct dunning_stop, kind, dunning_stop_kind_words) },
	{ "is_open", DB_FLAG(struct dunning_stop, is_open) },
};
const struct db_columns dunning_stop_columns = DB_COLUMNS(stop_rows, 0);

static const struct db_column task_rows[] = {
	{ "customer_id", DB_UUID(struct dunning_task, customer_id) },
	{ "group_id", DB_UUID(struct dunning_task, group_id) },
	{ "version", DB_INT64(struct dunning_task, version) },
	{ "kind", DB_WORD(struct dunning_task, kind, task_kind_words) },
	{ "reason", DB_WORD(struct dunning_task, reason, task_reason_words) },
	{ "state", DB_WORD(struct dunning_task, state, task_state_words) },
	{ "outcome", DB_WORD(struct dunning_task, outcome, task_outcome_words), .or_null = true },
	{ "policy", DB_CHARS(struct dunning_task, policy) },
	{ "step", DB_INT32(struct dunning_task, step) },
	{ "opened_on", DB_DATE(struct dunning_task, opened_on) },
	{ "back_on", DB_DATE(struct dunning_task, back_on), .or_null = true },
	{ "taken_by", DB_UUID(struct dunning_task, taken_by), .or_null = true },
	{ "created_at", DB_INSTANT(struct dunning_task, created_at_ms) },
	{ "updated_at", DB_INSTANT(struct dunning_task, updated_at_ms) },
};
const struct db_columns dunning_task_columns = DB_COLUMNS(task_rows, 0);

static const struct db_column policy_rows[] = {
	{ "name", DB_CHARS(struct policy, name) },
	{ "version", DB_INT32(struct policy, version) },
	{ "priority", DB_INT32(struct policy, priority) },
	{ "jurisdiction", DB_CHARS(struct policy, jurisdiction), .or_null = true },
	{ "customer_kind", DB_WORD(struct policy, customer_kind, customer_kind_words), .or_null = true },
	{ "debt_currency", DB_CHARS(struct policy, currency), .or_null = true },
	{ "days_from", DB_INT32(struct policy, days_from), .or_null = true },
	{ "days_to", DB_INT32(struct policy, days_to), .or_null = true },
	{ "balance_from_minor", DB_INT64(struct policy, balance_from), .or_null = true },
	{ "balance_to_minor", DB_INT64(struct policy, balance_to), .or_null = true },
	{ "charged_off", DB_FLAG(struct policy, is_charged_off) },
	{ "tolerance_minor", DB_INT64(struct policy, tolerance_minor) },
	{ "demands_a_day", DB_INT32(struct policy, demands_a_day) },
	{ "demands_a_week", DB_INT32(struct policy, demands_a_week) },
	{ "catch_up", DB_WORD(struct policy, catch_up, dunning_catch_up_words) },
	{ "new_debts", DB_WORD(struct policy, new_debts, dunning_new_debts_words) },
	{ "reopened", DB_WORD(struct policy, reopened, dunning_reopened_words) },
};
const struct db_columns policy_columns = DB_COLUMNS(policy_rows, 0);

static const struct db_column policy_step_rows[] = {
	{ "number", DB_INT32(struct policy_step, number) },
	{ "arm", DB_CHARS(struct policy_step, arm), .or_null = true },
	{ "trigger", DB_WORD(struct policy_step, trigger, dunning_trigger_words) },
	{ "days", DB_INT32(struct policy_step, days) },
	{ "on_day", DB_DATE(struct policy_step, on), .or_null = true },
	{ "event", DB_WORD(struct policy_step, event, dunning_cause_words), .or_null = true },
	{ "min_balance_minor", DB_INT64(struct policy_step, min_balance_minor), .or_null = true },
	{ "min_age_days", DB_INT32(struct policy_step, min_age_days), .or_null = true },
	{ "days_from", DB_INT32(struct policy_step, days_from), .or_null = true },
	{ "days_to", DB_INT32(struct policy_step, days_to), .or_null = true },
	{ "action", DB_WORD(struct policy_step, action, dunning_action_words) },
	{ "template", DB_CHARS(struct policy_step, template_name), .or_null = true },
	{ "message_class", DB_WORD(struct policy_step, message_class, message_class_words), .or_null = true },
	{ "send_days", DB_INT32(struct policy_step, send_days), .or_null = true },
	{ "otherwise", DB_WORD(struct policy_step, otherwise, dunning_otherwise_words) },
	{ "retry_days", DB_INT32(struct policy_step, retry_days), .or_null = true },
	{ "tries_max", DB_INT32(struct policy_step, tries_max), .or_null = true },
	{ "wait_days", DB_INT32(struct policy_step, wait_days), .or_null = true },
};
const struct db_columns policy_step_columns = DB_COLUMNS(policy_step_rows, 0);
