"""Paid against the contract, by hand: harbor's rates are 285.00 (H0015) and 310.00 (S9480)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl

from edi_iop.reconciler.underpaid import underpaid
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.rates import NONE
from edi_iop.tables import MATCHES, REMITS, SERVICE_LINES, TABLES

DAY = date(2026, 2, 3)
HARBOR = load("harbor", DAY)


def told(
    *lines: dict[str, Any],
    policy: Policy | None = HARBOR,
    status: str = "1",
    rates: pl.DataFrame = NONE,
    taken_back: int = 0,
) -> list[tuple[Any, ...]]:
    """lines: procedure, paid, and adjustments (group, carc, cents) of one claim on one day."""
    sent, svc, ties, cas = [], [], [], []
    for at, line in enumerate(lines, 1):
        code, revenue = line.get("code", ("H0015", "0906"))
        key = {"file_id": 2, "remit_claim_offset": 10, "remit_line_offset": 100 + at}
        sent.append({"file_id": 1, "claim_offset": 5, "line_offset": at, "claim": "C", "line": at,
                     "payer_id": "HARBR", "member_id": "M", "service_date": DAY, "procedure": code,
                     "revenue": revenue, "units": line.get("units", 1.0), "charge_cents": 40000, "standing": "paid",
                     "payer_responsibility": "P"} | line.get("sent", {}))  # fmt: skip
        svc.append({**key, "paid_cents": line["paid"]})
        ties.append({**key, "claim_file_id": 1, "claim_offset": 5, "line_offset": at})
        cas += [{**key, "byte_offset": 1000 * at + n, "position": 1, "group": g, "carc": c, "amount_cents": a}
                for n, (g, c, a) in enumerate(line.get("cas", ()))]  # fmt: skip
    head = {"file_id": 2, "payment_offset": 1, "payment_date": DAY, "trace_number": "T"}
    claim = {"file_id": 2, "payment_offset": 1, "remit_claim_offset": 10, "status": status,
             "paid_cents": sum(line["paid"] for line in lines)}  # fmt: skip
    remits = {name: TABLES[name].empty() for name in REMITS}
    for name, rows in (("payments", [head]), ("remit_claims", [claim]), ("remit_lines", svc), ("adjustments", cas)):  # fmt: skip
        if rows:
            remits[name] = TABLES[name].conform(pl.DataFrame(rows))
    found = underpaid(
        remits,
        MATCHES.conform(pl.DataFrame(ties)),
        SERVICE_LINES.conform(pl.DataFrame(sent)),
        lambda _payer, _day: policy,
        rates,
        pl.DataFrame({"claim_file_id": [1], "claim_offset": [5], "taken_back_cents": [taken_back]}),
    )
    return found.sort("line").select("line", "state", "contract_cents", "short_cents").rows()


def test_the_contract_to_the_cent() -> None:
    assert told({"paid": 28500}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 28499}) == [(1, "underpaid", 28500, 1)]
    assert told({"paid": 28501}) == [(1, "overpaid", 28500, -1)]


def test_the_patient_s_share_and_an_earlier_payer_s_are_part_of_the_contract() -> None:
    cas = [("PR", "2", 5000), ("OA", "23", 3500), ("CO", "45", 11500)]
    assert told({"paid": 20000, "cas": cas}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 0, "cas": [("PR", "1", 28500)]}) == [(1, "paid in full", 28500, 0)]


def test_no_rate_is_unknown_and_never_a_guess() -> None:
    assert told({"paid": 100}, policy=None) == [(1, "unknown", None, None)]
    assert told({"paid": 100, "code": ("H2000", None)}) == [(1, "unknown", None, None)]


def dated(since: date, cents: int) -> pl.DataFrame:
    row = {"procedure": "H0015", "rate_from": since, "rate_to": date.max, "unit_charge_cents": 40000,
           "contract_cents": cents}  # fmt: skip
    return pl.concat([NONE, pl.DataFrame([row])], how="diagonal_relaxed")


def test_a_dated_rate_of_the_facility_goes_before_the_policy_s() -> None:
    assert told({"paid": 28500}, rates=dated(DAY, 29000)) == [(1, "underpaid", 29000, 500)]
    assert told({"paid": 28500}, rates=dated(date(2026, 3, 1), 29000)) == [
        (1, "paid in full", 28500, 0)
    ]
    assert told({"paid": 100}, policy=None, rates=dated(DAY, 100)) == [(1, "paid in full", 100, 0)]


def test_units_beyond_what_a_day_pays_are_not_owed() -> None:
    assert told({"paid": 28500, "units": 2.0}) == [(1, "paid in full", 28500, 0)]


REFUSED = {"paid": 0, "code": ("S9480", "0905"), "cas": [("CO", "97", 40000)]}


def test_a_second_per_diem_a_payer_does_not_owe_is_no_underpayment() -> None:
    assert told({"paid": 28500}, REFUSED) == [(1, "paid in full", 28500, 0)]


def test_one_of_two_paid_where_the_payer_owes_both() -> None:
    two = msgspec.structs.replace(HARBOR, iop=msgspec.structs.replace(HARBOR.iop, units_per_day=2))
    assert told({"paid": 28500}, REFUSED, policy=two) == [
        (1, "paid in full", 28500, 0),
        (2, "one of two paid", 31000, 31000),
    ]


def test_what_law_alone_takes_off_is_no_underpayment() -> None:
    """Sequestration of 2 % (CARC 253): 285.00 less 5.70; a cent beyond it is short again."""
    law = [("CO", "45", 11500), ("CO", "253", 570)]
    assert told({"paid": 27930, "cas": law}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 27929, "cas": law}) == [(1, "underpaid", 28500, 571)]


def test_two_days_of_one_date_paid_are_told_since_the_payer_may_take_one_back() -> None:
    second = {"paid": 31000, "code": ("S9480", "0905")}
    assert told({"paid": 28500}, second) == [
        (1, "paid twice", 28500, 0),
        (2, "paid twice", 31000, 0),
    ]
    assert [row[1] for row in told({"paid": 28500}, second, REFUSED)] == ["paid twice"] * 2


def test_a_claim_and_its_replacement_or_its_secondary_claim_are_not_paid_twice() -> None:
    second = {"paid": 31000, "code": ("S9480", "0905")}
    for apart in ({"standing": "void"}, {"payer_responsibility": "S"}):
        states = [row[1] for row in told({"paid": 28500}, second | {"sent": apart})]
        assert states == ["paid in full"] * 2


def test_denials_alone_and_money_taken_back_are_not_here() -> None:
    assert told(REFUSED) == []
    assert told({"paid": -28500}, status="22") == []


def test_what_was_taken_back_is_not_received() -> None:
    """570.00 back is all of two days; 100.01 of them is 50.00 and 50.01."""
    next_day = {"service_date": DAY + timedelta(1)}
    two = ({"paid": 28500}, {"paid": 28500, "sent": next_day})
    assert told(*two, taken_back=57000) == [
        (1, "underpaid", 28500, 28500),
        (2, "underpaid", 28500, 28500),
    ]
    assert told(*two, taken_back=10001) == [
        (1, "underpaid", 28500, 5000),
        (2, "underpaid", 28500, 5001),
    ]
    one_date = told({"paid": 28500}, {"paid": 28500}, taken_back=57000)
    assert [state for _, state, *_ in one_date] == ["underpaid", "underpaid"]
    beside_denied = ({"paid": 28500}, {"paid": 0, "cas": [("PR", "1", 28500)], "sent": next_day})
    assert told(*beside_denied, taken_back=100)[1] == (2, "paid in full", 28500, 0)
