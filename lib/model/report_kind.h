#ifndef MODEL_REPORT_KIND_H
#define MODEL_REPORT_KIND_H

#include <stdbool.h>

#include "base/str.h"

/* The filters of a report of each kind: the reports module refuses all others, and reporting queries its tables by them. */
struct report_about {
	bool by_day;      /* of a range of days; otherwise of one moment */
	bool by_creditor; /* its rows have a creditor and a currency; otherwise a channel */
};

const struct report_about *report_about(struct str name); /* NULL: not a kind of schemas/words.json */

#endif
