#!/usr/bin/env bash
# Two years of dunning, rehearsed (compose/rehearsal.sh) and judged by a second reading of its rules (dunning_judge.py), seed by seed.
#
# usage: tests/system/dunning.sh     (make dunning: what it needs is there)
# SEED, SEEDS: the first seed, and how many; each has a log of its own
# DISTURB=1: each seed once more, in which commands come twice and programs and the broker are killed: the same messages; DISTURB=2: commands
#   come late and days without a Tick, too. The judge expects what follows from that, and tells whose messages differ, and why.
# CUSTOMERS, DEBTS, DAYS, START, KEEP: of compose/rehearsal.sh
set -uo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
DIR=$ROOT/.rehearsal/dunning
FIRST=${SEED:-1}
WRONG=${DISTURB:-}
export SCENARIO=$ROOT/tests/system/dunning_history.py PLAYER=$ROOT/tests/system/dunning_player.py DCS_COLLECTOR=first_party SEED
unset DISTURB CALM

rehearse() { # VARIABLES...: in a folder of its own; LOG is where it was kept
	local status=0
	env "$@" "$ROOT/compose/rehearsal.sh" --dir "$DIR/$SEED" || status=$?
	LOG=$(ls -d "$DIR/$SEED"/*Z | tail -n 1)
	return $status
}

failed=()
for ((SEED = FIRST; SEED < FIRST + ${SEEDS:-1}; SEED++)); do
	echo "seed $SEED"
	rehearse || failed+=("$SEED")
	[ -z "$WRONG" ] || rehearse CALM="$LOG" DISTURB="$WRONG" || failed+=("$SEED, disturbed")
done
[ ${#failed[@]} = 0 ] || { printf 'dunning.sh: not as predicted: seed %s\n' "${failed[@]}" >&2; exit 1; }
