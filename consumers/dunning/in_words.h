#ifndef CONSUMERS_DUNNING_IN_WORDS_H
#define CONSUMERS_DUNNING_IN_WORDS_H

#include "base/buf.h"
#include "consumers/dunning/policy.h"

/* What the codes of dunning mean, for people: parts of sentences, without a full stop. Pure. */

/* Why a step waits: "the person has opted out of every channel of the step". "" of none. */
const char *wait_in_words(enum dunning_wait wait);

/* What a person does for a step that is a task: "a person calls". NULL: a message, or none. */
const char *task_in_words(enum dunning_action action);
const char *trace_in_words(void); /* of the task that is no step */

/* When a step is due: "10 days past due". */
void trigger_in_words(struct buf *text, const struct policy_step *step);

/* "1 day", "2 days". */
void count_in_words(struct buf *text, int64_t count, const char *noun);

#endif
