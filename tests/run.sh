#!/usr/bin/env bash
# Runs tests and counts them. Whatever it runs, the last line is `N passed, N failed`, and the status is 0 only if nothing failed
# and something passed.
#
# usage: tests/run.sh cmocka PROGRAM...   C tests: each program is a suite of its own
#        tests/run.sh pytest ARGUMENT...  system tests
#        tests/run.sh each COMMAND...     every command (one word list each) is one test: it passes when its status is 0
#        tests/run.sh suites TARGET...    `make TARGET` for each, its last line counted: the totals of `make test`
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0
failed=0
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT

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

run_pytest() {
	limited "${TEST_SECONDS:-1200}" /usr/bin/python3 -m pytest -p no:cacheprovider "$@"
	local status=$? errors
	errors=$(number '^=.* ([0-9]+) errors? .*=$')
	count pytest $status "$(number '^=.* ([0-9]+) passed.*=$')" $(($(number '^=.* ([0-9]+) failed.*=$') + errors))
}

run_each() {
	local command
	for command; do
		echo "== $command"
		if bash -c "$command"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	done
}

run_suites() {
	local suite status summary=
	for suite; do
		echo "==== make $suite"
		SECONDS=0
		${MAKE:-make} --no-print-directory "$suite" 2>&1 | tee "$LOG"
		status=$?
		count "make $suite" $status "$(number '^([0-9]+) passed, [0-9]+ failed$')" "$(number '^[0-9]+ passed, ([0-9]+) failed$')"
		summary+=$(printf '%-8s %s (%d s)' "$suite" "$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$LOG" | tail -n 1)" $SECONDS)$'\n'
	done
	printf '====\n%s' "$summary"
}

what=${1:-}
case $what in
cmocka | pytest | each | suites)
	shift
	"run_$what" "$@"
	;;
*)
	sed -n '5,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
