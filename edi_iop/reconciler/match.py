"""Which claim and line each answer of an 835 belongs to: tiers of certainty, never a guess.

What the program finds certain or strong it takes; a person may link an answer to a
claim, or a line to a line, or say that they do not belong together, and that word goes first. A wrong payee,
another payer of ours, another patient, dates wholly outside the claim or line control
numbers of other claims alone veto a match; two claims or lines that agree alike leave the
answer unmatched and said so, the candidates proposed.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import polars as pl

from edi_iop.reconciler.features import against, truth
from edi_iop.reconciler.given import Tables, claim_tables, remit_tables
from edi_iop.reconciler.match_claims import Further, match_claims
from edi_iop.reconciler.match_hand import by_hand
from edi_iop.reconciler.match_lines import match_lines
from edi_iop.reconciler.match_pairs import (
    compared,
    control_hits,
    held_none,
    other_person,
    relative,
)
from edi_iop.reconciler.match_sides import CLAIM, KEY, answered, sent
from edi_iop.tables import DECISIONS, MATCHES, PROPOSALS
from edi_iop.tables.numbers import ordered


class Matched(msgspec.Struct, frozen=True):
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
    answers, ours = remit_tables(remits), {**claims, **claim_tables(claims)}
    words = by_hand(decisions, ours["claims"])
    tied, proposals = match_claims(
        answers, ours, words.links, words.barred, asking, further, payers
    )
    lines = match_lines(answers, ours, tied, words)
    rows = pl.concat([MATCHES.conform(tied), MATCHES.conform(lines)])
    place = (*KEY, "remit_line_offset", *CLAIM, "line_offset")
    return Matched(
        ordered(rows, *place),
        PROPOSALS.conform(proposals.sort(*KEY, "rank")),
    )


def misgivings(remits: Tables, claims: Tables, payers: Collection[str]) -> list[str]:
    """What speaks against tying one remit claim to one claim by hand, in words.

    remits, claims: the tables of the one and of the other. payers: as for matched.
    """
    pair = answered(remits).join(sent(claims), how="cross")
    compare = compared(pair, control_hits(remits, claims), payers)
    told = {
        "the payment is to another payee than the claim's billing provider": against("payee"),
        "the payer is another than the claim was sent to": truth("other_payer"),
        "the claim is another patient's": other_person() | relative(),
        "its dates of service lie outside the claim": truth("disjoint"),
        "none of its line control numbers is the claim's": held_none(),
    }
    return [words for words, found in told.items() if compare.select(found.any()).item()]
