#include "base/array.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

const struct entity user_entity = { .name = "user", .state_size = sizeof(struct user), .is_ordered = true };
const struct entity user_login_entity = { .name = "user_login", .state_size = sizeof(struct user_login) };

static void touch_register_user(const struct command *command, struct workset *set)
{
	const struct register_user *body = command->body;
	struct uuid login_id = user_login_id(body->login);

	workset_touch(set, &user_entity, &body->user_id, (struct str){ 0 });
	workset_touch(set, &user_login_entity, &login_id, body->login);
}

static void touch_register_service(const struct command *command, struct workset *set)
{
	const struct register_service *body = command->body;
	struct uuid login_id = user_login_id(body->name);

	workset_touch(set, &user_entity, &body->service_id, (struct str){ 0 });
	workset_touch(set, &user_login_entity, &login_id, body->name);
}

/* All other commands are about the user or service whose id is the key. */
static void touch_user(const struct command *command, struct workset *set)
{
	workset_touch(set, &user_entity, &command->key, (struct str){ 0 });
}

static const struct rule rules[] = {
	{ &register_user_type, touch_register_user, decide_register_user, false, false },
	{ &change_roles_type, touch_user, decide_change_roles, false, false },
	{ &bind_user_type, touch_user, decide_bind_user, false, false },
	{ &disable_user_type, touch_user, decide_disable_user, false, false },
	{ &enable_user_type, touch_user, decide_enable_user, false, false },
	{ &invite_user_type, touch_user, decide_invite_user, false, false },
	{ &register_service_type, touch_register_service, decide_register_service, false, false },
	{ &change_service_type, touch_user, decide_change_service, false, false },
	{ &renew_secret_type, touch_user, decide_renew_secret, false, false },
	{ &revoke_service_type, touch_user, decide_revoke_service, false, false },
	{ &end_tokens_type, touch_user, decide_end_tokens, false, false },
	{ &record_login_type, touch_user, decide_record_login, false, false },
	{ &record_session_end_type, touch_user, decide_record_session_end, false, false },
};
_Static_assert(COUNT(rules) == USERS_COMMANDS, "each command has a rule");

/* An account that exists is in one of the states, so `user_is_known_state` is: always. */
static const struct action user_actions[] = {
	{ &change_roles_type, user_is_known_state, false, NULL }, { &bind_user_type, user_is_known_state, false, NULL },
	{ &end_tokens_type, user_is_known_state, false, NULL },   { &invite_user_type, user_is_active, false, NULL },
	{ &disable_user_type, user_is_active, false, NULL },      { &enable_user_type, user_is_disabled, false, NULL },
};

static const struct action service_actions[] = {
	{ &change_service_type, user_is_active, false, NULL },
	{ &renew_secret_type, user_is_active, false, NULL },
	{ &end_tokens_type, user_is_active, false, "endServiceTokens" },
	{ &revoke_service_type, user_is_active, false, NULL },
};

static const struct actions actions[] = {
	{ .thing = "user", .states = PERSON_STATE_WORDS, .rows = user_actions, .rows_count = COUNT(user_actions) },
	{ .thing = "service", .states = USER_STATE_WORDS, .rows = service_actions, .rows_count = COUNT(service_actions) },
};

const struct module users_module = {
	.name = "users",
	.rules = rules,
	.rules_count = COUNT(rules),
	.actions = actions,
	.actions_count = COUNT(actions),
	.evolve = users_evolve,
};
