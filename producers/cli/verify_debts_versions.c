/* What debts are collected under, against the log of debts: each version is a row, of one event, that nothing changes. */
#include <inttypes.h>
#include <stdio.h>

#include "consumers/debts/creditor/columns.h"
#include "consumers/debts/creditor/creditor.h"
#include "verify_debts.h"

struct version_note {
	int64_t at_ms;
	struct str by;
	void *state;
};

/* A new note; its state is to be filled. */
static void *note_version(struct fold *fold, const struct entity *entity, const struct uuid *id, int64_t version,
			  const struct logged_line *line, struct str by)
{
	char number[24];
	struct version_note *note;

	(void)snprintf(number, sizeof(number), "%" PRId64, version);
	note = fold_note_row(fold, entity, id, str_of(number), STR(""), sizeof(*note));
	*note = (struct version_note){ .at_ms = line->row.at_ms,
				       .by = fold_copy(fold, by),
				       .state = fold_take(fold, entity->state_size) };
	return note->state;
}

/* Its key, its id, its version as text, time and issuer. NULL: no event made it. */
static const struct version_note *check_times(struct fold *fold, struct table_row *row)
{
	struct uuid its_id = row_uuid(row, 1);
	struct uuid id = fold_id(&its_id, row_text(row, 2), STR(""));
	const struct version_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return NULL;
	row->column = 3;
	expect_instant(row, note->at_ms);
	expect_bytes(row, note->by);
	return note;
}

void check_version(struct fold *fold, struct table_row *row)
{
	const struct version_note *note = check_times(fold, row);

	if (note != NULL)
		expect_columns(row, note->state);
}

/* ---- creditors ---- */

const struct entity noted_creditor = { .name = "verify_creditor", .state_size = sizeof(struct creditor) };

void note_creditor(struct fold *fold, const struct creditor_described *event, const struct logged_line *line)
{
	creditor_read(note_version(fold, &noted_creditor, &event->creditor_id, event->version, line, event->actor), event);
}

struct db_template select_creditors = {
	.name = "verify_creditor_versions",
	.columns = &creditor_columns,
	.sql = "SELECT c.creditor_id, c.creditor_id, c.version::text, c.described_at, c.described_by, {c.columns} "
	       "FROM debts.creditor_version c",
};

/* ---- portfolios ---- */

const struct entity noted_portfolio = { .name = "verify_portfolio", .state_size = sizeof(struct portfolio) };

void note_portfolio(struct fold *fold, const struct portfolio_described *event, const struct logged_line *line)
{
	portfolio_read(note_version(fold, &noted_portfolio, &event->portfolio_id, event->version, line, event->actor), event);
}

struct db_template select_portfolios = {
	.name = "verify_portfolio_versions",
	.columns = &portfolio_columns,
	.sql = "SELECT p.portfolio_id, p.portfolio_id, p.version::text, p.described_at, p.described_by, {p.columns} "
	       "FROM debts.portfolio_version p",
};

/* ---- policies ---- */

/* Behind its state: who approved it. */
struct noted_policy {
	struct debt_policy policy;
	struct str approved_by;
};

const struct entity noted_debt_policy = { .name = "verify_debt_policy", .state_size = sizeof(struct noted_policy) };

void note_debt_policy(struct fold *fold, const struct debt_policy_published *event, const struct logged_line *line)
{
	struct noted_policy *noted =
		note_version(fold, &noted_debt_policy, &event->policy_id, event->version, line, event->actor);

	debt_policy_read(&noted->policy, event);
	noted->approved_by = fold_copy(fold, event->approved_by);
}

struct db_template select_debt_policies = {
	.name = "verify_debt_policy_versions",
	.columns = &debt_policy_columns,
	.sql = "SELECT p.policy_id, p.policy_id, p.version::text, p.published_at, p.published_by, p.approved_by, {p.columns} "
	       "FROM debts.policy_version p",
};

void check_debt_policy(struct fold *fold, struct table_row *row)
{
	const struct version_note *note = check_times(fold, row);

	if (note == NULL)
		return;
	expect_bytes(row, ((const struct noted_policy *)note->state)->approved_by);
	expect_columns(row, note->state);
}
