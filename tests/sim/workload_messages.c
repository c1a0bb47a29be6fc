#include <string.h>

#include "base/array.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "tests/sim/approvals.h"
#include "tests/sim/mailbook.h"
#include "tests/sim/workload.h"

/* Ways to reach a customer, what he consents to, what he is sent, and what providers say of it. */
#define POINTS   (2 * CUSTOMERS) /* one of each channel */
#define MESSAGES 80
#define CONSENTS 60
#define INBOUNDS 60
#define SPAN_MS  3000 /* in which people say and do things before they are told to us */

static struct str channel_of(uint64_t number)
{
	return number % 2 == 0 ? STR("sms") : STR("email");
}

static struct uuid some_customer(struct sim_world *world)
{
	return workload_id(FAMILY_CUSTOMER, dice_below(&world->dice, CUSTOMERS));
}

static int64_t some_time_ago(struct sim_world *world)
{
	return world->now_ms - (int64_t)dice_below(&world->dice, SPAN_MS);
}

struct made make_contact_point(struct sim_world *world, struct arena *arena)
{
	struct add_contact_point *body = arena_take(arena, 1, sizeof(*body));
	uint64_t number = dice_below(&world->dice, POINTS);

	body->contact_point_id = workload_id(FAMILY_POINT, number + (dice_hits(&world->dice, 100) ? POINTS : 0));
	body->customer_id = workload_id(FAMILY_CUSTOMER, number / 2);
	body->channel = channel_of(number);
	body->address = number % 2 == 0 ? STR("+491701234567") : STR("ann@example.org");
	body->place = STR("home");
	body->source = STR("consumer");
	return (struct made){ &add_contact_point_type, body, body->customer_id, SIM_CUSTOMERS, STR("all") };
}

struct made make_invalidation(struct sim_world *world, struct arena *arena)
{
	struct invalidate_contact_point *body = arena_take(arena, 1, sizeof(*body));
	uint64_t number = dice_below(&world->dice, POINTS);

	body->contact_point_id = workload_id(FAMILY_POINT, number);
	body->customer_id = workload_id(FAMILY_CUSTOMER, number / 2);
	body->reason = STR("bounced");
	return (struct made){ &invalidate_contact_point_type, body, body->customer_id, SIM_CUSTOMERS, STR("all") };
}

/* Texts on each channel: a demand names a debt, a notice none; with the others persons are answered. */
#define NOTICE 2
static const struct {
	const char *name, *message_class, *body;
} texts[] = {
	{ "demand", "demand", "{{debt_reference}}: {{balance}} {{opt_out}}" },
	{ "notice", "account_service", "{{customer_name}} {{opt_out}}" },
	{ "opt_out_confirmation", "opt_out_confirmation", "{{customer_name}}" },
	{ "help", "account_service", "{{customer_name}} {{opt_out}}" },
};
_Static_assert(TEMPLATES == 2 * COUNT(texts), "on each channel");

static struct str template_of(uint64_t number)
{
	return str_of(texts[number / 2].name);
}

static struct str class_of(uint64_t number)
{
	return str_of(texts[number / 2].message_class);
}

/* By a program, or by a person: then a second one is needed. */
struct made make_template(struct sim_world *world, struct arena *arena)
{
	struct publish_template *body = arena_take(arena, 1, sizeof(*body));
	uint64_t number = dice_below(&world->dice, TEMPLATES);

	body->template_id =
		workload_id(FAMILY_TEMPLATE, dice_hits(&world->dice, 950) ? number : dice_below(&world->dice, TEMPLATES));
	body->name = template_of(number);
	body->version = dice_hits(&world->dice, 800) ? 1 : 2;
	body->channel = channel_of(number);
	body->language = STR("de");
	body->message_class = class_of(number);
	body->subject = number % 2 == 0 ? STR("") : STR("To {{customer_name}}");
	body->body = str_of(texts[number / 2].body);
	return (struct made){ &publish_template_type, body, body->template_id, SIM_COMMUNICATIONS,
			      dice_hits(&world->dice, 400) ? approval_token(dice_below(&world->dice, SIM_USERS_OF_TOKENS - 1))
							   : STR("all") };
}

struct made make_consent(struct sim_world *world, struct arena *arena)
{
	struct grant_consent *body = arena_take(arena, 1, sizeof(*body));

	body->consent_id = workload_id(FAMILY_CONSENT, dice_below(&world->dice, CONSENTS));
	body->customer_id = some_customer(world);
	body->channel = channel_of(dice_below(&world->dice, 2));
	body->purpose = dice_hits(&world->dice, 900) ? STR("collect") : STR("marketing");
	body->basis = STR("express");
	body->evidence_ref = STR("call");
	body->obtained_at = some_time_ago(world);
	return (struct made){ &grant_consent_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

struct made make_withdrawal(struct sim_world *world, struct arena *arena)
{
	struct withdraw_consent *body = arena_take(arena, 1, sizeof(*body));

	body->customer_id = some_customer(world);
	body->has_channel = dice_hits(&world->dice, 700);
	body->channel = channel_of(dice_below(&world->dice, 2));
	body->via = STR("keyword");
	body->has_keyword = true;
	body->keyword = STR("STOP");
	body->withdrawn_at = some_time_ago(world);
	return (struct made){ &withdraw_consent_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

struct made make_message(struct sim_world *world, struct arena *arena)
{
	struct send_communication *body = arena_take(arena, 1, sizeof(*body));
	uint64_t number = dice_below(&world->dice, 2) + (dice_hits(&world->dice, 650) ? 2 : 0);
	struct uuid *debt_id = arena_take(arena, 1, sizeof(*debt_id));

	*debt_id = workload_id(FAMILY_DEBT, dice_below(&world->dice, DEBTS));
	body->communication_id = workload_id(FAMILY_MESSAGE, dice_below(&world->dice, MESSAGES));
	body->customer_id = number < 2 ? workload_debtor(world, debt_id) : some_customer(world);
	body->debt_ids = debt_id;
	body->debt_ids_count = number < 2;
	body->channel = channel_of(number);
	body->template_name = template_of(number);
	body->language = STR("de");
	body->message_class = class_of(number);
	body->send_by = world->now_ms + 500 + (int64_t)dice_below(&world->dice, 40000);
	body->has_not_before = dice_hits(&world->dice, 400);
	body->not_before = world->now_ms + (int64_t)dice_below(&world->dice, 8000);
	body->has_mergeable = body->mergeable = number < 2 && dice_hits(&world->dice, 800);
	if (body->mergeable && dice_hits(&world->dice, 800)) { /* so that several wait at once */
		body->has_not_before = true;
		body->not_before = world->now_ms + 4000 + (int64_t)dice_below(&world->dice, 2000);
		body->send_by = body->not_before + 20000;
	}
	return (struct made){ &send_communication_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

struct made make_notice(struct sim_world *world, struct arena *arena)
{
	struct made made = make_message(world, arena);
	struct send_communication *body = (struct send_communication *)(uintptr_t)made.body;

	body->communication_id = workload_id(FAMILY_MESSAGE, MESSAGES + world->notices++);
	body->customer_id = some_customer(world);
	body->debt_ids_count = 0;
	body->template_name = template_of(NOTICE);
	body->message_class = class_of(NOTICE);
	body->has_not_before = false;
	body->send_by = world->now_ms + 20000 + (int64_t)dice_below(&world->dice, 40000);
	made.key = body->customer_id;
	return made;
}

/* One that may still be there: unfinished, if a few looks find one. NULL: there is none at all. */
static const struct sim_letter *some_letter(struct sim_world *world)
{
	const struct sim_post *post = &world->post;
	const struct sim_letter *letter = NULL;

	for (int look = 0; look < 8 && post->letters_count > 0; look++) {
		letter = &post->letters[dice_below(&world->dice, post->letters_count)];
		if (strcmp(letter->state, "done") != 0 && strcmp(letter->state, "cancelled") != 0)
			break;
	}
	return letter;
}

/* Now and then of the wrong customer. */
static struct uuid told_customer(struct sim_world *world, const struct uuid *customer_id)
{
	return dice_hits(&world->dice, 950) ? *customer_id : some_customer(world);
}

struct made make_message_cancellation(struct sim_world *world, struct arena *arena)
{
	struct cancel_communication *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_letter *letter = some_letter(world);

	if (!letter)
		return make_message(world, arena);
	body->communication_id = letter->communication_id;
	body->customer_id = told_customer(world, &letter->customer_id);
	if (dice_hits(&world->dice, 50))
		body->communication_id = workload_id(FAMILY_MESSAGE, dice_below(&world->dice, MESSAGES));
	body->has_expected_version = dice_hits(&world->dice, 100);
	body->expected_version = 1;
	return (struct made){ &cancel_communication_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

struct made make_rescheduling(struct sim_world *world, struct arena *arena)
{
	struct reschedule_communication *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_letter *letter = some_letter(world);

	if (!letter)
		return make_message(world, arena);
	body->communication_id = letter->communication_id;
	body->customer_id = told_customer(world, &letter->customer_id);
	body->has_not_before = dice_hits(&world->dice, 700);
	body->not_before = world->now_ms + (int64_t)dice_below(&world->dice, 8000);
	body->send_by = world->now_ms + 500 + (int64_t)dice_below(&world->dice, 40000);
	return (struct made){ &reschedule_communication_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

/* NULL: the gateway has none, or a few looks did not find it. */
static const struct sim_attempt *some_taken(struct sim_world *world)
{
	const struct sim_post *post = &world->post;

	for (int look = 0; look < 8 && post->attempts_count > 0; look++) {
		const struct sim_attempt *attempt = &post->attempts[dice_below(&world->dice, post->attempts_count)];

		if (attempt->is_taken)
			return attempt;
	}
	return NULL;
}

/* Of what the provider has, told in any order, more than once, and before the notifier has said that it was taken; now and then
 * of what nobody knows. */
struct made make_delivery(struct sim_world *world, struct arena *arena)
{
	static const char *const statuses[] = {
		"delivered", "delivered", "failed", "expired", "rejected", "buffered", "accepted"
	};
	struct record_delivery *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_attempt *attempt = some_taken(world);

	if (!attempt)
		return make_message(world, arena);
	body->communication_id = attempt->communication_id;
	body->customer_id = told_customer(world, &attempt->customer_id);
	if (dice_hits(&world->dice, 20))
		body->communication_id = workload_id(FAMILY_MESSAGE, MESSAGES + dice_below(&world->dice, 4));
	body->provider = STR("sim");
	body->status = str_of(statuses[dice_below(&world->dice, COUNT(statuses))]);
	body->occurred_at = some_time_ago(world);
	return (struct made){ &record_delivery_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

/* ---- what people write ---- */

struct made make_inbound(struct sim_world *world, struct arena *arena)
{
	struct record_inbound *body = arena_take(arena, 1, sizeof(*body));

	uint64_t number = dice_below(&world->dice, INBOUNDS);

	body->inbound_id = workload_id(FAMILY_INBOUND, number);
	body->customer_id = workload_id(FAMILY_CUSTOMER, number % CUSTOMERS); /* under an id it is always the same person's */
	body->channel = channel_of(dice_below(&world->dice, 2));
	body->text = str_of(sayings[dice_below(&world->dice, sayings_count)].text);
	body->provider = STR("sim");
	body->received_at = some_time_ago(world);
	body->has_answer = dice_hits(&world->dice, 800);
	body->answer = dice_hits(&world->dice, 800);
	return (struct made){ &record_inbound_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}

/* Of nobody whom we know: it stops nothing. */
struct made make_unknown_inbound(struct sim_world *world, struct arena *arena)
{
	struct record_unknown_inbound *body = arena_take(arena, 1, sizeof(*body));

	body->inbound_id = workload_id(FAMILY_INBOUND, INBOUNDS + dice_below(&world->dice, CUSTOMERS));
	body->channel = STR("sms");
	body->sender = STR("+491709999999");
	body->text = str_of(sayings[dice_below(&world->dice, sayings_count)].text);
	body->provider = STR("sim");
	body->received_at = some_time_ago(world);
	return (struct made){ &record_unknown_inbound_type, body, body->inbound_id, SIM_COMMUNICATIONS, STR("all") };
}

/* ---- what persons find out ---- */

/* An attempt of which nobody knows, and that can leave no more: who asks the provider then gets to know what is true. */
static const struct sim_attempt *some_unknown(struct sim_world *world)
{
	const struct sim_post *post = &world->post;
	size_t first = post->attempts_count == 0 ? 0 : dice_below(&world->dice, post->attempts_count);

	for (size_t i = 0; i < post->attempts_count; i++) {
		size_t at = (first + i) % post->attempts_count;
		const struct sim_attempt *attempt = &post->attempts[at];
		const struct sim_blob *blob =
			blob_find(world, SIM_COMMUNICATIONS, communication_entity.name, &attempt->communication_id);

		if (((const struct communication *)blob->state)->state == COMMUNICATION_UNKNOWN && attempt->outcome &&
		    strcmp(attempt->outcome, "unknown") == 0 && !attempt->is_not_sent && !notifiers_hold(post, at))
			return attempt;
	}
	return NULL;
}

/*
 * True, or too careful: that it was sent is said of some that were not. Now and then of a message about which nothing is to be found
 * out, and without the version that was looked at, or of an earlier one: that must lead to nothing.
 */
struct made make_resolution(struct sim_world *world, struct arena *arena)
{
	struct resolve_unknown *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_attempt *attempt = some_unknown(world);
	const struct sim_letter *letter = some_letter(world);
	const struct sim_blob *blob;

	if (!attempt && !letter)
		return make_message(world, arena);
	if (!attempt || dice_hits(&world->dice, 100)) {
		body->communication_id = letter ? letter->communication_id : attempt->communication_id;
		body->customer_id = told_customer(world, letter ? &letter->customer_id : &attempt->customer_id);
		body->resolution = STR("sent");
	} else {
		body->communication_id = attempt->communication_id;
		body->customer_id = told_customer(world, &attempt->customer_id);
		body->resolution = attempt->is_taken || dice_hits(&world->dice, 50) ? STR("sent") : STR("not_sent");
	}
	blob = blob_find(world, SIM_COMMUNICATIONS, communication_entity.name, &body->communication_id);
	body->has_expected_version = blob != NULL && !dice_hits(&world->dice, 20);
	body->expected_version = blob ? ((const struct communication *)blob->state)->version : 0;
	if (body->expected_version > 1 && dice_hits(&world->dice, 20))
		body->expected_version--;
	body->reason = STR("asked");
	return (struct made){ &resolve_unknown_type, body, body->customer_id, SIM_COMMUNICATIONS, STR("all") };
}
