#include "bounce_mail.h"

#include <stdio.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "http/mail.h"

#define VALUE_MAX      1000 /* of a header field; the rest of a longer one is not looked at */
#define BOUNDARY_MAX   70   /* RFC 2046 5.1.1 */
#define SIGNATURE_SIZE 12

/* ---- lines and header fields ---- */

/* The next line without its end (LF or CRLF). */
static struct str next_line(struct str *rest)
{
	struct str line = str_cut(*rest, '\n', rest);

	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

static bool is_folded(struct str rest)
{
	return rest.size > 0 && (rest.data[0] == ' ' || rest.data[0] == '\t');
}

struct field {
	struct str name;
	char value[VALUE_MAX + 1]; /* unfolded, trimmed; a NUL ends it */
};

static size_t add(char value[VALUE_MAX + 1], size_t size, struct str text)
{
	size_t fits = VALUE_MAX - size < text.size ? VALUE_MAX - size : text.size;

	if (fits > 0)
		memcpy(value + size, text.data, fits);
	return size + fits;
}

/* False: the headers are over; *rest is behind the empty line. */
static bool next_field(struct str *rest, struct field *ret_field)
{
	struct str line = next_line(rest), value;
	size_t size;

	if (line.size == 0)
		return false;
	ret_field->name = str_trim(str_cut(line, ':', &value), " \t");
	size = add(ret_field->value, 0, str_trim(value, " \t"));
	while (is_folded(*rest)) {
		size = add(ret_field->value, size, size > 0 ? STR(" ") : STR(""));
		size = add(ret_field->value, size, str_trim(next_line(rest), " \t"));
	}
	ret_field->value[size] = '\0';
	return true;
}

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

/* ---- the parts ---- */

struct boundary {
	char text[BOUNDARY_MAX + 1]; /* "": none */
};

/* The parameter of Content-Type: boundary="..." or boundary=... */
static struct boundary boundary_of(const char *content_type)
{
	struct boundary boundary = { .text = "" };
	size_t size = 0;

	for (const char *at = content_type; *at != '\0'; at++) {
		bool is_quoted;

		if (!str_begins_nocase(str_of(at), STR("boundary=")))
			continue;
		at += strlen("boundary=");
		is_quoted = *at == '"';
		for (at += is_quoted; *at != '\0' && (is_quoted ? *at != '"' : *at != ';' && *at != ' '); at++) {
			if (size == BOUNDARY_MAX)
				return (struct boundary){ .text = "" };
			boundary.text[size++] = *at;
		}
		break;
	}
	boundary.text[size] = '\0';
	return boundary;
}

static bool is_border(struct str line, const struct boundary *boundary)
{
	size_t size = strlen(boundary->text);

	return line.size >= 2 + size && memcmp(line.data, "--", 2) == 0 && memcmp(line.data + 2, boundary->text, size) == 0;
}

/* Cuts off the part in front of the next border. False: there is no border any more. */
static bool next_part(struct str *rest, const struct boundary *boundary, struct str *ret_part)
{
	const char *begin = rest->data;

	while (rest->size > 0) {
		const char *at = rest->data;

		if (is_border(next_line(rest), boundary)) {
			*ret_part = (struct str){ .data = begin, .size = (size_t)(at - begin) };
			return true;
		}
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
	struct field field;

	while (report.size > 0) {
		if (!next_field(&report, &field))
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
	struct field field;
	bool is_found = false;

	while (next_field(part, &field)) {
		if (str_equal_nocase(field.name, STR("content-type")))
			is_found = str_begins_nocase(str_of(field.value), STR("message/delivery-status"));
	}
	return is_found;
}

static bool find_report(struct str body, const struct boundary *boundary, struct bounce *bounce)
{
	struct str part;

	if (boundary->text[0] == '\0')
		return false;
	for (int i = 0; i < BOUNCE_PARTS_MAX && next_part(&body, boundary, &part); i++) {
		if (is_delivery_status(&part) && read_report(part, bounce))
			return true;
	}
	return false;
}

enum bounce_verdict bounce_mail_read(struct str mail, const uint8_t key[32], struct bounce *ret_bounce)
{
	struct bounce bounce = { .status = "" };
	struct boundary boundary = { .text = "" };
	bool is_ours = false, is_signed = false;
	struct field field;

	if (mail.size > BOUNCE_MAIL_MAX)
		mail.size = BOUNCE_MAIL_MAX;
	while (next_field(&mail, &field)) {
		const char *at = names_recipient(field.name) ? strstr(field.value, "bounce+") : NULL;

		if (at != NULL && !is_signed)
			is_ours |= read_address(at + strlen("bounce+"), key, &bounce.communication_id, &is_signed);
		if (str_equal_nocase(field.name, STR("content-type")) &&
		    str_begins_nocase(str_of(field.value), STR("multipart/report")))
			boundary = boundary_of(field.value);
	}
	if (!is_signed)
		return is_ours ? BOUNCE_FORGED : BOUNCE_NOT_OURS;
	if (!find_report(mail, &boundary, &bounce))
		return BOUNCE_NO_STATUS;
	*ret_bounce = bounce;
	return BOUNCE_READ;
}
