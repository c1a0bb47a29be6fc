#!/usr/bin/env bash
# make demo: the whole system on this machine with a synthetic portfolio, and a look at what it did. Leaves it running.
#
# usage: compose/demo.sh [--dir DIR]     (what it needs is there: make deps build)
# CUSTOMERS, DEBTS, MESSAGES, SEED: the portfolio; default 10000, 25000, 1000, 1
#
# A second run starts what was stopped and shows the figures again. The portfolio is published once; a run that was interrupted
# publishes it again, and the commands that were handled already are recognised by their ids. The user for the gateway gets a new
# password in each run: it is printed and kept nowhere, so there is none to look up.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.run
BIN=$ROOT/build/release
if [ "${1:-}" = --dir ]; then DIR=$(realpath -m "$2"); fi
SAMPLE=$DIR/sample
STEPS=7
DEADLINE_S=600
MODULES=($("$ROOT/consumers/modules.py" command))
LOGIN=admin
LOGIN_ROLES=admin,supervisor,agent # an admin alone may give rights, but not take in a debt or write to anybody

. "$HERE/lib.sh"
cd "$ROOT"
STARTED=$SECONDS
step=0

headline() {
	step=$((step + 1))
	printf '\n%s\n' "[$step/$STEPS] $*"
}

query() {
	PGOPTIONS='-c client_min_messages=warning' /usr/lib/postgresql/15/bin/psql "$DCS_PG" -X -q -P footer=off -v ON_ERROR_STOP=1 "$@"
}

# ---- the portfolio ----

make_portfolio() {
	[ -f "$SAMPLE/complete" ] && return
	"$BIN/dcs" sample --dir "$SAMPLE" --seed "${SEED:-1}" --customers "${CUSTOMERS:-10000}" --debts "${DEBTS:-25000}" \
		--messages "${MESSAGES:-1000}" --progress
	touch "$SAMPLE/complete"
}

# Some rows of the sample are wrong on purpose, as real ones are: the module refuses them, dcs tells which and ends with 1.
# only_refused STATUS FILE-OF-BAD-ROWS
only_refused() {
	[ "$1" = 1 ] && [ -s "$2" ] && ! grep -qE 'unanswered|not_sent' "$2"
}

FOR_ALL=(--creditor "*" --source "*") # the sample is of several creditors, and of what came in at several places

import() { # FILE
	rm -f "$SAMPLE/refused-$1"
	(cd "$SAMPLE" && "$BIN/dcs" import "$1" "${FOR_ALL[@]}" --progress --refused "refused-$1") || only_refused $? "$SAMPLE/refused-$1"
}

publish() { # FILE TYPE ROLE
	rm -f "$SAMPLE/refused-$1"
	"$BIN/dcs" publish "$2" --role "$3" "${FOR_ALL[@]}" --progress --refused "$SAMPLE/refused-$1" <"$SAMPLE/$1" || only_refused $? "$SAMPLE/refused-$1"
}

publish_portfolio() {
	publish templates.jsonl PublishTemplate compliance
	import customers.csv
	import debts.csv
	import payments.csv
	publish consents.jsonl GrantConsent agent
	publish withdrawals.jsonl WithdrawConsent agent
	publish messages.jsonl SendCommunication agent
}

# ---- waiting ----

idle() {
	"$BIN/dcs" status --wait-idle $DEADLINE_S >"$DIR/log/demo-status.log" 2>&1 && return
	tail -n 40 "$DIR/log/demo-status.log" >&2
	die "not everything was applied: dcs status says why"
}

# An e-mail that the server accepted stays `submitted`; an SMS is followed to its delivery report.
messages_under_way() {
	query -At -c "SELECT coalesce(sum(messages), 0) FROM reporting.communications
		WHERE messages > 0 AND (state IN ('released', 'retry_wait') OR (state = 'submitted' AND channel = 'sms'))"
}

no_messages_under_way() {
	[ "$(messages_under_way)" = 0 ]
}

wait_until_done() {
	idle
	no_messages_under_way && return
	until_true 180 no_messages_under_way || die "$(messages_under_way) messages are still under way: $DIR/log/notifier.1.log"
	idle
}

# ---- what happened ----

# of_modules SELECT: the rows of the SELECT for each module, @ replaced by its name
of_modules() {
	local module union=
	for module in "${MODULES[@]}"; do
		printf '%s' "$union" "${1//@/$module}"
		union=' UNION ALL '
	done
}

show_commands() {
	local rejected
	rejected=$(sed -n 's/.*"dcs.engine.CommandRejected[^"]*": *\([0-9]*\).*/\1/p' schemas/ids.json | paste -sd,) # every version
	echo
	echo 'Commands in, events out (read: ticks of the clock and repetitions included)'
	query -c "
		WITH head AS ($(of_modules "SELECT '@' AS name, sum(next_offset) AS read, sum(log_seq) AS events FROM @.partition_head")),
		log AS ($(of_modules "SELECT '@' AS name, command_digest, schema_id FROM @.event_log")),
		answer AS (
			SELECT name, count(*) FILTER (WHERE schema_id NOT IN ($rejected)) AS applied, count(*) FILTER (WHERE schema_id IN ($rejected)) AS rejected
			FROM log WHERE command_digest IS NOT NULL OR schema_id IN ($rejected) GROUP BY name),
		dead AS ($(of_modules "SELECT '@' AS name, count(*) AS letters FROM @.dead_letter"))
		SELECT name AS module, read AS commands_read, coalesce(applied, 0) AS applied, coalesce(rejected, 0) AS rejected,
			letters AS dead_letters, events AS events_out
		FROM head LEFT JOIN answer USING (name) JOIN dead USING (name)
		ORDER BY array_position('{$(IFS=,; echo "${MODULES[*]}")}', name)"
}

# Amounts are minor units; the yen has none.
show_reports() {
	local unit="CASE WHEN currency = 'JPY' THEN 1 ELSE 100 END" digits="CASE WHEN currency = 'JPY' THEN 0 ELSE 2 END"
	echo 'Outstanding, by days past due (reporting.ageing)'
	query -c "
		SELECT currency, sum(debts) AS debts,
			$(for bucket in 0 1-30 31-60 61-90 91-120 121-180 181-365 366+; do
				echo "round(sum(outstanding_minor) FILTER (WHERE bucket = '$bucket') / $unit::numeric, $digits) AS \"$bucket\","
			done)
			round(sum(outstanding_minor) / $unit::numeric, $digits) AS total
		FROM reporting.ageing(current_date) GROUP BY currency ORDER BY currency"
	echo 'Collected, the last 7 days with payments (reporting.collected)'
	query -c "
		SELECT day, currency, sum(payments) AS payments, round(sum(amount_minor) / $unit::numeric, $digits) AS amount,
			sum(reversals) AS reversals, round(sum(reversed_minor) / $unit::numeric, $digits) AS reversed
		FROM reporting.collected
		WHERE day IN (SELECT DISTINCT day FROM reporting.collected ORDER BY day DESC LIMIT 7)
		GROUP BY day, currency ORDER BY day DESC, currency"
	echo 'Messages by channel and state (reporting.communications)'
	query -c "
		SELECT channel, state, sum(messages) AS messages FROM reporting.communications GROUP BY channel, state
		HAVING sum(messages) <> 0 ORDER BY channel, state"
	echo 'Messages that wait or were not sent, by the rules that say so: the guard asks the law of each person'"'"'s place'
	query -c "
		SELECT state, verdict, array_to_string(rules, ' ') AS rules, count(*) AS messages,
			to_char(min(release_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS \"first goes at (UTC)\"
		FROM communications.api_communication WHERE state IN ('scheduled', 'suppressed') GROUP BY state, verdict, rules
		ORDER BY state, messages DESC, rules"
	echo "Received by the mail server: $(cat "$DCS_MAIL_DIR/index.jsonl" 2>/dev/null | wc -l)." \
		"By telephones: $(grep -c 'Got message' "$DIR/log/smsc.log")."
}

# ---- a user for the gateway ----

gateway_is_ready() {
	curl -sf -m 2 "$DCS_API_URL/readyz" >"$DIR/log/demo-gateway.log"
}

# A password on standard output.
make_user() {
	if [ -n "$("$BIN/dcs" users list | sed -n "/^$LOGIN\t/p")" ]; then
		"$BIN/dcs" users password "$LOGIN"
	else
		"$BIN/dcs" users create "$LOGIN" --roles "$LOGIN_ROLES"
	fi
	"$BIN/dcs" users bind "$LOGIN" --source bank-1 # he records what came in there; a supervisor needs no creditors
}

show_where_to_look() {
	local folder=${DIR#"$ROOT"/}
	cat <<-END

	It is running ($((SECONDS - STARTED)) s). Where to look next:
	  $DCS_API_URL/docs                 everything that can be done over HTTP: open it in a browser
	  . $folder/env; export PATH=\$PWD/build/release:\$PATH
	  dcs status                                  lag, partitions, what is halted or parked
	  dcs tail dcs.debts.events.v1 --follow       events as they come
	  dcs verify                                  recompute the promises from the database and the topics
	  dcs --help                                  everything else
	  psql "\$DCS_PG" -c 'TABLE reporting.communications'
	  ls $folder/mail; tail $folder/log/smsc.log        what people received
	  ls $folder/log                                 output of every process
	  make rehearsal                              a year of 500 customers in two minutes, on a stack of its own
	  make stop                                   end all of it; the data stays

	END
}

# Each in sample/creditors.csv: code, id, name, currency.
creditor_id() {
	sed -n "s/^$1,\([^,]*\),.*/\1/p" "$SAMPLE/creditors.csv"
}

# ---- the run ----

headline "PostgreSQL, Kafka, mail server, SMS gateway ($DIR)"
"$HERE/stack.sh" --dir "$DIR" start
. "$DIR/env"
"$HERE/stack.sh" --dir "$DIR" status

headline 'Database and topics'
"$BIN/dcs" migrate
"$BIN/dcs" topics

headline 'Our programs'
"$HERE/programs.sh" --dir "$DIR" start
"$HERE/programs.sh" --dir "$DIR" status

headline 'A synthetic portfolio: nobody in it exists'
if [ -f "$SAMPLE/published" ]; then
	echo "published at $(cat "$SAMPLE/published") already"
else
	make_portfolio
	publish_portfolio
fi

headline 'Waiting until everything has been applied, sent and reported'
wait_until_done
if [ ! -f "$SAMPLE/published" ]; then
	/usr/bin/python3 "$HERE/figures.py" import >"$SAMPLE/figures"
	date -u +%Y-%m-%dT%H:%M:%SZ >"$SAMPLE/published"
fi

headline 'What happened'
show_commands
echo 'Rejected, by reason'
/usr/bin/python3 "$HERE/figures.py" refusals "$BIN/dcs"
echo
show_reports
echo
cat "$SAMPLE/figures"
/usr/bin/python3 "$HERE/figures.py" probe "$BIN/dcs"

headline 'A user for the gateway'
until_true 60 gateway_is_ready || die "the gateway is not ready: $DIR/log/api.1.log"
password=$(make_user)
echo "Login $LOGIN, password $password: printed once and kept nowhere; the next make demo sets a new one."
echo "He is $LOGIN_ROLES, so that one can try everything; elsewhere these are different people (dcs users --help)."

show_where_to_look
echo 'Or over HTTP. Paste these lines, one step after the other or all at once:'
echo
printf '%s\n' "$password" | "$HERE/first-steps.sh" "$DCS_API_URL" "$LOGIN" "$(creditor_id severn-power)"
