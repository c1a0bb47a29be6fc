#include "http/verdict.h"

/*
 * A final status line is an answer, even when the body behind it broke off; 1xx is none. Nothing before the request began can
 * have been answered by the gateway itself (it may have been a proxy), so it does not count.
 */
static bool http_is_answer(const struct facts *facts)
{
	return facts->began && facts->status >= 200;
}

/*
 * SMTP answers every command. After a failure the last reply is the one that made it fail when it is 4xx or 5xx; 2xx and 3xx are
 * replies to something earlier (354: go on with the message), so nothing is known of what followed. A refusal before the log-in
 * is done ("421 too busy", "535 wrong password") is not about this message.
 */
static bool mail_is_answer(const struct facts *facts)
{
	if (facts->succeeded)
		return facts->status >= 200 && facts->status < 300;
	return facts->is_connected && facts->status >= 400;
}

enum http_outcome verdict_of(const struct facts *facts, int *ret_status)
{
	bool is_answer = facts->protocol == FACTS_HTTP ? http_is_answer(facts) : mail_is_answer(facts);

	*ret_status = is_answer ? facts->status : 0;
	if (is_answer)
		return HTTP_ANSWERED;
	return facts->began ? HTTP_AMBIGUOUS : HTTP_NOT_SENT;
}
