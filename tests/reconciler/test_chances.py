"""The chance of a denial out of what became of earlier ones, and the order of work that follows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from denial_cases import CLIENT, FEB2, FEB3, Case, denial, only, together
from remit_rows import PAYDAY, claim, claim_line, payment, remit_claim, remit_line, remits

from edi_iop.reconciler.chances import history, ranking, refusals, with_chance
from edi_iop.reconciler.lists import listed
from edi_iop.reconciler.priority import prioritized, recoverable

KNOWN = pl.DataFrame(
    {
        "payer": ["H", "M", "H"],
        "carc": ["197", "197", "29"],
        "won": [3, 1, 0],
        "settled": [4, 6, 10],
    }
)


def chance(payer: str, carc: str | None, known: pl.DataFrame = KNOWN) -> dict[str, Any]:
    rows = pl.DataFrame(
        {"payer": [payer], "carc": [carc]}, schema=dict.fromkeys(("payer", "carc"), pl.String)
    )
    return only(with_chance(rows, known))


def test_the_numbers_of_the_ranking_are_there():
    """The hand calculations below rest on them."""
    names = dict(listed("ranking").select("name", "value").iter_rows())
    assert (names["prior_won"], names["prior_lost"]) == ("5", "5")
    assert (names["reason_weight"], names["payer_weight"]) == ("10", "10")
    assert listed("ranking")["source"].null_count() == 0
    assert ranking("far_weight") == 0.5


@pytest.mark.parametrize(
    ("payer", "carc", "expected", "n"),
    [
        # in all (5 + 4) / (10 + 20) = 0.3; reason (10 x 0.3 + 4) / 20 = 0.35; payer (3.5 + 3) / 14
        ("H", "197", 0.46, 4),
        ("M", "197", 0.28, 6),  # (3.5 + 1) / 16
        ("X", "197", 0.35, 0),
        ("H", "29", 0.075, 10),  # reason (3 + 0) / 20 = 0.15; payer 1.5 / 20 = 0.075
        ("H", "50", 0.3, 0),
        ("H", None, 0.3, 0),
    ],
)
def test_the_estimate_is_shrunken_twice(payer, carc, expected, n):
    row = chance(payer, carc)
    assert (row["chance"], row["chance_n"]) == (pytest.approx(expected, abs=0.006), n)


def test_it_says_what_it_rests_on():
    assert chance("H", "197")["chance_basis"] == (
        "paid later: 3 of 4 of this payer and reason, 4 of 10 of this reason, 4 of 20 in all"
    )


def test_without_history_the_prior_stands():
    row = chance("H", "197", KNOWN.clear())
    assert (row["chance"], row["chance_n"]) == (0.5, 0)
    assert row["chance_basis"] == "no denial was decided yet"


# ---------------------------------------------------------------- history


def later(file_id: int, paid_cents: int, on: date, number: str = "EAAA", control: str = "LAAA001"):
    """Another answer to a claim, in a file of its own."""
    return remits(
        payments=[payment(file_id=file_id, payment_date=on, trace_number=f"T{file_id}")],
        remit_claims=[remit_claim(300, claim=number, paid_cents=paid_cents, file_id=file_id)],
        remit_lines=[
            remit_line(300, 400, line_control=control, paid_cents=paid_cents, file_id=file_id)
        ],
    )


def two_dates() -> Case:
    """Claim EAAA of 2 February and claim EBBB of 3 February, both unauthorized for all we know."""
    return Case(
        heads=[claim(100, "EAAA"), claim(200, "EBBB", statement_from=FEB3, statement_to=FEB3)],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001", service_date=FEB3),
        ],
    )


def other_denied(on: date) -> dict[str, pl.DataFrame]:
    """Claim EBBB denied CO-197 in file 11."""
    first = denial("197", "M62", line={"line_control": "LBBB001", "service_date": FEB3})
    moved = {name: rows.with_columns(file_id=pl.lit(11, pl.Int64)) for name, rows in first.items()}
    moved["remit_claims"] = moved["remit_claims"].with_columns(claim=pl.lit("EBBB"))
    moved["payments"] = moved["payments"].with_columns(payment_date=pl.lit(on))
    return moved


def of_open(found: pl.DataFrame, number: str) -> dict[str, Any]:
    return only(found.filter(pl.col("claim") == number))


def test_a_denial_paid_later_counts_as_won():
    """EAAA was denied 197 and paid on 1 April; EBBB is open: chance (10 x (10 x 6/11 + 1)/11 + 1)/11."""
    told = together(
        denial("197", "M62"), later(10, 28500, date(2026, 4, 1)), other_denied(date(2026, 3, 11))
    )
    row = of_open(two_dates().verdicts(told), "EBBB")
    reason = (10 * 6 / 11 + 1) / 11
    assert row["chance_n"] == 1
    assert row["chance"] == pytest.approx((10 * reason + 1) / 11, abs=0.006)
    assert row["chance_basis"].startswith("paid later: 1 of 1 of this payer and reason")


def test_one_paid_under_the_claim_in_its_place_counts_as_won():
    """The replacement of EAAA (REF F8) was paid: the day was, whatever its claim."""
    case = Case(
        heads=[
            claim(100, "EAAA"),
            claim(200, "EBBB", statement_from=FEB3, statement_to=FEB3),
            claim(300, "ECCC", frequency="7", payer_claim_number="P77", file_id=2),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001", service_date=FEB3),
            claim_line(300, 350, line_control="LCCC001", file_id=2),
        ],
    )
    told = together(
        denial("197", "M62"),
        later(10, 28500, date(2026, 4, 1), "ECCC", "LCCC001"),
        other_denied(date(2026, 3, 11)),
    )
    assert of_open(case.verdicts(told), "EBBB")["chance_n"] == 1


def test_an_open_denial_is_not_counted_and_an_old_one_is_lost():
    fresh = of_open(
        two_dates().verdicts(together(denial("197", "M62"), other_denied(date(2026, 3, 11)))),
        "EBBB",
    )
    assert (fresh["chance_n"], fresh["chance"]) == (0, 0.5)
    long_ago = date(2026, 3, 15) - timedelta(days=180)
    old = denial("197", "M62", paid={"payment_date": long_ago})
    row = of_open(two_dates().verdicts(together(old, other_denied(date(2026, 3, 11)))), "EBBB")
    assert row["chance_n"] == 1
    assert row["chance"] < 0.5


def test_a_denial_denied_again_is_lost():
    again = {
        name: rows.with_columns(file_id=pl.lit(12, pl.Int64))
        for name, rows in denial("197", "M62", paid={"payment_date": date(2026, 3, 14)}).items()
    }
    told = together(denial("197", "M62"), again, other_denied(date(2026, 3, 11)))
    row = of_open(two_dates().verdicts(told), "EBBB")
    assert row["chance_basis"].startswith("paid later: 0 of 1 of this payer")


APRIL1 = date(2026, 4, 1)
SENT = {"claim_file_id": 1, "file_id": 1, "claim_offset": 100, "payer_id": "HARBR", "client_id": "C1",
        "member_id": "M1", "birth_date": None, "service_date": FEB2, "procedure": "H0015"}  # fmt: skip


def became(
    lines: list[dict[str, Any]], refused: list[dict[str, Any]], paid: list[dict[str, Any]]
) -> list[tuple[bool, bool]]:
    """Won and again of each answer that refused lines: of harbor, for CO-197, on 10 March."""
    about = [SENT | lines[one["line"]] | {"denial": at, "line_offset": one["line"]}
             for at, one in enumerate(refused)]  # fmt: skip
    told = [{"denial": at, "file_id": 9, "remit_claim_offset": 300, "payment_date": PAYDAY,
             "payer": "HARBR", "carc": "197"} | one for at, one in enumerate(refused)]  # fmt: skip
    last = [{"claim_file_id": 1, "line_offset": one["line"], "reversal": False, "paid_cents": 28500,
             "payment_date": APRIL1} | one for one in paid]  # fmt: skip
    sent = [SENT | line | {"line_offset": at} for at, line in enumerate(lines)]
    found = refusals(
        pl.DataFrame(told).drop("line"),
        pl.DataFrame(about),
        pl.DataFrame(last, schema={**dict.fromkeys(("claim_file_id", "line_offset"), pl.Int64),
            "reversal": pl.Boolean, "paid_cents": pl.Int64, "payment_date": pl.Date}),
        pl.DataFrame(sent),
    )  # fmt: skip
    return found.sort("file_id").select("won", "again").rows()


@pytest.mark.parametrize(
    ("answer", "won"),
    [
        ({}, True),
        ({"payment_date": date(2026, 3, 11)}, True),
        # paid on the day it was denied, or before: that answer is no fruit of working the denial
        ({"payment_date": PAYDAY}, False),
        ({"payment_date": date(2026, 3, 9)}, False),
        ({"paid_cents": 0}, False),
        ({"reversal": True}, False),
    ],
)
def test_won_is_what_was_paid_after_the_denial(answer: dict[str, Any], won: bool):
    assert became([{}], [{"line": 0}], [{"line": 0} | answer]) == [(won, False)]


@pytest.mark.parametrize(
    ("other", "won"),
    [
        ({"claim_offset": 200}, True),  # a claim in its place
        ({"procedure": "S9480"}, False),
        ({"payer_id": "MERID"}, False),
        ({"service_date": FEB3}, False),
        ({"client_id": "C2"}, False),
    ],
)
def test_the_same_service_on_any_claim_is_paid_and_no_other(other: dict[str, Any], won: bool):
    assert became([{}, other], [{"line": 0}], [{"line": 1}]) == [(won, False)]


def test_of_a_service_paid_twice_the_last_time_counts():
    paid = [{"line": 0}, {"line": 1, "payment_date": date(2026, 3, 9)}]
    assert became([{}, {"claim_offset": 200}], [{"line": 0}], paid) == [(True, False)]


def test_an_answer_to_two_days_of_which_one_was_paid_is_won_once():
    days = [{}, {"service_date": FEB3}]
    assert became(days, [{"line": 0}, {"line": 1}], [{"line": 1}]) == [(True, False)]


def test_the_first_of_two_refusals_was_in_vain_and_the_second_is_open():
    twice = [{"line": 0}, {"line": 0, "file_id": 12, "payment_date": APRIL1}]
    assert became([{}], twice, []) == [(False, True), (False, False)]
    same_day = [{"line": 0}, {"line": 0, "file_id": 12}]
    assert became([{}], same_day, []) == [(False, False), (False, False)]


def test_of_lines_without_a_member_none_is_the_same_service_as_another():
    nobody = {"client_id": None, "member_id": None}
    twice = [{"line": 0}, {"line": 1, "file_id": 12, "payment_date": APRIL1}]
    assert became([nobody, nobody], twice, []) == [(False, False), (False, False)]


def decided(**of: Any) -> tuple[Any, ...] | None:
    """won and settled, on 6 September, of one refusal of 10 March: 180 days."""
    row = {"payer": "H", "carc": "197", "payment_date": PAYDAY, "won": False, "again": False} | of
    found = history(
        pl.DataFrame([row], schema_overrides={"payment_date": pl.Date}), date(2026, 9, 6)
    )
    return found.row(0)[2:] if found.height else None


def test_a_refusal_is_settled_when_won_when_refused_again_and_after_180_days():
    assert decided() == (0, 1)
    young = date(2026, 3, 11)
    assert decided(payment_date=young) is None
    assert decided(payment_date=None) is None
    assert decided(payment_date=young, won=True) == (1, 1)
    assert decided(payment_date=young, again=True) == (0, 1)
    assert decided(won=True, again=True) == (1, 1)


# ---------------------------------------------------------------- priority


def ranked(**values: Any) -> dict[str, Any]:
    row = {
        "kind": "denied",
        "expected_cents": 28500,
        "received_cents": 0,
        "agreed_cents": 0,
        "disposition": "appeal",
        "verdict": "refuted",
        "rule": "AUTH-01",
        "rule_remedy": "retro_auth",
        "surplus": None,
        "to_keep": None,
        "beside_stands": None,
        "beside_cents": None,
        "chance": 0.5,
        "deadline": date(2026, 3, 20),
        "deadline_source": "appeal clock",
    }
    schema = {
        "kind": pl.String, "expected_cents": pl.Int64, "received_cents": pl.Int64,
        "agreed_cents": pl.Int64, "disposition": pl.String,
        "verdict": pl.String, "rule": pl.String, "rule_remedy": pl.String, "surplus": pl.String,
        "to_keep": pl.Boolean, "beside_stands": pl.String, "beside_cents": pl.Int64, "chance": pl.Float64, "deadline": pl.Date,
        "deadline_source": pl.String,
    }  # fmt: skip
    told = pl.DataFrame([row | values], schema=schema)
    worth = told.with_columns(recoverable_cents=recoverable())
    found = only(prioritized(worth, date(2026, 3, 15)))
    return {name: found[name] for name in ("recoverable_cents", "priority")}


def test_what_closes_soon_counts_whole_and_what_has_time_half():
    """285.00 x 0.5: 142.50 within 14 days, half of that from 180 days on, 3/4 in the middle."""
    assert ranked()["priority"] == 14250
    assert ranked(deadline=date(2026, 3, 29))["priority"] == 14250
    assert ranked(deadline=date(2026, 3, 15))["priority"] == 14250
    assert ranked(deadline=date(2026, 3, 15) + timedelta(days=97))["priority"] == 10688
    assert ranked(deadline=date(2026, 12, 31))["priority"] == 7125


def test_a_window_that_is_closed_is_worth_little_and_one_nobody_set_is_urgent():
    assert ranked(deadline=date(2026, 3, 14))["priority"] == 712
    assert ranked(deadline=None, deadline_source="unknown: set it")["priority"] == 14250
    assert ranked(deadline=None, deadline_source="none needed")["priority"] == 7125


def test_the_contract_rate_counts_less_what_was_received():
    assert ranked(received_cents=25000) == {"recoverable_cents": 3500, "priority": 1750}
    assert ranked(expected_cents=None) == {"recoverable_cents": None, "priority": None}


@pytest.mark.parametrize("disposition", ["write off", "nothing", "bill patient"])
def test_what_the_payer_will_not_pay_recovers_nothing(disposition):
    assert ranked(disposition=disposition)["recoverable_cents"] == 0


def test_a_surplus_day_recovers_nothing_and_another_payers_debt_is_unknown():
    rebill = {"verdict": "confirmed", "rule": "DUP-01", "disposition": "correct and rebill"}
    assert ranked(**rebill, surplus="two of one date")["recoverable_cents"] == 0
    paid = {**rebill, "beside_stands": "paid"}
    assert ranked(**paid, beside_cents=31000)["recoverable_cents"] == 0
    assert ranked(**paid, beside_cents=20000)["recoverable_cents"] == 8500
    void = {**paid, "rule_remedy": "void_8"}
    assert ranked(**void, beside_cents=20000)["recoverable_cents"] == 8500
    assert ranked(disposition="bill next payer")["recoverable_cents"] is None


def test_what_the_services_of_a_short_day_are_paid_no_rate_of_the_day_tells():
    rebill = {"verdict": "confirmed", "rule": "DUR-01", "disposition": "correct and rebill"}
    assert ranked(**rebill)["recoverable_cents"] is None
    assert ranked(**(rebill | {"verdict": "refuted"}))["recoverable_cents"] == 28500


def test_two_days_on_which_the_payer_pays_by_the_hour_are_each_worth_their_own():
    """Only where a duplicate is confirmed does what was paid for the other day count against it."""
    paid = {"beside_stands": "paid", "beside_cents": 20000}
    assert ranked(verdict="confirmed", rule="DX-01", **paid)["recoverable_cents"] == 28500
    assert ranked(verdict="unknown", rule="DUP-01", **paid)["recoverable_cents"] == 28500


def test_where_both_days_are_denied_the_one_to_keep_recovers_and_the_other_does_not():
    assert ranked(rule="DUP-01", to_keep=True, beside_stands="denied")["recoverable_cents"] == 28500
    rebill = {"verdict": "confirmed", "rule": "DUP-01", "disposition": "correct and rebill"}
    assert ranked(**rebill, beside_stands="denied")["recoverable_cents"] == 0
    assert ranked(**rebill, beside_stands="taken back")["recoverable_cents"] == 0
    back = {"rule": "DUP-01", "surplus": "two of one date", "beside_stands": "taken back"}
    assert ranked(**back, to_keep=True)["recoverable_cents"] == 28500
    assert ranked(**back)["recoverable_cents"] == 0


def test_a_day_to_be_voided_recovers_nothing():
    level = {"verdict": "confirmed", "rule": "LOC-01", "rule_remedy": "void_8"}
    assert ranked(**level, disposition="correct and rebill")["recoverable_cents"] == 0
    unknown = level | {"verdict": "unknown"}
    assert ranked(**unknown, disposition="appeal")["recoverable_cents"] == 28500


def test_a_day_under_a_wrong_revenue_code_is_worth_its_procedure():
    case = Case(lines=[claim_line(100, 150, revenue="0900", line_control="LAAA001")])
    row = only(case.verdicts(denial("199", "M50", line={"revenue": "0900"})))
    assert (row["rule"], row["expected_cents"]) == ("REV-01", 28500)


def test_a_deadline_that_is_over_is_said_before_the_step():
    """Appeal within 180 days of 1 August 2025: over on 15 March 2026."""
    row = only(Case().verdicts(denial("197", "M62", paid={"payment_date": date(2025, 8, 1)})))
    assert row["deadline"] == date(2026, 1, 28)
    assert row["next_step"].startswith(
        "The time for it ended on 2026-01-28 (appeal clock of harbor"
    )
    assert row["priority"] == round(28500 * row["chance"] * 0.05)


def test_another_payer_of_the_same_client_is_told_apart():
    """A denial of meridian teaches nothing of harbor's, but of the reason."""
    case = Case(
        clients=[CLIENT, CLIENT | {"payer_id": "MERID", "row": 3}],
        heads=[
            claim(100, "EAAA"),
            claim(200, "EBBB", payer_id="MERID", statement_from=FEB3, statement_to=FEB3),
        ],
        lines=[
            claim_line(100, 150, line_control="LAAA001"),
            claim_line(200, 250, line_control="LBBB001", service_date=FEB3),
        ],
    )
    told = together(
        denial("29"), later(10, 28500, date(2026, 4, 1)), other_denied(date(2026, 3, 11))
    )
    row = of_open(case.verdicts(told), "EBBB")
    assert row["payer"] == "MERID"
    assert row["chance_basis"] == (
        "paid later: 0 of 0 of this payer and reason, 0 of 0 of this reason, 1 of 1 in all"
    )
    assert FEB2 < FEB3
