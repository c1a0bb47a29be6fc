#include "base/must.h"
#include "consumers/communications/compose.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/* What becomes of a message that was asked for, or whose time has come. */

const struct timer_kind release_timer = { .name = "release", .number = 1 };

static int64_t next_version(const struct sending *sending)
{
	return sending->waiting == NULL ? 1 : sending->waiting->version + 1;
}

static int32_t requested_on(const struct sending *sending)
{
	return sending->waiting == NULL ? sending->command->today : sending->waiting->requested_on;
}

void sending_suppress(const struct sending *sending, struct str reason, struct decision *decision)
{
	struct communication_suppressed *event = decision_event(decision, &communication_suppressed_type);

	event->communication_id = sending->body->communication_id;
	event->customer_id = sending->body->customer_id;
	event->version = next_version(sending);
	event->channel = sending->body->channel;
	event->requested_on = requested_on(sending);
	event->reason = reason;
	event->has_message_class = event->has_template_name = event->has_language = true;
	event->message_class = sending->body->message_class;
	event->template_name = sending->body->template_name;
	event->language = sending->language;
	event->debt_ids = sending->body->debt_ids;
	event->debt_ids_count = sending->body->debt_ids_count;
}

/* Those that go with it end, and wait no more. */
static void merge(const struct sending *sending, const struct workset *set, struct decision *decision)
{
	for (size_t index = 0; index < sending->merged_count; index++) {
		const struct uuid *id = sending->merged[index];
		const struct communication *other = workset_state(set, &communication_entity, id);
		const struct named_debts *debts = workset_state(set, &named_debts_entity, id);
		struct communication_merged *event = decision_event(decision, &communication_merged_type);

		event->communication_id = *id;
		event->customer_id = other->customer_id;
		event->version = other->version + 1;
		event->channel = str_of(channel_name((enum channel)other->channel));
		event->requested_on = other->requested_on;
		event->into_id = sending->body->communication_id;
		event->debt_ids = debts->ids;
		event->debt_ids_count = debts->count;
		decision_cancel_timer(decision, &release_timer, id);
	}
}

/* The balances stated in the text, in the order of the debts; NULL: the arena is full. */
static const int64_t *stated_balances(const struct sending *sending, const struct workset *set, struct decision *decision)
{
	int64_t *stated = arena_take(decision->arena, sending->body->debt_ids_count, sizeof(*stated));

	for (size_t index = 0; stated != NULL && index < sending->body->debt_ids_count; index++) {
		const struct owed_debt *debt = workset_state(set, &owed_debt_entity, &sending->body->debt_ids[index]);

		stated[index] = debt->balance_minor;
	}
	return stated;
}

/* The parameters of the command as one text; without data: the arena is full. */
static struct str take_parameters(const struct sending *sending, struct arena *arena)
{
	char text[REQUEST_PARAMETERS_MAX];
	size_t size = request_put_parameters(text, sending->body);

	MUST(size <= sizeof(text)); /* checked before */
	return str_copy(arena, (struct str){ .data = text, .size = size });
}

static void release(const struct sending *sending, const struct workset *set, const struct guard_verdict *verdict,
		    struct decision *decision)
{
	struct communication_released *event = decision_event(decision, &communication_released_type);
	const struct send_communication *body = sending->body;
	uint8_t *hash = arena_take(decision->arena, 1, CONTENT_HASH_SIZE);
	const int64_t *stated = stated_balances(sending, set, decision);

	if (hash == NULL || stated == NULL) {
		decision->overflow = true;
		return;
	}
	rendered_hash(hash, sending->rendered->subject, sending->rendered->body, sending->rendered->html, sending->person);
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = next_version(sending);
	event->channel = body->channel;
	event->requested_on = requested_on(sending);
	event->template_name = body->template_name;
	event->template_version = sending->template->version;
	event->language = sending->language;
	event->message_class = body->message_class;
	event->rendered_hash = (struct str){ .data = (const char *)hash, .size = CONTENT_HASH_SIZE };
	event->send_by = body->send_by;
	event->has_fit_until = verdict->until_ms != 0 && verdict->until_ms < body->send_by;
	event->fit_until = event->has_fit_until ? verdict->until_ms : 0;
	event->debt_ids = body->debt_ids;
	event->debt_ids_count = body->debt_ids_count;
	event->stated_minor = stated;
	event->stated_minor_count = body->debt_ids_count;
	event->has_stated_credit_minor = body->debt_ids_count > 0;
	event->stated_credit_minor = sending_credits(sending, set);
	event->has_contact_point_id = true;
	event->contact_point_id = sending->address->contact_point_id;
	sending->rendered->contact_point_id = sending->address->contact_point_id;
	sending->rendered->address = (struct str){ .data = sending->address->text, .size = sending->address->text_size };
	if (sending->waiting == NULL && body->parameters_count > 0) {
		sending->rendered->parameters = take_parameters(sending, decision->arena);
		decision->overflow |= sending->rendered->parameters.data == NULL;
	}
	decision_confide(decision, sending->rendered);
}

/* For the store; NULL: the arena is full. */
static const struct parameters *new_parameters(const struct sending *sending, struct arena *arena)
{
	struct parameters *parameters = arena_take(arena, 1, sizeof(*parameters));

	if (parameters == NULL)
		return NULL;
	parameters->text = take_parameters(sending, arena);
	return parameters->text.data == NULL ? NULL : parameters;
}

void sending_wait(const struct sending *sending, int64_t release_at_ms, struct decision *decision)
{
	struct communication_scheduled *event = decision_event(decision, &communication_scheduled_type);
	const struct send_communication *body = sending->body;
	const struct parameters *parameters = NULL;

	MUST(release_at_ms > sending->command->now_ms);
	if (sending->waiting == NULL) {
		parameters = new_parameters(sending, decision->arena);
		decision->overflow |= parameters == NULL;
	}
	event->communication_id = body->communication_id;
	event->customer_id = body->customer_id;
	event->version = next_version(sending);
	event->channel = body->channel;
	event->requested_on = requested_on(sending);
	event->message_class = body->message_class;
	event->template_name = body->template_name;
	event->language = body->language;
	event->debt_ids = body->debt_ids;
	event->debt_ids_count = body->debt_ids_count;
	event->has_not_before = body->has_not_before;
	event->not_before = body->not_before;
	event->release_at = release_at_ms;
	event->send_by = body->send_by;
	if (body->mergeable) {
		event->has_merge_key = true;
		event->merge_key = sending->waiting == NULL ? merge_key(body, sending->person) : sending->waiting->merge_key;
	}
	decision_confide(decision, parameters);
	decision_set_timer_at(decision, &release_timer, &body->communication_id, release_at_ms);
}

void sending_settle(const struct sending *sending, const struct workset *set, const struct guard_verdict *verdict,
		    struct decision *decision)
{
	MUST(verdict->rules_count > 0 || verdict->verdict == VERDICT_ALLOW);
	switch (verdict->verdict) {
	case VERDICT_ALLOW:
		merge(sending, set, decision);
		release(sending, set, verdict, decision);
		return;
	case VERDICT_DEFER: /* no use of a message that may go only when it must not go any more */
		if (verdict->until_ms < sending->body->send_by)
			sending_wait(sending, verdict->until_ms, decision);
		else
			sending_suppress(sending, str_of(verdict->rules[0]), decision);
		return;
	case VERDICT_DENY:
		sending_suppress(sending, str_of(verdict->rules[0]), decision);
		return;
	case VERDICT_NONE:
	case COMPLIANCE_VERDICT_COUNT:
		break;
	}
	MUST_NOT_REACH("a decision without a verdict");
}
