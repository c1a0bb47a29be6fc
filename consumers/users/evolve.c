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
	user->kind = USER_KIND_PERSON;
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

/* Tokens issued before stay invalid when the user is enabled again. */
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
	service->kind = USER_KIND_SERVICE;
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

static void on_secret_renewed(struct workset *set, const struct secret_renewed *event)
{
	change_user(set, &event->service_id, event->version)->token_version += event->ends_old;
}

static void on_user_enabled(struct workset *set, const struct user_enabled *event)
{
	change_user(set, &event->user_id, event->version)->state = USER_ACTIVE;
}

/* The gateway keeps the invitation itself. */
static void on_user_invited(struct workset *set, const struct user_invited *event)
{
	(void)change_user(set, &event->user_id, event->version);
}

static void on_tokens_ended(struct workset *set, const struct tokens_ended *event)
{
	change_user(set, &event->user_id, event->version)->token_version++;
}

void users_evolve(struct workset *set, const struct event *event)
{
	switch (users_event(event->type)) {
	case EVENT_USER_REGISTERED:
		on_user_registered(set, event);
		return;
	case EVENT_ROLES_CHANGED:
		on_roles_changed(set, event->body);
		return;
	case EVENT_USER_BOUND:
		on_user_bound(set, event->body);
		return;
	case EVENT_USER_DISABLED:
		on_user_disabled(set, event->body);
		return;
	case EVENT_USER_ENABLED:
		on_user_enabled(set, event->body);
		return;
	case EVENT_USER_INVITED:
		on_user_invited(set, event->body);
		return;
	case EVENT_TOKENS_ENDED:
		on_tokens_ended(set, event->body);
		return;
	case EVENT_SERVICE_REGISTERED:
		on_service_registered(set, event->body);
		return;
	case EVENT_SERVICE_CHANGED:
		on_service_changed(set, event->body);
		return;
	case EVENT_SECRET_RENEWED:
		on_secret_renewed(set, event->body);
		return;
	case EVENT_SERVICE_REVOKED:
		on_service_revoked(set, event->body);
		return;
	case EVENT_USER_LOGGED_IN: /* reports of the gateway: they change no state */
	case EVENT_LOGIN_FAILED:
	case EVENT_SESSION_ENDED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
