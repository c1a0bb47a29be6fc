#include "consumers/users/given.h"

const struct user *given_account(const struct workset *set, const struct uuid *id, enum user_kind kind)
{
	const struct user *user = workset_state(set, &user_entity, id);

	return user != NULL && user->kind == kind ? user : NULL;
}

bool given_login(const char *field, struct str login, struct decision *decision)
{
	if (user_login_is_valid(login))
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, field, "not %d to %d of a-z 0-9 . _ @ + -, a letter or digit in front",
			USER_LOGIN_MIN, USER_LOGIN_MAX);
	return false;
}

bool given_roles(const struct str *names, size_t count, uint32_t allowed, uint32_t *ret_roles, struct decision *decision)
{
	uint32_t roles = 0;

	for (size_t index = 0; index < count; index++) {
		uint32_t role = role_by_name(names[index]);

		if (role == 0) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "roles", "item %zu is not the name of a role", index + 1);
			return false;
		}
		if ((role & allowed) == 0) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "roles", "%s is a role of %s", role_name(role),
					(role & PERSON_ROLE_BITS) != 0 ? "people" : "programs");
			return false;
		}
		roles |= role;
	}
	*ret_roles = roles;
	return true;
}

const struct str *list_given_roles(struct decision *decision, uint32_t roles, size_t *ret_count)
{
	struct str *names = arena_take(decision->arena, USER_ROLES_MAX, sizeof(*names));

	*ret_count = 0;
	if (names == NULL) {
		decision->overflow = true;
		return NULL;
	}
	for (uint32_t role = 1; role != 0 && role <= roles; role <<= 1)
		if ((roles & role) != 0)
			names[(*ret_count)++] = str_of(role_name(role));
	return names;
}

bool given_scope(const struct bindings *bindings, struct decision *decision)
{
	struct scope scope;
	const char *field;
	size_t number;

	if (bindings_scope(bindings, &scope, &field, &number))
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, field, "item %zu is none, one too many, or does not stand with the others",
			number);
	return false;
}

bool given_is_as_expected(const struct user *user, const char *field, const char *none, bool has_expected, int64_t expected,
			  struct decision *decision)
{
	if (user == NULL)
		decision_refuse(decision, REFUSAL_NOT_FOUND, field, "%s", none);
	else if (has_expected && expected != user->version)
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the version is %lld",
				(long long)user->version);
	else
		return true;
	return false;
}
