#ifndef CONSUMERS_DUNNING_READY_H
#define CONSUMERS_DUNNING_READY_H

#include <stddef.h>

#include "base/str.h"

/*
 * Ready-made policies and the texts of the templates that they name (policies/), made into C by ready.py. None is in force until it is
 * published. Each is JSON, a body as the gateway takes it: POST /dunning/policies, POST /templates.
 */
enum ready_kind {
	READY_POLICY,
	READY_TEXT,
	READY_UNDISCLOSED_TEXT, /* the same text without {{disclosure}}: for debts that are not collected under US law for others */
};

struct ready_made {
	const char *name; /* of the policy; of the template, which has a text for each channel and language */
	enum ready_kind kind;
	struct str body;
};
extern const struct ready_made ready_made[];
extern const size_t ready_made_count;

#endif
