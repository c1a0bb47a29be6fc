#ifndef SIM_REACTIONS_H
#define SIM_REACTIONS_H

#include "tests/sim/world.h"

/*
 * The module reports as one that reacts, in worlds of SIM_REACTS: it follows customers and debts and sends commands to debts and to
 * itself. What an event, a command or a timer makes it do follows from its id alone, so the auditor can say it, too.
 */
extern const struct message_type *const reaction_types[2][3]; /* the followed events, by the place of their module */

bool reaction_is_silent(const struct uuid *command_id); /* an event that is followed, and needs no answer */

/* What a decision sends: bits. Only the answer to an event sends to the module itself, or it would never end. */
enum { REACTION_AMENDS = 1, REACTION_REPORTS = 2 };
unsigned reaction_plan(const struct uuid *command_id, bool is_event);
struct uuid reaction_amendment_id(const struct uuid *command_id);
struct uuid reaction_report_id(const struct uuid *command_id);

void reaction_send(const struct command *command, bool is_event, struct decision *decision);

/* Whether a row of the log is of the answer to an event of another module: it has no record in the command topic. */
bool reaction_is_row(const struct sim_database *database, const struct sim_row *row);

/*
 * Each followed event was answered once, in the order of its topic; what an answer, a command or a timer sends is in the log and
 * in the other module's topic, first in the log's order; nothing else is there in our name. What is wrong; NULL: nothing.
 */
const char *reactions_audit(struct sim_world *world, size_t module);

#endif
