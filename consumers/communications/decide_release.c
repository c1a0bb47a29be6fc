#include "base/must.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/*
 * The time of a scheduled message has come. It is asked for as if just now: with the balances, the address, the consent and the
 * template of now. Nobody waits for the answer, so a refusal is a suppression with the refusal's code as its reason.
 */

static void ask(struct sending *sending, const struct workset *set, struct decision *decision)
{
	struct decision trial;
	struct guard_verdict verdict;

	decision_init(&trial, decision->arena, sending->command);
	sending_find(sending, set);
	if (!sending_check(sending, set, &trial)) {
		decision->overflow |= trial.overflow;
		/* No entity that it names goes away, so it does not wait for one. */
		sending_suppress(sending, str_of(refusal_code(trial.kind == DECISION_WAIT ? REFUSAL_NOT_FOUND : trial.refusal)),
				 decision);
		return;
	}
	verdict = sending_ask(sending, set, decision);
	sending_settle(sending, set, &verdict, decision);
}

void decide_release(const struct command *timer, const struct workset *set, struct decision *decision)
{
	const struct uuid *id = &((const struct timer *)timer->body)->subject;
	const struct communication *waiting = workset_state(set, &communication_entity, id);
	const struct request *request = workset_state(set, &request_entity, id);
	struct send_communication *body = arena_take(decision->arena, 1, sizeof(*body));
	struct sending sending = { .command = timer, .body = body, .waiting = waiting };

	MUST(waiting != NULL);
	if (waiting->state != COMMUNICATION_SCHEDULED)
		return;
	MUST(request != NULL);
	if (body == NULL || !request_body(request, decision->arena, body)) {
		decision->overflow = true;
		return;
	}
	body->communication_id = *id;
	body->customer_id = waiting->customer_id;
	body->has_not_before = waiting->not_before_ms != 0;
	body->not_before = waiting->not_before_ms;
	body->send_by = waiting->send_by_ms;
	sending.channel = (enum channel)waiting->channel;
	sending.language = body->language;
	if (waiting->send_by_ms <= timer->now_ms)
		sending_suppress(&sending, str_of(refusal_code(REFUSAL_EXPIRED)), decision);
	else
		ask(&sending, set, decision);
}
