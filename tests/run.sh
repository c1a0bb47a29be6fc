#!/usr/bin/env bash
# Runs tests and counts them. Whatever it runs, the last line is `N passed, N failed`, and the status is 0 only if nothing failed
# and something passed.
#
# usage: tests/run.sh cmocka PROGRAM...   C tests: each program is a suite of its own
#        tests/run.sh lanes N COMMAND PROGRAM...  the same, N at a time: N lanes, each within COMMAND (its own tests/io/with-postgres.sh),
#                                         take the next program when they are done with one
#        tests/run.sh pytest ARGUMENT...  system tests
#        tests/run.sh each COMMAND...     every command (one word list each) is one test: it passes when its status is 0
#        tests/run.sh suites TARGET... [beside TARGET]  `make TARGET` for each, its last line counted: the totals of `make test`, and the
#                                         names of what failed. The last one works beside the others, with the time that they leave idle
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
FOLDER=$(mktemp -d)
LOG=$FOLDER/log
touch "$LOG"
trap 'rm -rf "$FOLDER"' EXIT

# A test that hangs is a failed test, not a stuck run. KILL a little later: a sanitizer may be stuck in its own handler.
limited() {
	timeout --kill-after=10 "$1" "${@:2}" 2>&1 | tee "$LOG"
}

number() { # PATTERN with one group; the last match in the log, 0 without any
	local found
	found=$(sed -nE "s/$1/\1/p" "$LOG" | tail -n 1)
	echo "${found:-0}"
}

count() { # NAME STATUS PASSED FAILED
	local bad=$4
	if [ "$2" != 0 ] && [ "$bad" = 0 ]; then
		echo "FAILED: $1 ended with status $2"
		bad=1
	elif [ "$3" = 0 ] && [ "$bad" = 0 ]; then
		echo "FAILED: $1 ran no test"
		bad=1
	fi
	passed=$((passed + $3))
	failed=$((failed + bad))
}

run_cmocka() {
	local program
	for program; do
		echo "== $program"
		limited "${TEST_SECONDS:-300}" "$program"
		count "$program" $? "$(number '^\[  PASSED  \] ([0-9]+) test\(s\).*')" "$(number '^\[  FAILED  \] ([0-9]+) test\(s\), listed.*')"
	done
}

# A lane prints what a program said when the program has ended, under a lock; the totals are the last line of each lane.
run_lanes() { # N COMMAND PROGRAM...
	local lanes=$1 within=$2 totals
	shift 2
	printf '%s\n' "$@" >"$FOLDER/programs"
	for ((lane = 0; lane < lanes; lane++)); do
		"$within" tests/run.sh lane "$FOLDER" &
	done | tee "$LOG"
	totals=($(awk '/^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; lanes++ } END { print passed + 0, failed + 0, lanes + 0 }' "$LOG"))
	passed=${totals[0]}
	failed=$((totals[1] + lanes - totals[2]))
	[ ! -s "$FOLDER/programs" ] || { echo "FAILED: not run: $(paste -sd ' ' "$FOLDER/programs")"; failed=$((failed + 1)); }
}

run_lane() { # FOLDER of those that share the programs
	local program shared=$1
	exec 9>"$shared/lock"
	while flock 9; program=$(head -n 1 "$shared/programs"); sed -i 1d "$shared/programs"; flock -u 9; [ -n "$program" ]; do
		run_cmocka "$program" >"$FOLDER/output" 9>&-
		flock 9
		cat "$FOLDER/output"
		flock -u 9
	done
}

run_pytest() {
	limited "${TEST_SECONDS:-2700}" /usr/bin/python3 -m pytest -p no:cacheprovider "$@"
	local status=$? errors
	errors=$(number '^=.* ([0-9]+) errors? .*=$')
	count pytest $status "$(number '^=.* ([0-9]+) passed.*=$')" $(($(number '^=.* ([0-9]+) failed.*=$') + errors))
}

run_each() {
	local command
	for command; do
		echo "== $command"
		if bash -c "$command"; then passed=$((passed + 1)); else echo "FAILED: $command"; failed=$((failed + 1)); fi
	done
}

summarize() { # SUITE STATUS SECONDS, of which the log is
	local line
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$LOG" | tail -n 1)
	grep -E '^(FAILED|ERROR|\[  FAILED  \] test_)' "$LOG" | sort -u >>"$FOLDER/failures"
	count "make $1" "$2" "$(number '^([0-9]+) passed, [0-9]+ failed$')" "$(number '^[0-9]+ passed, ([0-9]+) failed$')"
	summary+=$(printf '%-8s %s (%d s)' "$1" "$line" "$3")$'\n'
}

# `nice` counts within a session only, where the kernel groups processes by session (autogroup): PostgreSQL, Kafka and each of our
# programs have one of their own, and so has what works beside them.
# shellcheck disable=SC2016
IDLE_SESSION='
	{ echo 19 >/proc/self/autogroup; } 2>/dev/null
	exec nice -n 19 "$0" "$@"'

run_suites() { # SUITE... [beside SUITE]
	local suite status pid summary='' beside=''
	if [ "${*: -2:1}" = beside ]; then
		beside=${*: -1}
		set -- "${@:1:$#-2}"
		setsid bash -c "$IDLE_SESSION" ${MAKE:-make} --no-print-directory "$beside" >"$FOLDER/beside" 2>&1 &
		pid=$!
		trap "kill -- -$pid 2>/dev/null; rm -rf '$FOLDER'" EXIT
	fi
	for suite; do
		echo "==== make $suite"
		SECONDS=0
		${MAKE:-make} --no-print-directory "$suite" 2>&1 | tee "$LOG"
		summarize "$suite" $? $SECONDS
	done
	if [ -n "$beside" ]; then
		echo "==== make $beside"
		SECONDS=0
		wait $pid
		status=$?
		tee "$LOG" <"$FOLDER/beside"
		summarize "$beside" $status $SECONDS
	fi
	printf '====\n%s' "$summary"
	cat "$FOLDER/failures"
}

what=${1:-}
case $what in
cmocka | lanes | lane | pytest | each | suites)
	shift
	"run_$what" "$@"
	;;
*)
	sed -n '5,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
