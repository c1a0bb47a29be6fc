#include "model/report_kind.h"

#include <stddef.h>

#include "base/array.h"
#include "schemas/words.h"

static const struct report_about kinds[] = {
	[REPORT_KIND_AGEING] = { .by_creditor = true },
	[REPORT_KIND_COLLECTIONS] = { .by_day = true, .by_creditor = true },
	[REPORT_KIND_COMMUNICATIONS] = { .by_day = true },
};
_Static_assert(COUNT(kinds) == REPORT_KIND_COUNT, "every kind is about something");

const struct report_about *report_about(struct str name)
{
	enum report_kind kind = report_kind_by_name(name);

	return kind == REPORT_KIND_NONE ? NULL : &kinds[kind];
}
