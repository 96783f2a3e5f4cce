"""TA1: the answer to an interchange, which stands between ISA and the first group, in no guide."""

from __future__ import annotations

import polars as pl

from edi_iop.tables import ACKNOWLEDGEMENTS
from edi_iop.x12.segments import Segments


def read(segments: Segments, placed: bool = False) -> pl.DataFrame:
    """The TA1 segments as rows of tables.ACKNOWLEDGEMENTS; `file_id` is the file's place in the batch.

    placed: with the place of each row (tables.schema.PLACE).
    """
    table = ACKNOWLEDGEMENTS.placed if placed else ACKNOWLEDGEMENTS
    if not (segments.texts["id"] == "TA1").any():
        return table.empty()
    wanted = segments.texts.filter(pl.col("id").is_in(["ISA", "TA1"]))
    rows = segments.rows.join(wanted, on="text", how="inner", maintain_order="left")
    isa = rows.filter(pl.col("id") == "ISA").unique("interchange", keep="first")
    around = isa.select(
        "interchange",
        sender_id=_element(6),
        receiver_id=_element(8),
        usage=_element(15),
        answer_interchange=_element(13),
        place_interchange=_element(13),
        answered_on=_day(_element(9)),
    )
    found = rows.filter(pl.col("id") == "TA1").select(
        "interchange",
        "byte_offset",
        file_id=pl.col("file").cast(pl.Int64),
        kind=pl.lit("TA1"),
        level=pl.lit("interchange"),
        interchange_control=_element(1),
        interchange_date=_day(_element(2)),
        decision=_element(4),
        place_offset="byte_offset",
        place_segment=pl.lit("TA1"),
        code=_element(5),
    )
    joined = found.join(around, on="interchange", how="left", maintain_order="left")
    return table.conform(joined)


def _element(place: int) -> pl.Expr:
    text = pl.col("elements").list.get(place, null_on_oob=True).str.strip_chars()
    return pl.when(text != "").then(text)


def _day(text: pl.Expr) -> pl.Expr:
    """YYMMDD of this century; null where it is none."""
    shaped = pl.when(text.str.contains(r"^\d{6}$")).then(pl.lit("20") + text)
    return shaped.str.to_date("%Y%m%d", strict=False)
