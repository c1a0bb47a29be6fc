#!/usr/bin/python3
"""Runs the fuzzers, each over its kept corpus first and then for some seconds with inputs of its own.

usage: run.py FOLDER SECONDS [DOOR...]       FOLDER: where the fuzzers are (build/fuzz/doors); two at a time; last line: N passed, N failed
       run.py FOLDER SECONDS --keep DOOR...  the same, and what reached something new is kept in corpus/DOOR.hex, as few inputs as will do
       run.py FOLDER --cover FILE...         which lines of these files the corpora reach; fails below 90 % of all of them together

An input that ends a fuzzer is written to FOLDER/DOOR.found/; `FOLDER/DOOR FILE` repeats it. corpus/DOOR.hex: an input a line, in hexadecimal.
"""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
LINES_MIN = 90  # per cent
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "UBSAN_OPTIONS": "halt_on_error=1"}


def unpack(folder, door):
    """The kept inputs as files, for libFuzzer."""
    inputs = folder / f"{door}.corpus"
    inputs.mkdir(parents=True, exist_ok=True)
    kept = HERE / "corpus" / f"{door}.hex"
    for number, line in enumerate(kept.read_text().splitlines() if kept.exists() else []):
        (inputs / f"kept-{number:05}").write_bytes(bytes.fromhex(line))
    return inputs


def fuzz(folder, door, seconds):
    """The fuzzer's words if it found something, else None."""
    inputs, found = unpack(folder, door), folder / f"{door}.found"
    found.mkdir(exist_ok=True)
    command = [folder / door, f"-max_total_time={seconds}", "-max_len=4096", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
    done = subprocess.run([*command, f"-artifact_prefix={found}/", inputs], capture_output=True, text=True, errors="replace", env=ENVIRONMENT)
    runs = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "?")
    print(f"{door}: {runs} inputs in {seconds} s" + (", FAILED" if done.returncode else ""), flush=True)
    return done.stderr if done.returncode else None


def keep(folder, door):
    """The smallest set of inputs that reaches what all of them reach."""
    inputs, least = folder / f"{door}.corpus", folder / f"{door}.least"
    subprocess.run(["rm", "-rf", least], check=True)
    least.mkdir()
    subprocess.run([folder / door, "-merge=1", "-max_len=4096", least, inputs], check=True, capture_output=True, env=ENVIRONMENT)
    lines = sorted((path.read_bytes().hex() for path in least.iterdir()), key=lambda line: (len(line), line))
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
    keeps = "--keep" in doors
    doors = [door for door in doors if door != "--keep"]
    doors = doors or sorted(path.stem.removeprefix("fuzz_") for path in HERE.glob("fuzz_*.c"))
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda door: fuzz(folder, door, seconds), doors))
    for words in filter(None, found):
        print(words[-40000:])
    if keeps and not any(found):
        for door in doors:
            keep(folder, door)
    failed = sum(words is not None for words in found)
    print(f"{len(doors) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
