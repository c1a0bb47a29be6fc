#include "consumers/users/given.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

/* ---- RegisterService ---- */

static bool service_is_good(const struct register_service *body, uint32_t *ret_roles, struct decision *decision)
{
	return given_login("name", body->name, decision) &&
	       given_roles(body->roles, body->roles_count, SERVICE_ROLE_BITS, ret_roles, decision) &&
	       given_scope(BINDINGS_OF(body), decision);
}

void decide_register_service(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct register_service *body = command->body;
	struct uuid login_id = user_login_id(body->name);
	struct service_registered *event;
	uint32_t roles = 0;

	if (!service_is_good(body, &roles, decision))
		return;
	if (workset_state(set, &user_entity, &body->service_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "service_id", "a service or a user has this id");
		return;
	}
	if (workset_state(set, &user_login_entity, &login_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "name", "the name is taken");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &service_registered_type);
	event->service_id = body->service_id;
	event->version = 1;
	event->name = body->name;
	event->roles = list_given_roles(decision, roles, &event->roles_count);
	event->creditors = body->creditors;
	event->creditors_count = body->creditors_count;
	event->portfolios = body->portfolios;
	event->portfolios_count = body->portfolios_count;
	event->sources = body->sources;
	event->sources_count = body->sources_count;
}

/* ---- changes of a service ---- */

/* The checks that all changes of a service share. A revoked service stays revoked. */
static bool service_can_change(const struct user *service, bool has_expected, int64_t expected, struct decision *decision)
{
	if (!given_is_as_expected(service, "service_id", "no such service", has_expected, expected, decision))
		return false;
	if (user_is_active(service->state))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "service_id", "the service is revoked");
	return false;
}

void decide_change_service(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct change_service *body = command->body;
	const struct user *service = given_account(set, &body->service_id, USER_KIND_SERVICE);
	struct service_changed *event;
	uint32_t roles = 0;

	if (!given_roles(body->roles, body->roles_count, SERVICE_ROLE_BITS, &roles, decision) ||
	    !given_scope(BINDINGS_OF(body), decision) ||
	    !service_can_change(service, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &service_changed_type);
	event->service_id = body->service_id;
	event->version = service->version + 1;
	event->roles = list_given_roles(decision, roles, &event->roles_count);
	event->creditors = body->creditors;
	event->creditors_count = body->creditors_count;
	event->portfolios = body->portfolios;
	event->portfolios_count = body->portfolios_count;
	event->sources = body->sources;
	event->sources_count = body->sources_count;
	event->reason = body->reason;
}

void decide_renew_secret(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct renew_secret *body = command->body;
	const struct user *service = given_account(set, &body->service_id, USER_KIND_SERVICE);
	struct secret_renewed *event;

	if (!service_can_change(service, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &secret_renewed_type);
	event->service_id = body->service_id;
	event->version = service->version + 1;
	event->ends_old = body->ends_old;
	event->reason = body->reason;
}

void decide_revoke_service(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct revoke_service *body = command->body;
	const struct user *service = given_account(set, &body->service_id, USER_KIND_SERVICE);
	struct service_revoked *event;

	if (!service_can_change(service, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &service_revoked_type);
	event->service_id = body->service_id;
	event->version = service->version + 1;
	event->reason = body->reason;
}
