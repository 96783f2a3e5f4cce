"""What the contract says a line is worth, by hand. Harbor pays 285.00 for H0015 (0906) and 310.00 for
S9480 (0905), one a day; meridian 78.50 an hour of H0015."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import polars as pl
from denial_cases import FEB2, FEB3, POLICIES
from remit_rows import PAYDAY

from edi_iop.reconciler.expected import expected_cents, of_any_line
from edi_iop.reconciler.shortfall import beyond_agreed, judged
from edi_iop.rules.parameters import Pair
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.rates import NONE

LINE = {"denial": 0, "payer_id": "HARBR", "procedure": "H0015", "revenue": "0906",
        "service_date": FEB2, "units": 1.0}  # fmt: skip


def expected(
    *lines: dict[str, Any],
    policies: dict[str, Policy] | None = None,
    rates: pl.DataFrame | None = None,
) -> list[tuple[Any, ...]]:
    about = pl.DataFrame([LINE | line for line in lines], schema_overrides={"revenue": pl.String})
    found = expected_cents(about, POLICIES if policies is None else policies, rates)
    return found.sort("denial").select("expected_cents", "expected_source").rows()


BY_HARBOR = "policy harbor 2026.1"


def test_a_line_is_worth_the_rate_of_its_pair():
    assert expected({}) == [(28500, BY_HARBOR)]
    assert expected({"procedure": "S9480", "revenue": "0905"}) == [(31000, BY_HARBOR)]


def test_a_claim_denied_as_a_whole_is_worth_its_lines_together():
    days = ({}, {"service_date": FEB3, "procedure": "S9480", "revenue": "0905"})
    assert expected(*days) == [(59500, BY_HARBOR)]
    assert expected({}, {"procedure": "90853", "revenue": "0915"}) == [(None, None)]


def test_where_no_rate_is_known_nothing_is_guessed():
    assert expected({"procedure": "90853"}) == [(None, None)]
    assert expected({"payer_id": "OTHER"}) == [(None, None)]


def test_a_code_under_a_strange_revenue_code_is_worth_its_only_price():
    """Of two prices of one code nobody knows which it would be."""
    assert expected({"revenue": "0900"}) == [(28500, BY_HARBOR)]
    assert expected({"revenue": None}) == [(28500, BY_HARBOR)]
    harbor = POLICIES["HARBR"]
    second = Pair(procedure="H0015", revenue="0905", rate="300.00")
    pairs = msgspec.structs.replace(harbor.iop, pairs=(*harbor.iop.pairs, second))
    two = {"HARBR": msgspec.structs.replace(harbor, iop=pairs)}
    assert expected({"revenue": "0900"}, policies=two) == [(None, None)]
    assert expected({"revenue": "0905"}, policies=two) == [(30000, BY_HARBOR)]


def test_days_count_up_to_what_a_date_pays_and_hours_in_full():
    """Three hours of 78.50 are 235.50; two and a half 196.25; 0.667 52.3595, to the next cent."""
    assert expected({"units": 2.0}) == [(28500, BY_HARBOR)]
    for hours, cents in ((3.0, 23550), (2.5, 19625), (0.667, 5236)):
        (told,) = expected({"payer_id": "MERID", "units": hours})
        assert told == (cents, "policy meridian 2026.1"), hours


def test_half_a_cent_counts_as_one():
    """78.50 an hour: a quarter is 19.625, 1.01 hours are 79.285, 1.15 are 90.275."""
    for hours, cents in ((0.25, 1963), (1.01, 7929), (1.15, 9028)):
        assert expected({"payer_id": "MERID", "units": hours})[0][0] == cents, hours


def test_a_dated_rate_goes_before_the_policys():
    rate = {"procedure": "H0015", "rate_from": FEB3, "rate_to": date.max, "contract_cents": 29900}
    dated = pl.concat([NONE, pl.DataFrame([rate])], how="diagonal_relaxed")
    assert expected({}, rates=dated) == [(28500, BY_HARBOR)]
    assert expected({"service_date": FEB3}, rates=dated) == [(29900, "rate since 2026-02-03")]


# ---------------------------------------------------------------- a line of several

SENT = {"file_id": 1, "claim_offset": 100, "charge_cents": 35000, "payer_id": "HARBR",
        "procedure": "H0015", "revenue": "0906", "service_date": FEB2, "units": 1.0}  # fmt: skip


def any_line(*sent: dict[str, Any], **denied: Any) -> int | None:
    """The worth of a line of 350.00 that may be any of these lines of its claim."""
    row = {"denial": 0, "remit_line_offset": 400, "claim_file_id": 1, "claim_offset": 100,
           "line_offset": None, "charge_cents": 35000, "expected_cents": None,
           "expected_source": None} | denied  # fmt: skip
    names = ("line_offset", "remit_line_offset", "expected_cents")
    types = dict.fromkeys(names, pl.Int64) | {"expected_source": pl.String}
    lines = pl.DataFrame([SENT | line for line in sent])
    found = of_any_line(pl.DataFrame([row], schema_overrides=types), lines, POLICIES)
    cents = found["expected_cents"].item()
    return None if cents is None else int(cents)


def test_which_of_several_lines_it_is_does_not_matter_where_all_are_worth_the_same():
    assert any_line({}, {"service_date": FEB3}) == 28500
    other = {"procedure": "S9480", "revenue": "0905"}
    assert any_line({}, other) is None
    assert any_line({}, other | {"charge_cents": 40000}) == 28500


def test_what_is_known_of_a_line_or_of_a_whole_claim_is_not_asked_again():
    assert any_line({}, expected_cents=31000, expected_source="policy") == 31000
    assert any_line({}, remit_line_offset=None) is None
    assert any_line({}, line_offset=150) is None


# ---------------------------------------------------------------- paid below it

PAID = {"kind": "reduced", "received_cents": 27930, "expected_cents": 28500, "agreed_cents": 570}


def stays(**row: Any) -> bool:
    types = dict.fromkeys(("received_cents", "expected_cents", "agreed_cents"), pl.Int64)
    return beyond_agreed(pl.DataFrame([PAID | row], schema_overrides=types)).height == 1


def test_what_law_alone_takes_off_is_no_shortfall_and_a_cent_beyond_it_is():
    """Two percent of 285.00 are 5.70 (CARC 253)."""
    assert not stays()
    assert stays(received_cents=27929)
    assert stays(agreed_cents=None)
    assert stays(received_cents=0, agreed_cents=28500)
    assert stays(kind="denied")
    assert stays(kind="denied in part")


def test_a_line_paid_short_is_disputed_with_the_rate_as_proof():
    row = PAID | {"received_cents": 24430, "expected_source": BY_HARBOR, "payer": "HARBR",
                  "procedure": "H0015", "claim": "EAAA", "line": 1}  # fmt: skip
    told = judged(pl.DataFrame([row]), pl.lit("CO-45")).row(0, named=True)
    assert (told["verdict"], told["rule"], told["refuted_remedy"]) == (
        "refuted",
        "CON-01",
        "contract_dispute",
    )
    assert told["says"] == (
        "CO-45: 250.00 allowed of the 285.00 that the contract pays (policy harbor 2026.1)."
    )
    assert told["evidence"] == ["claim:EAAA line 1", f"contract:HARBR H0015 {BY_HARBOR}"]


def test_the_policy_of_the_payer_is_the_one_that_counts():
    summit = {"HARBR": load("summit", PAYDAY)}
    assert expected({}, policies=summit) == [(24000, "policy summit 2026.1")]
