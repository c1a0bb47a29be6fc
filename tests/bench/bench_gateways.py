#!/usr/bin/python3
"""make bench: the notifier with all messages waiting, over a fast, a slow, a rate-limited and a dead gateway of one channel.

The whole stack, our own server of SMS gateways. The messages are released while no notifier runs; then one is started. Printed: messages
a second; what the limited gateway got of what its rate allows, and by how much it was exceeded at worst; new connections; the notifier's
memory. What the dead one costs the others is measured with further messages, in turns with it and without it: a machine is not equally fast
all the time.

environment: MESSAGES=100000; QUICK=1: 20000
"""

import asyncio
import os
import pathlib
import signal
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))

import faulty  # noqa: E402
from client import Client, Events  # noqa: E402
from world import MODULES, World, free_port, wait_for  # noqa: E402

MESSAGES = int(os.environ.get("MESSAGES") or (20000 if os.environ.get("QUICK") else 100000))
LIMIT, BURST = 200, 20  # of the limited gateway
SLOW_S = 0.3
DEADLINE_S = 900
WARM_S, TURN_S, TURNS_MAX = 2, 4, 12  # at most as many turns with the dead gateway, each with one without it behind


class Server(threading.Thread):
    """Takes every SMS: /fast at once, /slow after a while. Notes when each came."""

    def __init__(self):
        super().__init__(daemon=True)
        self.came = {"fast": [], "slow": [], "limited": []}
        self.connections = 0
        self.ready = threading.Event()
        self.port = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                name = head[5 : head.index(b"?")].decode()
                self.came[name].append(time.monotonic())
                if name == "slow":
                    await asyncio.sleep(SLOW_S)
                writer.write(b"HTTP/1.1 202 X\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await asyncio.Event().wait()

    def run(self):
        asyncio.run(self.main())

    def count(self):
        return sum(len(times) for times in self.came.values())


def rows(folder, server, with_dead):
    (folder / "password").write_text("a password")
    common = f"channel = sms\nkind = kannel\nuser = dcs\npassword.file = {folder}/password\nfrom = DCS\n"
    url = f"http://127.0.0.1:{server.port}"
    gateways = {
        "fast": f"url = {url}/fast\nrate = 100000\nburst = 1000\nconcurrency = 64\n",
        "slow": f"url = {url}/slow\nconcurrency = 32\n",
        "limited": f"url = {url}/limited\nrate = {LIMIT}\nburst = {BURST}\nconcurrency = 64\n",
    }
    if with_dead:
        gateways["dead"] = f"url = http://127.0.0.1:{free_port()}/dead\nconcurrency = 64\n"
    path = folder / "gateways.ini"
    path.write_text("".join(f"[{name}]\n{common}{row}\n" for name, row in gateways.items()))
    return path


def memory_kb(pid, what):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


def allowed_at_worst(times):
    """By how many messages rate x time + burst was exceeded in the worst stretch of time, by the gateway's own clock; 0: never."""
    worst, spare = 0.0, float("-inf")  # of i: the largest i - LIMIT * t_i before
    for index, at in enumerate(times):
        spare = max(spare, LIMIT * at - index)
        worst = max(worst, index + 1 - LIMIT * at + spare - BURST)
    return worst


def most_in_a_second(times):
    most, first = 0, 0
    for index, at in enumerate(times):
        while times[first] <= at - 1:
            first += 1
        most = max(most, index - first + 1)
    return most


class Load(faulty.Run):
    """Messages of faulty.py, without its gateway."""

    def release(self):
        first = len(self.messages)
        self.send_all()
        released = "SELECT count(*) FROM communications.outbox WHERE state = 'released'"
        wait_for(lambda: self.world.value(released) == len(self.messages) - first, lambda: f"{self.world.value(released)} are released", DEADLINE_S)


def start_server():
    server = Server()
    server.start()
    assert server.ready.wait(30)
    return server


def start_notifier(world, folder, server, with_dead):
    before = server.count()
    variables = {"DCS_GATEWAYS_FILE": rows(folder, server, with_dead), "DCS_NOTIFIER_RETRY_MS": "1000"}
    world.give_variables("notifier.1", variables)
    world.programs("start", "notifier=1")
    wait_for(lambda: server.count() > before, "the first message", DEADLINE_S)


def measure(world, load, folder):
    server = start_server()
    load.release()
    start_notifier(world, folder, server, with_dead=True)
    pid = world.pid("notifier.1")
    at_first = memory_kb(pid, "VmRSS")
    wait_for(lambda: server.count() >= load.sends, lambda: f"{server.count()} have come", DEADLINE_S)
    times = sorted(at for times in server.came.values() for at in times)
    seconds = times[-1] - times[0]
    limited = server.came["limited"]
    result = {
        "messages": len(times),
        "rate": len(times) / seconds,
        "share of the limit": len(limited) / (LIMIT * (limited[-1] - times[0]) + BURST),
        "above the limit": allowed_at_worst(limited),
        "limited, pauses > 60 ms": sum(b - a for a, b in zip(limited, limited[1:]) if b - a > 0.06) / (limited[-1] - limited[0]),
        "most in a second": most_in_a_second(limited),
        "connections/1000": server.connections / len(times) * 1000,
        "memory MB, first": at_first / 1024,
        "memory MB, peak": memory_kb(pid, "VmHWM") / 1024,
    }
    world.programs("start", "notifier=0")
    return {**result, **{name: len(came) for name, came in server.came.items()}}


def turn(world, load, folder, server, with_dead):
    """Messages a second of the others, once the dead one is known to be dead; None: too few were left."""
    start_notifier(world, folder, server, with_dead)
    time.sleep(WARM_S)
    before, began = server.count(), time.monotonic()
    while server.count() < load.sends and time.monotonic() < began + TURN_S:
        time.sleep(0.05)
    rate = (server.count() - before) / (time.monotonic() - began)
    is_over = server.count() >= load.sends
    world.programs("start", "notifier=0")
    return None if is_over else rate


def take_turns(world, load, folder):
    server = start_server()
    load.release()
    rates = []
    while len(rates) < 2 * TURNS_MAX and server.count() < load.sends:
        rate = turn(world, load, folder, server, with_dead=len(rates) % 2 == 0)
        if rate is None:
            break
        rates.append(rate)
    return list(zip(rates[::2], rates[1::2]))


def main():
    with tempfile.TemporaryDirectory(prefix="dcs-bench-gateways-") as folder:
        world = World(pathlib.Path(folder) / "run")
        try:
            world.start()
            world.programs("start", "notifier=0")
            events = Events(world, MODULES)
            loads = [
                Load(world, folder, Client(world), events, sends=sends, kills=0, seed=1, faults_percent=0, withdraw_percent=0)
                for sends in (MESSAGES, min(MESSAGES, 60000))
            ]
            result = measure(world, loads[0], pathlib.Path(folder))
            print(f"the notifier, {MESSAGES} messages waiting; limit {LIMIT}/s, burst {BURST}; slow {SLOW_S} s")
            print("\n".join(f"  {figure:22}{value:>14.3f}" for figure, value in result.items()), flush=True)
            turns = take_turns(world, loads[1], pathlib.Path(folder))
            events.close()
        finally:
            world.destroy()
    print("  messages a second of the others, with the dead gateway / without it:")
    print("  " + ", ".join(f"{there:.0f}/{away:.0f}" for there, away in turns))
    if turns:
        print(f"  together {sum(there for there, _ in turns) / sum(away for _, away in turns):.3f}, median {statistics.median(there / away for there, away in turns):.3f}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
