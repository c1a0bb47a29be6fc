"""Kannel with its fake SMSC on free ports, for tests: prints the port of sendsms when it is ready; ends when told to or with its parent.

usage: kannel.py    user and password are test, test
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 60
CONF = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = test
smsbox-port = {box}
smsbox-interface = 127.0.0.1
log-level = 2

group = smsc
smsc = fake
smsc-id = fake
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-level = 2
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = test
password = test
max-messages = 10
concatenation = true
"""


def free_ports(names):
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: one.getsockname()[1] for name, one in sockets.items()}
    for one in sockets.values():
        one.close()
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def spawn(*command):
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)


def until(what, condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} is not ready")
        select_wait(0.05)


def select_wait(seconds):
    signal.sigtimedwait([], seconds)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def status(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as admin:
            admin.sendall(b"GET /status.txt?password=test HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: admin.recv(4096), b"")).decode(errors="replace")
    except OSError:
        return ""


def main():
    ports = free_ports(["admin", "box", "smsc", "sendsms"])
    with tempfile.TemporaryDirectory(prefix="dcs-kannel-") as folder:
        conf = os.path.join(folder, "kannel.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(CONF.format(**ports))
        running = [spawn("/usr/sbin/bearerbox", "-v", "4", conf)]
        try:
            until("bearerbox", lambda: listens(ports["box"]) and listens(ports["admin"]))
            running.append(spawn("/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", str(ports["smsc"]), "-m", "0", "1 2 text none"))
            running.append(spawn("/usr/sbin/smsbox", "-v", "4", conf))
            until("smsbox", lambda: listens(ports["sendsms"]) and "smsbox:" in status(ports["admin"]) and "online" in status(ports["admin"]))
            print(ports["sendsms"], flush=True)
            signal.sigwait([signal.SIGTERM])
        finally:
            for process in running:
                process.kill()
                process.wait()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main()
