#include "model/command.h"

bool command_is_bound(const struct command *command)
{
	uint32_t allowing = command->roles & command->type->roles;

	/* The role of a portal user allows commands about the own customer only (rights.h), and so no access to data of other
	 * creditors. */
	return (allowing & ~(uint32_t)ROLE_CONSUMER) == ROLE_CREDITOR;
}

bool command_is_limited(const struct command *command)
{
	if (command->type->kind == MESSAGE_EVENT) /* of another module: nobody has issued it */
		return false;
	return (command->roles & command->type->roles & ~(uint32_t)(ROLE_CONSUMER | ROLE_CREDITOR)) == 0;
}

bool command_reaches(const struct command *command, const struct uuid *creditor_id, const struct uuid *portfolio_id)
{
	return !command_is_bound(command) || scope_has_debt(command->scope, creditor_id, portfolio_id);
}

/* The nil UUID if the portfolio is null. */
static struct uuid named_portfolio(const struct command *command)
{
	const struct field *field = command->type->portfolio_field;
	bool is_named = *(const bool *)((const char *)command->body + field->aux_offset);

	return is_named ? *message_uuid(field, command->body) : (struct uuid){ { 0 } };
}

const struct field *command_unbound_field(const struct command *command)
{
	const struct message_type *type = command->type;
	struct uuid portfolio_id;

	if (type->creditor_field != NULL && command_is_bound(command)) {
		const struct uuid *creditor_id = message_uuid(type->creditor_field, command->body);

		portfolio_id = named_portfolio(command);
		if (!scope_has_creditor(command->scope, creditor_id))
			return type->creditor_field;
		if (!scope_has_debt(command->scope, creditor_id, &portfolio_id))
			return type->portfolio_field;
	}
	if (type->source_field != NULL && !scope_has_source(command->scope, message_str(type->source_field, command->body)))
		return type->source_field;
	return NULL;
}
