#!/usr/bin/env bash
# A year of a rehearsal, in a minute: a stack that was made as one, the scenario of rehearsal.py, and a judgement at the end. Keeps
# what it did in a folder and prints where.
#
# usage: compose/rehearsal.sh [--dir DIR]     (what it needs is there: make deps build)
# CUSTOMERS, DAYS, SEED, START: of the scenario; default 500, 365, 1, the next 1 January
# KEEP=1: leave the stack running, to look at it; otherwise it is destroyed
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.rehearsal
BIN=$ROOT/build/release
if [ "${1:-}" = --dir ]; then DIR=$(realpath -m "$2"); fi
STACK=$DIR/stack
FLAGS=(--customers "${CUSTOMERS:-500}" --days "${DAYS:-365}" --seed "${SEED:-1}" ${START:+--start "$START"})
REST_S=60
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
	cp "$STACK/sink.jsonl" "$LOG/" 2>/dev/null || true
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

LOG=$DIR/$(date -u +%Y%m%dT%H%M%SZ)
mkdir -p "$LOG"
failed=0
trap ended EXIT

headline 'a stack that is a rehearsal'
make_stack >"$LOG/stack.txt" 2>&1 || { cat "$LOG/stack.txt"; exit 1; }

/usr/bin/python3 "$HERE/rehearsal.py" script "${FLAGS[@]}" >"$LOG/script.txt"
headline "$(grep -c '^at ' "$LOG/script.txt") Ticks and $(grep -vc '^at ' "$LOG/script.txt") commands of ${CUSTOMERS:-500} customers"
"$BIN/dcs" rehearse --creditor '*' --source '*' <"$LOG/script.txt" 2>&1 | tee "$LOG/played.txt"

headline 'the year is over: what may never have happened?'
"$BIN/dcs" status --wait-idle $REST_S >"$LOG/status.txt" || { cat "$LOG/status.txt"; failed=1; }
check verify "$BIN/dcs" verify
cp "$STACK/sink.jsonl" "$LOG/" 2>/dev/null || true
check messages /usr/bin/python3 "$HERE/rehearsal.py" judge "$LOG" "${FLAGS[@]}"
exit $failed
