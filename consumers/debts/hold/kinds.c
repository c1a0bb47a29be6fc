#include "base/must.h"
#include "consumers/debts/hold/hold.h"

/* What is known of holds without any state: kinds, effects, lists. */

#define BIT(EFFECT) (1U << (HOLD_EFFECT_##EFFECT - 1))

#define ASKING (BIT(CONTACT) | BIT(DUNNING))
#define COSTS  (BIT(INTEREST) | BIT(FEES) | BIT(AGEING))

/* clang-format off */
static const struct hold_kind_terms kinds[HOLD_KIND_COUNT] = {
	[HOLD_DISPUTE]                   = { ASKING | COSTS | BIT(LEGAL) | BIT(SALE), 0, 0, true },
	[HOLD_ORIGINAL_CREDITOR_REQUEST] = { ASKING | BIT(LEGAL), 0, 0, true },
	[HOLD_BANKRUPTCY]                = { ASKING | COSTS | BIT(LEGAL) | BIT(CREDIT_REPORT) | BIT(SALE), 0, 0, true },
	[HOLD_DECEASED]                  = { ASKING | COSTS | BIT(LEGAL) | BIT(CREDIT_REPORT), 0, 0, true },
	[HOLD_INCAPACITY]                = { ASKING | COSTS | BIT(LEGAL) | BIT(SALE), 0, 0, true },
	[HOLD_VULNERABLE]                = { BIT(DUNNING) | COSTS | BIT(LEGAL) | BIT(SALE), 0, 90, false }, /* people may call */
	[HOLD_BREATHING_SPACE]           = { ASKING | COSTS | BIT(LEGAL), 60, 29, true }, /* UK-06: looked at between day 25 and 35 */
	[HOLD_CRISIS]                    = { ASKING | COSTS | BIT(LEGAL), 0, 29, true },
	[HOLD_PLAN_IN_DEVELOPMENT]       = { ASKING | BIT(INTEREST) | BIT(FEES) | BIT(LEGAL), 30, 0, true }, /* UK-03 */
	[HOLD_IDENTITY_THEFT]            = { ASKING | COSTS | BIT(LEGAL) | BIT(CREDIT_REPORT) | BIT(SALE), 0, 0, true },
	[HOLD_TIME_BARRED]               = { BIT(LEGAL) | BIT(INTEREST) | BIT(CREDIT_REPORT), 0, 0, true },
	[HOLD_PAYMENT_PENDING]           = { ASKING | BIT(FEES) | BIT(LEGAL), 0, 0, false },
	[HOLD_MANUAL]                    = { 0, 0, 0, false },
};
/* clang-format on */

const struct hold_kind_terms *hold_kind_terms(enum hold_kind kind)
{
	MUST(kind > HOLD_NONE);
	MUST(kind < HOLD_KIND_COUNT);
	return &kinds[kind];
}

/* ---- effects ---- */

uint32_t hold_bit(enum hold_effect effect)
{
	MUST(effect > HOLD_EFFECT_NONE);
	return 1U << (effect - 1);
}

bool debt_is_stopped(const struct debt *debt, enum hold_effect effect)
{
	return (debt->stopped & hold_bit(effect)) != 0;
}

bool hold_effects_read(const struct str *words, size_t count, uint32_t *ret_bits)
{
	uint32_t bits = 0;

	for (size_t index = 0; index < count; index++) {
		const enum hold_effect effect = hold_effect_by_name(words[index]);

		if (effect == HOLD_EFFECT_NONE)
			return false;
		bits |= hold_bit(effect);
	}
	*ret_bits = bits;
	return true;
}

struct str *hold_effects_say(uint32_t bits, struct decision *decision, size_t *ret_count)
{
	struct str *words = arena_take(decision->arena, HOLD_EFFECT_COUNT, sizeof(*words));

	*ret_count = 0;
	if (words == NULL) {
		decision->overflow = true;
		return NULL;
	}
	for (int effect = HOLD_EFFECT_NONE + 1; effect < HOLD_EFFECT_COUNT; effect++) {
		if (bits & hold_bit((enum hold_effect)effect))
			words[(*ret_count)++] = str_of(hold_effect_name((enum hold_effect)effect));
	}
	return words;
}

/* ---- the list ---- */

void debt_holds_remove(struct debt_holds *holds, const struct uuid *hold_id)
{
	uint32_t kept = 0;

	for (uint32_t index = 0; index < holds->count; index++) {
		if (!uuid_equal(&holds->open[index].hold_id, hold_id))
			holds->open[kept++] = holds->open[index];
	}
	for (uint32_t index = kept; index < holds->count; index++)
		holds->open[index] = (struct open_hold){ .is_active = 0 };
	holds->count = kept;
}

void debt_holds_put(struct debt_holds *holds, const struct open_hold *hold)
{
	uint32_t place;

	debt_holds_remove(holds, &hold->hold_id);
	MUST(holds->count < DEBT_HOLDS_MAX);
	for (place = holds->count; place > 0 && uuid_compare(&holds->open[place - 1].hold_id, &hold->hold_id) > 0; place--)
		holds->open[place] = holds->open[place - 1];
	holds->open[place] = *hold;
	holds->count++;
}

uint32_t debt_holds_stopped(const struct debt_holds *holds)
{
	uint32_t bits = 0;

	for (uint32_t index = 0; index < holds->count; index++)
		bits |= holds->open[index].is_active ? holds->open[index].effects : 0;
	return bits;
}

/* ---- of one ---- */

bool hold_is_open(unsigned state)
{
	return state == HOLD_STATE_PLANNED || state == HOLD_STATE_ACTIVE;
}

static int32_t sooner(int32_t day, int32_t other)
{
	return other != 0 && (day == 0 || other < day) ? other : day;
}

int32_t hold_next_day(const struct hold *hold)
{
	if (!hold_is_open(hold->state))
		return 0;
	return sooner(sooner(hold->state == HOLD_STATE_PLANNED ? hold->from_on : 0, hold->until_on), hold->review_on);
}
