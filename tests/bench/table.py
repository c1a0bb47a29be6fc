"""What was measured, as text: the medians of the runs of each number of debts beside each other."""

import statistics

from machine import say


def median(values):
    """Of each figure: values are alike, nested as they may be. What is no figure is the first's."""
    if isinstance(values[0], dict):
        return {name: median([value[name] for value in values]) for name in values[0]}
    if isinstance(values[0], list):
        return [median(list(items)) for items in zip(*values)]
    return values[0] if isinstance(values[0], str) else statistics.median(values)


def split(cpu_us):
    """worker 10.1 + postgres 20.2 + broker 2.0 = 32.3 us"""
    return " + ".join(f"{name} {part:.1f}" for name, part in cpu_us.items()) + f" = {sum(cpu_us.values()):.1f} us"


FIGURES = [
    ("    commands of a batch", "batch", "{:,.0f}"),
    ("    CPU of a command, us: {name}", "side_us", "{:.1f}"),
    ("                          PostgreSQL", "postgres_us", "{:.1f}"),
    ("                          broker", "broker_us", "{:.1f}"),
    ("                          all", "all_us", "{:.1f}"),
    ("    WAL of a command, bytes", "wal", "{:,.0f}"),
]


def row(name, texts):
    say(f"{name:<42}" + "".join(f"{text:>16}" for text in texts))


def figures(run):
    """Of a run (runs.py, or the floor, which has its client's CPU only)."""
    cpu_us = run.get("cpu_us", {})
    parts = {f"{name}_us" if name in ("postgres", "broker") else "side_us": part for name, part in cpu_us.items()}
    return run | parts | ({"all_us": sum(cpu_us.values())} if len(cpu_us) > 1 else {})


def block(title, name, runs):
    runs = [figures(run) for run in runs]
    row(f"{title}, commands/s", [f"{run['rate']:,.0f}" for run in runs])
    for text, key, form in FIGURES:
        if key in runs[0]:
            row(text.format(name=name), [form.format(run[key]) for run in runs])


def table(results):
    """One column a number of debts."""
    say()
    row("debts there before", [f"{result['debts']:,.0f}" for result in results])
    for title, name, key in (
        ("worker", "worker", "worker"),
        ("floor", "its client", "floor"),
        ("peer", "peer", "peer"),
        ("worker, over a checkpoint", "worker", "over_checkpoint"),
        ("peer, over a checkpoint", "peer", "peer_over_checkpoint"),
    ):
        if key in results[0]:
            block(title, name, [result[key] for result in results])
    row("resident memory of a worker: idle, MB", [f"{result['memory_idle']:.0f}" for result in results])
    row("                             peak, MB", [f"{result['memory']:.0f}" for result in results])
    for name in results[0]["ratios"]:
        row(name, [f"{result['ratios'][name]:.2f}" for result in results])
    if len(results) > 1:
        least, most = results[0], results[-1]
        say(f"{most['debts']:,.0f} debts against {least['debts']:,.0f}: {most['worker']['rate'] / least['worker']['rate']:.2f} of the rate")
    for result in results:
        if "latency" in result:
            latency(result)


def latency(result):
    say(f"peak with the publisher: {result['with_publisher']['rate']:,.0f} commands/s")
    say(f"    CPU of a command: {split(result['with_publisher']['cpu_us'])}")
    for at in result["latency"]:
        say(f"latency at {at['name']} ({at['rate']:,.0f}/s): p50 {at['p50_ms']:.0f} ms, p99 {at['p99_ms']:.0f} ms, max {at['max_ms']:.0f} ms")
        say(f"    CPU of a command: {split(at['cpu_us'])}")
