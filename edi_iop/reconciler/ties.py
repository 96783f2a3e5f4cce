"""By what claims and answers may bear on each other: numbers, ids and names as matching compares them.

Everything the reconciler and the rules compare across claims is, or follows from, a value
of one of these kinds: equal in both, or in one the beginning of the other's. What is
looked for here is more than what matches: it only has to miss nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from edi_iop.reconciler.answers import ordinal
from edi_iop.reconciler.features import OWN_LENGTH, folded, letters, plain
from edi_iop.reconciler.match_candidates import ADDED, SHORTEST_ICN
from edi_iop.reconciler.match_pairs import (
    BARE,
    LONGEST_NUMBER,
    MEMBER_CUT,
    SHORTEST_MEMBER,
)
from edi_iop.reconciler.match_sides import LATER_PLACES, patient
from edi_iop.tables import TIES

NUMBER, PAYER_NUMBER, MEMBER, CONTROL, NAME = "number", "payer number", "member", "control", "name"
LATER_CLAIM, LATER_ANSWER = "later payer's claim", "later payer's answer"
"""A patient's last name and initial, of claims to second and third payers and of what these answer: an
answer may bear on each such claim, no claim on another."""
_ACROSS = {LATER_CLAIM: LATER_ANSWER, LATER_ANSWER: LATER_CLAIM}
"""Kinds of which a value ties its rows to those of another kind that have it."""
LENGTH = "length"
"""The value is a kind, the place how many characters some of its values have: of file 0."""
NUMBERS = (NUMBER, PAYER_NUMBER)
"""A payer may return either in the place of the other: they are equal across the kinds."""
VALUE = ("kind", "value")
PLACES = {"claims": "claim_offset", "remit_claims": "remit_claim_offset", "acknowledgements": "byte_offset"}  # fmt: skip
SIDES = {"claims": "claim", "remit_claims": "remit", "acknowledgements": "ack"}
COLUMNS: Mapping[str, Sequence[tuple[str, str]]] = {
    "claims": (
        (NUMBER, "claim"),
        (PAYER_NUMBER, "payer_claim_number"),
        (MEMBER, "member_id"),
        (NAME, "patient_last_name"),
        (NAME, "subscriber_last_name"),
    ),
    "remit_claims": (
        (NUMBER, "claim"),
        (PAYER_NUMBER, "payer_claim_number"),
        (PAYER_NUMBER, "original_claim"),
        (MEMBER, "patient_id"),
        (MEMBER, "subscriber_id"),
    ),
    "acknowledgements": ((NUMBER, "claim"), (PAYER_NUMBER, "payer_claim_number")),
}
"""Where each kind stands; the names of claims are looked for, those of answers never."""
_PLACES_OF = {
    "claims": ("payer_responsibility", "patient_last_name", "patient_first_name",
               "subscriber_last_name", "subscriber_first_name"),
    "remit_claims": ("status", "patient_last_name", "patient_first_name"),
}  # fmt: skip
"""By what these are told."""
_BEGINNINGS = {
    NUMBER: (OWN_LENGTH, LONGEST_NUMBER),
    PAYER_NUMBER: (SHORTEST_ICN, ADDED),
    MEMBER: (SHORTEST_MEMBER, MEMBER_CUT),
}
"""Of a kind the shortest value known by its beginning, and how many characters more there may be."""
_NOTHING = "without number"
"""What answers without any number have in common: they are one account of their payer."""


def columns(name: str) -> list[str]:
    """What ties of a table's rows are made of."""
    own = [column for _, column in COLUMNS[name]]
    return list(dict.fromkeys([*own, *_PLACES_OF.get(name, ())]))


def ties(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """tables.TIES of rows of claims, remit_claims or acknowledgements."""
    if rows.is_empty():
        return TIES.empty()
    if name == "remit_claims":
        rows = _answered(rows)
    found = [
        rows.select(
            "file_id", place=PLACES[name], kind=pl.lit(kind), value=_value(kind, column)
        ).drop_nulls()
        for kind, column in COLUMNS[name]
    ]
    if name in _PLACES_OF:
        found.append(_later(name, rows))
    return TIES.conform(pl.concat(found).unique().with_columns(side=pl.lit(SIDES[name])))


def _later(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """LATER_CLAIM of rows of claims, LATER_ANSWER of remit_claims."""
    if name == "claims":
        kind, place, (last, first) = LATER_CLAIM, pl.col("payer_responsibility"), patient()
    else:
        kind, place = LATER_ANSWER, ordinal()
        last, first = letters("patient_last_name"), letters("patient_first_name")
    value = pl.concat_str(last, first.str.head(1), separator=" ")
    later = rows.filter(place.is_in(LATER_PLACES))
    return later.select("file_id", place=PLACES[name], kind=pl.lit(kind), value=value).drop_nulls()


def _answered(rows: pl.DataFrame) -> pl.DataFrame:
    """Remit claims whose number is one: a payer that has none returns 0."""
    number = pl.col("claim").str.strip_chars().replace(["", "0"], None)
    none = number.is_null() & pl.col("payer_claim_number").is_null()
    return rows.with_columns(claim=pl.when(none).then(pl.lit(_NOTHING)).otherwise(number))


def controls(side: str, rows: pl.DataFrame, place: str) -> pl.DataFrame:
    """tables.TIES of line control numbers that are not written as they are compared.

    rows: file_id, the place of the claim, line_control. What names no claim (BARE) an answer
    does not ask for.
    """
    if rows.is_empty():
        return TIES.empty()
    told = rows.select("file_id", "line_control", place=place, value=plain("line_control"))
    odd = told.filter(pl.col("value") != pl.col("line_control"), _asking(side)).drop("line_control")
    return TIES.conform(odd.unique().with_columns(kind=pl.lit(CONTROL), side=pl.lit(side)))


def asked_controls(side: str, lines: pl.DataFrame) -> pl.Series:
    """The line control numbers of a side's lines as they are compared."""
    known = lines.filter(_asking(side)).select(plain("line_control"))
    return known["line_control"].drop_nulls()


def asked_as(side: str, controls: pl.Series) -> pl.Series:
    """Of numbers as they are compared, those that a side's lines ask for where they stand so."""
    return controls if side == "claim" else controls.filter(~controls.str.contains(BARE))


def _asking(side: str) -> pl.Expr:
    bare = pl.col("line_control").str.contains(BARE)
    return pl.lit(True) if side == "claim" else ~bare


def alike(values: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What to look for, so that all that may be one of the values is found.

    Two frames: kind and value that are equal; kind, value and `most` of those that a value
    goes on from, by so many characters at most.
    """
    if values.is_empty():
        nothing = pl.DataFrame(schema=dict.fromkeys(VALUE, pl.String))
        return nothing, nothing.with_columns(most=pl.lit(None, pl.Int64))
    number = pl.col("kind").is_in(NUMBERS)
    equal = [
        values.filter(~number).with_columns(pl.col("kind").replace(_ACROSS)),
        *(values.filter(number).with_columns(kind=pl.lit(kind)) for kind in NUMBERS),
    ]
    longer = []
    for kind, (shortest, most) in _BEGINNINGS.items():
        own = values.filter(pl.col("kind") == kind)
        equal.append(_beginnings(own, shortest, most))
        size = pl.col("value").str.len_chars()
        longer.append(own.filter(size >= shortest).with_columns(most=pl.lit(most, pl.Int64)))
    return pl.concat(equal).unique(), pl.concat(longer).unique()


def lengths(made: pl.DataFrame) -> pl.DataFrame:
    """tables.TIES of LENGTH of these ties: a system's numbers are mostly of one length."""
    size = pl.col("value").str.len_chars().cast(pl.Int64)
    every = made.select("side", value="kind", place=size).unique()
    return TIES.conform(every.with_columns(kind=pl.lit(LENGTH), file_id=pl.lit(0, pl.Int64)))


def standing(values: pl.DataFrame, long: pl.DataFrame) -> pl.DataFrame:
    """The values of a kind and length that some value has.

    values: kind and value. long: kind and place, of every tie of LENGTH.
    """
    size = pl.col("value").str.len_chars().cast(pl.Int64)
    told = values.with_columns(place=size)
    return told.join(long, on=("kind", "place"), how="semi", maintain_order="left").drop("place")


def going_on(texts: pl.DataFrame, long: pl.DataFrame) -> pl.DataFrame:
    """Of kind, value, `most` (alike) those from which some value may go on, by its length."""
    size = pl.col("value").str.len_chars().cast(pl.Int64)
    sizes = texts.select("kind", "most", size=size).unique().join(long, on="kind")
    further = pl.col("place") - pl.col("size")
    some = sizes.filter(further > 0, further <= pl.col("most")).select("kind", "most", "size")
    key = ("kind", "most", "size")
    told = texts.with_columns(size=size).join(some, on=key, how="semi", maintain_order="left")
    return told.drop("size")


def _beginnings(values: pl.DataFrame, shortest: int, most: int) -> pl.DataFrame:
    """What is left of the values without their last characters."""
    size = pl.col("value").str.len_chars().cast(pl.Int64)
    least = pl.max_horizontal(size - most, pl.lit(shortest, pl.Int64))
    long = values.filter(size > shortest).with_columns(size=pl.int_ranges(least, size))
    return long.explode("size", empty_as_null=False).select(
        "kind", value=pl.col("value").str.head(pl.col("size"))
    )


def numbers(texts: pl.Series) -> pl.DataFrame:
    """VALUE of texts that may be numbers of either kind."""
    rows = texts.drop_nulls().unique().alias("text").to_frame()
    return rows.select(kind=pl.lit(NUMBER), value=_value(NUMBER, "text")).drop_nulls().unique()


def whole_numbers(texts: pl.Series) -> pl.DataFrame:
    """kind, value, most of what begins with one of the texts: payers cut long numbers."""
    own = numbers(texts).with_columns(most=pl.lit(LONGEST_NUMBER, pl.Int64))
    return pl.concat([own.with_columns(kind=pl.lit(kind)) for kind in NUMBERS])


def names(texts: pl.Series) -> pl.DataFrame:
    """VALUE of last names as matching compares them (features.letters)."""
    return texts.alias("value").to_frame().select(kind=pl.lit(NAME), value="value")


@cache
def _value(kind: str, column: str) -> pl.Expr:
    """A value as it is compared, or more widely: what has no such form, as it is."""
    text = pl.col(column).str.strip_chars()
    if kind == NAME:
        return letters(column)
    if kind == MEMBER:
        return pl.coalesce(plain(column), text)
    zeros = text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "").replace("", None)
    return pl.coalesce(folded(column), zeros, text)
