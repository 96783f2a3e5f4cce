"""Syntax notes: elements of a segment that depend on one another (P R E C L).

A note is a letter and element numbers: P0304 (both or neither), R0203 (at least
one), E0405 (at most one), C0809 (the first needs the rest), L050607 (the first
needs one of the rest).
"""

from __future__ import annotations

import polars as pl

from edi_iop.guides.loops import Loops

_SAYS = {
    "P": ("SYNTAX_PAIRED", "elements {} go together"),
    "R": ("SYNTAX_REQUIRED", "one of elements {} must be there"),
    "E": ("SYNTAX_EXCLUSIVE", "only one of elements {} may be there"),
    "C": ("SYNTAX_CONDITIONAL", "of elements {} the first needs the others"),
    "L": ("SYNTAX_LIST_CONDITIONAL", "of elements {} the first needs one of the others"),
}


def syntax_notes(loops: Loops) -> pl.DataFrame:
    """Pairs that break a syntax note of their segment: pair, code, message, element."""
    notes: dict[str, list[int]] = {}
    for node in loops.guide.nodes:
        for note in node.syntax:
            notes.setdefault(note, []).append(node.index)
    pairs = loops.pairs.with_row_index("pair")
    found = [
        _broken(pairs.filter(pl.col("node").is_in(nodes)), note) for note, nodes in notes.items()
    ]
    empty = pl.DataFrame(
        schema={"pair": pl.UInt32, "code": pl.String, "message": pl.String, "element": pl.Int16}
    )
    return pl.concat([empty, *found])


def _broken(pairs: pl.DataFrame, note: str) -> pl.DataFrame:
    kind, digits = note[0], note[1:]
    places = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    given = [
        pl.col("elements").list.get(place, null_on_oob=True).fill_null("") != "" for place in places
    ]
    count = pl.sum_horizontal(one.cast(pl.Int8) for one in given)
    broken = {
        "P": (count > 0) & (count < len(places)),
        "R": count == 0,
        "E": count > 1,
        "C": given[0] & (count < len(places)),
        "L": given[0] & (count < 2),
    }[kind]
    code, says = _SAYS[kind]
    # The place is the first element that should be otherwise.
    missing = pl.coalesce(
        [pl.when(~one).then(place) for one, place in zip(given, places, strict=True)]
        + [pl.lit(places[-1])]
    )
    return pairs.filter(broken).select(
        "pair",
        pl.lit(code).alias("code"),
        pl.lit(says.format(", ".join(f"{place:02d}" for place in places))).alias("message"),
        missing.cast(pl.Int16).alias("element"),
    )
