"""Clients that mean no good, or are only slow: the memory of the gateway stays bounded, and others are served meanwhile. There are as many as
the limit of open files allows, at most 10,000; IDLE in the environment says another number."""

import contextlib
import http.client
import os
import re
import resource
import socket
import subprocess
import threading
import urllib.parse

import pytest

from contract import Api
from raw_http import ask_raw, connect
from world import BIN, wait_for

FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
IDLE = int(os.environ.get("IDLE") or min(10_000, FILES - 1_000))
# The gateway may keep for each of its 12,000 connections the 16 KiB of a head, 8 KiB of a small body and what TCP and malloc add; 64 MiB of
# bodies that are coming and as much of large answers; and argon2 takes 19 MiB for each of two logins at once.
GROWTH_MAX_KB = 512 * 1024


def memory_kb(world):
    status = open(f"/proc/{world.pid('api.1')}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def open_connections(api):
    return int(re.search(r"^dcs_api_connections (\d+)", api.get("/metrics").text, re.MULTILINE).group(1))


@pytest.fixture
def bounded(world, api):
    """After the test: it is the same process, not much larger, and serves."""
    wait_for(lambda: api.get("/readyz").status == 200, "a gateway that is ready")
    pid, before_kb = world.pid("api.1"), memory_kb(world)
    yield
    assert world.pid("api.1") == pid
    assert memory_kb(world) < before_kb + GROWTH_MAX_KB
    wait_for(lambda: api.get("/readyz").status == 200, "a gateway that is ready")


@pytest.fixture
def are_served(world, client):
    """Somebody else, on a connection of his own, gets an answer out of PostgreSQL."""
    address = urllib.parse.urlsplit(world.environment["DCS_API_URL"]).netloc
    headers = {"Authorization": "Bearer " + client.token_of("agent")}

    def ask():
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            connection.request("GET", "/debts?limit=1", headers=headers)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    return lambda: wait_for(ask, "an answer for somebody else")


@contextlib.contextmanager
def connections(url, count, first=b""):
    """So many, each of which has said this, from some addresses so that none runs out of ports. Those that the gateway hangs up on are not
    opened again."""
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(count):
            connection = stack.enter_context(connect(url, f"127.0.0.{2 + number % 16}"))
            with contextlib.suppress(ConnectionError):
                connection.sendall(first)
            opened.append(connection)
        yield opened


def test_idle_connections_are_kept_and_keep_nobody_out(bounded, api, are_served):
    with connections(api.url, IDLE) as opened:
        wait_for(lambda: open_connections(api) >= IDLE, "a gateway that has accepted them all")
        are_served()
        for connection in (opened[0], opened[-1]):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_a_gateway_with_few_open_files_takes_as_many_connections_as_fit(world, api, tmp_path):
    """The others wait outside; nobody is let down inside for want of a file."""
    log = tmp_path / "api.log"
    with open(log, "wb") as output:
        few = subprocess.Popen(
            [BIN / "dcs-api"],
            env=dict(world.environment, DCS_API_LISTEN="127.0.0.1:0"),
            stdout=output,
            stderr=output,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600)),
        )
    try:
        port = wait_for(lambda: re.search(r"listening port=(\d+)", log.read_text()), "a gateway that listens").group(1)
        assert "connections=344 of 12000" in log.read_text()
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: Api(url).get("/readyz").status == 200, "a gateway that is ready")
        with connections(url, 600):
            wait_for(lambda: ask_raw(url, b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").statuses == [200], "an answer")
        assert few.poll() is None
    finally:
        few.terminate()
        assert few.wait(10) == 0


def test_connections_that_have_asked_once_keep_nobody_out(bounded, api, are_served):
    with connections(api.url, IDLE, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"):
        are_served()


def test_slow_heads_keep_nobody_out(bounded, api, are_served):
    with connections(api.url, IDLE, b"GET /livez HTTP/1.1\r\nHost: a\r\n") as opened:
        stop = threading.Event()

        def drip():
            while not stop.is_set():
                for connection in opened:
                    with contextlib.suppress(OSError):
                        connection.send(b"X: a\r\n", socket.MSG_DONTWAIT)
                stop.wait(0.5)

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            are_served()
        finally:
            stop.set()
            thread.join()


def test_slow_bodies_keep_nobody_out(bounded, api, are_served):
    head = b"POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
    with connections(api.url, IDLE, head + b'{"refreshToken": "' + b"x" * 2_000):
        are_served()


def test_slow_readers_keep_nobody_out(bounded, api, are_served):
    """Each asks for the largest answer there is, ten times, and reads none of them."""
    with connections(api.url, 500, b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 10):
        are_served()


@pytest.mark.parametrize("path", ["/auth/logout", "/livez", "/nothing"])
def test_a_body_of_a_gigabyte_is_refused_by_its_announcement(bounded, api, path):
    head = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"
    answers = ask_raw(api.url, head % path.encode())
    assert answers.statuses in ([413], [404], [405])
    assert answers.header_of(answers.heads[0], "Connection") == "close"


def test_a_body_that_does_not_end_is_cut_off(bounded, api, are_served):
    """In chunks of 1 MiB: the gateway hangs up long before the gigabyte has come."""
    head = b"POST /auth/logout HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    sent = 0
    with connect(api.url) as connection:
        connection.sendall(head)
        with contextlib.suppress(ConnectionError):
            for _ in range(1024):
                connection.sendall(chunk)
                sent += len(chunk)
    assert sent < 64 * len(chunk)
    are_served()


def test_a_flood_of_logins_keeps_nobody_out(bounded, api, are_served):
    """From many addresses, so that it is not told to wait at the first door; all at once."""
    body = b'{"login": "nobody-%03d", "password": "some password"}'
    head = b"POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    head %= len(body % 0)
    address = urllib.parse.urlsplit(api.url)
    with contextlib.ExitStack() as stack:
        opened = []
        for number in range(300):
            source = (f"127.0.{1 + number // 200}.{1 + number % 200}", 0)
            connection = stack.enter_context(socket.create_connection((address.hostname, address.port), 60, source))
            connection.sendall(head + body % number)
            opened.append(connection)
        are_served()
        statuses = {connection.recv(12) for connection in opened}
    assert statuses <= {b"HTTP/1.1 401", b"HTTP/1.1 429", b"HTTP/1.1 503", b""}, statuses
