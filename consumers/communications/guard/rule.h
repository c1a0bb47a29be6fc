#ifndef CONSUMERS_COMMUNICATIONS_GUARD_RULE_H
#define CONSUMERS_COMMUNICATIONS_GUARD_RULE_H

#include "consumers/communications/guard/guard.h"

/* What the rules share. One function for each rule of the table in rules.c; the law stands in its row. */

/* The local days of the earlier contacts, which several rules count: of each zone once it is asked for. */
struct contact_days {
	bool is_known[GUARD_ZONES_MAX];
	int32_t days[GUARD_ZONES_MAX][GUARD_CONTACTS_MAX];
};

/* One question to one rule: may this be done at this instant, with these numbers? */
struct question {
	const struct guard_facts *facts;
	const struct guard_profile *profile;
	const int32_t *numbers;
	int64_t at_ms;
	int32_t days[GUARD_ZONES_MAX]; /* the local day of at_ms in each zone */
	struct contact_days *contact_days;
};

struct answer {
	enum compliance_verdict verdict;
	int64_t until_ms; /* VERDICT_DEFER; ZONE_NEVER is a denial */
};

typedef struct answer rule_function(const struct question *question);

rule_function rule_fact_known, rule_hours, rule_wishes, rule_workplace, rule_attorney, rule_cease, rule_call_count,
	rule_conversation, rule_no_verdict, rule_burst, rule_opt_out, rule_opt_out_notice, rule_email, rule_sms, rule_notice,
	rule_overshadowing, rule_written_dispute, rule_disclosure, rule_third_party, rule_time_barred, rule_credit_report,
	rule_sale, rule_revocation, rule_stay, rule_massachusetts, rule_uk_contact, rule_uk_planning, rule_uk_dispute,
	rule_uk_capacity, rule_uk_breathing, rule_uk_limitation, rule_restricted, rule_holds, rule_demands, rule_after_inbound,
	rule_debt_open, rule_debt_owed, rule_debt_due;

static const struct answer allowed = { .verdict = VERDICT_ALLOW };

static inline struct answer deny_if(bool is_violated)
{
	return (struct answer){ .verdict = is_violated ? VERDICT_DENY : VERDICT_ALLOW };
}

/* A time that never comes is a denial. */
static inline struct answer defer_until(int64_t until_ms)
{
	return (struct answer){ .verdict = until_ms == ZONE_NEVER ? VERDICT_DENY : VERDICT_DEFER, .until_ms = until_ms };
}

struct answer strictest(struct answer one, struct answer other);

/* ---- what a contact is ---- */

#define CLASS(name) (1U << MESSAGE_CLASS_##name)

/* Asks for money now. */
#define CLASSES_PAY_NOW    (CLASS(DEMAND) | CLASS(SETTLEMENT_OFFER) | CLASS(LEGAL_NOTICE))
#define CLASSES_DEMANDS    (CLASSES_PAY_NOW | CLASS(REMINDER))
/* Collects. */
#define CLASSES_COLLECTING (CLASSES_DEMANDS | CLASS(PROMISE_REMINDER) | CLASS(PLAN_NOTICE))

static inline bool class_is_in(const struct guard_facts *facts, uint32_t classes)
{
	return (1U << facts->message_class & classes) != 0;
}

/* Of whom the law speaks as the consumer: also the one who stands for the estate. Who it is must be known to be another. */
static inline bool is_to_consumer(const struct guard_facts *facts)
{
	return facts->act == ACT_SEND && facts->party != PARTY_ATTORNEY && facts->party != PARTY_THIRD_PARTY;
}

static inline bool is_electronic(const struct guard_facts *facts)
{
	return facts->channel == CHANNEL_EMAIL || facts->channel == CHANNEL_SMS || facts->channel == CHANNEL_PUSH;
}

/* The confirmation of an opt-out, the first one. */
static inline bool is_confirmation(const struct guard_facts *facts)
{
	return facts->message_class == MESSAGE_CLASS_OPT_OUT_CONFIRMATION && facts->is_opt_out_confirmed == FACT_NO;
}

/* Whether something went to the person on this channel at or after an instant. */
bool is_answered_since(const struct guard_facts *facts, int64_t since_ms);

/* ---- days of the person ---- */

/* The days of all contacts in the zone of this place. */
const int32_t *contact_days(const struct question *question, uint32_t zone);

/* The earliest and the latest day that it may be where the person is; without a zone, anywhere. */
int32_t day_at_least(const struct question *question);
int32_t day_at_most(const struct question *question);

/* The first instant at which it is this day or a later one wherever the person may be. */
int64_t day_begins_everywhere(const struct question *question, int32_t day);

#endif
