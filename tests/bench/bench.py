#!/usr/bin/python3
"""make bench: how fast the debts worker is on this machine, and how far from what PostgreSQL alone would do.

For each number of debts: a private stack (compose/stack.sh), a database with that many debts, the commands published before the
clock starts, two worker processes with the partitions split between them, and then, on a copy of the same database, the floor
(floor.c), and the peer (peer.c), a plain set-based program over tables of its own. For the first number also the latency at 10 % and at 80 % of the peak with the publisher. Prints a table; changes nothing
outside its own folder, which it removes, also after a failure or Ctrl-C.

environment: DEBTS=1000000 (and a tenth, and twice as many), COMMANDS=300000, WORKERS=2; QUICK=1: only DEBTS, and short latency runs;
PEER=1: the peer too; RUNS=1: all of it so often, and medians
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from machine import BIN, DEADLINE_S, key_values, memory_mb, say
from runs import full_speed, latency, warm_up_with, with_publisher
from sides import Peer, Workers
from stack import SHOWN, Stack, prepare, prepare_peer, wal_lsn, warm_up
from table import median, table

WARM_PART = 1 / 3  # of the commands, before the clock starts: statements are prepared, caches filled, the broker's JVM has compiled itself
LOW_RATE = 500  # commands a second


# ---- the floor ----


def floor(stack, debts, commands, batch, sessions):
    warm = int(commands * WARM_PART)
    command = [BIN / "bench/floor", "--debts", debts, "--count", commands, "--warm", warm, "--batch", batch, "--sessions", sessions]
    process = subprocess.Popen(
        [str(word) for word in command], env=stack.env_of("floor"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the floor does not begin")
        with contextlib.closing(stack.connect("floor")) as connection:
            lsn = wal_lsn(connection)
            output, _ = process.communicate("go\n", timeout=DEADLINE_S)
            if process.returncode != 0:
                raise RuntimeError("the floor failed")
            wal = wal_lsn(connection) - lsn
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    result = key_values(output)
    return {
        "rate": result["rate"],
        "cpu_us": {"client": result["cpu_us"] / result["commands"]},
        "wal": float(wal) / result["commands"],
    }


# ---- all of it ----


def describe(stack, touched):
    shown = ", ".join(f"{name} {stack.sql('postgres', f'SHOW {name}')[0][0]}" for name in SHOWN)
    huge = "on" if stack.has_huge_pages() else "off"
    say(f"  PostgreSQL: {shown}, huge pages {huge}, buffers {'' if touched else 'not '}touched")


def one_size(folder, debts, options, with_latency):
    with Stack(folder) as stack:
        say(f"\n{debts:,} debts, {options.commands:,} commands, {options.workers} workers")
        started = time.monotonic()
        touched = stack.touch_buffers()
        prepare(stack, debts)
        if options.peer:
            prepare_peer(stack, debts)
        say(f"  loaded in {time.monotonic() - started:.0f} s")
        describe(stack, touched)
        warm_up(stack, "dcs")
        result = {"debts": debts}
        with contextlib.ExitStack() as also, Workers(stack, debts, options.workers) as workers:
            result["memory_idle"] = workers.memory_now_mb()
            warm_up_with(workers, int(options.commands * WARM_PART))
            result["worker"] = full_speed(workers, options.commands)
            result["memory"] = workers.memory_mb()
            say("  worker: {rate:,.0f} commands/s, {batch:,.0f} to a batch".format(**result["worker"]))
            warm_up(stack, "floor")
            result["floor"] = floor(stack, debts, options.commands, round(result["worker"]["batch"]), options.workers)
            say("  floor: {rate:,.0f} commands/s".format(**result["floor"]))
            peer = also.enter_context(Peer(stack, debts, options.workers)) if options.peer else None
            if peer:
                warm_up(stack, "peer")
                warm_up_with(peer, int(options.commands * WARM_PART))
                result["peer"] = full_speed(peer, options.commands)
                say("  peer: {rate:,.0f} commands/s, {batch:,.0f} to a batch".format(**result["peer"]))
            if with_latency:
                add_latency(result, workers, options)
            # Last, because it is every database's checkpoint: what runs after it writes whole pages too.
            result["over_checkpoint"] = full_speed(workers, options.commands, over_checkpoint=True)
            say("  worker, over a checkpoint: {rate:,.0f} commands/s".format(**result["over_checkpoint"]))
            result["ratios"] = {"worker / floor": result["worker"]["rate"] / result["floor"]["rate"]}
            if peer:
                result["peer_over_checkpoint"] = full_speed(peer, options.commands, over_checkpoint=True)
                say("  peer, over a checkpoint: {rate:,.0f} commands/s".format(**result["peer_over_checkpoint"]))
                add_peer_ratios(result)
        return result


def add_peer_ratios(result):
    """Of runs of the same minutes: a machine is not equally fast all the time."""
    result["ratios"]["worker / peer"] = result["worker"]["rate"] / result["peer"]["rate"]
    result["ratios"]["worker / peer, over a checkpoint"] = result["over_checkpoint"]["rate"] / result["peer_over_checkpoint"]["rate"]


def add_latency(result, workers, options):
    """The publisher runs then too, so the peak is the one with it."""
    result["with_publisher"] = with_publisher(workers, options.commands)
    peak = result["with_publisher"]["rate"]
    say(f"  worker, with the publisher: {peak:,.0f} commands/s")
    result["latency"] = []
    for name, rate in (("low load", LOW_RATE), ("10 % of the peak", peak / 10), ("80 % of the peak", peak * 0.8)):
        result["latency"].append(latency(workers, rate, options.latency_s) | {"name": name})
        say("  at {rate:,.0f} commands/s: p50 {p50_ms:.0f} ms, p99 {p99_ms:.0f} ms, at most {max_ms:.0f} ms".format(**result["latency"][-1]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debts", type=int, default=int(os.environ.get("DEBTS") or 1000000))
    parser.add_argument("--commands", type=int, default=int(os.environ.get("COMMANDS") or 300000))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WORKERS") or 2))
    parser.add_argument("--runs", type=int, default=int(os.environ.get("RUNS") or 1))
    parser.add_argument("--peer", action="store_true", default=os.environ.get("PEER", "") not in ("", "0"))
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK", "") not in ("", "0"))
    options = parser.parse_args()
    options.latency_s = 5 if options.quick else 20
    sizes = [options.debts] if options.quick else [options.debts, options.debts // 10, options.debts * 2]

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-bench."))
    folder.chmod(0o711)
    try:
        results = {debts: [] for debts in sorted(sizes)}
        for number in range(options.runs):
            for debts in sizes:
                results[debts].append(one_size(folder / f"{debts}-{number}", debts, options, with_latency=debts == options.debts))
        say(f"\nmemory {memory_mb()} MB, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} now")
        if options.runs > 1:
            say(f"medians of {options.runs} runs")
        table([median(runs) for runs in results.values()])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
