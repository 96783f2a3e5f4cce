"""Matching: tiers T1 and T2 for claims, 6R and the day for lines; nothing is ever guessed."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from remit_rows import (
    adjustment,
    claim,
    claim_line,
    claims,
    payment,
    remit_claim,
    remit_line,
    remits,
)

from edi_iop.reconciler.match import match
from edi_iop.tables import MATCHES

FEB2, FEB3, FEB4, FEB5 = (date(2026, 2, day) for day in (2, 3, 4, 5))

Tables = dict[str, pl.DataFrame]


def one_claim(**values: Any) -> Tables:
    """One claim of one day."""
    return claims(
        claims=[claim(100, "EAAA", **values)],
        claim_lines=[claim_line(100, 150, line_control="LAAA001")],
    )


def answer(line: dict[str, Any] | None = None, **values: Any) -> Tables:
    """One remit claim with one line."""
    given_line = {"line_control": "LAAA001"} if line is None else line
    return remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, **({"claim": "EAAA"} | values))],
        remit_lines=[remit_line(300, 400, **given_line)],
    )


def claim_row(matches: pl.DataFrame, offset: int = 300) -> dict[str, Any]:
    rows = matches.filter(
        pl.col("remit_claim_offset") == offset, pl.col("remit_line_offset").is_null()
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def line_row(matches: pl.DataFrame, offset: int = 400) -> dict[str, Any]:
    rows = matches.filter(pl.col("remit_line_offset") == offset)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_number_charge_and_dates_agree_is_t1_certain():
    matches = match(answer(), one_claim())
    row = claim_row(matches)
    assert (row["tier"], row["grade"]) == ("T1", "certain")
    assert (row["claim_file_id"], row["claim_offset"]) == (1, 100)
    assert {"number", "charge", "dates", "payee"} <= set(row["agreed"])
    assert row["disagreed"] == []
    line = line_row(matches)
    assert (line["tier"], line["grade"], line["line_offset"]) == ("6R", "certain", 150)
    assert matches.schema == MATCHES.schema


def test_number_with_dates_only_is_still_t1():
    row = claim_row(match(answer(charge_cents=20000), one_claim()))
    assert (row["tier"], row["disagreed"]) == ("T1", ["charge"])


def test_number_alone_is_no_match():
    """Without 6R, with another charge and no dates at all: nothing certain is left."""
    remit = answer({"service_date": None}, charge_cents=20000)
    row = claim_row(match(remit, one_claim()))
    assert (row["tier"], row["claim_offset"]) == (None, None)
    assert row["says"] == "neither charge nor dates agree with the claim of that number"


def test_a_reversal_matches_by_the_amount_without_its_sign():
    remit = answer(status="22", charge_cents=-35000)
    assert "charge" in claim_row(match(remit, one_claim()))["agreed"]


def test_another_payee_vetoes():
    remit = answer()
    remit["payments"] = remit["payments"].with_columns(
        payee_id=pl.lit("1987654321"), payee_tin=pl.lit("987654321")
    )
    matches = match(remit, one_claim())
    assert claim_row(matches)["tier"] is None
    assert "another payee" in claim_row(matches)["says"]
    assert line_row(matches)["says"].startswith(
        "its claim is not matched: the payment is to another"
    )


def test_another_npi_under_the_same_tax_number_is_no_veto():
    remit = answer()
    remit["payments"] = remit["payments"].with_columns(payee_id=pl.lit("1987654321"))
    assert claim_row(match(remit, one_claim()))["tier"] == "T1"


def test_dates_outside_the_claim_veto():
    remit = answer({"service_date": date(2026, 3, 2)})
    row = claim_row(match(remit, one_claim()))
    assert (row["tier"], row["says"]) == (
        None,
        "its dates of service lie outside the claim of that number",
    )


def test_line_control_numbers_find_the_claim_whose_number_was_lost():
    row = claim_row(match(answer(claim="0"), one_claim()))
    assert (row["tier"], row["grade"], row["claim_offset"]) == ("T2", "certain", 100)
    assert "line control" in row["agreed"]


def test_a_bare_small_line_control_number_finds_no_claim():
    """A payer returns LX01 where no 6R was sent: 1 is no identity."""
    sent = one_claim()
    sent["claim_lines"] = sent["claim_lines"].with_columns(line_control=pl.lit("1"))
    row = claim_row(match(answer({"line_control": "1"}, claim="0"), sent))
    assert (row["tier"], row["says"]) == (None, "the payer returned no claim number")


def test_line_control_numbers_of_two_claims_find_neither():
    sent = claims(
        claims=[claim(100, "EAAA"), claim(200, "EBBB")],
        claim_lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    remit = remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EZZZ")],
        remit_lines=[
            remit_line(300, 400, line_control="LAAA001"),
            remit_line(300, 500, line_control="LBBB001"),
        ],
    )
    row = claim_row(match(remit, sent))
    assert (row["tier"], row["says"]) == (None, "no claim was sent under number EZZZ")


def test_number_of_one_claim_and_line_controls_of_another_clash():
    sent = claims(
        claims=[claim(100, "EAAA"), claim(200, "EBBB")],
        claim_lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001"),
        ],
    )
    row = claim_row(match(answer({"line_control": "LBBB001"}), sent))
    assert row["tier"] is None
    assert "line control numbers another" in row["says"]


def reused(second: dict[str, Any]) -> Tables:
    """A former system sent two claims under one number, without line control numbers."""
    return claims(
        claims=[claim(100, "OLD1"), claim(200, "OLD1", **second)],
        claim_lines=[
            claim_line(100, 150),
            claim_line(200, 250, service_date=second.get("statement_from", FEB2)),
        ],
    )


def test_a_reused_number_is_told_apart_by_charge_and_dates():
    sent = reused({"statement_from": FEB4, "statement_to": FEB4})
    remit = answer({"service_date": FEB4}, claim="OLD1")
    row = claim_row(match(remit, sent))
    assert (row["claim_offset"], row["tier"], row["grade"]) == (200, "T1", "certain")


def test_a_replacement_under_the_same_number_is_told_by_its_frequency():
    remit = answer({}, claim="OLD1", frequency="7")
    row = claim_row(match(remit, reused({"frequency": "7"})))
    assert (row["claim_offset"], row["grade"]) == (200, "strong")


def test_a_reused_number_that_nothing_tells_apart_is_unmatched():
    row = claim_row(match(answer({}, claim="OLD1"), reused({"frequency": "7"})))
    assert row["claim_offset"] is None
    assert row["says"] == "2 claims sent under that number agree alike"


def test_copies_sent_twice_are_answered_in_order():
    """The payer pays the first and denies the second as repeated (OA-18)."""
    remit = remits(
        payments=[payment()],
        remit_claims=[
            remit_claim(300, claim="OLD1", statement_from=FEB2),
            remit_claim(500, claim="OLD1", statement_from=FEB2, paid_cents=28500),
        ],
        adjustments=[adjustment(300, None, 350, group="OA", carc="18")],
    )
    matches = match(remit, reused({}))
    assert claim_row(matches, 500)["claim_offset"] == 100
    assert claim_row(matches, 300)["claim_offset"] == 200
    assert claim_row(matches, 300)["grade"] == "strong"


@pytest.mark.parametrize(("icn", "found"), [("ICN00002", 200), ("ICN00003", None)])
def test_the_reversal_of_a_copys_denial_is_told_by_the_payers_number(icn: str, found: int | None):
    """X12 RFI 1429: it repeats the adjustments of what it takes back, here OA-18."""
    head = {"claim": "OLD1", "statement_from": FEB2}
    remit = remits(
        payments=[payment()],
        remit_claims=[
            remit_claim(300, **head, paid_cents=28500, payer_claim_number="ICN00001"),
            remit_claim(500, **head, payer_claim_number="ICN00002"),
            remit_claim(700, **head, status="22", charge_cents=-35000, payer_claim_number=icn),
        ],
        adjustments=[
            adjustment(500, None, 550, group="OA", carc="18"),
            adjustment(700, None, 750, group="OA", carc="18", amount_cents=-35000),
        ],
    )
    matches = match(remit, reused({}))
    assert [claim_row(matches, one)["claim_offset"] for one in (300, 500, 700)] == [100, 200, found]


def test_parts_of_a_split_claim_agree_in_charge_together():
    """350.00 answered as 200.00 and 150.00."""
    remit = remits(
        payments=[payment()],
        remit_claims=[
            remit_claim(300, claim="EAAA", charge_cents=20000),
            remit_claim(500, claim="EAAA", charge_cents=15000),
        ],
    )
    matches = match(remit, one_claim())
    assert claim_row(matches, 300)["claim_offset"] == 100
    assert "charge" in claim_row(matches, 500)["agreed"]


def days(*lines: dict[str, Any]) -> Tables:
    """A claim of 700.00 over 2 and 4 February with these lines, numbered from 1."""
    return claims(
        claims=[claim(100, "EAAA", charge_cents=70000, statement_to=FEB4)],
        claim_lines=[
            claim_line(100, 150 + 10 * place, line=place + 1, **line)
            for place, line in enumerate(lines)
        ],
    )


def lines_answered(*lines: dict[str, Any]) -> Tables:
    return remits(
        payments=[payment()],
        remit_claims=[remit_claim(300, claim="EAAA", charge_cents=70000)],
        remit_lines=[remit_line(300, 400 + 10 * place, **line) for place, line in enumerate(lines)],
    )


def test_lines_without_6r_are_matched_by_their_day():
    matches = match(
        lines_answered({"service_date": FEB4}, {"service_date": FEB2}),
        days({"service_date": FEB2}, {"service_date": FEB4}),
    )
    assert (line_row(matches, 400)["line_offset"], line_row(matches, 400)["tier"]) == (160, "day")
    assert line_row(matches, 410)["line_offset"] == 150


def test_two_codes_of_one_day_are_told_apart_by_code():
    """A substance use and a psychiatric day of one date, on one claim."""
    psychiatric = {"procedure": "S9480", "revenue": "0905"}
    matches = match(lines_answered(psychiatric, {}), days({}, psychiatric))
    assert line_row(matches, 400)["line_offset"] == 160
    assert line_row(matches, 410)["line_offset"] == 150


def test_the_code_as_sent_counts_where_the_payer_changed_it():
    changed = {"procedure": "S9480", "original_procedure": "H0015", "revenue": None}
    row = line_row(match(lines_answered(changed), days({}, {"procedure": "S9480"})))
    assert (row["line_offset"], row["grade"]) == (150, "certain")


def test_equal_siblings_of_one_day_stay_ambiguous():
    matches = match(lines_answered({}, {}), days({}, {}))
    for offset in (400, 410):
        row = line_row(matches, offset)
        assert (row["tier"], row["line_offset"]) == (None, None)
        assert row["says"] == "ambiguous: lines of the claim that agree alike: 1, 2"


def test_a_line_without_day_among_equal_siblings_stays_ambiguous():
    matches = match(
        lines_answered({"service_date": None}), days({"service_date": FEB2}, {"service_date": FEB4})
    )
    assert line_row(matches)["tier"] is None


def test_the_day_alone_is_strong_not_certain():
    row = line_row(match(lines_answered({"charge_cents": 1000}), days({})))
    assert (row["tier"], row["grade"], row["disagreed"]) == ("day", "strong", ["charge"])


def test_6r_of_one_day_and_the_date_of_another_leave_the_line_open():
    """A payer that moved the days, or mixed the numbers up: nothing tells which."""
    contrary = {"line_control": "LAAA001", "service_date": FEB4}
    matches = match(
        lines_answered(contrary, {"service_date": FEB4}),
        days({"line_control": "LAAA001"}, {"line_control": "LAAA002", "service_date": FEB4}),
    )
    row = line_row(matches)
    assert (row["line_offset"], row["tier"]) == (None, None)
    assert row["says"] == "its line control number is that of a line of another day"
    beside = line_row(matches, 410)
    assert (beside["line_offset"], beside["tier"]) == (160, "day")


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        ((FEB3, FEB4), [None, None]),
        ((FEB3, FEB5), [160, None]),  # one day mistyped: the other one is its own
        ((FEB3,), [160]),
    ],
)
def test_days_that_are_all_moved_alike_tell_no_lines_apart(
    answered: tuple[date, ...], found: list[int | None]
):
    """Monday and Tuesday come back as Tuesday and Wednesday: Tuesday's answer is Monday's."""
    sent = days({"service_date": FEB2}, {"service_date": FEB3})
    matches = match(lines_answered(*({"service_date": day} for day in answered)), sent)
    assert matches.filter(pl.col("remit_line_offset").is_null())["tier"].to_list() == ["T1"]
    lines = [line_row(matches, 400 + 10 * place) for place in range(len(answered))]
    assert [line["line_offset"] for line in lines] == found
    said = lines[0]["says"] == "the days answered are those of the claim, all moved alike"
    assert said == (found == [None, None])


def test_parts_of_a_split_line_share_its_6r():
    part = {"line_control": "LAAA001", "charge_cents": 17500}
    matches = match(lines_answered(part, part), days({"line_control": "LAAA001"}))
    assert [line_row(matches, at)["line_offset"] for at in (400, 410)] == [150, 150]


def test_one_claim_line_never_goes_to_two_answers_without_6r():
    matches = match(lines_answered({}, {}), days({}))
    assert [line_row(matches, at)["line_offset"] for at in (400, 410)] == [None, None]


MIXED = [
    {"line_control": "LAAA001"},
    {"service_date": FEB4},
    {"service_date": FEB4, "procedure": "S9480", "revenue": "0905"},
    {"service_date": None},
    {"charge_cents": 100},
]


@settings(max_examples=settings.default.max_examples // 10)
@given(st.permutations(range(len(MIXED))))
def test_the_order_of_remit_lines_does_not_matter(order: list[int]):
    remit = lines_answered(*MIXED)
    sent = days(
        {"line_control": "LAAA001"},
        {"service_date": FEB4},
        {"service_date": FEB4, "procedure": "S9480", "revenue": "0905"},
        {},
    )
    shuffled = remit | {"remit_lines": remit["remit_lines"][order]}
    assert match(shuffled, sent).equals(match(remit, sent))


def test_nothing_sent_and_nothing_answered():
    assert match(remits(), claims()).is_empty()
    row = claim_row(match(answer(), claims()))
    assert row["says"] == "no claim was sent under number EAAA"


def test_tables_that_were_never_read_count_as_empty():
    assert match({}, {}).schema == MATCHES.schema
    assert match(answer(), {})["claim_offset"].null_count() == 2
