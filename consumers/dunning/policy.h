#ifndef CONSUMERS_DUNNING_POLICY_H
#define CONSUMERS_DUNNING_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * A dunning policy (README.md, consumers/DOMAIN.md 8): for which debts it is, its steps, its caps. A published version never changes.
 * Pure.
 */
#define POLICY_NAME_MAX    24
#define POLICY_STEPS_MAX   32
#define POLICY_ARMS_MAX    4
#define POLICY_LISTED_MAX  8 /* creditors, portfolios, languages of a segment */
#define POLICY_ARM_MAX     16
#define STEP_TEMPLATE_MAX  64
#define STEP_CHANNELS_MAX  3
#define LEVEL_MAX          99
#define REMINDER_DAYS_MAX  30 /* a step is at most so many days before the due day */
#define DEMANDS_A_WEEK_MAX 28

/*
 * The persons of an arm have `weight` of the sum of all weights. The arm of a person follows from a hash of the policy's name and the
 * customer's id, so it is stable and needs no state.
 */
struct policy_arm {
	char name[POLICY_ARM_MAX + 1];
	int32_t weight; /* 1 to 1000 */
};

struct policy_step {
	int32_t number;               /* 1 to LEVEL_MAX, rising; twice only in different arms */
	char arm[POLICY_ARM_MAX + 1]; /* only for persons of this arm; "": for all */

	/* trigger */
	uint32_t trigger; /* enum dunning_trigger */
	int32_t days;     /* of days_past_due (-30 to -1: a reminder; 1 to 3650), days_since_step (from 1), month_end (from 0) */
	int32_t on;       /* of on_date */
	uint32_t event;   /* enum dunning_cause, of event */

	/* preconditions; 0: none */
	int64_t min_balance_minor;
	int32_t min_age_days;       /* since the debt was opened */
	int32_t days_from, days_to; /* days past due of the debt, both included; days_to 0: no end */

	/* action */
	uint32_t action;                           /* enum dunning_action */
	char template_name[STEP_TEMPLATE_MAX + 1]; /* of send */
	uint32_t message_class;                    /* enum message_class, of send */
	uint32_t channels[STEP_CHANNELS_MAX];      /* enum channel, of send, in the order in which they are tried */
	uint32_t channels_count;
	int32_t send_days; /* 1 to 30: the message may leave on so many days, the first being the step's */

	/* when it has failed on each channel */
	uint32_t otherwise; /* enum dunning_otherwise */
	int32_t retry_days; /* 1 to 60, of retry */
	int32_t tries_max;  /* 1 to 10, of retry */
	int32_t wait_days;  /* 0 to 365: at least so long before the next step */
};

struct policy {
	struct uuid publication_id;
	char name[POLICY_NAME_MAX + 1];
	int32_t version;
	int32_t priority; /* 1 to 9999: of several policies for a debt, the lowest counts; unique among those in force */
	uint32_t is_retired;

	/* segment: of each only what is listed; an empty list, 0 or NONE is no condition */
	char jurisdiction[3];   /* country of the person */
	uint32_t customer_kind; /* enum customer_kind */
	char currency[4];
	struct uuid creditors[POLICY_LISTED_MAX];
	uint32_t creditors_count;
	struct uuid portfolios[POLICY_LISTED_MAX];
	uint32_t portfolios_count;
	char languages[POLICY_LISTED_MAX][16]; /* as in a locale: de, en-GB; the narrower counts as the wider */
	uint32_t languages_count;
	int32_t days_from, days_to; /* days past due of the debt, both included; days_to 0: no end */
	int64_t balance_from;       /* of the debt, in minor units: from <= balance */
	int64_t balance_to;         /* balance < to; 0: no end */
	uint32_t is_charged_off;    /* only debts that are charged off; 0: only those that are not */

	/* rules */
	int64_t tolerance_minor; /* a group that owes less is left alone */
	int32_t demands_a_day;   /* 1 to 7 */
	int32_t demands_a_week;  /* 1 to 28 */
	uint32_t catch_up;       /* enum dunning_catch_up */
	uint32_t new_debts;      /* enum dunning_new_debts */
	uint32_t reopened;       /* enum dunning_reopened */

	struct policy_arm arms[POLICY_ARMS_MAX];
	uint32_t arms_count;
	struct policy_step steps[POLICY_STEPS_MAX];
	uint32_t steps_count;
};

/* All policies in the newest version of each, also retired ones, in the order of their names. One state, policies_id. */
#define POLICIES_MAX 24
struct policies {
	uint32_t count;
	int32_t changes; /* versions and retirements so far: of two at once one is refused by the table, and decided again */
	struct policy items[POLICIES_MAX];
};

/*
 * The policy of this name; NULL: there is none. The level of a debt names its policy and no version of it (struct dunned_debt), so it
 * means the step with that number in the newest version, whichever version it was reached by. If that has no such step any more, the
 * debt goes on with the first one above.
 */
const struct policy *policies_find(const struct policies *policies, struct str name);

/* What a segment looks at. */
struct segment_facts {
	const char *country;  /* "": unknown */
	const char *language; /* a locale: de-AT; "": unknown */
	uint32_t customer_kind;
	const char *currency;
	struct uuid creditor_id, portfolio_id;
	int64_t balance_minor;
	int32_t days_past_due;
	bool is_charged_off;
};

/* Whether the policy is for such a debt. An unknown fact does not fulfil a condition. */
bool policy_is_for(const struct policy *policy, const struct segment_facts *facts);

/*
 * Its three parts, for who asks about many debts of a group on many days: what is the same for the whole group (person, creditor,
 * currency); what only an event changes (portfolio, balance, charged off); the days past due, which time changes.
 */
bool policy_is_for_group(const struct policy *policy, const struct segment_facts *facts);
bool policy_is_for_debt(const struct policy *policy, const struct segment_facts *facts);
bool days_are_within(int32_t days, int32_t from, int32_t to);

/* What a version of a policy finds among the others: the other one in force that has its priority (NULL: none), and no room. */
const struct policy *policies_with_priority_of(const struct policies *policies, const struct policy *policy);
bool policies_are_full_for(const struct policies *policies, const struct policy *policy);

/* The policy in force with the lowest priority for such a debt; NULL: none. */
const struct policy *policies_for(const struct policies *policies, const struct segment_facts *facts);

/* The arm of a person (keys.c); NULL: the policy has none. */
const struct policy_arm *policy_arm_of(const struct policy *policy, const struct uuid *customer_id);

static inline bool step_is_in_arm(const struct policy_step *step, const struct policy_arm *arm)
{
	return step->arm[0] == '\0' || (arm != NULL && strcmp(step->arm, arm->name) == 0);
}

/* The step of this number for the persons of an arm; NULL: there is none. */
const struct policy_step *policy_step_of(const struct policy *policy, int32_t number, const struct policy_arm *arm);

/* Before the due day: from that day on it has lapsed. On the due day itself nothing goes out, so that n = 0 would never be due. */
static inline bool step_is_reminder(const struct policy_step *step)
{
	return step->trigger == TRIGGER_DAYS_PAST_DUE && step->days <= 0;
}

/*
 * Checks a policy whole: ranges, arms, that each trigger and action has what it needs and nothing else, and the ladder of each arm:
 *  - numbers rise, and so do the days of days_past_due;
 *  - reminders stand first, are messages and demand nothing;
 *  - days_since_step has a step before it that does not lapse and is for no event: for level 0 it is never due, and the debt would stay
 *    there.
 * False, with the field at fault (a literal: a member of PublishPolicy, "steps" for a step) and a sentence.
 */
struct policy_fault {
	const char *field;
	char text[160];
};
MUST_CHECK bool policy_is_sound(const struct policy *policy, struct policy_fault *fault);

#endif
