#ifndef CLI_DUNNING_DRY_RUN_H
#define CLI_DUNNING_DRY_RUN_H

#include <stdio.h>

#include "consumers/dunning/dry_run.h"
#include "consumers/dunning/play.h"
#include "consumers/dunning/portfolio.h"
#include "db/db.h"

/*
 * The dry runs of `dcs dunning`: what it would do, without doing it. Each reads one snapshot of the module's tables.
 *
 *   dunning_view.c      what they share: the snapshot, the policies that an argument names, the day
 *   dunning_preview.c   preview: who gets which step on a day; dunning_guard.c asks the guard, dunning_print.c writes
 *   dunning_diff.c      diff: whose step is another one by another policy
 *   dunning_simulate.c  simulate: days ahead; dunning_customer.c: of one person, with and without something that happens
 */
int run_dunning_preview(int argc, char **argv);
int run_dunning_diff(int argc, char **argv);
int run_dunning_simulate(int argc, char **argv);

/* What came of a policy (dunning_results.c): no dry run, but a table for the same people. */
int run_dunning_results(int argc, char **argv);

/* False: argv[1] is none of them. argv[0] is `dunning`. */
bool dunning_dry_run(int argc, char **argv, int *ret_status);

/* ---- what they share (dunning_view.c) ---- */

/* Settings: what a message costs, in minor units, by channel. */
#define ROW_PRICE(its_name, its_target, its_help)                                                                                \
	{                                                                                                                        \
		.name = (its_name), .kind = CONF_NUMBER, .default_value = "0", .target = (its_target), .number_max = 1000000,    \
		.help = (its_help)                                                                                               \
	}
#define ROWS_PRICE(prices)                                                                                                       \
	ROW_PRICE("price.email", &(prices)[CHANNEL_EMAIL], "what an e-mail costs, in minor units"),                              \
		ROW_PRICE("price.sms", &(prices)[CHANNEL_SMS], "what an SMS costs"),                                             \
		ROW_PRICE("price.letter", &(prices)[CHANNEL_LETTER], "what a letter costs")

#define CAPS_DAYS 7 /* demands of earlier days count against no cap */

/* Settings: which snapshot. */
struct dunning_view_conf {
	const char *pg, *pg_user, *as_of;
	bool is_alone;
};
#define ROWS_DUNNING_VIEW(conf)                                                                                                  \
	ROW_PG(&(conf).pg), ROW_PG_USER(&(conf).pg_user),                                                                        \
		{ .name = "as.of",                                                                                               \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(conf).as_of,                                                                                       \
		  .help = "the business date, or the first of several, 2026-11-22; default: the day after the one that is "      \
			  "reached" },                                                                                           \
	{                                                                                                                        \
		.name = "alone", .kind = CONF_SWITCH, .default_value = "no", .target = &(conf).is_alone,                         \
		.help = "as if no other policy were in force beside POLICY"                                                      \
	}

/* The snapshot. */
struct dunning_view {
	struct db *db;
	struct policies published;
	const struct policy *draft; /* in `published`; NULL: it is as published */
	int32_t business_date;      /* DAY_MIN: there was no Tick */
	int32_t today;              /* the day that is asked about */
};

/*
 * Opens the database and the snapshot, and puts the policy of that name into it (dunning_put; NULL: none). Without as_of the day is the
 * one after the business date, or after the clock's day if there was no Tick.
 */
MUST_CHECK int dunning_open(struct dunning_view *view, const struct dunning_view_conf *conf, const char *policy, struct err *err);
void dunning_close(struct dunning_view *view); /* accepts a zeroed one */

/*
 * Puts the policy that an argument names into `policies`: a file if it has a dot or a slash, otherwise a published one, which is there
 * already, or a ready-made one. With `is_alone` no other is in force. *ret_policy is its place.
 */
MUST_CHECK int dunning_put(const char *file_or_name, bool is_alone, struct policies *policies, const struct policy **ret_policy,
			   struct err *err);

/* ---- dunning_guard.c ---- */

/*
 * Asks the guard about each item that is a message, as at its begins_ms, and notes what it says. The key is that of addresses: the guard
 * looks at where mails and numbers belong. Items are asked in sets. `ids` are their debts.
 */
MUST_CHECK int dunning_ask_guard(const struct dunning_view *view, const uint8_t key[32], struct dry_item *items, size_t count,
				 const struct uuid *ids, struct err *err);

/* ---- dunning_customer.c ---- */

#define DUNNING_CHANGES_MAX 16

/* What --if says. Borrows the text. */
struct dunning_change {
	struct str text;
	struct play_change change;
	struct str amount; /* of a payment, until the currency is known; empty: no payment */
	char currency[4];  /* ""; that of the person's first group */
};
struct dunning_changes {
	struct dunning_change items[DUNNING_CHANGES_MAX];
	size_t count;
};

/* "pays 50.00 on 2026-11-22" (also "50.00 EUR"), "opts out of email on 2026-11-22", "nothing". False: none of these. */
MUST_CHECK bool dunning_change_read(struct str text, struct dunning_change *ret_change);

/* Takes every --if out of the arguments. */
MUST_CHECK int dunning_take_changes(int *argc, char **argv, struct dunning_changes *ret_changes, struct err *err);

/* The person's days, as it is and with the changes. */
MUST_CHECK int dunning_tell_customer(const struct dunning_view *view, const struct play *play, const struct uuid *customer_id,
				     const struct dunning_changes *changes, struct err *err);

/* ---- dunning_print.c ---- */

void print_amount(FILE *file, int64_t minor, const char *currency);
void print_totals(FILE *file, const struct dry_totals *totals, bool was_guard_asked, const int64_t prices[CHANNEL_COUNT]);
void print_person_heading(FILE *file);
void print_person(FILE *file, const struct dry_item *item, const int64_t prices[CHANNEL_COUNT]);

void print_difference_heading(FILE *file);
void print_difference(FILE *file, const struct dry_item *a, const struct dry_item *b, enum dry_difference difference);
const char *word_of_difference(enum dry_difference difference);

/* "email", "call", "passes over": how a step is done. */
const char *way_of(enum dunning_action action, enum channel channel);

#endif
