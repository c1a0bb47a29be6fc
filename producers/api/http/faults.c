#include "producers/api/http/faults.h"

#include <string.h>

#define SHOWN_NAME_MAX 64

static void refuse_text(struct call *call, const struct json_fault *fault)
{
	const struct problem problem = { .status = 400, .code = fault->code, .detail = str_of(fault->detail) };

	call_refuse_problem(call, &problem);
}

void faults_refuse(struct call *call, const struct json_faults *faults, bool is_query)
{
	const struct json_fault *first = &faults->items[0];
	struct fault shown[JSON_FAULTS_MAX];
	const struct problem problem = { .status = 422,
					 .code = "invalid_body",
					 .detail = STR("the body is not what it should be, see errors"),
					 .faults = shown,
					 .faults_count = faults->count };

	MUST(faults->count > 0);
	if (strcmp(first->code, "bad_json") == 0) {
		refuse_text(call, first);
		return;
	}
	for (size_t i = 0; i < faults->count; i++) {
		const struct json_fault *fault = &faults->items[i];
		bool is_name = is_query && fault->pointer[0] == '/';

		shown[i] = (struct fault){ .pointer = str_of(fault->pointer + is_name),
					   .code = fault->code,
					   .detail = str_of(fault->detail) };
	}
	call_refuse_problem(call, &problem);
}

struct str faults_shown_name(struct str name)
{
	return str_is_text(name) && name.size > 0 ? str_prefix(name, SHOWN_NAME_MAX) : STR("?");
}

void faults_note_argument(struct fault *first, struct str name, const char *code, struct str detail)
{
	if (first->code == NULL)
		*first = (struct fault){ .pointer = faults_shown_name(name), .code = code, .detail = detail };
}

bool faults_allow_arguments(struct call *call, const struct fault *first)
{
	const struct problem problem = {
		.status = 400, .code = "bad_query", .detail = STR("an argument is wrong"), .faults = first, .faults_count = 1
	};

	if (first->code != NULL)
		call_refuse_problem(call, &problem);
	return first->code == NULL;
}

static void take_first(void *name_arg, struct str name, struct str value)
{
	struct str *first = name_arg;

	(void)value;
	if (first->size == 0)
		*first = faults_shown_name(name);
}

bool faults_refuse_arguments(struct call *call)
{
	struct str name = STR("");
	struct fault fault = { .code = "unknown_argument", .detail = STR("there is no such argument here") };
	struct problem problem = { .status = 400,
				   .code = "bad_query",
				   .detail = STR("the query is not understood"),
				   .faults = &fault,
				   .faults_count = 1 };

	call_each_argument(call, take_first, &name);
	fault.pointer = name;
	if (name.size > 0)
		call_refuse_problem(call, &problem);
	return name.size > 0;
}
