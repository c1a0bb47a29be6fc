#include "producers/api/api.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/day.h"
#include "bus/bus.h"
#include "producers/api/http/call.h"
#include "producers/api/http/server.h"
#include "producers/api/reads/reads.h"
#include "producers/api/reads/rights.h"
#include "producers/api/writes/writes.h"

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

/* A public route ignores the token: a stale one must not keep its user from logging in. */
bool api_admit(struct api *api, struct call *call, struct principal *ret_principal)
{
	const struct route *route = call_route(call);
	const char *text;
	int status;

	if ((route_access(route) & ACCESS_PUBLIC) != 0)
		return true;
	status = principal_read(api->keys, call_header(call, HEADER_AUTHORIZATION), bus_knows_time() ? bus_now_ms() : 0,
				ret_principal, &text);
	if (status == 503) {
		call_refuse(call, 503, "unavailable", text);
		return false;
	}
	if (status != 0) {
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

/* The user's current rights have been found. */
static void handle_by_rights(void *call_arg, const struct user_rights *rights)
{
	struct call *call = call_arg;
	const struct principal *principal = call_principal(call);

	if (rights == NULL) {
		call_refuse(call, 503, "unavailable", "the database is away: try again");
		return;
	}
	if (principal->token_version < rights->token_version) {
		refuse_token(call, "the token was ended");
		return;
	}
	call_set_rights(call, rights);
	if (principal_may(principal, route_access(call_route(call))))
		handle(call_api(call), call);
	else
		refuse_role(call);
}

void api_handle(struct api *api, struct call *call)
{
	const struct principal *principal = call_principal(call);

	if (api->is_ending) /* its head came before shutdown; no part would answer it any more */
		call_refuse(call, 503, "unavailable", "the gateway is ending");
	else if (principal->is_known && principal->is_user)
		rights_ask(api->rights, &principal->user_id, handle_by_rights, call);
	else
		handle(api, call);
}

/* ---- the loop ---- */

static int part_wait_ms(const struct part *part)
{
	return part->timeout_ms == NULL ? WAIT_MS : part->timeout_ms(part->self);
}

/* The time of a part's next run, unless a descriptor is ready before: the earliest that it has returned since its last run. */
static void note_due(struct api *api, size_t i, int64_t now_ms, int own_ms)
{
	int64_t due_ms = now_ms + own_ms;

	if (api->parts_due_ms[i] == 0 || due_ms < api->parts_due_ms[i])
		api->parts_due_ms[i] = due_ms;
}

static int run_part(struct api *api, size_t i, struct err *err)
{
	api->parts_due_ms[i] = 0;
	return api->parts[i].run(api->parts[i].self, err);
}

static bool is_rung(const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fds[i].revents != 0)
			return true;
	}
	return false;
}

/* Waits for the network and the parts, then runs the parts that are ready or due. */
static int run_rung_parts(struct api *api, struct err *err)
{
	struct pollfd fds[1 + API_PARTS_MAX * PART_FDS_MAX];
	size_t fds_of[API_PARTS_MAX + 1];
	int timeout_ms = server_timeout_ms(api->server, WAIT_MS);
	int64_t now_ms = clock_monotonic_ms();

	server_watch(api->server, &fds[0]);
	fds_of[0] = 1;
	for (size_t i = 0; i < api->parts_count; i++) {
		const struct part *part = &api->parts[i];

		note_due(api, i, now_ms, part_wait_ms(part));
		if (api->parts_due_ms[i] - now_ms < timeout_ms)
			timeout_ms = api->parts_due_ms[i] <= now_ms ? 0 : (int)(api->parts_due_ms[i] - now_ms);
		fds_of[i + 1] = fds_of[i] + (part->watch == NULL ? 0 : part->watch(part->self, fds + fds_of[i]));
	}
	if (poll(fds, fds_of[api->parts_count], timeout_ms) < 0) {
		if (errno != EINTR)
			return err_set(err, ERR_FATAL, "poll: %s", strerror(errno));
		return 0;
	}
	now_ms = clock_monotonic_ms();
	for (size_t i = 0; i < api->parts_count; i++) {
		if (!is_rung(fds + fds_of[i], fds_of[i + 1] - fds_of[i]) && now_ms < api->parts_due_ms[i])
			continue;
		if (run_part(api, i, err) != 0)
			return -1;
	}
	return 0;
}

/* Sends the requests that the handlers have made to the parts. */
static int run_asked_parts(struct api *api, struct err *err)
{
	for (size_t i = 0; i < api->parts_count; i++) {
		if (part_wait_ms(&api->parts[i]) == 0 && run_part(api, i, err) != 0)
			return -1;
	}
	return 0;
}

/* The server's turn sends the answers of the parts; the parts' turn after it sends the requests of its handlers. */
int api_step(struct api *api, struct err *err)
{
	if (run_rung_parts(api, err) != 0 || server_run(api->server, 0, err) != 0)
		return -1;
	return run_asked_parts(api, err);
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
	return server_run(api->server, 0, err); /* sends the last answers */
}
