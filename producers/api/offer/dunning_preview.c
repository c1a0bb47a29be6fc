#include "producers/api/offer/dunning_preview.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/day.h"
#include "bus/bus.h"
#include "consumers/dunning/dry_run.h"
#include "consumers/dunning/policy_draft.h"
#include "consumers/dunning/store_portfolio.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/faults.h"
#include "producers/api/offer/long_read.h"
#include "schemas/dunning.h"
#include "wire/json.h"

#define WAITING_MAX     8
#define ARENA_SIZE      ((size_t)1 << 20)
#define ANSWER_SIZE_MAX ((size_t)512 << 10)
#define CAPS_DAYS       7 /* demands of earlier days count against no cap */

/* What became of a call, for its answer. */
enum previewed { PREVIEWED, PREVIEW_TOO_LARGE, PREVIEW_BAD_PLACE };

struct previewing {
	struct long_read read; /* the first member */
	struct dunning_preview *owner;
	struct policy draft;
	bool has_day, is_alone;
	int32_t today;
	enum previewed previewed;
	struct draft_fault fault; /* BAD_PLACE */
	struct policies policies; /* with the draft; the totals borrow from them */
	struct dry_totals totals;
};

struct dunning_preview {
	struct portfolio portfolio; /* of the thread, as the next one */
	struct dry_run run;
	struct long_reads *reads;
};

/* ---- in the thread ---- */

static int count_groups(struct pool_seat *seat, int64_t *ret_groups, struct err *err)
{
	static const struct db_statement count = { "dunning_preview_groups",
						   "SELECT count(*) FROM (SELECT FROM dunning.debt_group LIMIT $1) g" };
	struct db_result result = { .pg = NULL };

	db_params_reset(&seat->params);
	db_param_int64(&seat->params, PREVIEW_GROUPS_MAX + 1);
	if (db_run(seat->db, &count, &seat->params, &result, err) != 0)
		return -1;
	*ret_groups = db_int64(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

static int ask_all(struct previewing *previewing, struct db *db, struct err *err)
{
	struct dunning_preview *owner = previewing->owner;
	const struct portfolio_group *group = NULL;
	struct next_answer answer;
	struct dry_item item;
	int failed = portfolio_begin(&owner->portfolio, db, previewing->today - CAPS_DAYS, NULL, err);

	dry_run_init(&owner->run, &previewing->policies, previewing->today);
	while (failed == 0 && (failed = portfolio_next(&owner->portfolio, &group, err)) == 0 && group != NULL) {
		dry_run_ask(&owner->run, group, &answer, &item);
		dry_totals_count(&previewing->totals, group);
		dry_totals_add(&previewing->totals, &item);
	}
	portfolio_end(&owner->portfolio);
	dry_totals_sort(&previewing->totals);
	return failed;
}

/* The day, the policies and the number of groups are of the snapshot. */
static int preview_snapshot(struct previewing *previewing, struct pool_seat *seat, struct err *err)
{
	int32_t business_date;
	int64_t groups;

	if (portfolio_snapshot(seat->db, err) != 0 || portfolio_policies(seat->db, &previewing->policies, err) != 0 ||
	    portfolio_business_date(seat->db, &business_date, err) != 0 || count_groups(seat, &groups, err) != 0)
		return -1;
	if (!previewing->has_day)
		previewing->today = (business_date == DAY_MIN ? day_of_instant(bus_now_ms()) : business_date) + 1;
	if (groups > PREVIEW_GROUPS_MAX) {
		previewing->previewed = PREVIEW_TOO_LARGE;
		return 0;
	}
	if (!policy_draft_put(&previewing->policies, &previewing->draft, previewing->is_alone, &previewing->fault)) {
		previewing->previewed = PREVIEW_BAD_PLACE;
		return 0;
	}
	return ask_all(previewing, seat->db, err);
}

static int read_portfolio(struct long_read *read, struct pool_seat *seat, struct err *err)
{
	int result = preview_snapshot((struct previewing *)read, seat, err);

	db_rollback(seat->db);
	return result;
}

/* ---- the answer ---- */

static void add_step(struct buf *buf, const struct dry_row *row)
{
	buf_add_format(buf, "{\"policy\":\"%s\",\"step\":%d,\"arm\":", row->policy->name, (int)row->step->number);
	buf_add_format(buf, row->step->arm[0] == '\0' ? "null" : "\"%s\"", row->step->arm);
	buf_add_format(buf, ",\"action\":");
	buf_add_format(buf, row->action == ACTION_NONE ? "null" : "\"%s\"", dunning_action_name(row->action));
	buf_add_format(buf, ",\"channel\":");
	buf_add_format(buf, row->action != ACTION_SEND ? "null" : "\"%s\"", channel_name(row->channel));
	buf_add_format(buf, ",\"groups\":%lld,\"debts\":%lld,\"owed\":{\"amountMinor\":%lld,\"currency\":\"%s\"}}",
		       (long long)row->groups, (long long)row->debts, (long long)row->net_minor, row->currency);
}

static void add_waits(struct buf *buf, const struct dry_totals *totals)
{
	const char *separator = "";

	for (int wait = 1; wait < DUNNING_WAIT_COUNT; wait++) {
		if (totals->waits[wait] == 0)
			continue;
		buf_add_format(buf, "%s{\"reason\":\"%s\",\"groups\":%lld}", separator,
			       dunning_wait_name((enum dunning_wait)wait), (long long)totals->waits[wait]);
		separator = ",";
	}
}

static void write_answer(struct buf *buf, const struct previewing *previewing)
{
	const struct dry_totals *totals = &previewing->totals;
	char today[16];

	day_format(today, previewing->today);
	buf_add_format(buf,
		       "{\"asOf\":\"%s\",\"policy\":\"%s\",\"policyVersion\":%d,\"alone\":%s,\"persons\":%lld,\"groups\":%lld,"
		       "\"debts\":%lld,\"groupsWithStep\":%lld,\"underWay\":%lld,\"steps\":[",
		       today, previewing->draft.name, (int)previewing->draft.version, previewing->is_alone ? "true" : "false",
		       (long long)totals->persons, (long long)totals->groups, (long long)totals->debts, (long long)totals->steps,
		       (long long)totals->under_way);
	for (uint32_t index = 0; index < totals->rows_count; index++) {
		buf_add_text(buf, index > 0 ? "," : "");
		add_step(buf, &totals->rows[index]);
	}
	buf_add_text(buf, "],\"waits\":[");
	add_waits(buf, totals);
	buf_add_text(buf, "]}\n");
}

/* A pointer into the body of what is wrong: as it is, or made of the name of a member. */
static void refuse_draft(struct call *call, const struct draft_fault *fault)
{
	static const char *const whole = "bad_json";
	struct json_faults faults = { 0 };
	struct buf pointer;
	char text[JSON_POINTER_MAX];

	buf_init(&pointer, JSON_POINTER_MAX);
	if (fault->where[0] != '/' && fault->where[0] != '\0')
		json_write_pointer(&pointer, &publish_policy_type.record, str_of(fault->where));
	else
		buf_add_text(&pointer, fault->where);
	(void)snprintf(text, sizeof(text), "%.*s", (int)pointer.size, (const char *)pointer.data);
	buf_release(&pointer);
	json_fault_add(&faults, text, text[0] == '\0' ? whole : "bad_value", fault->text);
	faults_refuse(call, &faults, false);
}

static void answer_preview(const struct previewing *previewing)
{
	struct buf buf;

	buf_init(&buf, ANSWER_SIZE_MAX);
	write_answer(&buf, previewing);
	MUST(!buf.overflow);
	call_answer(previewing->read.call, 200, CALL_JSON, buf_str(&buf));
	buf_release(&buf);
}

static void answer(struct long_read *read)
{
	const struct previewing *previewing = (const struct previewing *)read;

	switch (previewing->previewed) {
	case PREVIEWED:
		answer_preview(previewing);
		return;
	case PREVIEW_TOO_LARGE:
		call_refuse(read->call, 409, "too_many_groups",
			    "there are more groups of debts than are previewed over HTTP: dcs dunning preview does it");
		return;
	case PREVIEW_BAD_PLACE:
		refuse_draft(read->call, &previewing->fault);
		return;
	}
}

/* ---- the request ---- */

struct arguments {
	struct previewing *previewing;
	struct fault fault; /* the first; without a code: none */
	unsigned seen;
};

static const char *take_day(struct previewing *previewing, struct str value)
{
	previewing->has_day = day_parse(value, &previewing->today);
	return previewing->has_day ? NULL : "must be a day such as 2026-11-22";
}

static const char *take_alone(struct previewing *previewing, struct str value)
{
	previewing->is_alone = str_is(value, "true");
	return previewing->is_alone || str_is(value, "false") ? NULL : "must be true or false";
}

static void take_argument(void *arguments_arg, struct str name, struct str value)
{
	static const struct {
		const char *name;
		const char *(*take)(struct previewing *, struct str);
	} known[] = { { "asOf", take_day }, { "alone", take_alone } };
	struct arguments *arguments = arguments_arg;
	const char *code = "unknown_argument", *trouble = "the arguments are asOf and alone";

	for (size_t index = 0; index < COUNT(known); index++) {
		if (!str_is(name, known[index].name))
			continue;
		code = (arguments->seen >> index & 1) != 0 ? "repeated" : "bad_format";
		trouble = (arguments->seen >> index & 1) != 0 ? "stands twice" : known[index].take(arguments->previewing, value);
		arguments->seen |= 1U << index;
	}
	if (trouble != NULL)
		faults_note_argument(&arguments->fault, name, code, str_of(trouble));
}

/* False: it was refused. */
static bool read_arguments(struct call *call, struct previewing *previewing)
{
	struct arguments arguments = { .previewing = previewing };

	call_each_argument(call, take_argument, &arguments);
	return faults_allow_arguments(call, &arguments.fault);
}

/* False: it was refused. */
static bool read_draft(struct call *call, struct policy *draft)
{
	struct draft_fault fault = { .where = "" };
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	bool is_good = false;

	if (arena_init(&arena, ARENA_SIZE, &err) != 0)
		call_refuse(call, 503, "unavailable", "there is no memory for a preview");
	else if (!(is_good = policy_draft_read(draft, call_body(call), &arena, &fault)))
		refuse_draft(call, &fault);
	arena_release(&arena);
	return is_good;
}

void preview_dunning(struct api *api, struct call *call)
{
	struct dunning_preview *owner = api->dunning_preview;
	struct previewing *previewing = owner != NULL ? long_reads_find(owner->reads) : NULL;

	if (previewing == NULL) {
		call_refuse(call, 503, "unavailable", "too many previews are asked for");
		return;
	}
	previewing->owner = owner;
	if (read_arguments(call, previewing) && read_draft(call, &previewing->draft))
		long_read_submit(&previewing->read, call);
}

/* ---- life ---- */

int dunning_preview_new(const char *conninfo, struct dunning_preview **ret_preview, struct err *err)
{
	static const struct long_read_kind kind = { .name = "dunning_preview",
						    .operation = "previewDunning",
						    .item_size = sizeof(struct previewing),
						    .waiting_max = WAITING_MAX,
						    .nice = 10, /* the loop comes first */
						    .read = read_portfolio,
						    .answer = answer };
	struct dunning_preview *owner = calloc(1, sizeof(*owner));

	if (owner == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	if (long_reads_new(&kind, conninfo, &owner->reads, err) != 0) {
		dunning_preview_free(owner);
		return -1;
	}
	*ret_preview = owner;
	return 0;
}

void dunning_preview_free(struct dunning_preview *preview)
{
	if (preview == NULL)
		return;
	long_reads_free(preview->reads);
	free(preview);
}

struct part dunning_preview_part(struct dunning_preview *preview)
{
	return long_reads_part(preview->reads);
}
