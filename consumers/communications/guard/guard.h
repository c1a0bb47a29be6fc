#ifndef CONSUMERS_COMMUNICATIONS_GUARD_GUARD_H
#define CONSUMERS_COMMUNICATIONS_GUARD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/zone.h"
#include "consumers/communications/communications.h"

/*
 * The compliance guard (consumers/DOMAIN.md 9): facts and profiles in, verdict out, with the rules that bound and the profiles
 * that they bound in. Pure: the instant is a fact, the zones are data.
 *
 * A rule is a function for a paragraph of law (its row in rules.c has the citation). Its numbers, and whether it is law, a rule of
 * the house or off, are data of a profile (profiles/). Every profile that fits the debt or the place of the person applies; the
 * strictest verdict of all of their rules holds: deny beats defer, and `until` is the first instant at which no rule defers.
 *
 * A fact that is not known is 0 (FACT_UNKNOWN, no zone, an empty place). It is never guessed: each rule says what follows from it.
 */

enum fact { FACT_UNKNOWN, FACT_NO, FACT_YES };

/* What is to be done. Only a contact has a channel and a party. */
enum guard_act { ACT_NONE, ACT_SEND, ACT_CREDIT_REPORT, ACT_SALE, ACT_COUNT };

/* Whose domain an e-mail address has. */
enum guard_provider { PROVIDER_NONE, PROVIDER_PUBLIC, PROVIDER_EMPLOYER, PROVIDER_COUNT };

/* A time in which the person does not want to be contacted. */
struct guard_blocked {
	uint32_t weekdays; /* bits, Monday is 1 << 0; as the day on which the time begins */
	int32_t from_min;  /* of the local day; from == to is the whole day */
	int32_t to_min;
};

/* Sets of classes, as bits. */
#define CLASS(name) (1U << MESSAGE_CLASS_##name)

/* Asks for money now. */
#define CLASSES_PAY_NOW    (CLASS(DEMAND) | CLASS(SETTLEMENT_OFFER) | CLASS(LEGAL_NOTICE))
#define CLASSES_DEMANDS    (CLASSES_PAY_NOW | CLASS(REMINDER))
/* Collects. */
#define CLASSES_COLLECTING (CLASSES_DEMANDS | CLASS(PROMISE_REMINDER) | CLASS(PLAN_NOTICE))

/* Something in force that stops messages of these classes (consumers/DOMAIN.md 9, Holds). Days are local days of the person. */
struct guard_hold {
	int32_t from_on;  /* 0: it is in force */
	int32_t until_on; /* the first day on which it does not stop; 0: open */
	uint32_t classes; /* bits by enum message_class; 0: all */
};

/* Days are civil days, 0: it did not happen. */
struct guard_debt {
	int64_t balance_minor;
	int32_t due_on;
	int32_t is_closed;      /* has left the books */
	int32_t is_settled;     /* paid, settled or discharged */
	int32_t account;        /* student loans under one account number are one debt; 0: an account of its own */
	int32_t is_barred;      /* enum fact: the limitation period is over */
	int32_t said_barred;    /* enum fact: the person said that it is */
	int32_t limited_on;     /* the day from which limitation runs: due, or its last restart (README.md, Limitation) */
	int32_t contacted_on;   /* first communication about it */
	int32_t notice_on;      /* the validation notice was sent */
	int32_t notice_bounced; /* enum fact */
	int32_t disputed_on;    /* a written dispute, or a request for the original creditor, was received */
	int32_t answered_on;    /* what it asked for was sent */
	int32_t is_disputed;    /* enum fact: on grounds that may be valid, in any form */
	int32_t spoken_on;      /* somebody spoke with the person about it */
	int32_t written_on;     /* a letter or an electronic message about it was sent */
	int32_t letter_bounced; /* enum fact */
};

/* One earlier contact, of either direction. */
struct guard_contact {
	int64_t at_ms;
	int32_t channel;     /* enum channel */
	int32_t party;       /* enum contact_party */
	int32_t outcome;     /* enum contact_outcome */
	int32_t is_inbound;  /* the person called or wrote */
	int32_t is_demand;   /* it asked for money */
	int32_t has_consent; /* the person had consented to it directly */
	uint32_t debts;      /* bits by place in guard_facts.debts; 0: unknown, so about every debt */
};

#define GUARD_ZONES_MAX    32 /* a test compares: those of a country and those of a telephone number */
#define GUARD_BLOCKED_MAX  8
#define GUARD_HOLDS_MAX    16
#define GUARD_DEBTS_MAX    32
#define GUARD_CONTACTS_MAX 64

/* Members are int32_t where a word or a fact (enum fact) is meant, so that one table can write and read all of them (facts.c). */
struct guard_facts {
	int32_t act;
	int32_t channel;
	int32_t message_class;
	int32_t party;
	int64_t now_ms;
	int32_t today; /* the business date: for due dates only */
	struct str language;

	/* the law that applies */
	char country[3];      /* where the person is: ISO 3166-1 */
	char region[4];       /* and 3166-2, without the country */
	char jurisdiction[3]; /* of the debts' portfolio */
	int32_t collector;    /* enum collector */

	/* time: every zone in which the person may be */
	const struct zone *zones[GUARD_ZONES_MAX];
	uint32_t zones_count;

	/* the contact point */
	int32_t place;    /* enum contact_point_place */
	int32_t provider; /* enum guard_provider */
	int32_t from_consumer, is_leaked, employer_forbids;
	int64_t wrote_ms;   /* the person's last message from it */
	int64_t checked_ms; /* last look-up in a data base of reassigned numbers */

	/* permission */
	int32_t basis; /* enum basis */
	int64_t obtained_ms;
	int64_t expires_ms; /* from when on the permission counts no more */
	int64_t withdrawn_ms;
	int32_t notice_on;  /* the creditor's notice that announces the address, with a way to opt out */
	int64_t revoked_ms; /* a revocation for calls and texts by any means */
	int32_t is_opt_out_confirmed;
	int32_t agrees;          /* enum fact: the person consented directly to this contact, now and here */
	int64_t call_consent_ms; /* consented directly to calls beyond the caps */
	int32_t call_on;         /* and named this day */

	/* what the person wants */
	struct guard_blocked blocked[GUARD_BLOCKED_MAX];
	uint32_t blocked_count;
	int32_t home_blocked, work_blocked;
	int32_t is_unwanted; /* enum fact: nothing on this channel */

	/* the person */
	int32_t has_attorney, attorney_consents;
	int32_t attorney_asked_on; /* asked, and silent since */
	int32_t has_ceased;        /* a refusal or a request to cease, in writing */
	int32_t is_deceased, is_bankrupt, is_restricted, lacks_capacity;
	int32_t breathing_on;   /* first day of a breathing space */
	int32_t in_crisis;      /* of a mental health crisis, which lasts as long as the treatment */
	int32_t treated_until;  /* its last day; 0: it goes on */
	int32_t planning_on;    /* a plan is in development since */
	int32_t plan_prolonged; /* once more */

	int64_t credits_minor; /* what the person has overpaid to the creditor of the debts: it counts against their sum */

	/* the message */
	int32_t has_opt_out, has_disclosure, names_debt;

	struct guard_hold holds[GUARD_HOLDS_MAX];
	uint32_t holds_count;
	struct guard_debt debts[GUARD_DEBTS_MAX]; /* that the message names */
	uint32_t debts_count;
	struct guard_contact contacts[GUARD_CONTACTS_MAX];
	uint32_t contacts_count;
	int32_t are_contacts_cut; /* there were more than fit: whatever counts them cannot know */
};

/* ---- profiles ---- */

/* Each has a row in rules.c. The order is that of the ids in a verdict. */
enum guard_rule {
	RULE_FACT_1,
	RULE_US_01,
	RULE_US_02,
	RULE_US_03,
	RULE_US_04,
	RULE_US_05,
	RULE_US_06,
	RULE_US_07,
	RULE_US_08,
	RULE_US_09,
	RULE_US_10,
	RULE_US_11,
	RULE_US_12,
	RULE_US_13,
	RULE_US_14,
	RULE_US_15,
	RULE_US_16,
	RULE_US_17,
	RULE_US_18,
	RULE_US_19,
	RULE_US_21,
	RULE_US_22,
	RULE_US_23,
	RULE_US_24,
	RULE_US_27,
	RULE_US_28,
	RULE_MA_01,
	RULE_UK_01,
	RULE_UK_03,
	RULE_UK_04,
	RULE_UK_05,
	RULE_UK_06,
	RULE_UK_07,
	RULE_EU_01,
	RULE_EU_02,
	RULE_HOLD_1,
	RULE_HOUSE_1,
	RULE_HOUSE_2,
	RULE_HOUSE_3,
	RULE_DEBT_1,
	RULE_DEBT_2,
	RULE_DEBT_3,
	RULE_COUNT,
};

enum guard_choice { CHOICE_OFF, CHOICE_LAW, CHOICE_HOUSE };

#define GUARD_NUMBERS_MAX 4

struct guard_setting {
	enum guard_choice choice;
	int32_t numbers[GUARD_NUMBERS_MAX]; /* named in the rule's row; a time of the day is in minutes */
};

#define GUARD_PROFILE_ID_MAX      24
#define GUARD_PROFILE_VERSION_MAX 99999
#define GUARD_COUNTRIES_MAX       255

/*
 * Applies if every member that is not empty fits; an unknown fact fits everything. Flat, so that a published one can be a state
 * (model/workset.h).
 */
struct guard_profile {
	char id[GUARD_PROFILE_ID_MAX + 1];
	int32_t version;
	char countries[GUARD_COUNTRIES_MAX + 1]; /* with blanks between; of the person or of the debts' portfolio */
	char region[4];                          /* of the person */
	enum collector collector;
	struct guard_setting settings[RULE_COUNT];
};

/* The built-in profiles, those of profiles/, made by profiles.py. The first is `basic`. */
extern const struct guard_profile guard_profiles[];
extern const size_t guard_profiles_count;
extern const char guard_profiles_sql[]; /* the same and the rules' citations as functions of SQL, for people who read profiles */

const struct guard_profile *guard_profile_by_id(struct str id); /* a built-in one; NULL: none has the id */

/* What a rule is, for people; all terminated. A number without a name does not exist. */
struct guard_rule_text {
	const char *id;
	const char *law;
	const char *built; /* the day on which it was written from the law */
	const char *numbers[GUARD_NUMBERS_MAX];
};
struct guard_rule_text guard_rule_text(enum guard_rule rule);

/* ---- profiles that come from outside (profile.c) ---- */

/* What is wrong with a profile: the member, and a text for people without personal data. */
struct guard_fault {
	const char *field;
	char text[160];
};

/* What says where a profile applies; `collector` is a word of profile_collector. Any bytes may come. */
struct guard_scope {
	struct str id, countries, region, collector;
	int32_t version;
};

/* A profile without rules. False: a member is not allowed. */
MUST_CHECK bool guard_profile_begin(struct guard_profile *ret_profile, const struct guard_scope *scope,
				    struct guard_fault *ret_fault);

/*
 * Adds a rule: its id, its choice (a word of profile_choice), its numbers as text, `from=08:00 to=21:00`. A rule that is off needs
 * none. False: no such rule, or it stands twice; a number is unknown, missing, repeated or out of its range.
 */
MUST_CHECK bool guard_profile_add(struct guard_profile *profile, struct str rule, struct str choice, struct str numbers,
				  struct guard_fault *ret_fault);

/* Adds rules from lines `US-01 law from=08:00 to=21:00`, as they are stored. */
MUST_CHECK bool guard_profile_add_lines(struct guard_profile *profile, struct str lines, struct guard_fault *ret_fault);

/*
 * Whether a profile keeps what the law fixes in another version of it: a rule that is law there stays law, each number of it is at
 * least as strict (number_rows in profile.c), and the profile applies to everybody to whom that version does.
 */
MUST_CHECK bool guard_profile_keeps_law(const struct guard_profile *profile, const struct guard_profile *fixed,
					struct guard_fault *ret_fault);

/* ---- the verdict ---- */

#define GUARD_PROFILES_MAX 16

struct guard_verdict {
	enum compliance_verdict verdict;
	/*
	 * VERDICT_DEFER: until then. VERDICT_ALLOW: it holds until then, if nothing but the time changes: from this instant on a
	 * rule defers or denies; 0: no rule ever does. `today` does not change with the time, it is a fact.
	 */
	int64_t until_ms;
	/* The ids of the rules with this verdict; of all rules asked if all allow. */
	const char *rules[RULE_COUNT];
	uint16_t profiles[RULE_COUNT]; /* of each: the profiles that it bound in, bits by place in the caller's list */
	size_t rules_count;
};

/* No more than GUARD_PROFILES_MAX profiles. */
struct guard_verdict guard_decide(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count);

/* The last day of the validation period of a notice sent on this day (US-15). */
int32_t guard_validation_ends(int32_t sent_on, int32_t receipt_days, int32_t period_days);

/* ---- facts as text (facts.c) ---- */

/*
 * One line `key=value key=value`, the same for the same facts; terminated; no personal data; what is unknown or 0 is left out. A
 * zone has the digest of its data behind it. Returns its size.
 */
#define FACTS_TEXT_MAX 65536
size_t guard_facts_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts);

/*
 * Adds to the facts what a line says: a list grows, a value replaces another, `unknown` and for lists `none` empty them. Borrows
 * the line and the zones. False: ret_bad is the word that was not understood, or a zone whose data are of another edition. Any
 * bytes may come.
 */
MUST_CHECK bool guard_facts_read(struct guard_facts *facts, struct str line, const struct zones *zones, struct str *ret_bad);

/* ---- a whole question: the facts, and behind them the profiles that were asked, `profile=basic/1` ---- */

struct guard_question {
	struct guard_facts facts;
	const struct guard_profile *profiles[GUARD_PROFILES_MAX];
	size_t profiles_count;
};

/* Versions that were published, beside the built-in ones; all that may be named. */
struct guard_versions {
	const struct guard_profile *profiles;
	size_t count;
};

size_t guard_question_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts,
			   const struct guard_profile *const *profiles, size_t count);

/* Sets the question, which borrows the versions. False also for a profile, or a version of one, that is neither built in nor there. */
MUST_CHECK bool guard_question_read(struct guard_question *ret_question, struct str line, const struct zones *zones,
				    const struct guard_versions *versions, struct str *ret_bad);

#endif
