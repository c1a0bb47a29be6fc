#include "producers/api/offer/kannel_report.h"

#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "http/kannel.h"

#define AT_MAX_S ((int64_t)4102444800) /* 2100: no report has a later time */
#define REF_MAX  128

static bool is_code_byte(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/*
 * The error number of an SMPP receipt ("id:1 ... stat:UNDELIV err:042 text:..."), otherwise nothing: the rest may quote the
 * message.
 */
static void read_code(struct str info, char code[KANNEL_CODE_MAX + 1])
{
	size_t size = 0;

	code[0] = '\0';
	for (size_t i = 0; i + 4 < info.size; i++) {
		if (memcmp(info.data + i, "err:", 4) != 0 || (i > 0 && info.data[i - 1] != ' '))
			continue;
		for (i += 4; i < info.size && size < KANNEL_CODE_MAX && is_code_byte(info.data[i]); i++)
			code[size++] = info.data[i];
		code[size] = '\0';
		return;
	}
}

static int64_t read_at(struct str at, int64_t now_ms)
{
	long long seconds;

	return str_to_int64(at, &seconds) && seconds > 0 && seconds < AT_MAX_S ? seconds * 1000 : now_ms;
}

/* Whether it is an id of the network; a report without one is still valid. */
static bool ref_is_usable(struct str ref)
{
	for (size_t i = 0; i < ref.size; i++) {
		if (ref.data[i] <= 0x20 || ref.data[i] > 0x7e)
			return false;
	}
	return ref.size > 0 && ref.size <= REF_MAX;
}

enum kannel_report_verdict kannel_report_read(const struct kannel_arguments *arguments, const uint8_t key[32], int64_t now_ms,
					      struct kannel_report *ret_report)
{
	struct record_delivery *delivery = &ret_report->delivery;
	struct callback_link link;
	const char *status;
	long long kind;

	*ret_report = (struct kannel_report){ .kind = 0 };
	switch (callback_link_read(&arguments->link, "kannel", key, &link)) {
	case LINK_MALFORMED:
		return KANNEL_REPORT_MALFORMED;
	case LINK_FORGED:
		return KANNEL_REPORT_FORGED;
	case LINK_GOOD:
		break;
	}
	if (!str_to_int64(arguments->status, &kind))
		return KANNEL_REPORT_MALFORMED;
	ret_report->kind = kind;
	status = kannel_delivery_status(kind);
	if (status == NULL)
		return KANNEL_REPORT_NO_NEWS;
	read_code(arguments->info, ret_report->code);
	delivery->communication_id = link.communication_id;
	delivery->customer_id = link.customer_id;
	delivery->provider = link.gateway;
	delivery->has_provider_ref = ref_is_usable(arguments->ref);
	delivery->provider_ref = delivery->has_provider_ref ? arguments->ref : STR("");
	delivery->has_provider_code = ret_report->code[0] != '\0';
	delivery->provider_code = str_of(ret_report->code);
	delivery->status = str_of(status);
	delivery->occurred_at = read_at(arguments->at, now_ms);
	return KANNEL_REPORT_TAKEN;
}

struct uuid kannel_report_command_id(const struct kannel_report *report)
{
	const struct record_delivery *delivery = &report->delivery;
	struct uuid kind = uuid_derive(&delivery->communication_id, "delivery", (uint64_t)report->kind);
	char content[24 + KANNEL_CODE_MAX + 1 + REF_MAX + 1];
	struct uuid hash;
	uint64_t number;

	(void)snprintf(content, sizeof(content), "%lld|%s|%.*s", (long long)delivery->occurred_at, report->code,
		       (int)delivery->provider_ref.size, delivery->provider_ref.data);
	hash = uuid_of_text(str_of(content));
	memcpy(&number, hash.bytes, sizeof(number));
	return uuid_derive(&kind, "report", number);
}
