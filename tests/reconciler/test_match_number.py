"""What a claim number (CLP01) needs beside it: whoever exchanged two numbers left something that disagrees."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from remit_rows import claim, claim_line, claims, payment, remit_claim, remit_line, remits

from edi_iop.reconciler.match import Matched, matched
from edi_iop.tables import DECISIONS

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 2, 2) + timedelta(day) for day in range(3))
PERSON = {"subscriber_last_name": "Sample", "subscriber_first_name": "Pat", "member_id": "M0012345"}
WHO = {"patient_id": "M0012345", "patient_last_name": "SAMPLE", "patient_first_name": "PAT"}
DAY_CENTS = 35000

Row = dict[str, Any]


def of_days(
    *days: date,
    procedure: str = "H0015",
    controls: tuple[str, ...] = (),
    remark: str | None = None,
    **head: Any,
) -> Matched:
    """An answer of these days under the number of Pat Sample's claim of Monday and Tuesday."""
    sent = claims(
        claims=[claim(100, "NUMBER1", charge_cents=2 * DAY_CENTS, statement_to=TUESDAY, **PERSON)],
        claim_lines=[
            claim_line(100, 110 + at, line=at + 1, service_date=day, line_control=f"LONE{at}")
            for at, day in enumerate((MONDAY, TUESDAY))
        ],
    )
    charge = {"charge_cents": DAY_CENTS * len(days)}
    lines = [
        remit_line(300, 310 + at, service_date=day, procedure=procedure,
                   line_control=controls[at] if controls else None)
        for at, day in enumerate(days)
    ]  # fmt: skip
    told = {"file_id": 9, "remit_claim_offset": 300, "byte_offset": 305, "position": 1}
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, **(WHO | {"claim": "NUMBER1"} | charge | head))],
        remit_lines=lines,
        remarks=[told | {"remark": remark}] if remark else [],
    )
    return matched(remit, sent, DECISIONS.empty())


def tier(made: Matched) -> str | None:
    """The tier of the claim's match; where it has none the claim is proposed."""
    found = made.matches.filter(pl.col("remit_line_offset").is_null())["tier"][0]
    assert (found is None) == (100 in made.proposals["claim_offset"])
    return found  # type: ignore[no-any-return]


BOTH: Row = {"days": (MONDAY, TUESDAY)}
DAYS_ONLY: Row = {"days": (TUESDAY,)}
CHARGE_ONLY: Row = {"days": (TUESDAY, WEDNESDAY)}
CODES: Row = {"procedure": "S9480"}
MEMBER: Row = {"patient_id": "Z0000001"}
NAME: Row = {"patient_last_name": "NEWLYWED"}
LINES: Row = {"controls": ("LTWO0", "LTWO1")}
ONE_EACH = [
    pytest.param(change, id=name)
    for name, change in (("codes", CODES), ("member", MEMBER), ("name", NAME), ("lines", LINES))
]


def under(*parts: Row) -> Matched:
    """The answer with what these say of it."""
    told: Row = {}
    for part in parts:
        told |= part
    return of_days(*told.pop("days"), **told)


@pytest.mark.parametrize("told", [BOTH, DAYS_ONLY, CHARGE_ONLY], ids=["both", "days", "charge"])
def test_the_charge_or_the_days_suffice_where_nothing_else_disagrees(told: Row):
    assert tier(under(told)) == "T1"


@pytest.mark.parametrize("change", ONE_EACH)
def test_one_thing_may_be_another_where_charge_and_days_agree(change: Row):
    assert tier(under(BOTH, change)) == "T1"


@pytest.mark.parametrize("change", ONE_EACH)
@pytest.mark.parametrize("told", [DAYS_ONLY, CHARGE_ONLY], ids=["days", "charge"])
def test_none_may_where_one_of_both_does(told: Row, change: Row):
    made = under(told, change)
    assert tier(made) is None
    assert made.matches["says"][0] == "too much of it disagrees with the claim of that number"


@pytest.mark.parametrize(
    "changes", [(CODES, MEMBER), (CODES, NAME), (MEMBER, LINES), (NAME, LINES), (CODES, LINES)]
)
def test_two_things_that_disagree_are_those_of_another_claim(changes: tuple[Row, ...]):
    assert tier(under(BOTH, *changes)) is None


@pytest.mark.parametrize(("changes", "found"), [((MEMBER,), "T1"), ((MEMBER, CODES), None)])
def test_of_what_the_payer_calls_a_part_the_charge_need_not_be_the_claims(
    changes: tuple[Row, ...], found: str | None
):
    """MA15: the claim was divided."""
    assert tier(under(DAYS_ONLY, {"remark": "MA15"}, *changes)) == found


@pytest.mark.parametrize(("first", "found"), [("PAT", "T1"), ("P", "T1"), ("KIM", None)])
def test_another_of_the_family_is_not_the_patient(first: str, found: str | None):
    """One id, all of the family's; of one who took another last name the first one is left."""
    made = under(BOTH, NAME, {"patient_first_name": first})
    assert tier(made) == found
    if found is None:
        assert made.matches["says"][0] == "the claim of that number is another patient's"


@pytest.mark.parametrize(
    ("last", "first", "found"),
    [("PAT", "SAMPLE", "T1"), ("KIM", "SAMPLE", None), ("PAT", "ELDER", None), ("PAT", None, None)],
)
def test_first_and_last_name_may_have_changed_places(
    last: str, first: str | None, found: str | None
):
    names = {"patient_last_name": last, "patient_first_name": first}
    assert tier(under(BOTH, names)) == found


def test_numbers_exchanged_inside_a_family_with_a_claim_that_is_not_ours():
    """Another program's days of the one, cheaper, under the number of the other: the id and the days
    agree, and nothing else (accuracy, seed 271150)."""
    made = under(
        DAYS_ONLY,
        {"procedure": "S9480", "patient_last_name": "ELDER", "patient_first_name": "KIM"},
    )
    assert tier(made) is None
