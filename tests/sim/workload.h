#ifndef SIM_WORKLOAD_H
#define SIM_WORKLOAD_H

#include "base/arena.h"
#include "model/message.h"
#include "tests/sim/world.h"

/* What upstream sends, made one command at a time: workload.c those of customers and debts, workload_messages.c those of
 * communications and what messages need, workload_users.c those of users and reports. */
#define CUSTOMERS 6 /* the last one is erased now and then */
#define DEBTS     8
#define TEMPLATES 8

enum family {
	FAMILY_CUSTOMER = 1,
	FAMILY_DEBT,
	FAMILY_PAYMENT,
	FAMILY_CREDITOR,
	FAMILY_POINT,
	FAMILY_TEMPLATE,
	FAMILY_MESSAGE,
	FAMILY_CONSENT,
	FAMILY_USER,
	FAMILY_REPORT,
	FAMILY_ACTOR,
	FAMILY_INBOUND,
	FAMILY_CIRCUMSTANCE,
	FAMILY_POLICY,
	FAMILY_PROMISE,
	FAMILY_PLAN
};

struct made {
	const struct message_type *type;
	const void *body;
	struct uuid key;
	size_t module;
	struct str token; /* "all": of a service that may do everything */
};

struct uuid workload_id(enum family family, uint64_t number);
struct str workload_text(struct arena *arena, const char *prefix, uint64_t number);

/* Whose debt it is: mostly right, so that something becomes of the command. */
struct uuid workload_debtor(struct sim_world *world, const struct uuid *debt_id);

struct made make_contact_point(struct sim_world *world, struct arena *arena);
struct made make_invalidation(struct sim_world *world, struct arena *arena);
struct made make_template(struct sim_world *world, struct arena *arena);
struct made make_consent(struct sim_world *world, struct arena *arena);
struct made make_withdrawal(struct sim_world *world, struct arena *arena);
struct made make_message(struct sim_world *world, struct arena *arena);
struct made make_notice(struct sim_world *world, struct arena *arena); /* a message at once, about no debt, under a new id */
struct made make_message_cancellation(struct sim_world *world, struct arena *arena);
struct made make_rescheduling(struct sim_world *world, struct arena *arena);
struct made make_delivery(struct sim_world *world, struct arena *arena);
struct made make_resolution(struct sim_world *world, struct arena *arena);
struct made make_inbound(struct sim_world *world, struct arena *arena);
struct made make_unknown_inbound(struct sim_world *world, struct arena *arena);
struct made make_user(struct sim_world *world, struct arena *arena);
struct made make_roles(struct sim_world *world, struct arena *arena);
struct made make_disabling(struct sim_world *world, struct arena *arena);
struct made make_enabling(struct sim_world *world, struct arena *arena);
struct made make_approval(struct sim_world *world, struct arena *arena);
struct made make_template_approval(struct sim_world *world, struct arena *arena);
struct made make_report(struct sim_world *world, struct arena *arena);

#endif
