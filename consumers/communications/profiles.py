#!/usr/bin/env python3
"""Makes C of the compliance profiles: usage: profiles.py FOLDER FILE.c

A profile is a file of FOLDER that a person can read: which rules apply (law, house or off), with which numbers, where. `dcs profiles publish`
takes a file of the same form. The names of a rule's numbers are those of its row in guard/rules.c; both sides of that are checked here, so
that a number that is left out or misspelt does not become 0. basic.json comes first.

The C has the profiles for the guard, and as functions of SQL, with what people read beside the numbers: titles, and where each rule stands in
the law.
"""
import json
import re
import sys
import uuid
from pathlib import Path

CHOICES = {"law": "CHOICE_LAW", "house": "CHOICE_HOUSE", "off": "CHOICE_OFF"}
COLLECTORS = {"any": "COLLECTOR_NONE", "first_party": "COLLECTOR_FIRST_PARTY", "third_party": "COLLECTOR_THIRD_PARTY"}
ROW = re.compile(r'\[(RULE_\w+)\] = \{ \{\s*"([^"]+)",\s*"([^"]*)",\s*"([\d-]+)",\s*\{ ([^}]*) \}')
NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")  # of object identifiers, RFC 9562


class Row:
    """A rule: its constant, where it stands, when it was written, the names of its numbers."""

    def __init__(self, found):
        self.constant, self.id, self.law, self.built = found.group(1, 2, 3, 4)
        self.numbers = re.findall(r'"(\w+)"', found[5])


def rows(rules_c):
    return {found[2]: Row(found) for found in ROW.finditer(rules_c.read_text())}


def number(value):
    if isinstance(value, int):
        return value
    hours, minutes = re.fullmatch(r"(\d\d):(\d\d)", value).groups()
    return int(hours) * 60 + int(minutes)


def setting(rule, known):
    row = known[rule["rule"]]
    if set(rule) - {"rule", "choice"} != set(row.numbers):
        raise SystemExit(f'{row.id}: its numbers are {row.numbers}, not {sorted(set(rule) - {"rule", "choice"})}')
    numbers = ", ".join(str(number(rule[name])) for name in row.numbers)
    return f'\t\t[{row.constant}] = {{ {CHOICES[rule["choice"]]}, {{ {numbers or "0"} }} }},\n'


def profile(path, known):
    body = json.loads(path.read_text())
    if body["id"] != path.stem:
        raise SystemExit(f"{path}: its id is {body['id']}")
    return (f'\t{{ "{body["id"]}", {body["version"]}, "{body["countries"]}", "{body["region"]}", {COLLECTORS[body["collector"]]}, {{\n'
            + "".join(setting(rule, known) for rule in body["rules"]) + "\t} },\n")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def line(rule, known):
    """As a published rule is stored (communications.profile_version.rules)."""
    return " ".join([rule["rule"], rule["choice"]] + [f"{name}={rule[name]}" for name in known[rule["rule"]].numbers])


def profile_sql(path, known):
    body = json.loads(path.read_text())
    rules = "E" + quoted("\\n".join(line(rule, known) for rule in body["rules"]))
    built = max(known[rule["rule"]].built for rule in body["rules"])
    texts = ", ".join(quoted(body[name]) for name in ("title", "countries", "region", "collector"))
    return f"({quoted(str(uuid.uuid5(NAMESPACE, path.stem)))}::uuid, {quoted(path.stem)}, {body['version']}, {texts}, {rules}, {quoted(built)}::date)"


def function(name, columns, lines):
    return (f"CREATE OR REPLACE FUNCTION public.{name}() RETURNS TABLE ({columns})\n\tLANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$\n\tVALUES\n\t"
            + ",\n\t".join(lines) + "\n$$;\n")


def sql(paths, known):
    return (function("dcs_built_in_profiles", "publication_id uuid, profile text, version integer, title text, countries text, region text, "
                     "collector text, rules text, built date", [profile_sql(path, known) for path in paths])
            + function("dcs_guard_rules", "rule text, law text, built date",
                       [f"({quoted(row.id)}, {quoted(row.law)}, {quoted(row.built)}::date)" for row in known.values()]))


def c_bytes(text):
    """Not a string: of these C promises 4095 bytes only."""
    numbers = [str(byte) for byte in text.encode("ascii")] + ["0"]
    return ",\n".join("\t" + ", ".join(numbers[at : at + 32]) for at in range(0, len(numbers), 32))


def main():
    folder, made = Path(sys.argv[1]), Path(sys.argv[2])
    known = rows(folder.parent / "guard/rules.c")
    paths = sorted(folder.glob("*.json"), key=lambda path: (path.stem != "basic", path.stem))
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text('/* Made by consumers/communications/profiles.py of profiles/: change it there. */\n'
                    '#include "consumers/communications/guard/guard.h"\n\nconst struct guard_profile guard_profiles[] = {\n'
                    + "".join(profile(path, known) for path in paths)
                    + "};\nconst size_t guard_profiles_count = sizeof(guard_profiles) / sizeof(guard_profiles[0]);\n"
                    + f"\nconst char guard_profiles_sql[] = {{\n{c_bytes(sql(paths, known))}\n}};\n")


main()
