#include "producers/api/reads/named.h"

#include "schemas/communications.h"
#include "schemas/debts.h"

const char *named_kind_name(enum named_kind kind)
{
	static const char *const names[] = { "customer", "debt", "communication", "template" };

	return names[kind];
}

static size_t list_of_message(const struct send_communication *body, struct named ret_named[NAMED_MAX])
{
	size_t count = 0;

	ret_named[count++] = (struct named){ .kind = NAMED_CUSTOMER, .field = "customer_id", .id = body->customer_id };
	for (size_t i = 0; i < body->debt_ids_count && count < NAMED_MAX - 1; i++)
		ret_named[count++] = (struct named){
			.kind = NAMED_DEBT, .field = "debt_ids", .is_item = true, .index = i, .id = body->debt_ids[i]
		};
	ret_named[count++] = (struct named){ .kind = NAMED_TEMPLATE,
					     .field = "template_name",
					     .name = body->template_name,
					     .channel = body->channel,
					     .language = body->language };
	return count;
}

static size_t one(enum named_kind kind, const char *field, const struct uuid *id, struct named ret_named[NAMED_MAX])
{
	ret_named[0] = (struct named){ .kind = kind, .field = field, .id = *id };
	return 1;
}

size_t named_list(const struct message_type *type, const void *body, struct named ret_named[NAMED_MAX])
{
	if (type == &create_debt_type)
		return one(NAMED_CUSTOMER, "customer_id", &((const struct create_debt *)body)->customer_id, ret_named);
	if (type == &record_dispatch_type)
		return one(NAMED_COMMUNICATION, "communication_id", &((const struct record_dispatch *)body)->communication_id,
			   ret_named);
	if (type == &record_delivery_type)
		return one(NAMED_COMMUNICATION, "communication_id", &((const struct record_delivery *)body)->communication_id,
			   ret_named);
	return type == &send_communication_type ? list_of_message(body, ret_named) : 0;
}
