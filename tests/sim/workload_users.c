#include "base/array.h"
#include "base/day.h"
#include "schemas/engine.h"
#include "schemas/reports.h"
#include "schemas/users.h"
#include "tests/sim/approvals.h"
#include "tests/sim/workload.h"

/* What admins and those who ask for reports send: few users and fewer logins, so that two registrations are about one login. */
#define USERS   8
#define LOGINS  6
#define REPORTS 12

/* Half of what is done to users is done by people. */
static struct made by_somebody(struct sim_world *world, struct made made)
{
	if (dice_hits(&world->dice, 500))
		made.token = approval_token(dice_below(&world->dice, SIM_USERS_OF_TOKENS - 1));
	return made;
}

static struct uuid some_user(struct sim_world *world)
{
	return workload_id(FAMILY_USER, dice_below(&world->dice, USERS));
}

static const struct str *some_role(struct sim_world *world, struct arena *arena)
{
	static const char *const words[] = { "agent", "supervisor", "auditor", "agnt" };
	struct str *role = arena_take(arena, 1, sizeof(*role));

	*role = str_of(words[dice_below(&world->dice, COUNT(words))]);
	return role;
}

struct made make_user(struct sim_world *world, struct arena *arena)
{
	struct register_user *body = arena_take(arena, 1, sizeof(*body));

	body->user_id = some_user(world);
	body->login = workload_text(arena, "login", dice_below(&world->dice, LOGINS));
	body->roles = some_role(world, arena);
	body->roles_count = dice_below(&world->dice, 2);
	return (struct made){ &register_user_type, body, body->user_id, SIM_USERS, STR("all") };
}

struct made make_roles(struct sim_world *world, struct arena *arena)
{
	struct change_roles *body = arena_take(arena, 1, sizeof(*body));

	body->user_id = some_user(world);
	body->roles = some_role(world, arena);
	body->roles_count = dice_below(&world->dice, 2);
	body->reason = STR("");
	body->has_expected_version = dice_hits(&world->dice, 200);
	body->expected_version = 1 + (int64_t)dice_below(&world->dice, 4);
	return by_somebody(world, (struct made){ &change_roles_type, body, body->user_id, SIM_USERS, STR("all") });
}

struct made make_disabling(struct sim_world *world, struct arena *arena)
{
	struct disable_user *body = arena_take(arena, 1, sizeof(*body));

	body->user_id = some_user(world);
	body->reason = STR("");
	return by_somebody(world, (struct made){ &disable_user_type, body, body->user_id, SIM_USERS, STR("all") });
}

struct made make_enabling(struct sim_world *world, struct arena *arena)
{
	struct enable_user *body = arena_take(arena, 1, sizeof(*body));

	body->user_id = some_user(world);
	body->reason = STR("");
	return by_somebody(world, (struct made){ &enable_user_type, body, body->user_id, SIM_USERS, STR("all") });
}

/*
 * Of what waits, or has waited, so that approvals meet; now and then of nothing. By anybody, also by the one who sent it: and by a
 * service, which is no person.
 */
static struct made approve_some(struct sim_world *world, struct arena *arena, size_t module, struct uuid some_key)
{
	struct approve_command *body = arena_take(arena, 1, sizeof(*body));
	const struct sim_database *database = &world->databases[module];
	struct made made = { dice_hits(&world->dice, 700) ? &approve_command_type : &refuse_command_type,
			     body,
			     { { 0 } },
			     module,
			     approval_token(dice_below(&world->dice, SIM_USERS_OF_TOKENS)) };

	body->command_id = some_key;
	body->record_key = some_key;
	body->reason = STR("");
	for (int look = 0; look < 6 && database->kept_count > 0; look++) {
		const struct kept_command *kept = &database->kept[dice_below(&world->dice, database->kept_count)].kept;

		body->command_id = kept->command_id;
		body->record_key = kept->key;
		if (kept->state == APPROVAL_WAITING)
			break;
	}
	if (dice_hits(&world->dice, 30))
		body->record_key = some_key;
	if (dice_hits(&world->dice, 50))
		made.token = STR("all");
	made.key = body->record_key;
	return made; /* both commands have the same members */
}

struct made make_approval(struct sim_world *world, struct arena *arena)
{
	return approve_some(world, arena, SIM_USERS, some_user(world));
}

struct made make_template_approval(struct sim_world *world, struct arena *arena)
{
	return approve_some(world, arena, SIM_COMMUNICATIONS, workload_id(FAMILY_TEMPLATE, dice_below(&world->dice, TEMPLATES)));
}

struct made make_report(struct sim_world *world, struct arena *arena)
{
	struct generate_report *body = arena_take(arena, 1, sizeof(*body));

	body->report_id = workload_id(FAMILY_REPORT, dice_below(&world->dice, REPORTS));
	body->kind = dice_hits(&world->dice, 700) ? STR("ageing") : STR("collections");
	body->has_as_of = dice_hits(&world->dice, 500);
	body->as_of = day_of_instant(world->now_ms) - 1;
	return (struct made){ &generate_report_type, body, body->report_id, SIM_REPORTS, STR("all") };
}
