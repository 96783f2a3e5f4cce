"""Which claim and line each answer of an 835 belongs to: tiers of certainty, never a guess.

What the program finds certain or strong it takes; a person may link an answer to a
claim, or say that they do not belong together, and that word goes first. A wrong payee,
another payer of ours, another patient or dates wholly outside the claim veto a match;
two claims or lines that agree alike leave the answer unmatched and said so, the
candidates proposed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from edi_iop.reconciler.given import Tables, claim_tables, remit_tables
from edi_iop.reconciler.match_claims import Further, match_claims
from edi_iop.reconciler.match_lines import match_lines
from edi_iop.reconciler.match_sides import CLAIM, KEY
from edi_iop.tables import DECISIONS, MATCHES, PROPOSALS


@dataclass(frozen=True)
class Matched:
    """Answers with what they belong to, and what those without might."""

    matches: pl.DataFrame
    """tables.MATCHES: one row a remit claim (remit_line_offset null) and one a remit line, in
    file order; more where one answers several."""
    proposals: pl.DataFrame
    """tables.PROPOSALS."""


def match(remits: Tables, claims: Tables) -> pl.DataFrame:
    """tables.MATCHES of remits, nobody having decided anything."""
    return matched(remits, claims, DECISIONS.empty()).matches


def matched(
    remits: Tables,
    claims: Tables,
    decisions: pl.DataFrame,
    asking: Collection[str] = (),
    further: Further | None = None,
    payers: Collection[str] = (),
) -> Matched:
    """Every answer tied to what it belongs to.

    remits: tables.REMITS. claims: claims, claim_lines, and acknowledgements where there are
    any. decisions: tables.DECISIONS; of a pair the last word of a person stands. asking:
    payers (ids) whose matches by member alone (T5) are only proposed. further: what is proposed
    by name from beyond these claims, where they are a portion of those sent. payers: the ids of
    those we bill, each another one: what one of them answers of another's claim is proposed.
    """
    answers, sent = remit_tables(remits), {**claims, **claim_tables(claims)}
    links, barred = _decided(decisions, sent["claims"])
    answered, proposals = match_claims(answers, sent, links, barred, asking, further, payers)
    lines = match_lines(answers, sent, answered)
    rows = pl.concat([MATCHES.conform(answered), MATCHES.conform(lines)])
    place = (*KEY, "remit_line_offset", *CLAIM, "line_offset")
    return Matched(
        rows.sort(place, nulls_last=False, maintain_order=True),
        PROPOSALS.conform(proposals.sort(*KEY, "rank")),
    )


def _decided(decisions: pl.DataFrame, claims: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pairs that a person tied, the last one of each answer; and pairs that one took apart."""
    known = claims.select("claim_offset", claim_file_id="file_id")
    last = (
        decisions.filter(pl.col("verb").is_in(["link", "unlink"]))
        .join(known, on=CLAIM, how="semi")
        .sort("decision")
        .unique([*KEY, *CLAIM], keep="last", maintain_order=True)
    )
    tied = last.filter(pl.col("verb") == "link").unique(KEY, keep="last")
    apart = last.filter(pl.col("verb") == "unlink")
    return tied.select(*KEY, *CLAIM, "actor"), apart.select(*KEY, *CLAIM)
