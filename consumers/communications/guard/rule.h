#ifndef CONSUMERS_COMMUNICATIONS_GUARD_RULE_H
#define CONSUMERS_COMMUNICATIONS_GUARD_RULE_H

#include "consumers/communications/guard/guard.h"

/* What the rules share. One function for each rule of the table in rules.c; the law stands in its row. */

/*
 * What several rules ask for, and is found once: the local days of the earlier contacts, of each zone; the last answer about hours,
 * which are the same in most profiles.
 */
struct known {
	bool has_days[GUARD_ZONES_MAX];
	int32_t days[GUARD_ZONES_MAX][GUARD_CONTACTS_MAX];
	struct {
		int64_t at_ms; /* -1: no answer yet */
		int32_t from_s, to_s;
		enum compliance_verdict verdict;
		int64_t until_ms;
	} hours;
};

/* One question to one rule: may this be done at this instant, with these numbers? */
struct question {
	const struct guard_facts *facts;
	const struct guard_profile *profile;
	const int32_t *numbers;
	int64_t at_ms;
	int32_t days[GUARD_ZONES_MAX]; /* the local day of at_ms in each zone */
	struct known *known;
};

/*
 * VERDICT_DEFER: until when; never is a denial. VERDICT_ALLOW: the first instant from which the rule does not allow any more, if
 * nothing but the time changes; 0: there is none.
 */
struct answer {
	enum compliance_verdict verdict;
	int64_t until_ms;
};

typedef struct answer rule_function(const struct question *question);

rule_function rule_fact_known, rule_hours, rule_wishes, rule_workplace, rule_attorney, rule_cease, rule_call_count,
	rule_conversation, rule_no_verdict, rule_burst, rule_opt_out, rule_opt_out_notice, rule_email, rule_sms, rule_notice,
	rule_bounced_notice, rule_overshadowing, rule_written_dispute, rule_disclosure, rule_third_party, rule_time_barred,
	rule_credit_report, rule_sale, rule_revocation, rule_stay, rule_massachusetts, rule_uk_contact, rule_uk_planning,
	rule_uk_dispute, rule_uk_capacity, rule_uk_breathing, rule_uk_limitation, rule_restricted, rule_holds, rule_demands,
	rule_after_inbound, rule_debt_open, rule_debt_owed, rule_debt_due;

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

/* An end that never comes is none. */
static inline struct answer allow_until(int64_t until_ms)
{
	return (struct answer){ .verdict = VERDICT_ALLOW, .until_ms = until_ms == ZONE_NEVER ? 0 : until_ms };
}

/* The earlier of two ends; 0: there is none. */
static inline int64_t first_end(int64_t one_ms, int64_t other_ms)
{
	return one_ms == 0 || (other_ms != 0 && other_ms < one_ms) ? other_ms : one_ms;
}

struct answer strictest(struct answer one, struct answer other);

/* ---- what a contact is ---- */

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

/* The first instant at which it is this day or a later one wherever the person may be; and at one of these places. */
int64_t day_begins_everywhere(const struct question *question, int32_t day);
int64_t day_begins_anywhere(const struct question *question, int32_t day);

#endif
