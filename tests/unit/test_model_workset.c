#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "model/workset.h"
#include "tests/unit/dies.h"

struct state {
	int64_t balance;
	char name[24];
};

static const struct entity debt = { .name = "debt", .state_size = sizeof(struct state) };
static const struct entity payment = { .name = "payment", .state_size = 1 };

static struct arena arena;
static struct workset set;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (arena_init(&arena, 1 << 20, &err) < 0)
		return -1;
	return workset_init(&set, &arena, 1000) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static struct uuid numbered(unsigned number)
{
	struct uuid id = { .bytes = { 1 } };

	id.bytes[14] = (uint8_t)(number >> 8);
	id.bytes[15] = (uint8_t)number;
	return id;
}

static struct slot *touch(const struct entity *entity, unsigned number)
{
	struct uuid id = numbered(number);

	return workset_touch(&set, entity, &id, STR(""));
}

static void test_workset__the_same_thing_is_the_same_slot(void **state)
{
	struct uuid id = numbered(7);
	struct slot *slot = touch(&debt, 7);

	(void)state;
	assert_non_null(slot);
	assert_ptr_equal(touch(&debt, 7), slot);
	assert_ptr_equal(workset_find(&set, &debt, &id), slot);
	assert_int_equal(set.slots_count, 1);
	assert_ptr_equal(set.slots[0], slot);
}

static void test_workset__entity_and_id_together_name_a_slot(void **state)
{
	struct slot *of_debt = touch(&debt, 7);
	struct slot *of_payment = touch(&payment, 7);

	(void)state;
	assert_ptr_not_equal(of_debt, of_payment);
	assert_ptr_not_equal(of_debt, touch(&debt, 8));
	assert_ptr_equal(touch(&payment, 7), of_payment);
	assert_ptr_equal(of_debt->entity, &debt);
	assert_int_equal(set.slots_count, 3);
}

static void test_workset__a_new_slot_is_empty_and_does_not_exist(void **state)
{
	static const struct state zero;
	struct uuid id = numbered(7);
	struct slot *slot = touch(&debt, 7);

	(void)state;
	assert_false(slot->loaded || slot->exists || slot->changed || slot->stored);
	assert_memory_equal(slot->state, &zero, sizeof(zero));
	assert_null(workset_state(&set, &debt, &id));
	assert_true(uuid_equal(&slot->id, &id));
}

/* Behind zeroed_size stands what the batch before left there; the next state begins behind all of it. */
static void test_workset__a_list_is_not_zeroed_but_its_count_is(void **state)
{
	static const struct entity list = { .name = "list", .state_size = 1024, .zeroed_size = 8 };
	static const char zeros[1024];
	size_t mark = arena_mark(&arena);
	char *before = arena_take_bytes(&arena, 16384);
	struct slot *slot;
	struct slot *next;

	(void)state;
	memset(before, 0xAA, 16384);
	arena_rewind(&arena, mark);
	slot = touch(&list, 1);
	assert_memory_equal(slot->state, zeros, 8);
	memset(slot->state, 0xBB, 1024);
	next = touch(&debt, 2);
	assert_memory_equal(next->state, zeros, sizeof(struct state));
	memset(next->state, 0xCC, sizeof(struct state));
	assert_int_equal(((const unsigned char *)slot->state)[1023], 0xBB);
}

static void test_workset__a_natural_key_keeps_its_text(void **state)
{
	struct uuid id = numbered(7);
	struct slot *slot = workset_touch(&set, &debt, &id, STR("creditor/4711"));

	(void)state;
	assert_true(str_is(slot->text, "creditor/4711"));
	assert_ptr_equal(workset_touch(&set, &debt, &id, STR("creditor/4711")), slot);
}

static void test_workset__a_change_makes_the_state_exist(void **state)
{
	struct uuid id = numbered(7);
	struct slot *slot = touch(&debt, 7);
	struct state *changed;

	(void)state;
	slot->loaded = true;
	changed = workset_change(&set, &debt, &id);
	changed->balance = 12;
	assert_true(slot->exists);
	assert_true(slot->changed);
	assert_false(slot->stored);
	assert_ptr_equal(workset_state(&set, &debt, &id), changed);
	assert_ptr_equal(workset_changed(&set, &debt, &id), slot);
	assert_int_equal(((const struct state *)workset_state(&set, &debt, &id))->balance, 12);
}

/* A command may touch any number of states: only the arena bounds a batch. */
static void test_workset__more_slots_than_expected_are_found_all_the_same(void **state)
{
	struct workset small;
	const unsigned count = 500;

	(void)state;
	assert_true(workset_init(&small, &arena, 2));
	for (unsigned i = 0; i < count; i++) {
		struct uuid id = numbered(i);

		assert_non_null(workset_touch(&small, &debt, &id, STR("")));
	}
	assert_false(small.overflow);
	assert_int_equal(small.slots_count, count);
	assert_int_equal(small.missing_count, count);
	for (unsigned i = 0; i < count; i++) {
		struct uuid id = numbered(i);

		assert_ptr_equal(workset_find(&small, &debt, &id), small.slots[i]);
		assert_ptr_equal(small.missing[i], small.slots[i]);
		assert_true(uuid_equal(&small.slots[i]->id, &id));
	}
}

static void assert_all_are_found(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct uuid id = numbered(i);

		assert_ptr_equal(workset_find(&set, &debt, &id), set.slots[2 * i]);
		assert_ptr_equal(workset_find(&set, &payment, &id), set.slots[2 * i + 1]);
	}
	assert_null(workset_find(&set, &debt, &(struct uuid){ .bytes = { 2 } }));
}

/* Whatever is near, more than are tried, another's, or none: only the way there differs. */
static void test_workset__what_is_near_is_found_as_all_else_is(void **state)
{
	static const size_t near[][2] = { { 0, 0 }, { 0, 1 }, { 6, 4 }, { 39, 1 }, { 0, 40 }, { 40, 0 } };

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		touch(&debt, i);
		touch(&payment, i);
	}
	for (size_t i = 0; i < COUNT(near); i++) {
		workset_set_near(&set, near[i][0], near[i][1]);
		assert_all_are_found(20);
	}
	workset_set_near(&set, 6, 4);
	for (unsigned i = 20; i < 1100; i++) { /* the tables move */
		touch(&debt, i);
		touch(&payment, i);
	}
	assert_all_are_found(1100);
}

static void test_workset__a_full_arena_is_an_overflow(void **state)
{
	struct uuid id = numbered(7);
	size_t mark;

	(void)state;
	while (arena_take_bytes(&arena, 128) != NULL)
		;
	mark = arena_mark(&arena);
	assert_null(touch(&debt, 7)); // the slot may fit, slot and state do not
	assert_true(set.overflow);
	assert_int_equal(set.slots_count, 0);
	assert_null(workset_find(&set, &debt, &id));
	assert_int_equal(arena_mark(&arena), mark);
}

static void test_workset__needs_room_for_its_tables(void **state)
{
	struct workset large;

	(void)state;
	assert_false(workset_init(&large, &arena, 1 << 20));
}

static void test_workset__ids_that_differ_in_their_last_bytes_are_spread(void **state)
{
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(touch(&debt, i));
	for (size_t i = 0; i <= set.buckets_mask; i++)
		used += set.buckets[i] != NULL;
	/* Thrown at random into 1024 buckets, 1000 leave about 380 empty. */
	assert_true(used > 500);
}

static void be_near_what_is_not_there(void)
{
	workset_set_near(&set, set.slots_count, 1);
}

static void find_untouched(void)
{
	struct uuid id = numbered(1);

	(void)workset_state(&set, &debt, &id);
}

static void change_untouched(void)
{
	struct uuid id = numbered(1);

	(void)workset_change(&set, &debt, &id);
}

static void change_unloaded(void)
{
	struct uuid id = numbered(2);

	(void)touch(&debt, 2);
	(void)workset_change(&set, &debt, &id);
}

static void touch_with_other_text(void)
{
	struct uuid id = numbered(3);

	(void)workset_touch(&set, &debt, &id, STR("a"));
	(void)workset_touch(&set, &debt, &id, STR("b"));
}

static void find_unchanged(void)
{
	struct uuid id = numbered(4);

	touch(&debt, 4)->loaded = true;
	(void)workset_changed(&set, &debt, &id);
}

static void test_workset__what_was_not_touched_or_loaded_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(be_near_what_is_not_there));
	assert_true(dies(find_untouched));
	assert_true(dies(change_untouched));
	assert_true(dies(change_unloaded));
	assert_true(dies(touch_with_other_text));
	assert_true(dies(find_unchanged));
}

static void test_workset__what_is_new_is_assumed_only_when_told_so(void **state)
{
	struct uuid id = numbered(7);
	struct slot *slot = workset_touch_new(&set, &debt, &id, STR(""));

	(void)state;
	assert_false(slot->loaded);
	assert_int_equal(set.missing_count, 1);
	set.assumes_new = true;
	id = numbered(8);
	slot = workset_touch_new(&set, &debt, &id, STR(""));
	assert_true(slot->loaded);
	assert_false(slot->exists);
	assert_int_equal(set.missing_count, 1);
}

static void test_workset__touched_both_ways_is_loaded(void **state)
{
	struct uuid id = numbered(7);

	(void)state;
	set.assumes_new = true;
	workset_touch_new(&set, &debt, &id, STR(""));
	assert_int_equal(set.missing_count, 0);
	assert_false(touch(&debt, 7)->loaded);
	assert_int_equal(set.missing_count, 1);
	workset_touch_new(&set, &debt, &id, STR(""));
	touch(&debt, 7);
	assert_int_equal(set.missing_count, 1);
}

static void test_workset__what_was_written_needs_no_look(void **state)
{
	struct uuid id = numbered(7);

	(void)state;
	set.assumes_new = true;
	workset_touch_new(&set, &debt, &id, STR(""));
	workset_change(&set, &debt, &id);
	set.assumes_new = false;
	workset_touch_new(&set, &debt, &id, STR(""));
	assert_int_equal(set.missing_count, 0);
}

static void test_workset__what_matters_only_to_its_creation_is_not_looked_up_for_less(void **state)
{
	struct uuid id = numbered(7);

	(void)state;
	set.assumes_new = true;
	workset_touch_to_create(&set, &debt, &id, STR(""));
	set.assumes_new = false; /* for decisions that have written nothing */
	assert_true(workset_touch_to_create(&set, &debt, &id, STR(""))->loaded);
	assert_int_equal(set.missing_count, 0);
	id = numbered(8);
	assert_false(workset_touch_to_create(&set, &debt, &id, STR(""))->loaded); /* with care, all is */
	assert_int_equal(set.missing_count, 1);
	assert_false(touch(&debt, 7)->loaded); /* touched both ways */
	assert_int_equal(set.missing_count, 2);
}

static void test_workset__a_fold_makes_states_as_they_are_changed(void **state)
{
	struct uuid id = numbered(7);

	(void)state;
	set.folds = true;
	assert_non_null(workset_change(&set, &debt, &id));
	assert_int_equal(set.missing_count, 0);
	assert_ptr_equal(workset_change(&set, &debt, &id), workset_state(&set, &debt, &id));
	assert_int_equal(set.slots_count, 1);
}

/* What a command that waits would hold: nothing is asked for, what has no order is left out. */
static void test_workset__a_list_names_ordered_states_and_asks_for_nothing(void **state)
{
	static const struct entity ordered = { .name = "ordered", .state_size = 8, .is_ordered = true };
	struct touched touched[2];
	struct touch_list list = { .touched = touched, .max = 2 };

	(void)state;
	set.list = &list;
	assert_null(touch(&debt, 7));
	assert_null(touch(&ordered, 1));
	assert_null(touch(&ordered, 2));
	assert_int_equal(list.count, 2);
	assert_ptr_equal(touched[1].entity, &ordered);
	assert_int_equal(touched[1].id.bytes[15], 2);
	assert_false(list.is_cut);
	assert_null(touch(&ordered, 3));
	assert_true(list.is_cut);
	set.list = NULL;
	assert_int_equal(set.slots_count + set.missing_count, 0);
	assert_false(set.overflow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_workset__the_same_thing_is_the_same_slot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__entity_and_id_together_name_a_slot, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_new_slot_is_empty_and_does_not_exist, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_list_is_not_zeroed_but_its_count_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_natural_key_keeps_its_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_change_makes_the_state_exist, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__more_slots_than_expected_are_found_all_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__what_is_near_is_found_as_all_else_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_full_arena_is_an_overflow, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__needs_room_for_its_tables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__ids_that_differ_in_their_last_bytes_are_spread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__what_was_not_touched_or_loaded_is_a_bug, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__what_is_new_is_assumed_only_when_told_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__touched_both_ways_is_loaded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__what_was_written_needs_no_look, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__what_matters_only_to_its_creation_is_not_looked_up_for_less, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_fold_makes_states_as_they_are_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_workset__a_list_names_ordered_states_and_asks_for_nothing, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
