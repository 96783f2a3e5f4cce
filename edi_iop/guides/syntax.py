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
    pairs = loops.pairs.with_row_index("pair")
    found = [
        _fault(pairs.slice(*loops.spans[number]), note) for number, note in _broken_notes(loops)
    ]
    empty = pl.DataFrame(
        schema={"pair": pl.UInt32, "code": pl.String, "message": pl.String, "element": pl.Int32}
    )
    return pl.concat([empty, *found])


def _broken_notes(loops: Loops) -> list[tuple[int, str]]:
    """The nodes and notes that any of a node's pairs breaks."""
    noted = [
        (number, note)
        for number in loops.spans
        for note in dict.fromkeys(loops.guide.nodes[number].syntax)
    ]
    elements = loops.pairs["elements"]
    flags = pl.select(
        _broken(note, pl.lit(elements.slice(*loops.spans[number]))).any().alias(f"{number} {note}")
        for number, note in noted
    )
    return [one for one, broken in zip(noted, flags.row(0) if noted else (), strict=True) if broken]


def _places(note: str) -> list[int]:
    return [int(note[at : at + 2]) for at in range(1, len(note), 2)]


_ELEMENTS = pl.col("elements")


def _given(place: int, elements: pl.Expr = _ELEMENTS) -> pl.Expr:
    return elements.list.get(place, null_on_oob=True).fill_null("") != ""


def _broken(note: str, elements: pl.Expr = _ELEMENTS) -> pl.Expr:
    """Whether a segment breaks a note."""
    given = [_given(place, elements) for place in _places(note)]
    count = pl.sum_horizontal(one.cast(pl.Int8) for one in given)
    return {
        "P": (count > 0) & (count < len(given)),
        "R": count == 0,
        "E": count > 1,
        "C": given[0] & (count < len(given)),
        "L": given[0] & (count < 2),
    }[note[0]]


def _fault(pairs: pl.DataFrame, note: str) -> pl.DataFrame:
    """The pairs that break a note, placed at the first element that should be otherwise."""
    code, says = _SAYS[note[0]]
    places = _places(note)
    missing = pl.coalesce(
        [pl.when(~_given(place)).then(place) for place in places] + [pl.lit(places[-1])]
    )
    return pairs.filter(_broken(note)).select(
        "pair",
        pl.lit(code).alias("code"),
        pl.lit(says.format(", ".join(f"{place:02d}" for place in places))).alias("message"),
        missing.cast(pl.Int32).alias("element"),
    )
