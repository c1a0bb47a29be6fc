#ifndef SIM_DUNNING_BOOK_H
#define SIM_DUNNING_BOOK_H

#include "consumers/dunning/dunning.h"
#include "model/message.h"

/*
 * An independent model of what dunning knows (consumers/dunning/README.md): the facts of persons and debts as other modules' events say
 * them, in the order in which they were read, and the steps that were asked for. It is told everything; it reads nothing.
 */
#define BOOK_PERSONS_MAX  16
#define BOOK_DEBTS_MAX    64
#define BOOK_GROUPS_MAX   64
#define BOOK_STEPS_MAX    1024
#define BOOK_EXPECTED_MAX 34
#define BOOK_STOPS_MAX    64

struct book_person {
	struct uuid id;
	bool is_created, is_erased;
	int32_t points[CHANNEL_COUNT];
	uint32_t opted_out;   /* bits by channel */
	int32_t points_added; /* how often there was one more */
	int32_t inbound_on;
	struct uuid trace_id; /* the open task to trace the person; nil: none */
};

/* A circumstance that stops dunning; debt_id nil: of the person. */
struct book_stop {
	struct uuid id, customer_id, debt_id;
	bool is_open;
};

struct book_debt {
	struct uuid id, customer_id, creditor_id;
	char currency[4];
	int64_t balance_minor, credit_minor;
	int32_t due_on;
	int32_t reversals, breaks; /* how many so far; breaks: promises that were broken by time */
	bool is_cancelled, is_promised, is_arranged;
	char policy[POLICY_NAME_MAX + 1];
	int32_t level, level_on;
};

struct book_step {
	struct uuid id, group_id, customer_id;
	char policy[POLICY_NAME_MAX + 1];
	int32_t number, due_for;
	enum channel channel;
	bool is_message, is_demand;
	enum step_state state;
	int32_t taken_on;
	int64_t withdrawn_seq; /* of the module's log; 0: it was not withdrawn */
	int32_t withdrawn_on;
	size_t debts_count;
	struct uuid debt_ids[STEP_DEBTS_MAX];
};

struct book_group {
	struct uuid id;
	int32_t asks;
	int32_t events[DUNNING_CAUSE_COUNT]; /* so many had come when a step for that was asked for last */
	size_t under_way;                    /* one more than the place of the step; 0: none */
};

/* A row that must follow the event that was taken last. */
struct book_expected {
	const struct message_type *type;
	struct uuid id;
};

struct dunning_book {
	const struct policies *policies; /* NULL: none are in force */
	struct book_person persons[BOOK_PERSONS_MAX];
	size_t persons_count;
	struct book_debt debts[BOOK_DEBTS_MAX];
	size_t debts_count;
	struct book_group groups[BOOK_GROUPS_MAX];
	size_t groups_count;
	struct book_step steps[BOOK_STEPS_MAX];
	size_t steps_count;
	struct book_stop stops[BOOK_STOPS_MAX];
	size_t stops_count;
	struct uuid unsent_id; /* the step whose message the last such event has ended: nothing is left to cancel */
	struct book_expected expected[BOOK_EXPECTED_MAX];
	size_t expected_count;
	char wrong[160];
};

struct dunning_book *book_open(const struct policies *policies);
void book_close(struct dunning_book *book);

/* An event of another module, read on that business date. Sets what must follow. */
void book_take_event(struct dunning_book *book, const struct message_type *type, const void *body, int32_t today);

/* Whether the step must not be under way: its person, or a debt that it lists, is stopped. */
bool book_is_stopped(const struct dunning_book *book, const struct book_step *step);

/* An event of dunning's own, at that place of its log. What is wrong with it; NULL: nothing. */
const char *book_take_own(struct dunning_book *book, const struct message_type *type, const void *body, int64_t seq);

#endif
