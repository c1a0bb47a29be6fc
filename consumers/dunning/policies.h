#ifndef CONSUMERS_DUNNING_POLICIES_H
#define CONSUMERS_DUNNING_POLICIES_H

#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policy.h"
#include "model/command.h"
#include "model/workset.h"
#include "schemas/dunning.h"

/*
 * Published policies: how a policy is read out of messages, the states that they are kept in, and what RetirePolicy and PublishPolicy
 * touch. A draft and a published version are read by the same function, so both mean the same.
 *
 *   PublishPolicy ---- policy_read ----> struct policy ---- store_policies.c ----> rows
 *   PolicyPublished -- policy_read_event --^                       ^-------------- rows
 */

/* False: something in it is no value of a policy (an unknown word, a text too long, a member that its trigger needs). Whether the whole
 * is a policy says policy_is_sound, which it asks last. */
MUST_CHECK bool policy_read(struct policy *policy, const struct publish_policy *draft, struct policy_fault *fault);

/* Of what was published, hence read before. */
void policy_read_event(struct policy *policy, const struct policy_published *from);

/* The event's part of a draft. Its texts are the draft's; its arrays are taken from the arena. False: the arena is full. */
MUST_CHECK bool policy_fill_event(struct policy_published *event, const struct publish_policy *draft, struct arena *arena);

/* Its lists as rows have them, with a blank between: ids, languages, names and weights of arms. */
struct policy_texts {
	char creditors[POLICY_LISTED_MAX * (UUID_TEXT_SIZE + 1) + 1];
	char portfolios[POLICY_LISTED_MAX * (UUID_TEXT_SIZE + 1) + 1];
	char languages[POLICY_LISTED_MAX * sizeof(((struct policy *)0)->languages[0]) + 1];
	char arms[POLICY_ARMS_MAX * (POLICY_ARM_MAX + sizeof(" 1000 ")) + 1];
};
void policy_texts(struct policy_texts *texts, const struct policy *policy);

#define STEP_CHANNELS_SIZE 32 /* "email sms letter" */
void step_channels_text(char text[STEP_CHANNELS_SIZE], const struct policy_step *step);

/* ---- states ---- */

/*
 * published_policy_entity: a version, under its publication's id, whether newest or not; its is_retired is 0.
 * policies_entity: all of them (struct policies).
 */
void policy_on_published(struct workset *set, const struct policy_published *event);
void policy_on_retired(struct workset *set, const struct policy_retired *event);

/* Adds a policy, or replaces the one of its name. */
void policies_put(struct policies *policies, const struct policy *policy);

/*
 * The communications module's templates of a name, in their newest versions (communications.public_template); under a hash of the name,
 * which is the slot's text.
 */
#define TEMPLATE_ITEMS_MAX 96 /* the channels times more languages than a segment has; further ones are not seen */
struct policy_template {
	uint32_t count;
	struct {
		uint32_t channel, message_class; /* enum channel, enum message_class */
		char language[LOCALE_SIZE];
	} items[TEMPLATE_ITEMS_MAX];
};
extern const struct entity policy_template_entity;
const struct policy_template *policy_template_of(const struct workset *set, struct str name); /* NULL: there is none */

void touch_publish_policy(const struct command *command, struct workset *set);
void touch_retire_policy(const struct command *command, struct workset *set);

#define POLICY_APPROVAL_DAYS 14 /* both commands are kept for so long */

#endif
