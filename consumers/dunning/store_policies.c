#include "base/array.h"
#include "base/must.h"
#include "consumers/dunning/columns.h"
#include "consumers/dunning/policies.h"
#include "consumers/dunning/store.h"
#include "schemas/dunning.h"

/* Published versions of dunning policies. A row of the results is a step, with its policy in front. */

/* policy_columns and policy_step_columns, in their order. */
#define ROW                                                                                                                      \
	"p.publication_id, p.creditor_ids, p.portfolio_ids, p.languages, p.arms, p.name, p.version, p.priority, "                \
	"p.jurisdiction, "                                                                                                       \
	"p.customer_kind, p.debt_currency, p.days_from, p.days_to, p.balance_from_minor, p.balance_to_minor, p.charged_off, "    \
	"p.tolerance_minor, p.demands_a_day, p.demands_a_week, p.catch_up, p.new_debts, p.reopened, s.channels, s.number, "      \
	"s.arm, "                                                                                                                \
	"s.trigger, s.days, s.on_day, s.event, s.min_balance_minor, s.min_age_days, s.days_from, s.days_to, s.action, "          \
	"s.template, "                                                                                                           \
	"s.message_class, s.send_days, s.otherwise, s.retry_days, s.tries_max, s.wait_days"
#define LISTS_AT 2 /* the first of ROW after its id, in a row of slots */
#define HEAD_AT  (LISTS_AT + 4)

static const struct db_statement select_published_policies = {
	.name = "dunning_select_published_policies",
	.sql = "SELECT u.n, " ROW " FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN dunning.policy_version p ON p.publication_id = u.id JOIN dunning.policy_step s USING (publication_id) "
	       "ORDER BY u.n, s.place",
};

/* One statement, so that a batch decides by the policies of one moment. It runs behind the other: what that knows, this knows. */
static const struct db_statement select_policies = {
	.name = "dunning_select_policies",
	.sql = "SELECT u.n, " ROW ", c.changes, "
	       "EXISTS (SELECT FROM dunning.policy_change r WHERE r.publication_id = p.publication_id AND r.is_retirement) "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN (SELECT max(number) AS changes FROM dunning.policy_change) c "
	       "CROSS JOIN (SELECT DISTINCT ON (name) * FROM dunning.policy_version ORDER BY name, version DESC) p "
	       "JOIN dunning.policy_step s USING (publication_id) ORDER BY u.n, p.name, s.place",
};

/* ---- lists, with a blank between ---- */

static bool read_ids(struct uuid *ids, uint32_t *count, struct str text)
{
	while (text.size > 0) {
		struct str id = str_cut(text, ' ', &text);

		if (*count == POLICY_LISTED_MAX || !uuid_parse(&ids[(*count)++], id))
			return false;
	}
	return true;
}

static bool read_languages(struct policy *policy, struct str text)
{
	while (text.size > 0) {
		struct str language = str_cut(text, ' ', &text);

		if (policy->languages_count == POLICY_LISTED_MAX ||
		    !str_to_chars(policy->languages[policy->languages_count++], sizeof(policy->languages[0]), language))
			return false;
	}
	return true;
}

static bool read_arms(struct policy *policy, struct str text)
{
	while (text.size > 0) {
		struct policy_arm *arm = &policy->arms[policy->arms_count];
		struct str name = str_cut(text, ' ', &text);
		long long weight;

		if (policy->arms_count++ == POLICY_ARMS_MAX || !str_to_chars(arm->name, sizeof(arm->name), name) ||
		    !str_to_int64(str_cut(text, ' ', &text), &weight))
			return false;
		arm->weight = (int32_t)weight;
	}
	return true;
}

static bool read_channels(struct policy_step *step, struct str text)
{
	while (text.size > 0) {
		struct str word = str_cut(text, ' ', &text);

		if (step->channels_count == STEP_CHANNELS_MAX)
			return false;
		step->channels[step->channels_count++] = channel_by_name(word);
	}
	return true;
}

/* ---- load ---- */

static bool read_head(struct policy *policy, const struct db_result *result, int row)
{
	memset(policy, 0, sizeof(*policy));
	policy->publication_id = db_uuid(result, row, 1);
	db_columns_read(&policy_columns, result, row, HEAD_AT, policy);
	return read_ids(policy->creditors, &policy->creditors_count, db_str(result, row, LISTS_AT)) &&
	       read_ids(policy->portfolios, &policy->portfolios_count, db_str(result, row, LISTS_AT + 1)) &&
	       read_languages(policy, db_str(result, row, LISTS_AT + 2)) && read_arms(policy, db_str(result, row, LISTS_AT + 3));
}

/* Another step of the policy, whose head was read with its first step. */
static int read_step(struct policy *policy, const struct db_result *result, int row, struct err *err)
{
	const int channels_at = HEAD_AT + db_columns_count(&policy_columns);
	struct policy_step *step = &policy->steps[policy->steps_count];

	if ((policy->steps_count == 0 && !read_head(policy, result, row)) || policy->steps_count == POLICY_STEPS_MAX)
		return err_set(err, ERR_FATAL, "a published dunning policy is not one that this program knows");
	policy->steps_count++;
	db_columns_read(&policy_step_columns, result, row, channels_at + 1, step);
	if (!read_channels(step, db_str(result, row, channels_at)))
		return err_set(err, ERR_FATAL, "a step of a published dunning policy has too many channels");
	return 0;
}

static int read_published_policy(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	return read_step(slot->state, result, row, err);
}

static int read_policy(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	const int last = HEAD_AT + db_columns_count(&policy_columns) + 1 + db_columns_count(&policy_step_columns);
	const struct uuid id = db_uuid(result, row, 1);
	struct policies *policies = slot->state;
	struct policy *policy = policies->count == 0 ? NULL : &policies->items[policies->count - 1];

	(void)self;
	if (policy == NULL || !uuid_equal(&policy->publication_id, &id)) {
		if (policies->count == POLICIES_MAX)
			return err_set(err, ERR_FATAL, "more dunning policies are published than this program knows");
		policy = &policies->items[policies->count++];
		policy->steps_count = 0;
	}
	if (read_step(policy, result, row, err) < 0)
		return -1;
	policies->changes = db_int32(result, row, last);
	policy->is_retired = db_bool(result, row, last + 1) ? 1 : 0;
	return 0;
}

static const struct db_statement select_policy_templates = {
	.name = "dunning_select_policy_templates",
	.sql = "SELECT u.n, t.channel, t.message_class, t.language FROM unnest($1::text[]) WITH ORDINALITY AS u (name, n), "
	       "LATERAL (SELECT channel, message_class, language FROM communications.public_template WHERE name = u.name "
	       "ORDER BY channel, language LIMIT 96) t",
};
_Static_assert(TEMPLATE_ITEMS_MAX == 96, "the limit of select_policy_templates");

static void ask_names(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	(void)self;
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, slots[index]->text);
}

static int read_policy_template(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct policy_template *template = slot->state;

	(void)self;
	(void)err;
	MUST(template->count < TEMPLATE_ITEMS_MAX);
	template->items[template->count].channel = channel_by_name(db_str(result, row, 1));
	template->items[template->count].message_class = message_class_by_name(db_str(result, row, 2));
	/* A language of more characters than a locale's is nobody's. */
	if (str_to_chars(template->items[template->count].language, sizeof(template->items[0].language), db_str(result, row, 3)))
		template->count++;
	return 0;
}

const struct slot_query policy_queries[POLICY_QUERIES_COUNT] = {
	{ .entity = &published_policy_entity, .statement = &select_published_policies, .read = read_published_policy },
	{ .entity = &policies_entity, .statement = &select_policies, .read = read_policy },
	{ .entity = &policy_template_entity,
	  .statement = &select_policy_templates,
	  .ask = ask_names,
	  .read = read_policy_template },
};

/* ---- save ---- */

static const struct db_table table_policy_changes = {
	.name = "dunning.policy_change",
	.columns = "number integer, publication_id uuid, is_retirement boolean, changed_at timestamptz, changed_by text, "
		   "approved_by text",
};
static const struct db_table table_policy_versions = {
	.name = "dunning.policy_version",
	.columns = "publication_id uuid, title text, creditor_ids text, portfolio_ids text, languages text, arms text",
	.list = &policy_columns,
};
static const struct db_table table_policy_steps = {
	.name = "dunning.policy_step",
	.columns = "publication_id uuid, place integer, channels text",
	.list = &policy_step_columns,
};

#define ROWS_SIZE_MAX ((size_t)64 << 20)

void policy_copies_init(struct policy_copies *copies)
{
	db_copy_init(&copies->changes, &table_policy_changes, ROWS_SIZE_MAX);
	db_copy_init(&copies->versions, &table_policy_versions, ROWS_SIZE_MAX);
	db_copy_init(&copies->steps, &table_policy_steps, ROWS_SIZE_MAX);
}

void policy_copies_reset(struct policy_copies *copies)
{
	db_copy_reset(&copies->changes);
	db_copy_reset(&copies->versions);
	db_copy_reset(&copies->steps);
}

int policy_copies_write(const struct policy_copies *copies, struct db *db, struct err *err)
{
	if (db_write_copy(db, &copies->changes, err) < 0 || db_write_copy(db, &copies->versions, err) < 0)
		return -1;
	return db_write_copy(db, &copies->steps, err);
}

static void copy_change(struct db_copy *copy, int32_t number, const struct uuid *publication_id, bool is_retirement,
			const struct logged_event *logged)
{
	db_copy_row(copy);
	db_copy_int32(copy, number);
	db_copy_uuid(copy, publication_id);
	db_copy_bool(copy, is_retirement);
	db_copy_instant(copy, logged->at_ms);
}

void copy_policy_retired(struct policy_copies *copies, const struct logged_event *logged)
{
	const struct policy_retired *event = logged->event->body;

	copy_change(&copies->changes, event->change, &event->publication_id, true, logged);
	db_copy_str(&copies->changes, event->actor);
	db_copy_str(&copies->changes, event->approved_by);
}

static void copy_head(struct db_copy *copy, const struct policy *policy, const struct policy_published *event)
{
	struct policy_texts texts;

	policy_texts(&texts, policy);
	db_copy_row(copy);
	db_copy_uuid(copy, &event->publication_id);
	db_copy_str(copy, event->title);
	db_copy_str(copy, str_of(texts.creditors));
	db_copy_str(copy, str_of(texts.portfolios));
	db_copy_str(copy, str_of(texts.languages));
	db_copy_str(copy, str_of(texts.arms));
	db_copy_columns(copy, &policy_columns, policy);
}

void copy_policy_published(struct policy_copies *copies, const struct logged_event *logged)
{
	const struct policy_published *event = logged->event->body;
	struct policy policy;

	policy_read_event(&policy, event);
	copy_change(&copies->changes, event->change, &event->publication_id, false, logged);
	db_copy_str(&copies->changes, event->actor);
	db_copy_str(&copies->changes, event->approved_by);
	copy_head(&copies->versions, &policy, event);
	for (uint32_t index = 0; index < policy.steps_count; index++) {
		char channels[STEP_CHANNELS_SIZE];

		step_channels_text(channels, &policy.steps[index]);
		db_copy_row(&copies->steps);
		db_copy_uuid(&copies->steps, &event->publication_id);
		db_copy_int32(&copies->steps, (int32_t)index + 1);
		db_copy_str(&copies->steps, str_of(channels));
		db_copy_columns(&copies->steps, &policy_step_columns, &policy.steps[index]);
	}
}
