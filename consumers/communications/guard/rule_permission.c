#include "base/day.h"
#include "consumers/communications/guard/rule.h"

/* What a person has permitted or forbidden, and what a message must carry. */

static bool has_permission(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return facts->obtained_ms != 0 && facts->obtained_ms > facts->withdrawn_ms &&
	       (facts->expires_ms == 0 || question->at_ms < facts->expires_ms);
}

/* The person used a medium again after the opt-out: one answer. */
static bool answers_the_person(const struct guard_facts *facts)
{
	return facts->wrote_ms > facts->withdrawn_ms && facts->wrote_ms != 0 && !is_answered_since(facts, facts->wrote_ms);
}

struct answer rule_opt_out(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->act != ACT_SEND)
		return allowed;
	if (is_to_consumer(facts) && facts->is_unwanted == FACT_YES)
		return deny_if(!is_confirmation(facts) && !answers_the_person(facts));
	if (facts->withdrawn_ms == 0 || is_confirmation(facts) || answers_the_person(facts))
		return allowed;
	return has_permission(question) ? allow_until(facts->expires_ms) : deny_if(true);
}

/* The confirmation says nothing else. */
struct answer rule_opt_out_notice(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return deny_if(facts->act == ACT_SEND && is_electronic(facts) &&
		       facts->message_class != MESSAGE_CLASS_OPT_OUT_CONFIRMATION && facts->has_opt_out != FACT_YES);
}

#define PERIOD 0 /* in days; 0: a permission on record is enough */

/* The creditor's notice gave so many days to opt out, all of which have passed, and the address is at a public domain. */
static bool is_announced(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return facts->notice_on != 0 && facts->provider == PROVIDER_PUBLIC &&
	       day_at_least(question) > facts->notice_on + question->numbers[PERIOD];
}

static bool email_is_permitted(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (!has_permission(question))
		return false;
	if (question->numbers[PERIOD] == 0)
		return true;
	if (facts->is_leaked != FACT_NO)
		return false;
	switch ((enum basis)facts->basis) {
	case BASIS_EXPRESS:
	case BASIS_PRIOR_USE:
	case BASIS_PRIOR_COLLECTOR:
		return true;
	case BASIS_CREDITOR_TRANSFER_NOTICE:
		return is_announced(question);
	case BASIS_NONE:
	case BASIS_COUNT:
		break;
	}
	return false;
}

struct answer rule_email(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->act != ACT_SEND || facts->channel != CHANNEL_EMAIL || is_confirmation(facts) || answers_the_person(facts))
		return allowed;
	return email_is_permitted(question) ? allow_until(facts->expires_ms) : deny_if(true);
}

/* Until when there was a new text, a renewed consent or a look-up of the number within so many days. */
static int64_t number_is_fresh_until(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t last_ms = facts->obtained_ms;

	last_ms = facts->wrote_ms > last_ms ? facts->wrote_ms : last_ms;
	last_ms = facts->checked_ms > last_ms ? facts->checked_ms : last_ms;
	return last_ms + question->numbers[PERIOD] * DAY_MS + 1;
}

static bool sms_is_permitted(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (!has_permission(question))
		return false;
	if (question->numbers[PERIOD] == 0)
		return true;
	return facts->is_leaked == FACT_NO && (facts->basis == BASIS_EXPRESS || facts->basis == BASIS_PRIOR_USE) &&
	       question->at_ms < number_is_fresh_until(question);
}

struct answer rule_sms(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->act != ACT_SEND || facts->channel != CHANNEL_SMS || is_confirmation(facts) || answers_the_person(facts))
		return allowed;
	if (!sms_is_permitted(question))
		return deny_if(true);
	return allow_until(first_end(facts->expires_ms, question->numbers[PERIOD] == 0 ? 0 : number_is_fresh_until(question)));
}

#define CONFIRM_MINUTES 0

/* A revocation binds at once; one text may confirm it within a few minutes. */
struct answer rule_revocation(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t confirm_by_ms = facts->revoked_ms + question->numbers[CONFIRM_MINUTES] * 60000LL + 1;
	bool is_confirmed_in_time = facts->channel == CHANNEL_SMS && is_confirmation(facts) && question->at_ms < confirm_by_ms;

	if (facts->act != ACT_SEND || (facts->channel != CHANNEL_SMS && facts->channel != CHANNEL_VOICE) ||
	    facts->revoked_ms == 0 || facts->obtained_ms > facts->revoked_ms)
		return allowed;
	return is_confirmed_in_time ? allow_until(confirm_by_ms) : deny_if(true);
}

/* On the phone the caller says it: that is a matter of the script. */
struct answer rule_disclosure(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return deny_if(facts->act == ACT_SEND && facts->channel != CHANNEL_VOICE && is_to_consumer(facts) &&
		       facts->message_class != MESSAGE_CLASS_OPT_OUT_CONFIRMATION && facts->has_disclosure != FACT_YES);
}
