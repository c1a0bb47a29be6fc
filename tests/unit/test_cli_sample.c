#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>

#include <cmocka.h>

#include "base/day.h"
#include "base/money.h"
#include "crypto/crypto.h"
#include "model/message.h"
#include "producers/cli/dice.h"
#include "producers/cli/natural_id.h"
#include "producers/cli/row_id.h"
#include "producers/cli/sample_messages.h"
#include "producers/cli/sample_world.h"
#include "wire/json.h"

static const struct world world = { .seed = 1, .today = 20000, .customers = 2000, .debts = 5000, .messages = 200 };

static void test_sample__is_the_same_for_the_same_seed_and_another_for_another(void **state)
{
	struct world other = world;
	struct sample_person a, b, c;
	struct sample_debt d, e;
	int same = 0;

	(void)state;
	other.seed = 2;
	for (int64_t i = 0; i < 100; i++) {
		sample_person(&world, i, &a);
		sample_person(&world, i, &b);
		sample_person(&other, i, &c);
		assert_string_equal(a.name, b.name);
		assert_string_equal(a.email, b.email);
		assert_string_equal(a.mobile, b.mobile);
		same += strcmp(a.name, c.name) == 0;
		sample_debt(&world, i, &d);
		sample_debt(&world, i, &e);
		assert_true(uuid_equal(&d.id, &e.id));
		assert_int_equal(d.total_minor, e.total_minor);
	}
	assert_true(same < 20);
}

static void test_sample__does_not_change_when_there_is_more_of_it(void **state)
{
	struct world larger = world;
	struct sample_person a, b;

	(void)state;
	larger.customers *= 10;
	sample_person(&world, 17, &a);
	sample_person(&larger, 17, &b);
	assert_string_equal(a.name, b.name);
}

static bool is_fictional(const char *number)
{
	static const char *const ranges[] = { "+493023125", "+496990009", "+494066969", "+492214710",
					      "+498999998", "+3363998",   "+447700900", NULL };

	for (size_t i = 0; ranges[i] != NULL; i++) {
		if (strncmp(number, ranges[i], strlen(ranges[i])) == 0)
			return true;
	}
	return strncmp(number, "+1", 2) == 0 && strlen(number) == 12 && strncmp(number + 5, "55501", 5) == 0;
}

static bool is_reserved(const char *email)
{
	static const char *const domains[] = {
		"example.com", "example.org", "example.net", "mail.example", "post.example", NULL
	};
	const char *at = strchr(email, '@');

	for (size_t i = 0; at != NULL && domains[i] != NULL; i++) {
		if (strcmp(at + 1, domains[i]) == 0)
			return true;
	}
	return false;
}

static void test_sample__can_reach_nobody_who_exists(void **state)
{
	struct sample_person person;

	(void)state;
	for (int64_t i = 0; i < world.customers; i++) {
		sample_person(&world, i, &person);
		assert_true(person.email[0] == '\0' || is_reserved(person.email));
		assert_true(person.mobile[0] == '\0' || is_fictional(person.mobile));
		assert_true(str_is_text(str_of(person.name)));
	}
}

static void test_sample__has_debts_that_make_sense(void **state)
{
	struct sample_debt debt;
	int64_t due = 0;

	(void)state;
	for (int64_t i = 0; i < world.debts; i++) {
		sample_debt(&world, i, &debt);
		assert_true(debt.customer >= 0 && debt.customer < world.customers);
		assert_true(debt.opened_on < debt.due_on);
		assert_true(debt.due_on >= world.today - 730 && debt.due_on <= world.today + 30);
		assert_true(debt.principal_minor > 0);
		assert_non_null(currency_find(str_of(debt.country->currency)));
		assert_ptr_equal(&sample_countries[debt.creditor->country], debt.country);
		due += debt.due_on < world.today;
	}
	assert_true(due > world.debts * 8 / 10);
}

/* A payment is never before the debt can be paid, and never after today but for the spoilt ones, which are refused. */
static void test_sample__has_good_payments_and_a_few_bad_ones(void **state)
{
	struct sample_payment payments[SAMPLE_PAYMENTS_MAX];
	int64_t good = 0, bad = 0, twice = 0;
	struct sample_debt debt;

	(void)state;
	for (int64_t i = 0; i < world.debts; i++) {
		size_t count = 0;

		sample_debt(&world, i, &debt);
		count = sample_payments(&world, &debt, payments);
		for (size_t j = 0; j < count; j++) {
			bool spoilt = payments[j].amount_minor == 0 || payments[j].received_on > world.today ||
				      strcmp(payments[j].debt_ref, debt.ref) != 0 ||
				      strcmp(payments[j].currency, debt.country->currency) != 0;

			bad += spoilt;
			good += !spoilt;
			twice += j > 0 && strcmp(payments[j].ref, payments[j - 1].ref) == 0;
		}
	}
	assert_true(good > world.debts / 2);
	assert_true(bad > 0 && bad < good / 20);
	assert_true(twice > 0 && twice < good / 20);
}

static void read_lines(struct buf *lines, const char *type_name, int64_t *count)
{
	struct str rest = buf_str(lines);
	struct arena arena;
	struct err err = ERR_INIT;
	struct buf json;

	buf_init(&json, (size_t)1024 * 1024);
	assert_int_equal(arena_init(&arena, 1024 * 1024, &err), 0);
	while (rest.size > 0) {
		struct str line = str_cut(rest, '\n', &rest);
		const void *body = NULL;
		bool has_id = false;
		struct uuid id;

		arena_reset(&arena);
		assert_int_equal(row_take_id(line, &json, &has_id, &id, &err), 0);
		assert_true(has_id);
		if (json_read_message(buf_str(&json), message_by_name(str_of(type_name)), &arena, &body, &err) != 0)
			fail_msg("%s: %s", type_name, err.text);
		++*count;
	}
	arena_release(&arena);
	buf_release(&json);
	buf_reset(lines);
}

static void test_sample__writes_lines_that_publish_takes(void **state)
{
	int64_t templates = 0, consents = 0, withdrawals = 0, messages = 0;
	struct buf lines;

	(void)state;
	buf_init(&lines, (size_t)4 * 1024 * 1024);
	for (int64_t i = 0; i < sample_templates_count(); i++)
		sample_template(i, &lines);
	read_lines(&lines, "PublishTemplate", &templates);
	for (int64_t i = 0; i < 500; i++)
		sample_consents(&world, i, &lines);
	for (int64_t i = 0; i < world.messages; i++)
		sample_message_consent(&world, i, &lines);
	read_lines(&lines, "GrantConsent", &consents);
	for (int64_t i = 0; i < world.messages; i++)
		sample_withdrawal(&world, i, &lines);
	read_lines(&lines, "WithdrawConsent", &withdrawals);
	for (int64_t i = 0; i < world.messages; i++)
		sample_message(&world, i, &lines);
	read_lines(&lines, "SendCommunication", &messages);
	assert_int_equal(templates, sample_templates_count());
	assert_true(consents > world.messages);
	assert_true(withdrawals > 0 && withdrawals < world.messages / 10);
	assert_int_equal(messages, world.messages);
	buf_release(&lines);
}

static void test_dice__stay_between_their_bounds(void **state)
{
	struct dice dice = dice_of(1, 2, 3);
	static const int weights[] = { 0, 5, 0 };
	int64_t sum = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t number = dice_between(&dice, -3, 3);

		assert_true(number >= -3 && number <= 3);
		sum += number;
		assert_int_equal(dice_pick(&dice, weights, 3), 1);
	}
	assert_true(sum > -1000 && sum < 1000);
	assert_int_equal(dice_between(&dice, 7, 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample__is_the_same_for_the_same_seed_and_another_for_another),
		cmocka_unit_test(test_sample__does_not_change_when_there_is_more_of_it),
		cmocka_unit_test(test_sample__can_reach_nobody_who_exists),
		cmocka_unit_test(test_sample__has_debts_that_make_sense),
		cmocka_unit_test(test_sample__has_good_payments_and_a_few_bad_ones),
		cmocka_unit_test(test_sample__writes_lines_that_publish_takes),
		cmocka_unit_test(test_dice__stay_between_their_bounds),
	};
	struct err err = ERR_INIT;

	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
