#include "http/mail.h"

#include <string.h>

#include "base/address.h"
#include "base/day.h"
#include "base/text.h"

/*
 * The building half of mail.h: RFC 5322 headers, RFC 2047 words, quoted-printable text (RFC 2045 6.7). Pure. Checks come first;
 * after them nothing can fail but the buffer.
 */

#define WORD_BYTES_MAX  42 /* of UTF-8 in one encoded word: =?UTF-8?B?..56..?= is 68 long, under RFC 2047's 75 */
#define PLAIN_MAX       66 /* a header's text longer than this is encoded, so that it can be folded anywhere */
#define QP_LINE_MAX     76 /* with the soft break's = */
#define TEXT_SIZE_MAX   (256 * 1024)
#define HEADER_TEXT_MAX 1000

/* ---- checks ---- */

static bool is_plain(struct str text) /* printable ASCII */
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < 0x20 || text.data[i] > 0x7e)
			return false;
	}
	return true;
}

static bool is_header_text(struct str text)
{
	return text.size <= HEADER_TEXT_MAX && str_is_text(text) && text_fault(text, TEXT_PROSE) == NULL;
}

static bool is_dotted(struct str text) /* a.b.c: no empty part */
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '.' && (i == 0 || i + 1 == text.size || text.data[i + 1] == '.'))
			return false;
	}
	return text.size > 0;
}

bool mail_address_is_valid(struct str address)
{
	struct str domain, local;

	if (address.size > ADDRESS_EMAIL_MAX || !is_plain(address))
		return false;
	for (size_t i = 0; i < address.size; i++) {
		if (strchr(" <>()[]\\,;:\"", address.data[i]) != NULL)
			return false;
	}
	local = str_cut(address, '@', &domain);
	if (local.size > 64 || memchr(domain.data, '@', domain.size) != NULL)
		return false;
	return is_dotted(local) && is_dotted(domain);
}

static bool is_field_name(struct str name)
{
	return name.size > 0 && is_plain(name) && memchr(name.data, ':', name.size) == NULL &&
	       memchr(name.data, ' ', name.size) == NULL;
}

static int check(const struct mail *mail, struct err *err)
{
	if (!mail_address_is_valid(mail->from_address))
		return err_set(err, ERR_POISON, "mail: From is not an address");
	if (!address_is_email(mail->to_address))
		return err_set(err, ERR_POISON, "mail: To is not an address");
	if (mail->reply_to.size > 0 && !mail_address_is_valid(mail->reply_to))
		return err_set(err, ERR_POISON, "mail: Reply-To is not an address");
	if (!mail_address_is_valid(mail->message_id))
		return err_set(err, ERR_POISON, "mail: Message-ID is not of the form left@right");
	if (!is_header_text(mail->from_name))
		return err_set(err, ERR_POISON, "mail: the sender's name is no line of text or too long");
	if (mail->subject.size == 0 || !is_header_text(mail->subject))
		return err_set(err, ERR_POISON, "mail: the subject is empty, no line of text or too long");
	if (!str_is_text(mail->text) || mail->text.size > TEXT_SIZE_MAX || !str_is_text(mail->html) ||
	    mail->html.size > TEXT_SIZE_MAX)
		return err_set(err, ERR_POISON, "mail: the text or the HTML is not UTF-8 or too long");
	MUST(mail->headers_count <= MAIL_HEADERS_MAX);
	for (size_t i = 0; i < mail->headers_count; i++) {
		MUST(is_field_name(str_of(mail->headers[i].name)));
		if (!is_plain(mail->headers[i].value) || mail->headers[i].value.size > HEADER_TEXT_MAX - 40)
			return err_set(err, ERR_POISON, "mail: header %s is not printable ASCII or too long",
				       mail->headers[i].name);
	}
	return 0;
}

/* ---- headers ---- */

static void add_base64(struct buf *buf, struct str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t have = bytes.size - i < 3 ? bytes.size - i : 3;
		uint32_t group = 0;

		for (size_t k = 0; k < 3; k++)
			group = group << 8 | (k < have ? (uint8_t)bytes.data[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			buf_add_u8(buf, k <= have ? (uint8_t)digits[group >> (18 - 6 * k) & 63] : '=');
	}
}

/* Encoded words, one a line, cut between characters (RFC 2047 5: each word must decode alone). */
static void add_words(struct buf *buf, struct str text)
{
	while (text.size > 0) {
		size_t size = text.size < WORD_BYTES_MAX ? text.size : WORD_BYTES_MAX;

		while (size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
			size--;
		buf_add_text(buf, "=?UTF-8?B?");
		add_base64(buf, (struct str){ .data = text.data, .size = size });
		buf_add_text(buf, "?=");
		text.data += size;
		text.size -= size;
		if (text.size > 0)
			buf_add_text(buf, "\r\n ");
	}
}

static bool must_be_encoded(struct str text)
{
	if (!is_plain(text) || text.size > PLAIN_MAX || text.data[0] == ' ' || text.data[text.size - 1] == ' ')
		return true;
	for (size_t i = 0; i + 1 < text.size; i++) {
		if (text.data[i] == '=' && text.data[i + 1] == '?') /* would be read as an encoded word */
			return true;
	}
	return false;
}

static void add_quoted(struct buf *buf, struct str text)
{
	buf_add_u8(buf, '"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_add_u8(buf, '\\');
		buf_add_u8(buf, (uint8_t)text.data[i]);
	}
	buf_add_u8(buf, '"');
}

static void add_from(struct buf *buf, const struct mail *mail)
{
	buf_add_text(buf, "From: ");
	if (mail->from_name.size > 0) {
		if (must_be_encoded(mail->from_name))
			add_words(buf, mail->from_name);
		else
			add_quoted(buf, mail->from_name);
		buf_add_text(buf, "\r\n "); /* folded: name and address may each be long */
	}
	buf_add_u8(buf, '<');
	buf_add_str(buf, mail->from_address);
	buf_add_text(buf, ">\r\n");
}

static void add_address(struct buf *buf, const char *name, struct str address)
{
	buf_add_format(buf, "%s: <%.*s>\r\n", name, (int)address.size, address.data);
}

static void add_subject(struct buf *buf, struct str subject)
{
	buf_add_text(buf, "Subject: ");
	if (must_be_encoded(subject))
		add_words(buf, subject);
	else
		buf_add_str(buf, subject);
	buf_add_text(buf, "\r\n");
}

static void add_date(struct buf *buf, int64_t date_ms)
{
	static const char weekdays[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" }; /* 1970-01-01 was a Thursday */
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int32_t day = day_of_instant(date_ms);
	int second = (int)((date_ms - day * DAY_MS) / 1000);
	int year, month, day_of_month;

	day_split(day, &year, &month, &day_of_month);
	buf_add_format(buf, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", weekdays[((day % 7) + 7) % 7], day_of_month,
		       months[month - 1], year, second / 3600, second / 60 % 60, second % 60);
}

static void add_headers(struct buf *buf, const struct mail *mail)
{
	add_date(buf, mail->date_ms);
	add_from(buf, mail);
	if (mail->reply_to.size > 0)
		add_address(buf, "Reply-To", mail->reply_to);
	add_address(buf, "To", mail->to_address);
	add_subject(buf, mail->subject);
	add_address(buf, "Message-ID", mail->message_id);
	buf_add_text(buf, "Auto-Submitted: auto-generated\r\n");
	for (size_t i = 0; i < mail->headers_count; i++) {
		buf_add_format(buf, "%s: %.*s\r\n", mail->headers[i].name, (int)mail->headers[i].value.size,
			       mail->headers[i].value.data);
	}
	buf_add_text(buf, "MIME-Version: 1.0\r\n");
}

static void add_part_headers(struct buf *buf, const char *type)
{
	buf_add_format(buf, "Content-Type: text/%s; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
}

/* ---- the text ---- */

static bool ends_line(struct str text, size_t at)
{
	return at == text.size || text.data[at] == '\r' || text.data[at] == '\n';
}

/* A space at the end of a line would be lost on the way; a dot at its start is SMTP's own, and "From " that of mailboxes. */
static bool must_be_escaped(struct str text, size_t at, size_t column)
{
	unsigned char byte = (unsigned char)text.data[at];

	if (byte == ' ' || byte == '\t')
		return ends_line(text, at + 1);
	if (column == 0 && (byte == '.' || byte == 'F'))
		return true;
	return byte < 0x20 || byte > 0x7e || byte == '=';
}

/* All line ends (CR LF, LF, CR) become CR LF; the last line gets one too. */
static void add_text(struct buf *buf, struct str text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (ends_line(text, i)) {
			if (text.data[i] == '\r' && i + 1 < text.size && text.data[i + 1] == '\n')
				i++;
			buf_add_text(buf, "\r\n");
			column = 0;
			continue;
		}
		if (column + 3 > QP_LINE_MAX - 1) { /* room for an escape, and for the = behind it */
			buf_add_text(buf, "=\r\n");
			column = 0;
		}
		if (must_be_escaped(text, i, column)) {
			buf_add_format(buf, "=%02X", (unsigned char)text.data[i]);
			column += 3;
		} else {
			buf_add_u8(buf, (uint8_t)text.data[i]);
			column++;
		}
	}
	if (column > 0)
		buf_add_text(buf, "\r\n");
}

/* ---- HTML ---- */

#define BOUNDARY "=_alternative" /* in no quoted-printable text: there a = begins two digits or ends the line */

/* The number of line ends at `at`, and where they end. */
static size_t skip_line_ends(struct str text, size_t *at)
{
	size_t count = 0;

	while (*at < text.size && ends_line(text, *at)) {
		if (text.data[*at] == '\r' && *at + 1 < text.size && text.data[*at + 1] == '\n')
			(*at)++;
		(*at)++;
		count++;
	}
	return count;
}

static void add_escaped_byte(struct buf *html, char byte)
{
	switch (byte) {
	case '&':
		buf_add_text(html, "&amp;");
		return;
	case '<':
		buf_add_text(html, "&lt;");
		return;
	case '>':
		buf_add_text(html, "&gt;");
		return;
	default:
		buf_add_u8(html, (uint8_t)byte);
	}
}

static void write_html_of_text(struct buf *html, struct str text)
{
	buf_add_text(html, "<p>");
	for (size_t at = 0; at < text.size;) {
		size_t line_ends = skip_line_ends(text, &at);

		if (line_ends > 0 && at < text.size)
			buf_add_text(html, line_ends > 1 ? "</p>\n<p>" : "<br>\n");
		if (line_ends == 0)
			add_escaped_byte(html, text.data[at++]);
	}
	buf_add_text(html, "</p>");
}

static void write_html(struct buf *html, const struct mail *mail)
{
	buf_add_text(html, "<!DOCTYPE html>\n<html><body dir=\"auto\">\n");
	if (mail->html.size > 0)
		buf_add_str(html, mail->html);
	else
		write_html_of_text(html, mail->text);
	buf_add_text(html, "\n</body></html>\n");
}

static void add_alternatives(struct buf *buf, const struct mail *mail)
{
	struct buf html;

	buf_add_text(buf, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n--" BOUNDARY "\r\n");
	add_part_headers(buf, "plain");
	add_text(buf, mail->text);
	buf_add_text(buf, "--" BOUNDARY "\r\n");
	add_part_headers(buf, "html");
	buf_init(&html, 6 * TEXT_SIZE_MAX);
	write_html(&html, mail);
	buf->overflow = buf->overflow || html.overflow;
	add_text(buf, buf_str(&html));
	buf_add_text(buf, "--" BOUNDARY "--\r\n");
	memset(html.data, 0, html.size);
	buf_release(&html);
}

int mail_build(const struct mail *mail, struct buf *buf, struct err *err)
{
	if (check(mail, err) != 0)
		return -1;
	add_headers(buf, mail);
	if (mail->has_html || mail->html.size > 0) {
		add_alternatives(buf, mail);
	} else {
		add_part_headers(buf, "plain");
		add_text(buf, mail->text);
	}
	if (buf->overflow)
		return err_set(err, ERR_POISON, "mail: the message is too large");
	return 0;
}
