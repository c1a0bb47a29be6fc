"""Business days of the United States, of England and Wales, and of Germany, from the statutes. Days are datetime.date ordinals."""

import datetime
import functools

MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


def ordinal(year, month, day):
    return datetime.date(year, month, day).toordinal()


def weekday(day):
    return (day + 6) % 7


def nth(year, month, which, n):
    """The n-th weekday of a month."""
    first = ordinal(year, month, 1)
    return first + (which - weekday(first)) % 7 + 7 * (n - 1)


def last(year, month, which):
    end = ordinal(year + month // 12, month % 12 + 1, 1) - 1
    return end - (weekday(end) - which) % 7


def easter(year):
    """Easter Sunday: Gauss, as Lichtenberg has completed it."""
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    og = 21 + d - r
    sz = 7 - (year + year // 4 + s) % 7
    return ordinal(year, 3, 1) - 1 + og + 7 - (og - sz) % 7


def united_states(year):
    """5 USC 6103(a), and the Monday after one on a Sunday. Read: that a Saturday's moves to Friday, 6103(b), is for federal employees; banks work."""
    fixed = [ordinal(year, 1, 1), ordinal(year, 6, 19), ordinal(year, 7, 4), ordinal(year, 11, 11), ordinal(year, 12, 25)]
    moved = [nth(year, 1, MONDAY, 3), nth(year, 2, MONDAY, 3), last(year, 5, MONDAY), nth(year, 9, MONDAY, 1), nth(year, 10, MONDAY, 2),
             nth(year, 11, THURSDAY, 4)]
    return set(moved) | {day + (weekday(day) == SUNDAY) for day in fixed}


def england(year):
    """Banking and Financial Dealings Act 1971, Schedule 1, and what is proclaimed every year: New Year's Day, the first Monday in May, and a
    Monday or Tuesday in place of a weekend."""
    days = {easter(year) - 2, easter(year) + 1, nth(year, 5, MONDAY, 1), last(year, 5, MONDAY), last(year, 8, MONDAY)}
    for day in (ordinal(year, 1, 1), ordinal(year, 12, 25), ordinal(year, 12, 26)):
        while weekday(day) >= SATURDAY or day in days:
            day += 1
        days.add(day)
    if weekday(ordinal(year, 12, 25)) == SUNDAY:  # then the 26th is the bank holiday of the 26th, and the 27th that of Christmas Day
        days |= {ordinal(year, 12, 26), ordinal(year, 12, 27)}
    return days


def germany(year):
    """The public holidays of all Laender: Einigungsvertrag Art. 2(2) and the laws of the Laender. None is moved."""
    fixed = {ordinal(year, month, day) for month, day in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))}
    return fixed | {easter(year) + days for days in (-2, 1, 39, 50)}


PLACES = {"US": united_states, "GB": england, "DE": germany}


@functools.lru_cache(maxsize=None)
def holidays(country, year):
    return PLACES[country](year) if country in PLACES else set()


def is_business(country, day):
    return weekday(day) < SATURDAY and day not in holidays(country, datetime.date.fromordinal(day).year)


def business_day_from(country, day):
    """The first business day that is not before."""
    while not is_business(country, day):
        day += 1
    return day
