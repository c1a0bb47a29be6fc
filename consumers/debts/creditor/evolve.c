#include "base/must.h"
#include "consumers/debts/creditor/creditor.h"

static void set_text(char *chars, size_t size, bool has_text, struct str text)
{
	bool fits = str_to_chars(chars, size, has_text ? text : STR(""));

	MUST(fits);
}

void creditor_read(struct creditor *ret_creditor, const struct creditor_described *event)
{
	struct creditor *creditor = ret_creditor;

	*creditor = (struct creditor){ .version = event->version,
				       .is_original = event->is_original ? 1 : 0,
				       .regulated_class = regulated_class_by_name(event->regulated_class) };
	set_text(creditor->name, sizeof(creditor->name), true, event->name);
	set_text(creditor->legal_address, sizeof(creditor->legal_address), event->has_legal_address, event->legal_address);
	set_text(creditor->licence_refs, sizeof(creditor->licence_refs), event->has_licence_refs, event->licence_refs);
}

void creditor_on_described(struct workset *set, const struct creditor_described *event)
{
	struct creditor *creditor = workset_change(set, &creditor_entity, &event->creditor_id);

	MUST(event->version == creditor->version + 1);
	creditor_read(creditor, event);
}
