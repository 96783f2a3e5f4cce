"""Feeds of a made-up clinic of any size, written as columns: encounters, clients, authorizations, providers.

A client comes three days a week for eight weeks, two signed sessions a day that
make three hours. One day in fifty is without a signature, so that the scrub has
something to keep back.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import polars as pl

from edi_iop.texts import composed
from scripts.benchmarks.facility import FACILITY

_WEEKS, _DAYS_A_WEEK, _SESSIONS = 8, 3, 2
_DAYS = _WEEKS * _DAYS_A_WEEK
_FIRST = date(2026, 1, 5)
"""A Monday."""
_STAFF = ("1234567893", "1023456787")
_SETTINGS = (
    FACILITY
    + """\
[charges]
H0015 = "350.00"
S9480 = "375.00"
"""
)


def write(encounters: int, folder: Path) -> dict[str, int]:
    """The feeds and settings.toml of so many encounters, always the same; what they hold."""
    folder.mkdir(parents=True, exist_ok=True)
    events = _encounters(encounters)
    people = events.select("client_id").unique(maintain_order=True).with_row_index("n")
    for name, frame in (
        ("encounters", events),
        ("clients", _clients(people)),
        ("authorizations", _authorizations(people)),
        ("providers", _providers()),
    ):
        frame.write_csv(folder / f"{name}.csv")
    (folder / "settings.toml").write_text(_SETTINGS, encoding="ascii")
    return {"encounters": events.height, "clients": people.height}


def _encounters(count: int) -> pl.DataFrame:
    number = pl.col("n")
    session, day = number % _SESSIONS, number // _SESSIONS
    client, place = day // _DAYS, day % _DAYS
    offset = place // _DAYS_A_WEEK * 7 + place % _DAYS_A_WEEK * 2
    mental = client % 3 == 2
    first = session == 0
    return pl.select(n=pl.int_range(count)).select(
        source_record_id=composed("E{}", number),
        client_id=composed("C{}", client.cast(pl.String).str.zfill(7)),
        episode_id=composed("P{}", client),
        admit_date=pl.lit(_FIRST),
        level_of_care=pl.lit("IOP"),
        program_track=pl.when(mental).then(pl.lit("MH")).otherwise(pl.lit("SUD")),
        service_date=pl.lit(_FIRST) + pl.duration(days=offset),
        start_time=pl.when(first).then(pl.lit("09:00")).otherwise(pl.lit("10:30")),
        end_time=pl.when(first).then(pl.lit("10:30")).otherwise(pl.lit("12:00")),
        service_type=pl.when(first).then(pl.lit("group")).otherwise(pl.lit("education")),
        attendance=pl.lit("attended"),
        note_status=pl.when(day % 50 == 49).then(pl.lit("draft")).otherwise(pl.lit("signed")),
        rendering_npi=pl.when(client % 2 == 0).then(pl.lit(_STAFF[0])).otherwise(pl.lit(_STAFF[1])),
        attending_npi=pl.lit(_STAFF[0]),
        diagnoses=pl.when(mental).then(pl.lit("F33.1 F41.1")).otherwise(pl.lit("F10.20 F33.1")),
        auth_number=composed("A{}", client),
    )


def _clients(people: pl.DataFrame) -> pl.DataFrame:
    number = pl.col("n").cast(pl.Int64)
    return people.select(
        "client_id",
        last_name=composed("SAMPLE{}", number % 977).str.replace_many(
            [str(digit) for digit in range(10)], list("ABCDEFGHIJ")
        ),
        first_name=pl.lit("PAT"),
        birth_date=pl.lit(date(1970, 1, 1)) + pl.duration(days=number % 9000),
        sex=pl.when(number % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")),
        address1=composed("{} EXAMPLE ST", number % 400 + 1),
        city=pl.lit("PORTLAND"),
        state=pl.lit("ME"),
        zip=pl.lit("041010000"),
        payer_id=pl.lit("HARBR"),
        member_id=composed("M{}", number.cast(pl.String).str.zfill(8)),
        coverage_priority=pl.lit("P"),
        relationship=pl.lit("18"),
        coverage_from=pl.lit(date(2025, 1, 1)),
        part2_consent=pl.lit("Y"),
    )


def _authorizations(people: pl.DataFrame) -> pl.DataFrame:
    return people.select(
        "client_id",
        auth_number=composed("A{}", "n"),
        payer_id=pl.lit("HARBR"),
        level_of_care=pl.lit("IOP"),
        units=pl.lit(60),
        unit_basis=pl.lit("day"),
        from_date=pl.lit(_FIRST),
        to_date=pl.lit(date(2026, 4, 30)),
        status=pl.lit("approved"),
    )


def _providers() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "npi": _STAFF,
            "last_name": ["SAMPLE", "EXAMPLE"],
            "first_name": ["ROBIN", "KIM"],
            "taxonomy": ["2084P0800X", "101YA0400X"],
        }
    )


if __name__ == "__main__":
    print(json.dumps(write(int(sys.argv[1]), Path(sys.argv[2]))))
