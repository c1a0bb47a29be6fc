/* Many things: see list_query.h. */

#include "base/must.h"
#include "producers/api/reads_inside.h"

void reads_answer_list(struct reads *reads, struct call *call, const struct resource *resource, const struct uuid *parent_id)
{
	(void)reads;
	(void)call;
	(void)resource;
	(void)parent_id;
	MUST_NOT_REACH("lists come with the next commit");
}
