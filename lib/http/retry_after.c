#include "http/retry_after.h"

#include <curl/curl.h>

#define DATE_SIZE 64

static bool is_number(struct str value)
{
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	}
	return value.size > 0;
}

static int64_t bounded(int64_t pause_ms)
{
	if (pause_ms < 0)
		return 0;
	return pause_ms < RETRY_AFTER_MAX_MS ? pause_ms : RETRY_AFTER_MAX_MS;
}

int64_t http_date_ms(struct str value)
{
	char date[DATE_SIZE];
	time_t at_s;

	if (value.size == 0 || value.data[0] < 'A' || !str_to_chars(date, sizeof(date), value)) /* every date begins with a day */
		return -1;
	at_s = curl_getdate(date, NULL);
	return at_s < 0 ? -1 : (int64_t)at_s * 1000;
}

int64_t retry_after_ms(struct str value, int64_t now_ms)
{
	long long seconds;
	int64_t at_ms;

	value = str_trim(value, " \t");
	if (is_number(value))
		return str_to_int64(value, &seconds) && seconds < RETRY_AFTER_MAX_MS / 1000 ? bounded(seconds * 1000)
											    : RETRY_AFTER_MAX_MS;
	at_ms = http_date_ms(value);
	return at_ms < 0 ? -1 : bounded(at_ms - now_ms);
}
