#!/usr/bin/python3
"""Shows that the fuzzers find what they are for: a MUST that input reaches is planted behind each door, in a copy of the source, and each
fuzzer has a minute to find it, from the kept corpus on.

usage: plant.py      (make fuzz was built before, so that the compiler is there)      last line: N passed, N failed
"""

import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 60

# (door, file, the line behind which it is planted, what must hold): nothing in the kept corpora breaks one of these.
ROUNDS = [
    [
        ("record", "lib/worker/admit.c", '? "missing_header" : "bad_header";', "envelope.source.size != 77"),
        ("wire", "lib/wire/coder_read.c", "reading.end = reading.at + avro.size;", "avro.size != 333"),
        ("intake", "producers/api/writes/intake.c", "header = (struct str){ .data = header.data + 1, .size = header.size - 2 };", "header.size != 201"),
        ("import", "producers/cli/import_rows.c", "MUST(map->kind != IMPORT_NONE);", "row->line != 21"),
        ("token", "lib/token/parse.c", "MUST(str_to_chars(claims->subject, sizeof(claims->subject), subject));", "subject.size != 31"),
        ("inbound", "producers/api/offer/inbound_message.c", "*ret_text = str_prefix_characters(text, INBOUND_TEXT_MAX);", "ret_text->size != 61"),
        ("bounce", "producers/cli/bounce_mail.c", "memcpy(status, value, size);", "size != 9"),
    ],
    [("record", "consumers/debts/payment/decide.c", "allocated = ledger_allocate(&debt->balances, body->amount_minor);", "body->amount_minor != 7777")],
    [("record", "consumers/debts/debt/decide_create.c", "event = decision_event(decision, &debt_created_type);", "body->principal_minor + body->cost_minor != 31337")],
    [("record", "consumers/communications/decide_template.c", "event = decision_event(decision, &template_published_type);", "body->body.size != 160")],
    [("record", "consumers/communications/decide_send.c", "verdict = communications_guard(&facts, asked->profiles, asked->count);", "body->debt_ids_count != 5")],
]


def plant(tree, file, behind, condition):
    path = tree / file
    text = path.read_text()
    assert text.count(behind) == 1, f"{file}: {behind}"
    at = text.index("\n", text.index(behind)) + 1
    path.write_text(f"{text[:at]}\tMUST({condition});\n{text[at:]}")


def run_round(tree, planted):
    for _, file, behind, condition in planted:
        plant(tree, file, behind, condition)
    subprocess.run(["make", "--no-print-directory", "-j2", "FLAVOUR=fuzz", "fuzzers", "WARNINGS=-w"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    found = 0
    for door, file, _, condition in planted:
        begun = time.monotonic()
        done = subprocess.run([tree / "tests/fuzz/run.py", "build/fuzz/doors", str(SECONDS), door], cwd=tree, capture_output=True, text=True)
        took = time.monotonic() - begun
        is_found = done.returncode != 0 and f'bug="{condition}"' in done.stdout
        print(f"{door}: MUST({condition}) in {file} {f'found after {took:.1f} s' if is_found else 'NOT FOUND'}", flush=True)
        found += is_found
    return found


def main():
    passed = failed = 0
    for planted in ROUNDS:
        with tempfile.TemporaryDirectory() as folder:
            source = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
            copy = subprocess.run(["tar", "-C", ROOT, "--null", "-T", "-", "-cf", "-"], input=source, check=True, capture_output=True).stdout
            subprocess.run(["tar", "-C", folder, "-xf", "-"], input=copy, check=True)
            found = run_round(pathlib.Path(folder), planted)
        passed, failed = passed + found, failed + len(planted) - found
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
