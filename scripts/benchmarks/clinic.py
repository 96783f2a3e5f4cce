"""A made-up clinic's month: claims of twelve intensive outpatient days, drawn from a seed.

The 835 and the 837I of one seed speak of the same claims. Everybody in them is invented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from random import Random

LINES = 12
"""Service lines a claim: three days a week for four weeks."""

BILLING = ("SUNRIDGE RECOVERY", "1234567893", "990000002")
"""The facility: name, NPI, tax number."""

PAYERS = (
    ("HARBOR HEALTH PLAN", "HARBR"),
    ("PINE STATE MUTUAL", "PINES"),
    ("LIGHTHOUSE CARE", "LIGHT"),
)

_TRACKS = (
    ("H0015", "0906", (35000, 36500, 41000), ("F1020", "F1120", "F1420", "F1520", "F1220")),
    ("S9480", "0905", (31000, 37500, 39950), ("F331", "F321", "F411", "F4310", "F3181")),
)
"""Procedure, revenue code, charges in cents, principal diagnoses: substance use and mental health."""

_SECOND = ("F331", "F411", "F4310", "F1210", "F17210", "G4700")
_MODIFIERS = ("", "", "", ":HQ", ":HQ:GT")
_BEGIN = ("HAR", "WIN", "BEL", "MAR", "ASH", "CAR", "LIN", "ROS", "THORN", "WEST")
_END = ("TON", "LEY", "FIELD", "SON", "MAN", "WOOD", "BURY", "STEAD", "MERE", "LOW")
_LAST = [begin + end for begin in _BEGIN for end in _END]
_FIRST = ("ALEX", "SAM", "KIM", "JO", "ROBIN", "CASEY", "DANA", "LEE", "MORGAN", "TERRY", "PAT")
_STREETS = ("ELM ST", "OAK ST", "MILL RD", "HILL RD", "BAY AVE", "PARK PL", "FERRY LN")
_CITIES = (("PORTLAND", "ME", "04101"), ("AUGUSTA", "ME", "04330"), ("BANGOR", "ME", "04401"))


def npi(number: int) -> str:
    """A National Provider Identifier: nine digits and their check digit (Luhn over 80840 + NPI)."""
    body = f"{number:09d}"
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    total = 24 + doubled + sum(int(digit) for digit in body[-2::-2])
    return f"{body}{-total % 10}"


_ROSTER = [
    (last, first, npi(123450000 + place))
    for place, (last, first) in enumerate(zip(_LAST[3::4], _FIRST * 3, strict=False))
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    last: str
    first: str
    birth: str
    sex: str
    street: str
    city: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of twelve days, as billed; money in cents, dates as X12 writes them."""

    id: str
    line_ids: list[str]
    patient: Person
    member: str
    payer: tuple[str, str]
    procedure: str
    modifiers: list[str]
    revenue: str
    charge_cents: int
    diagnoses: list[str]
    days: tuple[str, ...]
    frequency: str
    attending: tuple[str, str, str]
    authorization: str


def claims(count: int, seed: int, first: int = 0) -> Iterator[Claim]:
    """`count` claims numbered from `first`, one after another."""
    chance = Random(f"claims {seed} {first}")
    calendar = _calendar()
    for number in range(first, first + count):
        yield _claim(number, chance, calendar)


def _claim(number: int, chance: Random, calendar: list[tuple[str, ...]]) -> Claim:
    pick = chance.choice
    procedure, revenue, charges, principals = pick(_TRACKS)
    principal = pick(principals)
    # An odd factor makes every number another one, so ids look drawn and never repeat.
    name = f"{number * 2654435761 % 2**32:08X}"
    return Claim(
        id=f"E{name}K",
        line_ids=[f"L{name}{line:03d}" for line in range(1, LINES + 1)],
        patient=_person(chance),
        member=f"HB{number * 40503 % 10**9:09d}",
        payer=pick(PAYERS),
        procedure=procedure,
        modifiers=chance.choices(_MODIFIERS, k=LINES),
        revenue=revenue,
        charge_cents=pick(charges),
        diagnoses=[principal, *(code for code in chance.sample(_SECOND, 2) if code != principal)],
        days=pick(calendar),
        frequency=pick("112"),
        attending=pick(_ROSTER),
        authorization=f"AUTH{number * 7919 % 10**8:08d}",
    )


def _person(chance: Random) -> Person:
    pick, below = chance.choice, chance.randrange
    birth = f"{1950 + below(55)}{1 + below(12):02d}{1 + below(28):02d}"
    return Person(pick(_LAST), pick(_FIRST), birth, pick("FM"),
                  f"{1 + below(999)} {pick(_STREETS)}", pick(_CITIES))  # fmt: skip


def _calendar() -> list[tuple[str, ...]]:
    """Every way to attend three weekdays for four weeks of one month, from April to August."""
    mondays = [date(2026, 3, 30) + timedelta(weeks=week) for week in range(22)]
    stretches = [
        [monday + timedelta(weeks=week, days=day) for week in range(4) for day in days]
        for monday in mondays
        for days in combinations(range(5), 3)
    ]
    return [
        tuple(f"{day:%Y%m%d}" for day in days)
        for days in stretches
        if (days[0].month, days[0].day) >= (4, 1) and days[0].month == days[-1].month
    ]


def dollars(cents: int) -> str:
    """An amount as X12 writes it (type R): no trailing zeros, no trailing point."""
    sign, whole, part = "-" * (cents < 0), *divmod(abs(cents), 100)
    return f"{sign}{whole}.{part:02d}".rstrip("0").rstrip(".") if part else f"{sign}{whole}"
