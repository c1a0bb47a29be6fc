#!/usr/bin/python3
"""Runs the fuzzers, each over its kept corpus first and then for some seconds with inputs of its own.

usage: run.py FOLDER SECONDS [DOOR...]       FOLDER: where the fuzzers are (build/fuzz/doors); two at a time; last line: N passed, N failed
       run.py FOLDER SECONDS --keep DOOR...  the same, and what reached something new is kept in corpus/DOOR.hex, as few inputs as will do
       run.py FOLDER SECONDS --tally         what became of the record door's commands, by command and code: applied, refused, dead
       run.py FOLDER --cover FILE...         which lines of these files the corpora reach; fails below 90 % of all of them together

The record door fails also when a command was never applied, or when more than one in five of the codes with which commands may be refused,
or a code of dead letters, never came: then its inputs do not reach the rules.

An input that ends a fuzzer is written to FOLDER/DOOR.found/; `FOLDER/DOOR FILE` repeats it. corpus/DOOR.hex: an input a line, in hexadecimal.
"""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import seeds

HERE = pathlib.Path(__file__).resolve().parent
LINES_MIN, CODES_MIN = 90, 80  # per cent
ELSEWHERE = {("ReinstatePlan", "applied")}  # weeks without a payment break a plan: tests/unit/test_debts_plans.c
SEEDED = {"record"}  # begin with the seeds too; of the others' the kept inputs hold what they reach
INPUT_SIZE_MAX = {"record": 2500}
INPUT_SIZE_KEPT = {"record": 600}
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1"}


def unpack(folder, door):
    """The kept inputs as files, for libFuzzer."""
    inputs = folder / f"{door}.corpus"
    inputs.mkdir(parents=True, exist_ok=True)
    if door in SEEDED:
        seeds.write(inputs, door)
    kept = HERE / "corpus" / f"{door}.hex"
    for number, line in enumerate(kept.read_text().splitlines() if kept.exists() else []):
        (inputs / f"kept-{number:05}").write_bytes(bytes.fromhex(line))
    return inputs


def fuzz(folder, door, seconds):
    """The fuzzer's words if it found something, or did not reach what it is for; else None."""
    inputs, found, tally = unpack(folder, door), folder / f"{door}.found", folder / f"{door}.tally"
    found.mkdir(exist_ok=True)
    tally.unlink(missing_ok=True)
    command = [folder / door, f"-max_total_time={seconds}", f"-max_len={INPUT_SIZE_MAX.get(door, 4096)}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={found}/"]  # fmt: skip
    done = subprocess.run([*command, inputs], capture_output=True, text=True, errors="replace", env={**ENVIRONMENT, "FUZZ_TALLY": str(tally)})
    runs = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "?")
    shallow = judge(tally) if done.returncode == 0 and tally.exists() else None
    print(f"{door}: {runs} inputs in {seconds} s" + (", FAILED" if done.returncode or shallow else ""), flush=True)
    return done.stderr if done.returncode else shallow


# ---- what became of the records ----


def read_tally(tally):
    """(command, what): how often; what: applied, waits, or a code. Of "dead": the codes of dead letters."""
    rows = (line.split() for line in tally.read_text().splitlines())
    return {(command, what): int(count) for command, what, count in rows}


def judge(tally):
    """What was not reached, if that is too much."""
    counts = read_tally(tally)
    codes = {key: count for key, count in counts.items() if key[0] != "dead" and key[1] not in ("applied", "waits")}
    missed = [key for key, count in counts.items() if count == 0 and key not in codes and key not in ELSEWHERE]
    unrefused = [key for key, count in codes.items() if count == 0]
    records = sum(counts.values())
    print(f"record: {records} records: {sum(count for key, count in counts.items() if key[1] == 'applied')} applied, {sum(codes.values())} refused with "
          f"{len(codes) - len(unrefused)} of {len(codes)} codes, {sum(count for key, count in counts.items() if key[0] == 'dead')} dead letters", flush=True)  # fmt: skip
    if not missed and 100 * len(unrefused) <= (100 - CODES_MIN) * len(codes):
        return None
    return "never reached: " + ", ".join(" ".join(key) for key in missed + unrefused)


def print_tally(tally):
    counts = read_tally(tally)
    for command in dict.fromkeys(key[0] for key in counts):
        print(f"{command:22}", *(f"{what} {count}" for (name, what), count in counts.items() if name == command))


def keep(folder, door):
    """A small set of inputs that reaches, with the seeds, what all of them reach."""
    inputs, least = folder / f"{door}.corpus", folder / f"{door}.least"
    subprocess.run(["rm", "-rf", least], check=True)
    least.mkdir()
    if door in SEEDED:
        seeds.write(least, door)
    size_max = INPUT_SIZE_KEPT.get(door, 4096)
    subprocess.run([folder / door, "-set_cover_merge=1", f"-max_len={size_max}", least, inputs], check=True, capture_output=True, env=ENVIRONMENT)
    paths = (path for path in least.iterdir() if not path.name.startswith("seed-"))
    lines = sorted((path.read_bytes().hex() for path in paths), key=lambda line: (len(line), line))
    (HERE / "corpus" / f"{door}.hex").write_text("".join(f"{line}\n" for line in lines))
    print(f"{door}: {len(lines)} inputs kept, {sum(map(len, lines)) // 2} bytes")


def cover(folder, files):
    profiles = []
    for program in sorted(path for path in folder.iterdir() if path.is_file() and os.access(path, os.X_OK)):
        profiles.append(folder / f"{program.name}.profraw")
        command = [program, "-runs=0", unpack(folder, program.name)]
        subprocess.run(command, check=True, capture_output=True, env={**ENVIRONMENT, "LLVM_PROFILE_FILE": str(profiles[-1])})
    merged = folder / "all.profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", merged, *profiles], check=True)
    first, *others = [profile.with_suffix("") for profile in profiles]
    programs = [first, *(word for program in others for word in ("-object", program))]
    report = subprocess.run(
        ["llvm-cov", "export", *programs, "-summary-only", f"-instr-profile={merged}", *files], check=True, capture_output=True, text=True
    )
    reached = total = 0
    for file in json.loads(report.stdout)["data"][0]["files"]:
        lines = file["summary"]["lines"]
        reached, total = reached + lines["covered"], total + lines["count"]
        print(f"{lines['percent']:6.1f} %  {lines['covered']:5} of {lines['count']:5} lines  {os.path.relpath(file['filename'])}")
    print(f"{100 * reached / total:6.1f} %  {reached:5} of {total:5} lines")
    return 100 * reached >= LINES_MIN * total


def main(folder, *arguments):
    folder = pathlib.Path(folder)
    if arguments[0] == "--cover":
        return 0 if cover(folder, arguments[1:]) else 1
    seconds, *doors = arguments
    keeps, tells = "--keep" in doors, "--tally" in doors
    doors = ["record"] if tells else [door for door in doors if door != "--keep"]
    doors = doors or sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda door: fuzz(folder, door, seconds), doors))
    for words in filter(None, found):
        print(words[-40000:])
    if keeps and not any(found):
        for door in doors:
            keep(folder, door)
    if tells:
        print_tally(folder / "record.tally")
    failed = sum(words is not None for words in found)
    print(f"{len(doors) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
