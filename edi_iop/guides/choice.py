"""Which guide reads a transaction set: that of its group (GS08), unless that is the fault.

A group may name the guide of another transaction, or of another kind of claim than its sets
name (ST03) and hold. Such a set is read by its own guide, and GS08 is told to be wrong.
"""

from __future__ import annotations

import polars as pl

from edi_iop.guides.loader import index, load, resolve
from edi_iop.x12.segments import Segments

_KIND = ("guide", "st01", "st03", "gs01")
OF_A_GUIDE = "^[0-9]{6}X[0-9]{3}"
"""How the version of an implementation guide begins; what follows is its errata."""
VERSION = pl.when(pl.col("st03").str.contains(OF_A_GUIDE)).then("st03").otherwise("guide")
"""What a transaction set says it follows: its ST03 goes before the GS08 of its group (X12.6, ST03)."""


def chosen(segments: Segments, transactions: pl.DataFrame, going_on: str | None) -> pl.Series:
    """Name of the guide that reads each transaction (Enveloped.transactions), null where there is none.

    going_on: the guide of the transaction an earlier frame began, which this one begins with.
    """
    kinds = transactions.select(_KIND)
    guides = {kind: _guides(*kind) for kind in kinds.unique().iter_rows()}
    names = [guides[kind][0] for kind in kinds.iter_rows()]
    for number, kind in enumerate(kinds.iter_rows()):
        if len(guides[kind]) > 1:
            first, last = transactions.row(number, named=True)["row"], transactions["last"][number]
            names[number] = _fitting(segments, guides[kind], first, last)
    if going_on is not None and len(names) and transactions["row"][0] < segments.repeated:
        names[0] = going_on
    return pl.Series("name", names, dtype=pl.String)


def _guides(
    version: str | None, transaction: str | None, own: str | None, group: str | None
) -> list[str | None]:
    """The guide of the group, or of the transaction where that is another's; both where they differ."""
    named, told = resolve(version, transaction), resolve(own or None, transaction)
    if named is None and _is_of_another(version, transaction, group, told if own else None):
        return [told]
    differs = bool(own) and named is not None and told is not None and named != told
    return [named, told] if differs else [named]


def _is_of_another(
    version: str | None, transaction: str | None, group: str | None, told: str | None
) -> bool:
    """Whether a version is that of another transaction, while set and group agree, or ST01 and ST03 do."""
    known = index()
    own = {entry.group for entry in known.guides.values() if entry.transaction == transaction}
    return version in {*known.guides, *known.same_as} and (told is not None or group in own)


def _fitting(segments: Segments, guides: list[str | None], first: int, last: int) -> str | None:
    """Of two guides the one that knows more of the segments; the group's where both do."""
    texts = segments.rows["text"].slice(first, last - first + 1).unique()
    there = set(segments.texts["id"].gather(texts).unique())

    def unknown(name: str | None) -> int:
        return 0 if name is None else len(there - {node.id for node in load(name).nodes})

    return min(guides, key=unknown)
