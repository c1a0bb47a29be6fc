/* The identity and the health of the gateway. */

#include "base/must.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/ops/ops.h"
#include "producers/api/ops/version.h"

void tell_root(struct api *api, struct call *call)
{
	struct buf answer;

	(void)api;
	buf_init(&answer, 1024);
	buf_add_format(
		&answer,
		"{\"name\":\"dcs\",\"description\":\"Debt Collection System\",\"version\":\"%s\",\"links\":{\"document\":"
		"\"/openapi.json\",\"page\":\"/docs\",\"health\":\"/readyz\",\"metrics\":\"/metrics\",\"login\":\"/auth/login\","
		"\"schemas\":\"/subjects\"}}\n",
		program_version);
	call_answer(call, 200, CALL_JSON, buf_str(&answer));
	buf_release(&answer);
}

void tell_live(struct api *api, struct call *call)
{
	(void)api;
	call_answer(call, 200, CALL_JSON, STR("{\"status\":\"ok\"}\n"));
}

void tell_ready(struct api *api, struct call *call)
{
	bool is_ready = !api->is_ending;
	struct buf buf;

	buf_init(&buf, 1024);
	for (size_t i = 0; i < api->parts_count; i++) {
		const struct part *part = &api->parts[i];
		bool is_ok = part->is_ready == NULL || part->is_ready(part->self);

		buf_add_format(&buf, "%s\"%s\":\"%s\"", i > 0 ? "," : "", part->name, is_ok ? "ok" : "away");
		is_ready = is_ready && is_ok;
	}
	struct buf answer;

	buf_init(&answer, 2048);
	buf_add_format(&answer, "{\"status\":\"%s\",\"checks\":{", is_ready ? "ok" : api->is_ending ? "ending" : "waiting");
	buf_add_str(&answer, buf_str(&buf));
	buf_add_text(&answer, "}}\n");
	call_answer(call, is_ready ? 200 : 503, CALL_JSON, buf_str(&answer));
	buf_release(&answer);
	buf_release(&buf);
}
