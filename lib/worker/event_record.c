#include "worker/event_record.h"

#include <string.h>

#include "wire/envelope.h"
#include "worker/chain.h"

static bool chain_holds(const struct bus_record *record, const struct event_record *event, const struct str hash,
			const uint8_t last_hash[SHA256_SIZE])
{
	struct chain_row row = {
		.part = record->part,
		.seq = event->seq,
		.at_ms = event->at_ms,
		.event_id = event->id,
		.key = event->key,
		.subject = *message_uuid(event->type->aggregate_field, event->body),
		.command_id = event->command_id,
		.correlation_id = event->correlation_id,
		.body = record->value,
	};
	uint8_t expected[SHA256_SIZE];
	struct err why = ERR_INIT;

	if (frame_schema_id(record->value, &row.schema_id, &why) < 0)
		return false;
	chain_hash(expected, last_hash, &row);
	return hash.size == SHA256_SIZE && memcmp(expected, hash.data, SHA256_SIZE) == 0;
}

static enum event_verdict wrong(const char *reason, const char **ret_reason)
{
	*ret_reason = reason;
	return EVENT_WRONG;
}

enum event_verdict event_record_judge(const struct broker *broker, const struct bus_record *record, int64_t last_seq,
				      const uint8_t last_hash[SHA256_SIZE], struct arena *arena, struct event_record *ret_event,
				      const char **ret_reason)
{
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct event_record event;
	struct err why = ERR_INIT;
	size_t count;

	if (broker->headers(broker->self, record, headers, &count, &why) < 0 ||
	    envelope_read(headers, count, &envelope, &why) < 0)
		return wrong("a record on the events topic that is no event of ours: bad headers", ret_reason);
	if (envelope.sequence <= last_seq)
		return EVENT_REPEATED;
	if (envelope.sequence > last_seq + 1)
		return wrong("events are missing: a gap in seq", ret_reason);
	event = (struct event_record){
		.id = envelope.id,
		.command_id = envelope.causation_id,
		.correlation_id = uuid_is_none(&envelope.correlation_id) ? envelope.causation_id : envelope.correlation_id,
		.at_ms = envelope.at_ms,
		.seq = envelope.sequence,
		.traceparent = envelope.traceparent,
	};
	if (coder_decode(record->value, arena, &event.type, &event.body, &why) < 0)
		return wrong("an event that cannot be decoded: is this program older than the schemas?", ret_reason);
	if (!uuid_parse(&event.key, record->key) || !chain_holds(record, &event, envelope.hash, last_hash))
		return wrong("the hash chain is broken: an event was changed or exchanged", ret_reason);
	memcpy(event.hash, envelope.hash.data, SHA256_SIZE);
	*ret_event = event;
	return EVENT_NEXT;
}
