"""Notes: what an answer says of each finding, and of which interchange, group or transaction set.

A finding of an envelope becomes a TA105, AK905 or IK502 code (maps/acks.toml),
one inside a transaction set the IK304 or IK403 code of the catalogue. What has
no code is not for an answer: money that does not add up, unknown external codes.
"""

from __future__ import annotations

from functools import cache

import msgspec
import polars as pl

from edi_iop import resources
from edi_iop.errors import BadMap
from edi_iop.texts import composed

LEVEL = pl.col("level")


class Codes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """maps/acks.toml: note codes by a finding's code or the element it stands at (ISA10)."""

    rejects: tuple[str, ...]
    interchange: dict[str, str]
    group: dict[str, str]
    transaction: dict[str, str]


@cache
def codes() -> Codes:
    """The note codes; BadMap where the file does not decode."""
    path = resources.maps() / "acks.toml"
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Codes)
    except (OSError, msgspec.MsgspecError) as problem:
        raise BadMap(f"{path.name}: {problem}; correct the codes of answers") from problem


def noted(findings: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """The findings an answer tells, with isa, gs, st, level, note and fatal.

    level: interchange, group, transaction or segment; note: the code told; fatal:
    whether what carries it is rejected; unread: whether even where its file is kept.
    """
    placed = _under(findings.filter(pl.col("byte_offset").is_not_null()), heads)
    told = _coded(placed.with_columns(level=_level())).filter(pl.col("note").is_not_null())
    unread = pl.col("code").is_in(codes().rejects) | _place().is_in(codes().rejects)
    fatal = (pl.col("severity") == "error") | unread
    ours = heads.filter("answered")
    parents = ours.filter(pl.col("id") == "ST").select(st="row", st_gs="gs")
    groups = ours.filter(pl.col("id") == "GS")["row"].implode()
    in_set = LEVEL.is_in(["transaction", "segment"])
    return (
        told.with_columns(fatal=fatal, unread=unread)
        .join(parents, on="st", how="left", maintain_order="left")
        .filter(pl.col("isa").is_not_null() & (~in_set | (pl.col("st_gs") == pl.col("gs"))))
        .filter((LEVEL != "group") | pl.col("gs").is_in(groups))
        .drop("st_gs")
    )


def _under(findings: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """The last ISA, GS and ST before each finding."""
    placed = findings.sort("file_id", "byte_offset", maintain_order=True)
    for kind in ("ISA", "GS", "ST"):
        rows = heads.filter(pl.col("id") == kind)
        starts = rows.select("file_id", "byte_offset", pl.col("row").alias(kind.lower()))
        placed = placed.join_asof(starts, on="byte_offset", by="file_id", check_sortedness=False)
    return placed


def _level() -> pl.Expr:
    """Whose fault it is: what stands in no transaction set is the interchange's."""
    own = pl.col("segment").fill_null("")
    outside = pl.col("segment_position").is_null() | own.is_in(["ISA", "IEA"])
    return (
        pl.when(own.is_in(["GS", "GE"]))
        .then(pl.lit("group"))
        .when(outside)
        .then(pl.lit("interchange"))
        .otherwise(pl.lit("transaction"))
    )


def _place() -> pl.Expr:
    """The element it stands at: ISA10."""
    return composed("{}{}", "segment", pl.col("element").cast(pl.String).str.zfill(2))


_MANY_COMPONENTS, _MANY_REPETITIONS = "13", "12"


def _of_segment() -> pl.Expr:
    """The IK304 or IK403 code of a finding; of a part that is empty at the end, that of one too many."""
    part = (
        pl.when(pl.col("component").is_not_null())
        .then(pl.lit(_MANY_COMPONENTS))
        .when(pl.col("repetition").is_not_null())
        .then(pl.lit(_MANY_REPETITIONS))
        .otherwise("ack")
    )
    return pl.when(pl.col("code") == "TRAILING_SEPARATORS").then(part).otherwise("ack")


def _coded(placed: pl.DataFrame) -> pl.DataFrame:
    """With each finding's note; one that is none of its transaction set itself is of a segment."""
    at = _place()
    known = codes()
    note = pl.coalesce(
        pl.when(pl.col("level") == level).then(
            pl.coalesce(
                one.replace_strict(table, default=None, return_dtype=pl.String)
                for one in (composed("{} {}", "code", at), pl.col("code"), at)
            )
        )
        for level, table in (
            ("interchange", known.interchange),
            ("group", known.group),
            ("transaction", known.transaction),
        )
    )
    inner = (LEVEL == "transaction") & pl.col("note").is_null()
    return placed.with_columns(note=note).with_columns(
        note=pl.when(inner).then(_of_segment()).otherwise("note"),
        level=pl.when(inner).then(pl.lit("segment")).otherwise("level"),
    )
