#include "worker/rights.h"

const struct entity actor_entity = { .name = "actor", .state_size = sizeof(struct actor) };

void rights_touch(struct command *command, struct workset *set)
{
	/* Most commands come from services, whose subject is not a UUID. */
	command->is_user = command->actor.size == UUID_TEXT_SIZE && uuid_parse(&command->user_id, command->actor);
	if (command->is_user)
		workset_touch(set, &actor_entity, &command->user_id, (struct str){ 0 });
}

bool rights_are_ended(const struct command *command, const struct workset *set)
{
	const struct actor *actor;

	if (!command->is_user)
		return false;
	actor = workset_state(set, &actor_entity, &command->user_id);
	return actor != NULL && command->token_version < actor->token_version;
}

void rights_take(struct command *command, const struct workset *set)
{
	const struct slot *slot;
	const struct actor *actor;

	if (!command->is_user)
		return; /* the roles of a service's token were checked at admission */
	slot = workset_find(set, &actor_entity, &command->user_id);
	if (slot == NULL || !slot->loaded)
		return;
	actor = workset_state(set, &actor_entity, &command->user_id);
	command->roles &= actor == NULL || rights_are_ended(command, set) ? 0 : actor->roles;
	command->scope = actor == NULL ? &scope_none : &actor->scope;
}

bool rights_hold(struct command *command, const struct workset *set)
{
	uint32_t allowed = command->type->roles;
	const struct actor *actor;

	if (!command->is_user)
		return true;
	actor = workset_state(set, &actor_entity, &command->user_id);
	rights_take(command, set);
	if ((command->roles & allowed) == 0)
		return false;
	return (command->roles & allowed & ~(uint32_t)ROLE_CONSUMER) != 0 || uuid_equal(&actor->customer_id, &command->key);
}
