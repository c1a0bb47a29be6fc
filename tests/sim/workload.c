#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/debts/debts.h"
#include "schemas/clock.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "tests/sim/workload.h"
#include "wire/envelope.h"

/*
 * What upstream systems do, in small: few customers, few debts, few references, so that they meet often. Commands are repeated,
 * sent under a used id with other content, sent before what they name, sent by nobody, cut off.
 */
#define PAYMENTS   24
#define PROMISES   24
#define PLANS      24
#define REFERENCES 12

#define FOUND_OUT 3

#define RACE_CONSENTS  1 /* of a salvo, for each channel */
#define RACE_MESSAGES  8
#define CONSENTS_RACED 1000 /* numbers of other consents are below */

struct uuid workload_id(enum family family, uint64_t number)
{
	uint8_t random[10] = { (uint8_t)family, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(number >> 8), (uint8_t)number };

	return uuid_v7(1600000000000 + (int64_t)family, random);
}

/* Nearly always rising, as issuers make them; sometimes one from the past. */
static struct uuid command_id(struct sim_world *world)
{
	uint8_t random[10];
	int64_t at_ms = world->now_ms;

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)dice_next(&world->dice);
	if (dice_hits(&world->dice, 100))
		at_ms -= (int64_t)dice_below(&world->dice, 100000);
	return uuid_v7(at_ms, random);
}

struct str workload_text(struct arena *arena, const char *prefix, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%s-%u", prefix, (unsigned)number);
	return str_copy(arena, str_of(text));
}

static int64_t amount(struct sim_world *world)
{
	return (int64_t)dice_below(&world->dice, 1000);
}

static struct made make_customer(struct sim_world *world, struct arena *arena)
{
	struct create_customer *body = arena_take(arena, 1, sizeof(*body));
	uint64_t number = dice_below(&world->dice, CUSTOMERS);

	body->customer_id = workload_id(FAMILY_CUSTOMER, number);
	body->external_ref =
		workload_text(arena, "C", dice_hits(&world->dice, 900) ? number : dice_below(&world->dice, CUSTOMERS));
	body->kind = STR("natural");
	body->full_name = STR("Ann Example");
	body->locale = STR("de-DE");
	body->country = STR("DE");
	return (struct made){ &create_customer_type, body, body->customer_id, SIM_CUSTOMERS, STR("all") };
}

static struct made make_erasure(struct sim_world *world, struct arena *arena)
{
	struct erase_customer *body = arena_take(arena, 1, sizeof(*body));

	(void)world;
	body->customer_id = workload_id(FAMILY_CUSTOMER, CUSTOMERS - 1);
	body->has_basis = true;
	body->basis = STR("request");
	return (struct made){ &erase_customer_type, body, body->customer_id, SIM_CUSTOMERS, STR("all") };
}

/* Mostly long past; now and then a day around now, so that it comes while the world runs. */
static int32_t some_due_date(struct sim_world *world, int32_t earliest)
{
	if (dice_hits(&world->dice, 200))
		return day_of_instant(world->now_ms) - 2 + (int32_t)dice_below(&world->dice, 5);
	return earliest + (int32_t)dice_below(&world->dice, 400);
}

static struct made make_debt(struct sim_world *world, struct arena *arena)
{
	struct create_debt *body = arena_take(arena, 1, sizeof(*body));

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	body->creditor_id = workload_id(FAMILY_CREDITOR, dice_below(&world->dice, 2));
	body->external_ref = workload_text(arena, "D", dice_below(&world->dice, REFERENCES));
	body->currency = dice_hits(&world->dice, 950) ? STR("EUR") : STR("XXQ");
	body->principal_minor = amount(world);
	body->interest_minor = amount(world) / 10;
	body->fee_minor = amount(world) / 20;
	body->fees_authorised = dice_hits(&world->dice, 900);
	body->opened_on = 19000;
	body->due_on = some_due_date(world, 19000);
	return (struct made){ &create_debt_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* Mostly long past; now and then so that it counts for a promise. */
static int32_t some_value_date(struct sim_world *world)
{
	if (dice_hits(&world->dice, 400))
		return day_of_instant(world->now_ms) - (int32_t)dice_below(&world->dice, 3);
	return 19500;
}

static struct made make_payment(struct sim_world *world, struct arena *arena)
{
	struct record_payment *body = arena_take(arena, 1, sizeof(*body));

	body->payment_id = workload_id(FAMILY_PAYMENT, dice_below(&world->dice, PAYMENTS));
	body->customer_id = workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->source = STR("bank");
	body->external_ref = workload_text(arena, "P", dice_below(&world->dice, 4 * REFERENCES));
	body->amount_minor = dice_hits(&world->dice, 980) ? amount(world) : INT64_MAX;
	body->currency = STR("EUR");
	body->received_on = some_value_date(world);
	body->method = STR("transfer");
	return (struct made){ &record_payment_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_reversal(struct sim_world *world, struct arena *arena)
{
	struct reverse_payment *body = arena_take(arena, 1, sizeof(*body));

	body->payment_id = workload_id(FAMILY_PAYMENT, dice_below(&world->dice, PAYMENTS));
	body->customer_id = workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	body->reason = dice_hits(&world->dice, 500) ? STR("chargeback") : STR("nsf");
	return (struct made){ &reverse_payment_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* Mostly of what the debt of the payment is overpaid by, or of a part of it. */
static struct made make_refund(struct sim_world *world, struct arena *arena)
{
	struct refund_payment *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_blob *blob;
	int64_t credit_minor = 0;

	body->payment_id = workload_id(FAMILY_PAYMENT, dice_below(&world->dice, PAYMENTS));
	body->customer_id = workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	blob = blob_find(world, SIM_DEBTS, payment_entity.name, &body->payment_id);
	if (blob) {
		const struct payment *payment = blob->state;

		body->customer_id = payment->customer_id;
		blob = blob_find(world, SIM_DEBTS, debt_entity.name, &payment->debt_id);
		credit_minor = blob ? ((const struct debt *)blob->state)->balances.minor[ACCOUNT_CREDIT] : 0;
	}
	body->amount_minor = 1 + (int64_t)dice_below(&world->dice, 100);
	if (credit_minor > 0 && dice_hits(&world->dice, 500))
		body->amount_minor = credit_minor;
	body->currency = STR("EUR");
	body->reason = STR("overpaid");
	return (struct made){ &refund_payment_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

struct uuid workload_debtor(struct sim_world *world, const struct uuid *debt_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_DEBTS, debt_entity.name, debt_id);

	if (blob && dice_hits(&world->dice, 900))
		return ((const struct debt *)blob->state)->customer_id;
	return workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
}

static struct made make_amendment(struct sim_world *world, struct arena *arena)
{
	struct amend_debt *body = arena_take(arena, 1, sizeof(*body));

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->has_due_on = dice_hits(&world->dice, 600);
	body->due_on = some_due_date(world, 18995);
	body->has_external_ref = dice_hits(&world->dice, 600);
	body->external_ref = workload_text(arena, "D", dice_below(&world->dice, REFERENCES));
	body->has_expected_version = dice_hits(&world->dice, 200);
	body->expected_version = 1 + (int64_t)dice_below(&world->dice, 4);
	body->reason = STR("asked for");
	return (struct made){ &amend_debt_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_cancellation(struct sim_world *world, struct arena *arena)
{
	struct cancel_debt *body = arena_take(arena, 1, sizeof(*body));

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->reason = STR("created_in_error");
	return (struct made){ &cancel_debt_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct str some_component(struct sim_world *world)
{
	static const char *const components[] = { "cost", "fee", "interest", "principal" };

	return str_of(components[dice_below(&world->dice, COUNT(components))]);
}

static struct made make_fee(struct sim_world *world, struct arena *arena)
{
	struct assess_fee *body = arena_take(arena, 1, sizeof(*body));

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->amount_minor = 1 + (int64_t)dice_below(&world->dice, 100);
	body->currency = STR("EUR");
	body->basis = STR("contract");
	body->reason = STR("returned debit");
	return (struct made){ &assess_fee_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* Of the whole principal, now and then: it may be all that is owed. */
static struct made make_waiver(struct sim_world *world, struct arena *arena)
{
	struct waive_amount *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_blob *blob;

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->component = some_component(world);
	body->amount_minor = 1 + (int64_t)dice_below(&world->dice, 100);
	blob = blob_find(world, SIM_DEBTS, debt_entity.name, &body->debt_id);
	if (blob && dice_hits(&world->dice, 300)) {
		body->component = STR("principal");
		body->amount_minor = ((const struct debt *)blob->state)->balances.minor[ACCOUNT_PRINCIPAL];
	}
	body->currency = STR("EUR");
	body->reason = STR("goodwill");
	return (struct made){ &waive_amount_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_adjustment(struct sim_world *world, struct arena *arena)
{
	struct adjust_balance *body = arena_take(arena, 1, sizeof(*body));

	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->component = some_component(world);
	body->direction = dice_hits(&world->dice, 500) ? STR("up") : STR("down");
	body->amount_minor = 1 + (int64_t)dice_below(&world->dice, 100);
	body->currency = STR("EUR");
	body->reason = STR("credit note");
	return (struct made){ &adjust_balance_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_promise(struct sim_world *world, struct arena *arena)
{
	struct make_promise *body = arena_take(arena, 1, sizeof(*body));

	body->promise_id = workload_id(FAMILY_PROMISE, dice_below(&world->dice, PROMISES));
	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	body->amount_minor = 1 + (int64_t)dice_below(&world->dice, 300);
	body->currency = STR("EUR");
	body->due_on = day_of_instant(world->now_ms) - 1 + (int32_t)dice_below(&world->dice, 6);
	return (struct made){ &make_promise_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_promise_cancellation(struct sim_world *world, struct arena *arena)
{
	struct cancel_promise *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_blob *blob;

	body->promise_id = workload_id(FAMILY_PROMISE, dice_below(&world->dice, PROMISES));
	blob = blob_find(world, SIM_DEBTS, promise_entity.name, &body->promise_id);
	body->customer_id = blob ? ((const struct promise *)blob->state)->customer_id
				 : workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	body->reason = STR("withdrawn");
	return (struct made){ &cancel_promise_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* Of what is owed, so that it is taken, and due soon, so that something becomes of it while the world runs. */
static struct made make_plan(struct sim_world *world, struct arena *arena)
{
	struct propose_plan *body = arena_take(arena, 1, sizeof(*body));
	const int32_t today = day_of_instant(world->now_ms);
	const struct sim_blob *blob;

	body->plan_id = workload_id(FAMILY_PLAN, dice_below(&world->dice, PLANS));
	body->debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->customer_id = workload_debtor(world, &body->debt_id);
	blob = blob_find(world, SIM_DEBTS, debt_entity.name, &body->debt_id);
	body->total_minor = blob ? balances_owed(&((const struct debt *)blob->state)->balances) : amount(world);
	body->currency = STR("EUR");
	body->instalments = 2 + (int32_t)dice_below(&world->dice, 4);
	body->frequency = STR("weekly");
	body->first_due_on = today + (int32_t)dice_below(&world->dice, 3);
	body->has_down_payment_minor = body->has_down_payment_on = dice_hits(&world->dice, 500);
	body->down_payment_minor = 1 + (int64_t)dice_below(&world->dice, 100);
	body->down_payment_on = today;
	return (struct made){ &propose_plan_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* One of them, and whose it is: mostly right. */
static struct uuid some_plan(struct sim_world *world, struct uuid *ret_customer_id)
{
	const struct uuid plan_id = workload_id(FAMILY_PLAN, dice_below(&world->dice, PLANS));
	const struct sim_blob *blob = blob_find(world, SIM_DEBTS, plan_entity.name, &plan_id);

	*ret_customer_id = blob ? ((const struct plan *)blob->state)->customer_id
				: workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
	return plan_id;
}

static struct made make_acceptance(struct sim_world *world, struct arena *arena)
{
	struct accept_plan *body = arena_take(arena, 1, sizeof(*body));

	body->plan_id = some_plan(world, &body->customer_id);
	return (struct made){ &accept_plan_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_plan_cancellation(struct sim_world *world, struct arena *arena)
{
	struct cancel_plan *body = arena_take(arena, 1, sizeof(*body));

	body->plan_id = some_plan(world, &body->customer_id);
	body->reason = STR("withdrawn");
	return (struct made){ &cancel_plan_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

static struct made make_reinstatement(struct sim_world *world, struct arena *arena)
{
	struct reinstate_plan *body = arena_take(arena, 1, sizeof(*body));

	body->plan_id = some_plan(world, &body->customer_id);
	return (struct made){ &reinstate_plan_type, body, body->customer_id, SIM_DEBTS, STR("all") };
}

/* How often, of all together. */
static const struct maker {
	unsigned weight;
	size_t module;
	struct made (*make)(struct sim_world *world, struct arena *arena);
} makers[] = {
	{ 1, SIM_CUSTOMERS, make_erasure },
	{ 14, SIM_CUSTOMERS, make_customer },
	{ 8, SIM_CUSTOMERS, make_contact_point },
	{ 1, SIM_CUSTOMERS, make_invalidation },
	{ 19, SIM_DEBTS, make_debt },
	{ 38, SIM_DEBTS, make_payment },
	{ 18, SIM_DEBTS, make_reversal },
	{ 12, SIM_DEBTS, make_refund },
	{ 10, SIM_DEBTS, make_amendment },
	{ 2, SIM_DEBTS, make_cancellation },
	{ 5, SIM_DEBTS, make_fee },
	{ 5, SIM_DEBTS, make_waiver },
	{ 4, SIM_DEBTS, make_adjustment },
	{ 14, SIM_DEBTS, make_promise },
	{ 2, SIM_DEBTS, make_promise_cancellation },
	{ 10, SIM_DEBTS, make_plan },
	{ 14, SIM_DEBTS, make_acceptance },
	{ 2, SIM_DEBTS, make_plan_cancellation },
	{ 4, SIM_DEBTS, make_reinstatement },
	{ 4, SIM_COMMUNICATIONS, make_template },
	{ 4, SIM_COMMUNICATIONS, make_template_approval },
	{ 10, SIM_COMMUNICATIONS, make_consent },
	{ 2, SIM_COMMUNICATIONS, make_withdrawal },
	{ 4, SIM_COMMUNICATIONS, make_inbound },
	{ 1, SIM_COMMUNICATIONS, make_unknown_inbound },
	{ 30, SIM_COMMUNICATIONS, make_message },
	{ 8, SIM_COMMUNICATIONS, make_message_cancellation },
	{ 12, SIM_COMMUNICATIONS, make_rescheduling },
	{ 8, SIM_COMMUNICATIONS, make_delivery },
	{ 12, SIM_COMMUNICATIONS, make_resolution },
	{ 6, SIM_USERS, make_user },
	{ 4, SIM_USERS, make_roles },
	{ 2, SIM_USERS, make_disabling },
	{ 2, SIM_USERS, make_enabling },
	{ 8, SIM_USERS, make_approval },
	{ 4, SIM_REPORTS, make_report },
};
#define MAKERS_COUNT (COUNT(makers))

static unsigned weight_in(const struct sim_world *world, const struct maker *maker)
{
	return world_has(world, maker->module) ? maker->weight : 0;
}

static struct made make_any(struct sim_world *world, struct arena *arena)
{
	uint64_t weights = 0;
	uint64_t roll;
	size_t at = 0;

	for (size_t i = 0; i < MAKERS_COUNT; i++)
		weights += weight_in(world, &makers[i]);
	for (roll = dice_below(&world->dice, weights); roll >= weight_in(world, &makers[at]); at++)
		roll -= weight_in(world, &makers[at]);
	return makers[at].make(world, arena);
}

static const struct sim_record *some_record(struct sim_world *world, size_t module, int32_t part)
{
	const struct sim_log *log = &world->commands[module][part];

	const struct sim_record *record = log->count == 0 ? NULL : log->records[dice_below(&world->dice, log->count)];

	return record && record->is_marker ? NULL : record;
}

int32_t world_part_of(const struct uuid *key)
{
	return (key->bytes[13] + key->bytes[15]) % SIM_PARTS;
}

static void capitalise(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'f')
			*text = (char)(*text - 'a' + 'A');
}

static void publish(struct sim_world *world, struct made made, struct arena *arena)
{
	int32_t part = world_part_of(&made.key);
	const struct sim_record *before = some_record(world, made.module, part);
	struct command_head head = { .id = command_id(world), .source = STR("/sim") };
	uint64_t roll = dice_below(&world->dice, 1000);
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct err err = ERR_INIT;
	struct buf value;
	char key[UUID_TEXT_SIZE + 1];
	size_t count;

	if (dice_hits(&world->dice, 20)) /* somebody's transaction ends here */
		world_append_marker(world, &world->commands[made.module][part]);
	if (roll < 40 && before) { /* the very same again */
		world_append(world, &world->commands[made.module][part], before->key, before->value, before->headers,
			     before->headers_count);
		return;
	}
	if (roll < 60 && before && envelope_read(before->headers, before->headers_count, &envelope, &err) == 0 &&
	    !str_is(envelope.type, record_dispatch_type.ce_type)) /* nobody takes the notifier's: it never takes another */
		head.id = envelope.id;                            /* a used id, other content */
	if (dice_hits(&world->dice, 60))                          /* some are too late when they are read, some while they wait */
		head.expires_ms = world->now_ms + (int64_t)dice_below(&world->dice, 4000) - 1000;
	head.token = roll >= 60 && roll < 70    ? STR("none")
		     : roll >= 70 && roll < 80  ? STR("expired")
		     : roll >= 80 && roll < 90  ? STR("forged")
		     : roll >= 90 && roll < 100 ? STR("")
						: made.token;
	buf_init(&value, 1 << 16);
	MUST(coder_encode(made.type, made.body, &value, &err) == 0);
	MUST(envelope_write_command(made.type, &head, arena, headers, &count, &err) == 0);
	uuid_format(key, roll >= 100 && roll < 105 ? &head.id : &made.key);
	if (roll >= 120 && roll < 123)
		capitalise(key);
	if (roll >= 123 && roll < 135) /* a client that partitions in its own way */
		part = (int32_t)dice_below(&world->dice, SIM_PARTS);
	if (roll >= 105 && roll < 115)
		value.size = dice_below(&world->dice, value.size); /* cut off */
	if (roll >= 115 && roll < 120)
		value.data[dice_below(&world->dice, value.size)] ^= (unsigned char)(1 + dice_below(&world->dice, 255));
	world_append(world, &world->commands[made.module][part], str_of(key), buf_str(&value), headers, count);
	buf_release(&value);
}

void workload_publish(struct sim_world *world, size_t count)
{
	struct arena arena;
	struct err err = ERR_INIT;

	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	for (size_t i = 0; i < count; i++) {
		arena_reset(&arena);
		publish(world, make_any(world, &arena), &arena);
	}
	arena_release(&arena);
}

void workload_begin(struct sim_world *world)
{
	static const struct maker first[] = {
		{ 15, SIM_CUSTOMERS, make_customer },
		{ 25, SIM_CUSTOMERS, make_contact_point },
		{ 16, SIM_COMMUNICATIONS, make_template },
		{ 20, SIM_COMMUNICATIONS, make_consent },
	};
	struct arena arena;
	struct err err = ERR_INIT;

	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	for (size_t at = 0; at < COUNT(first); at++)
		for (unsigned i = 0; i < first[at].weight && world_has(world, first[at].module); i++) {
			arena_reset(&arena);
			publish(world, first[at].make(world, &arena), &arena);
		}
	arena_release(&arena);
}

void workload_find_out(struct sim_world *world)
{
	struct arena arena;
	struct err err = ERR_INIT;

	if (!world_has(world, SIM_COMMUNICATIONS))
		return;
	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	for (unsigned i = 0; i < FOUND_OUT; i++) {
		arena_reset(&arena);
		publish(world, make_resolution(world, &arena), &arena);
	}
	arena_release(&arena);
}

/* What the command says, but of this customer. */
static struct made of_customer(struct made made, struct uuid customer_id)
{
	*(struct uuid *)(uintptr_t)message_uuid(made.type->key_field, made.body) = customer_id;
	made.key = customer_id;
	return made;
}

/* A customer permits both channels again, and is written to on both. */
static void send_salvo(struct sim_world *world, struct uuid customer_id, struct arena *arena)
{
	for (unsigned i = 0; i < 2 * RACE_CONSENTS; i++) {
		struct made made = of_customer(make_consent(world, arena), customer_id);
		struct grant_consent *body = (struct grant_consent *)(uintptr_t)made.body;

		body->consent_id = workload_id(FAMILY_CONSENT, CONSENTS_RACED + world->notices++);
		body->channel = i % 2 == 0 ? STR("sms") : STR("email");
		body->obtained_at = dice_hits(&world->dice, 900) ? world->now_ms : body->obtained_at;
		publish(world, made, arena);
	}
	for (unsigned i = 0; i < RACE_MESSAGES; i++) {
		arena_reset(arena);
		publish(world, of_customer(make_notice(world, arena), customer_id), arena);
	}
}

void workload_race(struct sim_world *world, bool are_stops)
{
	static const struct maker stops[] = {
		{ 1, SIM_COMMUNICATIONS, make_withdrawal },
		{ 1, SIM_COMMUNICATIONS, make_withdrawal },
		{ 1, SIM_COMMUNICATIONS, make_inbound },
	};
	struct arena arena;
	struct err err = ERR_INIT;

	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	if (are_stops)
		publish(world, stops[dice_below(&world->dice, COUNT(stops))].make(world, &arena), &arena);
	for (uint64_t customer = 0; customer + 1 < CUSTOMERS && !are_stops; customer++)
		send_salvo(world, workload_id(FAMILY_CUSTOMER, customer), &arena);
	arena_release(&arena);
}

static void append_signed(struct sim_world *world, size_t module, int32_t part, const struct message_type *type, const void *body,
			  const struct uuid *id, const char *token)
{
	const struct command_head head = { .id = *id, .source = STR("/sim"), .token = str_of(token) };
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1] = "";
	struct arena arena;
	struct buf value;
	struct err err = ERR_INIT;
	size_t count;

	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	buf_init(&value, 1 << 16);
	if (type->key_field)
		uuid_format(key, message_uuid(type->key_field, body));
	MUST(coder_encode(type, body, &value, &err) == 0);
	MUST(envelope_write_command(type, &head, &arena, headers, &count, &err) == 0);
	world_append(world, &world->commands[module][part], type->key_field ? str_of(key) : (struct str){ .data = NULL },
		     buf_str(&value), headers, count);
	buf_release(&value);
	arena_release(&arena);
}

void workload_send_signed(struct sim_world *world, size_t module, const struct message_type *type, const void *body,
			  const struct uuid *id, const char *token)
{
	append_signed(world, module, world_part_of(message_uuid(type->key_field, body)), type, body, id, token);
}

void workload_send_tick(struct sim_world *world, size_t module, int32_t part, int32_t business_date, const char *token)
{
	const struct uuid id = command_id(world);
	const struct tick tick = { .at = world->now_ms, .business_date = business_date };

	append_signed(world, module, part, &tick_type, &tick, &id, token);
}

/* Who is not the clock cannot move a date, and the clock not beyond the broker's day. */
static void send_false_tick(struct sim_world *world)
{
	size_t module = world_some_module(world);
	int32_t part = (int32_t)dice_below(&world->dice, SIM_PARTS);

	workload_send_tick(world, module, part, FALSE_DATE, dice_hits(&world->dice, 500) ? "but the clock" : "all");
}

void workload_tick(struct sim_world *world)
{
	const int32_t date = day_of_instant(world->now_ms + world->date_ahead_ms);

	for (size_t i = 0; i < world->present_count; i++)
		for (int32_t part = 0; part < SIM_PARTS; part++)
			workload_send_tick(world, world->present[i], part, date, "all");
	if (!world->is_calm && dice_hits(&world->dice, 200))
		send_false_tick(world);
}
