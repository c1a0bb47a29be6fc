#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

/*
 * The refusal codes (consumers/DOMAIN.md 3), stable and published in CommandRejected.code. A rule checks in this order of
 * precedence; schemas/README.md has their meaning for the sender.
 */
enum refusal {
	REFUSAL_NONE = 0,
	REFUSAL_DUPLICATE_DIFFERENT_BODY, /* this command id was used with different content */
	REFUSAL_EXPIRED,                  /* the command's own deadline (ce_expirytime) had passed when it was read */
	REFUSAL_NOT_AUTHORISED,           /* the user has lost the right, or is the portal user of another customer */
	REFUSAL_BAD_VALUE,                /* a field's text or number is outside what is allowed */
	REFUSAL_BAD_AMOUNT,
	REFUSAL_BAD_CURRENCY,
	REFUSAL_BAD_DATE,
	REFUSAL_EXISTS, /* the id or the natural key (creditor + reference, source + reference) is taken */
	REFUSAL_NOT_FOUND,
	REFUSAL_VERSION_CONFLICT,
	REFUSAL_BAD_TRANSITION, /* not allowed in this state */
	REFUSAL_HELD,
	REFUSAL_LIMIT_EXCEEDED,
	REFUSAL_NEEDS_SECOND_PERSON,
	REFUSAL_POLICY_NOT_PUBLISHED,
	REFUSAL_TEMPLATE_INCOMPLETE,
	REFUSAL_NO_USABLE_CONTACT_POINT,
	REFUSAL_COMPLIANCE_DENIED,
	REFUSAL_RETENTION_APPLIES,
	REFUSAL_COUNT,
};

const char *refusal_code(enum refusal refusal); /* "bad_amount" */

#endif
