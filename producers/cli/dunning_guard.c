/* What the guard would say of the messages of a preview: their persons' facts are loaded in sets, as a batch loads them. */
#include "consumers/communications/contactability.h"
#include "consumers/communications/store.h"
#include "crypto/crypto.h"
#include "dunning_dry_run.h"
#include "model/refusal.h"

#define SET_ITEMS  500
#define ARENA_SIZE ((size_t)96 << 20)
#define STATES_MAX (SET_ITEMS * 16)

struct asking {
	const struct dunning_view *view;
	const struct uuid *ids;
	struct communications_store store;
	struct arena arena;
	struct contact_question questions[SET_ITEMS];
	struct dry_item *items[SET_ITEMS];
	size_t count;
};

static void note_verdict(struct dry_item *item, const struct contact_answer *answer)
{
	const struct guard_verdict *verdict = &answer->verdict;
	size_t count = 0;

	item->guard = DRY_ALLOWED;
	if (answer->refusal != NULL) {
		item->guard = DRY_STOPPED;
		item->rules[0] = answer->refusal;
		return;
	}
	if (verdict->verdict == VERDICT_ALLOW)
		return;
	for (; count < verdict->rules_count && count < DRY_RULES_MAX; count++)
		item->rules[count] = verdict->rules[count];
	item->until_ms = verdict->verdict == VERDICT_DEFER ? verdict->until_ms : 0;
	item->guard = verdict->verdict == VERDICT_DEFER && verdict->until_ms < item->ends_ms ? DRY_LATER : DRY_STOPPED;
}

static void judge(const struct asking *asking, const struct workset *set, size_t place)
{
	struct contact_answer answer;

	if (!contactability_ask(&asking->questions[place], set, &answer))
		answer.refusal = refusal_code(REFUSAL_NOT_FOUND);
	note_verdict(asking->items[place], &answer);
}

static int ask_set(struct asking *asking, struct err *err)
{
	struct workset set;
	bool fits;

	arena_reset(&asking->arena);
	fits = workset_init(&set, &asking->arena, STATES_MAX);
	for (size_t place = 0; fits && place < asking->count; place++)
		fits = contactability_touch(&asking->questions[place], &set);
	if (!fits)
		return err_set(err, ERR_FATAL, "the facts of %d persons do not fit", SET_ITEMS);
	if (communications_load(&asking->store, asking->view->db, set.missing, set.missing_count, err) != 0)
		return -1;
	for (size_t place = 0; place < asking->count; place++)
		judge(asking, &set, place);
	asking->count = 0;
	wipe(asking->arena.block, asking->arena.used); /* names and addresses, which are loaded too */
	return 0;
}

static int add(struct asking *asking, struct dry_item *item, struct err *err)
{
	asking->items[asking->count] = item;
	asking->questions[asking->count++] =
		(struct contact_question){ .customer_id = item->customer_id,
					   .channel = item->channel,
					   .message_class = (enum message_class)item->step->message_class,
					   .at_ms = item->begins_ms,
					   .business_date = asking->view->today,
					   .debt_ids = asking->ids + item->debts_at,
					   .debt_ids_count = item->debts_count };
	return asking->count == SET_ITEMS ? ask_set(asking, err) : 0;
}

int dunning_ask_guard(const struct dunning_view *view, const uint8_t key[32], struct dry_item *items, size_t count,
		      const struct uuid *ids, struct err *err)
{
	static struct asking asking; /* large */
	int failed;

	asking = (struct asking){ .view = view, .ids = ids };
	failed = arena_init(&asking.arena, ARENA_SIZE, err);
	if (failed == 0)
		failed = communications_load_prepare(&asking.store, key, err);
	for (size_t index = 0; failed == 0 && index < count; index++) {
		if (items[index].kind == NEXT_STEP && items[index].action == ACTION_SEND)
			failed = add(&asking, &items[index], err);
	}
	if (failed == 0 && asking.count > 0)
		failed = ask_set(&asking, err);
	slot_loader_release(&asking.store.loader);
	zones_release(&asking.store.zones);
	wipe(asking.store.key, sizeof(asking.store.key));
	arena_release(&asking.arena);
	return failed;
}
