#ifndef TESTS_FUZZ_TALLY_H
#define TESTS_FUZZ_TALLY_H

#include "model/message.h"
#include "model/refusal.h"

/*
 * What became of the records, so that it can be seen whether the fuzzer reaches the rules: for each command how often it was
 * applied, waited, was refused with each code; how often a record became a dead letter with each code. Written at the end to the
 * file that FUZZ_TALLY names, a line each: the command, what, how often. A zero stands for what may come and did not.
 */
void tally_begin(void);
void tally_applied(const struct message_type *type);
void tally_waits(const struct message_type *type);
void tally_refused(const struct message_type *type, const char *code);
void tally_dead(const char *code);

#endif
