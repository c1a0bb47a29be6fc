#include "consumers/users/given.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

/* ---- common checks ---- */

/* The role consumer needs a customer id, and no other role may have one. */
static bool customer_fits(uint32_t roles, bool has_customer_id, const struct uuid *customer_id, struct decision *decision)
{
	bool is_given = has_customer_id && !uuid_is_none(customer_id);

	if (is_given == ((roles & ROLE_CONSUMER) != 0) && is_given == has_customer_id)
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, "customer_id",
			"must be given with the role consumer, and only then: whose portal user it is");
	return false;
}

static bool is_himself(const struct command *command, const struct uuid *user_id)
{
	struct uuid actor;

	return uuid_parse(&actor, command->actor) && uuid_equal(&actor, user_id);
}

/* The checks that all commands of an admin about a user's rights share. */
static bool can_change(const struct command *command, const struct uuid *user_id, const struct user *user, bool has_expected,
		       int64_t expected, struct decision *decision)
{
	if (!given_is_as_expected(user, "user_id", "no such user", has_expected, expected, decision))
		return false;
	if (!is_himself(command, user_id))
		return true;
	decision_refuse(decision, REFUSAL_NEEDS_SECOND_PERSON, "user_id", "nobody changes what he himself may do");
	return false;
}

/* ---- RegisterUser ---- */

static bool registration_is_good(const struct command *command, const struct register_user *body, uint32_t *ret_roles,
				 struct decision *decision)
{
	if (uuid_is_none(&body->user_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "user_id", "the id is all zeros");
		return false;
	}
	if (!given_login("login", body->login, decision) ||
	    !given_roles(body->roles, body->roles_count, PERSON_ROLE_BITS, ret_roles, decision))
		return false;
	if (*ret_roles != 0 && (command->roles & ROLE_ADMIN) == 0) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "roles", "only an admin gives roles");
		return false;
	}
	return customer_fits(*ret_roles, body->has_customer_id, &body->customer_id, decision);
}

void decide_register_user(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct register_user *body = command->body;
	struct uuid login_id = user_login_id(body->login);
	struct user_registered *event;
	const struct slot *login;
	uint32_t roles = 0;

	if (!registration_is_good(command, body, &roles, decision))
		return;
	if (workset_state(set, &user_entity, &body->user_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "user_id", "a user has this id");
		return;
	}
	if (workset_state(set, &user_login_entity, &login_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "login", "the login is taken");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	login = workset_find(set, &user_login_entity, &login_id);
	event = decision_event(decision, &user_registered_type);
	event->has_login_hash = true;
	event->login_hash = (struct str){ .data = (const char *)((const struct user_login *)login->state)->hash,
					  .size = sizeof(((const struct user_login *)login->state)->hash) };
	event->user_id = body->user_id;
	event->version = 1;
	event->roles = list_given_roles(decision, roles, &event->roles_count);
	event->has_customer_id = body->has_customer_id;
	event->customer_id = body->customer_id;
	event->by = command->actor;
}

/* ---- ChangeRoles ---- */

void decide_change_roles(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct change_roles *body = command->body;
	const struct user *user = given_account(set, &body->user_id, USER_KIND_PERSON);
	struct roles_changed *event;
	uint32_t roles = 0;

	if (!given_roles(body->roles, body->roles_count, PERSON_ROLE_BITS, &roles, decision) ||
	    !customer_fits(roles, body->has_customer_id, &body->customer_id, decision) ||
	    !can_change(command, &body->user_id, user, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &roles_changed_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->roles = list_given_roles(decision, roles, &event->roles_count);
	event->has_customer_id = body->has_customer_id;
	event->customer_id = body->customer_id;
	event->reason = body->reason;
	event->by = command->actor;
}

/* ---- BindUser ---- */

void decide_bind_user(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct bind_user *body = command->body;
	const struct user *user = given_account(set, &body->user_id, USER_KIND_PERSON);
	struct user_bound *event;

	if (!given_scope(BINDINGS_OF(body), decision) ||
	    !can_change(command, &body->user_id, user, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &user_bound_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->creditors = body->creditors;
	event->creditors_count = body->creditors_count;
	event->portfolios = body->portfolios;
	event->portfolios_count = body->portfolios_count;
	event->sources = body->sources;
	event->sources_count = body->sources_count;
	event->reason = body->reason;
}

/* ---- DisableUser, EnableUser ---- */

void decide_disable_user(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct disable_user *body = command->body;
	const struct user *user = given_account(set, &body->user_id, USER_KIND_PERSON);
	struct user_disabled *event;

	if (!can_change(command, &body->user_id, user, body->has_expected_version, body->expected_version, decision))
		return;
	if (!user_is_active(user->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "user_id", "the user is disabled already");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &user_disabled_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->reason = body->reason;
	event->by = command->actor;
}

void decide_enable_user(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct enable_user *body = command->body;
	const struct user *user = given_account(set, &body->user_id, USER_KIND_PERSON);
	struct user_enabled *event;

	if (!can_change(command, &body->user_id, user, body->has_expected_version, body->expected_version, decision))
		return;
	if (!user_is_disabled(user->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "user_id", "the user is not disabled");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &user_enabled_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->reason = body->reason;
	event->by = command->actor;
}

/* ---- EndTokens ---- */

/* A user may end the own tokens, too: that gives no right, and a lost token must not wait for a second person. */
void decide_end_tokens(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct end_tokens *body = command->body;
	const struct user *user = workset_state(set, &user_entity, &body->user_id);
	struct tokens_ended *event;

	if (!given_is_as_expected(user, "user_id", "no such user or service", body->has_expected_version, body->expected_version,
				  decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &tokens_ended_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->reason = body->reason;
}

/* ---- InviteUser ---- */

/*
 * No user may invite himself: a logged-in user changes the password with the old one, and an own invitation would let a stolen
 * token set a password without it.
 */
void decide_invite_user(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct invite_user *body = command->body;
	const struct user *user = given_account(set, &body->user_id, USER_KIND_PERSON);
	struct user_invited *event;

	if (!can_change(command, &body->user_id, user, body->has_expected_version, body->expected_version, decision))
		return;
	if (!user_is_active(user->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "user_id", "the user is disabled");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &user_invited_type);
	event->user_id = body->user_id;
	event->version = user->version + 1;
	event->reason = body->reason;
}
