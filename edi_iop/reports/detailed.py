"""Reports that need more than the store: a day, policies, the claim or payment asked about."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edi_iop.reports import banking, contracts, measures, remittance, shapes, timeline, worklist
from edi_iop.reports.question import Question, open_denials
from edi_iop.reports.sheet import Sheet


def denials(question: Question) -> Sheet:
    """Every denied or reduced line, with the rule it comes from."""
    return shapes.denials(open_denials(question))


ASKED: dict[str, Callable[[Question], Sheet]] = {
    "denials": denials,
    "worklist": worklist.worklist,
    "bank": banking.reconciled,
    "claim": timeline.claim,
    "metrics": measures.measured,
    "remit": remittance.remit,
    "underpaid": contracts.compared,
}
"""Every such report by its name on the command line."""


class About(msgspec.Struct, frozen=True):
    """What a report's third word names."""

    what: str
    needed: bool


ABOUT = {"claim": About("claim", needed=True), "remit": About("payment", needed=False)}
