#include "consumers/debts/creditor/creditor.h"

static bool description_is_good(const struct describe_creditor *body, struct decision *decision)
{
	if (uuid_is_none(&body->creditor_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "creditor_id", "the id is all zeros");
	} else if (body->name.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "name", "the name is empty");
	} else if (body->has_legal_address && body->legal_address.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "legal_address", "the address is empty");
	} else if (regulated_class_by_name(body->regulated_class) == REGULATED_CLASS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "regulated_class", "not one of " REGULATED_CLASS_LISTED);
	} else if (body->has_licence_refs && body->licence_refs.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "licence_refs", "the text is empty");
	} else {
		return true;
	}
	return false;
}

void decide_describe_creditor(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct describe_creditor *body = command->body;
	const struct creditor *creditor = workset_state(set, &creditor_entity, &body->creditor_id);
	const int64_t version = creditor == NULL ? 0 : creditor->version;
	struct creditor_described *event;

	if (!description_is_good(body, decision))
		return;
	if (body->has_expected_version && body->expected_version != version) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the description's version is %lld",
				(long long)version);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &creditor_described_type);
	event->creditor_id = body->creditor_id;
	event->version = version + 1;
	event->name = body->name;
	event->has_legal_address = body->has_legal_address;
	event->legal_address = body->legal_address;
	event->is_original = body->is_original;
	event->regulated_class = body->regulated_class;
	event->has_licence_refs = body->has_licence_refs;
	event->licence_refs = body->licence_refs;
}
