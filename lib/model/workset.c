#include "model/workset.h"

#include "base/must.h"

#define NEAR_MAX 8

bool workset_init(struct workset *set, struct arena *arena, size_t slots_max)
{
	size_t buckets_count = 16;

	MUST(slots_max > 0);
	MUST(slots_max < SIZE_MAX / 8);
	while (buckets_count < slots_max)
		buckets_count *= 2;
	*set = (struct workset){ .arena = arena, .slots_max = slots_max, .buckets_mask = buckets_count - 1 };
	set->slots = arena_take(arena, slots_max, sizeof(struct slot *));
	set->missing = arena_take(arena, slots_max, sizeof(struct slot *));
	set->buckets = arena_take(arena, buckets_count, sizeof(struct slot *));
	return set->slots != NULL && set->missing != NULL && set->buckets != NULL;
}

static struct slot **bucket_of(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	uint64_t hash = (uuid_hash(id) ^ (uint64_t)(uintptr_t)entity) * UINT64_C(0x9E3779B97F4A7C15);

	return &set->buckets[(hash >> 32) & set->buckets_mask];
}

void workset_set_near(struct workset *set, size_t first, size_t count)
{
	MUST(first <= set->slots_count);
	MUST(count <= set->slots_count - first);
	set->near_first = first;
	set->near_count = count < NEAR_MAX ? count : NEAR_MAX;
}

static bool is_of(const struct slot *slot, const struct entity *entity, const struct uuid *id)
{
	return slot->entity == entity && uuid_equal(&slot->id, id);
}

struct slot *workset_find(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	struct slot *slot;

	for (size_t i = 0; i < set->near_count; i++) {
		slot = set->slots[set->near_first + i];
		if (is_of(slot, entity, id))
			return slot;
	}
	slot = *bucket_of(set, entity, id);
	while (slot != NULL && !is_of(slot, entity, id))
		slot = slot->next_in_bucket;
	return slot;
}

/* Larger tables; the old ones stay in the arena until it is reset. False: the arena is full, and the set is as it was. */
static bool grow(struct workset *set)
{
	size_t mark = arena_mark(set->arena);
	struct workset larger;

	if (!workset_init(&larger, set->arena, 2 * set->slots_max)) {
		arena_rewind(set->arena, mark);
		return false;
	}
	memcpy(larger.slots, set->slots, set->slots_count * sizeof(larger.slots[0]));
	memcpy(larger.missing, set->missing, set->missing_count * sizeof(larger.missing[0]));
	set->slots_max = larger.slots_max;
	set->slots = larger.slots;
	set->missing = larger.missing;
	set->buckets = larger.buckets;
	set->buckets_mask = larger.buckets_mask;
	for (size_t i = 0; i < set->slots_count; i++) {
		struct slot **bucket = bucket_of(set, set->slots[i]->entity, &set->slots[i]->id);

		set->slots[i]->next_in_bucket = *bucket;
		*bucket = set->slots[i];
	}
	return true;
}

/* NULL: the arena is full. */
static void *take_state(struct arena *arena, const struct entity *entity)
{
	size_t zeroed_size = entity->zeroed_size == 0 ? entity->state_size : entity->zeroed_size;
	char *state = arena_take(arena, 1, zeroed_size);
	char *items = arena_take_bytes(arena, entity->state_size - zeroed_size);

	if (state == NULL || items == NULL)
		return NULL;
	MUST(items == state + zeroed_size);
	return state;
}

static struct slot *add(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text)
{
	size_t mark = arena_mark(set->arena);
	struct slot **bucket = bucket_of(set, entity, id);
	struct slot *slot = arena_take(set->arena, 1, sizeof(*slot));
	void *state = take_state(set->arena, entity);

	if (slot == NULL || state == NULL) {
		arena_rewind(set->arena, mark);
		return NULL;
	}
	*slot = (struct slot){ .entity = entity, .id = *id, .text = text, .state = state, .next_in_bucket = *bucket };
	*bucket = slot;
	set->slots[set->slots_count++] = slot;
	return slot;
}

static void want(struct workset *set, struct slot *slot)
{
	MUST(set->missing_count < set->slots_max);
	slot->loaded = false;
	set->missing[set->missing_count++] = slot;
}

static void list(struct touch_list *list, const struct entity *entity, const struct uuid *id)
{
	if (!entity->is_ordered)
		return;
	if (list->count < list->max)
		list->touched[list->count++] = (struct touched){ entity, *id };
	else
		list->is_cut = true;
}

static struct slot *touch(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text,
			  bool may_assume)
{
	struct slot *slot = workset_find(set, entity, id);
	bool is_first = slot == NULL;

	if (set->list != NULL) {
		list(set->list, entity, id);
		return slot;
	}
	if (is_first && (set->slots_count < set->slots_max || grow(set)))
		slot = add(set, entity, id, text);
	if (slot == NULL) {
		set->overflow = true;
		return NULL;
	}
	MUST(str_equal(slot->text, text));
	if (is_first && may_assume)
		slot->loaded = slot->assumed = true;
	else if (is_first || (slot->assumed && slot->loaded && !may_assume && !slot->changed))
		want(set, slot);
	return slot;
}

struct slot *workset_touch(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text)
{
	return touch(set, entity, id, text, false);
}

struct slot *workset_touch_new(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text)
{
	return touch(set, entity, id, text, set->assumes_new);
}

struct slot *workset_touch_to_create(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text)
{
	return touch(set, entity, id, text, set->assumes_new || workset_find(set, entity, id) != NULL);
}

const void *workset_state(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	const struct slot *slot = workset_find(set, entity, id);

	MUST(slot != NULL);
	return slot->exists ? slot->state : NULL;
}

void *workset_change(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	struct slot *slot = workset_find(set, entity, id);

	if (slot == NULL && set->folds && set->slots_count < set->slots_max) {
		slot = add(set, entity, id, (struct str){ 0 });
		MUST(slot != NULL);
		slot->loaded = true;
	}
	MUST(slot != NULL);
	MUST(slot->loaded);
	slot->exists = true;
	slot->changed = true;
	return slot->state;
}

struct slot *workset_changed(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	struct slot *slot = workset_find(set, entity, id);

	MUST(slot != NULL);
	MUST(slot->changed);
	return slot;
}
