#include "producers/api/offer/taking.h"

#include "base/log.h"
#include "base/must.h"
#include "producers/api/http/call.h"

void takings_init(struct takings *takings)
{
	takings->free = NULL;
	for (size_t i = 0; i < TAKINGS_MAX; i++) {
		takings->takings[i] = (struct taking){ .next_free = takings->free };
		takings->free = &takings->takings[i];
	}
}

static void refuse(struct call *call)
{
	call_refuse(call, 503, "unavailable", "it could not be kept; bring it again");
}

struct taking *taking_begin(struct takings *takings, struct call *call, void (*done)(struct call *call))
{
	struct taking *taking = takings->free;

	if (taking == NULL) {
		refuse(call);
		return NULL;
	}
	takings->free = taking->next_free;
	*taking = (struct taking){ .call = call, .done = done, .waiting = 1, .owner = takings };
	return taking;
}

static void drop(struct taking *taking)
{
	struct call *call = taking->call;
	bool has_failed = taking->has_failed;
	void (*done)(struct call * call) = taking->done;
	struct takings *takings = taking->owner;

	MUST(taking->waiting > 0);
	if (--taking->waiting > 0)
		return;
	*taking = (struct taking){ .next_free = takings->free };
	takings->free = taking;
	if (has_failed)
		refuse(call);
	else
		done(call);
}

static void acknowledged(void *taking_arg, bool is_acked)
{
	struct taking *taking = taking_arg;

	taking->has_failed |= !is_acked;
	drop(taking);
}

void taking_publish(struct taking *taking, struct outbound *outbound, const struct outbound_command *command)
{
	struct err err = ERR_INIT;

	if (outbound_publish(outbound, command, acknowledged, taking, &err) == 0) {
		taking->waiting++;
		return;
	}
	if (outbound_is_ready(outbound)) /* the log has it already that Kafka is unreachable */
		log_warn("what a provider brought was not taken: %s", err.text);
	taking->has_failed = true;
}

void taking_end(struct taking *taking)
{
	drop(taking);
}
