"""Whatever a payer does to numbers, people and lines: no answer is ever matched to another's claim.

Patients of an intensive outpatient program are alike: weeks of the same days, codes and
charges, so that only numbers and people tell claims apart.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from edi_iop.identifiers import patient_control_number
from edi_iop.reconciler.match import Matched, matched
from edi_iop.tables import DECISIONS, TABLES

NAMES = ("SAMPLE", "EXAMPLE", "SPECIMEN", "MODEL", "PATTERN", "SAMPLER")
CLAIMS = 600
MONDAY = date(2026, 1, 5)
DAY_CENTS = 35000

Row = dict[str, Any]


def _line_control(claim: str, line: int) -> str:
    """REF 6R as the mapper writes it: letters first, the claim's last ten characters, the line."""
    return f"L{claim[-10:]}{line:03d}"


def sent(chance: random.Random) -> list[Row]:
    """Weekly claims: a third of the patients have claims of two programs in the same week."""
    rows: list[Row] = []
    patient = 0
    while len(rows) < CLAIMS:
        patient += 1
        person = {
            "member_id": f"M{1000000 + 7 * patient}",
            "subscriber_last_name": chance.choice(NAMES),
            "subscriber_first_name": chance.choice(("PAT", "KIM", "ALEX", "PATRICIA")),
        }
        for week in range(chance.randint(1, 4)):
            for track in range(2 if chance.random() < 0.3 else 1):
                number = patient_control_number(len(rows) + 1)
                days = [MONDAY + timedelta(7 * week + day) for day in range(chance.choice((3, 4)))]
                procedure = ("H0015", "S9480")[track]
                rows.append({"number": number, "days": days, "procedure": procedure} | person)
    return rows


def claim_tables(rows: list[Row]) -> dict[str, pl.DataFrame]:
    heads, lines = [], []
    for place, row in enumerate(rows):
        key = {"file_id": 1, "claim_offset": 10000 * (place + 1)}
        people = {name: row[name] for name in ("member_id", "subscriber_last_name",
                                               "subscriber_first_name")}  # fmt: skip
        heads.append(key | people | {
            "claim": row["number"], "charge_cents": DAY_CENTS * len(row["days"]),
            "facility_type": "13", "frequency": "1", "statement_from": row["days"][0],
            "statement_to": row["days"][-1], "billing_npi": "1234567893", "payer_id": "HARBR",
            "payer_responsibility": "P",
        })  # fmt: skip
        lines += [
            key | {
                "line_offset": key["claim_offset"] + 10 + at, "line": at + 1, "revenue": "0906",
                "procedure": row["procedure"], "charge_cents": DAY_CENTS, "units": 1.0,
                "service_date": day, "line_control": _line_control(row["number"], at + 1),
            }
            for at, day in enumerate(row["days"])
        ]  # fmt: skip
    return {"claims": frame("claims", heads), "claim_lines": frame("claim_lines", lines)}


def frame(name: str, rows: list[Row]) -> pl.DataFrame:
    return TABLES[name].conform(pl.DataFrame(rows, infer_schema_length=None))


def answered(rows: list[Row]) -> list[Row]:
    """Each claim answered as it was sent; `truth` is its place."""
    return [
        {
            "truth": place, "claim": row["number"], "icn": f"26{place:08d}", "days": row["days"],
            "charge": DAY_CENTS * len(row["days"]), "procedure": row["procedure"],
            "patient_id": row["member_id"], "last": row["subscriber_last_name"],
            "first": row["subscriber_first_name"],
            "controls": [_line_control(row["number"], at + 1)
                         for at in range(len(row["days"]))],
        }
        for place, row in enumerate(rows)
    ]  # fmt: skip


def lower(one: Row) -> None:
    one["claim"] = one["claim"].lower()


def punctuated(one: Row) -> None:
    one["claim"] = f"{one['claim'][:5]}-{one['claim'][5:]}"


def cut(one: Row) -> None:
    one["claim"] = one["claim"][:8]


def mistyped(one: Row) -> None:
    other = "7" if one["claim"][4:5] != "7" else "3"
    one["claim"] = one["claim"][:4] + other + one["claim"][5:]


def lost(one: Row) -> None:
    one["claim"] = "0"


def without_controls(one: Row) -> None:
    one["controls"] = [None] * len(one["days"])


def without_days(one: Row) -> None:
    one["days"] = [None] * len(one["days"])


def without_people(one: Row) -> None:
    one["patient_id"] = one["last"] = one["first"] = None


def member_cut(one: Row) -> None:
    one["patient_id"] = one["patient_id"] and one["patient_id"][:-1]


def other_charge(one: Row) -> None:
    one["charge"] -= 100


CORRUPTIONS = (lower, punctuated, cut, mistyped, lost, without_controls, without_days,
               without_people, member_cut, other_charge)  # fmt: skip


def swapped(answers: list[Row], chance: random.Random, share: float) -> None:
    """The payer exchanges the numbers of two answers, and drops what else names their lines.

    Then people and days must be left: without them an exchange is not to be seen.
    """
    for _ in range(int(len(answers) * share)):
        one, other = chance.sample(answers, 2)
        one["claim"], other["claim"] = other["claim"], one["claim"]
        for each in (one, other):
            without_controls(each)
            each["swapped"] = True


def remit_tables(answers: list[Row]) -> dict[str, pl.DataFrame]:
    heads, lines = [], []
    for place, one in enumerate(answers):
        key = {"file_id": 9, "remit_claim_offset": 10000 * (place + 1)}
        heads.append(key | {
            "payment_offset": 200, "claim": one["claim"], "status": "1", "paid_cents": 0,
            "charge_cents": one["charge"], "payer_claim_number": one["icn"],
            "facility_type": "13", "frequency": "1", "patient_id": one["patient_id"],
            "patient_last_name": one["last"], "patient_first_name": one["first"],
        })  # fmt: skip
        lines += [
            key | {
                "remit_line_offset": key["remit_claim_offset"] + 10 + at, "position": at + 1,
                "qualifier": "HC", "procedure": one["procedure"], "revenue": "0906",
                "charge_cents": DAY_CENTS, "paid_cents": 0, "units": 1.0,
                "service_date": day, "line_control": control,
            }
            for at, (day, control) in enumerate(zip(one["days"], one["controls"], strict=True))
        ]  # fmt: skip
    payment = {"file_id": 9, "payment_offset": 200, "trace_number": "T1",
               "payment_date": date(2026, 3, 10), "payer_id": "HARBR", "payee_qualifier": "XX",
               "payee_id": "1234567893"}  # fmt: skip
    made = {name: TABLES[name].empty() for name in ("adjustments", "remarks")}
    return made | {
        "payments": frame("payments", [payment]),
        "remit_claims": frame("remit_claims", heads),
        "remit_lines": frame("remit_lines", lines),
    }


def corrupted(seed: int) -> tuple[list[Row], Matched]:
    """Answers, each under up to three corruptions, and what they were matched to."""
    chance = random.Random(seed)
    rows = sent(chance)
    answers = answered(rows)
    swapped(answers, chance, 0.1)
    for one in answers:
        hidden = (without_people, without_days) if "swapped" in one else ()
        able = [hit for hit in CORRUPTIONS if hit not in hidden]
        one["hit"] = chance.sample(able, chance.randint(0, 3))
        for hit in one["hit"]:
            hit(one)
    chance.shuffle(answers)
    made = matched(remit_tables(answers), claim_tables(rows), DECISIONS.empty())
    return answers, made


def found(made: Matched) -> dict[int, int | None]:
    """The place of the claim each answer was matched to, by the answer's place."""
    whole = made.matches.filter(pl.col("remit_line_offset").is_null())
    return {
        offset // 10000 - 1: None if claim is None else claim // 10000 - 1
        for offset, claim in whole.select("remit_claim_offset", "claim_offset").iter_rows()
    }


@pytest.mark.parametrize("seed", range(4))
def test_no_answer_goes_to_another_claim(seed: int):
    answers, made = corrupted(seed)
    wrong = [
        (one["truth"], claim, [hit.__name__ for hit in one["hit"]], one.get("swapped"))
        for place, claim in found(made).items()
        if claim is not None and claim != (one := answers[place])["truth"]
    ]
    assert wrong == []


@pytest.mark.parametrize("seed", range(2))
def test_what_one_corruption_leaves_is_found(seed: int):
    """A number with its claim's charge and days, or all line numbers, or the person: enough."""
    answers, made = corrupted(seed)
    claims = found(made)
    missed = [
        [hit.__name__ for hit in one["hit"]]
        for place, one in enumerate(answers)
        if claims[place] is None and len(one["hit"]) <= 1 and not one.get("swapped")
    ]
    assert missed == []


def test_lines_go_to_lines_of_their_day():
    answers, made = corrupted(5)
    lines = made.matches.filter(pl.col("line_offset").is_not_null())
    for row in lines.select("remit_line_offset", "line_offset").iter_rows():
        place, at = divmod(row[0], 10000)
        truth = answers[place - 1]["truth"]
        if answers[place - 1]["days"][at - 10] is not None:  # without it, alike lines are not told
            assert row[1] == 10000 * (truth + 1) + at
