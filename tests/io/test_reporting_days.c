/* Ageing of days that are over (sql/0027_ageing_of_past_days.sql): what the real rules of debts book over business days, against
 * a real PostgreSQL (DCS_TEST_PG), run from the root. */

#include "tests/unit/rule_spec.h"

#include "consumers/debts/debts.h"
#include "reporting_world.h"

#define DAYS         9
#define OLD_DAYS     3 /* the events of the first days are of before booked_on */
#define COMMANDS_MAX (DAYS * 60)
#define EVENTS_MAX   (COMMANDS_MAX * 4)
#define THINGS_MAX   COMMANDS_MAX
#define EVENING_SIZE 8192
#define SEEDS        6

/* The history of a seed; bodies lie in the spec's arena. */
static struct spec spec;
static uint64_t dice;
static unsigned debts_count, payments_count;
static struct read_event events[EVENTS_MAX];
static size_t events_count;
static size_t first_of_day[DAYS + 1];
static char evenings[DAYS][EVENING_SIZE];
static char files[DAYS][EVENING_SIZE];

static unsigned any(unsigned below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)(dice % below);
}

static void *keep(size_t size)
{
	void *memory = arena_take(&spec.arena, 1, size);

	assert_non_null(memory);
	return memory;
}

static struct str reference(const char *letter, unsigned number)
{
	char *text = keep(16);

	snprintf(text, 16, "%s-%u", letter, number);
	return str_of(text);
}

/* ---- a business day ---- */

/* As it was written before the event said its day: without it, at any moment of the day. */
static const void *older(const struct message_type *type, const void *body)
{
	char *copy = keep(type->record.size);

	memcpy(copy, body, type->record.size);
	for (size_t i = 0; i < type->record.fields_count; i++)
		if (strcmp(type->record.fields[i].name, "booked_on") == 0)
			*(bool *)(copy + type->record.fields[i].aux_offset) = false;
	return copy;
}

static void when(const struct message_type *type, const void *body)
{
	const struct decision *decision = spec_when(&spec, type, body);
	bool is_old = spec.today < SPEC_TODAY + OLD_DAYS;

	for (size_t i = 0; i < decision->events_count; i++) {
		const struct event *event = &decision->events[i];

		assert_true(events_count < EVENTS_MAX);
		events[events_count] = (struct read_event){ .type = event->type,
							    .body = is_old ? older(event->type, event->body) : event->body,
							    .seq = (int64_t)events_count + 1,
							    .at_ms = is_old ? spec.today * DAY_MS + any(DAY_MS) : 0,
							    .module = "debts" };
		events_count++;
	}
}

static void create(void)
{
	struct create_debt *body = keep(sizeof(*body));

	debts_count++;
	*body = (struct create_debt){ .debt_id = spec_id('D', debts_count),
				      .customer_id = spec_id('C', 1),
				      .creditor_id = spec_id('R', 1 + any(3)),
				      .external_ref = reference("D", debts_count),
				      .currency = any(4) == 0 ? STR("JPY") : STR("EUR"),
				      .principal_minor = 1 + (int64_t)any(1000),
				      .interest_minor = any(50),
				      .opened_on = SPEC_TODAY - 400,
				      .due_on = SPEC_TODAY - 200 + (int32_t)any(220) };
	when(&create_debt_type, body);
}

static void pay(void)
{
	struct record_payment *body = keep(sizeof(*body));
	struct uuid debt_id = spec_id('D', 1 + any(debts_count));
	const struct debt *debt = workset_state(&spec.set, &debt_entity, &debt_id);

	if (debt == NULL)
		return;
	payments_count++;
	*body = (struct record_payment){ .payment_id = spec_id('P', payments_count),
					 .customer_id = spec_id('C', 1),
					 .debt_id = debt_id,
					 .source = STR("bank"),
					 .external_ref = reference("P", payments_count),
					 .amount_minor = 1 + (int64_t)any(900),
					 .currency = str_of(debt->currency),
					 .received_on = spec.today - (int32_t)any(6), /* often before the day it is booked on */
					 .method = STR("transfer") };
	when(&record_payment_type, body);
}

static void reverse(void)
{
	struct reverse_payment *body = keep(sizeof(*body));

	*body = (struct reverse_payment){ .payment_id = spec_id('P', 1 + any(payments_count + 1)),
					  .customer_id = spec_id('C', 1),
					  .reason = STR("chargeback") };
	when(&reverse_payment_type, body);
}

static void amend(void)
{
	struct amend_debt *body = keep(sizeof(*body));

	*body = (struct amend_debt){ .debt_id = spec_id('D', 1 + any(debts_count)),
				     .customer_id = spec_id('C', 1),
				     .has_due_on = true,
				     .due_on = SPEC_TODAY - 200 + (int32_t)any(220),
				     .reason = STR("agreed") };
	when(&amend_debt_type, body);
}

static void cancel(void)
{
	struct cancel_debt *body = keep(sizeof(*body));

	*body = (struct cancel_debt){ .debt_id = spec_id('D', 1 + any(debts_count)),
				      .customer_id = spec_id('C', 1),
				      .reason = STR("created_in_error") };
	when(&cancel_debt_type, body);
}

static void live_a_day(int day)
{
	spec.today = SPEC_TODAY + day;
	spec.now_ms = spec.today * DAY_MS;
	first_of_day[day] = events_count;
	for (int step = 0; step < 60 && day % 4 != 3; step++) {
		unsigned lot = debts_count == 0 ? 0 : any(20);

		if (lot < 5)
			create();
		else if (lot < 13)
			pay();
		else if (lot < 17)
			reverse();
		else if (lot < 19)
			amend();
		else
			cancel();
	}
	first_of_day[day + 1] = events_count;
}

/* ---- what the tables say ---- */

static void text_of(const struct db_statement *statement, int32_t day, char text[EVENING_SIZE])
{
	struct db_result result = { 0 };
	struct db_params params;

	db_params_init(&params, 64);
	db_param_date(&params, day);
	must(db_run(db, statement, &params, &result, &err));
	assert_true(str_to_chars(text, EVENING_SIZE, db_str(&result, 0, 0)));
	db_result_release(&result);
	db_params_release(&params);
}

static void ageing_of(int32_t day, char text[EVENING_SIZE])
{
	static const struct db_statement statement = {
		"days_ageing", "SELECT coalesce(string_agg(a::text, E'\\n'), '') FROM reporting.ageing($1) a"
	};

	text_of(&statement, day, text);
}

/* The function's rows as the report writes them. */
static void csv_of(int32_t day, char text[EVENING_SIZE])
{
	static const struct db_statement statement = {
		"days_csv",
		"SELECT E'as_of,creditor_id,currency,past_due,debts,outstanding\\r\\n' || coalesce(string_agg(format("
		"E'%s,%s,%s,%s days,%s,%s\\r\\n', $1::date, creditor_id, currency, bucket, debts,"
		" CASE WHEN currency = 'JPY' THEN outstanding_minor ELSE round(outstanding_minor / 100.0, 2) END), ''), '')"
		" FROM reporting.ageing($1)"
	};

	text_of(&statement, day, text);
}

/* The report of the day as a file. */
static void file_of(int32_t day, char text[EVENING_SIZE])
{
	static uint8_t number;
	struct report_requested asked = asked_for(++number, STR("ageing"), STR("csv"));

	asked.as_of = day;
	request(&asked, 1);
	read_report(number);
	assert_string_equal(report_state, "ready");
	csv_of(day, text);
	assert_string_equal(report_content, text);
}

/* In pieces of any size, as a reader gets them. */
static void apply_pieces(size_t from, size_t to)
{
	while (from < to) {
		size_t count = 1 + any(40);

		if (count > to - from)
			count = to - from;
		apply(events + from, count);
		from += count;
	}
}

/* The fold is not asked: what the debts themselves say is owed in all. */
static void then_debts_owe_what_the_tables_say(int32_t day)
{
	static const struct db_statement statement = {
		"days_total",
		"SELECT coalesce(sum(debts), 0)::bigint, coalesce(sum(outstanding_minor), 0)::bigint FROM reporting.ageing($1)"
	};
	struct db_result result = { 0 };
	struct db_params params;
	int64_t debts = 0, owed_minor = 0;

	for (unsigned number = 1; number <= debts_count; number++) {
		struct uuid id = spec_id('D', number);
		const struct debt *debt = workset_state(&spec.set, &debt_entity, &id);

		if (debt == NULL)
			continue;
		debts += balances_owed(&debt->balances) > 0;
		owed_minor += balances_owed(&debt->balances);
	}
	db_params_init(&params, 64);
	db_param_date(&params, day);
	must(db_run(db, &statement, &params, &result, &err));
	assert_int_equal(db_int64(&result, 0, 0), debts);
	assert_int_equal(db_int64(&result, 0, 1), owed_minor);
	db_result_release(&result);
	db_params_release(&params);
}

static void then_evenings_are_as_they_were(void)
{
	char text[EVENING_SIZE];

	for (int day = 0; day < DAYS; day++) {
		ageing_of(SPEC_TODAY + day, text);
		assert_string_equal(text, evenings[day]);
		file_of(SPEC_TODAY + day, text);
		assert_string_equal(text, files[day]);
	}
	ageing_of(SPEC_TODAY - 1, text);
	assert_string_equal(text, ""); /* before the first booking nothing is owed */
}

static void begin(uint64_t seed)
{
	struct debts_customer *customer;

	dice = seed * 0x9E3779B97F4A7C15U;
	debts_count = payments_count = 0;
	events_count = 0;
	spec_init(&spec, &debts_module);
	customer = spec_given(&spec, &debts_customer_entity, spec_id('C', 1));
	customer->is_active = 1;
}

static size_t count_of_type(const struct message_type *type)
{
	size_t count = 0;

	for (size_t i = 0; i < events_count; i++)
		count += events[i].type == type;
	return count;
}

static void test_days__ageing_of_a_day_stays_what_it_was_on_its_evening(void **state)
{
	static char whole[1 << 18], again[1 << 18];
	size_t credits = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		must(db_run(owner, &statement_truncate, NULL, NULL, &err));
		begin(seed);
		for (int day = 0; day < DAYS; day++) {
			live_a_day(day);
			apply_pieces(first_of_day[day], first_of_day[day + 1]);
			then_debts_owe_what_the_tables_say(SPEC_TODAY + day);
			ageing_of(SPEC_TODAY + day, evenings[day]);
			file_of(SPEC_TODAY + day, files[day]);
			assert_true(evenings[day][0] != '\0');
		}
		then_evenings_are_as_they_were();
		dump(whole, sizeof(whole));

		must(db_run(owner, &statement_truncate, NULL, NULL, &err));
		apply(events, events_count);
		dump(again, sizeof(again));
		assert_string_equal(again, whole);
		then_evenings_are_as_they_were();

		credits += count_of_type(&credit_applied_type);
		assert_true(count_of_type(&debt_paid_type) > 0 && count_of_type(&debt_reopened_type) > 0);
		assert_true(count_of_type(&debt_amended_type) > 0 && count_of_type(&debt_cancelled_type) > 0);
		spec_release(&spec);
	}
	assert_true(credits > 0);
}

static void test_days__a_day_to_come_shows_what_is_owed_now_older(void **state)
{
	char now[EVENING_SIZE], later[EVENING_SIZE];
	struct debt_created debt = { .creditor_id = { { 1 } },
				     .currency = STR("EUR"),
				     .due_on = SPEC_TODAY,
				     .balance_minor = 700,
				     .has_booked_on = true,
				     .booked_on = SPEC_TODAY };
	const struct read_event event = { .type = &debt_created_type, .body = &debt, .module = "debts" };

	(void)state;
	apply(&event, 1);
	ageing_of(SPEC_TODAY, now);
	ageing_of(SPEC_TODAY + 31, later);
	assert_string_equal(now, "(01000000-0000-0000-0000-000000000000,EUR,1,0,1,700)");
	assert_string_equal(later, "(01000000-0000-0000-0000-000000000000,EUR,3,31-60,1,700)");
}

/* ---- the migration ---- */

static const struct db_statement statement_as_before = {
	"as_before",
	"INSERT INTO reporting.reader_head (module, part, epoch, owner, next_offset, last_seq, last_hash, state) VALUES"
	" ('debts', 0, 7, 'a', 12, 9, decode(repeat('11', 32), 'hex'), 'running'),"
	" ('communications', 0, 5, 'a', 3, 3, decode(repeat('22', 32), 'hex'), 'running')"
};

/* The last statements of the file, as `dcs migrate` runs them. */
static void fold_anew(void)
{
	static char text[16384];
	FILE *file = fopen("sql/0027_ageing_of_past_days.sql", "r");
	struct db_statement statements[2] = { { "anew_heads", NULL }, { "anew_tables", NULL } };
	size_t size;
	char *end;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	text[size] = '\0';
	(void)fclose(file);
	statements[0].sql = strstr(text, "UPDATE reporting.reader_head");
	assert_non_null(statements[0].sql);
	end = strchr(statements[0].sql, ';');
	assert_non_null(end);
	*end = '\0';
	statements[1].sql = strstr(end + 1, "TRUNCATE");
	assert_non_null(statements[1].sql);
	for (size_t i = 0; i < 2; i++)
		must(db_run(owner, &statements[i], NULL, NULL, &err));
}

static void test_days__the_migration_sets_the_reader_of_debts_to_the_start_and_nobody_else(void **state)
{
	static char before[1 << 18], after[1 << 18];

	(void)state;
	begin(4711);
	live_a_day(0);
	must(db_run(owner, &statement_as_before, NULL, NULL, &err));
	apply(events, events_count);
	dump(before, sizeof(before));
	fold_anew();
	assert_int_equal(count_of("SELECT count(*) FROM reporting.outstanding"), 0);
	assert_int_equal(count_of("SELECT count(*) FROM reporting.collected"), 0);
	assert_int_equal(
		count_of("SELECT count(*) FROM reporting.reader_head WHERE module = 'debts' AND epoch = 8 AND next_offset = 0"
			 " AND last_seq = 0 AND last_hash = decode(repeat('00', 32), 'hex')"),
		1);
	assert_int_equal(count_of("SELECT count(*) FROM reporting.reader_head WHERE module = 'communications' AND epoch = 5"
				  " AND next_offset = 3"),
			 1);
	must(db_run(owner, &(struct db_statement){ "anew_changes", "TRUNCATE reporting.outstanding_change" }, NULL, NULL, &err));
	apply(events, events_count);
	dump(after, sizeof(after));
	assert_string_equal(after, before);
	spec_release(&spec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_days__ageing_of_a_day_stays_what_it_was_on_its_evening, empty),
		cmocka_unit_test_setup(test_days__a_day_to_come_shows_what_is_owed_now_older, empty),
		cmocka_unit_test_setup(test_days__the_migration_sets_the_reader_of_debts_to_the_start_and_nobody_else, empty),
	};

	return cmocka_run_group_tests_name("reporting_days", tests, set_up_all, tear_down_all);
}
