"""What forbids a remedy: remarks, reasons, the payer's practice, a number that is not known."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import pytest
from remit_rows import PAYDAY

from edi_iop.reconciler.preconditions import forbidden
from edi_iop.rules.policy import Policy, load

HARBOR = load("harbor", PAYDAY)


@dataclass
class Asked:
    """A denial of CO-11 M76 on a claim the payer numbered P77."""

    reasons: tuple[str, ...] = ("CO-11",)
    remarks: frozenset[str] = frozenset({"M76"})
    number: str | None = "P77"
    policy: Policy | None = HARBOR

    def why(self, remedy: str) -> str | None:
        return forbidden(remedy, self.reasons, self.remarks, self.number, self.policy)


@pytest.mark.parametrize("remark", ["MA130", "N142"])
@pytest.mark.parametrize("remedy", ["corrected_7", "void_8"])
def test_what_was_not_processed_is_neither_replaced_nor_voided(remark: str, remedy: str):
    why = Asked(remarks=frozenset({"M76", remark})).why(remedy)
    assert why is not None
    assert remark in why
    assert "take new_claim_1" in why or "take no_action_duplicate" in why


@pytest.mark.parametrize("remark", ["MA130", "N142"])
def test_what_was_not_processed_is_sent_anew(remark: str):
    assert Asked(remarks=frozenset({remark})).why("new_claim_1") is None


@pytest.mark.parametrize("remedy", ["corrected_7", "void_8"])
def test_without_the_payers_number_nothing_is_replaced_or_voided(remedy: str):
    assert Asked().why(remedy) is None
    assert "the payer's number of the claim (REF F8)" in (Asked(number=None).why(remedy) or "")


@pytest.mark.parametrize(
    ("reasons", "allowed"),
    [
        (("PR-96",), True),
        (("PR-96", "PR-204"), True),
        (("CO-96",), False),
        (("PI-96",), False),
        (("OA-96",), False),
        (("PR-96", "CO-197"), False),
        ((), False),
    ],
)
def test_the_patient_is_billed_on_pr_alone(reasons: tuple[str, ...], allowed: bool):
    assert (Asked(reasons=reasons).why("patient_responsibility") is None) is allowed


@pytest.mark.parametrize("remedy", ["reconsideration", "clinical_appeal", "retro_auth"])
@pytest.mark.parametrize("remark", ["MA130", "N142", "N211", "N704"])
def test_where_no_appeal_is_taken_none_is_written(remedy: str, remark: str):
    why = Asked(remarks=frozenset({remark})).why(remedy)
    assert why is not None
    assert why.startswith(f"remark {remark}: ")


def test_whether_it_is_a_duplicate_may_be_asked_though_no_appeal_is_taken():
    asked = Asked(remarks=frozenset({"N111"}))
    assert asked.why("reconsideration") is None
    assert (asked.why("clinical_appeal") or "").startswith("remark N111: ")


def test_a_payer_that_takes_no_void():
    billing = msgspec.structs.replace(HARBOR.billing, void=False)
    policy = msgspec.structs.replace(HARBOR, billing=billing)
    assert "takes no void" in (Asked(policy=policy).why("void_8") or "")
    assert Asked(policy=policy).why("corrected_7") is None
    assert Asked(policy=None).why("void_8") is None


def test_a_remark_by_which_one_payer_alone_says_that_it_processed_nothing():
    """M76 for a payer whose policy lists it: a replacement would meet no claim."""
    billing = msgspec.structs.replace(HARBOR.billing, new_claim_remarks=("N142", "M76"))
    policy = msgspec.structs.replace(HARBOR, billing=billing)
    for remedy in ("corrected_7", "void_8"):
        assert (Asked(policy=policy).why(remedy) or "").startswith("remark M76 says")
        assert Asked().why(remedy) is None
        assert Asked(policy=None).why(remedy) is None


def test_what_is_advised_is_named_where_a_remark_bars_the_void():
    why = forbidden("void_8", (), {"N142"}, "P77", HARBOR, ("new_claim_1",))
    assert why is not None
    assert why.endswith("take new_claim_1")
    why = forbidden("void_8", (), {"N142"}, "P77", HARBOR, ("void_8", "new_claim_1"))
    assert (why or "").endswith("take new_claim_1")
