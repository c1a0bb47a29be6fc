#include "producers/api/reads/rights.h"

#include <stdlib.h>

#include "base/day.h"
#include "base/must.h"

static const struct question_shape shape = {
	.statement = { "api_rights", "SELECT q.n, r.roles, r.customer_id, r.scope, r.token_version FROM unnest($1::uuid[]) WITH "
				     "ORDINALITY AS q (id, n) "
				     "JOIN users.public_user r ON r.user_id = q.id" },
	.kinds = { DB_ARRAY_UUID },
	.args_count = 1,
};
enum { COLUMN_N, COLUMN_ROLES, COLUMN_CUSTOMER, COLUMN_SCOPE, COLUMN_TOKEN_VERSION };

#define SETS 1024
#define WAYS 8

struct entry {
	struct uuid user_id; /* none: free */
	int64_t until_ms;    /* monotonic */
	struct user_rights rights;
};

struct rights {
	struct questions *questions;
	struct entry entries[SETS][WAYS];
};

/* A waiting caller of rights_ask. */
struct waiter {
	struct rights *rights;
	struct uuid user_id;
	rights_done *done;
	void *arg;
};

int rights_new(struct questions *questions, struct rights **ret_rights, struct err *err)
{
	struct rights *rights = calloc(1, sizeof(*rights));

	if (rights == NULL)
		return err_set(err, ERR_FATAL, "no memory");
	rights->questions = questions;
	*ret_rights = rights;
	return 0;
}

void rights_free(struct rights *rights)
{
	free(rights);
}

/* The user's entry, or the oldest of its set: free entries count as the oldest. */
static struct entry *place_of(struct rights *rights, const struct uuid *user_id)
{
	size_t number = ((size_t)user_id->bytes[14] << 8 | user_id->bytes[15]) % SETS; /* these bytes are random */
	struct entry *set = rights->entries[number];
	struct entry *oldest = &set[0];

	for (size_t way = 0; way < WAYS; way++) {
		if (uuid_equal(&set[way].user_id, user_id))
			return &set[way];
		if (set[way].until_ms < oldest->until_ms)
			oldest = &set[way];
	}
	return oldest;
}

static void take_answer(const void *waiter_notes, const struct answer *answer, const struct err *failure)
{
	const struct waiter *waiter = waiter_notes;
	struct user_rights found = { .roles = 0 };

	(void)failure;
	if (answer == NULL) {
		waiter->done(waiter->arg, NULL);
		return;
	}
	MUST(answer->count <= 1);
	if (answer->count == 1) {
		found.roles = (uint32_t)db_int32(answer->result, answer->first, COLUMN_ROLES);
		if (!db_is_null(answer->result, answer->first, COLUMN_CUSTOMER))
			found.customer_id = db_uuid(answer->result, answer->first, COLUMN_CUSTOMER);
		if (!scope_read(&found.scope, db_str(answer->result, answer->first, COLUMN_SCOPE)))
			found.scope = scope_none;
		found.token_version = db_int64(answer->result, answer->first, COLUMN_TOKEN_VERSION);
	}
	*place_of(waiter->rights, &waiter->user_id) =
		(struct entry){ .user_id = waiter->user_id, .until_ms = clock_monotonic_ms() + RIGHTS_FRESH_MS, .rights = found };
	waiter->done(waiter->arg, &found);
}

void rights_ask(struct rights *rights, const struct uuid *user_id, rights_done *done, void *arg)
{
	const struct entry *entry = place_of(rights, user_id);
	const struct waiter waiter = { .rights = rights, .user_id = *user_id, .done = done, .arg = arg };
	struct question_value *values;

	if (uuid_equal(&entry->user_id, user_id) && clock_monotonic_ms() < entry->until_ms) {
		struct user_rights known = entry->rights; /* a copy: the callback may ask, and evict the entry */

		done(arg, &known);
		return;
	}
	values = questions_ask(rights->questions, &shape, take_answer, &waiter, sizeof(waiter));
	if (values == NULL)
		done(arg, NULL);
	else
		values[0].id = *user_id;
}

void rights_forget(struct rights *rights, const struct uuid *user_id)
{
	struct entry *entry = place_of(rights, user_id);

	if (uuid_equal(&entry->user_id, user_id))
		*entry = (struct entry){ .until_ms = 0 };
}
