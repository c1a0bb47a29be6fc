#include "consumers/communications/guard/rules.h"
#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/guard/rule.h"

/* Each paragraph of law is a row: its id (consumers/DOMAIN.md 9), where it stands, when it was built, its numbers. */
const struct guard_row guard_rows[] = {
	[RULE_FACT_1] = { { "FACT-1", "house: a place, a channel, a class and a party are known", "2026-11-29", { 0 } },
			  rule_fact_known },
	[RULE_US_01] = { { "US-01", "12 CFR 1006.6(b)(1)(i), comments 6(b)(1)(i)-1, -2", "2026-11-29", { "from", "to" } },
			 rule_hours },
	[RULE_US_02] = { { "US-02", "12 CFR 1006.6(b)(1), comments 6(b)(1)-1, -2", "2026-11-29", { 0 } }, rule_wishes },
	[RULE_US_03] = { { "US-03", "12 CFR 1006.6(b)(3), 1006.22(f)(3)", "2026-11-29", { 0 } }, rule_workplace },
	[RULE_US_04] = { { "US-04", "12 CFR 1006.6(b)(2)", "2026-11-29", { "silent_days" } }, rule_attorney },
	[RULE_US_05] = { { "US-05", "12 CFR 1006.6(c)", "2026-11-29", { 0 } }, rule_cease },
	[RULE_US_06] = { { "US-06", "12 CFR 1006.14(b)(2)(i)(A)", "2026-11-29", { "calls", "days" } }, rule_call_count },
	[RULE_US_07] = { { "US-07", "12 CFR 1006.14(b)(2)(i)(B)", "2026-11-29", { "days" } }, rule_conversation },
	[RULE_US_08] = { { "US-08", "12 CFR 1006.14(b)(3), comment 14(b)(3)(i)-2", "2026-11-29", { "consent_days" } },
			 rule_no_verdict },
	[RULE_US_09] = { { "US-09",
			   "house; 12 CFR 1006, comment 14(b)(2)(i)-2",
			   "2026-11-29",
			   { "hours_between", "calls_a_day" } },
			 rule_burst },
	[RULE_US_10] = { { "US-10", "12 CFR 1006.14(h)", "2026-11-29", { 0 } }, rule_opt_out },
	[RULE_US_11] = { { "US-11", "12 CFR 1006.6(e)", "2026-11-29", { 0 } }, rule_opt_out_notice },
	[RULE_US_12] = { { "US-12", "12 CFR 1006.6(d)(3), (4)", "2026-11-29", { "opt_out_days" } }, rule_email },
	[RULE_US_13] = { { "US-13", "12 CFR 1006.6(d)(5)", "2026-11-29", { "fresh_days" } }, rule_sms },
	[RULE_US_14] = { { "US-14", "12 CFR 1006.34(a), 1006.42(a)", "2026-11-29", { "within_days" } }, rule_notice },
	[RULE_US_15] = { { "US-15", "12 CFR 1006.34(b)(5)", "2026-11-29", { "receipt_days", "period_days" } }, rule_no_verdict },
	[RULE_US_16] = { { "US-16", "12 CFR 1006.38(b)", "2026-11-29", { 0 } }, rule_overshadowing },
	[RULE_US_17] = { { "US-17", "12 CFR 1006.38(c), (d)", "2026-11-29", { 0 } }, rule_written_dispute },
	[RULE_US_18] = { { "US-18", "12 CFR 1006.42(a)", "2026-11-29", { 0 } }, rule_bounced_notice },
	[RULE_US_19] = { { "US-19", "12 CFR 1006.18(e)", "2026-11-29", { 0 } }, rule_disclosure },
	[RULE_US_21] = { { "US-21", "12 CFR 1006.6(d)(1), 1006.10", "2026-11-29", { "times" } }, rule_third_party },
	[RULE_US_22] = { { "US-22", "12 CFR 1006.26(b)", "2026-11-29", { 0 } }, rule_time_barred },
	[RULE_US_23] = { { "US-23", "12 CFR 1006.30(a), comment 30(a)-2", "2026-11-29", { "wait_days" } }, rule_credit_report },
	[RULE_US_24] = { { "US-24", "12 CFR 1006.30(b)", "2026-11-29", { 0 } }, rule_sale },
	[RULE_US_27] = { { "US-27", "47 CFR 64.1200(a)(10)-(12)", "2026-11-29", { "confirm_minutes" } }, rule_revocation },
	[RULE_US_28] = { { "US-28", "11 USC 362; 12 CFR 1006.6(a)(4)", "2026-11-29", { 0 } }, rule_stay },
	[RULE_MA_01] = { { "MA-01",
			   "209 CMR 18.16(1)(d); 940 CMR 7.04(1)(f), 7.05",
			   "2026-11-29",
			   { "home", "home_days", "elsewhere", "elsewhere_days" } },
			 rule_massachusetts },
	[RULE_UK_01] = { { "UK-01", "CONC 7.9", "2026-11-29", { "from", "to" } }, rule_uk_contact },
	[RULE_UK_03] = { { "UK-03", "CONC 7.3.11, 7.3.12", "2026-11-29", { "days", "more_days" } }, rule_uk_planning },
	[RULE_UK_04] = { { "UK-04", "CONC 7.14", "2026-11-29", { 0 } }, rule_uk_dispute },
	[RULE_UK_05] = { { "UK-05", "CONC 7.10", "2026-11-29", { 0 } }, rule_uk_capacity },
	[RULE_UK_06] = { { "UK-06",
			   "Debt Respite Scheme Regulations 2020, 7, 26, 32",
			   "2026-11-29",
			   { "days", "treatment_days" } },
			 rule_uk_breathing },
	[RULE_UK_07] = { { "UK-07",
			   "Limitation Act 1980 s.5, s.29; Prescription and Limitation (Scotland) Act 1973 s.6; CONC 7.15",
			   "2026-11-29",
			   { "years", "years_scotland" } },
			 rule_uk_limitation },
	[RULE_EU_01] = { { "EU-01", "GDPR 18", "2026-11-29", { 0 } }, rule_restricted },
	[RULE_EU_02] = { { "EU-02", "house: hours of contact", "2026-11-29", { "from", "to" } }, rule_hours },
	[RULE_HOLD_1] = { { "HOLD-1", "house: consumers/DOMAIN.md 9, Holds", "2026-11-29", { 0 } }, rule_holds },
	[RULE_HOUSE_1] = { { "HOUSE-1",
			     "house; 12 CFR 1006, comment 14(a)-2",
			     "2026-11-29",
			     { "demands_a_day", "demands", "days" } },
			   rule_demands },
	[RULE_HOUSE_2] = { { "HOUSE-2", "house", "2026-11-29", { "hours" } }, rule_after_inbound },
	[RULE_HOUSE_3] = { { "HOUSE-3", "house: hours of contact, in every country", "2026-11-29", { "from", "to" } },
			   rule_hours },
	[RULE_DEBT_1] = { { "DEBT-1", "house; 12 CFR 1006.30(b)", "2026-11-29", { 0 } }, rule_debt_open },
	[RULE_DEBT_2] = { { "DEBT-2", "12 CFR 1006.22(b)", "2026-11-29", { 0 } }, rule_debt_owed },
	[RULE_DEBT_3] = { { "DEBT-3", "house", "2026-11-29", { 0 } }, rule_debt_due },
};
_Static_assert(COUNT(guard_rows) == RULE_COUNT, "a row for each rule");

struct guard_rule_text guard_rule_text(enum guard_rule rule)
{
	MUST(rule < RULE_COUNT);
	return guard_rows[rule].text;
}

const struct guard_profile *guard_profile_by_id(struct str id)
{
	for (size_t index = 0; index < guard_profiles_count; index++) {
		if (str_is(id, guard_profiles[index].id))
			return &guard_profiles[index];
	}
	return NULL;
}
