"""How tables lie in the database: what is derived, what a row is found by, and where it stands."""

from __future__ import annotations

from edi_iop.tables import FEEDS, LEDGER, Table

DERIVED = frozenset(
    {
        "days",
        "line_standings",
        "violations",
        "corrections",
        "matches",
        "proposals",
        "refusals",
        "verdicts",
        "payment_contents",
        "ties",
        *LEDGER,
    }
)
"""Tables computed from the others, all of them or in portions: they are replaced, never appended to."""

BY_KEY = frozenset(
    {
        "claim_lines",
        "claim_diagnoses",
        "other_payer_lines",
        "other_payer_adjustments",
        "remit_lines",
        "adjustments",
        "remarks",
        "line_standings",
        "ties",
    }
)
"""Tables without numbers of their rows: these stand in the order of their key, by which they are asked.

Of the many narrow rows of a claim the key is most, and would be kept twice: in an index too.
sqlite-utils cannot transform such a table: a migration makes it anew, as schema._put_by_key does.
"""

SAME = frozenset({"ties"})
"""Tables whose rows are all key: one that is there already is the same, kept by a night that died."""

INDICES: dict[str, tuple[tuple[str, ...], ...]] = {
    "encounters": (("source_record_id",), ("client_id", "service_date")),
    "clients": (("client_id",), ("member_id",)),
    "authorizations": (("auth_number", "from_date"), ("client_id",)),
    "providers": (("npi",),),
    "deposits": (("deposit_date",),),
    "submissions": (("interchange_control",),),
    "claims": (("claim",), ("payer_claim_number",)),
    "claim_lines": (("line_control",),),
    "payments": (("trace_number",),),
    "remit_claims": (("claim",), ("file_id", "payment_offset")),
    "remit_lines": (("line_control",),),
    "days": (("client_id", "service_date"),),
    "violations": (("file_id", "claim_offset", "line_offset"),),
    "corrections": (("claim",),),
    "matches": (("file_id", "remit_claim_offset"),),
    "payment_standings": (("file_id", "payment_offset"), ("trace_number",)),
    "postings": (
        ("file_id", "remit_claim_offset"),
        ("file_id", "payment_offset"),
        ("claim_file_id", "claim_offset"),
    ),
    "payment_contents": (("file_id", "payment_offset"),),
    "refusals": (("file_id", "remit_claim_offset"),),
    "provider_postings": (("file_id", "payment_offset"), ("thread",)),
    "accounts": (("claim_file_id", "claim_offset"), ("account",)),
    "proposals": (("file_id", "remit_claim_offset"),),
    "decisions": (("file_id", "remit_claim_offset"), ("file_id", "payment_offset")),
    "verdicts": (("file_id", "remit_claim_offset"), ("deadline",)),
    "acknowledgements": (("interchange_control",), ("group_control",), ("claim",)),
    "interchanges": (("interchange_control", "sender_id"), ("sha256",)),
    "replies": (("answered_file",),),
    "findings": (("file_id",),),
    "files": (("sha256",), ("run",)),
}
"""What questions join and look up by, beside the primary keys."""


def key_of(table: Table) -> tuple[str, ...]:
    """What must be unique: a feed's rows are versions, a derived table's key may be partly null."""
    if table.name in FEEDS:
        return ("file_id", "row")
    return () if table.name in DERIVED - BY_KEY else table.key
