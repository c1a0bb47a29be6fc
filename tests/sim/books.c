#include "tests/sim/books.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/debts/debts.h"
#include "schemas/debts.h"

static char verdict[512];

#define FAIL(...)                                                                                                                \
	do {                                                                                                                     \
		snprintf(verdict, sizeof(verdict), __VA_ARGS__);                                                                 \
		return verdict;                                                                                                  \
	} while (0)

void books_init(struct books *books)
{
	struct err err = ERR_INIT;

	*books = (struct books){ .accounts_count = 0 };
	MUST(arena_init(&books->arena, 1 << 20, &err) == 0);
}

void books_release(struct books *books)
{
	arena_release(&books->arena);
}

/* ---- commands ---- */

static struct book_account *account_of(struct books *books, const struct uuid *debt_id)
{
	for (size_t i = 0; i < books->accounts_count; i++)
		if (uuid_equal(&books->accounts[i].debt_id, debt_id))
			return &books->accounts[i];
	return NULL;
}

static struct book_plan *plan_of(struct books *books, const struct uuid *id)
{
	for (size_t i = 0; i < books->plans_count; i++)
		if (uuid_equal(&books->plans[i].id, id))
			return &books->plans[i];
	return NULL;
}

static struct receipt *receipt_of(struct books *books, const struct uuid *payment_id)
{
	for (size_t i = 0; i < books->receipts_count; i++)
		if (uuid_equal(&books->receipts[i].payment_id, payment_id))
			return &books->receipts[i];
	return NULL;
}

static struct str keep(struct books *books, struct str text)
{
	struct str copy = str_copy(&books->arena, text);

	MUST(copy.data);
	return copy;
}

static const char *book_debt(struct books *books, const struct create_debt *debt)
{
	struct book_account *account = &books->accounts[books->accounts_count++];

	MUST(books->accounts_count <= COUNT(books->accounts));
	*account = (struct book_account){
		.debt_id = debt->debt_id,
		.creditor_id = debt->creditor_id,
		.charged_minor = debt->principal_minor + debt->interest_minor + debt->fee_minor + debt->cost_minor,
		.customer_id = debt->customer_id,
		.due_on = debt->due_on,
		.earliest_due_on = debt->due_on,
		.external_ref = keep(books, debt->external_ref),
	};
	account->owed_minor = account->charged_minor;
	return NULL;
}

static const char *book_payment(struct books *books, const struct record_payment *payment)
{
	struct book_account *account = account_of(books, &payment->debt_id);

	if (!account || account->is_cancelled || receipt_of(books, &payment->payment_id))
		FAIL("P5 a payment on no debt, on a cancelled one, or booked twice");
	account->owed_minor -= payment->amount_minor;
	account->may_be_over |= account->owed_minor <= 0;
	MUST(books->receipts_count < COUNT(books->receipts));
	books->receipts[books->receipts_count++] = (struct receipt){ .payment_id = payment->payment_id,
								     .account = account,
								     .amount_minor = payment->amount_minor,
								     .received_on = payment->received_on };
	return NULL;
}

static const char *book_reversal(struct books *books, const struct reverse_payment *reversal)
{
	struct receipt *receipt = receipt_of(books, &reversal->payment_id);

	if (!receipt || receipt->is_reversed || receipt->refunded_minor > 0 || receipt->account->is_cancelled)
		FAIL("P5 a reversal of no payment, of one that was refunded, on a cancelled debt, or booked twice");
	receipt->is_reversed = true;
	receipt->account->is_reopened = true;
	receipt->account->owed_minor += receipt->amount_minor;
	return NULL;
}

/* Only of what the debt is overpaid by. */
static const char *book_refund(struct books *books, const struct refund_payment *refund)
{
	struct receipt *receipt = receipt_of(books, &refund->payment_id);

	if (!receipt || receipt->is_reversed || receipt->account->is_cancelled)
		FAIL("P5 a refund of no payment, of one that was reversed, or on a cancelled debt");
	receipt->refunded_minor += refund->amount_minor;
	receipt->account->owed_minor += refund->amount_minor;
	if (receipt->refunded_minor > receipt->amount_minor || receipt->account->owed_minor > 0)
		FAIL("P5 a refund of more than was paid too much");
	return NULL;
}

static const char *book_amendment(struct books *books, const struct amend_debt *amendment)
{
	struct book_account *account = account_of(books, &amendment->debt_id);

	if (!account || account->is_cancelled)
		FAIL("P5 no debt was amended, or a cancelled one");
	if (amendment->has_due_on)
		account->due_on = amendment->due_on;
	if (account->due_on < account->earliest_due_on)
		account->earliest_due_on = account->due_on;
	if (amendment->has_external_ref)
		account->external_ref = keep(books, amendment->external_ref);
	return NULL;
}

static const char *book_cancellation(struct books *books, const struct cancel_debt *cancellation)
{
	struct book_account *account = account_of(books, &cancellation->debt_id);

	if (!account || account->is_cancelled || account->owed_minor != account->charged_minor)
		FAIL("P5 no debt was cancelled, or twice, or one with payments on it");
	account->is_cancelled = true;
	account->may_be_over = true;
	account->owed_minor = 0;
	return NULL;
}

/* What was charged on the debt in all: a cancellation takes back that, and whoever has paid less cannot be waived it. */
static const char *book_charge(struct books *books, const struct uuid *debt_id, int64_t by_minor)
{
	struct book_account *account = account_of(books, debt_id);

	if (!account || account->is_cancelled || account->owed_minor <= 0 || account->owed_minor + by_minor < 0)
		FAIL("P5 a charge, waiver or correction of no debt, of one on which nothing is owed, or of more than is owed");
	account->charged_minor += by_minor;
	account->owed_minor += by_minor;
	account->may_be_over |= account->owed_minor == 0;
	return NULL;
}

static const char *book_adjustment(struct books *books, const struct adjust_balance *adjustment)
{
	bool is_up = str_is(adjustment->direction, "up");

	return book_charge(books, &adjustment->debt_id, is_up ? adjustment->amount_minor : -adjustment->amount_minor);
}

static const char *book_promise(struct books *books, const struct make_promise *promise)
{
	struct book_account *account = account_of(books, &promise->debt_id);

	if (!account || account->is_cancelled || account->owed_minor < promise->amount_minor)
		FAIL("P5 a promise about no debt, or of more than is owed");
	account->promise_id = promise->promise_id;
	account->promised_minor = promise->amount_minor;
	account->receipts_before = books->receipts_count;
	account->may_be_over = false;
	return NULL;
}

static const char *book_promise_end(struct books *books, const struct cancel_promise *end)
{
	for (size_t i = 0; i < books->accounts_count; i++)
		if (uuid_equal(&books->accounts[i].promise_id, &end->promise_id)) {
			books->accounts[i].may_be_over = true;
			return NULL;
		}
	FAIL("P5 a promise was cancelled that is not the latest of any debt");
}

/* From then on no promise is judged, and payments count for this plan. What it is about is what is owed. */
static const char *book_acceptance(struct books *books, const struct accept_plan *acceptance)
{
	struct book_plan *plan = plan_of(books, &acceptance->plan_id);
	struct book_account *account = plan == NULL ? NULL : account_of(books, &plan->debt_id);

	if (!account || account->is_cancelled || account->owed_minor != plan->total_minor)
		FAIL("P5 a plan was accepted about no debt, or not about what is owed");
	account->promise_id = (struct uuid){ { 0 } };
	account->plan_id = plan->id;
	account->planned_minor = plan->total_minor;
	account->planned_from = books->receipts_count;
	account->is_plan_cancelled = false;
	return NULL;
}

static const char *book_proposal(struct books *books, const struct propose_plan *proposal)
{
	if (plan_of(books, &proposal->plan_id))
		FAIL("P5 a plan was proposed twice");
	MUST(books->plans_count < COUNT(books->plans));
	books->plans[books->plans_count++] =
		(struct book_plan){ .id = proposal->plan_id, .debt_id = proposal->debt_id, .total_minor = proposal->total_minor };
	return NULL;
}

static struct book_account *planned_account(struct books *books, const struct uuid *plan_id)
{
	for (size_t i = 0; i < books->accounts_count; i++)
		if (uuid_equal(&books->accounts[i].plan_id, plan_id))
			return &books->accounts[i];
	return NULL;
}

/* A proposal that is cancelled is no account's plan. */
static const char *book_plan_end(struct books *books, const struct cancel_plan *end)
{
	struct book_account *account = planned_account(books, &end->plan_id);

	if (account)
		account->is_plan_cancelled = true;
	return NULL;
}

static const char *book_reinstatement(struct books *books, const struct reinstate_plan *again)
{
	struct book_account *account = planned_account(books, &again->plan_id);

	if (!account || account->is_plan_cancelled)
		FAIL("P5 a plan was reinstated that is cancelled, or not the latest of any debt");
	account->promise_id = (struct uuid){ { 0 } };
	return NULL;
}

const char *books_take(struct books *books, const struct message_type *type, const void *body)
{
	if (type == &create_debt_type)
		return account_of(books, &((const struct create_debt *)body)->debt_id) ? "P5 a debt was created twice"
										       : book_debt(books, body);
	if (type == &record_payment_type)
		return book_payment(books, body);
	if (type == &reverse_payment_type)
		return book_reversal(books, body);
	if (type == &refund_payment_type)
		return book_refund(books, body);
	if (type == &amend_debt_type)
		return book_amendment(books, body);
	if (type == &cancel_debt_type)
		return book_cancellation(books, body);
	if (type == &assess_fee_type)
		return book_charge(books, &((const struct assess_fee *)body)->debt_id,
				   ((const struct assess_fee *)body)->amount_minor);
	if (type == &waive_amount_type)
		return book_charge(books, &((const struct waive_amount *)body)->debt_id,
				   -((const struct waive_amount *)body)->amount_minor);
	if (type == &adjust_balance_type)
		return book_adjustment(books, body);
	if (type == &make_promise_type)
		return book_promise(books, body);
	if (type == &cancel_promise_type)
		return book_promise_end(books, body);
	if (type == &propose_plan_type)
		return book_proposal(books, body);
	if (type == &accept_plan_type)
		return book_acceptance(books, body);
	if (type == &cancel_plan_type)
		return book_plan_end(books, body);
	if (type == &reinstate_plan_type)
		return book_reinstatement(books, body);
	return NULL;
}

/* NEW until its due date has come, and ACTIVE from then on; a payment or a cancellation ends both. */
static const char *check_activation(const struct sim_world *world, const struct book_account *account, const struct debt *debt,
				    size_t module)
{
	int32_t ticked = world->databases[module].heads[world_part_of(&account->customer_id)].business_date;
	int32_t today = day_of_instant(world->now_ms); /* of commands: this, or the head's, if that is later */

	if (debt->lifecycle == LIFECYCLE_NEW && debt->due_on <= ticked)
		FAIL("P12 a debt that is due is not active");
	if (debt->lifecycle == LIFECYCLE_ACTIVE && !account->is_reopened && account->earliest_due_on > today &&
	    account->earliest_due_on > ticked)
		FAIL("P12 a debt is active that was never due");
	return NULL;
}

/* The payments that count for the latest promise of a debt: by hand, in the order in which they were booked; and what was refunded of them. */
static int64_t paid_on(const struct books *books, const struct book_account *account, const struct promise *promise,
		       int64_t *ret_refunded_minor)
{
	int64_t paid_minor = 0;

	*ret_refunded_minor = 0;

	for (size_t i = account->receipts_before; i < books->receipts_count; i++) {
		const struct receipt *receipt = &books->receipts[i];

		if (receipt->account == account && !receipt->is_reversed && receipt->received_on >= promise->made_on &&
		    receipt->received_on <= promise->grace_ends_on) {
			paid_minor += receipt->amount_minor - receipt->refunded_minor;
			*ret_refunded_minor += receipt->refunded_minor;
		}
	}
	return paid_minor;
}

static const char *check_promise(const struct sim_world *world, const struct books *books, const struct book_account *account,
				 size_t module)
{
	const struct sim_blob *blob = blob_find(world, module, promise_entity.name, &account->promise_id);
	int32_t ticked = world->databases[module].heads[world_part_of(&account->customer_id)].business_date;
	const struct promise *promise;
	int64_t paid_minor, refunded_minor;

	if (uuid_is_none(&account->promise_id))
		return NULL;
	if (!blob)
		FAIL("P5 a promise that was made is not there");
	promise = blob->state;
	if (promise->state == PROMISE_CANCELLED && account->may_be_over)
		return NULL;
	paid_minor = paid_on(books, account, promise, &refunded_minor);
	if (promise->paid_minor != paid_minor)
		FAIL("P5 of a promise %lld is paid, by hand %lld", (long long)promise->paid_minor, (long long)paid_minor);
	/* A refund does not judge it: what has kept it was paid. */
	if (promise->state == PROMISE_KEPT ? paid_minor + refunded_minor < account->promised_minor
					   : paid_minor >= account->promised_minor)
		FAIL("P5 a promise is kept and was not paid, or the other way round");
	if (promise->state == PROMISE_OPEN && (ticked > promise->grace_ends_on || account->owed_minor <= 0))
		FAIL("P12 a promise is open though its time is over, or nothing is owed");
	if (promise->state != PROMISE_OPEN && promise->state != PROMISE_KEPT && promise->grace_ends_on >= ticked &&
	    promise->grace_ends_on >= day_of_instant(world->now_ms))
		FAIL("P12 a promise was judged before its time was over");
	if (promise->state > PROMISE_BROKEN || (promise->state == PROMISE_BROKEN && paid_minor > 0) ||
	    (promise->state == PROMISE_PARTLY_KEPT && paid_minor + refunded_minor == 0))
		FAIL("P5 a promise has another state than what was paid says");
	return NULL;
}

/* One promise about a debt is open at a time: its latest. */
static const char *check_open_promises(const struct sim_world *world, const struct books *books, size_t module)
{
	const struct sim_database *database = &world->databases[module];

	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct promise *promise = database->blobs[i].state;

		if (database->blobs[i].entity != &promise_entity || promise->state != PROMISE_OPEN)
			continue;
		for (size_t n = 0; n < books->accounts_count; n++)
			if (uuid_equal(&books->accounts[n].debt_id, &promise->debt_id) &&
			    !uuid_equal(&books->accounts[n].promise_id, &database->blobs[i].id))
				FAIL("P5 a promise is open that another has superseded");
	}
	return NULL;
}

/* The payments that count for a plan: all that were booked since it was accepted. */
static int64_t paid_of_plan(const struct books *books, const struct book_account *account)
{
	int64_t paid_minor = 0;

	for (size_t i = account->planned_from; i < books->receipts_count; i++)
		if (books->receipts[i].account == account && !books->receipts[i].is_reversed)
			paid_minor += books->receipts[i].amount_minor - books->receipts[i].refunded_minor;
	return paid_minor;
}

/* While a plan is active: weekly days and equal parts, by hand. Whatever grace is over is paid or missed, and not two in a row. */
static const char *check_active_plan(const struct plan *plan, int64_t paid_minor, int32_t ticked, int32_t today)
{
	const int64_t part_minor = (plan->total_minor - plan->down_minor) / plan->instalments;
	bool was_missed = false;

	for (int32_t number = plan->down_minor > 0 ? 0 : 1; number <= plan->instalments; number++) {
		const int32_t due_on = number == 0 ? plan->down_due_on : plan->first_due_on + 7 * (number - 1);
		const int64_t by_then_minor =
			number == plan->instalments ? plan->total_minor : plan->down_minor + part_minor * number;
		const bool is_missed = (plan->missed >> number & 1) != 0;

		if (is_missed && due_on + 5 >= ticked && due_on + 5 >= today)
			FAIL("P12 an instalment was missed before its grace was over");
		if (ticked > due_on + 5 + (number == 0 ? 0 : 5) && !is_missed && paid_minor < by_then_minor)
			FAIL("P12 an instalment is neither paid nor missed, though its grace is over");
		if (is_missed && was_missed && number > plan->counts_from)
			FAIL("P12 a plan is active though two in a row were missed");
		was_missed = is_missed;
	}
	return NULL;
}

static const char *check_plan(const struct sim_world *world, const struct books *books, const struct book_account *account,
			      const struct debt *debt, size_t module)
{
	const struct sim_blob *blob = blob_find(world, module, plan_entity.name, &account->plan_id);
	int32_t ticked = world->databases[module].heads[world_part_of(&account->customer_id)].business_date;
	const int64_t paid_minor = paid_of_plan(books, account);
	const struct plan *plan;

	if ((debt->lifecycle == LIFECYCLE_ARRANGED) != (blob && ((const struct plan *)blob->state)->state == PLAN_ACTIVE))
		FAIL("P5 a debt is arranged without an active plan, or the other way round");
	if (uuid_is_none(&account->plan_id))
		return NULL;
	if (!blob)
		FAIL("P5 a plan that was accepted is not there");
	plan = blob->state;
	if ((plan->state == PLAN_CANCELLED) != account->is_plan_cancelled || plan->state == PLAN_PROPOSED)
		FAIL("P5 a plan that was accepted is proposed, or cancelled by nobody");
	if (account->is_plan_cancelled)
		return NULL;
	if (plan->paid_minor != paid_minor || plan->total_minor != account->planned_minor)
		FAIL("P5 of a plan %lld is paid, by hand %lld", (long long)plan->paid_minor, (long long)paid_minor);
	if (plan->state == PLAN_COMPLETED && paid_minor < account->planned_minor && account->owed_minor > 0 &&
	    uuid_is_none(&account->promise_id))
		FAIL("P5 a plan is completed and was not paid");
	if (plan->state != PLAN_ACTIVE)
		return NULL;
	if (account->owed_minor <= 0 || paid_minor >= account->planned_minor || plan->returned >= 2)
		FAIL("P12 a plan is active that is paid, or whose payments were returned twice");
	return check_active_plan(plan, paid_minor, ticked, day_of_instant(world->now_ms));
}

static const char *check_terms(const struct sim_world *world, const struct books *books, size_t module)
{
	for (size_t i = 0; i < books->accounts_count; i++) {
		const struct book_account *account = &books->accounts[i];
		const struct sim_blob *debt = blob_find(world, module, debt_entity.name, &account->debt_id);
		const struct sim_blob *terms = blob_find(world, module, debt_terms_entity.name, &account->debt_id);

		if (((const struct debt *)debt->state)->due_on != account->due_on)
			FAIL("P5 a due date is not the last that was asked for");
		if (check_activation(world, account, debt->state, module) || check_promise(world, books, account, module) ||
		    check_plan(world, books, account, debt->state, module))
			return verdict;
		if (!terms || !str_is(account->external_ref, ((const struct debt_terms *)terms->state)->external_ref))
			FAIL("P5 a reference is not the last that was asked for");
		for (size_t n = 0; n < i; n++)
			if (uuid_equal(&account->creditor_id, &books->accounts[n].creditor_id) &&
			    str_equal(account->external_ref, books->accounts[n].external_ref))
				FAIL("P5 two debts of a creditor have one reference");
	}
	return NULL;
}

/* What the reports say is owed is what is owed, on the day it is due: reckoned from the accounts, not from the events. */
static const char *check_outstanding(const struct sim_world *world, const struct books *books)
{
	for (size_t at = 0; at < deltas_count(&world->aggregates); at++) {
		const struct delta *row = delta_at(&world->aggregates, at);
		int64_t debts = row->amounts[OUTSTANDING_DEBTS];
		int64_t owed_minor = row->amounts[OUTSTANDING_MINOR];

		for (size_t i = 0; i < books->accounts_count && row->key.report == REPORT_OUTSTANDING; i++) {
			const struct book_account *account = &books->accounts[i];

			if (account->due_on != row->key.day || account->owed_minor <= 0 ||
			    !uuid_equal(&account->creditor_id, &row->key.creditor_id))
				continue;
			debts--;
			owed_minor -= account->owed_minor;
		}
		if (row->key.report == REPORT_OUTSTANDING && (debts != 0 || owed_minor != 0))
			FAIL("P7 outstanding on day %d: %lld debts and %lld too many", row->key.day, (long long)debts,
			     (long long)owed_minor);
	}
	return NULL;
}

/* ---- the end ---- */

static const char *check_balances(const struct sim_world *world, const struct books *books, size_t module)
{
	for (size_t i = 0; i < books->accounts_count; i++) {
		const struct sim_blob *blob = blob_find(world, module, debt_entity.name, &books->accounts[i].debt_id);
		const struct balances *balances;
		int64_t net_minor;

		if (!blob)
			FAIL("P5 a debt that was created is not there");
		balances = &((const struct debt *)blob->state)->balances;
		if (balances_are_negative(balances))
			FAIL("P5 a balance is negative");
		if (balances->minor[ACCOUNT_CREDIT] > 0 && balances_owed(balances) > 0)
			FAIL("P5 credit while something is owed");
		net_minor = balances_owed(balances) - balances->minor[ACCOUNT_CREDIT];
		if (net_minor != books->accounts[i].owed_minor)
			FAIL("P5 a balance is %lld, by hand %lld", (long long)net_minor,
			     (long long)books->accounts[i].owed_minor);
	}
	return NULL;
}

const char *books_check(const struct books *books, const struct sim_world *world, size_t module)
{
	const char *wrong = check_balances(world, books, module);

	if (!wrong)
		wrong = check_terms(world, books, module);
	if (!wrong)
		wrong = check_open_promises(world, books, module);
	return wrong ? wrong : check_outstanding(world, books);
}
