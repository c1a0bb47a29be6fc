#!/usr/bin/env bash
# Our own programs on the local stack, under a supervisor that starts again what ends (supervise.py).
#
# usage: compose/programs.sh start [NAME=N...]   N processes of dcs-NAME; without arguments one of each that is built, debts two.
#                                                Running ones are left alone; a smaller N ends the highest numbers, and waits for their end.
#        compose/programs.sh stop                end all of them: each gets 10 seconds to finish its work
#        compose/programs.sh status              one line a process; fails unless all of them run
#        compose/programs.sh pid NAME.I          the process id of the I-th one
#
#        --dir DIR: whose stack; default .run in the checkout
#        --bin FOLDER: where the programs are; default build/release
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.run
BIN=$ROOT/build/release
# Owners before readers, the door to the outside last; they are asked to end in the reverse order.
ORDER=($("$ROOT/consumers/modules.py") clock api)

. "$HERE/lib.sh"

usage() {
	sed -n '4,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}

default_programs() {
	local name
	for name in "${ORDER[@]}"; do
		if [ -x "$BIN/dcs-$name" ]; then
			echo "$name=$([ "$name" = debts ] && echo 2 || echo 1)"
		fi
	done
}

# write_list NAME=N...: DIR/programs with these numbers replaced, in the order above.
write_list() {
	local name count asked
	for name in "${ORDER[@]}"; do
		count=$(sed -n "s/^$name //p" "$DIR/programs" 2>/dev/null) || count=
		for asked; do
			[ "${asked%%=*}" != "$name" ] || count=${asked#*=}
		done
		[ "${count:-0}" = 0 ] || echo "$name $count"
	done >"$DIR/programs.part"
	mv "$DIR/programs.part" "$DIR/programs"
}

check_arguments() {
	local asked
	for asked; do
		[[ $asked =~ ^([a-z]+)=[0-9]+$ ]] || die "NAME=N is expected, not: $asked"
		case " ${ORDER[*]} " in *" ${BASH_REMATCH[1]} "*) ;; *) die "no such program: ${BASH_REMATCH[1]}" ;; esac
		[ -x "$BIN/dcs-${BASH_REMATCH[1]}" ] || die "$BIN/dcs-${BASH_REMATCH[1]} is not there: make build"
	done
}

# names: one line a process that is wanted
names() {
	local name count
	while read -r name count; do
		for ((i = 1; i <= count; i++)); do echo "$name.$i"; done
	done <"$DIR/programs"
}

# The supervisor has read the list, what is not in it has ended, and what is in it runs.
as_wanted() {
	local name
	cmp -s "$DIR/programs" "$DIR/programs.adopted" || return 1
	for name in $(names); do
		alive "$name" || return 1
	done
}

# The gateway's port was chosen with the parts', perhaps long ago.
free_api_port() {
	local old
	old=$(port_of api)
	port_choose api
	sed "s#:$old'\$#:$(port_of api)'#" "$DIR/env" >"$DIR/env.part" && mv "$DIR/env.part" "$DIR/env"
}

start() {
	[ -f "$DIR/env" ] || die "there is no stack in $DIR: compose/stack.sh start"
	if ! alive programs; then
		rm -f "$DIR/programs"
		[ $# -gt 0 ] || set -- $(default_programs)
	fi
	check_arguments "$@"
	write_list "$@"
	if alive programs; then
		kill -s HUP "$(pid_of programs)"
	else
		free_api_port
		. "$DIR/env"
		rm -f "$DIR/programs.adopted"
		spawn programs /usr/bin/python3 "$HERE/supervise.py" "$DIR" "$BIN"
	fi
	until_true "${PROGRAMS_START_S:-20}" as_wanted || die "not all programs run, see $DIR/log"
}

status() {
	local name result=0
	alive programs || { echo "programs: stopped"; return 1; }
	for name in $(names); do
		if alive "$name"; then
			echo "$name: running, process $(pid_of "$name")"
		else
			echo "$name: not running, see $DIR/log/$name.log"
			result=1
		fi
	done
	return $result
}

main() {
	local command= arguments=()
	while [ $# -gt 0 ]; do
		case $1 in
		--dir) DIR=${2:?--dir needs a folder}; shift ;;
		--bin) BIN=$(realpath "${2:?--bin needs a folder}"); shift ;;
		-*) usage ;;
		*) if [ -z "$command" ]; then command=$1; else arguments+=("$1"); fi ;;
		esac
		shift
	done
	DIR=$(realpath -m "$DIR")
	set -- ${arguments[@]+"${arguments[@]}"}
	own_folder
	case $command in
	start | stop)
		[ -d "$DIR" ] || { [ "$command" = stop ] && return 0; }
		mkdir -p "$DIR/log" "$DIR/pid"
		exec 9>"$DIR/programs.lock"
		flock -w 60 9 || die "another programs.sh is at work in $DIR"
		if [ "$command" = start ]; then start "$@"; else end programs TERM 15; fi
		;;
	status) status ;;
	pid) pid_of "${1:?pid of which program?}" || die "$1 is not running" ;;
	*) usage ;;
	esac
}

main "$@"
