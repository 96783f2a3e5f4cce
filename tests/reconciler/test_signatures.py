"""How strongly a payer's codes mean a rule: its own words for it, reason and remark, the reason, a remark."""

from __future__ import annotations

import polars as pl
import pytest
from denial_cases import FEB2, POLICIES

from edi_iop.reconciler.signatures import meant
from edi_iop.rules.catalogue import catalogue


def priors(*codes: str, payer: str = "HARBR") -> dict[str, float]:
    """Rule and prior by reasons and remarks: the codes with N, M first, but for no reason, are remarks."""
    remarks = [code for code in codes if code[0] in "NM"]
    row = {"denial": 0, "payer": payer, "service_date": FEB2, "rarcs": remarks,
           "carcs": [code for code in codes if code not in remarks]}  # fmt: skip
    text = pl.List(pl.String)
    denied = pl.DataFrame([row], schema_overrides={"rarcs": text, "carcs": text})
    return dict(meant(denied, catalogue(), POLICIES).select("rule", "prior").iter_rows())


@pytest.mark.parametrize(
    ("codes", "rule", "prior"),
    [
        (("197", "M62"), "AUTH-01", 0.6),  # harbor's own words for it
        (("197", "M62", "N999"), "AUTH-01", 0.6),  # further remarks take nothing away
        (("197",), "AUTH-01", 0.35),  # its own reason, without the remark
        (("197", "N54"), "AUTH-01", 0.5),  # reason and remark of the book
        (("197",), "AUTH-02", 0.3),  # a reason of the book
        (("N54",), "AUTH-01", 0.15),  # a remark alone
        (("16", "M47"), "CLM-03", 0.6),
        (("16",), "CLM-03", 0.15),  # 16 says little without its remark, also in harbor's words
        (("16", "MA30"), "CLM-03", 0.5),
        (("16", "29"), "TF-01", 0.6),  # all reasons count, not the first
        (("29", "16", "N999", "MA30"), "CLM-03", 0.5),  # and all remarks
        (("16", "129"), "CLM-03", 0.15),  # 129 wants a remark as well
        (("16", "119"), "AUTH-04", 0.3),
        (("16", "15"), "AUTH-02", 0.3),  # beside 16, which means it too, a reason that is clear
    ],
)
def test_the_strongest_sign_counts(codes: tuple[str, ...], rule: str, prior: float):
    assert priors(*codes)[rule] == prior


def test_a_payer_s_own_words_are_its_own():
    """For a second code of the date: harbor's 97 N20, meridian's 231 M80."""
    assert priors("97", "N20")["DUP-01"] == 0.6
    assert priors("97", "N20", payer="MERID")["DUP-01"] == 0.5
    assert priors("231", "M80", payer="MERID")["DUP-01"] == 0.6
    assert priors("97", payer="OTHER")["DUP-01"] == 0.3


def test_codes_that_mean_no_rule_mean_none():
    assert priors("141", "N999") == {}
