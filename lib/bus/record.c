/* Records as read: views into librdkafka's message. */

#include "bus/kafka.h"

void kafka_record(rd_kafka_message_t *message, struct bus_record *ret_record)
{
	rd_kafka_timestamp_type_t kind;

	MUST(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
	ret_record->source = 0;
	ret_record->part = message->partition;
	ret_record->offset = message->offset;
	ret_record->at_ms = rd_kafka_message_timestamp(message, &kind);
	ret_record->key = (struct str){ .data = message->key, .size = message->key_len };
	ret_record->value = (struct str){ .data = message->payload, .size = message->len };
	ret_record->message = message;
	kafka_note_read(message);
}

void bus_record_release(struct bus_record *record)
{
	if (record->message != NULL)
		rd_kafka_message_destroy(record->message);
	record->message = NULL;
	record->key = (struct str){ .data = NULL, .size = 0 };
	record->value = (struct str){ .data = NULL, .size = 0 };
}

int bus_record_headers(const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
		       struct err *err)
{
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_resp_err_t code = rd_kafka_message_headers(record->message, &headers);

	if (code == RD_KAFKA_RESP_ERR__NOENT) {
		*ret_count = 0;
		return 0;
	}
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err_set(err, ERR_POISON, "headers: %s", rd_kafka_err2str(code));
	size_t count = rd_kafka_header_cnt(headers);
	for (size_t index = 0; index < count && index < HEADERS_MAX; index++) {
		const void *value;
		size_t size;

		code = rd_kafka_header_get_all(headers, index, &ret_headers[index].name, &value, &size);
		MUST(code == RD_KAFKA_RESP_ERR_NO_ERROR);
		ret_headers[index].value = (struct str){ .data = value, .size = size };
	}
	*ret_count = count < HEADERS_MAX ? count : HEADERS_MAX;
	return count > HEADERS_MAX ? err_set(err, ERR_POISON, "headers: %zu, more than %d", count, HEADERS_MAX) : 0;
}
