#ifndef CONSUMERS_COMMUNICATIONS_COMMUNICATIONS_H
#define CONSUMERS_COMMUNICATIONS_COMMUNICATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/place.h"
#include "base/str.h"
#include "base/uuid.h"
#include "base/zone.h"
#include "base/zone_place.h"
#include "model/asks.h"
#include "model/module.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The communications module: permissions to send messages, the messages, and their outcomes.
 *
 *   PublishTemplate -> TemplatePublished      GrantConsent ---> ConsentGranted
 *   PublishProfile --> ProfilePublished
 *                                             WithdrawConsent > ConsentWithdrawn (names the cancelled messages)
 *   SendCommunication -> ComplianceDecided, CommunicationReleased | CommunicationSuppressed | CommunicationScheduled
 *                     -> CommunicationScheduled (its time has not come)
 *   its time comes (a timer) -> the same, of a later version
 *   a mergeable one is released -> CommunicationMerged for each that waits and goes with it
 *   CancelCommunication -> CommunicationCancelled
 *   RescheduleCommunication -> CommunicationRescheduled
 *   RecordDispatch, RecordDelivery -> CommunicationProgressed | ReceiptIgnored
 *   ResolveUnknown -> CommunicationProgressed
 *   RecordContact -> ContactRecorded          RecordCircumstance -> CircumstanceRecorded
 *   SetPreference -> PreferenceSet            EndCircumstance ----> CircumstanceEnded
 *   RecordInbound -> InboundReceived, and ConsentWithdrawn for a word of refusal; RecordUnknownInbound -> UnknownInboundReceived
 *
 *   scheduled --timer--> released --claim--> (the notifier's) --RecordDispatch--> submitted --RecordDelivery--> delivered
 *      |-> suppressed       |                     |-> retry_wait, claimed again         |-> failed, expired, rejected
 *      |-> merged           |
 *      |-> cancelled        |-> cancelled         |-> failed, expired, unknown --ResolveUnknown--> submitted, retry_wait
 *
 * Invariants: a message is released only after the guard's verdict `allow`, and every verdict is an event; a scheduled message has
 * a timer, and nothing else has one; a withdrawal is never refused and cancels everything that is scheduled, or released and not
 * claimed (P9); states advance only, by rank; names, addresses and rendered texts are in no event.
 */
struct store;

extern const struct module communications_module;
extern const struct store communications_store; /* store.c */

bool template_name_is_valid(struct str name);

/* What the notifier reports of a message that the claim has not handed out because the guard must be asked again. */
#define PROVIDER_NOTIFIER "notifier"
#define CODE_NOT_NOW      "not_now"

/*
 * Whether a receipt changes the state: receipts only advance a message, but a later attempt may return to RETRY_WAIT, or, before
 * it began, to SCHEDULED.
 */
bool communication_may_be_asked_again(enum communication_state state);
bool communication_moves(enum communication_state from, int32_t from_attempt, enum communication_state to, int32_t to_attempt);

/* The next wider language of RFC 4647's lookup: zh-Hant-TW, zh-Hant, zh. False: none. */
bool language_widen(struct str *language);

/*
 * The sentences of this language that the law asks for, or those in English for a template that was published before its language
 * had to have them: how to opt out (US-11); who writes and for what (US-19: the sentence has what the first message must say, and
 * serves for the later ones, too).
 */
bool language_has_sentences(struct str language);
struct str opt_out_statement(enum channel channel, struct str language);
struct str disclosure_statement(struct str language);

/* ---- states ---- */

#define TEMPLATE_NAME_MAX  64
#define LANGUAGE_MAX       LANGUAGE_TAG_MAX
#define MESSAGE_CLASS_MAX  32
#define SUBJECT_MAX        (4 * 200) /* bytes of so many characters */
#define TEMPLATE_BODY_MAX  (4 * 4000)
#define TEMPLATE_HTML_MAX  (4 * 8000)
#define RENDERED_EMAIL_MAX 16384
#define RENDERED_HTML_MAX  (48 << 10)
#define RENDERED_SMS_MAX   1530 /* ten parts */

/* Aggregate, by its id. It holds the natural key. */
struct template
{
	int32_t version;
	uint32_t channel;
	char name[TEMPLATE_NAME_MAX + 1];
	char language[LANGUAGE_MAX + 1];
};

/* The newest version of a template, by the natural key: name, channel, language. */
struct template_text {
	struct uuid template_id;
	int32_t version;
	char message_class[MESSAGE_CLASS_MAX + 1];
	uint32_t subject_size;
	uint32_t body_size;
	uint32_t html_size; /* 0: it has no HTML part */
	char subject[SUBJECT_MAX];
	char body[TEMPLATE_BODY_MAX];
	char html[TEMPLATE_HTML_MAX];
};

struct permission {
	int64_t obtained_at_ms; /* 0: none */
	int64_t expires_at_ms;  /* from when on it counts no more; 0: never */
	uint32_t basis;
};

/* Aggregate, by the customer's id. A permission counts when it was obtained after the channel's last withdrawal. */
struct recipient {
	int64_t version;                        /* withdrawals so far */
	int64_t withdrawn_at_ms[CHANNEL_COUNT]; /* 0: never */
	int64_t told_at_ms[CHANNEL_COUNT];      /* when we received the last withdrawal; 0: never, or unknown */
	struct permission permissions[CHANNEL_COUNT][PURPOSE_COUNT];
};

bool recipient_permits(const struct recipient *recipient, enum channel channel, enum purpose purpose);

/* A message that has not ended yet. */
struct queued {
	struct uuid communication_id;
	uint32_t channel;
	int32_t requested_on;
	uint32_t state; /* enum outbox_state: claimed by the notifier is too late to cancel */
	int32_t claims; /* claims so far: the number of its last attempt */
	uint32_t is_mergeable;
};

/* Whether it has not left: decide asks this, and so do the actions in rules.c. */
static inline bool outbox_has_not_left(unsigned state)
{
	return state == OUTBOX_SCHEDULED || state == OUTBOX_RELEASED || state == OUTBOX_WAITING;
}

/*
 * A customer's unfinished messages, in the order of their ids: bounded, so that a withdrawal can always name them. Never saved: it is
 * read from the outbox.
 */
#define QUEUE_MAX 32
struct queue {
	uint32_t count;
	struct queued messages[QUEUE_MAX];
};

const struct queued *queue_find(const struct queue *queue,
				const struct uuid *communication_id); /* NULL: no queue, or not in it */

/*
 * The customer's message that has not left: it waits for its time, is released and not claimed, or waits for another try. NULL: refused.
 * `expected_version` 0: any.
 */
const struct communication *find_not_left(const struct workset *set, const struct uuid *communication_id,
					  const struct uuid *customer_id, int64_t expected_version, struct decision *decision);

/* Aggregate. */
struct communication {
	struct uuid customer_id;
	int64_t version;
	uint32_t channel;
	uint32_t state;
	int32_t attempt; /* of the last known dispatch; 0: none */
	int32_t requested_on;
	int64_t not_before_ms; /* as asked for; 0: at once */
	int64_t release_at_ms; /* of a scheduled message: when its timer is due; 0: it has none */
	int64_t send_by_ms;
	struct uuid merge_key;   /* of a message that has waited and is mergeable (keys.c); nil: of none */
	struct uuid merged_into; /* of a merged message: the one that is sent; nil: none */

	/* for the store only */
	int64_t version_stored;
};

/*
 * What a scheduled message was asked to be: the text is made of it at its time. Never saved or changed: it is read from the
 * message's rows, which are there before its timer can fire. The parameters are one text (request.c), and are kept as long as the
 * message can be asked about again.
 */
#define REQUEST_DEBTS_MAX      32
#define REQUEST_PARAMETERS_MAX RENDERED_EMAIL_MAX /* longer ones fit into no message */
struct request {
	uint32_t channel;
	char message_class[MESSAGE_CLASS_MAX + 1];
	char template_name[TEMPLATE_NAME_MAX + 1];
	char language[LANGUAGE_MAX + 1];
	uint32_t debt_ids_count;
	struct uuid debt_ids[REQUEST_DEBTS_MAX];
	uint32_t parameters_size;
	char parameters[REQUEST_PARAMETERS_MAX];
};

/*
 * The debts of a mergeable message that waits, for the one that takes it along. Never saved: it is read from the message's rows, and
 * evolve makes it for a message that has none yet.
 */
struct named_debts {
	uint32_t count;
	struct uuid ids[REQUEST_DEBTS_MAX];
};

struct consent {
	uint32_t is_known; /* 1 */
};

/* ---- facts about a person ---- */

/* A contact that was told to us (RecordContact), or a message of ours. */
struct contact {
	uint32_t is_known; /* 1 */
};

/*
 * A customer's contacts, what caps count: those of RecordContact; our own messages from their release on, unless they certainly
 * did not arrive; and of each channel the last message that the person wrote to us (RecordInbound): no rule looks at earlier ones,
 * and somebody who writes much must not displace the contacts that caps count. Never saved: it is read from communications.contact_history. In the order of that view: validation
 * notices first, then the newest, so that of too many contacts the oldest are lost, and no notice.
 */
#define HISTORY_MAX       64
#define CONTACT_DEBTS_MAX 8
struct contacted {
	struct uuid ref; /* of the contact or the message */
	int64_t at_ms;
	uint32_t channel, direction, party, outcome; /* of enum channel, contact_direction, contact_party, contact_outcome */
	uint32_t message_class;
	uint32_t is_consented;
	uint32_t is_written;  /* a RecordInbound */
	uint32_t debts_count; /* 0: unknown, or more than fit, so it counts for each */
	struct uuid debts[CONTACT_DEBTS_MAX];
};
struct history {
	uint32_t count;
	uint32_t is_cut; /* there are older ones */
	struct contacted contacts[HISTORY_MAX];
};

/* Aggregate: an attorney, a request to cease, a death ...; open until it is ended. */
struct circumstance {
	struct uuid customer_id;
	int64_t version;
	uint32_t kind;
	uint32_t is_ended;

	/* for the store only */
	int64_t version_stored;
};

/* A customer's circumstances that were not ended. Never saved. */
#define CIRCUMSTANCES_MAX 32
struct circumstances {
	uint32_t count;
	struct open_circumstance {
		struct uuid circumstance_id;
		struct uuid debt_id; /* nil: every debt */
		uint32_t kind;
		int32_t from_on;
		int32_t until_on; /* the first day on which it is over; 0: open */
		uint32_t is_void; /* it rests on a payment that is not known to stand */
	} open[CIRCUMSTANCES_MAX];
};

struct preference {
	uint32_t is_known; /* 1 */
};

/* The customer's newest preference. Never saved: each is a row of its own. */
#define BLOCKED_TIMES_MAX 8
struct wishes {
	uint32_t times_count;
	struct unwanted {
		uint32_t weekdays; /* bits, Monday is 1 << 0 */
		int32_t from_min, to_min;
	} times[BLOCKED_TIMES_MAX];
	uint32_t places;     /* bits by enum contact_point_place */
	uint32_t channels;   /* bits by enum channel */
	int32_t valid_until; /* the last day on which it holds; 0: no end */
};

/* Bits of a text of words `mon tue`, in the order of the list; false: another word, or none. */
bool weekdays_read(uint32_t *ret_bits, struct str text);

/* A message from a person. */
struct inbound {
	uint32_t is_known; /* 1 */
};

/*
 * From another module: customers.public_person, with the name decrypted. Texts to the person are sealed with a key derived from
 * the salt (lib/crypto). An erased person has no name and no salt. Zones are of those that the store has loaded.
 */
#define FULL_NAME_MAX (4 * 200) /* bytes of so many characters */
#define SALT_MAX      16
struct person {
	uint32_t is_active;
	uint32_t salt_size;
	uint8_t salt[SALT_MAX];
	uint32_t full_name_size;
	char full_name[FULL_NAME_MAX];
	char country[3]; /* "": unknown */
	char region[4];  /* without the country */
	char language[LANGUAGE_MAX + 1];
	const struct zone *zone;            /* NULL: none is recorded, or the system does not know it */
	const struct zone_set *place_zones; /* of country and region; NULL: unknown */
};

/*
 * For whom the debts are collected, and under which law: a fact of the whole stack (engine.stack, README.md) until portfolios say it.
 * One state, collection_id.
 */
struct collection {
	uint32_t collector;   /* enum collector */
	char jurisdiction[3]; /* "": unknown */
};
extern const struct uuid collection_id;

/* From another module: the best usable address of each channel of messages, decrypted (customers.public_contact_point). */
#define ADDRESS_MAX 320
struct address {
	struct uuid contact_point_id; /* nil: none */
	uint32_t place;               /* enum contact_point_place */
	uint32_t source;              /* enum contact_point_source */
	int64_t checked_ms;           /* last look-up of the number in a data base of reassigned ones; 0: none */
	uint32_t text_size;
	char text[ADDRESS_MAX];
	const struct zone_set *number_zones; /* of a telephone number, beside those of the person's place; NULL: none */
};
struct addresses {
	struct address email;
	struct address sms;
	struct address letter;
};

/* From another module: the address that a person wrote from, by the contact point's id, if it is usable. */
struct writer {
	struct uuid customer_id;
	uint32_t channel;
	struct address address;
};

/* From another module: debts.public_debt. */
#define EXTERNAL_REF_MAX (4 * 64)
struct owed_debt {
	struct uuid customer_id;
	struct uuid creditor_id;
	int64_t balance_minor;
	int64_t credits_minor; /* of all the customer's debts with this creditor and currency: overpaid, and not paid back */
	int32_t due_on;
	uint32_t is_closed;  /* settled, written off, transferred, cancelled: it has left the books */
	uint32_t is_settled; /* paid or settled */
	/* by its holds that are in force */
	uint32_t contact_is_stopped, legal_is_stopped;
	uint32_t demand_is_stopped; /* a promise is open, a plan is active, or a settlement is accepted */
	char currency[4];
	char external_ref[EXTERNAL_REF_MAX + 1];
};

static inline struct str person_salt(const struct person *person)
{
	return (struct str){ .data = (const char *)person->salt, .size = person->salt_size };
}

/* A published version of a compliance profile (guard/guard.h). */
struct publication {
	uint32_t is_known; /* 1 */
};

extern const struct entity template_entity;
extern const struct entity template_text_entity;
extern const struct entity recipient_entity;
extern const struct entity queue_entity;
extern const struct entity communication_entity;
extern const struct entity request_entity;
extern const struct entity named_debts_entity;
extern const struct entity consent_entity;
extern const struct entity inbound_entity;
extern const struct entity person_entity;
extern const struct entity addresses_entity;
extern const struct entity writer_entity;
extern const struct entity owed_debt_entity;
extern const struct entity contact_entity;
extern const struct entity history_entity;
extern const struct entity circumstance_entity;
extern const struct entity circumstances_entity;
extern const struct entity preference_entity;
extern const struct entity wishes_entity;
extern const struct entity publication_entity;
extern const struct entity published_profiles_entity; /* asked.h */
extern const struct entity collection_entity;

/* ---- confidential data of events, for the store only ---- */

/* With CommunicationReleased. */
struct rendered {
	struct str subject;
	struct str body;
	struct str html; /* empty: none */
	struct uuid contact_point_id;
	struct str address;
	struct str parameters; /* of the request, of a message that has not waited: for when it is asked about again */
};

/* With the first CommunicationScheduled: the parameters of its request. */
struct parameters {
	struct str text;
};

/* With ComplianceDecided: the facts whose hash is in the event; no personal data. */
struct facts {
	struct str text;
};

/* ---- messages that wait ---- */

extern const struct timer_kind release_timer; /* subject: the message */
void decide_release(const struct command *timer, const struct workset *set, struct decision *decision);

/*
 * The parameters as one text: each name and value ends with NUL, which no text has. Returns its size; above REQUEST_PARAMETERS_MAX:
 * it does not fit. request_body is the way back; the body borrows from the request. False: the arena is full.
 */
struct send_communication;
size_t request_put_parameters(char text[REQUEST_PARAMETERS_MAX], const struct send_communication *body);
bool request_body(const struct request *request, struct arena *arena, struct send_communication *ret_body);

/* ---- answers to persons (decide_answer.c) ---- */

/*
 * What a person wrote asks for an answer: a STOP is confirmed by the template `opt_out_confirmation`, HELP is answered by the template
 * `help`, of the message's channel and the customer's language. A template that nobody has published is not sent.
 */
struct inbound_answer {
	struct uuid communication_id;
	struct str template_name;
	enum message_class message_class;
	int64_t within_ms; /* of no use later */
};

/* What the words say, or the provider that has handled them; ret_keyword: the word, NULL for INBOUND_INTENT_OTHER. */
struct record_inbound;
enum inbound_intent inbound_intent_of_command(const struct record_inbound *body, const char **ret_keyword);

/* False: it asks for none, or is not to be answered. Also for the states that the answer needs. */
bool inbound_answer(const struct command *command, struct inbound_answer *ret_answer);

/* The message that answers goes the way of any other: its events follow those of the message from the person. */
void answer_inbound(const struct command *command, const struct workset *set, struct decision *decision);

/* ---- natural keys and hashes (keys.c) ---- */

#define TEMPLATE_KEY_MAX (2 + TEMPLATE_NAME_MAX + LANGUAGE_MAX)

struct template_key {
	char text[TEMPLATE_KEY_MAX];
	size_t size;
};

bool template_key(struct template_key *ret_key, struct str name, enum channel channel, struct str language); /* false: too long */
void template_key_split(struct str text, struct str *ret_name, enum channel *ret_channel, struct str *ret_language);
struct uuid template_key_id(const struct template_key *key);

/* Of the messages that answer a person: a confirmation's by what it confirms, the answer to HELP by the day. */
struct uuid confirmation_id(const struct uuid *inbound_id);
struct uuid help_id(const struct uuid *customer_id, int32_t day, enum channel channel);

#define CONTENT_HASH_SIZE 32
void content_hash(uint8_t ret_hash[CONTENT_HASH_SIZE], struct str subject, struct str body);

/*
 * The hash of a message to the person and of the salt. While the salt exists, the hash proves the text; without the salt not even
 * a guess of the name in it can be tested. Without HTML (empty) it is the hash of a message from before there was any.
 */
void rendered_hash(uint8_t ret_hash[CONTENT_HASH_SIZE], struct str subject, struct str body, struct str html,
		   const struct person *person);

/*
 * Messages of a customer with the same key can be one text, if their debts are of one creditor and currency: channel, class, template,
 * language and parameters are equal. A text has one value for each token, so other parameters are another message. Hashed with the
 * salt, because parameters are personal.
 */
struct uuid merge_key(const struct send_communication *body, const struct person *person);

/* ---- rules: decide_<command> is declared in schemas/communications.h ---- */

/* Decides a withdrawal, of one channel or of all (NONE); the customer's recipient, queue and queued messages are touched. */
struct withdrawal_reason {
	struct str via, keyword;
	bool has_keyword;
	int64_t withdrawn_at_ms; /* as it was said; limited to when we received it */
};
int64_t withdrawal_at(int64_t said_ms, int64_t received_ms);
void withdraw_consent(const struct uuid *customer_id, enum channel channel, const struct withdrawal_reason *reason,
		      const struct workset *set, struct decision *decision);

/* A withdrawal of a channel (NONE: of all) ends every consent that we received before it, even one with a later `obtained_at`. */
void recipient_withdraw(struct recipient *recipient, enum channel channel, int64_t withdrawn_at_ms, int64_t told_at_ms);

void communications_evolve(struct workset *set, const struct event *event);

/* evolve_facts.c: the parts of communications_evolve about facts. A message is a contact from its release on. */
struct contact_recorded;
struct inbound_received;
struct circumstance_recorded;
struct circumstance_ended;
struct preference_set;
struct communication_released;
void evolve_contact_recorded(struct workset *set, const struct contact_recorded *event);
void evolve_inbound_received(struct workset *set, const struct inbound_received *event, int64_t at_ms);
struct contacted contacted_inbound(const struct inbound_received *event, int64_t at_ms); /* at_ms: when it came to us */
void evolve_circumstance_recorded(struct workset *set, const struct circumstance_recorded *event);
void evolve_circumstance_ended(struct workset *set, const struct circumstance_ended *event);
void evolve_preference_set(struct workset *set, const struct preference_set *event);
struct contacted contacted_message(const struct communication_released *event, int64_t at_ms);
void history_remove_message(struct workset *set, const struct uuid *customer_id, const struct uuid *communication_id);
void history_add(struct history *history, const struct contacted *contacted);
void history_add_written(struct history *history, const struct contacted *contacted); /* of each channel the last one stays */

#endif
