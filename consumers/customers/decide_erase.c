#include "consumers/customers/customers.h"
#include "schemas/customers.h"

/* ---- EraseCustomer ---- */

/* GDPR 17(3)(b), (e): an open debt is a claim, and books must be kept about it. The end of that duty is unknown. */
static bool nothing_is_owed(const struct retention *retention, struct decision *decision)
{
	char debt_id[UUID_TEXT_SIZE + 1];

	if (retention == NULL)
		return true;
	uuid_format(debt_id, &retention->debt_id);
	decision_refuse(
		decision, REFUSAL_RETENTION_APPLIES, "customer_id",
		"debts are open (%u owed by the customer, %u overpaid; one is %s): the data is kept until they are settled",
		(unsigned)retention->open_debts, (unsigned)retention->credits, debt_id);
	return false;
}

static bool can_be_erased(const struct erase_customer *body, const struct workset *set, struct decision *decision)
{
	const struct customer *customer = workset_state(set, &customer_entity, &body->customer_id);

	if (!body->has_basis || erasure_basis_by_name(body->basis) == ERASURE_BASIS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "basis", "not one of " ERASURE_BASIS_LISTED);
	} else if (customer == NULL) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "customer_id", "no such customer");
	} else if (body->has_expected_version && body->expected_version != customer->version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the customer's version is %lld",
				(long long)customer->version);
	} else if (!customer_is_erasable(customer->status)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is erased already");
	} else {
		return nothing_is_owed(workset_state(set, &retention_entity, &body->customer_id), decision);
	}
	return false;
}

void decide_erase_customer(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct erase_customer *body = command->body;
	struct customer_erased *event;

	if (!can_be_erased(body, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &customer_erased_type);
	event->customer_id = body->customer_id;
	event->version = ((const struct customer *)workset_state(set, &customer_entity, &body->customer_id))->version + 1;
	event->basis = body->basis;
}
