/*
 * The door of HTTP, behind libmicrohttpd: targets, headers, queries, bodies, what providers call back.
 *
 *   input   0 a body for a row of the table | 1 headers | 2 the query of a list | 3 target and head | 4 a delivery report | 5
 * addresses | 6 a request for a token | 7 Twilio's
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "producers/api/auth/token_request.h"
#include "producers/api/http/accept.h"
#include "producers/api/http/client_address.h"
#include "producers/api/http/guard.h"
#include "producers/api/http/paths.h"
#include "producers/api/offer/kannel_report.h"
#include "producers/api/offer/twilio_report.h"
#include "producers/api/reads/list_query.h"
#include "producers/api/writes/intake.h"
#include "tests/fuzz/fuzz.h"
#include "wire/coder.h"

#define ARENA_SIZE ((size_t)4 << 20)
#define NOW_MS     INT64_C(1795359845123)
#define ROWS_MAX   256
#define PAIRS_MAX  16

static struct arena arena;
static struct paths *paths;
static const struct route *writes[ROWS_MAX], *lists[ROWS_MAX];
static size_t writes_count, lists_count;
static const uint8_t key[32] = { 7 };

static int open_door(struct err *err)
{
	for (const struct route *row = api_routes(); row->pattern != NULL; row++) {
		if (row->kind == ROUTE_WRITE && writes_count < ROWS_MAX)
			writes[writes_count++] = row;
		if (row->kind == ROUTE_READ && row->is_list && lists_count < ROWS_MAX)
			lists[lists_count++] = row;
	}
	if (crypto_init(err) != 0 || paths_new(api_routes(), &paths, err) != 0)
		return -1;
	return arena_init(&arena, ARENA_SIZE, err);
}

/* ---- bodies ---- */

static struct uuid id_of(struct input *input)
{
	struct uuid id = { .bytes = { 0 } };
	struct str bytes = input_bytes(input, sizeof(id.bytes));

	memcpy(id.bytes, bytes.data, bytes.size);
	id.bytes[0] |= 1; /* the one of zeros is turned away before */
	return id;
}

static void take_body(struct input *input)
{
	const struct route *row = writes[input_u8(input) % writes_count];
	uint8_t mode = input_u8(input);
	struct uuid path_id = id_of(input), owner_id = id_of(input);
	struct json_faults faults = { .count = 0 };
	struct intake_request request = { .route = mode & 1 ? NULL : row,
					  .type = row->command,
					  .pointer = mode & 1 ? "/data" : NULL,
					  .command_id = path_id,
					  .path_id = row->path_field == NULL || mode & 1 ? NULL : &path_id,
					  .owner_id = mode & 2 ? &owner_id : NULL,
					  .expected_version = input_u8(input),
					  .now_ms = NOW_MS };
	struct intake intake;
	struct buf buf;
	struct err err = ERR_INIT;

	if (!json_parse(input_rest(input), &request.json, &faults))
		return;
	if (!intake_read(&request, &arena, &intake, &faults)) {
		MUST(faults.count > 0);
		return;
	}
	if (intake.needs_owner)
		return;
	buf_init(&buf, (size_t)1 << 20);
	if (coder_encode(row->command, intake.body, &buf, &err) != 0)
		MUST(err.kind == ERR_POISON);
	buf_release(&buf);
}

/* ---- headers ---- */

static void take_headers(struct input *input)
{
	const struct uuid principal = { .bytes = { 1 } };
	int64_t version;
	struct str name;

	if (idempotency_key_read(input_long(input), &name))
		(void)idempotency_key_id(&principal, "createDebt", name);
	(void)prefer_read(input_long(input));
	(void)if_match_read(input_long(input), &version);
	MUST(accept_weight(input_rest(input), "text/csv") <= 1000);
}

/* ---- lists ---- */

static void take_query(struct input *input)
{
	const struct route *row = lists[input_u8(input) % lists_count];
	struct uuid owner = id_of(input);
	const struct list_bounds bounds = { .owner = &owner };
	struct list_query query;

	list_query_init(&query, row->resource);
	for (int pairs = 0; pairs < PAIRS_MAX && input->at < input->end; pairs++) {
		struct str name = input_short(input);

		list_query_take(&query, name, input_short(input));
	}
	(void)list_query_finish(&query, &bounds, key);
}

/* ---- the head of a request ---- */

static void take_request(struct input *input)
{
	struct guard_header headers[GUARD_HEADERS_MAX + 1];
	struct str uri = input_long(input);
	struct str method = input_short(input), version = input_short(input);
	struct str authority = guard_cut_authority(&uri);
	struct path_params params;
	unsigned methods;
	size_t count = 0;

	while (input->at < input->end && count < GUARD_HEADERS_MAX + 1) {
		headers[count].name = input_short(input);
		headers[count++].value = input_long(input);
	}
	if (guard_uri(uri).status == 0)
		(void)paths_find(paths, uri, METHOD_GET, &params, &methods);
	(void)guard_request(method, version, authority, headers, count);
	for (size_t i = 0; i < count; i++)
		(void)guard_length_is_good(headers[i].value);
}

/* ---- what comes back ---- */

static void take_report(struct input *input)
{
	struct kannel_arguments arguments = { .link.c = input_short(input) };
	struct kannel_report report;

	arguments.link.k = input_short(input);
	arguments.link.s = input_short(input);
	arguments.status = input_short(input);
	arguments.ref = input_short(input);
	arguments.at = input_short(input);
	arguments.info = input_rest(input);
	if (kannel_report_read(&arguments, key, NOW_MS, &report) == KANNEL_REPORT_TAKEN)
		(void)kannel_report_command_id(&report);
}

static void take_twilio_report(struct input *input)
{
	static struct twilio_keys keys = { .count = 1, .tokens = { "token" }, .public_url = "https://dcs.example" };
	struct twilio_arguments arguments = { .link.c = input_short(input) };
	struct twilio_report report;
	struct form form;

	arguments.link.k = input_short(input);
	arguments.link.g = input_short(input);
	arguments.link.s = input_short(input);
	arguments.signature = input_short(input);
	arguments.body = input_rest(input);
	(void)twilio_report_read(&arguments, &keys, key, NOW_MS, &arena, &report);
	if (form_read(&form, arguments.body, &arena))
		(void)twilio_is_signed(&keys, arguments.link.c, &form, arguments.signature);
}

static void take_addresses(struct input *input)
{
	static struct proxies proxies;
	char peer[64], address[CLIENT_ADDRESS_SIZE];
	struct err err = ERR_INIT;

	if (proxies.count == 0)
		MUST(proxies_read(&proxies, "127.0.0.1, 10.0.0.0/8, 2001:db8::/32", &err) == 0);
	if (!str_to_chars(peer, sizeof(peer), input_bytes(input, sizeof(peer) - 1)))
		peer[0] = '\0';
	client_address(&proxies, input_u8(input) & 1 ? "127.0.0.1" : peer, input_rest(input), address);
}

static void take_token_request(struct input *input)
{
	struct str authorization = input_long(input);
	bool is_form = (input_u8(input) & 7) != 0;
	struct str type = is_form ? STR("application/x-www-form-urlencoded") : input_short(input);
	struct token_request request;
	const char *text = NULL;
	enum token_fault fault = token_request_read(authorization, type, input_rest(input), &arena, &request, &text);

	if (fault == TOKEN_FAULT_NONE) {
		MUST(!uuid_is_none(&request.client_id));
		MUST(request.has_scope == (request.roles != 0));
	} else {
		MUST(text != NULL);
		MUST(token_fault_name(fault)[0] != '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const doors[])(struct input *
				     input) = { take_body,   take_headers,   take_query,         take_request,
						take_report, take_addresses, take_token_request, take_twilio_report };
	struct input input = { .at = data, .end = data + size };
	struct err err = ERR_INIT;

	if (arena.block == NULL && open_door(&err) != 0)
		exit(1);
	arena_reset(&arena);
	doors[input_u8(&input) % (COUNT(doors))](&input);
	return 0;
}
