/* The table of actions as a SQL function. Nothing but CASE over the state, so that the planner puts it into the query. */

#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "model/actions.h"

static bool is_listed(const struct action *row, unsigned state, bool fact)
{
	return row->is_possible(state) && !(fact && row->unless_fact);
}

static bool fact_matters(const struct actions *actions, unsigned state)
{
	for (size_t i = 0; i < actions->rows_count; i++) {
		if (is_listed(&actions->rows[i], state, false) != is_listed(&actions->rows[i], state, true))
			return true;
	}
	return false;
}

/* CancelDebt is cancelDebt. */
static void add_operation(struct buf *sql, const struct action *row)
{
	const char *name = row->command->record.name;

	MUST(row->command->kind == MESSAGE_COMMAND);
	if (row->operation != NULL) {
		buf_add_text(sql, row->operation);
		return;
	}
	MUST(name[0] >= 'A' && name[0] <= 'Z');
	buf_add_u8(sql, (uint8_t)(name[0] - 'A' + 'a'));
	buf_add_text(sql, name + 1);
}

static void add_operations(struct buf *sql, const struct actions *actions, unsigned state, bool fact)
{
	const char *separator = "";

	buf_add_text(sql, "'{");
	for (size_t i = 0; i < actions->rows_count; i++) {
		if (!is_listed(&actions->rows[i], state, fact))
			continue;
		buf_add_text(sql, separator);
		add_operation(sql, &actions->rows[i]);
		separator = ",";
	}
	buf_add_text(sql, "}'::text[]");
}

static void add_case(struct buf *sql, const struct actions *actions, bool fact)
{
	struct str rest = str_of(actions->states);

	buf_add_text(sql, "CASE $1");
	for (unsigned state = 1; rest.size > 0; state++) {
		struct str word = str_cut(rest, ' ', &rest);

		if (actions->is_numbered)
			buf_add_format(sql, "\n\t\tWHEN %u THEN ", state);
		else
			buf_add_format(sql, "\n\t\tWHEN '%.*s' THEN ", (int)word.size, word.data);
		add_operations(sql, actions, state, fact);
	}
	buf_add_text(sql, "\n\t\tELSE '{}'::text[] END");
}

static void add_states_where_fact_matters(struct buf *sql, const struct actions *actions)
{
	struct str rest = str_of(actions->states);
	const char *separator = "";

	for (unsigned state = 1; rest.size > 0; state++) {
		struct str word = str_cut(rest, ' ', &rest);

		if (!fact_matters(actions, state))
			continue;
		if (actions->is_numbered)
			buf_add_format(sql, "%s%u", separator, state);
		else
			buf_add_format(sql, "%s%.*s", separator, (int)word.size, word.data);
		separator = ",";
	}
}

/* The fact stands once: the planner does not put in a function that would repeat a costly argument. */
static void add_body(struct buf *sql, const struct actions *actions)
{
	if (actions->fact != NULL) {
		buf_add_text(sql, "CASE WHEN $1 = ANY ('{");
		add_states_where_fact_matters(sql, actions);
		buf_add_text(sql, "}') AND NOT $2 THEN ");
		add_case(sql, actions, false);
		buf_add_text(sql, "\n\tELSE ");
		add_case(sql, actions, true);
		buf_add_text(sql, " END");
	} else {
		add_case(sql, actions, false);
	}
}

/* Parameters have no names: PostgreSQL would not let another name replace them. */
void actions_add_sql(struct buf *sql, const struct actions *actions)
{
	const char *state_type = actions->is_numbered ? "smallint" : "text";
	const char *fact_type = actions->fact != NULL ? ", boolean" : "";

	buf_add_format(sql,
		       "CREATE OR REPLACE FUNCTION public.dcs_%s_actions(%s%s) RETURNS text[]"
		       " LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n\tSELECT ",
		       actions->thing, state_type, fact_type);
	add_body(sql, actions);
	buf_add_format(sql,
		       "\n$$;\nCOMMENT ON FUNCTION public.dcs_%s_actions(%s%s) IS"
		       " 'What the rules allow in a state: %s%s%s';\n",
		       actions->thing, state_type, fact_type, actions->states, actions->fact != NULL ? "; $2: it " : "",
		       actions->fact != NULL ? actions->fact : "");
}
