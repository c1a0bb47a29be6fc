#!/usr/bin/python3
"""Gateways that fail in every way, under load, while the notifier is killed: was any message handed over twice, or without leave?

usage: tests/system/faulty.py [SENDS=20000] [KILLS=60] [SEED=1] [FAULTS_PERCENT=5]

Three gateways of one channel (webhook, twilio, kannel) on one server of our own, and before them an impostor with a wrong certificate. The server
keeps its own log of what it took; it is the judge (P8, P9). By this log a person says of unknown messages whether they were sent. It kills the notifier itself, at the steps at which only it knows where the notifier
stands: when a connection comes, when a request begins and when it is complete, before its answer leaves and behind it.
"""

import asyncio
import base64
import collections
import datetime
import email.utils
import hashlib
import hmac
import json
import pathlib
import random
import re
import secrets
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

from client import Client, Events, new_id, now
from people import People
from world import MODULES, World, wait_for

MARK = re.compile(r"faulty ([0-9a-f]{32})")
SETTINGS = {"DCS_NOTIFIER_RETRY_MS": "5", "DCS_NOTIFIER_ATTEMPTS": "8", "DCS_NOTIFIER_ASK_MS": "5"}
PER_CUSTOMER = 10  # a customer has at most 32 messages under way
SENT_AT_ONCE = 500
DEADLINE_S = 600
SLOWEST = 10  # messages a second, on a busy machine: with many messages the deadline is later
RESOLVED_MAX = 20  # rounds; in each a twentieth is unknown again

# What may happen to a complete request: whether the message is taken, and what is answered.
FAULTS = {
    "silent, taken": (True, None), "silent": (False, None), "reset, taken": (True, None), "reset": (False, None),
    "400": (False, 400), "401": (False, 401), "429": (False, 429), "503": (False, 503), "500, taken": (True, 500), "500": (False, 500),
    "drip, taken": (True, None), "endless, taken": (True, 200), "redirect": (False, 302),
}  # fmt: skip
STEPS = ("connected", "begun", "complete", "answering", "answered")


class Gateway(threading.Thread):
    """The server. `taken` is its log: by message, the ids of the requests that it took (a webhook has one id however often it comes)."""

    def __init__(self, folder, dice, faults_percent, kill, kill_every):
        super().__init__(daemon=True)
        self.kill_every = self.next_kill = kill_every  # messages that have come
        self.folder, self.dice, self.faults_percent, self.kill = folder, dice, faults_percent, kill
        self.secret = secrets.token_bytes(32)
        self.ports = {}
        self.taken = collections.defaultdict(set)
        self.tries = collections.defaultdict(set)  # requests that came, whether taken or not
        self.faults = collections.Counter()
        self.kills = collections.Counter()
        self.kills_left = collections.deque()  # steps
        self.forged = self.trapped = self.impostor = self.connections = 0
        self.sms = collections.defaultdict(list)  # twilio's list, by number
        self.ready = threading.Event()
        self.loop = None

    # ---- faults ----

    def step(self, name):
        """The notifier dies here, if it is its turn to."""
        if self.is_next(name) and self.kill():
            self.next_kill += self.kill_every
            self.kills[name] += 1
            self.kills_left.popleft()

    def is_next(self, name):
        return self.kills_left and self.kills_left[0] == name and len(self.tries) >= self.next_kill

    def next_fault(self):
        return self.dice.choice(list(FAULTS)) if self.dice.random() * 100 < self.faults_percent else None

    # ---- HTTP ----

    async def serve(self, reader, writer):
        self.connections += 1
        self.step("connected")
        try:
            while await self.one_request(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def one_request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.step("begun")
        lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        target = urllib.parse.urlsplit(lines[0].split(" ")[1])
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if target.path == "/twilio/Messages.json" and not body:
            return await self.answer(writer, 200, self.listed(dict(urllib.parse.parse_qsl(target.query))["To"]))
        return await self.message(writer, target, headers, body)

    def read(self, target, headers, body):
        """The message's mark, the id of the request, and where it goes."""
        if target.path == "/hook":
            request = headers["webhook-id"]
            content = b".".join((request.encode(), headers["webhook-timestamp"].encode(), body))
            made = base64.b64encode(hmac.new(self.secret, content, hashlib.sha256).digest()).decode()
            self.forged += headers["webhook-signature"] != f"v1,{made}"
            data = json.loads(body)["data"]
            return data["text"], request, data["to"]
        form = dict(urllib.parse.parse_qsl(body.decode() if body else target.query))
        return form.get("Body") or form["text"], f"{target.path} {new_id()}", form.get("To") or form["to"]

    async def message(self, writer, target, headers, body):
        text, request, to = self.read(target, headers, body)
        mark = str(uuid.UUID(MARK.search(text)[1]))
        self.step("complete")
        self.tries[mark].add(request)
        fault = self.next_fault()
        is_taken, status = FAULTS[fault] if fault else (True, 202)
        self.faults[fault] += fault is not None
        if is_taken:
            self.taken[mark].add(request)
            if target.path.startswith("/twilio"):
                self.sms[to].append({"sid": "SM" + uuid.UUID(new_id()).hex, "body": text, "date_created": email.utils.formatdate()})
        if status is None:
            return await self.misbehave(writer, fault)
        self.step("answering")
        result = await self.answer(writer, status, b"{}" if fault else self.accepted(target, to), fault)
        self.step("answered")
        return result

    async def misbehave(self, writer, fault):
        if fault.startswith("reset"):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        if fault.startswith("silent"):
            await asyncio.sleep(3600)
        while True:  # a byte a second
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(1)

    def accepted(self, target, to):
        if target.path.startswith("/twilio"):
            return json.dumps({"sid": self.sms[to][-1]["sid"], "status": "queued"}).encode()
        return b"0: Accepted for delivery"

    def listed(self, number):
        return json.dumps({"messages": self.sms[number]}).encode()

    async def answer(self, writer, status, body, fault=None):
        more = {429: "Retry-After: 1\r\n", 302: f"Location: http://127.0.0.1:{self.ports['trap']}/inside\r\n"}.get(status, "")
        if fault == "endless, taken":
            writer.write(b"HTTP/1.1 200 X\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        is_last = self.is_next("connected")  # connections are kept: without this one there may be no next
        more += "Connection: close\r\n" if is_last else ""
        writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return not is_last

    # ---- servers ----

    async def trap(self, _reader, writer):
        self.trapped += 1
        writer.close()

    async def impostor_serve(self, reader, writer):
        self.impostor += bool(await reader.read(1))
        writer.close()

    def wrong_certificate(self):
        key, certificate = self.folder / "impostor.key", self.folder / "impostor.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=other.example"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    async def main(self):
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(lambda *_: None)  # of handshakes that the notifier refuses, as it should
        tls = self.wrong_certificate()
        for name, handler, context in (("main", self.serve, None), ("trap", self.trap, None), ("impostor", self.impostor_serve, tls)):
            server = await asyncio.start_server(handler, "127.0.0.1", 0, limit=1 << 20, ssl=context)
            self.ports[name] = server.sockets[0].getsockname()[1]
        self.ready.set()
        await asyncio.Event().wait()

    def run(self):
        asyncio.run(self.main())

    def rows(self):
        """The notifier's file of gateways."""
        secret = self.folder / "hook.secret"
        secret.write_text("whsec_" + base64.b64encode(self.secret).decode())
        (self.folder / "password").write_text("a password")
        common = (
            "channel = sms\nrate = 2000\nburst = 100\nconcurrency = 16\ntimeout.ms = 700\nconnect.timeout.ms = 700\n"
            "breaker.failures = 8\nbreaker.pause.ms = 50\nbreaker.pause.max.ms = 400\nfrom = DCS\n"
        )
        url, login = f"http://127.0.0.1:{self.ports['main']}", f"user = dcs\npassword.file = {self.folder}/password\n"
        rows = {
            "impostor": f"kind = twilio\nurl = https://127.0.0.1:{self.ports['impostor']}/Messages.json\n{login}",
            "partner": f"kind = webhook\nurl = {url}/hook\norder = 2\npassword.file = {secret}\n",
            "rest": f"kind = twilio\nurl = {url}/twilio/Messages.json\norder = 2\n{login}",
            "kannel": f"kind = kannel\nurl = {url}/kannel/sendsms\norder = 2\n{login}",
        }
        path = self.folder / "gateways.ini"
        path.write_text("".join(f"[{name}]\n{common}{row}\n" for name, row in rows.items()))
        return path


class Run:
    numbers = 0  # telephone numbers that were given away

    def __init__(self, world, folder, client, events, sends, kills, seed, faults_percent, withdraw_percent=5):
        self.world, self.client, self.events, self.sends = world, client, events, sends
        self.withdraw_percent = withdraw_percent
        self.deadline_s = max(DEADLINE_S, sends / SLOWEST)
        self.dice = random.Random(seed)
        self.people = People(client, events)
        self.gateway = Gateway(pathlib.Path(folder), random.Random(seed + 1), faults_percent, self.kill, sends * 4 // 5 // (kills + 1))  # some never leave
        self.gateway.kills_left.extend(STEPS[number % len(STEPS)] for number in range(kills))
        self.killed = None
        self.seconds = (0, 0)
        self.messages = []
        self.resolved = 0
        self.withdrawals = []

    def kill(self):
        """One process is killed once; the supervisor starts another."""
        pid = self.world.pid("notifier.1")
        if pid is None or pid == self.killed:
            return False
        self.killed = pid
        try:
            # The signal reaches it in its sleep or at its next system call: what it has written to a socket is on its way.
            subprocess.run(["kill", "-KILL", str(pid)], check=True)
        except subprocess.CalledProcessError:
            return False
        return True

    # ---- the notifier of this run ----

    def take_over(self):
        self.gateway.start()
        assert self.gateway.ready.wait(30)
        self.world.programs("start", "notifier=0")
        self.world.give_variables("notifier.1", {**SETTINGS, "DCS_GATEWAYS_FILE": self.gateway.rows()})
        self.world.programs("start", "notifier=1")

    def give_back(self):
        self.world.programs("start", "notifier=0")
        (self.world.folder / "variables" / "notifier.1").unlink()
        self.world.programs("start", "notifier=1")

    # ---- load ----

    def template(self):
        return self.client.command(
            "PublishTemplate", "supervisor", template_id=new_id(), name="faulty", version=1, channel="sms", language="de",
            message_class="account_service", subject="", body="faulty {{mark}} {{opt_out}}",
        )  # fmt: skip

    def person(self):
        Run.numbers += 1
        customer = self.people.create_customer()
        customer_id = customer.key.decode()
        contact = self.client.command(
            "AddContactPoint", "agent", contact_point_id=new_id(), customer_id=customer_id, channel="sms", address=f"+4915112{Run.numbers:06}",
            place="mobile", source="consumer",
        )  # fmt: skip
        consent = self.client.command(
            "GrantConsent", "agent", consent_id=new_id(), customer_id=customer_id, channel="sms", purpose="collect", basis="express",
            evidence_ref="form", obtained_at=now(),
        )  # fmt: skip
        return customer_id, [customer, contact, consent]

    def message(self, customer_id):
        communication_id = new_id()
        self.messages.append(communication_id)
        return self.client.command(
            "SendCommunication", "agent", communication_id=communication_id, customer_id=customer_id, debt_ids=[], channel="sms",
            template_name="faulty", language="de", message_class="account_service",
            parameters=[{"name": "mark", "value": uuid.UUID(communication_id).hex}], send_by=now() + datetime.timedelta(hours=1),
        )  # fmt: skip

    def withdrawal(self, customer_id):
        record = self.client.command(
            "WithdrawConsent", "agent", customer_id=customer_id, channel="sms", via="keyword", keyword="STOP", withdrawn_at=now()
        )
        self.withdrawals.append(record)
        return record

    def send_all(self):
        self.client.send(self.template())
        people = [self.person() for _ in range(self.sends // PER_CUSTOMER)]
        self.client.send(*(record for _, records in people for record in records))
        wanted = []
        for customer_id, _ in people:
            wanted += [self.message(customer_id) for _ in range(PER_CUSTOMER)]
            if self.dice.random() * 100 < self.withdraw_percent:
                wanted.append(self.withdrawal(customer_id))
            if len(wanted) >= SENT_AT_ONCE:
                self.client.send(*wanted)
                wanted = []
        self.client.send(*wanted)

    def under_way(self):
        done = self.world.value(
            "SELECT count(*) FROM communications.communication WHERE communication_id = ANY (%s::uuid[])"
            " AND state NOT IN ('released', 'retry_wait')", self.messages,
        )  # fmt: skip
        return len(self.messages) - done

    def unknown(self):
        rows = self.world.sql(
            "SELECT communication_id::text, customer_id::text, version FROM communications.communication"
            " WHERE state = 'unknown' AND communication_id = ANY (%s::uuid[])", self.messages,
        )  # fmt: skip
        return rows

    def resolve_unknown(self):
        """Looks into the gateway's log, as a person would: what it has not taken is sent once more, until nothing is unknown."""
        for _ in range(RESOLVED_MAX):
            unknown = self.unknown()
            if not unknown:
                return
            records = [
                self.client.command(
                    "ResolveUnknown", "supervisor", communication_id=mark, customer_id=customer_id, reason="the gateway's log",
                    resolution="sent" if mark in self.gateway.taken else "not_sent", expected_version=version,
                )
                for mark, customer_id, version in unknown
            ]  # fmt: skip
            self.resolved += len(records)
            self.client.send(*records)
            wait_for(lambda: (self.events.poll(0.2), all(self.events.of(record) for record in records))[1], "resolutions answered")
            wait_for(lambda: self.under_way() == 0, lambda: f"{self.under_way()} messages under way", self.deadline_s)

    def run(self):
        begun = time.monotonic()
        self.take_over()
        try:
            self.send_all()
            sent = time.monotonic()
            wait_for(lambda: self.under_way() == 0, lambda: f"{self.under_way()} messages under way", self.deadline_s)
            self.seconds = sent - begun, time.monotonic() - sent
            self.resolve_unknown()
        finally:
            self.give_back()
        self.events.poll(1)
        wait_for(lambda: (self.events.poll(0.2), all(self.events.of(record) for record in self.withdrawals))[1], "withdrawals answered")

    # ---- judgement ----

    def wrong(self):
        gateway = self.gateway
        states = dict(
            self.world.sql("SELECT communication_id::text, state FROM communications.communication WHERE communication_id = ANY (%s::uuid[])", self.messages)
        )
        claims = dict(self.world.sql("SELECT communication_id::text, claims FROM communications.outbox WHERE communication_id = ANY (%s::uuid[])", self.messages))
        yield from (f"{mark} was handed over as {len(ids)} requests" for mark, ids in gateway.taken.items() if len(ids) > 1)
        for mark, requests in gateway.tries.items():
            if len(requests) > claims.get(mark, 0):
                yield f"{mark} left {len(requests)} times with {claims.get(mark, 0)} claims"
        cancelled = {one["communication_id"] for record in self.withdrawals for event in self.events.of(record) for one in event.body["cancelled"]}
        yield from (f"{mark} left although it was cancelled" for mark in gateway.tries if mark in cancelled)
        for mark, state in states.items():
            if state in ("submitted", "delivered") and mark not in gateway.taken:
                yield f"{mark} is {state} and nobody has it"
            if state not in ("submitted", "delivered", "unknown") and mark in gateway.taken:
                yield f"{mark} is {state} and was handed over"
        yield from (f"{mark} is unknown, although its gateway's log was read" for mark in self.unknown())
        if gateway.trapped or gateway.impostor or gateway.forged:
            yield f"{gateway.trapped} redirects followed, {gateway.impostor} requests at the impostor, {gateway.forged} wrong signatures"
        if gateway.kills_left:
            yield f"the notifier was not killed at: {', '.join(gateway.kills_left)}"

    def told(self):
        states = collections.Counter(
            state for (state,) in self.world.sql("SELECT state FROM communications.communication WHERE communication_id = ANY (%s::uuid[])", self.messages)
        )
        asked = self.world.value("SELECT coalesce(sum(asks), 0) FROM notifier.dispatch WHERE communication_id = ANY (%s::uuid[])", self.messages)
        yield f"messages: {len(self.messages)}: {', '.join(f'{count} {state}' for state, count in states.most_common())}; withdrawals: {len(self.withdrawals)}"
        yield f"faults: {', '.join(f'{count} x {fault}' for fault, count in self.gateway.faults.most_common() if fault)}"
        yield f"kills of the notifier: {', '.join(f'{count} x {step}' for step, count in self.gateway.kills.items())}; questions about doubtful messages: {asked}; told by a person: {self.resolved}"
        yield f"connections: {self.gateway.connections}; until sent {self.seconds[0]:.0f} s, until all had ended {self.seconds[1]:.0f} s"


def main():
    given = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    numbers = {name.lower(): int(given.get(name) or default) for name, default in DEFAULTS.items()}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dcs-faulty-") as folder:
        world = World(pathlib.Path(folder) / "run")
        try:
            world.start()
            events = Events(world, MODULES)
            run = Run(world, folder, Client(world), events, **numbers)
            run.run()
            wrong, lines = [*run.wrong(), *world.verify()], list(run.told())
            events.close()
        finally:
            world.destroy()
    print("\n".join(lines))
    print("\n".join(wrong) if wrong else f"nothing was handed over twice, nothing without leave ({time.monotonic() - began:.0f} s)")
    return 1 if wrong else 0


DEFAULTS = {"SENDS": 20000, "KILLS": 60, "SEED": 1, "FAULTS_PERCENT": 5}

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
