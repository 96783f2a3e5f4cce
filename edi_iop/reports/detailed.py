"""Reports that need more than the store: a day, policies, the claim or payment asked about."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edi_iop.reports import banking, contracts, denied, measures, remittance, timeline, worklist
from edi_iop.reports.parted import Parted
from edi_iop.reports.question import Question
from edi_iop.reports.sheet import Sheet

ASKED: dict[str, Callable[[Question], Sheet]] = {
    "worklist": worklist.worklist,
    "bank": banking.reconciled,
    "claim": timeline.claim,
    "metrics": measures.measured,
}
"""Every such report by its name on the command line."""
PARTED: dict[str, Callable[[Question], Parted]] = {
    "denials": denied.Denials,
    "remit": remittance.Remits,
    "underpaid": contracts.compared,
}
"""Those that have a row a line of all that is stored."""


class About(msgspec.Struct, frozen=True):
    """What a report's third word names."""

    what: str
    needed: bool


ABOUT = {"claim": About("claim", needed=True), "remit": About("payment", needed=False)}
