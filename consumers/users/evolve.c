#include "base/must.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

static uint32_t bits_of(const struct str *names, size_t count)
{
	uint32_t roles = 0;

	for (size_t index = 0; index < count; index++)
		roles |= role_by_name(names[index]);
	return roles;
}

static struct user *change_user(struct workset *set, const struct uuid *user_id, int64_t version)
{
	struct user *user = workset_change(set, &user_entity, user_id);

	MUST(version == user->version + 1);
	user->version = version;
	return user;
}

/* The login is in the command only. */
static void on_user_registered(struct workset *set, const struct event *event)
{
	const struct user_registered *body = event->body;
	const struct register_user *command = event->command->body;
	struct user *user = change_user(set, &body->user_id, body->version);
	struct uuid login_id = user_login_id(command->login);
	struct user_login *login = workset_change(set, &user_login_entity, &login_id);

	login->is_taken = 1;
	user->state = USER_ACTIVE;
	user->roles = bits_of(body->roles, body->roles_count);
	user->customer_id = body->has_customer_id ? body->customer_id : (struct uuid){ 0 };
}

static void on_roles_changed(struct workset *set, const struct roles_changed *event)
{
	struct user *user = change_user(set, &event->user_id, event->version);

	user->roles = bits_of(event->roles, event->roles_count);
	user->customer_id = event->has_customer_id ? event->customer_id : (struct uuid){ 0 };
}

static void bind(struct user *user, const struct bindings *bindings)
{
	const char *field;
	size_t number;
	bool fits = bindings_scope(bindings, &user->scope, &field, &number);

	MUST(fits);
}

static void on_user_bound(struct workset *set, const struct user_bound *event)
{
	struct user *user = change_user(set, &event->user_id, event->version);

	bind(user, BINDINGS_OF(event));
}

/* The tokens that are out do not come back when the user does. */
static void on_user_disabled(struct workset *set, const struct user_disabled *event)
{
	struct user *user = change_user(set, &event->user_id, event->version);

	user->state = USER_DISABLED;
	user->token_version++;
}

static void on_service_registered(struct workset *set, const struct service_registered *event)
{
	struct user *service = change_user(set, &event->service_id, event->version);
	struct uuid login_id = user_login_id(event->name);
	struct user_login *login = workset_change(set, &user_login_entity, &login_id);

	login->is_taken = 1;
	service->kind = USER_SERVICE;
	service->state = USER_ACTIVE;
	service->roles = bits_of(event->roles, event->roles_count);
	bind(service, BINDINGS_OF(event));
}

static void on_service_changed(struct workset *set, const struct service_changed *event)
{
	struct user *service = change_user(set, &event->service_id, event->version);

	service->roles = bits_of(event->roles, event->roles_count);
	bind(service, BINDINGS_OF(event));
}

static void on_service_revoked(struct workset *set, const struct service_revoked *event)
{
	struct user *service = change_user(set, &event->service_id, event->version);

	service->state = USER_REVOKED;
	service->token_version++;
}

/* True: it was about a service. */
static bool evolve_service(struct workset *set, const struct event *event)
{
	if (event->type == &service_registered_type) {
		on_service_registered(set, event->body);
	} else if (event->type == &service_changed_type) {
		on_service_changed(set, event->body);
	} else if (event->type == &secret_renewed_type) {
		const struct secret_renewed *body = event->body;

		change_user(set, &body->service_id, body->version)->token_version += body->ends_old;
	} else if (event->type == &service_revoked_type) {
		on_service_revoked(set, event->body);
	} else {
		return false;
	}
	return true;
}

void users_evolve(struct workset *set, const struct event *event)
{
	if (evolve_service(set, event))
		return;
	if (event->type == &user_registered_type) {
		on_user_registered(set, event);
	} else if (event->type == &roles_changed_type) {
		on_roles_changed(set, event->body);
	} else if (event->type == &user_bound_type) {
		on_user_bound(set, event->body);
	} else if (event->type == &user_disabled_type) {
		on_user_disabled(set, event->body);
	} else if (event->type == &user_enabled_type) {
		const struct user_enabled *body = event->body;

		change_user(set, &body->user_id, body->version)->state = USER_ACTIVE;
	} else if (event->type == &user_invited_type) {
		const struct user_invited *body = event->body;

		(void)change_user(set, &body->user_id, body->version); /* the invitation is the gateway's */
	} else if (event->type == &tokens_ended_type) {
		const struct tokens_ended *body = event->body;

		change_user(set, &body->user_id, body->version)->token_version++;
	} else {
		MUST(event->type == &user_logged_in_type || event->type == &login_failed_type ||
		     event->type == &session_ended_type); /* facts of the gateway: no state */
	}
}
