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
	size_t line;      /* of the field's text; 0: the whole of it */
};

struct template_draft {
	enum channel channel;
	enum message_class message_class;
	struct str language, subject, body;
	struct str html;                     /* empty: none */
	const struct collection *collection; /* for whom the stack collects; NULL: unknown */
};

/* The next fault behind *at, which begins with 0. False: no further one. */
bool template_next_fault(const struct template_draft *draft, size_t *at, struct template_text_fault *ret_fault);

#endif
