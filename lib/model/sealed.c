#include "model/sealed.h"

const struct sealed_column sealed_name = { "customers.customer", "full_name_sealed" };
const struct sealed_column sealed_birth_date = { "customers.customer", "birth_date_sealed" };
const struct sealed_column sealed_address = { "customers.contact_point", "address_sealed" };
const struct sealed_column sealed_message_address = { "communications.outbox", "address_sealed" };
const struct sealed_column sealed_message_subject = { "communications.outbox", "subject_sealed" };
const struct sealed_column sealed_message_body = { "communications.outbox", "body_sealed" };
const struct sealed_column sealed_message_html = { "communications.outbox", "html_sealed" };
const struct sealed_column sealed_message_parameters = { "communications.outbox", "parameters_sealed" };
const struct sealed_column sealed_inbound_text = { "communications.inbound", "text_sealed" };
const struct sealed_column sealed_unknown_sender = { "communications.unknown_inbound", "sender_sealed" };
const struct sealed_column sealed_unknown_text = { "communications.unknown_inbound", "text_sealed" };
