#include "replies.h"

#include "base/buf.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"

#define SHARED_MAX  1000 /* customers with one address */
#define ID_SIZE_MAX ((size_t)16 << 10)
#define PROVIDER    "mail"

static const struct db_statement select_writers = {
	"cli_writers", "SELECT customer_id, contact_point_id, is_answered FROM customers.api_writers($1, 'email')"
};

/* With an old time in front, so that the engine takes no later id for an older one (producers/cli/README.md, Decisions). */
static struct uuid id_of(const struct reply *reply, int64_t at_ms, const struct uuid *customer_id)
{
	struct buf content;
	struct uuid id;

	buf_init(&content, ID_SIZE_MAX);
	buf_add_text(&content, PROVIDER);
	buf_add_u8(&content, 0);
	buf_add_text(&content, reply->sender);
	buf_add_u8(&content, 0);
	buf_add_text(&content, reply->id);
	buf_add_u8(&content, 0);
	buf_add(&content, customer_id, sizeof(*customer_id));
	if (reply->id[0] == '\0') {
		buf_add_be64(&content, (uint64_t)at_ms);
		buf_add_str(&content, reply->text);
	}
	id = uuid_of_text(buf_str(&content));
	wipe(content.data, content.size);
	buf_release(&content);
	id.bytes[0] = id.bytes[1] = 0;
	return id;
}

static int send_known(struct feedback *feedback, const struct reply *reply, int64_t at_ms, const struct db_result *writers,
		      int row, struct err *err)
{
	struct uuid customer_id = db_uuid(writers, row, 0);
	const struct record_inbound body = { .inbound_id = id_of(reply, at_ms, &customer_id),
					     .customer_id = customer_id,
					     .has_contact_point_id = true,
					     .contact_point_id = db_uuid(writers, row, 1),
					     .channel = STR("email"),
					     .text = reply->text,
					     .provider = STR(PROVIDER),
					     .has_provider_ref = reply->id[0] != '\0',
					     .provider_ref = str_of(reply->id),
					     .received_at = at_ms,
					     .has_answer = true,
					     .answer = db_bool(writers, row, 2) };
	struct uuid id = uuid_derive(&body.inbound_id, "inbound", 0);

	return feedback_send(feedback, &record_inbound_type, &body, &id, err);
}

static int send_unknown(struct feedback *feedback, const struct reply *reply, int64_t at_ms, struct err *err)
{
	const struct uuid nobody = { .bytes = { 0 } };
	const struct record_unknown_inbound body = { .inbound_id = id_of(reply, at_ms, &nobody),
						     .channel = STR("email"),
						     .sender = str_of(reply->sender),
						     .text = reply->text,
						     .provider = STR(PROVIDER),
						     .has_provider_ref = reply->id[0] != '\0',
						     .provider_ref = str_of(reply->id),
						     .received_at = at_ms };
	struct uuid id = uuid_derive(&body.inbound_id, "inbound", 0);

	return feedback_send(feedback, &record_unknown_inbound_type, &body, &id, err);
}

static int send_all(struct feedback *feedback, const struct reply *reply, int64_t at_ms, const struct db_result *writers,
		    struct err *err)
{
	if (writers->rows == 0)
		return send_unknown(feedback, reply, at_ms, err);
	for (int row = 0; row < writers->rows; row++) {
		if (send_known(feedback, reply, at_ms, writers, row, err) != 0)
			return -1;
	}
	return 0;
}

int replies_take(struct feedback *feedback, const struct reply *reply, int64_t at_ms, const uint8_t address_key[32],
		 struct err *err)
{
	struct db_result writers = { 0 };
	uint8_t lookup[DIGEST_SIZE];
	int result;

	address_lookup(lookup, str_of(reply->sender), address_key);
	db_params_reset(&feedback->params);
	db_param_bytes(&feedback->params, (struct str){ .data = (const char *)lookup, .size = sizeof(lookup) });
	if (db_run(feedback->db, &select_writers, &feedback->params, &writers, err) != 0)
		return -1;
	result = writers.rows > SHARED_MAX ? err_set(err, ERR_POISON, "too many share its sender's address")
					   : send_all(feedback, reply, at_ms, &writers, err);
	db_result_release(&writers);
	return result;
}
