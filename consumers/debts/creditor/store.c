#include "consumers/debts/creditor/store.h"

#include "consumers/debts/creditor/columns.h"
#include "consumers/debts/creditor/creditor.h"

/* ---- load ---- */

#define NEWEST(short_name, its_columns, table, id)                                                                               \
	static struct db_template select_##short_name = {                                                                        \
		.name = "debts_select_" #short_name,                                                                             \
		.columns = &(its_columns),                                                                                       \
		.sql = "SELECT u.n, {v.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL "        \
		       "(SELECT * FROM " table " t WHERE t." id " = u.id ORDER BY t.version DESC LIMIT 1) v",                    \
	}

NEWEST(creditors, creditor_columns, "debts.creditor_version", "creditor_id");
NEWEST(portfolios, portfolio_columns, "debts.portfolio_version", "portfolio_id");
NEWEST(policies, debt_policy_columns, "debts.policy_version", "policy_id");

const struct slot_query creditor_query = { .entity = &creditor_entity, .template = &select_creditors };
const struct slot_query portfolio_query = { .entity = &portfolio_entity, .template = &select_portfolios };
const struct slot_query debt_policy_query = { .entity = &debt_policy_entity, .template = &select_policies };

/* ---- new rows ---- */

const struct db_table creditor_table = {
	.name = "debts.creditor_version",
	.columns = "creditor_id uuid, described_at timestamptz, described_by text",
	.list = &creditor_columns,
};
const struct db_table portfolio_table = {
	.name = "debts.portfolio_version",
	.columns = "portfolio_id uuid, described_at timestamptz, described_by text",
	.list = &portfolio_columns,
};
const struct db_table debt_policy_table = {
	.name = "debts.policy_version",
	.columns = "policy_id uuid, published_at timestamptz, published_by text, approved_by text",
	.list = &debt_policy_columns,
};

/* Of which thing, when, by whom. */
static void begin_version(struct db_copy *copy, const struct logged_event *logged, const struct uuid *id, struct str by)
{
	db_copy_row(copy);
	db_copy_uuid(copy, id);
	db_copy_instant(copy, logged->at_ms);
	db_copy_str(copy, by);
}

void creditor_copy(struct db_copy *copy, const struct logged_event *logged)
{
	const struct creditor_described *event = logged->event->body;
	struct creditor creditor;

	creditor_read(&creditor, event);
	begin_version(copy, logged, &event->creditor_id, event->actor);
	db_copy_columns(copy, &creditor_columns, &creditor);
}

void portfolio_copy(struct db_copy *copy, const struct logged_event *logged)
{
	const struct portfolio_described *event = logged->event->body;
	struct portfolio portfolio;

	portfolio_read(&portfolio, event);
	begin_version(copy, logged, &event->portfolio_id, event->actor);
	db_copy_columns(copy, &portfolio_columns, &portfolio);
}

void debt_policy_copy(struct db_copy *copy, const struct logged_event *logged)
{
	const struct debt_policy_published *event = logged->event->body;
	struct debt_policy policy;

	debt_policy_read(&policy, event);
	begin_version(copy, logged, &event->policy_id, event->actor);
	db_copy_str(copy, event->approved_by);
	db_copy_columns(copy, &debt_policy_columns, &policy);
}
