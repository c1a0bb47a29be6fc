#ifndef MODEL_WORKSET_H
#define MODEL_WORKSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * The states that a batch of commands works on: each aggregate once, loaded together, changed in memory by evolve, saved
 * together.
 *
 *   touch   every command names the states that it needs (workset_touch)
 *   load    the module's store fills all slots that are not loaded yet, in one query per entity
 *   decide  reads slots; evolve changes them in offset order and marks them changed
 *   save    the store writes the changed ones
 *
 * A state is a flat struct without pointers, zeroed when it does not exist (but zeroed_size): the simulation keeps it as bytes. Slots, states and
 * keys live in the batch's arena. A natural key (creditor + reference) is an entity too: its slot's id is a hash of the text
 * (crypto/hash.h), its `text` the key itself.
 */
struct entity {
	const char *name; /* "debt"; unique in its module */
	size_t state_size;
	/* 0: the whole state is zeroed when it does not exist. Otherwise so much: what stands behind are the items of a list, each
	 * of which is written as a whole before the list's count has it. */
	size_t zeroed_size;
	/* True: commands of one customer that touch the same state take effect in offset order, even when the first is parked.
	 * False: commands only read the state (another module's view), or may change it in any order. */
	bool is_ordered;
};

struct slot {
	const struct entity *entity;
	struct uuid id;
	struct str text;                    /* natural key as given to workset_touch; empty otherwise; borrows */
	bool loaded;                        /* the store has read it, or it is assumed new */
	bool assumed;                       /* assumed new; with `loaded`: it was not looked up. A later load sets it to false */
	bool exists;                        /* a row exists, or evolve has created the state */
	bool changed;                       /* evolve has written `state` */
	bool stored;                        /* a row existed when it was loaded: save is an update, not an insert */
	bool cached;                        /* the engine had it in memory: it was not loaded, and has no locator */
	uint64_t locator;                   /* for the store: the row's location when it was loaded */
	int64_t changed_at_ms, changed_seq; /* for the store: of the batch's last event about it (slots_note_events) */
	void *state;                        /* entity->state_size bytes */
	struct slot *next_in_bucket;
};

/* The ordered states that a command names. */
struct touched {
	const struct entity *entity;
	struct uuid id;
};
struct touch_list {
	struct touched *touched;
	size_t count, max;
	bool is_cut; /* there are more */
};

struct workset {
	struct arena *arena; /* borrows */
	struct slot **slots; /* all, in the order touched */
	size_t slots_count;
	size_t slots_max;      /* for now: it doubles as long as the arena has room */
	struct slot **missing; /* touched and not loaded: the slots of the next `load`; the caller then empties the list */
	size_t missing_count;
	struct slot **buckets;
	size_t buckets_mask;
	size_t near_first, near_count; /* see workset_set_near */
	bool assumes_new;              /* see workset_touch_new; false at first */
	bool folds;                    /* for folding a whole log: the first event about a state creates it, without a touch */
	struct touch_list *list;       /* not NULL: touches are only listed here, and load nothing */
	bool overflow;                 /* a touch did not fit: the batch is too large, the caller halves it */
};

/* Room for slots_max slots from the arena, and for more when they come; false when the arena is too small. */
MUST_CHECK bool workset_init(struct workset *set, struct arena *arena, size_t slots_max);

/* Requests a state; the same (entity, id) gives the same slot. NULL (and overflow set) when full. */
struct slot *workset_touch(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text);

/*
 * The same for a state that the command creates if it is accepted: the id or the natural key is expected to be free. With
 * `assumes_new` it is assumed to be free, without a look-up. If that is wrong, the insert violates a unique index, and the batch
 * is repeated without the assumption. If nothing is saved (the command is refused), the touch is repeated without the assumption,
 * and the assumed slots are missing again. A state touched both ways is loaded.
 */
struct slot *workset_touch_new(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text);

/*
 * The same for a state of which nothing depends but its own creation: a decision that does not create it would be the same if it
 * existed. So one that writes nothing does not rest on the assumption, and it is not looked up for that.
 */
struct slot *workset_touch_to_create(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text);

/*
 * Look-ups try these places of `slots` first: those of the command at hand. What they find is the same, only sooner: the buckets of
 * thousands of commands do not fit into the processor's caches. Of many slots the first few are tried.
 */
void workset_set_near(struct workset *set, size_t first, size_t count);

/* The slot of a state that was touched and loaded; NULL when it was never touched. */
struct slot *workset_find(const struct workset *set, const struct entity *entity, const struct uuid *id);

/* The state if it exists, otherwise NULL: for rules. It must have been touched. */
const void *workset_state(const struct workset *set, const struct entity *entity, const struct uuid *id);

/*
 * For evolve: the state to write, marked changed and existing. It must have been touched and loaded: a write to an unread state
 * would overwrite the row.
 */
void *workset_change(struct workset *set, const struct entity *entity, const struct uuid *id);

/*
 * For stores: the slot of a state that a rule has changed. After the rules have run, the states of a batch belong to the store,
 * which writes its own fields in them.
 */
struct slot *workset_changed(const struct workset *set, const struct entity *entity, const struct uuid *id);

#endif
