#include "consumers/dunning/store_portfolio.h"

#include "base/buf.h"
#include "base/day.h"
#include "consumers/dunning/columns.h"
#include "consumers/dunning/store.h"

#define SQL_SIZE_MAX    8000
#define PARAMS_SIZE_MAX 4096

/* ---- the snapshot ---- */

static const struct db_statement set_snapshot = { "dunning_portfolio_snapshot",
						  "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" };

int portfolio_snapshot(struct db *db, struct err *err)
{
	if (db_begin(db, err) < 0)
		return -1;
	return db_run(db, &set_snapshot, NULL, NULL, err);
}

int portfolio_business_date(struct db *db, int32_t *ret_business_date, struct err *err)
{
	static const struct db_statement newest = { "dunning_portfolio_date",
						    "SELECT max(business_date) FROM dunning.partition_head" };
	struct db_result result = { .pg = NULL };

	if (db_run(db, &newest, NULL, &result, err) < 0)
		return -1;
	*ret_business_date = db_is_null(&result, 0, 0) ? DAY_MIN : db_date(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

/* As a batch loads them. */
int portfolio_policies(struct db *db, struct policies *ret_policies, struct err *err)
{
	struct slot_loader loader = { 0 };
	struct slot slot = { .entity = &policies_entity, .id = policies_id, .state = ret_policies };
	struct slot *slots[] = { &slot };
	int rc;

	memset(ret_policies, 0, sizeof(*ret_policies));
	slot_loader_init(&loader);
	rc = slot_queries_run(&loader, db, policy_queries, POLICY_QUERIES_COUNT, NULL, slots, 1, err);
	slot_loader_release(&loader);
	return rc;
}

/* ---- the stream ---- */

/*
 * A stream has no parameters: they are settings of the transaction. Of the demands the newest are kept, as 4 bytes each, the newest
 * first. Sorting is cheaper in memory.
 */
static const struct db_statement set_parameters = {
	.name = "dunning_portfolio_parameters",
	.sql = "SELECT set_config('dcs.demands_from', $1::date::text, true), set_config('dcs.customer_id', $2::text, true), "
	       "set_config('work_mem', '256MB', true)",
};

#define FROM                                                                                                                     \
	" FROM dunning.debt d JOIN dunning.debt_group g ON g.group_id = d.group_id "                                             \
	"JOIN dunning.person p ON p.customer_id = g.customer_id "                                                                \
	"LEFT JOIN (SELECT s.customer_id, string_agg(int4send(s.day - date '1970-01-01'), ''::bytea ORDER BY s.day DESC) AS "    \
	"days "                                                                                                                  \
	"FROM (SELECT customer_id, coalesce(taken_on, asked_on) AS day FROM dunning.step "                                       \
	"WHERE is_demand AND state IN ('asked', 'taken')) s "                                                                    \
	"WHERE s.day >= current_setting('dcs.demands_from')::date GROUP BY s.customer_id) w ON w.customer_id = "                 \
	"g.customer_id "                                                                                                         \
	"WHERE dunning.is_dunned(d.lifecycle, d.credit_minor)"
/* Of few groups, so they are looked up one by one. */
#define UNDER_WAY                                                                                                                \
	"CASE WHEN g.step_id IS NOT NULL THEN (SELECT s.policy FROM dunning.step s WHERE s.step_id = g.step_id) END, "           \
	"CASE WHEN g.step_id IS NOT NULL THEN (SELECT s.step FROM dunning.step s WHERE s.step_id = g.step_id) END, "             \
	"CASE WHEN g.step_id IS NOT NULL THEN (SELECT true FROM dunning.step_debt l WHERE l.step_id = g.step_id AND l.debt_id "  \
	"= "                                                                                                                     \
	"d.debt_id LIMIT 1) END"

#define ORDER " ORDER BY g.customer_id, g.group_id, d.debt_id"

/* In the order in which the statement has them. */
enum { AT_GROUP_ID, AT_DEBT_ID, AT_DEMANDS, AT_POLICY, AT_STEP, AT_IS_LISTED, AT_LISTS };

static int groups_at(void)
{
	return AT_LISTS;
}

static int persons_at(void)
{
	return groups_at() + db_columns_count(&dunned_group_columns);
}

static int debts_at(void)
{
	return persons_at() + db_columns_count(&dunned_person_columns);
}

struct portfolio_sql {
	struct buf text;
	struct db_statement statement;
};

static const struct db_statement *statement_of(struct portfolio_sql *sql, const char *name, const char *where)
{
	if (sql->statement.sql != NULL)
		return &sql->statement;
	buf_init(&sql->text, SQL_SIZE_MAX);
	buf_add_text(&sql->text, "SELECT g.group_id, d.debt_id, w.days, " UNDER_WAY ", ");
	db_columns_write(&sql->text, &dunned_group_columns, STR("g"));
	buf_add_text(&sql->text, ", ");
	db_columns_write(&sql->text, &dunned_person_columns, STR("p"));
	buf_add_text(&sql->text, ", ");
	db_columns_write(&sql->text, &dunned_debt_columns, STR("d"));
	buf_add_text(&sql->text, FROM);
	buf_add_text(&sql->text, where);
	buf_add_text(&sql->text, ORDER);
	buf_add_u8(&sql->text, '\0');
	MUST(!sql->text.overflow);
	sql->statement = (struct db_statement){ .name = name, .sql = (const char *)sql->text.data };
	return &sql->statement;
}

static int set(struct db *db, int32_t demands_from, const struct uuid *customer_id, struct err *err)
{
	struct db_params params;
	char id[UUID_TEXT_SIZE + 1] = "";
	int rc;

	if (customer_id != NULL)
		uuid_format(id, customer_id);
	db_params_init(&params, PARAMS_SIZE_MAX);
	db_param_date(&params, demands_from);
	db_param_text(&params, str_of(id));
	rc = db_run(db, &set_parameters, &params, NULL, err);
	db_params_release(&params);
	return rc;
}

int portfolio_begin(struct portfolio *portfolio, struct db *db, int32_t demands_from, const struct uuid *customer_id,
		    struct err *err)
{
	static struct portfolio_sql all, of_one; /* as long as the program */
	const struct db_statement *statement =
		customer_id == NULL ? statement_of(&all, "dunning_portfolio", "")
				    : statement_of(&of_one, "dunning_portfolio_of_one",
						   " AND g.customer_id = current_setting('dcs.customer_id')::uuid");

	portfolio->stream = (struct db_stream){ .db = NULL };
	portfolio->groups = portfolio->debts = 0;
	if (set(db, demands_from, customer_id, err) < 0 || db_stream_open(&portfolio->stream, db, statement, err) < 0)
		return -1;
	return db_stream_next(&portfolio->stream, &portfolio->has_row, err);
}

static void read_demands(struct dunned_demands *demands, struct str days)
{
	demands->count = 0;
	for (size_t at = 0; at + 4 <= days.size && demands->count < DEMANDS_MAX; at += 4) {
		const unsigned char *bytes = (const unsigned char *)days.data + at;

		demands->days[demands->count++] =
			(int32_t)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]);
	}
}

static void read_under_way(struct portfolio *portfolio)
{
	struct portfolio_group *group = &portfolio->group;
	bool fits = str_to_chars(group->under_way.policy, sizeof(group->under_way.policy),
				 db_stream_str(&portfolio->stream, AT_POLICY));

	MUST(fits);
	group->under_way.number =
		db_stream_is_null(&portfolio->stream, AT_STEP) ? 0 : db_stream_int32(&portfolio->stream, AT_STEP);
}

static void read_group(struct portfolio *portfolio)
{
	struct portfolio_group *group = &portfolio->group;

	group->group_id = db_stream_uuid(&portfolio->stream, AT_GROUP_ID);
	group->debts_count = 0;
	db_columns_read_stream(&dunned_group_columns, &portfolio->stream, groups_at(), &group->group);
	db_columns_read_stream(&dunned_person_columns, &portfolio->stream, persons_at(), &group->person);
	read_demands(&group->demands, db_stream_str(&portfolio->stream, AT_DEMANDS));
	read_under_way(portfolio);
}

static void read_debt(struct portfolio *portfolio)
{
	struct portfolio_debt debt = { .debt_id = db_stream_uuid(&portfolio->stream, AT_DEBT_ID),
				       .is_under_way = !db_stream_is_null(&portfolio->stream, AT_IS_LISTED) };

	db_columns_read_stream(&dunned_debt_columns, &portfolio->stream, debts_at(), &debt.state);
	portfolio_put(&portfolio->group, &debt);
	portfolio->debts++;
}

static bool is_of_group(const struct portfolio *portfolio)
{
	struct uuid group_id = db_stream_uuid(&portfolio->stream, AT_GROUP_ID);

	return uuid_equal(&group_id, &portfolio->group.group_id);
}

int portfolio_next(struct portfolio *portfolio, const struct portfolio_group **ret_group, struct err *err)
{
	*ret_group = NULL;
	if (!portfolio->has_row)
		return 0;
	read_group(portfolio);
	portfolio->groups++;
	do {
		read_debt(portfolio);
		if (db_stream_next(&portfolio->stream, &portfolio->has_row, err) < 0)
			return -1;
	} while (portfolio->has_row && is_of_group(portfolio));
	*ret_group = &portfolio->group;
	return 0;
}

void portfolio_end(struct portfolio *portfolio)
{
	db_stream_close(&portfolio->stream);
	portfolio->has_row = false;
}
