"""The people of the example clinic: clients, their coverages, and staff. All invented."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec
from msgspec.structs import asdict

from edi_iop.identifiers import make_npi


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FAMILY_NAMES = _words(
    "Alder Aspen Birch Bracken Cedar Clover Cypress Elder Fennel Fern Hawthorn Hazel Heather "
    "Holly Hyssop Iris Juniper Larch Laurel Linden Lupin Mallow Maple Myrtle Nettle Oakley "
    "Poplar Quince Reed Rowan Rue Sage Sorrel Spruce Sumac Tansy Teasel Thistle Thorne Willow"
)
GIVEN_NAMES = _words(
    "Avery Blake Casey Dana Devon Drew Ellis Emery Finley Frankie Harper Hayden Jamie Jessie "
    "Jordan Kelly Lane Logan Marley Morgan Noel Parker Peyton Quinn Reese Riley Robin Rory "
    "Rowan Sage Sasha Shay Skyler Stacy Sydney Tatum Taylor Toby Tracy Val"
)
STREETS = ("Quay St", "Mill Rd", "Harbor Ave", "Orchard Ln", "Station St", "Bridge Rd")
TOWNS = (("Easton", "MA", "02334"), ("Milford", "MA", "01757"), ("Norwood", "MA", "02062"))

ADULT = (date(1958, 1, 1), date(2003, 12, 31))
ADOLESCENT = (date(2009, 6, 1), date(2010, 12, 31))

SISTER_NPI = make_npi("187654321")
"""The same owner's other facility."""
COUNSELOR, PHYSICIAN = "101YA0400X", "2084A0401X"


class Coverage(msgspec.Struct, frozen=True):
    """One coverage of a client (feed clients)."""

    payer_id: str
    member_id: str
    group_number: str
    first: date
    last: date | None = None
    priority: str = "P"
    part2_consent: str = "Y"
    behavioral_payer_id: str | None = None


class Person(msgspec.Struct, frozen=True):
    """A client's demographics; subscriber is the relative who holds the coverage, if one does."""

    client_id: str
    last_name: str
    first_name: str
    birth_date: date
    sex: str
    address1: str
    city: str
    state: str
    zip: str
    relationship: str = "18"
    subscriber_first_name: str | None = None
    subscriber_birth_date: date | None = None
    subscriber_sex: str | None = None


class Staff(msgspec.Struct, frozen=True):
    """One provider of the roster (feed providers)."""

    npi: str
    last_name: str
    first_name: str
    taxonomy: str


def person(random: Random, number: int, born: tuple[date, date] = ADULT, sex: str = "") -> Person:
    """The number-th client; an adolescent is covered through a parent."""
    first, last = born
    town, state, code = random.choice(TOWNS)
    house = random.randint(1, 240)
    flat = f", Apt {random.randint(1, 30)}" if random.random() < 0.3 else ""
    own = Person(
        client_id=f"C{1000 + number}",
        last_name=FAMILY_NAMES[number % len(FAMILY_NAMES)],
        first_name=random.choice(GIVEN_NAMES),
        birth_date=first + timedelta(days=random.randrange((last - first).days)),
        sex=sex or random.choice("FM"),
        address1=f"{house} {random.choice(STREETS)}{flat}",
        city=town,
        state=state,
        zip=code,
    )
    return _dependent(random, own) if born == ADOLESCENT else own


def _dependent(random: Random, child: Person) -> Person:
    return Person(
        **{
            **asdict(child),
            "relationship": "19",
            "subscriber_first_name": random.choice(GIVEN_NAMES),
            "subscriber_birth_date": child.birth_date - timedelta(days=11000),
            "subscriber_sex": random.choice("FM"),
        }
    )


def coverage(random: Random, payer_id: str, since: date, last: date | None = None) -> Coverage:
    """A coverage by a payer, with a member id of that payer's form."""
    prefix = payer_id[:2]
    member = f"{prefix}{random.randrange(10**7, 10**8)}"
    number = random.randrange(100, 999)
    return Coverage(payer_id, member, _group(payer_id, number), since, last)


CARVED_OUT = 777
"""Number of a group whose behavioral benefits another payer administers (maps/payers/summit.toml)."""


def carved_out_group(payer_id: str) -> str:
    return f"{payer_id[:2]}G{CARVED_OUT}"


def _group(payer_id: str, number: int) -> str:
    """A group of a payer's: nobody is in the one carved out by chance."""
    return f"{payer_id[:2]}G{number + (number == CARVED_OUT)}"


def staff(random: Random) -> tuple[Staff, ...]:
    """The roster: two physicians, who attend, and six counselors."""
    base = random.randrange(10_000_000, 90_000_000)
    return tuple(
        Staff(
            npi=make_npi(f"1{base + 17 * place}"),
            last_name=FAMILY_NAMES[-1 - place],
            first_name=GIVEN_NAMES[-1 - place],
            taxonomy=PHYSICIAN if place < 2 else COUNSELOR,
        )
        for place in range(8)
    )
