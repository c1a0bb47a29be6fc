#include "producers/api/api.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/day.h"

#define WAIT_MS 500

void api_add_part(struct api *api, const struct part *part)
{
	MUST(api->parts_count < API_PARTS_MAX);
	api->parts[api->parts_count++] = *part;
}

/* ---- the server's hooks ---- */

static void refuse_token(struct call *call, const char *text)
{
	bool is_missing = call_header(call, HEADER_AUTHORIZATION).size == 0;

	call_set_header(call, "WWW-Authenticate", is_missing ? STR("Bearer") : STR("Bearer error=\"invalid_token\""));
	call_refuse(call, 401, "not_authenticated", text);
}

static void refuse_role(struct call *call)
{
	call_refuse(call, 403, "not_authorised", "none of your roles may do this");
}

/* A route that anybody may use is used without looking at a token: a stale one must not keep its owner from logging in. */
bool api_admit(struct api *api, struct call *call, struct principal *ret_principal)
{
	const struct route *route = call_route(call);
	const char *text;

	if ((route_access(route) & ACCESS_PUBLIC) != 0)
		return true;
	if (principal_read(api->keys, call_header(call, HEADER_AUTHORIZATION), clock_now_ms(), ret_principal, &text) != 0) {
		refuse_token(call, text);
		return false;
	}
	if (!principal_may(ret_principal, route_access(route))) {
		refuse_role(call);
		return false;
	}
	return true;
}

static void handle(struct api *api, struct call *call)
{
	const struct route *route = call_route(call);

	switch (route->kind) {
	case ROUTE_SPECIAL:
		route->handle(api, call);
		return;
	case ROUTE_READ:
		reads_answer(api->reads, call);
		return;
	case ROUTE_WRITE:
		writes_take(api->writes, call);
		return;
	}
	MUST_NOT_REACH("a kind of route that nobody answers");
}

void take_command(struct api *api, struct call *call)
{
	commands_post(api->commands, call);
}

void tell_command(struct api *api, struct call *call)
{
	commands_tell(api->commands, call);
}

/* What is left of the token's roles now. */
static void handle_by_rights(void *call_arg, const struct user_rights *rights)
{
	struct call *call = call_arg;
	const struct principal *principal = call_principal(call);

	if (rights == NULL) {
		call_refuse(call, 503, "unavailable", "the database is away: try again");
		return;
	}
	call_set_rights(call, principal->roles & rights->roles, &rights->customer_id);
	if (principal_may(principal, route_access(call_route(call))))
		handle(call_api(call), call);
	else
		refuse_role(call);
}

void api_handle(struct api *api, struct call *call)
{
	const struct principal *principal = call_principal(call);

	if (api->is_ending) /* its head came before; nobody would answer it any more */
		call_refuse(call, 503, "unavailable", "the gateway is ending");
	else if (principal->is_known && principal->is_user)
		rights_ask(api->rights, &principal->user_id, handle_by_rights, call);
	else
		handle(api, call);
}

/* ---- the loop ---- */

static int wait_for_news(struct api *api, struct err *err)
{
	struct pollfd fds[1 + API_PARTS_MAX * PART_FDS_MAX];
	int timeout_ms = server_timeout_ms(api->server, WAIT_MS);
	nfds_t count = 1;

	server_watch(api->server, &fds[0]);
	for (size_t i = 0; i < api->parts_count; i++) {
		const struct part *part = &api->parts[i];
		int own_ms = part->timeout_ms == NULL ? WAIT_MS : part->timeout_ms(part->self);

		if (part->watch != NULL)
			count += part->watch(part->self, fds + count);
		if (own_ms < timeout_ms)
			timeout_ms = own_ms;
	}
	if (poll(fds, count, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ERR_FATAL, "poll: %s", strerror(errno));
	return 0;
}

static int run_parts(struct api *api, struct err *err)
{
	for (size_t i = 0; i < api->parts_count; i++) {
		if (api->parts[i].run(api->parts[i].self, err) != 0)
			return -1;
	}
	return 0;
}

/* Answers of the parts leave in the server's turn, and what its handlers ask goes out in the parts' turn after it. */
int api_step(struct api *api, struct err *err)
{
	if (wait_for_news(api, err) != 0)
		return -1;
	if (run_parts(api, err) != 0 || server_run(api->server, 0, err) != 0)
		return -1;
	return run_parts(api, err);
}

int api_drain(struct api *api, int64_t deadline_ms, struct err *err)
{
	api->is_ending = true;
	server_quiesce(api->server);
	while (server_open_calls(api->server) > 0 && clock_monotonic_ms() < deadline_ms) {
		if (api_step(api, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < api->parts_count; i++) {
		if (api->parts[i].give_up != NULL)
			api->parts[i].give_up(api->parts[i].self);
	}
	return server_run(api->server, 0, err); /* what was answered last leaves */
}
