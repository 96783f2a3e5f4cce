"""Which claim and line each answer of an 835 belongs to: tiers of certainty, never a guess.

Claims: T1, the patient control number (CLP01 = CLM01) with charge or dates of
service agreeing; T2, the line control numbers (REF 6R), all of one claim.
Lines: 6R, then the day. A wrong payee or dates wholly outside the claim veto a
match; two claims or lines that agree alike leave the answer unmatched and said so.
"""

from __future__ import annotations

import polars as pl

from edi_iop.reconciler.given import Tables, claim_tables, remit_tables
from edi_iop.reconciler.match_claims import match_claims
from edi_iop.reconciler.match_lines import match_lines
from edi_iop.tables import MATCHES


def match(remits: Tables, claims: Tables) -> pl.DataFrame:
    """One row a remit claim (remit_line_offset null) and one a remit line, in file order.

    remits: payments, remit_claims, remit_lines, adjustments. claims: claims, claim_lines.
    """
    answers, sent = remit_tables(remits), claim_tables(claims)
    answered = match_claims(answers, sent)
    lines = match_lines(answers, sent, answered)
    rows = pl.concat([MATCHES.conform(answered), MATCHES.conform(lines)])
    return rows.sort(
        "file_id", "remit_claim_offset", "remit_line_offset", nulls_last=False, maintain_order=True
    )
