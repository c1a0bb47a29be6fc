#include "base/array.h"
#include "consumers/users/users.h"

bool bindings_scope(const struct bindings *bindings, struct scope *ret_scope, const char **ret_field, size_t *ret_number)
{
	const struct {
		const char *field;
		const struct words *words;
		bool (*add)(struct scope *scope, struct str word);
	} lists[] = { { "creditors", &bindings->creditors, scope_add_creditor },
		      { "portfolios", &bindings->portfolios, scope_add_portfolio },
		      { "sources", &bindings->sources, scope_add_source } };

	*ret_scope = scope_none;
	for (size_t i = 0; i < COUNT(lists); i++) {
		*ret_field = lists[i].field;
		for (*ret_number = 1; *ret_number <= lists[i].words->count; ++*ret_number)
			if (!lists[i].add(ret_scope, lists[i].words->items[*ret_number - 1]))
				return false;
	}
	return true;
}

static bool is_alnum(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

bool user_login_is_valid(struct str login)
{
	if (login.size < USER_LOGIN_MIN || login.size > USER_LOGIN_MAX || !is_alnum(login.data[0]))
		return false;
	for (size_t index = 0; index < login.size; index++)
		if (!is_alnum(login.data[index]) && (login.data[index] == '\0' || strchr("._@+-", login.data[index]) == NULL))
			return false;
	return true;
}
