#!/usr/bin/env bash
# The local stack without containers: PostgreSQL, Apache Kafka, an SMTP server and an SMS gateway, private to one folder.
#
# usage: compose/stack.sh start [PART...]   start what is not running; everything when no part is named
#        compose/stack.sh stop [PART...]    end exactly what was started here, the last first
#        compose/stack.sh status            one line a part; fails unless all of them run
#        compose/stack.sh env               print DIR/env: lines to source, how programs find the parts
#        compose/stack.sh up PART           start one part and wait until it answers (the same as start PART)
#        compose/stack.sh kill PART         SIGKILL, as a crash would (for tests of faults)
#        compose/stack.sh pid PART          its process id
#        compose/stack.sh destroy           stop, and delete DIR
#
#        --dir DIR: whose stack; default .run in the checkout. Stacks of different folders run side by side.
#        --rehearsal: at the first start, makes it a rehearsal for good: its time is told, and what it sends ends in DIR/sink.jsonl
# parts: postgres kafka smtp bearerbox smsc smsbox (the last three are Kannel: `kannel` names them together)
#
# PG_SHARED_BUFFERS (e.g. 6GB), KAFKA_HEAP (e.g. 2g) and KAFKA_COMPILER (quick, full) override what is chosen for the machine.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
DIR=$ROOT/.run
PARTS=(postgres kafka smtp bearerbox smsc smsbox)
PORTS=(kafka kafka-controller smtp kannel-admin kannel-box kannel-smsc kannel-sendsms api)

. "$HERE/lib.sh"

usage() {
	sed -n '4,18s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}

memory_mb() {
	awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo
}

# clamp NUMBER MIN MAX
clamp() {
	echo $(($1 < $2 ? $2 : $1 > $3 ? $3 : $1))
}

# A part has: prepare_PART (what is needed once; may be slow), run_PART, ready_PART (asked until it answers), and stop_PART_with,
# the signals that end it with the seconds each may take.

# ---- PostgreSQL ----
#
# Its own cluster: no TCP, one socket in a folder that only its user enters, where everybody is trusted for the role he names. The
# server refuses to run as root, so for root it runs as the user of the Debian package.

PG_BIN=/usr/lib/postgresql/15/bin
AS_PG=()
if [ "$(id -u)" = 0 ]; then
	AS_PG=(setpriv --reuid postgres --regid postgres --clear-groups env HOME=/)
fi

# pg_keep NAME TEMPLATE: a folder of the database's user outside DIR; its path is remembered in DIR/NAME.
pg_keep() {
	[ -s "$DIR/$1" ] || "${AS_PG[@]}" mktemp -d "$2" >"$DIR/$1"
	[ -d "$(cat "$DIR/$1")" ] || "${AS_PG[@]}" mkdir -m 0700 "$(cat "$DIR/$1")"
}

# The socket's path must be short (107 bytes), so it is not below DIR. The data is, and no path of it is remembered (a copy of DIR would
# find the original's), unless its user cannot get there.
pg_folders() {
	pg_keep postgres.socket /tmp/dcs-pg.XXXXXX
	PG_SOCKET=$(cat "$DIR/postgres.socket")
	if [ ! -d "$DIR/postgres" ] && [ ! -s "$DIR/postgres.data" ] && "${AS_PG[@]}" test -x "$DIR"; then
		install -d -m 0700 -o "$("${AS_PG[@]}" id -u)" "$DIR/postgres"
	fi
	PG_DATA=$DIR/postgres
	if [ ! -d "$DIR/postgres" ]; then
		pg_keep postgres.data /var/tmp/dcs-pg.XXXXXX
		PG_DATA=$(cat "$DIR/postgres.data")
	fi
}

# Sized for a machine that runs everything else beside it. The last four lines: statements and rows hold personal data, and the
# server's log is no place for them.
pg_settings() {
	local memory disk
	memory=$(memory_mb)
	disk=$(df -Pm "$DIR" | awk 'NR == 2 { print $4 }')
	cat <<-END
		listen_addresses = ''
		unix_socket_directories = '$PG_SOCKET'
		unix_socket_permissions = 0700
		max_connections = 200
		shared_buffers = ${PG_SHARED_BUFFERS:-$(clamp $((memory / 8)) 128 4096)MB}
		effective_cache_size = $(clamp $((memory / 2)) 256 65536)MB
		maintenance_work_mem = $(clamp $((memory / 32)) 64 1024)MB
		huge_pages = try
		jit = off
		wal_compression = lz4
		max_wal_size = $(clamp $((disk / 8)) 512 16384)MB
		checkpoint_timeout = 15min
		autovacuum_naptime = 20s
		autovacuum_vacuum_scale_factor = 0.05
		autovacuum_vacuum_cost_limit = 2000
		timezone = 'UTC'
		log_timezone = 'UTC'
		log_min_messages = warning
		log_min_error_statement = panic
		log_error_verbosity = terse
		log_parameter_max_length = 0
		log_parameter_max_length_on_error = 0
	END
	# Its data is worth one run, and a year of Ticks is thousands of commits.
	[ "$(cat "$DIR/kind")" = no ] || echo 'synchronous_commit = off'
}

# A half-made cluster has no dcs.conf: it is made anew.
prepare_postgres() {
	if [ ! -f "$PG_DATA/dcs.conf" ]; then
		"${AS_PG[@]}" find "$PG_DATA" -mindepth 1 -delete
		"${AS_PG[@]}" $PG_BIN/initdb -D "$PG_DATA" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions \
			>"$DIR/log/initdb.log" 2>&1 || die "initdb failed, see $DIR/log/initdb.log"
		"${AS_PG[@]}" tee "$PG_DATA/pg_hba.conf" >/dev/null <<<'local all all trust'
		"${AS_PG[@]}" tee -a "$PG_DATA/postgresql.conf" >/dev/null <<<"include 'dcs.conf'"
	fi
	pg_settings | "${AS_PG[@]}" tee "$PG_DATA/dcs.conf" >/dev/null
}

run_postgres() {
	spawn postgres "${AS_PG[@]}" $PG_BIN/postgres -D "$PG_DATA"
}

ready_postgres() {
	$PG_BIN/pg_isready -q -h "$PG_SOCKET" -U postgres -d postgres && pg_database
}

psql_admin() {
	PGOPTIONS='-c client_min_messages=warning' $PG_BIN/psql -h "$PG_SOCKET" -U postgres -d postgres -X -q -v ON_ERROR_STOP=1 -At -c "$1"
}

# The database, and a role of the caller's name, so that `psql "$DCS_PG"` works as it is.
pg_database() {
	[ "$(psql_admin "SELECT 1 FROM pg_database WHERE datname = 'dcs'")" != 1 ] || return 0
	[ "$(id -un)" = postgres ] || psql_admin "CREATE ROLE \"$(id -un)\" SUPERUSER LOGIN"
	psql_admin 'CREATE DATABASE dcs'
}

stop_postgres_with=(INT 20 QUIT 5) # fast shutdown, then without a checkpoint

# ---- Apache Kafka: one node, KRaft ----

JARS=$ROOT/.cache/kafka-jars

# TieredStopAtLevel=1: the optimising compiler takes seconds of a core in the first minutes, which a laptop or a test has not got to
# spare: latency at 4,000 commands/s was 12 ms at the median instead of 109. A broker of its own machine does without this flag, and with
# KAFKA_COMPILER=full so does this one.
kafka_compiler() {
	[ "${KAFKA_COMPILER:-quick}" = full ] || echo -XX:TieredStopAtLevel=1
}

kafka_java() {
	local log=-Dorg.slf4j.simpleLogger
	echo "-Xmx${KAFKA_HEAP:-$(clamp $(($(memory_mb) / 8)) 400 1024)m} -Xshare:auto $(kafka_compiler) -XX:+ExitOnOutOfMemoryError" \
		"$log.defaultLogLevel=warn $log.showDateTime=true $log.dateTimeFormat=yyyy-MM-dd/HH:mm:ss.SSS"
}

kafka_settings() {
	cat <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@127.0.0.1:$(port_of kafka-controller)
		listeners=PLAINTEXT://127.0.0.1:$(port_of kafka),CONTROLLER://127.0.0.1:$(port_of kafka-controller)
		advertised.listeners=PLAINTEXT://127.0.0.1:$(port_of kafka)
		controller.listener.names=CONTROLLER
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
		log.dirs=$DIR/kafka/data
		auto.create.topics.enable=false
		unclean.leader.election.enable=false
		default.replication.factor=1
		min.insync.replicas=1
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=4
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		transaction.state.log.num.partitions=4
		transaction.max.timeout.ms=60000
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		share.coordinator.state.topic.num.partitions=4
		group.initial.rebalance.delay.ms=0
		broker.session.timeout.ms=4000
		broker.heartbeat.interval.ms=1000
		num.recovery.threads.per.data.dir=2
	END
}

prepare_kafka() {
	[ -d "$JARS" ] || die "the jars of Apache Kafka are missing: make deps"
	mkdir -p "$DIR/kafka"
	kafka_settings >"$DIR/kafka/server.properties"
	if [ ! -f "$DIR/kafka/data/meta.properties" ]; then
		rm -rf "$DIR/kafka/data"
		# A cluster id is 16 bytes in URL-safe base64; hexadecimal digits are a subset of it.
		java $(kafka_java) -cp "$JARS/*" kafka.tools.StorageTool format -t "$(openssl rand -hex 11)" -c "$DIR/kafka/server.properties" \
			>"$DIR/log/kafka-format.log" 2>&1 || die "Kafka's storage cannot be formatted, see $DIR/log/kafka-format.log"
	fi
}

run_kafka() {
	spawn kafka java $(kafka_java) -cp "$JARS/*" kafka.Kafka "$DIR/kafka/server.properties"
}

ready_kafka() {
	has_port kafka "$(port_of kafka)" && kcat -b "127.0.0.1:$(port_of kafka)" -L -m 2 2>/dev/null | grep -q '^ 1 brokers'
}

stop_kafka_with=(TERM 20)

# ---- SMTP server ----

prepare_smtp() {
	mkdir -p "$DIR/mail"
}

run_smtp() {
	spawn smtp /usr/bin/python3 "$HERE/smtp_sink.py" "$(port_of smtp)" "$DIR/mail"
}

ready_smtp() {
	has_port smtp "$(port_of smtp)"
}

stop_smtp_with=(TERM 5)

# ---- Kannel: bearerbox (queues), smsc (the fake telephone network), smsbox (HTTP) ----

# Whatever a telephone sends goes to the gateway with our secret, and gets no answer from Kannel; what the gateway does not keep
# is brought again. Warnings only, and no access log: the others hold numbers and texts. smsbox tells only why it ended: with an
# address that it could not reach it would tell the number and the text in it.
kannel_settings() {
	cat <<-END
		group = core
		admin-port = $(port_of kannel-admin)
		admin-interface = 127.0.0.1
		admin-password = $(cat "$DIR/kannel/password")
		smsbox-port = $(port_of kannel-box)
		smsbox-interface = 127.0.0.1
		log-level = 2
		sms-resend-retry = 3

		group = smsc
		smsc = fake
		smsc-id = fake
		port = $(port_of kannel-smsc)
		connect-allow-ip = 127.0.0.1

		group = smsbox
		bearerbox-host = 127.0.0.1
		sendsms-port = $(port_of kannel-sendsms)
		sendsms-interface = 127.0.0.1
		log-level = 4
		http-request-retry = 20
		http-queue-delay = 2

		group = sendsms-user
		username = dcs
		password = $(cat "$DIR/kannel/password")
		max-messages = 10
		concatenation = true

		group = sms-service
		keyword = default
		catch-all = true
		get-url = "http://127.0.0.1:$(port_of api)/callbacks/kannel/inbound?s=$(cat "$DIR/secrets/inbound.key")&from=%p&text=%e&coding=%c&at=%T&id=%I"
		max-messages = 0
		concatenation = true
		omit-empty = true
	END
}

prepare_bearerbox() {
	:
}

run_bearerbox() {
	spawn bearerbox /usr/sbin/bearerbox -v 2 "$DIR/kannel/kannel.conf"
}

ready_bearerbox() {
	has_port bearerbox "$(port_of kannel-admin)" && has_port bearerbox "$(port_of kannel-box)"
}

stop_bearerbox_with=(TERM 5)

prepare_smsc() {
	:
}

# What it receives it prints: DIR/log/smsc.log is the telephone's screen. It ends when bearerbox does.
run_smsc() {
	# shellcheck disable=SC2016
	spawn smsc bash -c 'while :; do /usr/lib/kannel/test/fakesmsc -H 127.0.0.1 -r "$0" -m 0 "1 2 text none"; sleep 0.5; done' \
		"$(port_of kannel-smsc)"
}

kannel_status() {
	curl -sS -m 2 "http://127.0.0.1:$(port_of kannel-admin)/status.txt?password=$(cat "$DIR/kannel/password")" 2>/dev/null
}

ready_smsc() {
	kannel_status | grep -q 'FAKE.*online'
}

stop_smsc_with=(TERM 2)

prepare_smsbox() {
	:
}

# It does not try again when bearerbox is not there yet.
run_smsbox() {
	await bearerbox
	spawn smsbox /usr/sbin/smsbox -v 4 "$DIR/kannel/kannel.conf"
}

ready_smsbox() {
	has_port smsbox "$(port_of kannel-sendsms)" && kannel_status | grep -q 'smsbox:'
}

stop_smsbox_with=(TERM 5)

# ---- keys and the environment ----

# private FILE: what is on standard input, readable by us alone and there completely or not at all.
private() {
	cat >"$1.part" && mv "$1.part" "$1"
}

# The name of a signing key is its `kid`; the date in it is for people.
make_secrets() {
	local kid
	mkdir -p "$DIR/keys" "$DIR/secrets" "$DIR/kannel"
	mkdir -p -m 700 "$DIR/letters"
	if ! ls "$DIR"/keys/*.pem >/dev/null 2>&1; then
		kid=dcs-$(date -u +%Y%m%d)-$(openssl rand -hex 3)
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | private "$DIR/keys/$kid.pem"
	fi
	for name in address.key callback.key inbound.key; do
		[ -s "$DIR/secrets/$name" ] || openssl rand -hex 32 | private "$DIR/secrets/$name"
	done
	[ -s "$DIR/kannel/password" ] || openssl rand -hex 16 | private "$DIR/kannel/password"
}

write_env() {
	local api=127.0.0.1:$(port_of api)
	cat >"$DIR/env.part" <<-END
		# Written by compose/stack.sh at every start.
		export DCS_STACK_DIR='$DIR'
		export DCS_KAFKA_BOOTSTRAP='127.0.0.1:$(port_of kafka)'
		export DCS_PG='host=$PG_SOCKET dbname=dcs'
		export DCS_KEYS_DIR='$DIR/keys'
		export DCS_ADDRESS_KEY_FILE='$DIR/secrets/address.key'
		export DCS_CALLBACK_KEY_FILE='$DIR/secrets/callback.key'
		export DCS_INBOUND_SECRET_FILE='$DIR/secrets/inbound.key'
		export DCS_GATEWAYS_FILE='$DIR/gateways.ini'
		export DCS_MAIL_DIR='$DIR/mail'
		export DCS_LETTERS_DIR='$DIR/letters'
		export DCS_API_LISTEN='$api'
		export DCS_API_URL='http://$api'
		export DCS_REHEARSAL='$(cat "$DIR/kind")'
		export DCS_COLLECTOR="\${DCS_COLLECTOR:-third_party}"
	END
	mv "$DIR/env.part" "$DIR/env"
}

# decide_kind yes|no: whether it is a rehearsal is decided at the first start, and a stack of before that was live.
decide_kind() {
	local data=$PG_DATA/dcs.conf
	[ -s "$DIR/kind" ] || { [ "$1" = yes ] && [ ! -f "$data" ] && echo yes || echo no; } >"$DIR/kind"
	[ "$1" != yes ] || [ "$(cat "$DIR/kind")" = yes ] || die "$DIR is a live stack's: a rehearsal needs another folder"
}

# Nobody gets a message of a rehearsal: its gateways are a file.
sink_rows() {
	local channel
	for channel in email sms letter; do
		printf '[sink-%s]\nchannel = %s\nkind = sink\nurl = file://%s/sink.jsonl\nrate = 100000\nburst = 1000\nbreaker.pause.ms = 1\nbreaker.pause.max.ms = 1\n' "$channel" "$channel" "$DIR"
	done
}

# The rows of the notifier: one a channel here. A second one of the same channel, with a higher order, is its fallback.
gateway_rows() {
	[ "$(cat "$DIR/kind")" = no ] || { sink_rows; return; }
	cat <<-END
		# Written by compose/stack.sh at every start. Every setting: consumers/notifier/README.md
		[smtp]
		channel = email
		kind = smtp
		url = smtp://127.0.0.1:$(port_of smtp)/dcs.localhost
		from = collections@dcs.localhost
		from.name = Collections
		order = 1

		[kannel]
		channel = sms
		kind = kannel
		url = http://127.0.0.1:$(port_of kannel-sendsms)/cgi-bin/sendsms
		user = dcs
		password.file = $DIR/kannel/password
		from = DCS
		order = 1

		[printer]
		channel = letter
		kind = spool
		url = file://$DIR/letters
		from = Collections, 1 Local Street, Localtown
	END
}

# ---- commands ----

# expand PART...: the names, checked, `kannel` replaced.
expand() {
	local part
	for part; do
		case $part in
		kannel) echo bearerbox smsc smsbox ;;
		postgres | kafka | smtp | bearerbox | smsc | smsbox) echo "$part" ;;
		*) die "no such part: $part" ;;
		esac
	done
}

start() {
	local part pids=() pid
	mkdir -p "$DIR/log"
	[ ! -e "$DIR/copied-in-part" ] || die "$DIR was copied from a stack that was running, so its data is not whole:" \
		"delete this copy (compose/stack.sh destroy) and start again"
	make_secrets
	pg_folders
	decide_kind "$REHEARSAL"
	choose_ports
	for part; do
		alive "$part" && continue
		"prepare_$part" &
		pids+=($!)
	done
	for pid in ${pids[@]+"${pids[@]}"}; do
		wait "$pid" || exit 1
	done
	for part; do
		alive "$part" || "run_$part" || true # await tells
	done
	for part; do
		await "$part"
	done
}

# choose_ports: for what does not run, and everything that names them.
choose_ports() {
	local port
	for port in "${PORTS[@]}"; do
		port_kept "$port" || port_choose "$port"
	done
	write_env
	gateway_rows | private "$DIR/gateways.ini"
	kannel_settings | private "$DIR/kannel/kannel.conf"
}

# await PART: until it answers. One that ends before that is tried again for 10 s: between the choice of a port and its use somebody
# may have taken it, so others are chosen; a PostgreSQL refuses to start beside the last children of a killed one.
await() {
	local port until=$((SECONDS + 10))
	while until_true 60 answers_or_ended "$1" || die "$1 does not answer after 60 s, see $DIR/log/$1.log"; do
		! alive "$1" || return 0
		[ $SECONDS -lt $until ] || die "$1 ended, see $DIR/log/$1.log"
		[ "$1" != bearerbox ] || { end smsc TERM 2; end smsbox TERM 5; } # they know its ports
		for port in "${PORTS[@]}"; do
			[ "$(owner_of "$port")" != "$1" ] || rm -f "$DIR/ports/$port"
		done
		choose_ports
		"prepare_$1"
		sleep 0.2
		"run_$1" || true
	done
}

answers_or_ended() {
	"ready_$1" || ! alive "$1"
}

# owner_of PORT: the part, or our programs, that listen there.
owner_of() {
	case $1 in
	kafka*) echo kafka ;;
	smtp) echo smtp ;;
	kannel-sendsms) echo smsbox ;;
	kannel-*) echo bearerbox ;;
	api) echo programs ;;
	esac
}

port_kept() {
	[ -s "$DIR/ports/$1" ] && alive "$(owner_of "$1")"
}

stop() {
	local part index
	for ((index = ${#PARTS[@]} - 1; index >= 0; index--)); do
		part=${PARTS[index]}
		case " $* " in *" $part "*) ;; *) continue ;; esac
		local -n signals=stop_${part}_with
		end "$part" "${signals[@]}"
	done
}

status() {
	local part result=0
	for part in "${PARTS[@]}"; do
		if alive "$part"; then
			echo "$part: running, process $(pid_of "$part")"
		else
			echo "$part: stopped"
			result=1
		fi
	done
	return $result
}

kill_part() {
	local part pid
	for part; do
		pid=$(pid_of "$part") || die "$part is not running"
		kill -s KILL -- "-$pid"
		until_true 5 gone "$part" || die "$part survives"
	done
}

destroy() {
	local part
	"$HERE/programs.sh" --dir "$DIR" stop
	# Their data goes with them, so there is nothing left to write. QUIT: PostgreSQL gives back its shared memory.
	end postgres QUIT 10
	for part in "${PARTS[@]}"; do
		end "$part" KILL 5
	done
	for name in postgres.socket postgres.data; do
		[ ! -s "$DIR/$name" ] || rm -rf "$(cat "$DIR/$name")"
	done
	rm -rf "$DIR"
}

main() {
	local command= arguments=()
	REHEARSAL=no
	while [ $# -gt 0 ]; do
		case $1 in
		--dir) DIR=${2:?--dir needs a folder}; shift ;;
		--dir=*) DIR=${1#--dir=} ;;
		--rehearsal) REHEARSAL=yes ;;
		-*) usage ;;
		*) if [ -z "$command" ]; then command=$1; else arguments+=("$1"); fi ;;
		esac
		shift
	done
	DIR=$(realpath -m "$DIR")
	set -- $(expand ${arguments[@]+"${arguments[@]}"})

	case $command in
	status | env | pid) own_folder ;;
	esac
	case $command in
	status) status; return ;;
	env) cat "$DIR/env"; return ;;
	pid) pid_of "${1:?pid of which part?}" || die "$1 is not running"; return ;;
	start) [ $# -gt 0 ] || set -- "${PARTS[@]}" ;;
	stop) [ $# -gt 0 ] || set -- "${PARTS[@]}"; [ -d "$DIR" ] || return 0 ;;
	up | kill) [ $# -gt 0 ] || usage ;;
	destroy) [ -d "$DIR" ] || return 0 ;;
	*) usage ;;
	esac

	# One at a time in a folder.
	(umask 022 && mkdir -p "$(dirname "$DIR")")
	mkdir -p -m 0711 "$DIR" # the database's user must get through to its own folder
	exec 9>"$DIR/lock"
	flock -w 120 9 || die "another stack.sh is at work in $DIR"
	own_folder
	case $command in
	start | up) start "$@" ;;
	stop) stop "$@" ;;
	kill) kill_part "$@" ;;
	destroy) destroy ;;
	esac
}

main "$@"
