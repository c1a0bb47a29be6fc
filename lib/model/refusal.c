#include "model/refusal.h"

#include <stddef.h>

#include "base/array.h"
#include "base/must.h"

static const char *const codes[] = {
	[REFUSAL_NONE] = "none",
	[REFUSAL_DUPLICATE_DIFFERENT_BODY] = "duplicate_different_body",
	[REFUSAL_EXPIRED] = "expired",
	[REFUSAL_NOT_AUTHORISED] = "not_authorised",
	[REFUSAL_BAD_VALUE] = "bad_value",
	[REFUSAL_BAD_AMOUNT] = "bad_amount",
	[REFUSAL_BAD_CURRENCY] = "bad_currency",
	[REFUSAL_BAD_DATE] = "bad_date",
	[REFUSAL_EXISTS] = "exists",
	[REFUSAL_NOT_FOUND] = "not_found",
	[REFUSAL_VERSION_CONFLICT] = "version_conflict",
	[REFUSAL_BAD_TRANSITION] = "bad_transition",
	[REFUSAL_HELD] = "held",
	[REFUSAL_LIMIT_EXCEEDED] = "limit_exceeded",
	[REFUSAL_NEEDS_SECOND_PERSON] = "needs_second_person",
	[REFUSAL_POLICY_NOT_PUBLISHED] = "policy_not_published",
	[REFUSAL_TEMPLATE_INCOMPLETE] = "template_incomplete",
	[REFUSAL_NO_USABLE_CONTACT_POINT] = "no_usable_contact_point",
	[REFUSAL_COMPLIANCE_DENIED] = "compliance_denied",
	[REFUSAL_RETENTION_APPLIES] = "retention_applies",
};

_Static_assert(COUNT(codes) == REFUSAL_COUNT, "every refusal has a code");

const char *refusal_code(enum refusal refusal)
{
	MUST((unsigned)refusal < REFUSAL_COUNT);
	MUST(codes[refusal] != NULL);
	return codes[refusal];
}
