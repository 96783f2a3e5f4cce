"""Line control numbers (REF 6R) that very many claims hold name none, and tell what is not meant."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from remit_rows import claim, claim_line, claims, payment, remit_claim, remit_line, remits

from edi_iop.identifiers import patient_control_number
from edi_iop.reconciler.match import Matched, matched
from edi_iop.reconciler.match_pairs import MOST_HOLDERS
from edi_iop.tables import DECISIONS

COMMON, OWN = "LHOUSE001", "LOWN001"
"""Of numbers that all end in the name of the house, the end and the line; and one of a single claim."""
PCN = patient_control_number(7)
PERSON = {"subscriber_last_name": "Sample", "subscriber_first_name": "Pat", "member_id": "M0012345"}
WHO = {"patient_id": "M0012345", "patient_last_name": "SAMPLE", "patient_first_name": "PAT",
       "facility_type": "13"}  # fmt: skip
NUMBER, MANGLED, LOST = (WHO | {"claim": number} for number in (PCN, PCN.lower(), "0"))
OTHERS = [200 + 10 * n for n in range(MOST_HOLDERS + 1)]


def sent(own: str = OWN) -> dict[str, pl.DataFrame]:
    """The claim of PCN with one line, and more claims with COMMON than it can name."""
    return claims(
        claims=[claim(100, PCN, **PERSON), *(claim(one, f"OTHERS{one}") for one in OTHERS)],
        claim_lines=[
            claim_line(100, 101, line_control=own),
            *(claim_line(one, one + 1, line_control=COMMON) for one in OTHERS),
        ],
    )


def answered(
    *answers: tuple[dict[str, Any], tuple[str, ...]], claimed: dict[str, pl.DataFrame] | None = None
) -> Matched:
    """Answers with the line control numbers that came, in their order at 1000, 2000."""
    heads = [remit_claim(1000 * n, **head) for n, (head, _) in enumerate(answers, 1)]
    lines = [
        remit_line(1000 * n, 1000 * n + place, line_control=one)
        for n, (_, came) in enumerate(answers, 1)
        for place, one in enumerate(came, 1)
    ]
    remit = remits(payments=[payment()], remit_claims=heads, remit_lines=lines)
    return matched(remit, claimed or sent(), DECISIONS.empty())


def found(made: Matched, offset: int = 1000) -> tuple[Any, ...]:
    whole = made.matches.filter(
        pl.col("remit_claim_offset") == offset, pl.col("remit_line_offset").is_null()
    )
    return whole.select("tier", "claim_offset").row(0)


TIERS = pytest.mark.parametrize(
    ("tier", "head"),
    [("T1", NUMBER), ("T4", MANGLED), ("T5", LOST)],
    ids=["the number", "the number mangled, its check character right", "member, days and charge"],
)


@TIERS
def test_where_only_other_claims_hold_them_the_claim_is_proposed(tier: str, head: dict[str, Any]):
    made = answered((head, (COMMON,)))
    assert found(made) == (None, None)
    assert made.proposals.select("claim_offset", "tier").rows() == [(100, tier)]


@TIERS
def test_where_the_claim_holds_them_too_they_say_nothing(tier: str, head: dict[str, Any]):
    assert found(answered((head, (COMMON,)), claimed=sent(COMMON))) == (tier, 100)


@TIERS
def test_bare_numbers_of_lines_say_nothing(tier: str, head: dict[str, Any]):
    assert found(answered((head, ("1",)))) == (tier, 100)


@pytest.mark.parametrize(
    "came", [("PAYERS-LINE-001",), (OWN, COMMON)], ids=["the payer's", "one ours"]
)
def test_lines_of_no_claim_or_of_this_one_too_do_not_outweigh_the_number(came: tuple[str, ...]):
    assert found(answered((NUMBER, came))) == ("T1", 100)


def test_the_payers_number_of_an_earlier_answer_does_not_outweigh_them():
    known = {"payer_claim_number": "ICN00012"}
    first, later = NUMBER | known, LOST | known
    assert found(answered((first, (OWN,)), (later, ("1",))), 2000) == ("T3", 100)
    assert found(answered((first, (OWN,)), (later, (COMMON,))), 2000) == (None, None)


def test_they_are_told_from_the_claims_beyond_a_portion():
    """A night's portion holds the claim alone, and the numbers that too many others hold."""
    alone = {
        name: rows.filter(pl.col("claim_offset") == 100) if rows.height else rows
        for name, rows in sent().items()
    }
    common = pl.DataFrame({"control": [COMMON]})
    assert found(answered((NUMBER, (COMMON,)), claimed=alone)) == ("T1", 100)
    made = answered((NUMBER, (COMMON,)), claimed={**alone, "common_controls": common})
    assert found(made) == (None, None)


def test_it_is_said_that_number_and_lines_name_two_claims():
    made = answered((NUMBER, (COMMON,)))
    assert "its line control numbers another" in made.matches["says"][0]
