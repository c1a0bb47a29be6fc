#ifndef TESTS_FUZZ_LAW_H
#define TESTS_FUZZ_LAW_H

#include "consumers/communications/communications.h"

/* Rules that deny only; or those of every law, for a person in a country with one zone, or with several. */
void choose_law(struct person *person, bool is_law, bool is_wide);

#endif
