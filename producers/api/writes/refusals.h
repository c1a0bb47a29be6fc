#ifndef API_WRITES_REFUSALS_H
#define API_WRITES_REFUSALS_H

#include <stdbool.h>

#include "base/buf.h"
#include "model/message.h"
#include "producers/api/http/call.h"
#include "producers/api/reads/reads.h"
#include "schemas/engine.h"

/* Translates refusals of modules (schemas/README.md) to HTTP. Pure. */

/* The status for a refusal's code; `is_of_path`: its field was filled from the path. */
int refusal_status(struct str code, bool is_of_path);

/* The problem document of a refused command. Borrows from `rejected` and from itself: it must not move. */
struct refusal_problem {
	struct problem problem;
	struct fault fault;
	char pointer[96];
	char code[41]; /* the refusal's, terminated */
};

/* The problem document of a command that became a dead letter: its module did not accept it as a command. */
void refusal_problem_of_dead(const struct command_state *state, struct refusal_problem *ret_problem);

/* `type`: of the command; NULL: unknown. `path_field`: NULL: none. `prefix`: of the pointer, "/data"; "": none. */
void refusal_problem_of(const struct command_rejected *rejected, const struct message_type *type, const char *path_field,
			const char *prefix, struct refusal_problem *ret_problem);

#endif
