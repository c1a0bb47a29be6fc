#!/usr/bin/env bash
# make demo: the whole system on this machine with a synthetic portfolio, and a look at what it did. Leaves it running.
#
# usage: compose/demo.sh [--dir DIR]     (what it needs is there: make deps build)
# CUSTOMERS, DEBTS, MESSAGES, SEED: the portfolio; default 10000, 25000, 1000, 1
#
# A second run starts what was stopped and shows the figures again. The portfolio is published once; a run that was interrupted
# publishes it again, and the commands that were handled already are recognised by their ids.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.run
BIN=$ROOT/build/release
if [ "${1:-}" = --dir ]; then DIR=$(realpath -m "$2"); fi
SAMPLE=$DIR/sample
STEPS=6
DEADLINE_S=600

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

import() { # FILE
	(cd "$SAMPLE" && "$BIN/dcs" import "$1" --progress --errors "errors-$1")
}

publish() { # FILE TYPE ROLE
	"$BIN/dcs" publish "$2" --role "$3" --progress <"$SAMPLE/$1"
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
	until_true 180 no_messages_under_way || die "$(messages_under_way) messages are still under way: $DIR/log/notifier.1.log"
	idle
}

# ---- what happened ----

show_commands() {
	local rejected
	rejected=$(sed -n 's/.*"dcs.engine.CommandRejected": *\([0-9]*\).*/\1/p' schemas/ids.json)
	echo
	echo 'Commands in, events out (read: ticks of the clock and repetitions included)'
	query -c "
		WITH module (name) AS (VALUES ('customers'), ('debts'), ('communications')),
		head AS (
			SELECT 'customers' AS name, sum(next_offset) AS read, sum(log_seq) AS events FROM customers.partition_head
			UNION ALL SELECT 'debts', sum(next_offset), sum(log_seq) FROM debts.partition_head
			UNION ALL SELECT 'communications', sum(next_offset), sum(log_seq) FROM communications.partition_head),
		log AS (
			SELECT 'customers' AS name, command_digest, schema_id FROM customers.event_log
			UNION ALL SELECT 'debts', command_digest, schema_id FROM debts.event_log
			UNION ALL SELECT 'communications', command_digest, schema_id FROM communications.event_log),
		answer AS (
			SELECT name, count(*) FILTER (WHERE schema_id <> $rejected) AS applied, count(*) FILTER (WHERE schema_id = $rejected) AS rejected
			FROM log WHERE command_digest IS NOT NULL GROUP BY name),
		dead AS (
			SELECT 'customers' AS name, count(*) AS letters FROM customers.dead_letter
			UNION ALL SELECT 'debts', count(*) FROM debts.dead_letter
			UNION ALL SELECT 'communications', count(*) FROM communications.dead_letter)
		SELECT name AS module, read AS commands_read, applied, rejected, letters AS dead_letters, events AS events_out
		FROM module JOIN head USING (name) LEFT JOIN answer USING (name) JOIN dead USING (name)"
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
	echo "Received by the mail server: $(cat "$DCS_MAIL_DIR/index.jsonl" 2>/dev/null | wc -l)." \
		"By telephones: $(grep -c 'Got message' "$DIR/log/smsc.log")."
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

cat <<END

It is running ($((SECONDS - STARTED)) s). Where to look next:
  . .run/env; export PATH=\$PWD/build/release:\$PATH
  dcs status                                  lag, partitions, what is halted or parked
  dcs tail dcs.debts.events.v1 --follow       events as they come
  dcs verify                                  recompute the promises from the database and the topics
  dcs --help                                  everything else
  psql "\$DCS_PG" -c 'TABLE reporting.communications'
  ls .run/mail; tail .run/log/smsc.log        what people received
  ls .run/log                                 output of every process
  make stop                                   end all of it; the data stays
END
