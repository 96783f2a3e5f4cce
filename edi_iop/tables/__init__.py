"""The canonical tables: each column's name, type, unit, meaning and source element."""

from __future__ import annotations

from types import ModuleType

from edi_iop.tables import answers, claims, feeds, judged, ledger, remits
from edi_iop.tables.answers import (
    ACKNOWLEDGEMENT_ERRORS,
    ACKNOWLEDGEMENTS,
    INTERCHANGES,
    REPLIES,
)
from edi_iop.tables.claims import (
    CLAIM_CODES,
    CLAIM_DIAGNOSES,
    CLAIM_LINES,
    CLAIM_PARTIES,
    CLAIMS,
    OTHER_PAYER_ADJUSTMENTS,
    OTHER_PAYER_LINES,
    OTHER_PAYERS,
    SUBMISSIONS,
)
from edi_iop.tables.feeds import AUTHORIZATIONS, CLIENTS, DEPOSITS, ENCOUNTERS, PROVIDERS
from edi_iop.tables.judged import (
    CORRECTIONS,
    DAYS,
    FILES,
    FINDINGS,
    LINE_STANDINGS,
    MATCHES,
    REFUSALS,
    SERVICE_LINES,
    VERDICTS,
    VIOLATIONS,
)
from edi_iop.tables.ledger import (
    ACCOUNTS,
    DECISIONS,
    PAYMENT_CONTENTS,
    PAYMENT_STANDINGS,
    POSTINGS,
    PROPOSALS,
    PROVIDER_POSTINGS,
    TIES,
)
from edi_iop.tables.remits import (
    ADJUSTMENTS,
    PAYMENTS,
    PROVIDER_ADJUSTMENTS,
    REMARKS,
    REMIT_CLAIMS,
    REMIT_LINES,
)
from edi_iop.tables.schema import Column, Table


def _of(module: ModuleType) -> dict[str, Table]:
    return {table.name: table for table in vars(module).values() if isinstance(table, Table)}


TABLES: dict[str, Table] = (
    _of(feeds) | _of(claims) | _of(remits) | _of(answers) | _of(judged) | _of(ledger)
)
"""Every canonical table by name."""
KEPT = {name: table for name, table in TABLES.items() if table is not SERVICE_LINES}
"""Those that a store keeps; a line is told by its claim and by how it stands."""
FEEDS = tuple(_of(feeds))
"""The tables a clinic delivers."""
REMITS = tuple(_of(remits))
"""The tables of an 835."""
IN_FILES = (*FEEDS, *_of(claims), *REMITS, "acknowledgements", "acknowledgement_errors")
"""The tables that files hold; the others are made of them, in a workspace."""
LEDGER = ("payment_standings", "postings", "provider_postings", "accounts")
"""What a ledger is made of (reconciler.ledger.Ledger)."""
SENT = (
    "submissions",
    "claims",
    "claim_lines",
    "claim_diagnoses",
    "claim_codes",
    "claim_parties",
    "other_payers",
    "other_payer_lines",
)
"""The tables of an 837 by which its lines are judged."""

__all__ = [
    "ACCOUNTS",
    "ACKNOWLEDGEMENTS",
    "ACKNOWLEDGEMENT_ERRORS",
    "ADJUSTMENTS",
    "AUTHORIZATIONS",
    "CLAIMS",
    "CLAIM_CODES",
    "CLAIM_DIAGNOSES",
    "CLAIM_LINES",
    "CLAIM_PARTIES",
    "CLIENTS",
    "CORRECTIONS",
    "DAYS",
    "DECISIONS",
    "DEPOSITS",
    "ENCOUNTERS",
    "FEEDS",
    "FILES",
    "FINDINGS",
    "INTERCHANGES",
    "IN_FILES",
    "KEPT",
    "LEDGER",
    "LINE_STANDINGS",
    "MATCHES",
    "OTHER_PAYERS",
    "OTHER_PAYER_ADJUSTMENTS",
    "OTHER_PAYER_LINES",
    "PAYMENTS",
    "PAYMENT_CONTENTS",
    "PAYMENT_STANDINGS",
    "POSTINGS",
    "PROPOSALS",
    "PROVIDERS",
    "PROVIDER_ADJUSTMENTS",
    "PROVIDER_POSTINGS",
    "REFUSALS",
    "REMARKS",
    "REMITS",
    "REMIT_CLAIMS",
    "REMIT_LINES",
    "REPLIES",
    "SENT",
    "SERVICE_LINES",
    "SUBMISSIONS",
    "TABLES",
    "TIES",
    "VERDICTS",
    "VIOLATIONS",
    "Column",
    "Table",
]
