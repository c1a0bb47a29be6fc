#ifndef CONSUMERS_COMMUNICATIONS_TEMPLATE_CHECK_H
#define CONSUMERS_COMMUNICATIONS_TEMPLATE_CHECK_H

#include "base/str.h"
#include "consumers/communications/communications.h"
#include "model/refusal.h"

/*
 * What the texts of a template must have before it is published. PublishTemplate is refused with the first fault, a preview lists
 * all of them. Pure.
 */
struct template_text_fault {
	const char *field; /* of PublishTemplate */
	enum refusal code;
	const char *text; /* for people */
};

struct template_draft {
	enum channel channel;
	struct str language, subject, body;
};

/* The next fault behind *at, which begins with 0; NULL: no further one. */
const struct template_text_fault *template_next_fault(const struct template_draft *draft, size_t *at);

#endif
