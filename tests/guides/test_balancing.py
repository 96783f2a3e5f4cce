"""What another payer paid of a claim (005010X223A2 front matter 1.4.4.2), summed by hand.

The claim: 400.00 in two lines of 200.00; Meridian paid 150.00 of each and left 50.00 to the
patient (PR 2), in all 300.00 (AMT D).
"""

from __future__ import annotations

import polars as pl
import pytest

from edi_iop import parsers
from edi_iop.guides.balancing import _faults
from edi_iop.tables.amounts import dollars
from tests.conftest import FIXTURES
from tests.guides.test_faults import changed

CLAIM = (FIXTURES / "mutants" / "claim_other_payer.837").read_bytes()
DECISION = "SVD*MERID*150*HC:H0015*0906*1~\nCAS*PR*2*50~\nDTP*573*D8*20260220~\n"


def told(data: bytes) -> list[tuple[str, str]]:
    found = parsers.parse([(1, data)])[1].findings
    assert set(found.filter(pl.col("code").str.contains("OTHER_PAYER"))["element"]) <= {2}
    balanced = found.filter((pl.col("snip") == 3) & (pl.col("severity") == "error"))
    return balanced.select("code", pl.col("message").str.replace("^.*?: ", "")).rows()


def edited(*changes: tuple[str, str]) -> bytes:
    data = CLAIM
    for before, after in changes:
        data = changed(data, before, after)
    return data


def test_a_claim_that_balances_has_no_finding() -> None:
    assert told(CLAIM) == []


def test_a_line_less_its_adjustments_is_what_was_paid() -> None:
    """200.00 - 40.00 is not 150.00; the claim's 300.00 is still the sum of its line payments."""
    assert told(edited(("CAS*PR*2*50~", "CAS*PR*2*40~"))) == [
        (
            "OTHER_PAYER_LINE_UNBALANCED",
            "the line's charge 200.00 less adjustments 40.00 is not 150.00 as paid",
        )
    ]


def test_the_claim_is_the_sum_of_its_line_payments() -> None:
    assert told(edited(("AMT*D*300~", "AMT*D*310.5~"))) == [
        (
            "OTHER_PAYER_UNBALANCED",
            "the payer's line payments 300.00 less adjustments 0.00 is not 310.50 as paid",
        )
    ]


def test_adjustments_of_the_claim_lower_its_line_payments() -> None:
    """150.00 + 150.00 - 25.00 of a claim adjustment makes 275.00."""
    claim_level = ("AMT*D*300~", "CAS*CO*45*20**253*5~\nAMT*D*275~")
    assert told(edited(claim_level)) == []
    assert [code for code, _ in told(edited((claim_level[0], "CAS*CO*45*20~\nAMT*D*275~")))] == [
        "OTHER_PAYER_UNBALANCED"
    ]


@pytest.mark.parametrize(("paid", "right"), [("300", True), ("299.99", False)])
def test_a_payer_that_decided_no_line_balances_against_the_charge(paid: str, right: bool) -> None:
    """400.00 charged less 100.00 of the claim's adjustments."""
    without = [(DECISION, ""), (DECISION, "")]
    data = edited(*without, ("AMT*D*300~", f"CAS*PR*2*100~\nAMT*D*{paid}~"))
    assert (told(data) == []) is right


def test_a_line_that_a_payer_split_counts_as_one() -> None:
    """90.00 and 60.00 paid in two decisions, 50.00 adjusted in the second."""
    split = "SVD*MERID*90*HC:H0015*0906*1~\nDTP*573*D8*20260220~\nSVD*MERID*60*HC:H0004*0914*1~\nCAS*PR*2*50~\nDTP*573*D8*20260220~\n"
    assert told(edited((DECISION, split))) == []


def test_a_payer_that_has_not_decided_is_not_judged() -> None:
    data = edited((DECISION, ""), (DECISION, ""), ("AMT*D*300~\n", ""))
    assert told(data) == []


def test_two_payers_are_summed_apart() -> None:
    """A tertiary claim: the second payer paid 30.00 of the 50.00 left on the first line alone."""
    second = (
        "SBR*T*18*GRP8******CI~\nAMT*D*30~\nOI***Y***Y~\nNM1*IL*1*RIVERA*ALEX****MI*X7700~\n"
        "NM1*PR*2*THIRD PLAN*****PI*THIRD~\nLX*1~\n"
    )
    decided = (
        "SVD*THIRD*30*HC:H0015*0906*1~\nCAS*OA*23*150~\nCAS*PR*2*20~\nDTP*573*D8*20260225~\nLX*2~\n"
    )
    data = edited(("LX*1~\n", second), ("LX*2~\n", decided))
    assert told(data) == []
    assert [code for code, _ in told(data.replace(b"AMT*D*30~", b"AMT*D*31~"))] == [
        "OTHER_PAYER_UNBALANCED"
    ]


def test_two_coverages_with_one_payer_are_not_judged() -> None:
    """As above, with both plans the same payer's: nothing says which decision is whose."""
    second = (
        "SBR*T*18*GRP8******CI~\nAMT*D*30~\nOI***Y***Y~\nNM1*IL*1*RIVERA*ALEX****MI*X7700~\n"
        "NM1*PR*2*MERIDIAN CARE*****PI*MERID~\nLX*1~\n"
    )
    decided = (
        "SVD*MERID*30*HC:H0015*0906*1~\nCAS*OA*23*150~\nCAS*PR*2*20~\nDTP*573*D8*20260225~\nLX*2~\n"
    )
    assert told(edited(("LX*1~\n", second), ("LX*2~\n", decided))) == []


def test_a_fault_after_many_claims_without_one_is_told() -> None:
    """Of columns in two chunks the filter leaves the first one empty, which Polars cannot format."""
    sums = pl.DataFrame({"place": range(1300)}).join(
        pl.DataFrame({"place": range(1300), "begin": range(1300)}), on="place", how="left"
    )
    late = sums.filter(pl.col("begin") > 1297)
    assert [len(chunk) for chunk in late["begin"].get_chunks()] == [0, 2]
    says = pl.format("{} is wrong", dollars(pl.col("begin")))
    found = _faults(late, "OTHER_PAYER_UNBALANCED", says, "2320", "AMT")
    assert found["message"].to_list() == ["12.98 is wrong", "12.99 is wrong"]
