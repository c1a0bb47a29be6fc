#!/usr/bin/env python3
"""Makes lib/base/place_table.inc: countries and their subdivisions, languages, time zones.

    place_table.py > place_table.inc

Reads Debian's iso-codes (ISO 3166-1, 3166-2, 639-2, 15924) and tzdata. What it says changes when those do, and is changed on purpose only:
a value that was good stays good on every machine.
"""
import json
import re
import textwrap
from pathlib import Path

CODES = Path("/usr/share/iso-codes/json")
ZONES = Path("/usr/share/zoneinfo/tzdata.zi")


def read(name):
    return json.loads((CODES / f"iso_{name}.json").read_text(encoding="utf-8"))[name]


def table(name, words, doc):
    print(f"\n/* {doc} */\nstatic const char *const {name}[] = {{")
    for line in textwrap.wrap(" ".join(f'"{word}",' for word in words), 120, break_on_hyphens=False):
        print("\t" + line)
    print("};")


def zone_names():
    names = set()
    for line in ZONES.read_text().splitlines():
        if found := re.match(r"Z (\S+)|L \S+ (\S+)", line):
            names.add(found[1] or found[2])
    return sorted(names - {"Factory"})


def main():
    regions = {}
    for row in read("3166-2"):
        country, _, part = row["code"].partition("-")
        regions.setdefault(country, []).append(part)
    countries = sorted(row["alpha_2"] for row in read("3166-1"))
    languages = sorted({row[key] for row in read("639-2") for key in ("alpha_2", "alpha_3") if key in row} - {"qaa-qtz", "mis", "mul", "und", "zxx"})
    print("/* Made by place_table.py: change it there. Each list is sorted. */")
    table("languages", languages, "ISO 639-1 and 639-2")
    table("scripts", sorted(row["alpha_4"] for row in read("15924") if not re.match("Q[a]|Zxxx|Zyyy|Zzzz|Zinh", row["alpha_4"])), "ISO 15924")
    table("timezones", zone_names(), "tzdata: zones and links")
    print("\n/* ISO 3166-1 alpha-2, and behind each the parts of ISO 3166-2, between blanks. */\nstatic const char *const countries[] = {")
    for country in countries:
        parts = textwrap.wrap(" ".join(sorted(regions.get(country, []))), 110)
        print(f'\t"{country} "' + "".join(f'\n\t"{part} "' for part in parts) + ",")
    print("};")


main()
