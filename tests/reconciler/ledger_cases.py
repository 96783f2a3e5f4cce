"""Payments made by hand, folded into the ledger: what the tests of the ledger share."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from remit_rows import claim, claim_line, claims, payment, remits

from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.tables import DECISIONS

Row = dict[str, Any]
Tables = dict[str, pl.DataFrame]
MARCH = [date(2026, 3, day) for day in range(1, 31)]
FEB2 = date(2026, 2, 2)


def answer(paid: int, charge: int = 35000, status: str = "1", **values: Any) -> Row:
    """A remit claim of one day: what is not paid is by contract, unless `patient` says otherwise.

    Keys that no table has: patient (cents of group PR), days (dates of its lines, the
    amounts on the first), reason (CARC of what is not paid).
    """
    return {"claim": "EAAA", "payer_claim_number": "ICN0001"} | values | {
        "paid_cents": paid, "charge_cents": charge, "status": status,
    }  # fmt: skip


def file(
    number: int, trace: str | None, day: int, *answers: Row, plb: Any = (), **values: Any
) -> Tables:
    """One file of one payment that balances: its amount is what its claims and PLB make."""
    heads, lines, cas, beside = [], [], [], []
    for place, given_answer in enumerate(answers):
        one = dict(given_answer)
        offset = 300 + 1000 * place
        patient, days = one.pop("patient", 0), one.pop("days", (FEB2,))
        reason = one.pop("reason", "45")
        heads.append({"file_id": number, "payment_offset": 200, "remit_claim_offset": offset} | one)
        left = one["charge_cents"] - one["paid_cents"] - patient
        for at, service_date in enumerate(days):
            first = at == 0
            key = {
                "file_id": number,
                "remit_claim_offset": offset,
                "remit_line_offset": offset + 10 + at,
            }
            lines.append(
                key
                | {
                    "position": at + 1,
                    "qualifier": "HC",
                    "procedure": "H0015",
                    "revenue": "0906",
                    "units": 1.0,
                    "service_date": service_date,
                    "charge_cents": one["charge_cents"] if first else 0,
                    "paid_cents": one["paid_cents"] if first else 0,
                }
            )
            if not first:
                continue
            groups = (("CO", left, reason), ("PR", patient, "1"))
            cas += [
                key
                | {
                    "byte_offset": offset + 100 + byte,
                    "position": 1,
                    "group": group,
                    "carc": carc,
                    "amount_cents": cents,
                }
                for byte, (group, cents, carc) in enumerate(groups)
                if cents
            ]
    for position, (reason, reference, cents) in enumerate(plb, start=1):
        beside.append(
            {
                "file_id": number,
                "payment_offset": 200,
                "byte_offset": 9000,
                "position": position,
                "provider_id": "1234567893",
                "reason": reason,
                "reference": reference,
                "amount_cents": cents,
            }
        )
    due = sum(one["paid_cents"] for one in answers) - sum(cents for *_, cents in plb)
    head = {
        "file_id": number,
        "trace_number": trace,
        "payment_date": MARCH[day - 1],
        "amount_cents": due,
        "payer_trace_id": "1999999999",
    }
    return remits(
        payments=[payment(**(head | values))],
        remit_claims=heads,
        remit_lines=lines,
        adjustments=cas,
        provider_adjustments=beside,
    )


def together(*files: Tables) -> Tables:
    return {name: pl.concat([one[name] for one in files]) for name in files[0]}


def sent(charge: int = 35000, number: str = "EAAA") -> Tables:
    return claims(
        claims=[claim(100, number, charge_cents=charge)],
        claim_lines=[claim_line(100, 150, charge_cents=charge)],
    )


def two_days() -> Tables:
    return claims(
        claims=[claim(100, "EAAA", charge_cents=70000, statement_to=date(2026, 2, 4))],
        claim_lines=[claim_line(100, 150), claim_line(100, 160, service_date=date(2026, 2, 4))],
    )


def fold(*files: Tables, decisions: pl.DataFrame | None = None, **more: Any) -> Ledger:
    made = reconcile(together(*files), more.pop("sent", sent()), decisions, **more).ledger
    add_up(made)
    return made


def add_up(ledger: Ledger) -> None:
    """amount = posted - PLB + held for every payment that counts, and over all of them."""
    counts = ledger.payments.filter(pl.col("standing").is_in(["posted", "held"]))
    due = pl.col("posted_cents") - pl.col("provider_adjustment_cents") + pl.col("held_cents")
    assert counts.filter(pl.col("amount_cents") != due).is_empty()
    posted = ledger.postings.filter(pl.col("standing") == "posted")["paid_cents"].sum()
    plb = ledger.provider_postings.filter(pl.col("standing") == "posted")["amount_cents"].sum()
    assert counts["amount_cents"].sum() == posted - plb + counts["held_cents"].sum()
    accounts = ledger.accounts
    assert accounts["posted_cents"].sum() == posted


def told(ledger: Ledger) -> list[tuple[str, str, int]]:
    return ledger.postings.select("event", "standing", "paid_cents").rows()


def account(ledger: Ledger) -> Row:
    (row,) = ledger.accounts.to_dicts()
    return row


def decided(verb: str, file_id: int, claim_offset: int | None = None) -> pl.DataFrame:
    row = {
        "decision": 1,
        "verb": verb,
        "file_id": file_id,
        "payment_offset": 200,
        "remit_claim_offset": claim_offset,
    }
    return DECISIONS.conform(pl.DataFrame([row], infer_schema_length=None))


SEEN = ("payer", "trace_number", "standing", "amount_cents", "posted_cents", "held_cents")


def seen(files: list[Any], **more: Any) -> tuple[list[Any], ...]:
    """What the ledger of files that came in this order says, without the numbers they were given."""
    made = fold(
        *(
            file(number, trace, day, *answers, plb=plb)
            for number, (trace, day, answers, plb) in enumerate(files, start=1)
        ),
        **more,
    )
    events = ("account", "trace_number", "sequence", "event", "standing", "current", "paid_cents")
    threads = ("trace_number", "thread", "account", "standing", "amount_cents", "balance_cents")
    return (
        sorted(made.payments.filter(pl.col("standing") != "duplicate").select(SEEN).rows()),
        made.postings.select(events).rows(),
        made.provider_postings.select(threads).rows(),
        made.accounts.drop("claim_file_id", "claim_offset").rows(),
    )
