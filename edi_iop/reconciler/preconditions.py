"""What a remedy needs before it may be taken, by the payer's remarks, its reasons and its policy."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from edi_iop.reconciler.lists import listed
from edi_iop.rules.policy import Policy

CLAIMS = ("corrected_7", "void_8", "new_claim_1")
"""Remedies that are a claim."""
NOTHING_TO_WRITE = (
    "patient_responsibility",
    "write_off_CO",
    "bill_other_payer",
    "no_action_duplicate",
)
"""Remedies without a paper of ours."""


def forbidden(
    remedy: str,
    reasons: Sequence[str],
    remarks: Collection[str],
    payer_claim_number: str | None,
    policy: Policy | None,
    advised: Sequence[str] = (),
) -> str | None:
    """Why the remedy may not be taken, and what to do instead; None where it may.

    reasons: group and code of every adjustment behind the denial (CO-197). remarks: all of
    the claim, its lines' too. advised: the remedies that its denials ask for.
    """
    barred = _barred(remedy, remarks, advised)
    if barred is not None:
        return barred
    if remedy in ("corrected_7", "void_8"):
        unprocessed = sorted(set(policy.billing.new_claim_remarks if policy else ()) & set(remarks))
        if unprocessed:
            return (
                f"remark {unprocessed[0]} says that the payer did not process it, so that there is "
                "nothing to replace or to void; take new_claim_1"
            )
        if payer_claim_number is None:
            return (
                "the payer's number of the claim (REF F8) is in no 835 or 277CA that is tied to it; "
                "see report unmatched, or ask the payer for it"
            )
    if remedy == "void_8" and policy is not None and not policy.billing.void:
        return "the payer takes no void; ask it to cancel the claim, and return what it paid"
    if remedy == "patient_responsibility":
        others = [reason for reason in reasons if not reason.startswith("PR-")]
        if others or not reasons:
            named = others[0] if others else "no reason"
            return f"{named} leaves nothing to the patient; only PR does"
    return None


def _barred(remedy: str, remarks: Collection[str], advised: Sequence[str]) -> str | None:
    """By the payer's remark (maps/reconciler/rarc_overrides.csv); what is advised goes first."""
    for rarc, instead_of, other, why in listed("rarc_overrides").iter_rows():
        if rarc in remarks and remedy in instead_of.split():
            instead = [name for name in advised if name != remedy] or [other]
            return f"remark {rarc}: {why}; take {' or '.join(instead)}"
    return None
