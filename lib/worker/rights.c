#include "worker/rights.h"

const struct entity actor_entity = { .name = "actor", .state_size = sizeof(struct actor) };

/* Services' names are not UUIDs, and most commands are theirs. */
static bool is_user(const struct command *command, struct uuid *ret_user_id)
{
	return command->actor.size == UUID_TEXT_SIZE && uuid_parse(ret_user_id, command->actor);
}

void rights_touch(const struct command *command, struct workset *set)
{
	struct uuid user_id;

	if (is_user(command, &user_id))
		workset_touch(set, &actor_entity, &user_id, (struct str){ 0 });
}

bool rights_are_ended(const struct command *command, const struct workset *set)
{
	struct uuid user_id;
	const struct actor *actor;

	if (!is_user(command, &user_id))
		return false;
	actor = workset_state(set, &actor_entity, &user_id);
	return actor != NULL && command->token_version < actor->token_version;
}

void rights_take(struct command *command, const struct workset *set)
{
	struct uuid user_id;
	const struct slot *slot;
	const struct actor *actor;

	if (!is_user(command, &user_id))
		return; /* the token's roles were looked at when the record came */
	slot = workset_find(set, &actor_entity, &user_id);
	if (slot == NULL || !slot->loaded)
		return;
	actor = workset_state(set, &actor_entity, &user_id);
	command->roles &= actor == NULL || rights_are_ended(command, set) ? 0 : actor->roles;
	command->scope = actor == NULL ? &scope_none : &actor->scope;
}

bool rights_hold(struct command *command, const struct workset *set)
{
	uint32_t allowed = command->type->roles;
	struct uuid user_id;
	const struct actor *actor;

	if (!is_user(command, &user_id))
		return true;
	actor = workset_state(set, &actor_entity, &user_id);
	rights_take(command, set);
	if ((command->roles & allowed) == 0)
		return false;
	return (command->roles & allowed & ~(uint32_t)ROLE_CONSUMER) != 0 || uuid_equal(&actor->customer_id, &command->key);
}
