#ifndef MODEL_SEALED_H
#define MODEL_SEALED_H

/*
 * The columns that hold sealed texts (lib/crypto/seal.h), by their names in the database. A text is sealed for one of them and
 * opens in no other, so every writer, reader and verifier of a column names it by its constant here.
 */
struct sealed_column {
	const char *table;
	const char *column;
};

extern const struct sealed_column sealed_name;       /* of a customer */
extern const struct sealed_column sealed_birth_date; /* of a customer */
extern const struct sealed_column sealed_address;    /* of a contact point */

/*
 * Of a message. The address is copied from the contact point and sealed again for the message. A message is written once, and so
 * are the parameters of one that waits: their version is 1.
 */
extern const struct sealed_column sealed_message_address;
extern const struct sealed_column sealed_message_subject;
extern const struct sealed_column sealed_message_body;
extern const struct sealed_column sealed_message_html;
extern const struct sealed_column sealed_message_parameters;
#define SEALED_MESSAGE_VERSION 1

/*
 * Of a message from a person: written once, version 1. That of an unknown sender is sealed with a key of its own row's salt, and
 * its owner is the message itself.
 */
extern const struct sealed_column sealed_inbound_text;
extern const struct sealed_column sealed_unknown_sender;
extern const struct sealed_column sealed_unknown_text;

#endif
