/* The creditors, debts and payments of the synthetic portfolio. */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"
#include "dice.h"
#include "natural_id.h"
#include "sample_world.h"

#define DICE_DEBT    2
#define DICE_PAYMENT 3

#define DAYS_BACK  730 /* due dates: over two years, */
#define DAYS_AHEAD 30  /* and a few that are not due yet */

enum { DE, FR, NL, AT, IE, GB, US, JP }; /* as in sample_countries */

const struct sample_creditor sample_creditors[] = {
	{ "nordlicht-energie", "Nordlicht Energie GmbH", DE },
	{ "rheinkredit", "Rheinkredit Bank AG", DE },
	{ "telvia-mobil", "Telvia Mobil GmbH", DE },
	{ "lindner-versand", "Lindner Versand KG", DE },
	{ "credit-garonne", "Crédit Garonne SA", FR },
	{ "hexa-mobile", "Hexa Mobile SAS", FR },
	{ "tulp-energie", "Tulp Energie B.V.", NL },
	{ "alpenstrom", "Alpenstrom AG", AT },
	{ "liffey-telecom", "Liffey Telecom Ltd", IE },
	{ "albion-retail", "Albion Retail Credit Ltd", GB },
	{ "severn-power", "Severn Power plc", GB },
	{ "prairie-medical", "Prairie Medical Billing LLC", US },
	{ "sakura-card", "さくらカード株式会社", JP },
};
const size_t sample_creditors_count = COUNT(sample_creditors);

#define CREDITORS_MAX 16
_Static_assert(COUNT(sample_creditors) <= CREDITORS_MAX, "the weights have room");

static const struct sample_creditor *draw_creditor(struct dice *dice, const struct country *country)
{
	int weights[CREDITORS_MAX];

	for (size_t i = 0; i < sample_creditors_count; i++)
		weights[i] = &sample_countries[sample_creditors[i].country] == country;
	return &sample_creditors[dice_pick(dice, weights, sample_creditors_count)];
}

/* Most debts are small, a few are large; in minor units of the currency. */
static int64_t draw_principal(struct dice *dice, const char *currency)
{
	static const int weights[] = { 30, 40, 21, 8, 1 };
	static const int64_t bounds[] = { 1900, 10000, 50000, 200000, 1000000, 6000000 };
	size_t size = dice_pick(dice, weights, COUNT(weights));
	int64_t amount = dice_between(dice, bounds[size], bounds[size + 1] - 1);

	return strcmp(currency, "JPY") == 0 ? amount * 3 / 2 : amount;
}

/* Young debts are more frequent than old ones. */
static int32_t draw_due_on(struct dice *dice, int32_t today)
{
	int64_t a = dice_between(dice, -DAYS_AHEAD, DAYS_BACK);
	int64_t b = dice_between(dice, -DAYS_AHEAD, DAYS_BACK);

	return today - (int32_t)(a < b ? a : b);
}

static void draw_amounts(struct dice *dice, struct sample_debt *debt)
{
	debt->principal_minor = draw_principal(dice, debt->country->currency);
	if (dice_chance(dice, 450))
		debt->interest_minor = debt->principal_minor * dice_between(dice, 2, 90) / 1000;
	if (dice_chance(dice, 300))
		debt->fee_minor = dice_between(dice, 250, 4000);
	if (dice_chance(dice, 50))
		debt->cost_minor = dice_between(dice, 1500, 7000);
	debt->total_minor = debt->principal_minor + debt->interest_minor + debt->fee_minor + debt->cost_minor;
	debt->fees_authorised = debt->fee_minor + debt->cost_minor > 0 && !dice_chance(dice, 3);
}

static enum sample_outcome draw_outcome(struct dice *dice, bool is_due)
{
	static const int due[OUTCOME_COUNT] = { 44, 26, 14, 14, 2 };
	static const int not_due[OUTCOME_COUNT] = { 90, 8, 0, 2, 0 };

	return (enum sample_outcome)dice_pick(dice, is_due ? due : not_due, OUTCOME_COUNT);
}

/* The first debts go one to each customer, the others more to some than to others. */
static int64_t draw_customer(struct dice *dice, const struct world *world, int64_t index)
{
	int64_t a = dice_between(dice, 0, world->customers - 1);
	int64_t b = dice_between(dice, 0, world->customers - 1);

	if (index < world->customers)
		return index;
	return a < b ? a : b;
}

bool sample_debt_is_refused(const struct sample_debt *debt)
{
	return debt->fee_minor + debt->cost_minor > 0 && !debt->fees_authorised;
}

void sample_debt(const struct world *world, int64_t index, struct sample_debt *ret_debt)
{
	static const char *const portfolios[] = { "consumer-2024", "consumer-2025", "telecom", "utilities" };
	struct dice dice = dice_of(world->seed, DICE_DEBT, (uint64_t)index);
	struct sample_debt debt = { .index = index };
	struct sample_person person;
	struct uuid creditor_id;

	debt.customer = draw_customer(&dice, world, index);
	sample_person(world, debt.customer, &person);
	debt.country = person.country;
	debt.creditor = draw_creditor(&dice, debt.country);
	debt.portfolio = portfolios[dice_between(&dice, 0, 3)];
	snprintf(debt.ref, sizeof(debt.ref), "D-%08lld", (long long)index + 1);
	debt.due_on = draw_due_on(&dice, world->today);
	debt.opened_on = debt.due_on - (int32_t)dice_between(&dice, 14, 900);
	draw_amounts(&dice, &debt);
	debt.outcome = draw_outcome(&dice, debt.due_on < world->today - 1);
	creditor_id = creditor_id_of(str_of(debt.creditor->code));
	debt.id = debt_id_of(&creditor_id, str_of(debt.ref));
	*ret_debt = debt;
}

/* ---- payments ---- */

static void draw_payment(struct dice *dice, const struct world *world, const struct sample_debt *debt, int ordinal,
			 int64_t amount_minor, struct sample_payment *ret_payment)
{
	static const char *const methods[] = { "transfer", "card", "direct_debit", "cash" };
	static const int weights[] = { 55, 20, 22, 3 };
	int32_t last = world->today - 1;
	int32_t first = debt->due_on - 5 < last ? debt->due_on - 5 : last;
	struct sample_payment payment = { .currency = debt->country->currency, .amount_minor = amount_minor };

	snprintf(payment.ref, sizeof(payment.ref), "P-%08lld-%d", (long long)debt->index + 1, ordinal + 1);
	snprintf(payment.debt_ref, sizeof(payment.debt_ref), "%s", debt->ref);
	payment.source = dice_chance(dice, 850) ? "bank-statement" : "portal";
	payment.method = methods[dice_pick(dice, weights, 4)];
	payment.received_on = (int32_t)dice_between(dice, first, last);
	*ret_payment = payment;
}

/* Typical mistakes of customers and banks: the module refuses these. */
static void spoil(struct dice *dice, const struct world *world, struct sample_payment *payment)
{
	switch (dice_between(dice, 0, 3)) {
	case 0: /* bad_currency */
		payment->currency = strcmp(payment->currency, "USD") == 0 ? "EUR" : "USD";
		break;
	case 1: /* bad_amount */
		payment->amount_minor = 0;
		break;
	case 2: /* bad_date */
		payment->received_on = world->today + 40;
		break;
	default: /* not_found */
		snprintf(payment->debt_ref, sizeof(payment->debt_ref), "D-unknown");
		break;
	}
}

static int parts_of(struct dice *dice, enum sample_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_UNPAID:
		return 0;
	case OUTCOME_ONE_PART:
	case OUTCOME_PAID:
	case OUTCOME_OVERPAID:
		return 1;
	case OUTCOME_SOME_PARTS:
		return (int)dice_between(dice, 2, 4);
	case OUTCOME_COUNT:
		break;
	}
	MUST_NOT_REACH("outcome");
}

size_t sample_payments(const struct world *world, const struct sample_debt *debt,
		       struct sample_payment ret_payments[SAMPLE_PAYMENTS_MAX])
{
	struct dice dice = dice_of(world->seed, DICE_PAYMENT, (uint64_t)debt->index);
	int parts = parts_of(&dice, debt->outcome);
	size_t count = 0;

	for (int i = 0; i < parts; i++) {
		int64_t amount_minor = debt->total_minor * dice_between(&dice, 80, 300) / 1000 + 1;

		if (debt->outcome == OUTCOME_PAID)
			amount_minor = debt->total_minor;
		if (debt->outcome == OUTCOME_OVERPAID)
			amount_minor = debt->total_minor + dice_between(&dice, 1, 5000);
		draw_payment(&dice, world, debt, i, amount_minor, &ret_payments[count++]);
	}
	if (count > 0 && dice_chance(&dice, 8)) { /* the same row again: a duplicate, no effect */
		ret_payments[count] = ret_payments[count - 1];
		count++;
	}
	if (dice_chance(&dice, 6)) {
		draw_payment(&dice, world, debt, 8, debt->total_minor / 10 + 1, &ret_payments[count]);
		spoil(&dice, world, &ret_payments[count]);
		count++;
	}
	MUST(count <= SAMPLE_PAYMENTS_MAX);
	return count;
}
