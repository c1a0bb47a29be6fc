# What stack.sh, programs.sh and demo.sh share: processes by record, ports, waiting. Sourced, with $DIR set.
#
# A process is known by DIR/pid/NAME: its id, its start time and the boot it was started in. A recycled id has another start
# time, so nothing that this stack did not start is ever signalled. Each runs in a session of its own: its id is its group's.

# What people wrote, numbers and addresses are in the data and in what the fake telephones print: nobody else's business.
umask 077

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

# proc_start PID: when the process started, in clock ticks since boot; fails if there is none, or only its zombie. A killed JVM's
# first thread is a zombie while others still die: until the last one has, its ports are taken.
proc_start() {
	local stat threads
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	threads=("/proc/$1/task"/*)
	stat=${stat##*) } # behind the command's name, which may hold anything
	set -- $stat
	{ [ "$1" != Z ] || [ ${#threads[@]} -gt 1 ]; } && [ "$1" != X ] && echo "${20}"
}

# pid_of NAME: its id if it is alive.
pid_of() {
	local pid start boot
	read -r pid start boot 2>/dev/null <"$DIR/pid/$1" || return 1
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && [ "$(proc_start "$pid")" = "$start" ] && echo "$pid"
}

alive() {
	pid_of "$1" >/dev/null
}

# ---- whose folder it is ----

# A copy of a folder has another inode and another time of birth; a moved one keeps both.
folder_identity() {
	stat -c '%i:%W' "$DIR"
}

# own_folder: before anything in DIR is believed. In a copy, the records of processes, ports and sockets are the original's: they are
# forgotten, so that nothing of the original is stopped, used or deleted. The database's data counts when it came along and was at rest.
own_folder() {
	local data known
	[ -d "$DIR" ] || return 0
	data=$(cat "$DIR/postgres.data" 2>/dev/null) || data=
	known=$(cat "$DIR/identity" 2>/dev/null) || known=
	# A stack of before there were identities knew the path of its data.
	case $known$data in /var/tmp/dcs-pg.* | "$DIR/postgres" | "") ;; /*) known=another ;; esac
	if [ -n "$known" ] && [ "$known" != "$(folder_identity)" ]; then
		say "$DIR is a copy of another stack's folder: nothing of the original is touched"
		rm -rf "$DIR/pid" "$DIR/ports" "$DIR/env" "$DIR/postgres.socket" "$DIR/postgres.data" "$DIR/programs.adopted"
		if [ -e "$DIR/postgres/postmaster.pid" ] || { [ -n "$data" ] && [ ! -d "$DIR/postgres" ]; }; then
			touch "$DIR/copied-in-part"
		fi
	fi
	folder_identity >"$DIR/identity"
}

# What a process does before it becomes COMMAND: `bash -c "$RECORD_AND_RUN" RECORD COMMAND...`. The process writes its record itself, so
# that one whose starter is killed at that moment is on record all the same.
# shellcheck disable=SC2016
RECORD_AND_RUN='
	read -r stat </proc/$$/stat
	fields=(${stat##*) })
	read -r boot </proc/sys/kernel/random/boot_id
	echo "$$ ${fields[19]} $boot" >"$0"
	exec "$@"'

is_recorded() { # NAME PID
	[ "$(cut -d ' ' -f 1 "$DIR/pid/$1" 2>/dev/null)" = "$2" ]
}

# spawn NAME COMMAND...: runs it in the background, output to DIR/log/NAME.log; it is on record when this returns. Fails when it has
# ended already.
spawn() {
	local name=$1
	shift
	mkdir -p "$DIR/log" "$DIR/pid"
	# No descriptor of ours may stay open in it: not the lock (9), not a pipe that somebody waits on.
	setsid bash -c "$RECORD_AND_RUN" "$DIR/pid/$name" "$@" </dev/null >>"$DIR/log/$name.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	until_true 5 is_recorded "$name" $! && alive "$name"
}

# until_true SECONDS COMMAND...: asks ten times a second; fails when the time is over.
until_true() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt $deadline ] || return 1
		sleep 0.1
	done
}

gone() {
	! alive "$1"
}

# end NAME SIGNAL SECONDS [SIGNAL SECONDS]...: each signal gets its time; the last resort is KILL.
end() {
	local name=$1 pid
	shift
	while pid=$(pid_of "$name") && [ $# -gt 0 ]; do
		kill -s "$1" -- "-$pid" 2>/dev/null || kill -s "$1" "$pid" 2>/dev/null || true
		until_true "$2" gone "$name" || true
		shift 2
	done
	if pid=$(pid_of "$name"); then
		say "$name does not stop: killed"
		kill -s KILL -- "-$pid" || true
		until_true 5 gone "$name" || die "$name (process $pid) cannot be killed"
	fi
	rm -f "$DIR/pid/$name"
}

# port_is_free NUMBER: nobody listens there.
port_is_free() {
	! grep -qiE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$1") [0-9A-F]+:[0-9A-F]+ 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# port_of NAME: the port this stack keeps for it.
port_of() {
	cat "$DIR/ports/$1"
}

# port_choose NAME: keeps the remembered port unless a stranger took it meanwhile. Below 32768: connections going out never sit
# on those. Stacks that are started at the same time would choose one port twice, one time in a hundred: DCS_PORTS_FROM and
# DCS_PORTS_COUNT give each a range of its own.
port_choose() {
	local port
	mkdir -p "$DIR/ports"
	port=$(port_of "$1" 2>/dev/null) || port=0
	rm -f "$DIR/ports/$1"
	until [ "$port" != 0 ] && port_is_free "$port" && ! grep -qsx "$port" "$DIR"/ports/*; do
		port=$((${DCS_PORTS_FROM:-20000} + RANDOM % ${DCS_PORTS_COUNT:-12000}))
	done
	echo "$port" >"$DIR/ports/$1"
}

# has_port NAME PORT: the process of that record listens there; a stranger on the same port does not count.
has_port() {
	local pid socket
	pid=$(pid_of "$1") || return 1
	for socket in $(awk -v "port=$(printf ':%04X' "$2")" '$2 ~ port "$" && $4 == "0A" { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null); do
		[ -z "$(find "/proc/$pid/fd" -lname "socket:\\[$socket\\]" 2>/dev/null)" ] || return 0
	done
	return 1
}
