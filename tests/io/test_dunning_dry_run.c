/*
 * `dcs dunning preview` and its kin over a real PostgreSQL: what is foreseen of a handful of people is what the module then does, and what
 * a person reckons.
 */
#include "store_spec.h"

#include <fcntl.h>

#include "consumers/communications/asked.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/store.h"
#include "crypto/seal.h"
#include "model/sealed.h"
#include "producers/cli/cli.h"
#include "producers/cli/dunning_dry_run.h"
#include "schemas/dunning.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	(void)state;
	return dunning_store_prepare(dunning_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &dunning_module, &dunning_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* ---- given: a policy, and the same as a file ---- */

#define POLICY_SQL                                                                                                               \
	"INSERT INTO dunning.policy_version (publication_id, name, version, title, priority, creditor_ids, portfolio_ids, "      \
	"languages, charged_off, tolerance_minor, demands_a_day, demands_a_week, catch_up, new_debts, reopened, arms) VALUES "   \
	"('019a0000-0000-7000-8000-000000000009', 'early', 1, 'x', 10, '', '', '', false, 500, 1, 3, 'one_a_day', 'join', "      \
	"'start', '')"
#define STEPS_SQL                                                                                                                \
	"INSERT INTO dunning.policy_step (publication_id, place, number, trigger, days, action, template, message_class, "       \
	"channels, send_days, min_balance_minor, otherwise) VALUES "                                                             \
	"('019a0000-0000-7000-8000-000000000009', 1, 1, 'days_past_due', 5, 'send', 'first', 'demand', 'email sms', 3, NULL, "   \
	"'move_on'), "                                                                                                           \
	"('019a0000-0000-7000-8000-000000000009', 2, 2, 'days_since_step', 14, 'send', 'second', 'demand', 'letter email', 5, "  \
	"NULL, 'review'), "                                                                                                      \
	"('019a0000-0000-7000-8000-000000000009', 3, 3, 'days_since_step', 10, 'call', NULL, NULL, '', NULL, 5000, 'move_on')"

static const char draft[] =
	"{\"policy\": \"early\", \"policyVersion\": 2, \"title\": \"x\", \"priority\": 10, \"chargedOff\": false, "
	"\"toleranceMinor\": 500, \"demandsADay\": 1, \"demandsAWeek\": 3, \"catchUp\": \"one_a_day\", \"newDebts\": \"join\", "
	"\"reopened\": \"start\", \"steps\": ["
	"{\"number\": 1, \"trigger\": \"days_past_due\", \"days\": 5, \"action\": \"send\", \"template\": \"first\", "
	"\"messageClass\": \"demand\", \"channels\": \"email sms\", \"sendDays\": 3, \"otherwise\": \"move_on\"}, "
	"{\"number\": 2, \"trigger\": \"days_since_step\", \"days\": 14, \"action\": \"send\", \"template\": \"second\", "
	"\"messageClass\": \"demand\", \"channels\": \"letter email\", \"sendDays\": 5, \"otherwise\": \"review\"}, "
	"{\"number\": 3, \"trigger\": \"days_since_step\", \"days\": %d, \"action\": \"call\", \"minBalanceMinor\": 5000, "
	"\"otherwise\": \"move_on\"}]}";

static void given_policy(void)
{
	store_sql(&spec, "test_policy_change",
		  "INSERT INTO dunning.policy_change VALUES (1, '019a0000-0000-7000-8000-000000000009', false, now(), 'a', 'b')");
	store_sql(&spec, "test_policy", POLICY_SQL);
	store_sql(&spec, "test_policy_steps", STEPS_SQL);
}

#define PATH_SIZE 64

/* The same policy; its third step comes so many days after the second. */
static void given_file(char path[PATH_SIZE], int days)
{
	char text[2048];
	int size = snprintf(text, sizeof(text), draft, days);
	int file;

	snprintf(path, PATH_SIZE, "/tmp/dcs-test-policy.XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, (size_t)size), size);
	close(file);
}

/* ---- given: people. Each has a letter; his ids have it, too ---- */

#define PERSON_SQL                                                                                                               \
	"INSERT INTO dunning.person (customer_id, version, is_active, kind, country, locale, emails, mobiles, telephones, "      \
	"letters, opted_out, deceased, bankruptcy, restriction) "                                                                \
	"SELECT ('019a0000-0000-7000-8000-0043000000' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, 1, true, 'natural', 'DE', "      \
	"'de', "                                                                                                                 \
	"CASE WHEN l IN ('B', 'K') THEN 0 ELSE 1 END, CASE WHEN l = 'K' THEN 0 ELSE 1 END, 0, CASE WHEN l = 'K' THEN 0 ELSE 1 "  \
	"END, 0, CASE WHEN l = 'E' THEN 1 ELSE 0 END, 0, 0 FROM unnest(string_to_array('A B C D E F G H I J K', ' ')) l"

/* A group of a person and a creditor, 1 or 2. */
#define GROUP_SQL                                                                                                                \
	"INSERT INTO dunning.debt_group (group_id, customer_id, creditor_id, currency, version, asks, failed_step, "             \
	"next_channel, rounds, wait_step, step_id) "                                                                             \
	"SELECT ('019a0000-0000-7000-8000-0047000' || c || '00' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                      \
	"('019a0000-0000-7000-8000-0043000000' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                                       \
	"('019a0000-0000-7000-8000-004b0000000' || c)::uuid, 'EUR', 1, 0, 0, 0, 0, 0, "                                          \
	"CASE WHEN l = 'J' THEN '019a0000-0000-7000-8000-005300000001'::uuid END "                                               \
	"FROM unnest(string_to_array('A B C D E F G H I J K', ' ')) l, generate_series(1, 2) c WHERE c = 1 OR l = 'H'"

/* letter, creditor, number, owes, due, level, level_on */
#define DEBTS_SQL                                                                                                                \
	"INSERT INTO dunning.debt (debt_id, customer_id, creditor_id, group_id, version, currency, opened_on, due_on, "          \
	"balance_minor, credit_minor, paused_days, lifecycle, disputes, policy, level, level_on) "                               \
	"SELECT ('019a0000-0000-7000-8000-0044000' || c || '0' || n || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                  \
	"('019a0000-0000-7000-8000-0043000000' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                                       \
	"('019a0000-0000-7000-8000-004b0000000' || c)::uuid, "                                                                   \
	"('019a0000-0000-7000-8000-0047000' || c || '00' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                             \
	"1, 'EUR', date '2025-10-01', due::date, owes, 0, 0, 2, 0, CASE WHEN level > 0 THEN 'early' END, level, level_on::date " \
	"FROM (VALUES ('A', 1, 1, 10000, '2025-12-20', 0, NULL), ('A', 1, 2, 900, '2025-12-28', 0, NULL), ('B', 1, 1, 20000, "   \
	"'2025-12-27', 0, NULL), "                                                                                               \
	"('C', 1, 1, 30000, '2025-11-20', 1, '2025-12-10'), ('C', 1, 2, 5000, '2025-12-31', 0, NULL), "                          \
	"('D', 1, 1, 40000, '2025-11-01', 2, '2025-12-22'), ('E', 1, 1, 10000, '2025-12-20', 0, NULL), "                         \
	"('F', 1, 1, 499, '2025-12-20', 0, NULL), ('G', 1, 1, 10000, '2025-12-20', 0, NULL), "                                   \
	"('H', 1, 1, 60000, '2025-12-20', 0, NULL), ('H', 2, 1, 70000, '2025-12-20', 0, NULL), "                                 \
	"('I', 1, 1, 10000, '2025-12-28', 0, NULL), ('J', 1, 1, 10000, '2025-12-20', 0, NULL), "                                 \
	"('K', 1, 1, 10000, '2025-12-20', 0, NULL)) v (l, c, n, owes, due, level, level_on)"

/* Of A's second debt a promise is open. G was asked for money three times in the last seven days, a fourth demand failed; J has one under way. */
#define ASKED_SQL                                                                                                                \
	"INSERT INTO dunning.step (step_id, customer_id, group_id, version, policy, step, asked_on, action, channel, "           \
	"is_demand, "                                                                                                            \
	"state) SELECT ('019a0000-0000-7000-8000-00530000000' || n)::uuid, "                                                     \
	"('019a0000-0000-7000-8000-0043000000' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, "                                       \
	"('019a0000-0000-7000-8000-0047000100' || lpad(to_hex(ascii(l)), 2, '0'))::uuid, 1, 'early', 1, asked::date, 'send', "   \
	"'email', true, state FROM (VALUES ('J', 1, '2025-12-31', 'asked'), ('G', 2, '2025-12-26', 'taken'), "                   \
	"('G', 3, '2025-12-28', 'taken'), ('G', 4, '2025-12-30', 'asked'), ('A', 5, '2025-12-31', 'failed')) v (l, n, asked, "   \
	"state)"

static void given_people(void)
{
	store_sql(&spec, "test_persons", PERSON_SQL);
	store_sql(&spec, "test_groups", GROUP_SQL);
	store_sql(&spec, "test_debts", DEBTS_SQL);
	store_sql(&spec, "test_asked", ASKED_SQL);
	store_sql(&spec, "test_asked_debts",
		  "INSERT INTO dunning.step_debt SELECT '019a0000-0000-7000-8000-005300000001', 0, debt_id FROM dunning.debt "
		  "WHERE debt_id = '019a0000-0000-7000-8000-00440001014a'");
	store_sql(&spec, "test_promised",
		  "UPDATE dunning.debt SET is_promised = true WHERE debt_id = '019a0000-0000-7000-8000-004400010241'");
}

/* ---- when: a program writes ---- */

#define TEXT_SIZE 65536

static char text[TEXT_SIZE];

/* What it writes goes through a file, so that nothing waits for a reader. */
static int run(int (*program)(int, char **), int argc, char **argv)
{
	char path[] = "/tmp/dcs-test-output.XXXXXX";
	int file = mkstemp(path), kept = dup(STDOUT_FILENO), status;
	ssize_t size;

	assert_true(file >= 0 && kept >= 0);
	unlink(path);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	status = program(argc, argv);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	size = pread(file, text, sizeof(text) - 1, 0);
	close(file);
	text[size < 0 ? 0 : size] = '\0';
	return status;
}

static char pg[STORE_CONNINFO_MAX];

static void find_pg(void)
{
	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
}

static void when_previewed(const char *policy, const char *by)
{
	char *argv[] = { (char[]){ "preview" },
			 (char *)(uintptr_t)policy,
			 (char[]){ "--pg" },
			 pg,
			 (char[]){ "--as-of" },
			 (char[]){ "2026-01-01" },
			 (char[]){ "--by" },
			 (char *)(uintptr_t)by,
			 (char[]){ "--price-email" },
			 (char[]){ "2" },
			 (char[]){ "--price-letter" },
			 (char[]){ "95" },
			 NULL };

	find_pg();
	assert_int_equal(run(run_dunning_preview, (int)COUNT(argv) - 1, argv), EXIT_STATUS_OK);
}

/* ---- then: in the words of this test ---- */

/* "A1 step early/1 email 1 10000", in the order of the groups. */
static char foreseen[4096], happened[4096];

static void add_line(char *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_line(char *lines, const char *format, ...)
{
	size_t size = strlen(lines);
	va_list values;

	va_start(values, format);
	vsnprintf(lines + size, sizeof(foreseen) - size, format, values);
	va_end(values);
}

static struct str field(struct str line, int number)
{
	struct str cell = { 0 };

	for (int index = 0; index <= number; index++)
		cell = str_cut(line, ',', &line);
	return cell;
}

#define F(number) (int)field(line, number).size, field(line, number).data

static int commas_in(struct str line)
{
	int count = 0;

	for (size_t at = 0; at < line.size; at++)
		count += line.data[at] == ',' ? 1 : 0;
	return count;
}

/* customer_id 0, group_id 1, outcome 4, reason 5, policy 7, step 9, by 11, debts 14, net 15 */
static void read_foreseen(void)
{
	struct str rest = str_of(text);
	struct str line = str_cut(rest, '\n', &rest);
	const int commas = commas_in(line);

	foreseen[0] = '\0';
	assert_true(str_equal(field(line, 0), STR("customer_id")));
	while (rest.size > 0) {
		line = str_cut(rest, '\n', &rest);
		assert_int_equal(commas_in(line), commas);
		if (str_is(field(line, 4), "wait"))
			add_line(foreseen, "%.*s wait %.*s\n", F(1), F(5));
		else
			add_line(foreseen, "%.*s %.*s %.*s/%.*s %.*s %.*s %.*s\n", F(1), F(4), F(7), F(9), F(11), F(14), F(15));
	}
}

static void tell_event(const struct event *event)
{
	char id[UUID_TEXT_SIZE + 1];

	if (event->type == &dunning_step_due_type) {
		const struct dunning_step_due *due = event->body;

		uuid_format(id, &due->group_id);
		add_line(happened, "%s step %.*s/%d %.*s %zu %lld\n", id, (int)due->policy.size, due->policy.data, (int)due->step,
			 (int)(due->channel.size > 0 ? due->channel : due->action).size,
			 (due->channel.size > 0 ? due->channel : due->action).data, due->debt_ids_count,
			 (long long)due->net_minor);
	}
	if (event->type == &dunning_waiting_type) {
		const struct dunning_waiting *waiting = event->body;

		uuid_format(id, &waiting->group_id);
		add_line(happened, "%s wait %.*s\n", id, (int)waiting->reason.size, waiting->reason.data);
	}
}

/* The groups' timers fire, as at the Tick of the day. */
static void when_the_day_comes(void)
{
	struct db_result groups = { 0 };

	store_must(&spec,
		   db_run(spec.admin,
			  store_statement("test_group_ids", "SELECT group_id, customer_id FROM dunning.debt_group ORDER BY "
							    "customer_id, group_id"),
			  NULL, &groups, &spec.err));
	happened[0] = '\0';
	for (int row = 0; row < groups.rows; row++) {
		struct timer timer = {
			.kind = &evaluation_timer, .subject = db_uuid(&groups, row, 0), .is_on_day = true, .due_on = STORE_TODAY
		};

		store_fire(&spec, &timer, db_uuid(&groups, row, 1), STORE_TODAY * DAY_MS);
	}
	store_run(&spec);
	for (int row = 0; row < groups.rows; row++) {
		for (size_t event = 0; event < spec.decisions[row].events_count; event++)
			tell_event(&spec.decisions[row].events[event]);
	}
	db_result_release(&groups);
}

static const char reckoned[] = /* by hand */
	"019a0000-0000-7000-8000-004700010041 step early/1 email 1 10000\n"
	"019a0000-0000-7000-8000-004700010042 step early/1 sms 1 20000\n"
	"019a0000-0000-7000-8000-004700010043 step early/2 letter 2 35000\n"
	"019a0000-0000-7000-8000-004700010044 step early/3 call 1 40000\n"
	"019a0000-0000-7000-8000-004700010045 wait deceased\n"
	"019a0000-0000-7000-8000-004700010046 wait balance\n"
	"019a0000-0000-7000-8000-004700010047 wait cap\n"
	"019a0000-0000-7000-8000-004700010048 step early/1 email 1 60000\n"
	"019a0000-0000-7000-8000-004700020048 wait cap\n"
	"019a0000-0000-7000-8000-00470001004b wait no_contact\n";

static void test_dunning_dry_run__what_is_foreseen_happens(void **state)
{
	(void)state;
	given_policy();
	given_people();
	when_previewed("early", "person");
	read_foreseen();
	assert_string_equal(foreseen, reckoned);
	when_the_day_comes();
	assert_string_equal(happened, foreseen);
}

/* As a draft, with nothing published; D gets his call a day later by it. */
static void test_dunning_dry_run__a_draft_is_asked_before_it_is_published(void **state)
{
	char path[PATH_SIZE];

	(void)state;
	given_people();
	given_file(path, 10);
	when_previewed(path, "person");
	read_foreseen();
	assert_string_equal(foreseen, reckoned);
	unlink(path);
	given_policy();
	given_file(path, 11);
	when_previewed(path, "person");
	unlink(path);
	read_foreseen();
	assert_non_null(strstr(text, ",early,2,1,"));
	assert_null(strstr(foreseen, "004700010044"));
}

static void then_says(const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("it does not say \"%s\" but\n%s", wanted, text);
}

static void test_dunning_dry_run__totals_say_what_it_costs(void **state)
{
	(void)state;
	given_policy();
	given_people();
	when_previewed("early", "total");
	then_says("on 2026-01-01, by early version 1 and the other policies in force\n");
	then_says("costs are 2 an e-mail, 0 an SMS, 95 a letter");
	then_says("early                       1  -                email               2         2         4  700.00 EUR\n");
	then_says("early                       1  -                sms                 1         1         0  200.00 EUR\n");
	then_says("early                       2  -                letter              1         2        95  350.00 EUR\n");
	then_says("early                       3  -                call                1         1         0  400.00 EUR\n");
	then_says("5 of 12 groups get a step (11 persons, 14 debts); 1 have one under way; all together cost 99\n");
	then_says("waiting: deceased 1, balance 1, cap 2, no_contact 1\n");
	then_says("the guard was not asked");
}

static void test_dunning_dry_run__a_diff_names_whose_step_is_another(void **state)
{
	char path[PATH_SIZE];
	char *argv[] = { (char[]){ "diff" },       (char[]){ "early" }, path, (char[]){ "--as-of" },
			 (char[]){ "2026-01-01" }, (char[]){ "--pg" },  pg,   NULL };

	(void)state;
	given_policy();
	given_people();
	given_file(path, 11);
	find_pg();
	assert_int_equal(run(run_dunning_diff, (int)COUNT(argv) - 1, argv), EXIT_STATUS_OK);
	unlink(path);
	assert_string_equal(strchr(text, '\n') + 1, "019a0000-0000-7000-8000-004300000044,019a0000-0000-7000-8000-004700010044,"
						    "019a0000-0000-7000-8000-004b00000001,EUR,\"none instead of a step\","
						    "early,3,call,1,40000,,,,,,,\n");
}

static void when_simulated(char *flag, char *value, char *other_flag, char *other_value)
{
	char *argv[] = { (char[]){ "simulate" },
			 (char[]){ "early" },
			 (char[]){ "--as-of" },
			 (char[]){ "2026-01-01" },
			 (char[]){ "--days" },
			 (char[]){ "40" },
			 (char[]){ "--pg" },
			 pg,
			 flag,
			 value,
			 other_flag,
			 other_value,
			 NULL };

	find_pg();
	assert_int_equal(run(run_dunning_simulate, other_flag == NULL ? 10 : 12, argv), EXIT_STATUS_OK);
}

static void test_dunning_dry_run__days_ahead_are_as_reckoned(void **state)
{
	(void)state;
	given_policy();
	given_people();
	when_simulated((char[]){ "--by" }, (char[]){ "day" }, NULL, NULL);
	assert_string_equal(text, "day,policy,version,step,arm,by,groups\n"
				  "2026-01-01,early,1,1,,email,2\n"  /* A, H with the first creditor */
				  "2026-01-01,early,1,1,,sms,1\n"    /* B */
				  "2026-01-01,early,1,2,,letter,1\n" /* C */
				  "2026-01-01,early,1,3,,call,1\n"   /* D */
				  "2026-01-02,early,1,1,,email,3\n"  /* G, H with the second, I */
				  "2026-01-11,early,1,3,,call,1\n"   /* C */
				  "2026-01-15,early,1,2,,letter,4\n" /* A, B, H, J, whose first step was under way */
				  "2026-01-16,early,1,2,,letter,3\n" /* G, H, I */
				  "2026-01-25,early,1,3,,call,4\n"
				  "2026-01-26,early,1,3,,call,3\n");
	when_simulated((char[]){ "--by" }, (char[]){ "week" }, NULL, NULL);
	then_says("40 days from 2026-01-01, by early\nassumed: nobody pays;");
	then_says(
		"early               1 -        email            5       0       0       0       0       0        5        0\n");
	then_says("11 persons, 12 groups, 14 debts\n");
}

#define A        "019a0000-0000-7000-8000-004300000041"
#define CREDITOR "creditor 019a0000-0000-7000-8000-004b00000001, EUR: "

static void test_dunning_dry_run__of_one_person_it_is_told_what_a_payment_changes(void **state)
{
	(void)state;
	given_policy();
	given_people();
	when_simulated((char[]){ "--customer" }, (char[]){ A }, (char[]){ "--if" }, (char[]){ "pays 60.00 on 2026-01-20" });
	then_says("as it is:\n"
		  "  2026-01-01  " CREDITOR "step 1 of early: demand by email (template first), about 100.00 EUR of 1 debt\n"
		  "  2026-01-15  " CREDITOR "step 2 of early: demand by letter (template second), about 100.00 EUR of 1 debt\n"
		  "  2026-01-25  " CREDITOR "step 3 of early: a task, call, about 100.00 EUR of 1 debt\n"
		  "if the person pays 60.00 on 2026-01-20:\n"
		  "  2026-01-01  " CREDITOR "step 1 of early: demand by email (template first), about 100.00 EUR of 1 debt\n"
		  "  2026-01-15  " CREDITOR "step 2 of early: demand by letter (template second), about 100.00 EUR of 1 debt\n"
		  "  2026-01-25  " CREDITOR "step 3 of early waits: the step's conditions do not hold yet\n");
}

/* ---- the guard ---- */

static uint8_t programs_key[32];

static void add_sealed(struct db_params *params, const char *its_text, const struct sealed_column *column, const struct uuid *row,
		       const struct uuid *owner)
{
	const struct seal_place place = { column, *row, 1, *owner };
	uint8_t sealed[256], key[32];

	person_key(key, programs_key, STR("salt of customer"));
	seal(sealed, str_of(its_text), &place, key);
	db_param_bytes(params, (struct str){ .data = (const char *)sealed, .size = strlen(its_text) + SEAL_OVERHEAD });
}

/* The customers module knows the person, and an address of his. */
static void given_customer(char letter, const char *channel, const char *address)
{
	static const struct db_statement customer = {
		"test_customer",
		"INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		"key_salt, full_name_sealed) VALUES ($1, $1::text, 'natural', 'active', 'de', 'DE', 1, 'salt of customer', $2)"
	};
	static const struct db_statement point = {
		"test_point",
		"INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state, "
		"version, address_hash, address_sealed) VALUES ($2, $1, $3, 'home', 'consumer', "
		"'usable', 1, substr($2::text, 21, 16)::bytea, $4)"
	};
	const struct uuid customer_id = spec_id('C', (unsigned)letter), point_id = spec_id('P', (unsigned)letter);
	struct db_params params;

	db_params_init(&params, 1 << 12);
	db_param_uuid(&params, &customer_id);
	add_sealed(&params, "Anna", &sealed_name, &customer_id, &customer_id);
	store_must(&spec, db_run(spec.admin, &customer, &params, NULL, &spec.err));
	db_params_reset(&params);
	db_param_uuid(&params, &customer_id);
	db_param_uuid(&params, &point_id);
	db_param_text(&params, str_of(channel));
	add_sealed(&params, address, &sealed_address, &point_id, &customer_id);
	store_must(&spec, db_run(spec.admin, &point, &params, NULL, &spec.err));
	db_params_release(&params);
}

static void when_the_guard_is_asked(char *by)
{
	char *argv[] = { (char[]){ "preview" },
			 (char[]){ "early" },
			 (char[]){ "--pg" },
			 pg,
			 (char[]){ "--as-of" },
			 (char[]){ "2026-01-01" },
			 (char[]){ "--by" },
			 by,
			 (char[]){ "--price-sms" },
			 (char[]){ "7" },
			 (char[]){ "--price-email" },
			 (char[]){ "2" },
			 (char[]){ "--address-key-file" },
			 getenv("DCS_ADDRESS_KEY_FILE"),
			 NULL };

	find_pg();
	assert_int_equal(run(run_dunning_preview, (int)COUNT(argv) - 1, argv), EXIT_STATUS_OK);
}

/* A may be written to, B has opted out of SMS, which dunning does not know yet; of C and H the customers module knows nothing. */
static void test_dunning_dry_run__the_guard_says_what_it_would_stop(void **state)
{
	struct str bad;

	(void)state;
	store_key_file(programs_key);
	assert_true(asked_profiles_choose(STR("basic person"), &bad)); /* their rules deny only: no hour of a test counts */
	given_policy();
	given_people();
	given_customer('A', "email", "anna@example.com");
	given_customer('B', "sms", "+4930123456");
	store_sql(&spec, "test_opt_out",
		  "INSERT INTO communications.opt_out (customer_id, channel, withdrawn_at) VALUES "
		  "('019a0000-0000-7000-8000-004300000042', 'sms', '2025-12-30')");
	store_sql(&spec, "test_permission",
		  "INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at) VALUES "
		  "('019a0000-0000-7000-8000-004300000041', 'email', 'collect', 'consent', '2025-01-30')");
	when_the_guard_is_asked((char[]){ "person" });
	then_says("004300000041,019a0000-0000-7000-8000-004700010041,019a0000-0000-7000-8000-004b00000001,EUR,step,,,early,1,1,,"
		  "email,first,demand,1,10000,allow,,,2\n");
	then_says("004300000042,019a0000-0000-7000-8000-004700010042,019a0000-0000-7000-8000-004b00000001,EUR,step,,,early,1,1,,"
		  "sms,"
		  "first,demand,1,20000,stop,,US-10 US-13,0\n");
	then_says(",letter,second,demand,2,35000,stop,,not_found,0\n");
	then_says(",call,,,1,40000,,,,0\n");
	when_the_guard_is_asked((char[]){ "total" });
	then_says("early                       1  -                email               2         2         1         0         2 "
		  " ");
	then_says("early                       1  -                sms                 1         1         1         0         0 "
		  " ");
	then_says("stopped by rule: US-10 1, US-13 1, not_found 2\n");
	store_key_file_remove();
	unsetenv("DCS_ADDRESS_KEY_FILE"); /* it is the flag's default */
}

/* Nothing is changed, whatever is asked: the tables are as they were. */
static void test_dunning_dry_run__nothing_is_changed(void **state)
{
	static const char sum[] =
		"SELECT coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM (SELECT d::text FROM dunning.debt d UNION ALL "
		"SELECT g::text FROM dunning.debt_group g UNION ALL SELECT s::text FROM dunning.step s UNION ALL "
		"SELECT l::text FROM dunning.event_log l UNION ALL SELECT p::text FROM dunning.policy_version p) t";
	int64_t before;

	(void)state;
	given_policy();
	given_people();
	before = store_number(&spec, "test_sum", sum);
	when_previewed("early", "total");
	when_simulated((char[]){ "--by" }, (char[]){ "day" }, NULL, NULL);
	assert_true(before != 0);
	assert_true(before == store_number(&spec, "test_sum", sum));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__what_is_foreseen_happens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__a_draft_is_asked_before_it_is_published, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__totals_say_what_it_costs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__a_diff_names_whose_step_is_another, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__days_ahead_are_as_reckoned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__of_one_person_it_is_told_what_a_payment_changes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__the_guard_says_what_it_would_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dunning_dry_run__nothing_is_changed, setup, teardown),
	};

	return cmocka_run_group_tests_name("dunning dry run", tests, setup_group, NULL);
}
