#ifndef WORKER_APPROVALS_H
#define WORKER_APPROVALS_H

#include "worker/batch.h"

/*
 * Commands that need a second person (decision_keep, struct approval_rule). The engine keeps such a command in the module's table
 * `approval`, as it came, and answers with CommandKept, which closes its id. A kept command changes nothing and holds nothing.
 *
 *   approve   ApproveCommand, of the same key: ApprovalEnded, then the outcome of the kept command. It is decided again at the
 *             approval's offset, by the states of then, under its own id and with the rights that its sender has then; so it may
 *             be refused. If it must wait, the approval is parked in its place
 *   refuse    RefuseCommand: ApprovalEnded, CommandRejected (needs_second_person)
 *   expire    a timer of the engine's: ApprovalEnded, CommandRejected (expired)
 *
 * The events of the outcome have the kept command's id as their cause; CommandKept was number 0, so they count from 1. A wait ends
 * once: the row stays as its record, without the command's bytes. An approval or refusal needs a user (no service), not the one who
 * sent the kept command, with a role of the module's table.
 *
 * When a person is erased, the bytes of what is kept about the person are deleted (dcs_forget_kept). Such a command cannot be
 * approved any more; it may be refused, and expires.
 *
 * A command that was kept in time has no deadline of its own any more (ce_expirytime).
 */

extern const struct timer_kind approval_expiry; /* its subject: the kept command */
extern const struct timer_rule approval_expiry_rule;

/* NULL: another type, or the module keeps no commands. */
const struct rule *approvals_rule(const struct module *module, const struct message_type *type);

/* The kept command that an approval, a refusal or an expiry is about; NULL: the item is none of these, or not to be decided. */
const struct uuid *approvals_named(const struct item *item);

/*
 * How much of a run goes into one transaction: a kept command is read from its table, so it ends before the next item that names
 * it. Returns 1 to `count`.
 */
size_t approvals_cut(const struct batch *batch, size_t from, size_t count);

/* Whether an event is the engine's, which no module's evolve and store see. */
bool approvals_is_own(const struct message_type *type);

#endif
