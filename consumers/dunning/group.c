#include "base/must.h"
#include "consumers/dunning/dunning.h"

/* What is said of a group and of a debt: by events (evolve.c), and by play.c, which looks ahead without them. */

/* A policy's name, which policy_is_sound has seen: it fits. */
#define SET_POLICY(chars, text) MUST(str_to_chars((chars), sizeof(chars), (text)))

void group_forget_failures(struct dunned_group *group)
{
	group->failed_step = group->next_channel = group->rounds = group->retry_on = 0;
	group->failed_policy[0] = '\0';
}

void group_forget_wait(struct dunned_group *group)
{
	group->wait = WAIT_NONE;
	group->wait_step = 0;
	group->wait_policy[0] = '\0';
}

/* What has left late may have been taken before the last one. */
void group_note_step(struct dunned_group *group, int32_t taken_on)
{
	if (taken_on > group->stepped_on)
		group->stepped_on = taken_on;
}

/*
 * To wait for another round of a step's channels is to begin it. A step that has failed and waits for a channel begins with its first one,
 * too: those that failed may be others when there is one.
 */
void group_wait(struct dunned_group *group, enum dunning_wait wait, struct str policy, int32_t step, int32_t ask_on)
{
	group->wait = wait;
	SET_POLICY(group->wait_policy, policy);
	group->wait_step = step;
	if ((wait == WAIT_OPTED_OUT || wait == WAIT_NO_CONTACT) && group->failed_step == step &&
	    str_is(policy, group->failed_policy))
		group->next_channel = 0;
	if (wait != WAIT_RETRY || group->next_channel == 0)
		return;
	group->rounds++;
	group->next_channel = 0;
	group->retry_on = ask_on;
}

void debt_rise(struct dunned_debt *debt, struct str policy, int32_t level, int32_t day)
{
	SET_POLICY(debt->policy, policy);
	debt->level = level;
	debt->level_on = day;
}
