#include "producers/api/faults.h"

#include <string.h>

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
