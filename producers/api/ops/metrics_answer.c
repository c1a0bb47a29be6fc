/* GET /metrics. */

#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/server.h"
#include "producers/api/ops/metrics.h"
#include "producers/api/ops/ops.h"
#include "producers/api/ops/version.h"

#define TEXT_SIZE_MAX ((size_t)4 << 20)
#define CONTENT_TYPE  "text/plain; version=0.0.4; charset=utf-8"

void api_answered(struct api *api, const struct route *route, int status, int64_t spent_us)
{
	metrics_count(api->metrics, route, status, spent_us);
}

static void write_gauge(struct buf *buf, const char *name, const char *help, size_t number)
{
	metrics_write_head(buf, name, "gauge", help);
	buf_add_format(buf, "%s %zu\n", name, number);
}

static void write_parts(const struct api *api, struct buf *buf)
{
	metrics_write_head(buf, "dcs_api_part_ready", "gauge", "Whether what the gateway needs is there, as /readyz says.");
	for (size_t i = 0; i < api->parts_count; i++) {
		const struct part *part = &api->parts[i];

		buf_add_format(buf, "dcs_api_part_ready{part=\"%s\"} %d\n", part->name,
			       part->is_ready == NULL || part->is_ready(part->self));
	}
	metrics_write_head(buf, "dcs_api_part_waiting", "gauge", "What is under way in a part: commands, questions, jobs.");
	for (size_t i = 0; i < api->parts_count; i++) {
		const struct part *part = &api->parts[i];

		if (part->waiting != NULL)
			buf_add_format(buf, "dcs_api_part_waiting{part=\"%s\"} %zu\n", part->name, part->waiting(part->self));
	}
}

/* From this machine, and not forwarded by a proxy. */
static bool is_local(const struct call *call)
{
	char text[64];
	struct str address = str_of(call_peer_address(call, text));

	if (call_header(call, HEADER_X_FORWARDED_FOR).size > 0)
		return false;
	return str_is(address, "::1") || str_is(str_prefix(address, 4), "127.");
}

void tell_metrics(struct api *api, struct call *call)
{
	struct buf buf;

	if (!api->metrics_for_all && !is_local(call)) {
		call_refuse(call, 403, "not_authorised", "from this machine only; see the setting api.metrics");
		return;
	}
	buf_init(&buf, TEXT_SIZE_MAX);
	metrics_write_head(&buf, "dcs_build_info", "gauge", "Which program this is.");
	buf_add_format(&buf, "dcs_build_info{version=\"%s\",commit=\"%s\"} 1\n", program_version, program_commit);
	write_gauge(&buf, "dcs_api_connections", "Connections that are open.", server_connections(api->server));
	write_gauge(&buf, "dcs_api_requests_waiting", "Requests without an answer yet.", server_open_calls(api->server));
	write_parts(api, &buf);
	metrics_write_requests(api->metrics, &buf);
	metrics_write_process(&buf);
	MUST(!buf.overflow);
	call_answer(call, 200, CONTENT_TYPE, buf_str(&buf));
	buf_release(&buf);
}
