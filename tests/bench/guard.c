/*
 * What a decision of the compliance guard costs, pure: facts that are there already, all profiles but the wired one, one core.
 * Prints nanoseconds and decisions a second; no test, because machines differ. Linked with the archive, as a unit test is.
 *
 *   build/release/bench/guard [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/guard/guard.h"

#define ROUNDS 1000000

/* A person in Massachusetts with two debts and six earlier contacts: federal law, that of the state, the house. */
#define PERSON                                                                                                                   \
	"act=send to=consumer at=2026-03-10T12:00:00-04:00 today=2026-03-10 country=US region=MA collector=third_party "         \
	"zone=America/New_York attorney=no ceased=no deceased=no bankrupt=no restricted=no incapable=no crisis=no class=demand " \
	"opt_out_confirmed=no opt_out_offered=yes disclosed=yes names_debt=yes from_consumer=yes provider=public leaked=no "     \
	"permission=express obtained=2026-03-01T12:00:00-05:00 "                                                                 \
	"debt=balance:10000,due:2026-01-15,closed:no,settled:no,barred:no,contacted:2025-11-03,notice:2025-11-03,disputed:no "   \
	"debt=balance:20000,due:2026-01-20,closed:no,settled:no,barred:no,contacted:2025-11-03,notice:2025-11-03,disputed:no "
#define CONTACTS                                                                                                                 \
	"contact=at:2026-02-20T12:00:00-05:00,channel:voice,to:consumer,outcome:unanswered "                                     \
	"contact=at:2026-02-22T12:00:00-05:00,channel:email,to:consumer,outcome:sent,demand:yes "                                \
	"contact=at:2026-02-24T12:00:00-05:00,channel:voice,to:consumer,outcome:busy "                                           \
	"contact=at:2026-02-26T12:00:00-05:00,channel:sms,to:consumer,outcome:sent "                                             \
	"contact=at:2026-03-01T12:00:00-05:00,channel:voice,to:consumer,outcome:conversation,debts:2 "                           \
	"contact=at:2026-03-05T12:00:00-05:00,channel:voice,to:consumer,outcome:voicemail "

static const struct {
	const char *name;
	const char *facts;
} kinds[] = {
	{ "e-mail, nothing before", PERSON "channel=email place=home" },
	{ "e-mail, six contacts before", PERSON CONTACTS "channel=email place=home" },
	{ "text, six contacts before", PERSON CONTACTS "channel=sms place=mobile" },
	{ "call, six contacts before", PERSON CONTACTS "channel=voice place=home" },
	{ "call, at night: until when", PERSON CONTACTS "channel=voice place=home at=2026-03-10T22:00:00-04:00" },
	{ "e-mail in 2050, by the rule of the zone", PERSON "channel=email place=home at=2050-03-10T12:00:00-04:00" },
};

/* Of the processor: other programs on the machine do not count. */
static double cpu_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
		return 0;
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int measure(const char *name, const struct guard_facts *facts, long rounds)
{
	const struct guard_profile *profiles[GUARD_PROFILES_MAX];
	struct guard_facts asked = *facts;
	struct guard_verdict verdict = { 0 };
	double before_ns;
	size_t count = 0;
	double ns;

	for (size_t index = 1; index < guard_profiles_count && count < GUARD_PROFILES_MAX; index++)
		profiles[count++] = &guard_profiles[index];
	before_ns = cpu_ns();
	for (long round = 0; round < rounds; round++) {
		asked.now_ms = facts->now_ms + round % 60000; /* another instant each time */
		verdict = guard_decide(&asked, profiles, count);
	}
	ns = (cpu_ns() - before_ns) / (double)rounds;
	printf("%-42s %6.0f ns %10.0f/s  %s", name, ns, 1e9 / ns, compliance_verdict_name(verdict.verdict));
	for (size_t index = 0; index < verdict.rules_count && verdict.verdict != VERDICT_ALLOW; index++)
		printf(" %s", verdict.rules[index]);
	printf("\n");
	return verdict.verdict == VERDICT_NONE ? -1 : 0;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
	struct zones zones;
	struct err err = ERR_INIT;
	int status = 0;

	if (zones_load(&zones, ZONE_FOLDER, &err) < 0) {
		fprintf(stderr, "guard: %s\n", err.text);
		return 1;
	}
	for (size_t index = 0; index < COUNT(kinds); index++) {
		static struct guard_facts facts;
		struct str bad;

		facts = (struct guard_facts){ 0 };
		if (!guard_facts_read(&facts, str_of(kinds[index].facts), &zones, &bad)) {
			fprintf(stderr, "guard: not a fact: %.*s\n", (int)bad.size, bad.data);
			status = 1;
		} else if (measure(kinds[index].name, &facts, rounds < 1 ? 1 : rounds) < 0) {
			status = 1;
		}
	}
	zones_release(&zones);
	return status;
}
