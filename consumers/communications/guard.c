#include "consumers/communications/guard.h"

#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"

struct answer {
	enum compliance_verdict verdict;
	int64_t until_ms;
};

static struct answer deny_if(bool is_violated)
{
	return (struct answer){ .verdict = is_violated ? VERDICT_DENY : VERDICT_ALLOW };
}

/* US-10: a request to stop a medium binds for all debts. */
static struct answer medium_opt_out(const struct guard_facts *facts)
{
	return deny_if(facts->is_opted_out);
}

/* US-12: e-mail needs one of the permissions of 1006.6(d)(4). */
static struct answer email_permission(const struct guard_facts *facts)
{
	return deny_if(facts->channel == CHANNEL_EMAIL && !facts->has_permission);
}

/* US-13: so does SMS, 1006.6(d)(5). */
static struct answer sms_permission(const struct guard_facts *facts)
{
	return deny_if(facts->channel == CHANNEL_SMS && !facts->has_permission);
}

/* DEBT-1: nothing is asked for a debt that was cancelled, settled, written off or transferred. */
static struct answer debt_is_open(const struct guard_facts *facts)
{
	return deny_if(facts->asks >= ASKS_OWED && facts->closed > 0);
}

/* DEBT-2: nothing is asked for a debt on which nothing is owed (12 CFR 1006.22(b): only what the contract or the law allows). */
static struct answer debt_is_owed(const struct guard_facts *facts)
{
	return deny_if(facts->asks >= ASKS_OWED && facts->unowed > 0);
}

/* DEBT-3: a debt is not demanded before it is due; a reminder may be sent earlier. */
static struct answer debt_is_due(const struct guard_facts *facts)
{
	return deny_if(facts->asks >= ASKS_DUE && facts->undue > 0);
}

struct guard_rule {
	const char *id; /* of consumers/DOMAIN.md 9 */
	struct answer (*ask)(const struct guard_facts *facts);
};

static const struct guard_rule rules[] = {
	{ "US-10", medium_opt_out }, { "US-12", email_permission }, { "US-13", sms_permission },
	{ "DEBT-1", debt_is_open },  { "DEBT-2", debt_is_owed },    { "DEBT-3", debt_is_due },
};
#define RULES_COUNT COUNT(rules)
_Static_assert(RULES_COUNT <= GUARD_RULES_MAX, "room for all rules");

struct guard_verdict guard_decide(const struct guard_facts *facts)
{
	struct guard_verdict verdict = { .verdict = VERDICT_ALLOW };

	for (size_t index = 0; index < RULES_COUNT; index++) {
		struct answer answer = rules[index].ask(facts);

		if (answer.verdict < verdict.verdict)
			continue;
		if (answer.verdict > verdict.verdict) {
			verdict.verdict = answer.verdict;
			verdict.rules_count = 0;
		}
		if (answer.until_ms > verdict.until_ms)
			verdict.until_ms = answer.until_ms;
		verdict.rules[verdict.rules_count++] = rules[index].id;
	}
	return verdict;
}

void guard_facts_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts)
{
	char today[16];
	int size;

	day_format(today, facts->today);
	size = snprintf(text, FACTS_TEXT_MAX,
			"action=%s channel=%s class=%.*s language=%.*s opted_out=%d permission=%s obtained_at=%lld "
			"withdrawn_at=%lld now=%lld "
			"today=%s debts=%u closed=%u unowed=%u undue=%u",
			facts->action, channel_name(facts->channel), (int)facts->message_class.size, facts->message_class.data,
			(int)facts->language.size, facts->language.data, facts->is_opted_out, basis_name(facts->basis),
			(long long)facts->obtained_at_ms, (long long)facts->withdrawn_at_ms, (long long)facts->now_ms, today,
			(unsigned)facts->debts, (unsigned)facts->closed, (unsigned)facts->unowed, (unsigned)facts->undue);

	MUST(size > 0);
	MUST(size < FACTS_TEXT_MAX);
}
