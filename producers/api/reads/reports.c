/* GET /reports/:id: a report as JSON; or its file, if the caller requests it. */

#include <stdio.h>

#include "base/log.h"
#include "producers/api/api.h"
#include "producers/api/http/accept.h"
#include "producers/api/http/faults.h"
#include "producers/api/reads/reads_inside.h"
#include "producers/api/reads/reports.h"

/* One file may have 4 MiB: never two in one statement. */
static const struct question_shape file_shape = {
	.statement = { "api_report_file",
		       "SELECT q.n, NULL::uuid, NULL::bytea,"
		       " EXISTS (SELECT FROM api.scope(q.creditors, q.portfolios) s WHERE " REPORT_OF_CREDITOR "), r.state, "
		       "r.format, r.reason, r.file_name, '\"' || r.sha256 || '\"',"
		       " 'sha-256=:' || encode(decode(r.sha256, 'hex'), 'base64') || ':', r.content"
		       " FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS q (id, "
		       "creditors, portfolios, n)"
		       " JOIN reporting.public_report r ON r.report_id = q.id ORDER BY q.n" },
	.kinds = { DB_ARRAY_UUID, DB_ARRAY_BYTES, DB_ARRAY_BYTES },
	.args_count = 3,
	.together_max = 1,
};
/* Begins like every row of a plan. */
enum { FILE_STATE = ROW_COLUMNS_ONE, FILE_FORMAT, FILE_REASON, FILE_NAME, FILE_ETAG, FILE_DIGEST, FILE_CONTENT };

struct wanting {
	struct call *call;
	bool is_csv_only; /* requested by Accept, not by ?download=1 */
};

static void refuse_not_there(struct call *call, struct str state, struct str reason)
{
	struct problem problem = { .status = 409, .code = "not_ready", .detail = STR("the report is being made: ask again") };

	if (str_is(state, "failed")) {
		problem.code = "report_failed";
		problem.detail = reason;
	} else if (str_is(state, "expired")) {
		problem.status = 410;
		problem.code = "gone";
		problem.detail = STR("the report's file was let go: ask for a new report");
	} else {
		problem.is_retryable = true;
		problem.retry_after_s = 1;
	}
	call_refuse_problem(call, &problem);
}

static void send_file(struct call *call, const struct answer *answer)
{
	const struct db_result *result = answer->result;
	struct str etag = db_str(result, answer->first, FILE_ETAG);
	struct str name = db_str(result, answer->first, FILE_NAME);
	bool is_known = str_equal(call_header(call, HEADER_IF_NONE_MATCH), etag);
	bool is_csv = str_is(db_str(result, answer->first, FILE_FORMAT), "csv");
	char disposition[128];

	call_set_header(call, "ETag", etag);
	(void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"%.*s\"", (int)name.size, name.data);
	call_set_header(call, "Content-Disposition", str_of(disposition));
	call_set_header(call, "Content-Digest", db_str(result, answer->first, FILE_DIGEST));
	call_answer(call, is_known ? 304 : 200, is_csv ? "text/csv; charset=utf-8; header=present" : CALL_JSON,
		    db_str(result, answer->first, FILE_CONTENT));
}

static void take_file(const void *notes, const struct answer *answer, const struct err *failure)
{
	const struct wanting *wanting = notes;
	struct call *call = wanting->call;
	struct str state;

	if (answer == NULL) {
		reads_refuse_failed(call, &report_resource, failure);
		return;
	}
	if (answer->count == 0 || reads_is_hidden(call_principal(call), route_access(call_route(call)), answer)) {
		reads_refuse_unknown(call, &report_resource);
		return;
	}
	state = db_str(answer->result, answer->first, FILE_STATE);
	if (wanting->is_csv_only && !str_is(db_str(answer->result, answer->first, FILE_FORMAT), "csv"))
		call_refuse(call, 406, "not_acceptable",
			    "the report was asked for as JSON: Accept: application/json, or ?download=1");
	else if (!str_is(state, "ready"))
		refuse_not_there(call, state, db_str(answer->result, answer->first, FILE_REASON));
	else
		send_file(call, answer);
}

static void answer_file(struct api *api, const struct wanting *wanting, const struct uuid *id)
{
	struct question_value *values = questions_ask(api->questions, &file_shape, take_file, wanting, sizeof(*wanting));

	if (values == NULL) {
		take_file(wanting, NULL, NULL);
		return;
	}
	values[ONE_ID].id = *id;
	reads_fill_scope(&values[ONE_SCOPE], call_principal(wanting->call));
}

/* ---- the request ---- */

struct arguments {
	size_t count;
	bool is_download;
	struct fault fault; /* the first; without a code: none */
};

static void take_argument(void *arg, struct str name, struct str value)
{
	struct arguments *arguments = arg;
	const char *code = NULL;

	arguments->count++;
	arguments->is_download = str_is(value, "1");
	if (!str_is(name, "download"))
		code = "unknown_argument";
	else if (!arguments->is_download)
		code = "bad_value";
	else if (arguments->count > 1)
		code = "repeated";
	if (code != NULL)
		faults_note_argument(&arguments->fault, name, code, STR("the only argument here is download=1, once"));
}

/* Accepts ?download=1 and nothing else. False: it was refused. */
static bool read_arguments(struct call *call, bool *ret_is_download)
{
	struct arguments arguments = { .count = 0 };

	call_each_argument(call, take_argument, &arguments);
	*ret_is_download = arguments.is_download;
	return faults_allow_arguments(call, &arguments.fault);
}

void show_report(struct api *api, struct call *call)
{
	struct str accept = call_header(call, HEADER_ACCEPT);
	struct wanting wanting = { .call = call };
	bool is_download = false;
	struct uuid id;

	if (!call_param_id(call, "id", &id) || !read_arguments(call, &is_download))
		return;
	wanting.is_csv_only = !is_download;
	call_set_header(call, "Vary", STR("Accept"));
	if (is_download || accept_weight(accept, "text/csv") > accept_weight(accept, "application/json"))
		answer_file(api, &wanting, &id);
	else
		reads_answer_one(api->reads, call, &report_resource, &id);
}
