#ifndef MODEL_REPORT_KIND_H
#define MODEL_REPORT_KIND_H

#include <stdbool.h>

#include "base/str.h"

/* What a report of each kind can be about: the reports module refuses the rest, and reporting asks its tables with it. */
struct report_about {
	bool by_day;      /* of a range of days; otherwise of one moment */
	bool by_creditor; /* its rows have a creditor and a currency; otherwise a channel */
};

const struct report_about *report_about(struct str name); /* NULL: not a kind of schemas/words.json */

#endif
