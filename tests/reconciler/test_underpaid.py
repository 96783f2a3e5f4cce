"""Paid against the contract, by hand: harbor's rates are 285.00 (H0015) and 310.00 (S9480)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import polars as pl

from edi_iop.reconciler import underpaid
from edi_iop.rules.policy import Policy, load
from edi_iop.rules.rates import NONE
from edi_iop.tables import MATCHES, OTHER_PAYER_LINES, REMITS, SERVICE_LINES, TABLES

DAY = date(2026, 2, 3)
HARBOR = load("harbor", DAY)


def compared(
    *lines: dict[str, Any],
    policy: Policy | None = HARBOR,
    status: str = "1",
    rates: pl.DataFrame = NONE,
    taken_back: int = 0,
    before: tuple[tuple[str, str, int], ...] = (),
    decided: tuple[int, ...] = (),
) -> pl.DataFrame:
    """lines: procedure, paid, and adjustments (group, carc, cents) of one claim on one day.

    before: adjustments of an answer to line 1 that paid nothing, a day earlier.
    decided: what an earlier payer paid of each line, as the claim says."""
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
    heads = [{"file_id": 2, "payment_offset": 1, "payment_date": DAY, "trace_number": "T"}]
    answers = [{"file_id": 2, "payment_offset": 1, "remit_claim_offset": 10, "status": status,
               "paid_cents": sum(line["paid"] for line in lines)}]  # fmt: skip
    if before:
        first = {"file_id": 3, "remit_claim_offset": 10, "remit_line_offset": 101}
        heads.append(heads[0] | {"file_id": 3, "payment_date": DAY - timedelta(1)})
        answers.append(answers[0] | {"file_id": 3, "paid_cents": 0})
        svc.append(first | {"paid_cents": 0})
        ties.append(ties[0] | first)
        cas += [first | {"byte_offset": n, "position": 1, "group": g, "carc": c, "amount_cents": a}
                for n, (g, c, a) in enumerate(before)]  # fmt: skip
    remits = {name: TABLES[name].empty() for name in REMITS}
    svd = [{"file_id": 1, "claim_offset": 5, "line_offset": at, "decision_offset": at, "paid_cents": paid}
           for at, paid in enumerate(decided, 1)]  # fmt: skip
    for name, rows in (("payments", heads), ("remit_claims", answers), ("remit_lines", svc), ("adjustments", cas)):  # fmt: skip
        if rows:
            remits[name] = TABLES[name].conform(pl.DataFrame(rows))
    rows = underpaid.compared(
        remits,
        MATCHES.conform(pl.DataFrame(ties)),
        SERVICE_LINES.conform(pl.DataFrame(sent)),
        lambda _payer, _day: policy,
        rates,
        pl.DataFrame({"claim_file_id": [1], "claim_offset": [5], "taken_back_cents": [taken_back]}),
        OTHER_PAYER_LINES.conform(pl.DataFrame(svd)) if svd else None,
    )
    return underpaid.stated(rows)


def told(*lines: dict[str, Any], **given: Any) -> list[tuple[Any, ...]]:
    found = compared(*lines, **given).sort("line")
    return found.select("line", "state", "contract_cents", "short_cents").rows()


def test_the_contract_to_the_cent() -> None:
    assert told({"paid": 28500}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 28499}) == [(1, "underpaid", 28500, 1)]
    assert told({"paid": 28501}) == [(1, "overpaid", 28500, -1)]


def test_the_patient_s_share_and_an_earlier_payer_s_are_part_of_the_contract() -> None:
    cas = [("PR", "2", 5000), ("OA", "23", 3500), ("CO", "45", 11500)]
    assert told({"paid": 20000, "cas": cas}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 0, "cas": [("PR", "1", 28500)]}) == [(1, "paid in full", 28500, 0)]


def test_what_others_give_counts_once_and_what_nobody_gives_does_not() -> None:
    """250.00 paid and 35.00 of another payer (23), which some payers put in the patient's group;
    an amount above the fee (45) is nobody's, whatever its group."""
    for group in ("OA", "CO", "PI", "PR"):
        assert told({"paid": 25000, "cas": [(group, "23", 3500)]}) == [
            (1, "paid in full", 28500, 0)
        ]
    for group in ("OA", "CO", "PI"):
        assert told({"paid": 25000, "cas": [(group, "45", 3500)]}) == [
            (1, "underpaid", 28500, 3500)
        ]


def test_what_an_earlier_payer_wrote_off_is_nobodys_money() -> None:
    """The first payer paid 200.00 and wrote 65.00 off; the second one says 265.00 of both (23).

    Its contract is 285.00: 85.00 are due. What it paid less is short where the claim says what
    the first one paid (SVD02), and cannot be told by 23 alone.
    """
    written_off = [("OA", "23", 26500), ("CO", "45", 5000)]
    for decided in ((), (20000,)):
        assert told({"paid": 8500, "cas": written_off}, decided=decided) == [
            (1, "paid in full", 28500, 0)
        ]
    assert told({"paid": 5000, "cas": written_off}, decided=(20000,)) == [
        (1, "underpaid", 28500, 3500)
    ]
    assert told({"paid": 28600, "cas": written_off}, decided=(20000,)) == [
        (1, "overpaid", 28500, -100)
    ]


def test_shares_of_an_earlier_answer_are_not_those_of_the_last() -> None:
    """Left to the patient whole at first (PR-1 285.00), then paid 200.00 with a share of 50.00."""
    last = {"paid": 20000, "cas": [("PR", "2", 5000)]}
    assert told(last, before=(("PR", "1", 28500),)) == [(1, "underpaid", 28500, 3500)]


def test_no_rate_is_unknown_and_never_a_guess() -> None:
    assert told({"paid": 100}, policy=None) == [(1, "unknown", None, None)]
    assert told({"paid": 100, "code": ("H2000", None)}) == [(1, "unknown", None, None)]


def dated(since: date, cents: int) -> pl.DataFrame:
    row = {"procedure": "H0015", "rate_from": since, "rate_to": date.max, "unit_charge_cents": 40000,
           "contract_cents": cents}  # fmt: skip
    return pl.concat([NONE, pl.DataFrame([row])], how="diagonal_relaxed")


def test_a_dated_rate_of_the_facility_goes_before_the_policy_s() -> None:
    assert told({"paid": 28500}, rates=dated(DAY, 29000)) == [(1, "underpaid", 29000, 500)]
    by = compared({"paid": 28500}, rates=dated(DAY, 29000))["policy"].item()
    assert by == "settings.toml, from 2026-02-03"
    assert compared({"paid": 28500})["policy"].item() == HARBOR.label
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
    # one beside the paid one makes the two; a third is not owed
    assert [row[:2] for row in told({"paid": 28500}, REFUSED, REFUSED, policy=two)] == [
        (1, "paid in full"),
        (2, "one of two paid"),
    ]
    assert told(REFUSED, REFUSED, policy=two) == []


def test_two_members_of_one_day_are_two_days() -> None:
    """So are two children's under one member id; of lines that name no member nobody knows whose
    they are."""
    two = msgspec.structs.replace(HARBOR, iop=msgspec.structs.replace(HARBOR.iop, units_per_day=2))
    children = ({"birth_date": date(2009, 1, 5)}, {"birth_date": date(2011, 4, 2)})
    others = ({"member_id": "N"}, {"member_id": "M"})
    for one, other in (children, others, ({"member_id": None},) * 2):
        first = {"paid": 28500, "sent": one}
        second = first | {"sent": other}
        assert [row[1] for row in told(first, second)] == ["paid in full"] * 2
        assert told(first, REFUSED | {"sent": other}, policy=two) == [(1, "paid in full", 28500, 0)]


MERIDIAN = load("meridian", DAY)


def test_hours_of_one_date_on_two_lines_are_each_owed() -> None:
    """78.50 an hour: three hours in the morning and two in the evening are 235.50 and 157.00."""
    morning, evening = {"paid": 23550, "units": 3.0}, {"paid": 15700, "units": 2.0}
    assert told(morning, evening, policy=MERIDIAN) == [
        (1, "paid in full", 23550, 0),
        (2, "paid in full", 15700, 0),
    ]
    many = msgspec.structs.replace(MERIDIAN.iop, units_per_day=9)
    nine = msgspec.structs.replace(MERIDIAN, iop=many)
    refused = {"paid": 0, "cas": [("CO", "97", 40000)]}
    assert told(morning, refused, policy=nine) == [(1, "paid in full", 23550, 0)]


def test_what_law_alone_takes_off_is_no_underpayment() -> None:
    """Sequestration of 2 % (CARC 253): 285.00 less 5.70; of what is short beyond it that alone is told."""
    law = [("CO", "45", 11500), ("CO", "253", 570)]
    assert told({"paid": 27930, "cas": law}) == [(1, "paid in full", 28500, 0)]
    assert told({"paid": 27929, "cas": law}) == [(1, "underpaid", 28500, 1)]
    assert told({"paid": 27940, "cas": law}) == [(1, "overpaid", 28500, -10)]


def test_no_law_takes_all_of_a_line() -> None:
    assert told({"paid": 0, "cas": [("CO", "253", 40000)]}) == [(1, "underpaid", 28500, 28500)]


def test_what_law_adds_is_no_overpayment() -> None:
    """An incentive of 5.00 (CARC 144 in a negative adjustment) beside the rate of 285.00."""
    assert told({"paid": 29000, "cas": [("CO", "45", 11500), ("CO", "144", -500)]}) == [
        (1, "paid in full", 28500, 0)
    ]


def test_two_days_of_one_date_paid_are_told_since_the_payer_may_take_one_back() -> None:
    second = {"paid": 31000, "code": ("S9480", "0905")}
    assert told({"paid": 28500}, second) == [
        (1, "paid twice", 28500, 0),
        (2, "paid twice", 31000, 0),
    ]
    assert [row[1] for row in told({"paid": 28500}, second, REFUSED)] == ["paid twice"] * 2
    two = msgspec.structs.replace(HARBOR, iop=msgspec.structs.replace(HARBOR.iop, units_per_day=2))
    assert [row[1] for row in told({"paid": 28500}, second, policy=two)] == ["paid in full"] * 2
    # a dollar back of each is not the day back
    assert [row[1] for row in told({"paid": 28500}, {"paid": 28500}, taken_back=200)] == [
        "paid twice",
        "paid twice",
    ]


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
