#include "rule_spec.h"

#include "base/array.h"
#include "consumers/users/users.h"
#include "schemas/users.h"

static struct spec spec;

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &users_module);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* spec_when speaks as "test" with all roles of the rule; here also as somebody else. */
static const struct decision *when_says(const char *actor, uint32_t roles, const struct message_type *type, const void *body)
{
	const struct rule *rule = spec_rule(&spec, type);
	struct command *command = arena_take(&spec.arena, 1, sizeof(*command));

	assert_non_null(command);
	*command = (struct command){ .type = type,
				     .body = body,
				     .id = spec_id('!', ++spec.commands),
				     .key = *message_uuid(type->key_field, body),
				     .actor = str_of(actor),
				     .roles = roles,
				     .scope = &scope_none,
				     .now_ms = spec.now_ms,
				     .today = spec.today };
	spec_touch(&spec, rule, command);
	decision_init(&spec.decision, &spec.arena, command);
	rule->decide(command, &spec.set, &spec.decision);
	for (size_t index = 0; index < spec.decision.events_count; index++)
		users_module.evolve(&spec.set, &spec.decision.events[index]);
	return &spec.decision;
}

static const struct str agent_supervisor[] = { { "supervisor", 10 }, { "agent", 5 } };
static const struct str only_consumer[] = { { "consumer", 8 } };
static const struct str of_programs[] = { { "system", 6 }, { "notifier", 8 }, { "clock", 5 } };
static const struct str unknown_role[] = { { "agent", 5 }, { "emperor", 7 } };

static struct register_user a_user(void)
{
	return (struct register_user){ .user_id = spec_id('U', 1), .login = STR("anna@example.org") };
}

static void given_user(void)
{
	static struct register_user body;

	body = a_user();
	spec_when(&spec, &register_user_type, &body);
	then_events(&spec, "UserRegistered");
}

static const struct user *the_user(void)
{
	struct uuid id = spec_id('U', 1);

	return workset_state(&spec.set, &user_entity, &id);
}

static struct change_roles a_change(void)
{
	return (struct change_roles){
		.user_id = spec_id('U', 1), .roles = agent_supervisor, .roles_count = 2, .reason = STR("new")
	};
}

/* ---- RegisterUser ---- */

static void test_users__one_who_registers_himself_may_do_nothing(void **state)
{
	const struct user_registered *event;

	(void)state;
	given_user();
	event = then_event(&spec, 0, user_registered);
	assert_int_equal(event->version, 1);
	assert_int_equal(event->roles_count, 0);
	assert_true(str_is(event->by, "test"));
	assert_int_equal(the_user()->state, USER_ACTIVE);
	assert_int_equal(the_user()->roles, 0);
}

static void test_users__an_admin_registers_with_roles_and_nobody_else(void **state)
{
	struct register_user body = a_user();

	(void)state;
	body.roles = agent_supervisor;
	body.roles_count = 2;
	when_says("api", ROLE_SYSTEM, &register_user_type, &body);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "roles");
	when_says("dcs", ROLE_ADMIN, &register_user_type, &body);
	then_events(&spec, "UserRegistered");
	assert_int_equal(the_user()->roles, ROLE_AGENT | ROLE_SUPERVISOR);
	assert_true(str_is(then_event(&spec, 0, user_registered)->roles[0], "supervisor"));
	assert_true(str_is(then_event(&spec, 0, user_registered)->roles[1], "agent"));
}

static void test_users__a_login_is_plain_and_taken_once(void **state)
{
	static const char *const bad[] = { "", "ab", ".anna", "Anna", "anna b", "an\nna", "anna<b>", "\xc3\xa4nna", "anna\"" };
	struct register_user body;

	(void)state;
	for (size_t index = 0; index < COUNT(bad); index++) {
		body = a_user();
		body.login = str_of(bad[index]);
		spec_when(&spec, &register_user_type, &body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "login");
	}
	body = a_user();
	body.user_id = (struct uuid){ 0 };
	spec_when(&spec, &register_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "user_id");
	given_user();
	body = a_user();
	spec_when(&spec, &register_user_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "user_id");
	body.user_id = spec_id('U', 2);
	spec_when(&spec, &register_user_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "login");
	body.login = STR("anna@example.net");
	spec_when(&spec, &register_user_type, &body);
	then_events(&spec, "UserRegistered");
}

/* ---- ChangeRoles ---- */

static void test_users__roles_are_replaced(void **state)
{
	struct change_roles body = a_change();

	(void)state;
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	given_user();
	spec_when(&spec, &change_roles_type, &body);
	then_events(&spec, "RolesChanged");
	assert_int_equal(then_event(&spec, 0, roles_changed)->version, 2);
	assert_int_equal(the_user()->roles, ROLE_AGENT | ROLE_SUPERVISOR);
	body.roles_count = 0;
	spec_when(&spec, &change_roles_type, &body);
	assert_int_equal(the_user()->roles, 0);
}

static void test_users__roles_of_programs_and_unknown_ones_are_not_given(void **state)
{
	struct change_roles body = a_change();

	(void)state;
	given_user();
	body.roles = unknown_role;
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "roles");
	body.roles_count = 1;
	for (size_t i = 0; i < 3; i++) {
		body.roles = &of_programs[i];
		spec_when(&spec, &change_roles_type, &body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "roles");
	}
}

static void test_users__a_portal_user_belongs_to_a_customer(void **state)
{
	struct change_roles body = a_change();

	(void)state;
	given_user();
	body.has_customer_id = true;
	body.customer_id = spec_id('C', 1);
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "customer_id");
	body.roles = only_consumer;
	body.roles_count = 1;
	body.customer_id = (struct uuid){ 0 };
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "customer_id");
	body.has_customer_id = false;
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "customer_id");
	body.has_customer_id = true;
	body.customer_id = spec_id('C', 1);
	spec_when(&spec, &change_roles_type, &body);
	then_events(&spec, "RolesChanged");
	assert_memory_equal(the_user()->customer_id.bytes, body.customer_id.bytes, 16);
}

static void test_users__nobody_changes_what_he_himself_may_do(void **state)
{
	struct change_roles change = a_change();
	struct disable_user disable = { .user_id = spec_id('U', 1) };
	struct uuid user_id = spec_id('U', 1);
	char self[UUID_TEXT_SIZE + 1];

	(void)state;
	given_user();
	uuid_format(self, &user_id);
	when_says(self, ROLE_ADMIN, &change_roles_type, &change);
	then_refused(&spec, REFUSAL_NEEDS_SECOND_PERSON, "user_id");
	when_says(self, ROLE_ADMIN, &disable_user_type, &disable);
	then_refused(&spec, REFUSAL_NEEDS_SECOND_PERSON, "user_id");
}

static void test_users__a_change_may_name_the_version_it_saw(void **state)
{
	struct change_roles body = a_change();

	(void)state;
	given_user();
	body.has_expected_version = true;
	body.expected_version = 2;
	spec_when(&spec, &change_roles_type, &body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	spec_when(&spec, &change_roles_type, &body);
	then_events(&spec, "RolesChanged");
}

/* ---- DisableUser, EnableUser ---- */

static void test_users__a_user_is_disabled_and_enabled_by_turns(void **state)
{
	struct disable_user disable = { .user_id = spec_id('U', 1), .reason = STR("left") };
	struct enable_user enable = { .user_id = spec_id('U', 1) };

	(void)state;
	given_user();
	spec_when(&spec, &enable_user_type, &enable);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "user_id");
	spec_when(&spec, &disable_user_type, &disable);
	then_events(&spec, "UserDisabled");
	assert_int_equal(the_user()->state, USER_DISABLED);
	spec_when(&spec, &disable_user_type, &disable);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "user_id");
	spec_when(&spec, &enable_user_type, &enable);
	then_events(&spec, "UserEnabled");
	assert_int_equal(the_user()->state, USER_ACTIVE);
	assert_int_equal(the_user()->version, 3);
}

/* ---- what the gateway has seen ---- */

static void test_users__logins_and_ends_of_sessions_are_recorded(void **state)
{
	struct record_login login = { .user_id = spec_id('U', 1), .outcome = STR("wrong_password") };
	struct record_session_end end = { .user_id = spec_id('U', 1), .session_id = spec_id('S', 1), .reason = STR("reuse") };

	(void)state;
	spec_when(&spec, &record_login_type, &login);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &record_session_end_type, &end);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	given_user();
	spec_when(&spec, &record_login_type, &login);
	then_events(&spec, "LoginFailed");
	login.outcome = STR("succeeded");
	spec_when(&spec, &record_login_type, &login);
	then_refused(&spec, REFUSAL_BAD_VALUE, "session_id");
	login.has_session_id = true;
	login.session_id = spec_id('S', 1);
	spec_when(&spec, &record_login_type, &login);
	then_events(&spec, "UserLoggedIn");
	login.outcome = STR("guessed");
	spec_when(&spec, &record_login_type, &login);
	then_refused(&spec, REFUSAL_BAD_VALUE, "outcome");
	spec_when(&spec, &record_session_end_type, &end);
	then_events(&spec, "SessionEnded");
	end.reason = STR("boredom");
	spec_when(&spec, &record_session_end_type, &end);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	assert_int_equal(the_user()->version, 1);
}

static void test_users__are_bound_to_exactly_what_an_admin_says(void **state)
{
	static const struct str creditors[] = { { "019A0000-0000-7000-8000-000000000001", 36 } };
	static const struct str sources[] = { { "bank-1", 6 }, { "bank-2", 6 } };
	static const struct str portfolios[] = { { "019a0000-0000-7000-8000-000000000002", 36 } };
	static const struct str all[] = { { "*", 1 } };
	struct bind_user body = { .user_id = spec_id('U', 1),
				  .creditors = creditors,
				  .creditors_count = 1,
				  .portfolios = portfolios,
				  .portfolios_count = 1,
				  .sources = sources,
				  .sources_count = 2,
				  .reason = STR("their service") };
	struct uuid acme, telecom;

	(void)state;
	given_user();
	assert_true(uuid_parse(&telecom, portfolios[0]));
	assert_true(scope_is_empty(&the_user()->scope)); /* until somebody binds him */
	assert_true(uuid_parse(&acme, creditors[0]));
	spec_when(&spec, &bind_user_type, &body);
	then_events(&spec, "UserBound");
	assert_int_equal(the_user()->version, 2);
	assert_true(scope_has_creditor(&the_user()->scope, &acme));
	assert_true(scope_has_debt(&the_user()->scope, &acme, &telecom));
	assert_false(scope_has_debt(&the_user()->scope, &acme, &acme));
	assert_true(scope_has_source(&the_user()->scope, STR("bank-2")));
	assert_false(the_user()->scope.all_creditors || the_user()->scope.all_sources);

	body.portfolios_count = 0; /* exactly these: none any more */
	spec_when(&spec, &bind_user_type, &body);
	assert_true(scope_has_debt(&the_user()->scope, &acme, &acme));
	body.creditors = all;
	body.sources_count = 0;
	spec_when(&spec, &bind_user_type, &body);
	assert_true(the_user()->scope.all_creditors);
	assert_int_equal(the_user()->scope.sources_count, 0);
	assert_false(the_user()->scope.all_sources);
}

static void test_users__are_bound_to_what_there_can_be(void **state)
{
	static const struct str no_ids[] = { { "019a0000-0000-7000-8000-000000000001", 36 }, { "acme", 4 } };
	static const struct str all_and_more[] = { { "*", 1 }, { "bank-1", 6 } };
	struct bind_user body = { .user_id = spec_id('U', 1), .creditors = no_ids, .creditors_count = 2, .reason = STR("") };

	(void)state;
	given_user();
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditors");
	body.creditors_count = 0;
	body.sources = all_and_more;
	body.sources_count = 2;
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "sources");
	body.sources_count = 0;
	body.portfolios = no_ids;
	body.portfolios_count = 1; /* of whom? */
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "portfolios");
	body.creditors_count = 1;
	body.portfolios_count = 2;
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "portfolios");
	body.creditors = all_and_more;
	body.portfolios_count = 1;
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "portfolios");
	body.creditors_count = body.portfolios_count = 0;
	body.has_expected_version = true;
	body.expected_version = 7;
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.has_expected_version = false;
	body.user_id = spec_id('U', 2);
	spec_when(&spec, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
}

static void test_users__nobody_binds_himself(void **state)
{
	struct bind_user body = { .user_id = spec_id('U', 1), .reason = STR("") };
	char himself[UUID_TEXT_SIZE + 1];

	(void)state;
	given_user();
	uuid_format(himself, &body.user_id);
	when_says(himself, ROLE_ADMIN, &bind_user_type, &body);
	then_refused(&spec, REFUSAL_NEEDS_SECOND_PERSON, "user_id");
}

/* ---- EndTokens ---- */

static void test_users__tokens_are_ended_and_no_right_with_them(void **state)
{
	struct end_tokens body = { .user_id = spec_id('U', 1), .reason = STR("lost") };
	struct disable_user disable = { .user_id = spec_id('U', 1), .reason = STR("") };
	struct enable_user enable = { .user_id = spec_id('U', 1), .reason = STR("") };

	(void)state;
	spec_when(&spec, &end_tokens_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	given_user();
	assert_int_equal(the_user()->token_version, 0);
	body.has_expected_version = true;
	body.expected_version = 7;
	spec_when(&spec, &end_tokens_type, &body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	spec_when(&spec, &end_tokens_type, &body);
	then_events(&spec, "TokensEnded");
	assert_int_equal(then_event(&spec, 0, tokens_ended)->version, 2);
	assert_true(str_is(then_event(&spec, 0, tokens_ended)->reason, "lost"));
	assert_int_equal(the_user()->token_version, 1);
	assert_int_equal(the_user()->state, USER_ACTIVE);
	/* Those of before a user was disabled do not come back with him. */
	spec_when(&spec, &disable_user_type, &disable);
	assert_int_equal(the_user()->token_version, 2);
	spec_when(&spec, &enable_user_type, &enable);
	assert_int_equal(the_user()->token_version, 2);
}

static void test_users__an_admin_ends_his_own_tokens_alone(void **state)
{
	struct end_tokens body = { .user_id = spec_id('U', 1), .reason = STR("") };
	char himself[UUID_TEXT_SIZE + 1];

	(void)state;
	given_user();
	uuid_format(himself, &body.user_id);
	when_says(himself, ROLE_ADMIN, &end_tokens_type, &body);
	then_events(&spec, "TokensEnded");
}

/* ---- services ---- */

static const struct str creditor_role[] = { { "creditor", 8 } };
static const struct str a_creditor[] = { { "019a0000-0000-7000-8000-000000000001", 36 } };
static const struct str bank_1[] = { { "bank-1", 6 } };

static struct register_service a_service(void)
{
	return (struct register_service){ .service_id = spec_id('S', 1),
					  .name = STR("bank-feed"),
					  .roles = creditor_role,
					  .roles_count = 1,
					  .creditors = a_creditor,
					  .creditors_count = 1,
					  .sources = bank_1,
					  .sources_count = 1 };
}

static void given_service(void)
{
	static struct register_service body;

	body = a_service();
	spec_when(&spec, &register_service_type, &body);
	then_events(&spec, "ServiceRegistered");
}

static const struct user *the_service(void)
{
	struct uuid id = spec_id('S', 1);

	return workset_state(&spec.set, &user_entity, &id);
}

static void test_services__are_made_with_roles_and_bindings(void **state)
{
	const struct service_registered *event;

	(void)state;
	given_service();
	event = then_event(&spec, 0, service_registered);
	assert_int_equal(event->version, 1);
	assert_true(str_is(event->name, "bank-feed"));
	assert_int_equal(event->roles_count, 1);
	assert_int_equal(event->creditors_count, 1);
	assert_int_equal(event->sources_count, 1);
	assert_int_equal(the_service()->kind, USER_KIND_SERVICE);
	assert_int_equal(the_service()->state, USER_ACTIVE);
	assert_int_equal(the_service()->roles, ROLE_CREDITOR);
	assert_true(scope_has_source(&the_service()->scope, STR("bank-1")));
	assert_false(the_service()->scope.all_creditors);
}

static void test_services__have_no_role_of_an_admin_of_programs_or_of_people(void **state)
{
	static const char *const taken[] = { "creditor", "agent", "auditor", "reporting" };
	static const char *const refused[] = { "admin",  "compliance", "supervisor", "consumer",
					       "system", "notifier",   "clock",      "emperor" };
	struct change_service change = { .service_id = spec_id('S', 1), .roles_count = 1 };
	struct register_service body = a_service();
	struct str role;

	(void)state;
	body.roles = change.roles = &role;
	for (size_t index = 0; index < COUNT(refused); index++) {
		role = str_of(refused[index]);
		spec_when(&spec, &register_service_type, &body);
		then_refused(&spec, REFUSAL_BAD_VALUE, "roles");
	}
	given_service();
	for (size_t index = 0; index < COUNT(refused); index++) {
		role = str_of(refused[index]);
		spec_when(&spec, &change_service_type, &change);
		then_refused(&spec, REFUSAL_BAD_VALUE, "roles");
	}
	for (size_t index = 0; index < COUNT(taken); index++) {
		role = str_of(taken[index]);
		spec_when(&spec, &change_service_type, &change);
		then_events(&spec, "ServiceChanged");
		assert_int_equal(the_service()->roles, role_by_name(role));
	}
}

static void test_services__and_users_have_one_set_of_names_and_ids(void **state)
{
	struct register_service body = a_service();
	struct register_user user = a_user();

	(void)state;
	given_service();
	user.login = STR("bank-feed");
	spec_when(&spec, &register_user_type, &user);
	then_refused(&spec, REFUSAL_EXISTS, "login");
	body.name = STR("another");
	spec_when(&spec, &register_service_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "service_id");
	given_user();
	body.service_id = spec_id('S', 2);
	body.name = STR("anna@example.org");
	spec_when(&spec, &register_service_type, &body);
	then_refused(&spec, REFUSAL_EXISTS, "name");
	body.name = STR("Bank Feed");
	spec_when(&spec, &register_service_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "name");
	body.name = STR("b");
	spec_when(&spec, &register_service_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "name");
}

static void test_services__are_bound_to_exactly_what_an_admin_says(void **state)
{
	struct change_service body = { .service_id = spec_id('S', 1),
				       .roles = creditor_role,
				       .roles_count = 1,
				       .reason = STR("moved"),
				       .has_expected_version = true,
				       .expected_version = 7 };
	struct register_service bad = a_service();

	(void)state;
	bad.sources = a_creditor; /* as a name too long */
	spec_when(&spec, &register_service_type, &bad);
	then_refused(&spec, REFUSAL_BAD_VALUE, "sources");
	given_service();
	spec_when(&spec, &change_service_type, &body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	body.expected_version = 1;
	spec_when(&spec, &change_service_type, &body);
	then_events(&spec, "ServiceChanged");
	assert_true(scope_is_empty(&the_service()->scope));
	assert_int_equal(the_service()->version, 2);
	assert_int_equal(the_service()->token_version, 0);
	body.creditors = bank_1; /* no id */
	body.creditors_count = 1;
	body.expected_version = 2;
	spec_when(&spec, &change_service_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "creditors");
}

static void test_services__a_secret_is_renewed_with_an_end_of_the_old_or_without(void **state)
{
	struct renew_secret body = { .service_id = spec_id('S', 1), .reason = STR("yearly") };

	(void)state;
	given_service();
	spec_when(&spec, &renew_secret_type, &body);
	then_events(&spec, "SecretRenewed");
	assert_false(then_event(&spec, 0, secret_renewed)->ends_old);
	assert_int_equal(the_service()->token_version, 0);
	body.ends_old = true;
	spec_when(&spec, &renew_secret_type, &body);
	then_events(&spec, "SecretRenewed");
	assert_true(then_event(&spec, 0, secret_renewed)->ends_old);
	assert_int_equal(the_service()->token_version, 1);
	assert_int_equal(the_service()->version, 3);
}

static void test_services__are_revoked_for_good(void **state)
{
	struct revoke_service body = { .service_id = spec_id('S', 1), .reason = STR("leaked") };
	struct renew_secret renew = { .service_id = spec_id('S', 1) };
	struct change_service change = { .service_id = spec_id('S', 1) };

	(void)state;
	given_service();
	spec_when(&spec, &revoke_service_type, &body);
	then_events(&spec, "ServiceRevoked");
	assert_int_equal(the_service()->state, USER_REVOKED);
	assert_int_equal(the_service()->token_version, 1);
	spec_when(&spec, &revoke_service_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "service_id");
	spec_when(&spec, &renew_secret_type, &renew);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "service_id");
	spec_when(&spec, &change_service_type, &change);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "service_id");
}

/* Two kinds of things, though one table holds them: what a path or a command calls a user is none when it is a service. */
static void test_services__are_no_users_and_users_no_services(void **state)
{
	const struct uuid user = spec_id('U', 1), service = spec_id('S', 1);
	struct change_roles roles = { .user_id = service };
	struct bind_user bind = { .user_id = service };
	struct disable_user disable = { .user_id = service };
	struct enable_user enable = { .user_id = service };
	struct invite_user invite = { .user_id = service };
	struct change_service change = { .service_id = user };
	struct renew_secret renew = { .service_id = user };
	struct revoke_service revoke = { .service_id = user };
	struct end_tokens end = { .user_id = service };

	(void)state;
	given_user();
	given_service();
	spec_when(&spec, &change_roles_type, &roles);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &bind_user_type, &bind);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &disable_user_type, &disable);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &enable_user_type, &enable);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &invite_user_type, &invite);
	then_refused(&spec, REFUSAL_NOT_FOUND, "user_id");
	spec_when(&spec, &change_service_type, &change);
	then_refused(&spec, REFUSAL_NOT_FOUND, "service_id");
	spec_when(&spec, &renew_secret_type, &renew);
	then_refused(&spec, REFUSAL_NOT_FOUND, "service_id");
	spec_when(&spec, &revoke_service_type, &revoke);
	then_refused(&spec, REFUSAL_NOT_FOUND, "service_id");
	spec_when(&spec, &end_tokens_type, &end); /* tokens are tokens */
	then_events(&spec, "TokensEnded");
}

/* ---- InviteUser ---- */

static void test_users__are_invited_by_others_while_they_are_active(void **state)
{
	struct invite_user body = { .user_id = spec_id('U', 1), .reason = STR("first day") };
	struct disable_user disable = { .user_id = spec_id('U', 1), .reason = STR("") };
	char himself[UUID_TEXT_SIZE + 1];

	(void)state;
	given_user();
	uuid_format(himself, &body.user_id);
	when_says(himself, ROLE_ADMIN, &invite_user_type, &body);
	then_refused(&spec, REFUSAL_NEEDS_SECOND_PERSON, "user_id");
	spec_when(&spec, &invite_user_type, &body);
	then_events(&spec, "UserInvited");
	assert_int_equal(the_user()->version, 2);
	spec_when(&spec, &disable_user_type, &disable);
	spec_when(&spec, &invite_user_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "user_id");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_users__one_who_registers_himself_may_do_nothing),
		TEST(test_users__an_admin_registers_with_roles_and_nobody_else),
		TEST(test_users__a_login_is_plain_and_taken_once),
		TEST(test_users__roles_are_replaced),
		TEST(test_users__roles_of_programs_and_unknown_ones_are_not_given),
		TEST(test_users__a_portal_user_belongs_to_a_customer),
		TEST(test_users__nobody_changes_what_he_himself_may_do),
		TEST(test_users__a_change_may_name_the_version_it_saw),
		TEST(test_users__a_user_is_disabled_and_enabled_by_turns),
		TEST(test_users__logins_and_ends_of_sessions_are_recorded),
		TEST(test_users__are_bound_to_exactly_what_an_admin_says),
		TEST(test_users__are_bound_to_what_there_can_be),
		TEST(test_users__nobody_binds_himself),
		TEST(test_users__tokens_are_ended_and_no_right_with_them),
		TEST(test_users__an_admin_ends_his_own_tokens_alone),
		TEST(test_services__are_made_with_roles_and_bindings),
		TEST(test_services__have_no_role_of_an_admin_of_programs_or_of_people),
		TEST(test_services__and_users_have_one_set_of_names_and_ids),
		TEST(test_services__are_bound_to_exactly_what_an_admin_says),
		TEST(test_services__a_secret_is_renewed_with_an_end_of_the_old_or_without),
		TEST(test_services__are_revoked_for_good),
		TEST(test_services__are_no_users_and_users_no_services),
		TEST(test_users__are_invited_by_others_while_they_are_active),
	};

	return cmocka_run_group_tests_name("users rules", tests, NULL, NULL);
}
