#include "producers/api/writes/commands.h"
#include "producers/api/offer/offer.h"
#include "producers/api/reads/readers.h"

/* Commands as a resource. */

const struct route commands_routes[] = {
	{ .method = METHOD_POST,
	  .pattern = "/commands",
	  .operation = "postCommand",
	  .summary = "Send any command by its schema",
	  .access = ACCESS_SIGNED_IN,
	  .body = BODY_JSON,
	  .handle = take_command },
	{ .method = METHOD_GET,
	  .pattern = "/commands/:id",
	  .operation = "getCommand",
	  .summary = "Get the outcome of a command",
	  .access = READS_COMMANDS,
	  .handle = tell_command },
	{ 0 },
};
