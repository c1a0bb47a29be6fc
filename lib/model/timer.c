#include "model/timer.h"

const struct message_type timer_type = {
	.record = { .name = "Timer", .size = sizeof(struct timer) },
	.module = "engine",
	.ce_type = "",
	.subject = "",
	.kind = MESSAGE_COMMAND,
	.roles = UINT32_MAX,
};
