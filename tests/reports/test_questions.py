"""Questions to a store: payments and claims."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from edi_iop.reconciler.reconcile import reconcile
from edi_iop.reports import questions
from edi_iop.reports.screen import to_screen
from edi_iop.store import Store
from edi_iop.tables import LEDGER, REMITS, TABLES


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "iop.db") as store:
        for file_id, kind, status in ((1, "837I", "applied"), (2, "835", "held")):
            store.add_file(
                file_id=file_id,
                sha256=str(file_id),
                direction="in",
                kind=kind,
                status=status,
                size=1,
                name=f"{kind} of Jane Doe.edi",
                run="r1",
                received_on=date(2026, 3, 2),
                transactions=1,
                archived=True,
            )
        yield store


def save(store: Store, name: str, *rows: dict[str, object]) -> None:
    store.save({name: TABLES[name].conform(pl.DataFrame(rows, infer_schema_length=None))})


def settle(store: Store) -> None:
    """The ledger of what the store holds."""
    remits = {name: store.load(name) for name in REMITS}
    sent = {name: store.load(name) for name in ("claims", "claim_lines")}
    made = reconcile(remits, sent).ledger
    for name, table in zip(
        LEDGER,
        (made.payments, made.postings, made.provider_postings, made.accounts),
        strict=True,
    ):
        store.replace(name, table)


def a_payment(store: Store, amount_cents: int = 12000) -> None:
    """Two claims, 100.00 and 50.00, less 30.00 taken back: 120.00."""
    save(
        store,
        "payments",
        {
            "file_id": 2,
            "payment_offset": 10,
            "transaction_control": "0001",
            "amount_cents": amount_cents,
            "trace_number": "T1",
            "payment_date": date(2026, 3, 1),
            "payer_name": "Harbor",
        },
    )
    for offset, cents in ((20, 10000), (30, 5000)):
        save(
            store,
            "remit_claims",
            {
                "file_id": 2,
                "payment_offset": 10,
                "remit_claim_offset": offset,
                "claim": f"C{offset}",
                "status": "1",
                "charge_cents": cents,
                "paid_cents": cents,
                "patient_cents": 0,
            },
        )
    save(
        store,
        "provider_adjustments",
        {
            "file_id": 2,
            "payment_offset": 10,
            "byte_offset": 90,
            "position": 1,
            "amount_cents": 3000,
        },
    )
    store.replace(
        "matches",
        TABLES["matches"].conform(
            pl.DataFrame(
                [
                    {
                        "file_id": 2,
                        "remit_claim_offset": 20,
                        "claim_file_id": 1,
                        "claim_offset": 500,
                        "tier": "T1",
                    },
                    {"file_id": 2, "remit_claim_offset": 30},
                ]
            )
        ),
    )
    settle(store)


def test_a_payment_has_its_claims_matches_and_take_backs(store: Store) -> None:
    a_payment(store)
    sheet = questions.REPORTS["payments"](store)
    (row,) = sheet.rows.to_dicts()
    assert sheet.closing == (
        "1 payment, $120.00 = posted $150.00 - provider adjustments $30.00 + held $0.00"
    )
    assert (row["claims"], row["matched"]) == (2, 1)
    assert (row["claims_paid_cents"], row["provider_adjustment_cents"]) == (15000, 3000)
    assert (row["amount_cents"], row["balanced"], row["standing"]) == (12000, True, "posted")


def test_a_payment_that_does_not_add_up(store: Store) -> None:
    a_payment(store, amount_cents=11000)
    (row,) = questions.REPORTS["payments"](store).rows.to_dicts()
    assert (row["balanced"], row["standing"], row["held_cents"]) == (False, "held", 11000)
    (waits,) = questions.REPORTS["held"](store).rows.to_dicts()
    assert (waits["what"], waits["reference"]) == ("payment", "2:10")


def test_a_claim_has_the_latest_answer_and_all_that_was_paid(store: Store) -> None:
    a_payment(store)
    claim = {"file_id": 1, "transaction_offset": 100, "form": "I", "payer_id": "HARBR"}
    dates = {"statement_from": date(2026, 1, 5), "statement_to": date(2026, 1, 9)}
    for offset, name in ((500, "C20"), (600, "C99")):
        row = {"claim_offset": offset, "claim": name, "charge_cents": 10000}
        save(store, "claims", {**claim, **dates, **row})
    assert questions.claims(store).rows["answers"].to_list() == [0, 0], "not posted yet"
    settle(store)
    sheet = questions.claims(store)
    rows = {row["claim"]: row for row in sheet.rows.to_dicts()}
    assert (rows["C20"]["answers"], rows["C20"]["paid_cents"]) == (1, 10000)
    assert (rows["C99"]["answers"], rows["C99"]["paid_cents"]) == (0, None)
    assert sheet.closing == "2 claims, $200.00 charged; 1 answered, $100.00 paid"


def test_the_names_of_files_are_personal_data(store: Store) -> None:
    sheet = questions.files(store)
    assert "Jane" in to_screen(sheet)
    assert "Jane" not in to_screen(sheet.masked())
    assert sheet.masked().rows["name"].to_list() == ["***", "***"]


def answered(store: Store, *events: tuple[str, str, str, int]) -> tuple[dict[str, object], str]:
    """Claim C20 as `report claims` has it, and its answer in words; events: event, standing, status, paid."""
    save(store, "claims", {"file_id": 1, "claim_offset": 50, "claim": "C20", "charge_cents": 10000})
    key = {"file_id": 2, "payment_offset": 10, "claim_file_id": 1, "claim_offset": 50}
    save(store, "postings", *(
        key | {"remit_claim_offset": 20 + at, "event": event, "standing": standing, "status": status,
               "paid_cents": paid, "sequence": at, "effective_on": date(2026, 3, 1 + at)}
        for at, (event, standing, status, paid) in enumerate(events)
    ))  # fmt: skip
    sheet = questions.claims(store)
    assert sheet.people is not None
    return sheet.rows.row(0, named=True), str(sheet.people["answer"][0])


def test_a_claim_whose_answer_is_held_does_not_wait_for_one(store: Store) -> None:
    row, said = answered(store, ("payment", "held", "1", 10000))
    assert (row["answers"], row["held_answers"], said) == (0, 1, "held")
    assert questions.claims(store).closing.endswith("; the answers to 1 are held: report held")


def test_a_paid_claim_stays_so_after_an_answer_that_it_was_answered_before(store: Store) -> None:
    """Paid 100.00, then sent again and denied as a duplicate (CARC 18)."""
    row, said = answered(
        store, ("payment", "posted", "1", 10000), ("answered before", "posted", "4", 0)
    )
    assert (row["answers"], row["status"]) == (2, "1")
    assert said == "processed as first payer"


def test_a_claim_stays_paid_where_the_reversal_came_after_its_correction(store: Store) -> None:
    """The correction is what stands (current); the reversal of the first payment came later."""
    save(store, "claims", {"file_id": 1, "claim_offset": 50, "claim": "C20", "charge_cents": 10000})
    key = {
        "file_id": 2,
        "payment_offset": 10,
        "claim_file_id": 1,
        "claim_offset": 50,
        "standing": "posted",
    }
    events = (("payment", "1", False), ("correction", "1", True), ("reversal", "22", False))
    save(store, "postings", *(
        key | {"remit_claim_offset": 20 + at, "event": event, "status": status, "current": current,
               "sequence": at, "effective_on": date(2026, 3, 1 + at)}
        for at, (event, status, current) in enumerate(events)
    ))  # fmt: skip
    people = questions.claims(store).people
    assert people is not None
    assert people["answer"].to_list() == ["processed as first payer"]


def test_the_total_of_payments_leaves_out_those_without_effect(store: Store) -> None:
    a_payment(store)
    again = store.load("payments").with_columns(payment_offset=pl.lit(110, pl.Int64))
    save(store, "payments", again.row(0, named=True))
    for claim in store.load("remit_claims").to_dicts():
        moved = {"payment_offset": 110, "remit_claim_offset": claim["remit_claim_offset"] + 100}
        save(store, "remit_claims", claim | moved)
    (plb,) = store.load("provider_adjustments").to_dicts()
    save(store, "provider_adjustments", plb | {"payment_offset": 110, "byte_offset": 190})
    settle(store)
    sheet = questions.REPORTS["payments"](store)
    assert sheet.rows["standing"].to_list() == ["posted", "duplicate"]
    assert sheet.summed is not None
    sums = [int(sheet.rows[name].sum()) for name in sheet.summed]
    assert sums == [12000, 15000, 3000, 0], "amount = posted - provider adjustments + held"
