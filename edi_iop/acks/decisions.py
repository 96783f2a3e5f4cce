"""Decisions: accepted, accepted with errors, in part, or rejected (TA104, IK501, AK901)."""

from __future__ import annotations

from typing import Literal

import msgspec
import polars as pl

from edi_iop.acks.notes import LEVEL

Taken = Literal["judged", "kept", "refused"]
"""judged: errors reject. kept: the file was taken in all the same, so that errors are noted and
nothing is rejected. refused: nothing of it was taken in, so that no group is accepted."""

_TAKEN = pl.col("taken")
_NOTES = 5
"""How many codes IK5 and AK9 have room for."""
_FAULTY_SEGMENTS = "5"
"""IK502: one or more segments in error (005010X231A1 loop 2000, IK502)."""


class Decisions(msgspec.Struct, frozen=True):
    """One row an interchange (with note), group (codes, received, accepted), transaction set (codes)."""

    interchanges: pl.DataFrame
    groups: pl.DataFrame
    transactions: pl.DataFrame


def decided(heads: pl.DataFrame, noted: pl.DataFrame) -> Decisions:
    """What is decided of every header that is answered; heads say what became of its file (taken)."""
    transactions = _transactions(heads, noted)
    groups = _groups(heads, noted, transactions)
    rows = heads.filter(pl.col("id") == "ISA").drop("isa").rename({"row": "isa"})
    found = rows.join(
        _notes(noted, "interchange", "isa"), on="isa", how="left", maintain_order="left"
    )
    note = pl.col("codes").list.first().fill_null("000")
    return Decisions(found.with_columns(_own(), note=note), groups, transactions)


def _notes(noted: pl.DataFrame, level: str, of: str) -> pl.DataFrame:
    """The notes of each header of a level: its codes, those that reject first, and whether one does."""
    mine = noted.filter(pl.col("level") == level).sort(
        "fatal", descending=True, maintain_order=True
    )
    return mine.group_by(of).agg(
        codes=pl.col("note").unique(maintain_order=True),
        fatal=pl.col("fatal").any(),
        unread=pl.col("unread").any(),
    )


def _own() -> pl.Expr:
    """Rejected by a fatal note, accepted with errors by another, accepted without any.

    Of a file that was kept all the same only what could not be read is rejected.
    """
    fatal = pl.col("fatal").fill_null(False) & (_TAKEN != "kept") | pl.col("unread").fill_null(
        False
    )
    some = pl.col("codes").list.len().fill_null(0) > 0
    decision = pl.when(fatal).then(pl.lit("R")).when(some).then(pl.lit("E"))
    return decision.otherwise(pl.lit("A")).alias("decision")


def _transactions(heads: pl.DataFrame, noted: pl.DataFrame) -> pl.DataFrame:
    """IK5: the set's own codes, and the one that says its segments are in error."""
    segments = LEVEL == "segment"
    of_set = noted.with_columns(
        note=pl.when(segments).then(pl.lit(_FAULTY_SEGMENTS)).otherwise("note"),
        level=pl.when(segments).then(pl.lit("transaction")).otherwise("level"),
    )
    rows = heads.filter(pl.col("id") == "ST").rename({"row": "st"})
    found = rows.join(
        _notes(of_set, "transaction", "st"), on="st", how="left", maintain_order="left"
    )
    return found.with_columns(_own(), codes=pl.col("codes").list.sort().list.head(_NOTES))


def _groups(heads: pl.DataFrame, noted: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """AK9: by the group's own faults, else by what became of its transaction sets."""
    decision = pl.col("decision")
    sets = transactions.group_by("gs").agg(
        received=pl.len().cast(pl.Int64),
        accepted=(decision != "R").sum().cast(pl.Int64),
        clean=(decision == "A").all(),
    )
    rows = heads.filter(pl.col("id") == "GS").drop("gs").rename({"row": "gs"})
    found = (
        rows.join(_notes(noted, "group", "gs"), on="gs", how="left", maintain_order="left")
        .join(sets, on="gs", how="left", maintain_order="left")
        .with_columns(pl.col("received", "accepted").fill_null(0), _own())
        .with_columns(decision=pl.when(_TAKEN == "refused").then(pl.lit("R")).otherwise(_of_sets()))
    )
    nothing = pl.col("decision") == "R"
    return found.with_columns(
        accepted=pl.when(nothing).then(0).otherwise("accepted"),
        codes=pl.col("codes").list.sort().list.head(_NOTES),
    )


def _of_sets() -> pl.Expr:
    own, accepted = pl.col("decision"), pl.col("accepted")
    noted = (own == "E") | ~pl.col("clean").fill_null(True)
    return (
        pl.when((own == "R") | (accepted == 0))
        .then(pl.lit("R"))
        .when(accepted < pl.col("received"))
        .then(pl.lit("P"))
        .when(noted)
        .then(pl.lit("E"))
        .otherwise(pl.lit("A"))
    )
