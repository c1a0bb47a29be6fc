#include "bounce_mail.h"

#include <stdio.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "http/mail.h"
#include "mail_parts.h"

#define SIGNATURE_SIZE 12

/* ---- our address ---- */

static bool read_address(const char *text, const uint8_t key[32], struct uuid *ret_id, bool *ret_is_signed)
{
	char id_text[2 * sizeof(ret_id->bytes) + 1], content[64];
	uint8_t given[SIGNATURE_SIZE], expected[DIGEST_SIZE];
	size_t size = strlen(text);

	if (size < 32 + 1 + 2 * SIGNATURE_SIZE + 1 || text[32] != '.' || text[33 + 2 * SIGNATURE_SIZE] != '@')
		return false;
	if (!hex_to_bytes(ret_id->bytes, sizeof(ret_id->bytes), (struct str){ .data = text, .size = 32 }) ||
	    !hex_to_bytes(given, sizeof(given), (struct str){ .data = text + 33, .size = 2 * SIGNATURE_SIZE }))
		return false;
	hex_from_bytes(id_text, ret_id->bytes, sizeof(ret_id->bytes));
	(void)snprintf(content, sizeof(content), "bounce|%s", id_text);
	sign(expected, str_of(content), key);
	*ret_is_signed = bytes_equal(expected, given, sizeof(given));
	return true;
}

/* The headers that a mail server writes the envelope's recipient into, and To of a mailer that writes none. */
static bool names_recipient(struct str name)
{
	static const char *const names[] = { "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (str_equal_nocase(name, str_of(names[i])))
			return true;
	}
	return false;
}

/* ---- the delivery status ---- */

static bool read_status(const char *value, char status[BOUNCE_STATUS_MAX + 1])
{
	size_t size = strspn(value, "0123456789.");

	if (size < 5 || size > BOUNCE_STATUS_MAX || value[1] != '.' || (value[0] != '2' && value[0] != '4' && value[0] != '5'))
		return false;
	memcpy(status, value, size);
	status[size] = '\0';
	return true;
}

/* The groups of fields: the first is about the message, each other about a recipient. Ours have one recipient. */
static bool read_report(struct str report, struct bounce *bounce)
{
	bool has_failed = false, has_status = false;
	struct mail_field field;

	while (report.size > 0) {
		if (!mail_next_field(&report, &field))
			continue; /* an empty line between two groups */
		if (str_equal_nocase(field.name, STR("action")))
			has_failed = str_begins_nocase(str_of(field.value), STR("failed"));
		else if (str_equal_nocase(field.name, STR("status")))
			has_status |= read_status(field.value, bounce->status);
	}
	bounce->is_final = has_failed && has_status && bounce->status[0] == '5';
	bounce->is_of_address = bounce->is_final && mail_status_is_of_address(str_of(bounce->status));
	return has_status;
}

static bool is_delivery_status(struct str *part)
{
	struct mail_field field;
	bool is_found = false;

	while (mail_next_field(part, &field)) {
		if (str_equal_nocase(field.name, STR("content-type")))
			is_found = str_begins_nocase(str_of(field.value), STR("message/delivery-status"));
	}
	return is_found;
}

static bool find_report(struct str body, const struct mail_boundary *boundary, struct bounce *bounce)
{
	struct str part;

	if (boundary->text[0] == '\0')
		return false;
	for (int i = 0; i < MAIL_PARTS_MAX && mail_next_part(&body, boundary, &part); i++) {
		if (is_delivery_status(&part) && read_report(part, bounce))
			return true;
	}
	return false;
}

enum bounce_verdict bounce_mail_read(struct str mail, const uint8_t key[32], struct bounce *ret_bounce)
{
	struct bounce bounce = { .status = "" };
	struct mail_boundary boundary = { .text = "" };
	bool is_ours = false, is_signed = false;
	struct mail_field field;

	if (mail.size > BOUNCE_MAIL_MAX)
		mail.size = BOUNCE_MAIL_MAX;
	while (mail_next_field(&mail, &field)) {
		const char *at = names_recipient(field.name) ? strstr(field.value, "bounce+") : NULL;

		if (at != NULL && !is_signed)
			is_ours |= read_address(at + strlen("bounce+"), key, &bounce.communication_id, &is_signed);
		if (str_equal_nocase(field.name, STR("content-type")) &&
		    str_begins_nocase(str_of(field.value), STR("multipart/report")))
			boundary = mail_boundary_of(field.value);
	}
	if (!is_signed)
		return is_ours ? BOUNCE_FORGED : BOUNCE_NOT_OURS;
	if (!find_report(mail, &boundary, &bounce))
		return BOUNCE_NO_STATUS;
	*ret_bounce = bounce;
	return BOUNCE_READ;
}
