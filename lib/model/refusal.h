#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

#include "schemas/words.h"

/*
 * The refusal codes are the word list `refusal`: stable, and published in CommandRejected.code. A rule checks in the order of the
 * list (consumers/DOMAIN.md 3); schemas/README.md has their meaning for the sender.
 */

/* "bad_amount"; "none" is no refusal, and never published. */
static inline const char *refusal_code(enum refusal refusal)
{
	return refusal == REFUSAL_NONE ? "none" : refusal_name(refusal);
}

#endif
