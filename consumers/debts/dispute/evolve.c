#include "base/must.h"
#include "consumers/debts/dispute/dispute.h"

static struct dispute *dispute_change(struct workset *set, const struct uuid *dispute_id)
{
	struct dispute *dispute = workset_change(set, &dispute_entity, dispute_id);

	dispute->version++;
	return dispute;
}

/* A line each: no reference has an end of line in it (lib/base/text.h). */
static void add_evidence(struct dispute *dispute, struct str evidence_ref)
{
	const size_t size = strlen(dispute->evidence_refs);
	const size_t gap = dispute->evidence_count > 0 ? 1 : 0;

	MUST(dispute->evidence_count < DISPUTE_EVIDENCE_MAX);
	MUST(evidence_ref.size < sizeof(dispute->evidence_refs) - size - gap);
	if (gap > 0)
		dispute->evidence_refs[size] = '\n';
	memcpy(dispute->evidence_refs + size + gap, evidence_ref.data, evidence_ref.size);
	dispute->evidence_refs[size + gap + evidence_ref.size] = '\0';
	dispute->evidence_count++;
}

void dispute_on_raised(struct workset *set, const void *body)
{
	const struct dispute_raised *event = body;
	struct dispute *dispute = dispute_change(set, &event->dispute_id);

	dispute->entries = debt_change(set, &event->debt_id, event->version)->entries;
	dispute->customer_id = event->customer_id;
	dispute->debt_id = event->debt_id;
	dispute->grounds = dispute_grounds_by_name(event->grounds);
	dispute->portion_minor = event->has_portion_minor ? event->portion_minor : 0;
	dispute->received_on = event->received_on;
	dispute->raised_on = event->raised_on;
	dispute->in_writing = event->in_writing ? 1 : 0;
	dispute->within_validation = event->within_validation ? 1 : 0;
	for (size_t index = 0; index < event->evidence_refs_count; index++)
		add_evidence(dispute, event->evidence_refs[index]);
	dispute->state = event->has_duplicate_of ? DISPUTE_DUPLICATE : DISPUTE_OPEN;
	if (event->has_duplicate_of)
		dispute->duplicate_of = event->duplicate_of;
	debt_disputes_add(workset_change(set, &debt_disputes_entity, &event->debt_id), &event->dispute_id, dispute);
}

void dispute_on_evidence_added(struct workset *set, const void *body)
{
	const struct dispute_evidence_added *event = body;
	struct dispute *dispute = dispute_change(set, &event->dispute_id);

	(void)debt_change(set, &event->debt_id, event->version);
	add_evidence(dispute, event->evidence_ref);
	dispute->state = DISPUTE_VERIFYING;
}

void dispute_on_resolved(struct workset *set, const void *body)
{
	const struct dispute_resolved *event = body;
	struct dispute *dispute = dispute_change(set, &event->dispute_id);
	const bool fits = str_to_chars(dispute->verification_ref, sizeof(dispute->verification_ref), event->verification_ref);

	MUST(fits);
	dispute->entries = debt_change(set, &event->debt_id, event->version)->entries;
	dispute->state = dispute_state_by_name(event->outcome);
	dispute->sent_on = event->sent_on;
	debt_disputes_resolve(workset_change(set, &debt_disputes_entity, &event->debt_id), &event->dispute_id, dispute);
}
