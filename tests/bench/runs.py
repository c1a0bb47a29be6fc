"""What a side does while the clock runs: a topic that was filled before, the same over a checkpoint, the same while it is filled, and a
fixed rate."""

import os
import time

from machine import Cpu
from stack import ask, wal_lsn

REPEATED = 0.01  # of the commands at most: they are not answered


class Readings:
    """Of a run that begins now."""

    def __init__(self, side):
        self.side, self.stack = side, side.stack
        self.before = side.positions()
        self.cpu = Cpu(**{side.name: side.pids}, postgres=self.stack.server_pids, broker=lambda: [self.stack.kafka])
        self.lsn = wal_lsn(side.connection)
        self.since_ms = time.time_ns() // 1000000

    def wait_for(self, commands):
        self.side.wait_for(sum(self.before[0]) + commands)

    def end(self, commands, published=None):
        """With the answer of a publisher that ran at the same time: its CPU is part of the run."""
        used = self.cpu.used() | ({"publisher": published["cpu_us"] / 1e6} if published else {})
        wal = wal_lsn(self.side.connection) - self.lsn
        result = self.side.measure(self.before, self.since_ms)
        if result["unanswered"] > commands * REPEATED:
            raise RuntimeError(f"{result['unanswered']:.0f} commands were not answered")
        return {
            "rate": result["rate"],
            "batch": commands / self.side.batches(self.before),
            "cpu_us": {name: seconds * 1e6 / commands for name, seconds in used.items()},
            "wal": float(wal) / commands,
            **{name: value for name, value in result.items() if name.endswith("_ms")},
        }


def warm_up_with(side, commands):
    side.publish(commands)
    side.wait_for(side.published)


def full_speed(side, commands, over_checkpoint=False):
    """All commands are there before the first is read. With over_checkpoint one begins when a third is applied, and the run goes on over it."""
    side.freeze()
    side.publish(commands)
    readings = Readings(side)
    side.thaw()
    if over_checkpoint:
        side.wait_for_positions(sum(readings.before[0]) + commands // 3)
        ask(side.connection, "CHECKPOINT")
    readings.wait_for(commands)
    return readings.end(commands)


def with_publisher(side, commands):
    """The same while the commands are published, as fast as that goes: the machine does both, all the time, until both are done."""
    readings = Readings(side)
    published = side.publish(commands)
    readings.wait_for(commands)
    return readings.end(commands, published)


def latency(side, rate, seconds):
    os.sync()  # what the run before has left to be written is not this one's
    count = int(rate * seconds)
    readings = Readings(side)
    published = side.publish(count, rate)
    readings.wait_for(count)
    return {**readings.end(count, published), "rate": rate}
