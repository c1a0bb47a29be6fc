#ifndef CLI_VERIFY_COMMUNICATIONS_H
#define CLI_VERIFY_COMMUNICATIONS_H

#include <stdio.h>

#include "consumers/communications/communications.h"
#include "fold.h"
#include "schemas/communications.h"

/*
 * Private to verify_communications.c, which has the module's list of tables, and its parts, each with notes and checks of its own:
 * verify_communications_messages.c for messages, their receipts and what the notifier has of them, verify_communications_wishes.c
 * for what persons permit, forbid and say, and what was told of them.
 */

/* A number as a part of a row's id. */
static inline struct str number_text(char text[24], int64_t number)
{
	snprintf(text, 24, "%lld", (long long)number);
	return str_of(text);
}

/* ---- messages ---- */

extern const struct entity noted_debt, noted_receipt, noted_outbox, noted_dispatch, noted_attempt;

void note_scheduled(struct fold *fold, const struct communication_scheduled *event, const struct logged_line *line);
void note_rescheduled(struct fold *fold, const struct communication_rescheduled *event);
void note_released(struct fold *fold, const struct communication_released *event, const struct logged_line *line);
void note_suppressed(struct fold *fold, const struct communication_suppressed *event, const struct logged_line *line);
void note_receipt(struct fold *fold, const struct communication_progressed *event, const struct logged_line *line);
void note_change(struct fold *fold, const struct uuid *communication_id, const struct logged_line *line);
void note_taken_back(struct fold *fold, const struct consent_withdrawn *event, const struct logged_line *line);

void check_communication(struct fold *fold, struct table_row *row);
void check_communication_debt(struct fold *fold, struct table_row *row);
void check_receipt(struct fold *fold, struct table_row *row);
void check_outbox(struct fold *fold, struct table_row *row);
void check_dispatch(struct fold *fold, struct table_row *row);
void check_attempt(struct fold *fold, struct table_row *row);

/* ---- persons ---- */

extern const struct entity noted_consent, noted_withdrawal, noted_inbound, noted_unknown_inbound, noted_permission, noted_opt_out,
	noted_contact, noted_contact_debt, noted_preference, noted_blocked_time;

void prepare_consent(struct fold *fold, struct command *command, const struct consent_granted *event,
		     const struct logged_line *line);
void prepare_withdrawal(struct command *command, const struct consent_withdrawn *event);
void note_consent(struct fold *fold, const struct consent_granted *event, const struct logged_line *line);
void note_withdrawal(struct fold *fold, const struct consent_withdrawn *event, const struct command *command,
		     const struct logged_line *line);
void note_inbound(struct fold *fold, const struct inbound_received *event, const struct logged_line *line);
void note_unknown_inbound(struct fold *fold, const struct unknown_inbound_received *event, const struct logged_line *line);
void note_contact(struct fold *fold, const struct contact_recorded *event, const struct logged_line *line);
void note_circumstance(struct fold *fold, const struct circumstance_recorded *event, const struct logged_line *line);
void note_circumstance_end(struct fold *fold, const struct circumstance_ended *event, const struct logged_line *line);
void note_preference(struct fold *fold, const struct preference_set *event, const struct logged_line *line);
void note_recipient(struct fold *fold, const struct uuid *id, const struct recipient *recipient);

void check_consent(struct fold *fold, struct table_row *row);
void check_withdrawal(struct fold *fold, struct table_row *row);
void check_inbound(struct fold *fold, struct table_row *row);
void check_unknown_inbound(struct fold *fold, struct table_row *row);
void check_permission(struct fold *fold, struct table_row *row);
void check_opt_out(struct fold *fold, struct table_row *row);
void check_contact(struct fold *fold, struct table_row *row);
void check_contact_debt(struct fold *fold, struct table_row *row);
void check_circumstance(struct fold *fold, struct table_row *row);
void check_preference(struct fold *fold, struct table_row *row);
void check_blocked_time(struct fold *fold, struct table_row *row);

#endif
