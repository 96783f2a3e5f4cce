"""The canonical tables: each column's name, type, unit, meaning and source element."""

from __future__ import annotations

from edi_iop.tables import claims, feeds, judged, remits
from edi_iop.tables.claims import (
    CLAIM_CODES,
    CLAIM_DIAGNOSES,
    CLAIM_LINES,
    CLAIM_PARTIES,
    CLAIMS,
    OTHER_PAYER_ADJUSTMENTS,
    OTHER_PAYERS,
    SUBMISSIONS,
)
from edi_iop.tables.feeds import AUTHORIZATIONS, CLIENTS, ENCOUNTERS, PROVIDERS
from edi_iop.tables.judged import (
    DAYS,
    FILES,
    FINDINGS,
    MATCHES,
    SERVICE_LINES,
    VERDICTS,
    VIOLATIONS,
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

TABLES: dict[str, Table] = {
    table.name: table
    for module in (feeds, claims, remits, judged)
    for table in vars(module).values()
    if isinstance(table, Table)
}
"""Every canonical table by name."""

__all__ = [
    "ADJUSTMENTS",
    "AUTHORIZATIONS",
    "CLAIMS",
    "CLAIM_CODES",
    "CLAIM_DIAGNOSES",
    "CLAIM_LINES",
    "CLAIM_PARTIES",
    "CLIENTS",
    "DAYS",
    "ENCOUNTERS",
    "FILES",
    "FINDINGS",
    "MATCHES",
    "OTHER_PAYERS",
    "OTHER_PAYER_ADJUSTMENTS",
    "PAYMENTS",
    "PROVIDERS",
    "PROVIDER_ADJUSTMENTS",
    "REMARKS",
    "REMIT_CLAIMS",
    "REMIT_LINES",
    "SERVICE_LINES",
    "SUBMISSIONS",
    "TABLES",
    "VERDICTS",
    "VIOLATIONS",
    "Column",
    "Table",
]
