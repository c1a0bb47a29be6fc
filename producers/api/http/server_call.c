/* The functions of a call for its handler. */

#include <netdb.h>
#include <string.h>

#include "crypto/crypto.h"
#include "producers/api/http/server_inside.h"

const struct route *call_route(const struct call *call)
{
	return call->route;
}

enum method call_method(const struct call *call)
{
	return call->route->method;
}

bool call_is_head(const struct call *call)
{
	return call->is_head;
}

struct str call_body(const struct call *call)
{
	return buf_str(&call->body);
}

const struct principal *call_principal(const struct call *call)
{
	return &call->principal;
}

struct api *call_api(const struct call *call)
{
	return call->server->conf.api;
}

void call_set_rights(struct call *call, const struct user_rights *rights)
{
	call->principal.roles &= rights->roles;
	call->principal.customer_id = rights->customer_id;
	call->principal.scope = rights->scope;
}

struct str call_param(const struct call *call, const char *name)
{
	int index = paths_param_index(call->route, name);

	MUST(index >= 0);
	return call->params.values[index];
}

bool call_param_id(struct call *call, const char *name, struct uuid *ret_id)
{
	if (uuid_parse(ret_id, call_param(call, name)) && !uuid_is_none(ret_id))
		return true;
	call_refuse(call, 404, "not_found", "no such thing");
	return false;
}

struct str call_header(const struct call *call, enum request_header header)
{
	return call->headers[header];
}

bool call_has_header(const struct call *call, enum request_header header)
{
	return call->headers[header].data != NULL;
}

const char *call_request_id(const struct call *call)
{
	return call->request_id;
}

const char *call_peer_address(const struct call *call, char text[64])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
	socklen_t size =
		address != NULL && address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	text[0] = '\0';
	if (address == NULL || getnameinfo(address, size, text, 64, NULL, 0, NI_NUMERICHOST) != 0)
		text[0] = '\0';
	return text;
}

struct wanted {
	const char *name;
	struct str value;
	size_t found;
};

static enum MHD_Result match_argument(void *wanted_arg, enum MHD_ValueKind kind, const char *name, size_t name_size,
				      const char *value, size_t value_size)
{
	struct wanted *wanted = wanted_arg;

	(void)kind;
	if (str_is((struct str){ .data = name, .size = name_size }, wanted->name)) {
		wanted->found++;
		wanted->value = (struct str){ .data = value == NULL ? "" : value, .size = value == NULL ? 0 : value_size };
	}
	return MHD_YES;
}

bool call_argument(const struct call *call, const char *name, struct str *ret_value)
{
	struct wanted wanted = { .name = name };

	(void)MHD_get_connection_values_n(call->connection, MHD_GET_ARGUMENT_KIND, match_argument, &wanted);
	if (wanted.found != 1)
		return false;
	*ret_value = wanted.value;
	return true;
}

struct visit {
	call_argument_seen *seen;
	void *arg;
};

static enum MHD_Result visit_argument(void *visit_arg, enum MHD_ValueKind kind, const char *name, size_t name_size,
				      const char *value, size_t value_size)
{
	const struct visit *visit = visit_arg;

	(void)kind;
	visit->seen(visit->arg, (struct str){ .data = name, .size = name_size },
		    (struct str){ .data = value == NULL ? "" : value, .size = value == NULL ? 0 : value_size });
	return MHD_YES;
}

void call_each_argument(const struct call *call, call_argument_seen *seen, void *arg)
{
	struct visit visit = { .seen = seen, .arg = arg };

	(void)MHD_get_connection_values_n(call->connection, MHD_GET_ARGUMENT_KIND, visit_argument, &visit);
}

/* ---- trace context (W3C) ---- */

static bool is_lower_hex(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (!((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'a' && text.data[i] <= 'f')))
			return false;
	}
	return true;
}

/* 00-<32 hex>-<16 hex>-<2 hex>, neither id all zero. */
static bool is_traceparent(struct str text)
{
	static const char zeros[] = "00000000000000000000000000000000";

	if (text.size != TRACEPARENT_SIZE || memcmp(text.data, "00-", 3) != 0 || text.data[35] != '-' || text.data[52] != '-')
		return false;
	return is_lower_hex((struct str){ text.data + 3, 32 }) && is_lower_hex((struct str){ text.data + 36, 16 }) &&
	       is_lower_hex((struct str){ text.data + 53, 2 }) && memcmp(text.data + 3, zeros, 32) != 0 &&
	       memcmp(text.data + 36, zeros, 16) != 0;
}

/* The caller's trace, or a new one, with a new span. Formatted by hand, as every command needs it. */
static void write_traceparent(char *text, struct str sent)
{
	struct uuid trace = uuid_new(); /* random enough (W3C 7), and cheap */
	struct uuid span = uuid_new();

	memcpy(text, "00-", 3);
	hex_from_bytes(text + 3, trace.bytes, 16);
	memcpy(text + 52, "-01", 4);
	if (is_traceparent(sent)) {
		memcpy(text + 3, sent.data + 3, 32);
		memcpy(text + 52, sent.data + 52, 3);
	}
	text[35] = '-';
	hex_from_bytes(text + 36, span.bytes + 8, 8);
	text[52] = '-';
}

struct str call_traceparent(struct call *call)
{
	if (call->traceparent[0] == '\0')
		write_traceparent(call->traceparent, call->headers[HEADER_TRACEPARENT]);
	return (struct str){ .data = call->traceparent, .size = TRACEPARENT_SIZE };
}
