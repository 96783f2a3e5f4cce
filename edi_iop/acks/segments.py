"""The segments of a 999 that depend on what was found: IK3, CTX and IK4 (005010X231A1 loop 2100).

Every segment is a row: its transaction set, its place there (segment_position, fault, part),
and its text. Sorted by that they are the answer.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from edi_iop.acks.notes import LEVEL
from edi_iop.guides import loader
from edi_iop.guides.specifications import specifications
from edi_iop.texts import composed

_REPEATS = "12"
"""IK403: the element repeats more often than the guide allows."""
_ELEMENTS = "8"
"""IK304: the segment has element errors, told in the IK4 below."""
_UNEXPECTED, _UNKNOWN = "2", "1"
"""IK304: a segment of the guide at a wrong place, and one that the guide has nowhere."""
_NO_ID = "UNK"
"""Stands for what is no segment identifier: it may be anybody's data."""
_MOST_POSITION, _MOST_ELEMENT, _MOST_REPETITION = 999_999, 99, 9_999
"""What fits into IK302, IK401-1 and IK401-3."""
_UNIT_LENGTH = 35
"""CTX01-2: what is longer is told by its beginning (X12 interpretation 2293)."""
_BEFORE_PLACE = (
    "SEGMENT_MISSING",
    "LOOP_MISSING",
    "SITUATION_SEGMENT_MISSING",
    "COMPANION_SEGMENT_MISSING",
)
"""They stand at the segment after the one that is missing, which may be of the next claim."""
_OWN, _UNIT, _CONTEXT, _FIRST_ELEMENT = range(4)
"""Parts of loop 2100: IK3, CTX of its claim or payment, CTX of what triggered it, each IK4.

The two CTX stand at one position (0500) and in any order; pyx12 takes this one alone.
"""
_MOST_CONTEXTS, _MOST_ELEMENT_CONTEXTS = 9, 10
_LEGAL = r"^[A-Z0-9!\"&'()+,\-./;?= a-z%@\[\]_{}\\|<>`#$]+$"
_PLACE = ["st", "segment_position", "segment"]


def segments(
    noted: pl.DataFrame,
    transactions: pl.DataFrame,
    tables: Mapping[str, pl.DataFrame],
    values: bool,
) -> pl.DataFrame:
    """IK3, CTX and IK4 of every transaction set: st, segment_position, fault, part and text."""
    faults = _faults(noted.filter(LEVEL == "segment"), transactions)
    notes = faults.unique([*_PLACE, "ik304"], keep="first", maintain_order=True)
    notes = notes.with_columns(fault=pl.int_range(pl.len()))
    told = faults.join(
        notes.select(*_PLACE, "ik304", "fault"), on=[*_PLACE, "ik304"], maintain_order="left"
    )
    of_element = pl.col("element").is_not_null()
    elements = _elements(told.filter(of_element))
    whole = told.filter(~of_element).with_columns(part=pl.lit(_CONTEXT))
    return pl.concat(
        [
            _ik3(notes),
            _units(notes, transactions, tables),
            _triggers(whole, _MOST_CONTEXTS),
            _ik4(elements.unique("part", keep="first", maintain_order=True), values),
            _triggers(elements, _MOST_ELEMENT_CONTEXTS),
        ]
    )


def _faults(found: pl.DataFrame, transactions: pl.DataFrame) -> pl.DataFrame:
    """The faults with their IK304 code, in the order they are told: element errors last."""
    own = pl.col("segment").str.contains(r"^[A-Z][A-Z0-9]{1,2}$")
    of_element = pl.col("element").is_not_null()
    guided = found.join(
        transactions.select("st", "guide"), on="st", how="left", maintain_order="left"
    )
    known = guided.join(
        _segments_of(guided), on=["guide", "segment"], how="left", maintain_order="left"
    )
    # A segment that is placed (loop) says more than the same fault without its loop.
    order = [pl.col("st"), pl.col("segment_position"), pl.col("ik304") == _ELEMENTS]
    return known.with_columns(
        segment=pl.when(own).then("segment").otherwise(pl.lit(_NO_ID)),
        ik304=pl.when(of_element)
        .then(pl.lit(_ELEMENTS))
        .when((pl.col("note") == _UNEXPECTED) & pl.col("of_guide").is_null())
        .then(pl.lit(_UNKNOWN))
        .otherwise("note"),
    ).sort(*order, pl.col("loop").is_null(), maintain_order=True)


def _segments_of(guided: pl.DataFrame) -> pl.DataFrame:
    """The segments that the guides in use have: guide, segment, of_guide."""
    names = guided["guide"].drop_nulls().unique(maintain_order=True).to_list()
    held = [(name, node.id) for name in names for node in loader.load(name).nodes]
    rows = pl.DataFrame(
        held, schema={"guide": pl.String(), "segment": pl.String()}, orient="row"
    ).unique()
    return rows.with_columns(of_guide=pl.lit(True))


def _line(notes: pl.DataFrame, part: int | pl.Expr, text: pl.Expr) -> pl.DataFrame:
    number = pl.lit(part) if isinstance(part, int) else part
    return notes.select("st", "segment_position", "fault", part=number.cast(pl.Int32), text=text)


def _ik3(notes: pl.DataFrame) -> pl.DataFrame:
    """IK303 names a loop bounded by LS and LE, which claims and remits have none of."""
    position = pl.col("segment_position").clip(upper_bound=_MOST_POSITION)
    return _line(notes, _OWN, composed("IK3*{}*{}**{}", "segment", position, "ik304"))


def _triggers(told: pl.DataFrame, most: int) -> pl.DataFrame:
    """CTX: what brought a situational rule to bear, each once behind its IK3 or IK4 (part), so many at most.

    CTX04 is a loop's that is bounded by LS and LE, as IK303.
    """
    names = ("segment", "position", "element", "component")
    segment, position, element, component = (pl.col(f"trigger_{name}") for name in names)
    place = pl.concat_str(
        pl.lit("**") + element.clip(upper_bound=_MOST_ELEMENT).cast(pl.String),
        (pl.lit(":") + component.clip(upper_bound=_MOST_ELEMENT).cast(pl.String)).fill_null(""),
    )
    text = pl.concat_str(
        composed(
            "CTX*SITUATIONAL TRIGGER*{}*{}", segment, position.clip(upper_bound=_MOST_POSITION)
        ),
        place.fill_null(""),
    )
    lines = _line(told.filter(position.is_not_null()), pl.col("part"), text)
    once = lines.unique(maintain_order=True)
    return once.filter(pl.int_range(pl.len()).over("st", "fault", "part") < most)


def _units(
    notes: pl.DataFrame, transactions: pl.DataFrame, tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """CTX: the claim or payment the segment stands in, where its number is known and sound."""
    starts = transactions.select("st", start="byte_offset")
    around = notes.join(starts, on="st", how="left", maintain_order="left")
    units = [_line(notes, _UNIT, pl.lit("")).head(0)]
    for unit, named in (("CLM01", _claims(around, tables)), ("TRN02", _payments(around, tables))):
        number = pl.col("unit").str.head(_UNIT_LENGTH).str.strip_chars()
        sound = named.filter(pl.col("unit").str.contains(_LEGAL) & (number != ""))
        units.append(_line(sound, _UNIT, composed("CTX*{}:{}", pl.lit(unit), number)))
    return pl.concat(units)


def _claims(around: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Of what stands in a claim (loop 2300 or below), its CLM01."""
    if "claims" not in tables:
        return around.head(0).with_columns(unit=pl.lit(""))
    before = pl.col("code").is_in(_BEFORE_PLACE).cast(pl.Int64)
    inside = around.filter(pl.col("loop").str.contains("^2[34]"))
    claims = tables["claims"].select(
        "file_id", at="claim_offset", start="transaction_offset", unit="claim"
    )
    return (
        inside.with_columns(at=pl.col("byte_offset") - before)
        .sort("at", maintain_order=True)
        .join_asof(claims.sort("at"), on="at", by=["file_id", "start"], check_sortedness=False)
    )


def _payments(around: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Of what stands in a remit, the TRN02 of its payment."""
    if "payments" not in tables:
        return around.head(0).with_columns(unit=pl.lit(""))
    payments = tables["payments"].select("file_id", start="payment_offset", unit="trace_number")
    return around.join(payments, on=["file_id", "start"], maintain_order="left")


def _elements(told: pl.DataFrame) -> pl.DataFrame:
    """The faults of elements with the part of the IK4 that tells each: one a place and note."""
    same = [*_PLACE, "element", "component", "repetition", "note"]
    first = pl.col("part").min().over(same)
    return told.with_row_index("part", _FIRST_ELEMENT).with_columns(part=first)


def _ik4(elements: pl.DataFrame, values: bool) -> pl.DataFrame:
    """Position, data element number where the guide has one, and the code; the value where asked."""
    told = _specified(elements)
    component = pl.col("component").clip(upper_bound=_MOST_ELEMENT).cast(pl.String)
    # What repeats too often is told at the first repetition too many.
    over = pl.when(pl.col("note") == _REPEATS).then(pl.col("repeats").fill_null(1) + 1)
    number = pl.coalesce("repetition", over)
    several = (number > 1) | (pl.col("repeats") > 1)
    repetition = pl.when(several).then(number.clip(upper_bound=_MOST_REPETITION)).cast(pl.String)
    place = pl.concat_str(
        pl.col("element").clip(upper_bound=_MOST_ELEMENT).cast(pl.String),
        pl.lit(":") + component.fill_null(""),
        pl.lit(":") + repetition.fill_null(""),
    ).str.strip_chars_end(":")
    reference = pl.when(pl.col("data_element").str.contains(r"^\d{1,4}$")).then("data_element")
    value = pl.col("value") if values else pl.lit(None, pl.String)
    sound = pl.when(value.str.contains(_LEGAL)).then(value.str.head(99).str.strip_chars_end())
    text = pl.concat_str(
        composed("IK4*{}*{}*{}", place, reference.fill_null(""), "note"),
        pl.when(sound != "").then(pl.lit("*") + sound).fill_null(""),
    )
    return _line(told, pl.col("part"), text)


def _specified(elements: pl.DataFrame) -> pl.DataFrame:
    """With what the guide says of each element: its data element number, and whether it repeats."""
    names = elements["guide"].drop_nulls().unique(maintain_order=True).to_list()
    specs = pl.concat([_SPECS, *(_specs(name) for name in names)])
    whole = specs.filter(pl.col("component") == 0).drop("component", "data_element")
    keys = ["guide", "loop", "segment", "element"]
    return (
        elements.with_columns(component_key=pl.col("component").fill_null(0))
        .join(
            specs.drop("repeats").rename({"component": "component_key"}),
            on=[*keys, "component_key"],
            how="left",
            maintain_order="left",
        )
        .join(whole, on=keys, how="left", maintain_order="left")
    )


_SPECS = pl.DataFrame(
    schema={
        "guide": pl.String(),
        "loop": pl.String(),
        "segment": pl.String(),
        "element": pl.Int64(),
        "component": pl.Int64(),
        "data_element": pl.String(),
        "repeats": pl.Int64(),
    }
)


def _specs(guide: str) -> pl.DataFrame:
    """Of every element of a guide: its number in the X12 dictionary, and how often it may repeat."""
    nodes = [one for one in loader.load(guide).nodes if one.kind == "segment"]
    named = pl.DataFrame(
        [(node.index, node.loop.id, node.id) for node in nodes],
        schema={"node": pl.Int64(), "loop": pl.String(), "segment": pl.String()},
        orient="row",
    )
    return (
        specifications(guide)
        .join(named, on="node")
        .with_columns(guide=pl.lit(guide), element=pl.col("position").cast(pl.Int64))
        .with_columns(pl.col("component").cast(pl.Int64))
        .select(list(_SPECS.schema))
        .unique(["loop", "segment", "element", "component"], keep="first", maintain_order=True)
    )
