#include "model/command.h"

bool command_is_bound(const struct command *command)
{
	uint32_t allowing = command->roles & command->type->roles;

	/* Who is a portal user too acts as one for his own customer only (rights.h): that gives him no other creditor's things.
	 */
	return (allowing & ~(uint32_t)ROLE_CONSUMER) == ROLE_CREDITOR;
}

bool command_reaches(const struct command *command, const struct uuid *creditor_id)
{
	return !command_is_bound(command) || scope_has_creditor(command->scope, creditor_id);
}

const struct field *command_unbound_field(const struct command *command)
{
	const struct message_type *type = command->type;

	if (type->creditor_field != NULL && !command_reaches(command, message_uuid(type->creditor_field, command->body)))
		return type->creditor_field;
	if (type->source_field != NULL && !scope_has_source(command->scope, message_str(type->source_field, command->body)))
		return type->source_field;
	return NULL;
}
