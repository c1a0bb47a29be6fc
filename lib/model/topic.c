#include "model/topic.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "model/message.h"

void topic_name(char name[TOPIC_NAME_MAX], const char *module, enum topic_kind kind)
{
	(void)snprintf(name, TOPIC_NAME_MAX, "dcs.%s.%s.v1", module, kind == TOPIC_COMMANDS ? "commands" : "events");
}

static bool is_listed(const char *const *modules, size_t count, const char *module)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(modules[i], module) == 0)
			return true;
	}
	return false;
}

size_t topic_modules(const char *ret_modules[MODULES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; message_types[i] != NULL; i++) {
		const struct message_type *type = message_types[i];

		if (type->kind != MESSAGE_COMMAND || strcmp(type->module, "clock") == 0 || strcmp(type->module, "engine") == 0)
			continue;
		if (is_listed(ret_modules, count, type->module))
			continue;
		MUST(count < MODULES_MAX);
		ret_modules[count++] = type->module;
	}
	return count;
}
