#!/usr/bin/env python3
"""Local time as Python's zoneinfo has it, for test_base_zone.c: every minute of the nights in which the clocks change, and the day after.

    zone_golden.py [YEAR...]      default: two years of the files' own lists, one that only their last lines know

A line a zone and night: `Europe/Berlin START minute,offset,fit minute,offset,fit ...`. START is in seconds, minutes count from it; a part
stands where the offset in seconds changed, or whether the clock shows a time from 08:00 to before 21:00. A zone that does not change its
clocks has one night of the first year. Names of one zone are one line: their files are equal.
"""

import datetime
import sys
import zoneinfo
from pathlib import Path

DAY = 86400
UTC = datetime.timezone.utc
FOLDER = Path("/usr/share/zoneinfo")


def at(zone, seconds):
    return datetime.datetime.fromtimestamp(seconds, zone)


def offset(zone, seconds):
    return int(at(zone, seconds).utcoffset().total_seconds())


def changes(zone, year):
    """The instants in a year at which the offset changes, by halving the days on which it does."""
    first = int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp())
    found = []
    for day in range(first, first + 365 * DAY, DAY):
        low, high = day, day + DAY
        if offset(zone, low) == offset(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == offset(zone, low) else (low, middle)
        found.append(high)
    return found


def night(name, zone, change):
    start = (change - 10 * 3600) // 60 * 60
    parts, before = [], None
    for minute in range(34 * 60):
        local = at(zone, start + minute * 60)
        now = (int(local.utcoffset().total_seconds()), int(8 <= local.hour < 21))
        if now != before:
            parts.append(f"{minute},{now[0]},{now[1]}")
            before = now
    print(name, start, *parts)


def main():
    years = [int(year) for year in sys.argv[1:]] or [2025, 2026, 2041]
    seen = {}
    for name in sorted(zoneinfo.available_timezones() - {"localtime", "Factory"}):
        seen.setdefault((FOLDER / name).read_bytes(), name)
    for name in sorted(seen.values()):
        zone = zoneinfo.ZoneInfo(name)
        nights = [change for year in years for change in changes(zone, year)]
        for change in nights or [int(datetime.datetime(years[0], 1, 1, tzinfo=UTC).timestamp())]:
            night(name, zone, change)


main()
