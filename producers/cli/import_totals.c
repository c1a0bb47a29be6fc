#include "import_totals.h"

#include "base/money.h"

static bool is_amount_of(struct str amount, const char *code)
{
	const struct currency *currency = currency_find(str_of(code));
	int64_t ignored = 0;

	return currency != NULL && money_parse(amount, currency, &ignored);
}

#define MOST_DECIMALS "CLF"

/* "1234.56 EUR"; an amount without a currency is parsed again when the currency is known. */
static int parse_one(struct str word, struct import_total *ret_total, struct err *err)
{
	struct import_total total = { .currency = "" };
	struct str code = STR("");

	total.amount = str_cut(word, ' ', &code);
	code = str_trim(code, " ");
	if (total.amount.size == 0 || !str_to_chars(total.currency, sizeof(total.currency), code) ||
	    !is_amount_of(total.amount, code.size > 0 ? total.currency : MOST_DECIMALS))
		return err_set(err, ERR_FATAL, "write 1234.56, or 1234.56 EUR,99.00 USD");
	*ret_total = total;
	return 0;
}

static struct import_total *find(struct import_totals *totals, struct str currency)
{
	for (size_t i = 0; i < totals->count; i++) {
		if (str_is(currency, totals->items[i].currency))
			return &totals->items[i];
	}
	return NULL;
}

int totals_parse(const char *words, struct import_totals *ret_totals, struct err *err)
{
	struct import_totals totals = { .count = 0 };
	struct str rest = str_of(words);

	while (rest.size > 0) {
		struct import_total total;

		if (parse_one(str_trim(str_cut(rest, ',', &rest), " "), &total, err) != 0)
			return -1;
		if (totals.count == TOTALS_MAX || find(&totals, str_of(total.currency)) != NULL)
			return err_set(err, ERR_FATAL, "a currency stands twice, or there are too many");
		totals.items[totals.count++] = total;
	}
	if (totals.count > 1 && find(&totals, STR("")) != NULL)
		return err_set(err, ERR_FATAL, "of several totals each needs its currency");
	*ret_totals = totals;
	return 0;
}

int totals_add(struct import_totals *totals, struct str currency, int64_t minor, struct err *err)
{
	struct import_total *total = find(totals, currency);

	if (total == NULL && totals->count == 1 && totals->items[0].currency[0] == '\0' && currency_find(currency) != NULL) {
		total = &totals->items[0];
		if (!str_to_chars(total->currency, sizeof(total->currency), currency) ||
		    !is_amount_of(total->amount, total->currency))
			return err_set(err, ERR_POISON, "the total is no amount of %s", total->currency);
	}
	if (total == NULL)
		return err_set(err, ERR_POISON, "its currency has no total: give one for each (--total '1234.56 EUR,99.00 USD')");
	if (!money_add(total->found_minor, minor, &total->found_minor))
		return err_set(err, ERR_POISON, "the total overflows");
	return 0;
}

int totals_check(const struct import_totals *totals, struct err *err)
{
	for (size_t i = 0; i < totals->count; i++) {
		const struct import_total *total = &totals->items[i];
		const struct currency *currency = currency_find(str_of(total->currency));
		int64_t minor = 0;
		char text[32] = "0";

		if (currency != NULL && !money_parse(total->amount, currency, &minor))
			return err_set(err, ERR_FATAL, "the total is no amount of %s", total->currency);
		if (currency != NULL && minor == total->found_minor)
			continue;
		if (currency != NULL)
			money_format(text, total->found_minor, currency);
		return err_set(err, ERR_FATAL, "the amounts come to %s%s%s, not to the total given", text,
			       currency != NULL ? " " : "", total->currency);
	}
	return 0;
}
