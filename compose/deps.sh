#!/usr/bin/env bash
# Installs what is missing, and nothing when nothing is: the Debian packages of packages.txt, the jars of kafka/pom.xml, and the
# Python packages of tests/system/requirements.txt.
# usage: compose/deps.sh [strangers]     strangers: also those of tests/strangers/requirements.txt, for `make long`
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# ---- Debian packages ----

mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]//g; /^$/d' compose/packages.txt)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort))
if [ ${#missing[@]} -gt 0 ]; then
	echo "deps: installing ${missing[*]}"
	as_root apt-get update -q
	# What the packages' own services do is their business: the stack uses neither them nor their ports. Dovecot alone is for tests
	# only, and a mail server that nobody asked for must not listen: its service is masked before there is one; without systemd a
	# policy of ours, for the time of the installation, says so to Debian's init scripts.
	if [[ " ${missing[*]} " == *" dovecot-imapd "* ]] && ! dpkg-query -W dovecot-core >/dev/null 2>&1; then
		as_root mkdir -p /etc/systemd/system
		for unit in dovecot.service dovecot.socket; do
			[ -e /etc/systemd/system/$unit ] || as_root ln -s /dev/null /etc/systemd/system/$unit
		done
		if [ ! -e /usr/sbin/policy-rc.d ]; then
			trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
			printf '#!/bin/sh\ncase "$1" in dovecot) exit 101 ;; esac\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
			as_root chmod 755 /usr/sbin/policy-rc.d
		fi
		echo "deps: Dovecot's own service is masked: systemctl unmask dovecot.service dovecot.socket to use it"
	fi
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
fi

# ---- Apache Kafka ----

# pom.sha256 is written last and the folder is moved into place whole: half a download is no download.
jars=.cache/kafka-jars
want=$(sha256sum <compose/kafka/pom.xml)
if [ "$(cat $jars/pom.sha256 2>/dev/null)" != "$want" ]; then
	echo "deps: fetching the jars of Apache Kafka (about 100 MB, once)"
	rm -rf $jars $jars.part
	mkdir -p $jars.part
	mvn -B -q -Dstyle.color=never --strict-checksums -f compose/kafka/pom.xml dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$PWD/$jars.part"
	echo "$want" >$jars.part/pom.sha256
	mv $jars.part $jars
fi

# ---- Python packages that Debian has not, or not new enough: only tests use them ----

python_packages() { # FOLDER REQUIREMENTS
	local want
	want=$(sha256sum <"$2")
	if [ "$(cat "$1/requirements.sha256" 2>/dev/null)" != "$want" ]; then
		echo "deps: fetching Python packages of $2 (about 100 MB on disk, once)"
		rm -rf "$1"
		/usr/bin/python3 -m venv "$1"
		"$1/bin/pip" install -q --disable-pip-version-check --require-hashes --only-binary :all: -r "$2"
		echo "$want" >"$1/requirements.sha256"
	fi
}

python_packages .cache/python tests/system/requirements.txt
[ "${1:-}" != strangers ] || python_packages .cache/strangers tests/strangers/requirements.txt
