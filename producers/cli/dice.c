#include "dice.h"

#include "base/must.h"

uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

struct dice dice_of(uint64_t seed, uint32_t what, uint64_t index)
{
	struct dice dice = { .state = seed };

	dice.state = dice_next(&dice) + what;
	dice.state = dice_next(&dice) + index;
	(void)dice_next(&dice);
	return dice;
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	MUST(low <= high);
	/* The remainder favours low numbers by less than one in 2^32: not noticeable in a sample. */
	return low + (int64_t)(dice_next(dice) % ((uint64_t)(high - low) + 1));
}

bool dice_chance(struct dice *dice, int64_t per_mille)
{
	return dice_between(dice, 0, 999) < per_mille;
}

size_t dice_pick(struct dice *dice, const int *weights, size_t count)
{
	int64_t total = 0, drawn = 0;

	for (size_t i = 0; i < count; i++)
		total += weights[i];
	drawn = dice_between(dice, 0, total - 1);
	for (size_t i = 0; i < count; i++) {
		if (drawn < weights[i])
			return i;
		drawn -= weights[i];
	}
	MUST_NOT_REACH("weights");
}
