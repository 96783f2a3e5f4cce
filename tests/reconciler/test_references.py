"""Which claim a provider adjustment's reference names: one that is meant, never one found by chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import polars as pl
import pytest

from edi_iop.reconciler.references import named
from edi_iop.tables import CLAIMS

LONG = "6730-951017730-WILLOW-HOUSE"
CUT = LONG[:20]
Numbers = dict[str, tuple[str, ...]]
"""Of each account the number as sent and the payer's own."""


UNPAID: dict[str, Any] = {"paid_cents": 0, "reversal": False}
TAKEN = 50_00
"""What each adjustment takes back."""


def name_of(
    reference: str,
    numbers: Numbers,
    unanswered: tuple[str, ...] = (),
    paid: dict[str, tuple[int, ...]] | None = None,
    taken: int = TAKEN,
    payers: Sequence[str | None] = (),
) -> str | None:
    """The account one reference names, beside these accounts of its payer, and what they were paid.

    payers: to whom the claims were sent, those of accounts first.
    """
    sent = zip_longest([*numbers, *unanswered], payers)
    claims = CLAIMS.conform(
        pl.DataFrame(
            [
                {"file_id": 1, "claim_offset": at, "claim": one, "payer_id": payer}
                for at, (one, payer) in enumerate(sent)
            ],
            schema_overrides={"payer_id": pl.String},
        )
    )
    events = pl.DataFrame(
        [
            {"payer": "P", "account": one, "account_key": f"1:{at}", "claim_file_id": 1,
             "claim_offset": at, "payer_claim_number": own, "returned": None,
             "paid_cents": cents, "reversal": cents < 0}
            for at, (one, owns) in enumerate(numbers.items())
            for own in owns or (None,)
            for cents in (paid or {}).get(one, (0,))
        ],
        schema_overrides={"payer_claim_number": pl.String, "returned": pl.String},
    )  # fmt: skip
    rows = pl.DataFrame(
        {
            "file_id": [2],
            "byte_offset": [9],
            "position": [1],
            "payer": ["P"],
            "reference": [reference],
            "amount_cents": [taken],
        }
    )
    found = named(rows, events, claims)
    return found["account"].item() if found.height else None


E11 = "E3FV19JGWWB"
ICN = "2606903366059587"
MEANT: dict[str, tuple[str, Numbers, str]] = {
    "alone": ("B7001-1", {"B70011": ()}, "B70011"),
    "between separators": ("B70011 20260202", {"B70011": (), "B700": ()}, "B70011"),
    "in a run, with nothing else there": ("00B70011X2", {"B70011": ()}, "B70011"),
    "account, day and payer's number in one": (f"{E11}20250901{ICN}", {E11: (ICN,)}, E11),
    "with another's in the same run": (f"{E11}20250901{ICN}", {E11: (ICN,), "250901": ()}, E11),
    "with another's across the join": ("B7001120260202880011", {"B70011": ("880011",), "112026": ()},
                                       "B70011"),
    "with a payer's number of two claims": (f"{E11}20250901{ICN}", {E11: (ICN,), "B70011": (ICN,)}, E11),
    "both its numbers, the first part of one another's": (f"{E11}-220250901{ICN}", {f"{E11}-2": (ICN,), E11: ()},
                                                          f"{E11}-2"),
    "cut as a field is": (CUT, {LONG: ()}, LONG),
    "cut as a field is, another's inside": (CUT, {LONG: (), "9510177": ()}, LONG),
    "cut at what some payers store, another's inside": (LONG[:17], {LONG: (), "9510177": ()}, LONG),
    "cut, a longer one of another begins so too": ("ABCDEF123456", {"ABCDEF123456": (), "ABCDEF1234567": ()},
                                                 "ABCDEF123456"),
    "whole, and a part of it is another's": ("6730-951017", {"6730-951017": (), "951017": ()},
                                           "6730-951017"),
    "by itself, beside a chance in its join": ("951017-20260202", {"951017": (), "9510172": ()}, "951017"),
}  # fmt: skip
UNCLEAR: dict[str, tuple[str, Numbers, tuple[str, ...]]] = {
    "two claims": ("B70011 C80011X", {"B70011": (), "C80011X": ()}, ()),
    "two claims, one in a run": ("B70011 C80011X20260202", {"B70011": (), "C80011X": ()}, ()),
    "two in a run, one longer": ("XB70011C8001120", {"B70011": (), "C800112": ()}, ()),
    "a number, and one more character of it": ("95101720260202", {"951017": (), "9510172": ()}, ()),
    "a beginning, and a part that stands by itself": (CUT, {LONG: (), "951017730": ()}, ()),
    "a beginning of no field's length, and a part": ("6730-951017730-WIL", {LONG: (), "9510177": ()}, ()),
    "whole, and as a field cuts a longer one": ("A2345678901234567890", {"A2345678901234567890": (),
                                                "A23456789012345678901": ()}, ()),
    "the beginning of two": (CUT, {LONG: (), CUT + "XX": ()}, ()),
    "the beginning of one not yet answered too": (CUT, {LONG: ()}, (CUT + "XX",)),
    "one not yet answered, another's inside": ("X9510177Y", {"9510177": ()}, ("X9510177Y",)),
    "a number of two claims, a third's inside": ("K9510177", {"A1": ("K9510177",), "A2": ("K9510177",),
                                                 "9510177": ()}, ()),
    "both numbers of two claims": (f"{E11}-220250901{ICN} 880011", {f"{E11}-2": (ICN,), E11: ("880011",)}, ()),
    "a short beginning": (LONG[:11], {LONG: ()}, ()),
    "five characters": ("B7001", {"B7001": ()}, ()),
}  # fmt: skip


@pytest.mark.parametrize("how", MEANT)
def test_one_claim_is_meant(how: str) -> None:
    reference, numbers, name = MEANT[how]
    assert name_of(reference, numbers) == name


@pytest.mark.parametrize("how", UNCLEAR)
def test_where_several_may_be_meant_none_is_named(how: str) -> None:
    reference, numbers, unanswered = UNCLEAR[how]
    assert name_of(reference, numbers, unanswered) is None


def test_a_claim_sent_again_under_its_number_is_the_answered_one() -> None:
    assert name_of("B70011", {"B70011": ()}, ("B70011",)) == "B70011"


@pytest.mark.parametrize(
    ("reference", "numbers"),
    [
        (ICN, {"B70011": (ICN,), "C80011": (ICN,)}),
        (CUT, {LONG: (), CUT + "XX": ()}),
    ],
)
def test_of_two_accounts_the_one_is_meant_that_was_paid_what_is_taken_back(
    reference: str, numbers: Numbers
) -> None:
    """50.00 is taken back; a payer cannot take more than it paid, in all answers together."""
    first, second = numbers

    def name(*paid: tuple[int, ...], taken: int = TAKEN) -> str | None:
        return name_of(reference, numbers, paid=dict(zip(numbers, paid, strict=True)), taken=taken)

    assert name((50_00,), (49_99,)) == first
    assert name((20_00, 30_00), (0,)) == first
    assert name((0,), (60_00,)) == second
    assert name((50_00,), (80_00, -80_00)) is None, "what was reversed had been paid"
    assert name((50_00,), (50_00,)) is None
    assert name((0,), (0,)) is None
    assert name((50_00,), (0,), taken=-50_00) is None, "what is given back may be anybody's"


@pytest.mark.parametrize(
    ("payers", "name"),
    [
        (("HARBR", "MERID"), LONG),
        (("HARBR", "HARBR"), None),
        (("HARBR", None), None),
        ((None, "MERID"), None),
        (("HARBR", "MERID", "HARBR"), None),
    ],
)
def test_the_number_of_another_payers_claim_is_not_meant_by_a_beginning(
    payers: tuple[str | None, ...], name: str | None
) -> None:
    """The second payer's claim, not answered yet, has the first one's number with -2 behind it; the
    first payer takes back what it paid, and writes twenty characters."""
    second, third = f"{LONG}-2", f"{LONG}-3"
    assert name_of(CUT, {LONG: ()}, (second, third)[: len(payers) - 1], payers=payers) == name


def test_of_an_account_paid_less_than_is_taken_back_too_where_no_other_is_named() -> None:
    """What it was paid may have come before we kept remits."""
    assert name_of("B70011", {"B70011": ()}, paid={"B70011": (10_00,)}) == "B70011"


def test_another_payer_s_number_is_not_looked_for() -> None:
    """The same number of two payers' accounts: each payer means its own."""
    events = pl.DataFrame(
        [
            {"payer": payer, "account": payer, "account_key": payer, "claim_file_id": None,
             "claim_offset": None, "payer_claim_number": "B70011", "returned": None,
             **UNPAID}
            for payer in ("P", "Q")
        ],
        schema_overrides={"claim_file_id": pl.Int64, "claim_offset": pl.Int64, "returned": pl.String},
    )  # fmt: skip
    rows = pl.DataFrame(
        {
            "file_id": 2,
            "byte_offset": [8, 9],
            "position": 1,
            "payer": ["Q", "R"],
            "reference": "B70011",
            "amount_cents": TAKEN,
        }
    )
    assert named(rows, events, CLAIMS.empty()).select("byte_offset", "account").rows() == [(8, "Q")]


def test_a_number_returned_too_short_is_no_name_of_the_claim_it_was_tied_to() -> None:
    """The payer cut 673095-WILLOW to 673095, which stands in the number of a claim that is not ours;
    nor is it one of an answer that is tied to no claim."""
    schema = {"claim_file_id": pl.Int64, "claim_offset": pl.Int64, "payer_claim_number": pl.String}
    rows = pl.DataFrame({"file_id": [2], "byte_offset": [9], "position": [1], "payer": ["P"],
                         "reference": ["67309512345"], "amount_cents": [TAKEN]})  # fmt: skip

    def name(offset: int | None) -> list[str]:
        event = {"payer": "P", "account": "A", "account_key": "A", "claim_file_id": offset,
                 "claim_offset": offset, "payer_claim_number": None, "returned": "673095", **UNPAID}  # fmt: skip
        events = pl.DataFrame([event], schema_overrides=schema)
        return named(rows, events, CLAIMS.empty())["account"].to_list()

    assert (name(1), name(None)) == ([], [])


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("004200", "004200"),
        ("004200 20260202", "004200"),
        ("0042003536", None),
        (f"004200{ICN}", None),
    ],
)
def test_what_came_back_of_a_claim_we_do_not_hold_counts_where_it_stands_by_itself(
    reference: str, name: str | None
) -> None:
    """It may be cut, and then it is the beginning of the numbers of others."""
    event = {"payer": "P", "account": "004200", "account_key": "P:004200", "claim_file_id": None,
             "claim_offset": None, "payer_claim_number": None, "returned": "004200", **UNPAID}  # fmt: skip
    kinds = {"claim_file_id": pl.Int64, "claim_offset": pl.Int64, "payer_claim_number": pl.String}
    events = pl.DataFrame([event], schema_overrides=kinds)
    row = {"file_id": 2, "byte_offset": 9, "position": 1, "payer": "P", "reference": reference,
           "amount_cents": TAKEN}  # fmt: skip
    found = named(pl.DataFrame([row]), events, CLAIMS.empty())
    assert found["account"].to_list() == ([name] if name else [])
