"""Reversals, corrections and provider adjustments of samples, as a careful reader writes them down."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.reconciler.given import remit_tables
from edi_iop.reconciler.ledger import Ledger
from edi_iop.reconciler.reconcile import reconcile
from edi_iop.tables import DECISIONS

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "835"


@cache
def samples() -> dict[str, dict[str, pl.DataFrame]]:
    """The remits of every sample, read together, each as the first file."""
    paths = list(SAMPLES.glob("*"))
    read = parsers.parse([(number, path.read_bytes()) for number, path in enumerate(paths)])
    return {
        path.name: {
            name: rows.with_columns(file_id=pl.lit(1, pl.Int64))
            for name, rows in remit_tables(read[number].tables).items()
        }
        for number, path in enumerate(paths)
    }


def fold(name: str, *decisions: dict[str, object]) -> Ledger:
    if not (SAMPLES / name).is_file():
        pytest.skip("the samples are not here")
    tables = samples()[name]
    decided = DECISIONS.conform(pl.DataFrame(list(decisions))) if decisions else None
    return reconcile(tables, {}, decided).ledger


def events(made: Ledger) -> list[tuple[str, str, str, int]]:
    return made.postings.select("account", "event", "standing", "paid_cents").rows()


def payment(made: Ledger) -> list[tuple[str, int, int, int, int]]:
    return made.payments.select(
        "standing", "amount_cents", "posted_cents", "provider_adjustment_cents", "held_cents"
    ).rows()


REVERSALS = "pyx12__td_835id.x12"
"""BPR02 5,950.21. CLP 123839-24635: 22 of -210.00, then 1 of 200.00. CLP 134158-27488: 22 of
-500.25. PLB CS -1,008.10, 24.21 and 5.95: -977.94. Claims -510.25 less -977.94 make 467.69."""


def test_reversals_in_a_payment_that_does_not_add_up_are_held_with_it():
    made = fold(REVERSALS)
    assert payment(made) == [("held", 595021, 0, 0, 595021)]
    assert {standing for _, _, standing, _ in events(made)} == {"held"}
    assert "467.69" in made.payments["says"][0]


def test_released_by_hand_its_reversals_are_parked_and_the_rest_stays_held():
    """What they take back was paid before these records begin; 200.00 are the correction.

    Held: -210.00 and -500.25 parked, and 5,482.52 of the amount that nothing explains.
    """
    (offset,) = fold(REVERSALS).payments["payment_offset"].to_list()
    made = fold(
        REVERSALS,
        {"decision": 1, "verb": "release", "file_id": 1, "payment_offset": offset},
    )
    assert events(made) == [
        ("123839-24635", "reversal", "held", -21000),
        ("123839-24635", "correction", "posted", 20000),
        ("134158-27488", "reversal", "held", -50025),
    ]
    assert payment(made) == [("posted", 595021, 20000, -97794, 548252 - 21000 - 50025)]
    row = made.accounts.row(by_predicate=pl.col("account") == "123839-24635", named=True)
    assert (row["state"], row["answered_cents"], row["held_cents"]) == ("paid", 20000, -21000)


def test_a_penalty_makes_a_notice_negative():
    """moov sample: two notices under one number, PLB 50 of 6,173.50 and 6,173.40.

    The first holds a claim of 385.21 with 385.20 adjusted and nothing paid: a cent is
    missing. The second adds up: nothing paid, 6,173.40 penalty, the amount negative. Which of
    the two counts only a person can say; the first is rejected then.
    """
    waiting = fold("moov__5010_835_sample1.txt")
    assert payment(waiting) == [
        ("held", -617350, 0, 0, -617350),
        ("held", -617340, 0, 0, -617340),
    ]
    first = waiting.payments.row(0, named=True)
    made = fold(
        "moov__5010_835_sample1.txt",
        {"decision": 1, "verb": "reject", "file_id": 1, "payment_offset": first["payment_offset"]},
    )
    assert payment(made) == [("rejected", -617350, 0, 0, 0), ("posted", -617340, 0, 617340, 0)]
    posted = made.provider_postings.filter(pl.col("standing") == "posted")
    assert posted.select("reason", "role", "balance_cents").row(0) == ("50", "penalty", 617340)
    assert made.accounts.select("state", "patient_cents").row(0) == ("left to the patient", 38520)


def test_an_adjustment_under_a_negative_sign_raises_the_payment():
    """Medicare part A: 138,018.40 + 11,980.33 paid, PLB CV -1.27: 150,000.00."""
    made = fold("lfh-x12__005010X221A1_medicare-part-a.835")
    assert payment(made) == [("posted", 15000000, 14999873, -127, 0)]
    assert made.accounts["answered_cents"].sort().to_list() == [1198033, 13801840]


def test_nine_answers_under_one_number_in_one_check_all_count():
    """They are claims of several days, not corrections of each other: 810.80 in all."""
    made = fold("x12-types__X221-multiple-claims-single-check.edi")
    assert payment(made) == [("posted", 81080, 81080, 0, 0)]
    assert made.postings["current"].all()


def test_second_and_third_payers_stand_for_themselves():
    made = fold("lfh-x12__005010X221A1_secondary-payment.835")
    assert payment(made) == [("posted", 122200, 122200, 0, 0)]
    assert [row[1:] for row in events(made)] == [
        ("payment", "posted", 31000), ("payment", "posted", 91200),
    ]  # fmt: skip


def standing(made: Ledger) -> list[tuple[str, int, int, int, int]]:
    """State, paid, contract, patient and other cents of each account."""
    names = ("state", "answered_cents", "contract_cents", "patient_cents", "other_cents")
    return made.accounts.sort("account").select(names).rows()


COORDINATED = {
    # 500.00 charged to each; what the payers before have paid is OA 23, what they took off beyond
    # that is given back by OA 94 of a negative amount
    "1": ("paid", 10000, 0, 0, 40000),
    "2": ("paid", 35000, 0, 0, 25000 - 10000),
    "3": ("paid", 10000, 0, 0, 60000 - 20000),
    "4a": ("paid", 10000, 0, 0, 50000 - 10000),
    "4b": ("nothing paid", 0, 10000, 0, 50000 - 10000),
    "5": ("paid", 10000, 0, 0, 40000),
    "6": ("left to the patient", 0, 0, 10000, 40000),
    "7": ("paid", 10000, 15000, 0, 25000),
    "8": ("paid", 28000, 15000, 7000, 0),
    "9": ("paid", 10000, 0, 0, 40000),
}
"""The coordination of benefits examples of the guide: by claim (a) and by line (b) they say the same."""


@pytest.mark.parametrize("level", ["a", "b"])
@pytest.mark.parametrize("example", COORDINATED)
def test_what_earlier_payers_paid_is_no_denial(example: str, level: str):
    """CLP02 2, of example 9 CLP02 3."""
    made = fold(f"x12-types__X221-coordination-of-benefits-example-{example}{level}.edi")
    expected = COORDINATED[example]
    assert standing(made) == [expected]
    assert payment(made) == [("posted", expected[1], expected[1], 0, 0)]


PENALTY = "line-service-line-penalty-tax-or-bonuses-impacting-payment-only-example"


@pytest.mark.parametrize(
    ("name", "accounts"),
    [
        # 26.20 - 23.20 + 0.06 (a surcharge, CARC 137) and 10.00 - 2.00: 11.06
        (f"x12-types__X221-{PENALTY}-1.edi", [("paid", 1106, 2320 - 6 + 200, 0, 0)]),
        # 25.00 - 5.00 + 2.00 (a bonus, CARC 161) - 10.00 of copayment: 12.00
        (f"x12-types__X221-{PENALTY}-2.edi", [("paid", 1200, 300, 1000, 0)]),
        # 25.00 - 5.00 - 2.00 (a penalty, CARC B4) - 10.00: 8.00
        (f"x12-types__X221-{PENALTY}-3.edi", [("paid", 800, 700, 1000, 0)]),
        # 541.00 - 516.00 + 9.00: more than the charge was allowed
        ("lfh-x12__005010X221A1_cob-contractural-adjustment.835", [("paid", 3400, 0, 0, 50700)]),
        # 800.00 - 300.00 of the line, - 50.00 of the claim; 1,200.00 - 650.00 and - 55.00
        (
            "lfh-x12__005010X221A1_managed-care.835",
            [("paid", 45000, 5000, 30000, 0), ("paid", 49500, 10500, 60000, 0)],
        ),
        # one claim paid, the other denied (4, CO 96): it stands with nothing
        (
            "scribe__sample_835_multi_claim.edi",
            [("paid", 19000, 3500, 2500, 0), ("nothing paid", 0, 9500, 0, 0)],
        ),
    ],
)
def test_claims_come_to_what_lines_and_claim_say_together(
    name: str, accounts: list[tuple[str, int, int, int, int]]
):
    made = fold(name)
    assert standing(made) == accounts
    paid = sum(cents for _, cents, *_ in accounts)
    assert payment(made) == [("posted", paid, paid, 0, 0)]


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        # the third claim pays 1,200.75 of 1,125.25 and takes nothing off
        ("edi-cli__sample-835.edi", 235075),
        # 1,000.00 less 500.00 of the claim and 100.00 of its lines are not 500.00
        ("openx12__embedded_1.x12", 50000),
        # a separator in the procedure (SVC*HC*24599.00) makes its code the charge of the line
        ("lfh-x12__005010X221A1_tertiary-payment.835", 18750),
    ],
)
def test_claims_that_do_not_add_up_keep_their_check(name: str, amount: int):
    made = fold(name)
    assert payment(made) == [("held", amount, 0, 0, amount)]
    assert {state for state, *_ in standing(made)} == {"held"}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*")), ids=lambda path: path.name)
def test_every_sample_adds_up(path: Path):
    made = fold(path.name)
    due = pl.col("posted_cents") - pl.col("provider_adjustment_cents") + pl.col("held_cents")
    counts = made.payments.filter(pl.col("standing").is_in(["posted", "held"]))
    assert counts.filter(pl.col("amount_cents") != due).is_empty()
