#ifndef SIM_APPROVALS_H
#define SIM_APPROVALS_H

#include "tests/sim/world.h"

/*
 * Second persons. In the simulated module users about half of the commands that change a user are kept, told by their ids alone; in
 * communications the templates that people publish, by the module's own rule. Tokens "user:0" to "user:5" are people's: the first four may do everything, the next may not approve, the last is nobody.
 */
#define SIM_USERS_OF_TOKENS 6

extern const struct approval_rule approval_rules[];
extern const size_t approval_rules_count;

/* Whether the command of users is kept, if nothing forbids it. */
bool approval_is_needed(const struct message_type *type, const struct uuid *id);

/* Whether its approval has to wait; `since_ms`: the command's own time. */
bool approval_waits(const struct uuid *id, int64_t since_ms, int64_t now_ms);

/* The user of a token; false: it is nobody's of these. */
bool approval_user(struct str token, struct uuid *ret_id);
struct str approval_token(uint64_t number);

/* The rights of a user, as the module users shows them. False: there is no such user. */
bool approval_rights(const struct uuid *id, uint32_t *ret_roles);

/*
 * Every kept command has one end, by another person with the right to it or by time, and its outcome right behind it; nothing that
 * needs a second person takes effect without one; what waits is in the table, and no more. What is wrong; NULL: nothing.
 */
const char *approvals_audit(struct sim_world *world, size_t module);

/* Whether row i of a log is of the outcome of a kept command. */
bool approval_is_outcome(const struct sim_rows *log, size_t i);

#endif
