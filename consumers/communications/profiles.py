#!/usr/bin/env python3
"""Makes C of the compliance profiles: usage: profiles.py FOLDER FILE.c

A profile is a file of FOLDER that a person can read: which rules apply (law, house or off), with which numbers, where. It is in the form in
which one is published. The names of a rule's numbers are those of its row in guard/rules.c; both sides of that are checked here, so that a
number that is left out or misspelt does not become 0. basic.json comes first: it is the profile that is wired in.
"""
import json
import re
import sys
from pathlib import Path

CHOICES = {"law": "CHOICE_LAW", "house": "CHOICE_HOUSE", "off": "CHOICE_OFF"}
COLLECTORS = {"any": "COLLECTOR_NONE", "first_party": "COLLECTOR_FIRST_PARTY", "third_party": "COLLECTOR_THIRD_PARTY"}
ROW = re.compile(r'\[(RULE_\w+)\] = \{ \{\s*"([^"]+)",\s*"[^"]*",\s*"[\d-]+",\s*\{ ([^}]*) \}')


def rows(rules_c):
    """The constant of each rule and the names of its numbers, by its id."""
    return {found[2]: (found[1], re.findall(r'"(\w+)"', found[3])) for found in ROW.finditer(rules_c.read_text())}


def number(value):
    if isinstance(value, int):
        return value
    hours, minutes = re.fullmatch(r"(\d\d):(\d\d)", value).groups()
    return int(hours) * 60 + int(minutes)


def setting(rule, known):
    constant, names = known[rule["rule"]]
    if set(rule) - {"rule", "choice"} != set(names):
        raise SystemExit(f'{rule["rule"]}: its numbers are {names}, not {sorted(set(rule) - {"rule", "choice"})}')
    numbers = ", ".join(str(number(rule[name])) for name in names)
    return f'\t\t[{constant}] = {{ {CHOICES[rule["choice"]]}, {{ {numbers or "0"} }} }},\n'


def profile(path, known):
    body = json.loads(path.read_text())
    if body["id"] != path.stem:
        raise SystemExit(f"{path}: its id is {body['id']}")
    return (f'\t{{ "{body["id"]}", {body["version"]}, "{body["countries"]}", "{body["region"]}", {COLLECTORS[body["collector"]]}, {{\n'
            + "".join(setting(rule, known) for rule in body["rules"]) + "\t} },\n")


def main():
    folder, made = Path(sys.argv[1]), Path(sys.argv[2])
    known = rows(folder.parent / "guard/rules.c")
    paths = sorted(folder.glob("*.json"), key=lambda path: (path.stem != "basic", path.stem))
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text('/* Made by consumers/communications/profiles.py of profiles/: change it there. */\n'
                    '#include "consumers/communications/guard/guard.h"\n\nconst struct guard_profile guard_profiles[] = {\n'
                    + "".join(profile(path, known) for path in paths)
                    + "};\nconst size_t guard_profiles_count = sizeof(guard_profiles) / sizeof(guard_profiles[0]);\n")


main()
