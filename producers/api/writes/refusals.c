#include "producers/api/writes/refusals.h"

#include "base/array.h"
#include "model/refusal.h"
#include "wire/json.h"

/* The codes that are not 422: the request itself is valid, and conflicts with something else. */
static const struct {
	enum refusal refusal;
	int status;
} statuses[] = {
	{ REFUSAL_EXISTS, 409 },
	{ REFUSAL_BAD_TRANSITION, 409 },
	{ REFUSAL_HELD, 409 },
	{ REFUSAL_RETENTION_APPLIES, 409 },
	{ REFUSAL_COMPLIANCE_DENIED, 409 },
	{ REFUSAL_NEEDS_SECOND_PERSON, 409 },
	{ REFUSAL_VERSION_CONFLICT, 412 },
	{ REFUSAL_NOT_AUTHORISED, 403 },
};

int refusal_status(struct str code, bool is_of_path)
{
	if (str_is(code, refusal_code(REFUSAL_NOT_FOUND)))
		return is_of_path ? 404 : 422;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		if (str_is(code, refusal_code(statuses[i].refusal)))
			return statuses[i].status;
	}
	return 422;
}

/* The position of the faulty field in the request. */
static struct str place_of(const struct command_rejected *rejected, const struct message_type *type, const char *path_field,
			   const char *prefix, char text[96])
{
	struct buf buf;
	bool fits;

	if (path_field != NULL && str_is(rejected->field, path_field))
		return STR("id");
	if (prefix[0] == '\0' && str_is(rejected->field, "expected_version"))
		return STR("If-Match");
	buf_init(&buf, 95);
	buf_add_text(&buf, prefix);
	if (type != NULL)
		json_write_pointer(&buf, &type->record, rejected->field);
	fits = !buf.overflow && str_to_chars(text, 96, buf_str(&buf));
	buf_release(&buf);
	return fits ? str_of(text) : STR("");
}

/* Dead letters: the token was valid when the request came; then it expired, its key was withdrawn, or a role is missing. */
static int dead_status(struct str code)
{
	if (str_is(code, "no_token") || str_is(code, "bad_token") || str_is(code, "expired_token") || str_is(code, "ended_token"))
		return 401;
	return str_is(code, "not_authorised") ? 403 : 422;
}

void refusal_problem_of_dead(const struct command_state *state, struct refusal_problem *ret_problem)
{
	int status = dead_status(state->dead_code);

	*ret_problem = (struct refusal_problem){ .code = "dead_letter" };
	(void)!str_to_chars(ret_problem->code, sizeof(ret_problem->code), state->dead_code);
	ret_problem->problem = (struct problem){
		.status = status, .code = ret_problem->code, .detail = state->dead_reason, .is_retryable = status == 401
	};
}

void refusal_problem_of(const struct command_rejected *rejected, const struct message_type *type, const char *path_field,
			const char *prefix, struct refusal_problem *ret_problem)
{
	bool is_of_path = path_field != NULL && str_is(rejected->field, path_field);

	int status = refusal_status(rejected->code, is_of_path);

	*ret_problem = (struct refusal_problem){ .code = "refused" };
	(void)!str_to_chars(ret_problem->code, sizeof(ret_problem->code), rejected->code);
	ret_problem->fault = (struct fault){ .pointer = place_of(rejected, type, path_field, prefix, ret_problem->pointer),
					     .code = ret_problem->code,
					     .detail = rejected->text };
	ret_problem->problem = (struct problem){ .status = status,
						 .code = ret_problem->code,
						 .detail = rejected->text,
						 .faults = &ret_problem->fault,
						 .faults_count = rejected->field.size > 0 ? 1 : 0,
						 /* A version that has passed never comes again. */
						 .is_retryable = rejected->retriable && status != 412 };
}
