#ifndef CONSUMERS_COMMUNICATIONS_PROVIDER_H
#define CONSUMERS_COMMUNICATIONS_PROVIDER_H

#include "base/str.h"
#include "consumers/communications/guard/guard.h"

/*
 * Whose domain an e-mail address has (US-03, US-12): PROVIDER_PUBLIC if it is one that gives addresses to anybody, otherwise
 * unknown. A domain that is not listed may be an employer's, and is never taken for the person's own. Pure.
 */
enum guard_provider provider_of(struct str address);

#endif
