#!/usr/bin/python3
"""The gateway's part of make bench: how many requests it answers, and how fast, beside a libmicrohttpd server that does nothing.

A private stack with DEBTS debts, one debts worker, one gateway, and the load generators, all on this machine. Each figure is taken
twice where that says more: as fast as 32 connections ask (closed loop, by wrk, which others use too), and at a fixed rate whatever
becomes of the answers (open loop, http_load.c), which is what latency means. Prints a table; removes its folder, also after Ctrl-C.

environment: DEBTS=1000000 SECONDS=8 PARTS=2
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid

from machine import BIN, Cpu, end, key_values, run, say, until
from stack import Stack, ask, recycle_wal, warm_up

CONNECTIONS = 32
SECONDS = int(os.environ.get("SECONDS") or 8)
WARM_S = 60  # for the broker's compiler: a command costs a broker that was just started five times what it costs one that has run for a while
SAMPLE = 20000
PARTS = int(os.environ.get("PARTS") or 2)  # of every topic: as many as there are cores
MARKS = {"GET /debts/:id": 26400, "POST /debts, 202": 30000}  # ten and fifteen times what a NestJS gateway answers

# wrk asks for the lines of a requests file in turn. They are taken apart before it starts: what it does for each is time that the others
# on these cores have not.
WRK = """
local lines, at = {}, 0
for line in io.lines(os.getenv("REQUESTS")) do
	local method, path, body = line:match("^(%S+) ([^\\t]+)\\t?(.*)$")
	lines[#lines + 1] = { method, path, body ~= "" and body or nil }
end
local headers = { ["Content-Type"] = "application/json" }
for line in io.lines(os.getenv("HEADERS")) do
	local name, value = line:match("^([^:]+): (.*)$")
	headers[name] = value
end
request = function()
	at = at % #lines + 1
	local line = lines[at]
	return wrk.format(line[1], line[2], headers, line[3])
end
done = function(summary, latency, requests)
	io.write(string.format("rate=%.1f\\nanswered=%d\\nerrors=%d\\np50_us=%d\\np99_us=%d\\n", summary.requests / summary.duration * 1e6,
		summary.requests, summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout,
		latency:percentile(50), latency:percentile(99)))
end
"""


class Gateway:
    """A debts worker and a gateway over the stack's database, with a token for both sides."""

    def __init__(self, stack):
        self.stack, self.processes = stack, {}

    def __enter__(self):
        # The worker is frozen for a while, and must not be thrown out of its group for it.
        env = dict(self.stack.env, DCS_KAFKA_SESSION_MS="120000")
        for name in ("users", "debts", "api"):
            log = open(self.stack.folder / f"{name}.log", "wb")
            self.processes[name] = subprocess.Popen([BIN / f"dcs-{name}"], env=env, stdout=log, stderr=log)
        until("the gateway is ready", self.is_ready, 60)
        token = subprocess.run(
            [BIN / "dcs", "token", "--subject", "bench", "--role", "supervisor,creditor,agent"],
            env=self.stack.env, stdout=subprocess.PIPE, text=True, check=True,
        ).stdout.strip()
        self.token = token
        return self

    def __exit__(self, *failure):
        end(list(self.processes.values()))
        for name in self.processes:
            if failure and failure[0]:
                say((self.stack.folder / f"{name}.log").read_text()[-1500:])

    @property
    def address(self):
        return self.stack.env["DCS_API_LISTEN"]

    def is_ready(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"dcs-{name} ended with status {process.returncode}")
        answer = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{self.address}/readyz"], stdout=subprocess.PIPE, text=True)
        return answer.stdout == "200"

    def headers(self, name, *more):
        file = self.stack.folder / f"{name}.headers"
        file.write_text("".join(f"{line}\n" for line in (f"Authorization: Bearer {self.token}", *more)))
        return file


def requests_file(stack, name, lines):
    file = stack.folder / f"{name}.requests"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def with_wrk(stack, address, requests, headers, seconds=SECONDS):
    script = stack.folder / "lines.lua"
    script.write_text(WRK)
    env = dict(os.environ, REQUESTS=str(requests), HEADERS=str(headers))
    result = run("wrk", "-t", 1, "-c", CONNECTIONS, "-d", seconds, "-s", script, f"http://{address}", env=env)
    if result["errors"]:
        raise RuntimeError(f"{requests.name}: {result['errors']:.0f} of {result['answered']:.0f} answers are none")
    return result


def with_load(address, requests, headers, rate, seconds=SECONDS):
    result = run(
        BIN / "bench/http_load", "--address", address, "--requests", requests, "--headers", headers,
        "--connections", CONNECTIONS * 4 if rate else CONNECTIONS, "--rate", int(rate), "--seconds", seconds,
    )
    if result["status_2xx"] < result["answered"] or result["lost"] or result["unanswered"]:
        raise RuntimeError(f"{requests.name}: not all were answered well: {result}")
    return result


def bare_server(stack, size, requests, headers):
    """What 32 connections get from a server that answers the same bytes without looking."""
    process = subprocess.Popen([BIN / "bench/http_bare", "--size", str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        return with_wrk(stack, f"127.0.0.1:{process.stdout.readline().strip()}", requests, headers)
    finally:
        process.communicate()


def new_debts(customers, creditor, count, name):
    for number in range(count):
        body = {
            "customerId": customers[number % len(customers)],
            "creditorId": creditor,
            "externalRef": f"{name}-{number:08d}",
            "openedOn": "2026-01-10",
            "dueOn": "2026-02-10",
            "principal": {"amountMinor": 12345 + number % 1000, "currency": "EUR"},
        }
        yield "POST /debts\t" + json.dumps(body, separators=(",", ":"))


def new_customers(count, name):
    """Nobody here decides about them."""
    for number in range(count):
        body = {"externalRef": f"{name}-{number:08d}", "kind": "natural", "fullName": "Jane Doe", "locale": "en-GB", "country": "GB"}
        yield "POST /customers\t" + json.dumps(body, separators=(",", ":"))


def answer_size(gateway, path):
    answer = subprocess.run(
        ["curl", "-s", "-H", f"@{gateway.headers('size')}", f"http://{gateway.address}{path}"], stdout=subprocess.PIPE, check=True
    )
    return len(answer.stdout)


def measure(stack, gateway):
    with contextlib.closing(stack.connect("dcs")) as connection:
        rows = ask(connection, f"SELECT debt_id, customer_id, creditor_id FROM debts.debt TABLESAMPLE system(10) LIMIT {SAMPLE}")
    customers = [str(row[1]) for row in rows]
    creditor = str(rows[0][2])
    plain = gateway.headers("plain")
    soon = gateway.headers("soon", "Prefer: respond-async")
    outcome = gateway.headers("outcome", "Prefer: wait=10")
    one = requests_file(stack, "one", (f"GET /debts/{row[0]}" for row in rows))
    some = requests_file(stack, "some", (f"GET /debts?customer={customer}" for customer in customers))

    def posts(name, count):
        return requests_file(stack, name, new_debts(customers, creditor, count, f"{name}-{uuid.uuid4().hex[:8]}"))

    size = answer_size(gateway, f"/debts/{rows[0][0]}")
    results = {}

    cpu = Cpu(
        gateway=lambda: [gateway.processes["api"].pid],
        worker=lambda: [gateway.processes["debts"].pid],
        postgres=stack.server_pids,
        broker=lambda: [stack.kafka],
    )

    def take(name, load):
        os.sync()  # what the phase before has left to be written is not this one's
        cpu.reset()
        result = load()
        result["cpu_us"] = {who: seconds * 1e6 / result["answered"] for who, seconds in cpu.used().items()}
        results[name] = result
        say(f"  {name}: {result['rate']:,.0f}/s, p99 {result['p99_us'] / 1000:.1f} ms")
        return result

    with_wrk(stack, gateway.address, one, plain, 3)  # caches are filled
    take("bare server", lambda: bare_server(stack, size, one, plain))
    take("GET /debts/:id", lambda: with_wrk(stack, gateway.address, one, plain))
    take("GET /debts?customer=", lambda: with_wrk(stack, gateway.address, some, plain))
    # Taken and kept by Kafka, not yet decided: the worker's share of the machine is make bench's other part.
    gateway.processes["debts"].send_signal(signal.SIGSTOP)
    try:
        with_wrk(stack, gateway.address, requests_file(stack, "customers", new_customers(100000, "warm")), soon, max(WARM_S, 2 * SECONDS))
        file = posts("soon", 600000)
        take("POST /debts, 202", lambda: with_wrk(stack, gateway.address, file, soon))
    finally:
        gateway.processes["debts"].send_signal(signal.SIGCONT)
    until("the commands are decided", lambda: idle(stack), 120)
    with_load(gateway.address, posts("warm-outcome", 400000), outcome, 0, WARM_S)
    file = posts("peak", 200000)
    peak = take("POST /debts, outcome", lambda: with_load(gateway.address, file, outcome, 0))
    until("the commands are decided", lambda: idle(stack), 120)
    half = results["GET /debts/:id"]["rate"] / 2
    take("GET /debts/:id at half the peak", lambda: with_load(gateway.address, one, plain, half))
    file = posts("half", 200000)
    take("POST /debts, outcome, at half the peak", lambda: with_load(gateway.address, file, outcome, peak["rate"] / 2))
    return results, size


def idle(stack):
    with contextlib.closing(stack.connect("dcs")) as connection:
        done = ask(connection, "SELECT coalesce(sum(next_offset), 0) FROM debts.partition_head")[0][0]
    topics = [word for part in range(PARTS) for word in ("-t", f"dcs.debts.commands.v1:{part}:-1")]
    answer = subprocess.run(["kcat", "-Q", "-b", stack.env["DCS_KAFKA_BOOTSTRAP"], *topics], stdout=subprocess.PIPE, text=True, check=True)
    return done >= sum(int(line.rpartition(" ")[2]) for line in answer.stdout.splitlines() if line)


def table(results, size):
    bare = results["bare server"]["rate"]
    parts = ("gateway", "postgres", "broker", "worker")
    say(f"\nthe gateway, {CONNECTIONS} connections, answers of {size} bytes; `at half the peak` is open loop; CPU in us a request")
    say(f"{'':<40}{'requests/s':>12}{'of bare':>9}{'mark':>9}{'p50, ms':>10}{'p99, ms':>10}" + "".join(f"{part:>10}" for part in parts))
    for name, result in results.items():
        mark = f"{MARKS[name]:,}" if name in MARKS else ""
        say(
            f"{name:<40}{result['rate']:>12,.0f}{result['rate'] / bare:>9.2f}{mark:>9}{result['p50_us'] / 1000:>10.1f}{result['p99_us'] / 1000:>10.1f}"
            + "".join(f"{result['cpu_us'][part]:>10.1f}" for part in parts)
        )


def main():
    debts = int(os.environ.get("DEBTS") or 1000000)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-bench."))
    folder.chmod(0o711)
    os.environ["KAFKA_COMPILER"] = "full"  # and a warm-up: what is measured is a broker that has run for a while
    try:
        with Stack(folder / "api") as stack:
            say(f"\nthe gateway over {debts:,} debts")
            stack.touch_buffers()
            recycle_wal(stack)
            run(BIN / "dcs", "migrate", env=stack.env)
            run(BIN / "dcs", "topics", "--parts", PARTS, env=stack.env)
            stack.sql("dcs", "CREATE EXTENSION pg_prewarm")
            run(BIN / "bench/load", "--debts", debts, env=stack.env)
            for name in ("customers.customer", "debts.debt", "debts.posting"):
                stack.sql("dcs", f"VACUUM (ANALYZE) {name}")
            warm_up(stack, "dcs")
            with Gateway(stack) as gateway:
                results, size = measure(stack, gateway)
        table(results, size)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
