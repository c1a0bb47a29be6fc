#!/usr/bin/env bash
# A year of a rehearsal, in a minute: a stack that was made as one, a scenario, and a judgement at the end. Keeps what it did in a
# folder and prints where.
#
# usage: compose/rehearsal.sh [--dir DIR]     (what it needs is there: make deps build)
# SCENARIO: its file, by default rehearsal.py; it writes the script and what the gateways refuse, and judges
# PLAYER: a program that plays it, if people do in it what depends on what happens
# DISTURB=1: the scenario and its player let things go wrong; CALM=LOG: the scenario compares with the log of a rehearsal without
# CUSTOMERS, DEBTS, DAYS, SEED, START: of the scenario, which has defaults of its own
# KEEP=1: leave the stack running, to look at it; otherwise it is destroyed
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.rehearsal
BIN=$ROOT/build/release
if [ "${1:-}" = --dir ]; then DIR=$(realpath -m "$2"); fi
STACK=$DIR/stack
SCENARIO=${SCENARIO:-$HERE/rehearsal.py}
PLAYER=${PLAYER:-}
FLAGS=(--seed "${SEED:-1}" ${DISTURB:+--disturb "$DISTURB"} ${CUSTOMERS:+--customers "$CUSTOMERS"} ${DEBTS:+--debts "$DEBTS"} ${DAYS:+--days "$DAYS"} ${START:+--start "$START"})
ROLES=admin,agent,supervisor,compliance,creditor,notifier
REST_S=60
FOUND_MAX=12
PROGRAMS=($("$ROOT/consumers/modules.py")) # no clock: dcs rehearse is it; and nobody asks over HTTP

. "$HERE/lib.sh"
cd "$ROOT"

headline() {
	printf '%4d s  %s\n' $SECONDS "$*"
}

end_stack() {
	[ "${KEEP:-}" = 1 ] || "$HERE/stack.sh" --dir "$STACK" destroy
}

# keep_log: everything that says what happened, whatever the end was
keep_log() {
	mkdir -p "$LOG"
	cp -r "$STACK/log" "$LOG/programs" 2>/dev/null || true
	cp "$STACK/sink.jsonl" "$STACK/sink.jsonl.faults" "$LOG/" 2>/dev/null || true
}

ended() {
	local status=$?
	trap - EXIT
	keep_log
	end_stack
	headline "the log of this rehearsal: ${LOG#"$ROOT"/}"
	[ $status = 0 ] || say "rehearsal.sh: not everything held: $LOG"
	exit $status
}

# Alone with && : set -e has no effect in what is asked for its status.
make_stack() {
	"$HERE/stack.sh" --dir "$STACK" destroy &&
		"$HERE/stack.sh" --dir "$STACK" --rehearsal start postgres kafka &&
		. "$STACK/env" &&
		"$BIN/dcs" migrate &&
		"$BIN/dcs" topics --parts 1 && # each partition gets every Tick, and Ticks are what a year costs
		"$HERE/programs.sh" --dir "$STACK" start "${PROGRAMS[@]/%/=1}"
}

scenario() { # script, faults or judge
	/usr/bin/python3 "$SCENARIO" "$@" "${FLAGS[@]}"
}

# play: the script; by PLAYER, if somebody does what nobody can know before (it gets the log, the stack, and the command that plays)
play() {
	local rehearse=("$BIN/dcs" rehearse --creditor '*' --source '*' --role "$ROLES")
	if [ -n "$PLAYER" ]; then
		/usr/bin/python3 "$PLAYER" "$LOG" "$STACK" --seed "${SEED:-1}" ${DISTURB:+--disturb} -- "${rehearse[@]}"
	else
		"${rehearse[@]}" <"$LOG/script.txt"
	fi
}

check() { # NAME COMMAND...: its output is NAME.txt of the log
	local name=$1
	shift
	if "$@" >"$LOG/$name.txt" 2>&1; then
		headline "$name: $(tail -n 1 "$LOG/$name.txt")"
	else
		cat "$LOG/$name.txt"
		headline "$name: failed"
		failed=1
	fi
}

ask() { # a value of the database
	/usr/lib/postgresql/15/bin/psql "$DCS_PG" -X -q -A -t -c "$1"
}

# tell_dunning: what came of each policy, and the story of the one who was written to most
tell_dunning() {
	local policy customer
	for policy in $(ask 'SELECT DISTINCT policy FROM dunning.step ORDER BY 1'); do
		check "results-$policy" "$BIN/dcs" dunning results "$policy"
		cat "$LOG/results-$policy.txt"
	done
	customer=$(ask "SELECT customer_id FROM dunning.step WHERE state = 'taken' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
	[ -n "$customer" ] || return 0
	check story "$BIN/dcs" explain "$customer"
	cat "$LOG/story.txt"
}

# tell_found: the whole story of each of the first customers about whom the judge has found something (found.txt, one on a line)
tell_found() {
	local customer before page
	[ -f "$LOG/found.txt" ] || return 0
	for customer in $(head -n "$FOUND_MAX" "$LOG/found.txt"); do
		before=
		while page=$("$BIN/dcs" explain "$customer" ${before:+--before "$before"}); do
			printf '%s\n' "$page" >>"$LOG/found-$customer.txt"
			before=$(sed -n 's/.*(older events: --before \([0-9]*\)).*/\1/p' <<<"$page")
			[ -n "$before" ] || break
		done
	done
}

LOG=$DIR/$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$LOG"
failed=0
trap ended EXIT

headline 'a stack that is a rehearsal'
make_stack >"$LOG/stack.txt" 2>&1 || { cat "$LOG/stack.txt"; exit 1; }

scenario script >"$LOG/script.txt"
scenario faults >"$STACK/sink.jsonl.faults"
headline "$(grep -c '^at ' "$LOG/script.txt") Ticks and $(grep -vcE '^(at|as) ' "$LOG/script.txt") commands of $(grep -c '^CreateCustomer ' "$LOG/script.txt") customers"
play 2>&1 | tee "$LOG/played.txt"

headline 'the year is over: what may never have happened?'
"$BIN/dcs" status --wait-idle $REST_S >"$LOG/status.txt" || { cat "$LOG/status.txt"; failed=1; }
check verify "$BIN/dcs" verify
cp "$STACK/sink.jsonl" "$LOG/" 2>/dev/null || true
tell_dunning
check messages scenario judge "$LOG"
[ -z "${CALM:-}" ] || check compared scenario compare "$CALM" "$LOG"
tell_found
exit $failed
