#!/usr/bin/env bash
# usage: with-postgres.sh COMMAND [ARGUMENT...]
# Runs COMMAND with DCS_TEST_PG (a libpq conninfo, superuser) naming a private PostgreSQL cluster that lives as long as COMMAND
# does: in a directory of its own, on a Unix socket only. Its exit status is COMMAND's.
# The directory is in TMPDIR; without TMPDIR in memory, if /dev/shm has room for the clusters of several lanes (a container's often
# has 64 MB), because making and dropping a database creates and removes a thousand files.
set -eu

[ $# -gt 0 ] || { sed -n '2,6s/^# //p' "$0"; exit 2; }

bin=${DCS_POSTGRES_BIN:-/usr/lib/postgresql/15/bin}
if [ -z "${TMPDIR:-}" ] && [ "$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 { print $4 }')" -ge 4096 ] 2>/dev/null; then
	TMPDIR=/dev/shm
fi
home=$(mktemp -d "${TMPDIR:-/tmp}/dcs-postgres.XXXXXX")
command_pid=

# The server's programs refuse to run as root.
as_server() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	server_user=postgres
	id "$server_user" >/dev/null 2>&1 || server_user=nobody
	chown "$server_user" "$home"
	chmod 755 "$home"
	as_server() { (cd "$home" && exec setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --clear-groups -- "$@"); }
fi

clean_up() {
	status=$?
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$command_pid" ]; then
		kill -TERM "$command_pid" 2>/dev/null || true
		wait "$command_pid" 2>/dev/null || true
	fi
	[ ! -f "$home/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$home/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$home"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

as_server "$bin/initdb" -D "$home/data" -U dcs_test -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$home/initdb.log" 2>&1 || {
	cat "$home/initdb.log" >&2
	exit 1
}
cat >>"$home/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$home'
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 50
max_wal_size = 256MB
shared_buffers = 64MB
log_min_messages = fatal
CONF
as_server "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -t 60 start >/dev/null || {
	cat "$home/server.log" >&2
	exit 1
}

# In the background, so that a signal is acted upon at once and not when COMMAND has ended.
DCS_TEST_PG="host=$home user=dcs_test dbname=postgres" "$@" </dev/stdin &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=
exit "$status"
